//! The rules on a small filesystem, one line at a time. Expected verdicts follow from the model: what a plain copy
//! reads there, and what a linked one writes.

mod possible;

use std::collections::BTreeMap;
use std::sync::Arc;

use super::end_state::NoNeighbours;
use super::named_context::{NamedContext, NamedContexts};
use super::rule::{self, Finding, Rule};
use super::view::View;
use super::{Benefit, Inputs, Site, Verdict, analyze};
use crate::budget;
use crate::builds::{BuildContext, FolderContext, NoContext};
use crate::dockerfile::Dockerfile;
use crate::images::{BaseImage, ImageConfig, ImageError, ImageOrigin, ImageReference, ImageSource, Platform};
use crate::rootfs::{Entry, Leans, Metadata, Tree};

/// An image source that can read no image.
struct NoImages;

impl ImageSource for NoImages {
    fn lookup(&self, _: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        Ok(None)
    }
}

/// An image source with `base`, a small Linux image that runs as root in `/`.
struct Images(Tree);

impl ImageSource for Images {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let config = ImageConfig {
            user: String::new(),
            working_dir: "/".into(),
            env: Vec::new(),
            onbuild: Vec::new(),
            shell: None,
        };
        let image = BaseImage {
            rootfs: Arc::new(self.0.clone().into()),
            config: Some(config),
            digest: None,
            indexes: Vec::new(),
            platform: None,
            source: ImageOrigin::RootfsTar("base.tar".into()),
        };
        Ok(reference.normal().contains("/base:").then(|| Arc::new(image)))
    }
}

/// The images of [`Images`], read for a platform.
struct ForPlatform(Images, Platform);

impl ImageSource for ForPlatform {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let found = self.0.lookup(reference)?;
        let of_platform =
            |image: Arc<BaseImage>| BaseImage { platform: Some(self.1.clone()), ..(*image).clone() };
        Ok(found.map(of_platform).map(Arc::new))
    }
}

/// The images of [`Images`], each without its configuration.
struct WithoutConfig(Images);

impl ImageSource for WithoutConfig {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let found = self.0.lookup(reference)?;
        Ok(found.map(|image| Arc::new(BaseImage { config: None, ..(*image).clone() })))
    }
}

fn dir(mode: u32, uid: u32, gid: u32) -> Entry {
    Entry::Dir(Metadata { mode, uid, gid, xattrs: Box::default() })
}

fn tree() -> Tree {
    let mut tree = Tree::default();
    for path in ["", "usr", "usr/bin", "usr/local", "usr/local/bin", "etc", "opt", "home", "var", "var/log"] {
        tree.insert(path, dir(0o755, 0, 0));
    }
    tree.insert("tmp", dir(0o1777, 0, 0));
    tree.insert("root", dir(0o700, 0, 0));
    tree.insert("home/app", dir(0o755, 1000, 1001));
    tree.insert(
        "xd",
        Entry::Dir(Metadata { mode: 0o755, xattrs: ["user.mark".into()].into(), ..Metadata::default() }),
    );
    tree.insert("bin", Entry::Symlink("usr/bin".into()));
    tree.insert("var/log/access.log", Entry::Symlink("/dev/stdout".into()));
    tree.insert("etc/passwd", Entry::File(Metadata::default()));
    tree.set_passwd(Some(b"app:x:1000:1001::/home/app:/bin/sh\n".to_vec()));
    tree
}

fn judged(tree: Tree, text: &str, context: &dyn BuildContext, rules: &[&'static Rule]) -> Vec<Site> {
    let build_args = BTreeMap::new();
    let inputs = Inputs { context, rules, ..inputs(&build_args) };
    analyze(&Dockerfile::read(text), &[Inputs { images: &Images(tree), ..inputs }]).sites
}

/// Returns a folder with these files.
fn folder(files: &[&str]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("a folder can be made");
    for file in files {
        let file = folder.path().join(file);
        std::fs::create_dir_all(file.parent().expect("it is in the folder")).expect("a folder can be made");
        std::fs::write(file, "x").expect("a file can be written");
    }
    folder
}

/// Returns inputs with all rules, no image, no context, and nothing accepted.
fn inputs(build_args: &BTreeMap<String, Option<String>>) -> Inputs<'_> {
    Inputs {
        way: "",
        images: &NoImages,
        context: &NoContext,
        assumed_context: None,
        assumes_build: false,
        targets: &[],
        named_contexts: const { &NamedContexts::none() },
        build_args,
        platforms: &[],
        rules: rule::ALL,
        neighbours: &NoNeighbours,
        accepted: &|_| false,
    }
}

/// Returns verdict and rules of the last instruction of a Dockerfile on `base`.
fn last(lines: &str) -> (Verdict, Vec<&'static str>) {
    let text = format!("FROM base\n{lines}\n");
    let site = judged(tree(), &text, &NoContext, rule::ALL).pop().expect("there is a site");
    (site.verdict, site.findings.iter().map(|finding| finding.rule.as_str()).collect())
}

#[test]
fn each_rule_finds_what_it_is_for() {
    let hold = |lines, rule| assert_eq!(last(lines), (Verdict::Hold, vec![rule]), "{lines}");
    hold("COPY <<x /tmp/\nx", "ancestor-mode");
    hold("COPY <<x /home/app/\nx", "ancestor-owner");
    hold("COPY --chown=1:1 <<x /opt/\nx", "chown-ancestors");
    hold("COPY <<x /xd/\nx", "ancestor-xattrs");
    hold("COPY --chown=nobody <<x /new/\nx", "named-chown");
    hold("RUN ln -s /root /opt/l\nCOPY <<x /opt/l/\nx", "symlink-ancestor");
    hold("RUN ln -s /root /opt/l\nCOPY <<x /opt/l\nx", "symlink-destination");
    hold("COPY <<x /tmp\nx", "directory-destination");
    hold("COPY <<x /etc/passwd/x\nx", "type-conflict");
    assert_eq!(last("COPY --chmod=755 <<x /tmp/\nx"), (Verdict::NoEffect, vec!["chmod-disables-link"]));
    assert_eq!(last("ARG D\nCOPY <<x $D/\nx"), (Verdict::Unknown, vec!["unknown-destination"]));
    assert_eq!(
        last("RUN ./configure /opt/y\nCOPY <<x /opt/y/\nx"),
        (Verdict::Unknown, vec!["unknown-filesystem"])
    );
    assert_eq!(last("COPY --parents <<x /opt/\nx"), (Verdict::Unknown, vec!["delayed-directories"]));
    let windows = judged(tree(), "FROM --platform=windows/amd64 x\nCOPY a /a\n", &NoContext, rule::ALL);
    assert!(windows[0].verdict == Verdict::Hold && windows[0].findings[0].rule.as_str() == "windows");
}

#[test]
fn an_image_of_another_platform_proves_nothing() {
    let read = Platform { os: "linux".into(), architecture: "amd64".into(), variant: None };
    let images = ForPlatform(Images(tree()), read);
    let judge = |from: &str, platforms: &[&str]| {
        let platforms: Vec<String> = platforms.iter().map(|&platform| platform.to_owned()).collect();
        let build_args = BTreeMap::from([("P".to_owned(), None)]);
        let inputs = Inputs { images: &images, platforms: &platforms, ..inputs(&build_args) };
        let text = format!("ARG P\nFROM {from}\nCOPY <<x /opt/\nx\n");
        let site = analyze(&Dockerfile::read(text), &[inputs]).sites.remove(0);
        (site.verdict, site.leans.sorted().iter().map(ToString::to_string).collect::<Vec<_>>())
    };
    let proved = (Verdict::Link, Vec::new());
    for from in
        ["base", "--platform=linux/amd64 base", "--platform=linux/x86_64 base", "--platform=linux base"]
    {
        assert_eq!(judge(from, &["linux/amd64"]), proved, "{from}");
    }
    assert_eq!(judge("--platform=$BUILDPLATFORM base", &["linux/arm64"]), proved);
    assert_eq!(judge("--platform=$TARGETPLATFORM base", &[]), proved);
    let assumed = |platform| {
        let message =
            format!("image base (line 2) for {platform} is like that for linux/amd64, which was read");
        (Verdict::Link, vec![message])
    };
    assert_eq!(judge("--platform=linux/arm64 base", &[]), assumed("linux/arm64"));
    assert_eq!(judge("--platform=$P base", &[]), assumed("$P"));
    assert_eq!(judge("base", &["linux/amd64", "linux/arm/v7"]), assumed("linux/arm/v7"));
    assert_eq!(judge("--platform=$TARGETPLATFORM base", &["linux/amd64/v3"]), assumed("linux/amd64/v3"));
    assert_eq!(judge("--platform=Windows/amd64 base", &[]).0, Verdict::Hold);
}

#[test]
fn a_program_that_an_unknown_path_may_have_first_is_assumed_not_to_be_there() {
    let made = "RUN mkdir -p /opt/a\nCOPY <<x /opt/a/\nx";
    let judge = |program: Entry, lines: &str| {
        let mut tree = tree();
        tree.insert("opt/tools", dir(0o755, 0, 0));
        tree.insert("opt/tools/mkdir", program);
        let images = WithoutConfig(Images(tree));
        let build_args = BTreeMap::new();
        let inputs = Inputs { images: &images, ..inputs(&build_args) };
        let text = format!("FROM base\nUSER 0\n{lines}\n");
        let site = analyze(&Dockerfile::read(text), &[inputs]).sites.pop().expect("there is a site");
        assert_eq!(site.verdict, Verdict::Link, "{lines}");
        site.leans.sorted().iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    let file = |mode| Entry::File(Metadata { mode, ..Metadata::default() });
    let proved: Vec<String> = Vec::new();
    let hidden =
        "no command of the system is hidden by a program in another directory of PATH, which is not known";
    assert_eq!(judge(file(0o644), made), proved, "it cannot be executed");
    assert_eq!(judge(file(0o755), made), [hidden]);
    assert_eq!(judge(Entry::Symlink("/x".into()), made), [hidden]);
    assert_eq!(judge(file(0o755), &format!("ENV PATH=/usr/bin:/bin\n{made}")), proved);
    assert_eq!(judge(file(0o755), &format!("ENV PATH=/opt/bin:$PATH\n{made}")), [hidden]);
    let copied = |to: &str| format!("COPY --chmod=755 <<mkdir {to}\nx\nmkdir\n{made}");
    assert_eq!(judge(file(0o644), &copied("/opt/bin/")), [hidden], "an instruction puts it there");
    assert_eq!(judge(file(0o644), &copied("/opt/bin/other")), proved);
}

#[test]
fn what_reads_nothing_from_below_may_be_linked() {
    for line in [
        "COPY <<x /usr/local/bin/\nx",
        "COPY <<x /usr/local/bin/tool\nx",
        "COPY <<x /new/deep/x\nx",
        "COPY --chown=1000:1001 <<x /new/\nx",
        "COPY --chown=root <<x /opt/\nx",
        "WORKDIR /srv/app\nCOPY <<x .\nx",
        "RUN mkdir -p /opt/a\nCOPY <<x /opt/a/\nx",
        "USER app\nWORKDIR /app\nCOPY --chown=1000:1001 <<x .\nx",
        "RUN rm -rf /tmp\nCOPY <<x /tmp/\nx",
    ] {
        assert_eq!(last(line), (Verdict::Link, Vec::new()), "{line}");
    }
}

#[test]
fn an_edit_says_what_makes_the_line_equivalent() {
    let remedies = |line: &str| {
        let text = format!("FROM base\n{line}\n");
        let site = judged(tree(), &text, &NoContext, rule::ALL).pop().expect("there is a site");
        assert_eq!(site.verdict, Verdict::Edit, "{line}");
        format!("{:?}", site.remedies().collect::<Vec<_>>())
    };
    assert_eq!(remedies("COPY <<x /opt\nx"), "[AppendSlash]");
    assert_eq!(remedies("COPY <<x /bin/x\nx"), "[Destination(\"/usr/bin/x\")]");
    assert_eq!(remedies("COPY <<x /bin\nx"), "[Destination(\"/usr/bin/\")]");
    assert_eq!(remedies("COPY <<x /var/log/access.log\nx"), "[Destination(\"/dev/stdout\")]");
    assert_eq!(remedies("COPY --chown=app <<x /new/\nx"), "[Owner(\"1000:1001\")]");
}

#[test]
fn a_line_that_is_linked_already_leaves_its_own_state() {
    // Case 306: the linked instruction changes the owner of /opt to 1000:1001, and the next one would change it back.
    let text = "FROM base\nCOPY --link --chown=1000:1001 <<g /opt/a/g\ng\nCOPY <<f /opt/b/f\nf\n";
    let sites = judged(tree(), text, &NoContext, rule::ALL);
    assert_eq!((sites[0].verdict, sites[1].verdict), (Verdict::Linked, Verdict::Hold));
    assert_eq!(sites[0].audit.as_ref().map(|(verdict, _)| *verdict), Some(Verdict::Hold));
    // Case 307: the link has replaced /bin with a directory.
    let text = "FROM base\nCOPY --link <<g /bin/g\ng\nCOPY <<f /bin/f\nf\n";
    assert_eq!(judged(tree(), text, &NoContext, rule::ALL)[1].verdict, Verdict::Link);
}

#[test]
fn the_setgid_bit_of_the_root_ends_with_the_run_that_sets_it() {
    let mut tree = tree();
    tree.insert("", dir(0o2755, 0, 50));
    let sites = judged(tree, "FROM base\nCOPY <<x /new/\nx\n", &NoContext, rule::ALL);
    assert_eq!((sites[0].verdict, sites[0].proved()), (Verdict::Link, Some(true)));
    let judge = |line: &str| last(&format!("RUN chmod 2755 / && mkdir /n\nRUN mkdir /m\n{line}\nx")).1;
    assert_eq!(judge("COPY <<x /n/d/"), ["ancestor-mode", "ancestor-mode"]);
    assert!(judge("COPY <<x /m/d/").is_empty());
}

#[test]
fn each_new_directory_below_one_with_setgid_is_named() {
    let mut tree = tree();
    tree.insert("srv", dir(0o2755, 0, 50));
    let text = "FROM base\nCOPY <<x /srv/n/o/f\nx\nCOPY --chown=0:50 <<x /srv/m/\nx\n";
    let found = judged(tree, text, &NoContext, rule::ALL);
    let paths = |at: usize, rule: &str| -> Vec<String> {
        let of_rule = found[at].findings.iter().filter(|finding| finding.rule.as_str() == rule);
        of_rule.map(|finding| finding.path.clone()).collect()
    };
    assert_eq!(paths(0, "ancestor-mode"), ["/srv", "/srv/n", "/srv/n/o"]);
    assert_eq!(paths(0, "ancestor-owner"), ["/srv", "/srv/n", "/srv/n/o"]);
    assert_eq!(paths(1, "ancestor-mode"), ["/srv", "/srv/m"]);
    assert_eq!(paths(1, "chown-ancestors"), [""; 0]);
}

#[test]
fn an_explicit_mode_in_a_directory_with_setgid_is_not_known() {
    let judge =
        |run: &str| last(&format!("RUN chmod 2755 /opt && {run}\nRUN rm -rf /x\nCOPY <<x /opt/d/\nx")).1;
    // /opt itself is a hold; this checks that its child is not reported as 0755 of root.
    assert_eq!(judge("mkdir /opt/d"), ["ancestor-mode", "ancestor-mode"]);
    assert_eq!(judge("mkdir -m 755 /opt/d"), ["ancestor-mode"]);
}

#[test]
fn a_program_that_path_has_first_hides_that_of_the_system() {
    let judge = |lines: &str| last(&format!("{lines}RUN rm -rf /opt\nCOPY --chown=1:1 <<x /opt/x\nx")).0;
    assert_eq!(judge(""), Verdict::Link, "/opt is gone");
    let own = "RUN printf '#!/bin/sh\\n' > /usr/local/bin/rm && chmod 755 /usr/local/bin/rm\n";
    assert_ne!(judge(own), Verdict::Link, "neither the image nor the Dockerfile sets PATH");
    assert_ne!(judge(&format!("ENV PATH=/usr/local/bin:/bin\n{own}")), Verdict::Link);
    assert_eq!(judge(&format!("ENV PATH=/bin:/usr/local/bin\n{own}")), Verdict::Link, "it comes later");
}

#[test]
fn a_program_of_the_system_that_an_instruction_replaced_may_do_anything() {
    let judge = |run: &str| last(&format!("RUN {run} rm -rf /opt\nCOPY --chown=1:1 <<x /opt/x\nx")).0;
    assert_eq!(judge("ln -f /etc/passwd /etc/p &&"), Verdict::Link, "/opt is gone");
    for replaced in
        ["ln -f /bin/touch /bin/rm &&", "ln -sf /bin/touch /bin/rm &&", "cp /etc/passwd /usr/bin/rm &&"]
    {
        assert_ne!(judge(replaced), Verdict::Link, "{replaced}");
    }
}

#[test]
fn a_program_that_was_replaced_may_do_anything_by_whatever_way_it_runs() {
    let judge = |replaced: &str, run: &str| {
        last(&format!("RUN ln -f /bin/touch {replaced}\nRUN {run}\nCOPY --chown=1:1 <<x /opt/x\nx")).0
    };
    for (program, run) in [
        ("/bin/rm", "[\"/bin/rm\", \"-rf\", \"/opt\"]"),
        ("/bin/sh", "rm -rf /opt"),
        ("/bin/sh", "sh -c 'rm -rf /opt'"),
        ("/bin/bash", "bash -c 'rm -rf /opt'"),
        ("/usr/bin/env", "env rm -rf /opt"),
        ("/usr/bin/nice", "[\"/usr/bin/nice\", \"rm\", \"-rf\", \"/opt\"]"),
    ] {
        assert_eq!(judge("/etc/p", run), Verdict::Link, "{run}: /opt is gone");
        assert_ne!(judge(program, run), Verdict::Link, "{run}");
    }
    let is_proved = |run: &str| {
        let text = format!("FROM base\nRUN rm -rf /opt && {run}\nRUN cd /\nCOPY <<x /opt/x\nx\n");
        judged(tree(), &text, &NoContext, rule::ALL).remove(0).proved()
    };
    assert_eq!(is_proved("ln -f /bin/touch /etc/p"), Some(true));
    assert_eq!(is_proved("ln -f /bin/touch /bin/sh"), Some(false), "it may do anything");
}

#[test]
fn a_process_stays_in_its_directory_whatever_becomes_of_its_path() {
    let judge = |lines: &str| last(&format!("{lines}\nCOPY --chown=1:1 <<x /opt/x\nx")).0;
    assert_eq!(judge("WORKDIR /srv\nRUN touch /n && rm -rf ../opt"), Verdict::Unknown, "/srv may be a link");
    let both = "FROM base\nRUN mkdir -p /opt/d/x && ln -s /opt/d /l\nWORKDIR /l\nRUN rm -r /l x\nCOPY <<x /opt/d/x/\nx\n";
    assert_ne!(judged(tree(), both, &NoContext, rule::ALL).remove(0).proved(), Some(true), "x is gone");
    for moved in ["unlink /l", "rm /l", "mv /l /m", "ln -sfn /srv /l", "mv /opt/d /opt/e && mkdir /opt/d"] {
        let text = format!(
            "FROM base\nRUN mkdir -p /opt/d/x && ln -s /opt/d /l\nWORKDIR /l\nRUN {moved} && chmod 700 x\n\
             COPY <<x /opt/d/x/\nx\nCOPY <<x /opt/e/x/\nx\n"
        );
        let sites = judged(tree(), &text, &NoContext, rule::ALL);
        assert!(sites.iter().all(|site| site.proved() != Some(true)), "{moved}");
    }
}

#[test]
fn the_word_of_an_expansion_is_split_as_a_value_is() {
    let judge = |run: &str| last(&format!("RUN {run}\nCOPY --chown=1:1 <<x /opt/x\nx")).0;
    assert_eq!(judge("rm -rf ${U-/opt}"), Verdict::Link, "/opt is gone");
    assert_ne!(judge("IFS=/ && rm -rf ${U-/opt}"), Verdict::Link, "it removes opt of the working directory");
}

#[test]
fn an_earlier_directory_of_path_that_is_not_read_is_one_assumption() {
    let judge = |lines: &str| {
        let text = format!("FROM base\n{lines}\nCOPY <<x /a/\nx\n");
        let site = judged(tree(), &text, &NoContext, rule::ALL).remove(0);
        let said = site.leans.together().into_iter().map(|said| said.message).collect::<Vec<_>>();
        assert_eq!(site.verdict, Verdict::Link);
        said
    };
    assert!(judge("RUN rm -rf /a").is_empty(), "there is none");
    let hidden = "no command of the system is hidden by a program in /usr/local/bin and /usr/local/sbin, which PATH has \
                  first";
    let made = "`make` (line 2) leaves / alone";
    assert_eq!(judge("RUN make\nRUN rm -rf /a"), [made, hidden]);
    assert_eq!(
        judge("RUN make\nRUN rm -rf /a\nRUN cat /etc/passwd\nRUN rm -rf /a"),
        [made, hidden],
        "it is one"
    );
    assert_eq!(judge("ENV PATH=/bin\nRUN make\nRUN rm -rf /a").len(), 1);
    assert_eq!(
        judge("RUN make\nRUN echo x"),
        ["`make` (line 2) leaves /a absent"],
        "a builtin is not looked up"
    );
}

#[test]
fn what_an_exclude_leaves_out_is_not_known_afterwards() {
    let folder = folder(&["d/sub/x"]);
    let context = FolderContext::new(folder.path()).expect("it has no ignore file");
    let judge = |line: &str| {
        let text = format!("FROM base\n{line}\nCOPY <<f /opt/d/sub\nf\n");
        judged(tree(), &text, &context, rule::ALL)[1].verdict
    };
    assert_eq!(judge("COPY d /opt/d/"), Verdict::Edit, "sub is a directory: a slash is needed");
    assert_eq!(judge("COPY --exclude=sub d /opt/d/"), Verdict::Unknown, "it may be there or not");
}

#[test]
fn nothing_is_proved_across_an_unknown_command() {
    let text = "FROM base\nRUN ./install.sh\nCOPY <<x /opt/\nx\nCOPY <<x /root/\nx\n";
    let sites = judged(tree(), text, &NoContext, rule::ALL);
    assert_eq!((sites[0].verdict, sites[0].proved()), (Verdict::Link, Some(false)));
    assert_eq!((sites[1].verdict, sites[1].proved()), (Verdict::Hold, Some(false)));
    let said: Vec<String> = sites[0].leans.sorted().iter().map(ToString::to_string).collect();
    assert_eq!(said, ["`./install.sh` (line 2) leaves /opt alone"]);
    let certain = "FROM base\nRUN mkdir /srv && chmod 700 /opt\nCOPY <<x /srv/\nx\nCOPY <<x /opt/\nx\n";
    let sites = judged(tree(), certain, &NoContext, rule::ALL);
    assert_eq!((sites[0].verdict, sites[0].proved()), (Verdict::Link, Some(true)));
    assert_eq!((sites[1].verdict, sites[1].proved()), (Verdict::Hold, Some(true)));
}

/// Returns verdict and assumptions of the first instruction of a Dockerfile on `base`.
fn first(lines: &str) -> (Verdict, Vec<String>) {
    let text = format!("FROM base\n{lines}\n");
    let site = judged(tree(), &text, &NoContext, rule::ALL).remove(0);
    (site.verdict, site.leans.sorted().iter().map(ToString::to_string).collect())
}

#[test]
fn what_a_link_changes_for_a_time_heals() {
    for lines in [
        // Case 313.
        "COPY --chown=1000:1001 <<f /opt/a/f\nf\nCOPY --link <<g /opt/b/g\ng",
        "COPY <<x /tmp/\nx\nRUN chmod 1777 /tmp",
        "COPY <<x /tmp/\nx\nRUN mkdir -p /tmp/y && ln -s tmp /t && chmod 1777 /t",
        "COPY <<x /tmp/\nx\nRUN chmod -R 1777 /tmp",
        "COPY <<x /root/.x\nx\nCOPY <<y /root/.y\ny\nRUN chmod 0700 /root",
        "COPY <<x /tmp/x\nx\nRUN rm -rf /tmp",
        "COPY <<x /home/app/x\nx\nRUN chown -R app: /home/app",
        "COPY <<x /home/app/x\nx\nRUN chown 1000:1001 /home/app\nCOPY <<y /home/app/y\ny",
        "COPY --chown=7:7 <<x /opt/a/x\nx\nCOPY --chown=8:8 <<x /opt/b/x\nx\nRUN chown 0:0 /opt",
        "COPY --chown=7:7 <<x /opt/a/x\nx\nWORKDIR /opt/a\nENV A=b\nUSER app\nUSER root\nRUN chown 0:0 /opt",
    ] {
        assert_eq!(first(lines), (Verdict::Link, Vec::new()), "{lines}");
    }
}

#[test]
fn a_directory_whose_mode_is_set_again_may_be_restored() {
    for lines in [
        "COPY <<x /tmp/x\nx\nRUN install -d -m 1777 /tmp",
        "COPY <<x /root/x\nx\nRUN install -d -m 700 /root",
    ] {
        let restored = "a later step of the stage does not restore ";
        let (verdict, leans) = first(lines);
        assert_eq!(verdict, Verdict::Hold, "{lines}");
        assert!(leans.iter().any(|lean| lean.starts_with(restored)), "{lines}: {leans:?}");
    }
    assert_eq!(first("COPY <<x /tmp/x\nx\nRUN install -d -m 755 /opt"), (Verdict::Hold, Vec::new()));
}

#[test]
fn what_a_new_rule_finds_is_restored_only_where_the_rule_says_so() {
    fn check(view: &View<'_>, findings: &mut Vec<Finding<rule::Candidate>>) {
        let path = view.written.first().map(|(path, _)| path.clone()).unwrap_or_default();
        let (weight, message) = (rule::Weight::Hold, "it differs".to_owned());
        let finding =
            Finding { path, weight, message, rule: NEW.id(), leans: Leans::default(), remedy: None };
        findings.push(finding);
    }
    fn check_below(view: &View<'_>, findings: &mut Vec<Finding<rule::Candidate>>) {
        check(view, findings);
        for finding in findings {
            finding.path += "/below";
        }
    }
    const PREDICTS: rule::Prediction = rule::Prediction::Path(&[rule::Attribute::Mode]);
    const ANY: Rule = rule::new_rule(rule::Caret::Destination, PREDICTS);
    static NEW: Rule = Rule { check: Some(check), ..ANY };
    static RESTORABLE: Rule = Rule { check: Some(check), restorable: true, ..ANY };
    static ELSEWHERE: Rule = Rule { check: Some(check_below), restorable: true, ..ANY };
    let text = "FROM base\nCOPY <<x /tmp/\nx\nRUN chmod 1777 /tmp\n";
    let verdict = |rule: &'static Rule| judged(tree(), text, &NoContext, &[rule])[0].verdict;
    assert_eq!(verdict(&RESTORABLE), Verdict::Link);
    assert_eq!(verdict(&NEW), Verdict::Hold);
    assert_eq!(verdict(&ELSEWHERE), Verdict::Hold, "/tmp/below is not compared");
}

#[test]
fn what_differs_where_the_stage_ends_is_held() {
    for lines in [
        "COPY <<x /tmp/\nx\nRUN chmod +t /tmp",
        "COPY <<x /tmp/\nx\nCOPY <<x /root/\nx\nRUN chmod 0700 /root",
        "COPY <<x /home/app/x\nx\nRUN chown -R app /home/app",
        "COPY <<x /home/app/x\nx\nRUN chown -R 1000 /home",
        // Each instruction would restore the other only if that one is linked too.
        "COPY --chown=7:7 <<x /opt/a/x\nx\nCOPY <<x /opt/b/x\nx",
        "COPY --chown=7:7 <<x /opt/a/x\nx\nCOPY --chown=8:8 <<x /opt/b/x\nx\nRUN chown 0 /opt",
        // Any stage may be the target.
        "COPY <<x /tmp/\nx\nFROM 0\nRUN chmod 1777 /tmp",
        "ONBUILD COPY <<x /tmp/\nx\nRUN chmod 1777 /tmp",
        // The change applies to the mount.
        "COPY <<x /tmp/\nx\nRUN --mount=type=tmpfs,target=/tmp chmod 1777 /tmp",
        // More than metadata differs.
        "COPY <<x /tmp\nx\nRUN chmod 1777 /tmp",
        "COPY <<x /xd/\nx\nRUN chmod 755 /xd",
        "RUN chmod 2755 /opt\nCOPY <<x /opt/d/\nx\nRUN chmod 2755 /opt",
    ] {
        assert_ne!(first(lines).0, Verdict::Link, "{lines}");
    }
}

#[test]
fn a_run_writes_to_the_last_target_of_a_mount() {
    let opt = |mount: &str| {
        let (verdict, rules) = last(&format!("RUN --mount={mount} chmod 1777 /opt\nCOPY <<x /opt/\nx"));
        (verdict, rules.len())
    };
    assert_eq!(opt("type=tmpfs,target=/opt,target=/zz"), (Verdict::Hold, 1));
    for over in ["type=tmpfs,target=/zz,target=/opt", "type=tmpfs,\\\"target=/zz\\\",dst=/opt"] {
        assert_eq!(opt(over), (Verdict::Link, 0), "{over}");
    }
}

#[test]
fn a_copy_from_a_stage_of_a_later_name_is_none() {
    // The last stage with a name counts, and it comes after the copy.
    let text = "FROM base AS a\nFROM base\nCOPY --from=a /tmp /opt/t\nCOPY <<x /opt/t/\nx\nFROM base AS a\n";
    assert_eq!(judged(tree(), text, &NoContext, rule::ALL)[1].verdict, Verdict::Unknown);
    let before = text.replace("FROM base AS a\nFROM base\n", "FROM base AS b\nFROM base AS a\nFROM base\n");
    assert_eq!(judged(tree(), &before[..before.len() - 15], &NoContext, rule::ALL)[1].verdict, Verdict::Link);
}

#[test]
fn each_way_to_build_has_its_own_stages() {
    let text = "ARG B=other\nFROM base AS own\nCOPY <<x /new/\nx\nFROM $B\n";
    let benefit = |values: &[Option<&str>]| {
        let images = Images(tree());
        let given = |value: Option<&str>| BTreeMap::from([("B".to_owned(), value.map(str::to_owned))]);
        let args: Vec<_> = values.iter().copied().map(given).collect();
        let ways: Vec<_> = args.iter().map(|args| Inputs { images: &images, ..inputs(args) }).collect();
        analyze(&Dockerfile::read(text), &ways).sites[0].benefit
    };
    assert_eq!(benefit(&[Some("own")]), Benefit::Pays);
    assert_eq!(benefit(&[Some("other")]), Benefit::Neutral);
    assert_eq!(benefit(&[None]), Benefit::Neutral);
    assert_eq!(benefit(&[Some("other"), Some("own")]), Benefit::Pays);
}

#[test]
fn a_command_in_between_must_not_look() {
    let between = |command: &str| first(&format!("COPY <<x /tmp/\nx\nRUN {command}\nRUN chmod 1777 /tmp"));
    assert_eq!(between("mkdir /y && echo y >/y/z && rm -rf /y"), (Verdict::Link, Vec::new()));
    let (verdict, leans) = between("./configure");
    assert_eq!(verdict, Verdict::Link);
    assert!(
        leans.iter().any(|said| said
            == "`./configure` (line 4) does not depend on mode and owner of /tmp, \
                which differ until they are set again"),
        "{leans:?}"
    );
    for command in [
        "cp -a /tmp /x",
        "cp -a /t* /x",
        "cp -a / /x",
        "ln -s tmp /t && cp -a /t/. /x",
        "stat -c %a /tmp >/x",
        "echo $(stat -c %a /tmp) >/x",
        "mv /tmp /x && mv /x /tmp",
        "[ -k /tmp ] && rm -rf /opt",
        "tar -C /tmp -xf /x.tar ./",
    ] {
        assert_eq!(between(command).0, Verdict::Hold, "{command}");
    }
    // Another user has no permission to write there in between.
    let lines = "COPY <<x /tmp/\nx\nUSER app\nRUN touch /tmp/y\nUSER root\nRUN chmod 1777 /tmp";
    assert_eq!(first(lines).0, Verdict::Hold);
}

#[test]
fn a_stage_with_an_accepted_difference_is_copied_from_in_both_worlds() {
    // If the first instruction is linked, /opt is owned by 7:7 in the first stage, and so in the copy of it.
    let stage = "FROM base AS a\nCOPY --chown=7:7 <<x /opt/x\nx\n";
    let judge = |rest: &str| {
        let text = format!("{stage}FROM base\n{rest}\n");
        let accepted = |finding: &Finding| finding.message.ends_with("would belong to 7:7");
        let (images, build_args) = (Images(tree()), BTreeMap::new());
        let inputs = Inputs { images: &images, accepted: &accepted, ..inputs(&build_args) };
        let sites = analyze(&Dockerfile::read(text.as_str()), &[inputs]).sites;
        assert_eq!((sites[0].verdict, sites[0].accepted.len()), (Verdict::Link, 1));
        sites.last().expect("there are sites").verdict
    };
    assert_eq!(judge("COPY --from=a / /\nCOPY <<y /opt/y\ny"), Verdict::Hold);
    assert_eq!(judge("COPY --from=a / /\nCOPY <<y /var/y\ny"), Verdict::Link);
    assert_eq!(judge("COPY --from=a /etc /opt/\nCOPY <<y /opt/y\ny"), Verdict::Link);
}

#[test]
fn a_named_context_stands_for_stages_and_images() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    std::fs::create_dir_all(folder.path().join("tmp")).expect("a folder can be made");
    std::fs::write(folder.path().join("f"), "f").expect("a file can be written");
    let context = FolderContext::new(folder.path()).expect("it has no ignore file");
    let mut contexts = NamedContexts::none();
    contexts.insert("files", NamedContext::Folder(&context));
    contexts.insert("alpine", NamedContext::Image("base".into()));
    contexts.insert("nothing", NamedContext::Image("scratch".into()));
    contexts.insert("other", NamedContext::Elsewhere("it is a target of another build".into()));
    let (images, build_args) = (Images(tree()), BTreeMap::new());
    let inputs = Inputs { images: &images, named_contexts: &contexts, ..inputs(&build_args) };
    let judge = |text: &str| {
        let site = analyze(&Dockerfile::read(text), &[inputs]).sites.pop().expect("there is a site");
        (site.verdict, site.proved())
    };
    let (link, hold) = ((Verdict::Link, Some(true)), (Verdict::Hold, Some(true)));
    let edit = (Verdict::Edit, Some(true));
    // An image: the context replaces the image of that name with `base`.
    assert_eq!(judge("FROM alpine:latest\nCOPY <<x /tmp/\nx"), hold);
    assert_eq!(judge("FROM alpine\nCOPY <<x /opt/\nx"), link);
    assert_eq!(judge("FROM nothing\nCOPY <<x /tmp/\nx"), link);
    assert_eq!(judge("FROM base\nCOPY --from=alpine /tmp /opt/t\nCOPY <<x /opt/t/\nx"), link);
    // Nothing is known of the other contexts.
    assert_eq!(judge("FROM other\nCOPY <<x /opt/\nx").0, Verdict::Unknown);
    assert_eq!(judge("FROM files\nCOPY <<x /opt/\nx").0, Verdict::Unknown);
    assert_eq!(judge("FROM base\nCOPY --from=other /a /opt"), (Verdict::Edit, Some(false)));
    // A folder.
    assert_eq!(judge("FROM base\nCOPY --from=files f /opt"), edit);
    assert_eq!(judge("FROM base\nCOPY --from=files tmp /opt"), link);
    // A context replaces a stage of the same name for later stages, also if they use its number.
    let stage = "FROM base AS files\nCOPY <<f /f/\nf\n";
    assert_eq!(judge(&format!("{stage}FROM base\nCOPY --from=files f /opt")), edit);
    assert_eq!(judge(&format!("{stage}FROM base\nCOPY --from=0 f /opt")), edit);
    assert_eq!(judge(&format!("{stage}FROM files\nCOPY <<x /opt/\nx")).0, Verdict::Unknown);
    assert_eq!(judge("FROM scratch AS alpine\nFROM alpine\nCOPY <<x /tmp/\nx"), hold);
    // A stage with the name of an image replaces it for a FROM, and a context replaces the stage.
    assert_eq!(judge("FROM base AS own\nFROM own\nCOPY <<x /tmp/\nx"), hold);
}

/// Judges a Dockerfile of which nothing but its text is known.
fn with_nothing_known<R>(judge: impl FnOnce(Inputs<'_>) -> R) -> R {
    let named = NamedContexts::none();
    judge(Inputs {
        way: "",
        images: &NoImages,
        context: &NoContext,
        assumed_context: None,
        assumes_build: false,
        targets: &[],
        named_contexts: &named,
        build_args: &BTreeMap::new(),
        platforms: &[],
        rules: rule::ALL,
        neighbours: &NoNeighbours,
        accepted: &|_| false,
    })
}

/// The units of work that the judgement of a text costs.
fn work(text: &str) -> u64 {
    let dockerfile = Dockerfile::read(text);
    let (judged, spent) = with_nothing_known(|inputs| {
        budget::contained_within(u64::MAX, || super::judge(&dockerfile, &[inputs]))
    });
    judged.unwrap();
    spent
}

/// Judging twice as many of these lines costs about twice as much.
#[test]
fn work_grows_with_the_number_of_lines() {
    let lines =
        |count: usize, line: &dyn Fn(usize) -> String| (0..count).map(line).collect::<Vec<_>>().concat();
    let families: [(&str, &dyn Fn(usize) -> String); 5] = [
        ("copies", &|n| lines(n, &|at| format!("COPY f /x{at}/f\n"))),
        ("one directory", &|n| lines(n, &|at| format!("COPY f /x/f{at}\n"))),
        ("variables", &|n| lines(n, &|at| format!("ENV v{at}=x$v{}\nCOPY f /x{at}/$v{at}\n", at / 2))),
        ("a variable that grows", &|n| format!("ENV a=xx\n{}COPY f /$a\n", "ENV a=$a$a\n".repeat(n))),
        ("directories of a path", &|n| format!("WORKDIR {}\nCOPY f x\n", "/a".repeat(n))),
    ];
    for (name, text) in families {
        let cost = |size: usize| work(&format!("FROM scratch\n{}", text(size)));
        let costs = [200, 400, 800, 1600].map(cost);
        for pair in costs.windows(2) {
            assert!(pair[1] <= pair[0] * 5 / 2 + 1_000, "{name}: {costs:?}");
        }
    }
}

#[test]
fn a_file_beyond_the_limits_is_not_judged_and_the_reason_is_said() {
    let doubled = (0..30)
        .map(|at| format!("FROM scratch AS s{}\nCOPY --from=s{at} / /x/\nCOPY --from=s{at} / /y/\n", at + 1));
    let texts = [
        format!("FROM scratch\n{}", "COPY f /x\n".repeat(super::MOST_INSTRUCTIONS)),
        "FROM scratch\nCOPY f /x\n".repeat(super::MOST_STAGES + 1),
    ];
    for text in texts {
        let sites = analyzed(&text);
        assert!(sites.iter().all(|site| site.verdict == Verdict::Unknown), "{}", &text[..40]);
        assert!(sites[0].findings[0].message.starts_with("the file is not judged: it has more than"));
    }
    let text = format!("FROM scratch AS s0\nCOPY f /r/f\n{}", doubled.collect::<Vec<_>>().concat());
    let sites = analyzed(&text);
    assert_eq!(sites.len(), 61);
}

/// Judges a text of which nothing else is known.
fn analyzed(text: &str) -> Vec<Site> {
    with_nothing_known(|inputs| analyze(&Dockerfile::read(text), &[inputs]).sites)
}

/// Returns verdict and proof of `COPY x /srv/` after these lines, in a context with scripts.
fn after_scripts(lines: &str, assumed_context: Option<&str>) -> (Verdict, Option<bool>) {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in [
        ("setup.sh", "#!/bin/sh -e\nmkdir -m 700 /srv\n"),
        ("bin/outer.sh", "#!/bin/sh -e\n. \"/opt/setup.sh\"\n"),
        ("other.py", "#!/usr/bin/python3\n"),
        (".dockerignore", "bin/ignored.sh\n"),
        ("data.json", &"{".repeat(2_000)),
        ("large.sh", &format!("#!/bin/sh\n{}\nmkdir -m 700 /srv\n", "(true)\n".repeat(2_000))),
        ("bin/ignored.sh", "#!/bin/sh -e\nmkdir -m 700 /srv\n"),
    ] {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, text).unwrap();
    }
    std::os::unix::fs::symlink("setup.sh", folder.path().join("link.sh")).unwrap();
    let context = FolderContext::new(folder.path()).unwrap();
    let build_args = BTreeMap::new();
    let images = Images(tree());
    let inputs = Inputs { images: &images, context: &context, assumed_context, ..inputs(&build_args) };
    let text = format!("FROM base\n{lines}\nCOPY <<x /srv/\nx\n");
    let site = analyze(&Dockerfile::read(text), &[inputs]).sites.pop().expect("there is a site");
    (site.verdict, site.proved())
}

#[test]
fn a_run_reads_the_scripts_that_a_copy_brought() {
    let proved = (Verdict::Hold, Some(true));
    for lines in [
        "COPY setup.sh /opt/\nRUN /opt/setup.sh",
        "COPY setup.sh /opt/x\nRUN sh -e /opt/x && rm /opt/x",
        "COPY setup.sh link.sh /opt/\nRUN [\"/opt/link.sh\"]",
        "COPY . /opt\nRUN cd /opt && chmod +x setup.sh && ./setup.sh",
        "COPY . /opt/\nRUN /opt/bin/outer.sh",
        "WORKDIR /opt\nCOPY . .\nRUN ./setup.sh",
        "COPY *.sh /opt/\nRUN <<E\nset -e\n. /opt/setup.sh\nE",
        "RUN --mount=type=bind,target=/m /m/setup.sh",
        "WORKDIR /m\nRUN --mount=target=. ./setup.sh",
        "RUN --mount=type=bind,source=setup.sh,target=/m.sh sh -e /m.sh",
        "COPY setup.sh /opt/\nRUN echo x > /x\nRUN /opt/setup.sh",
        "COPY . /opt/\nRUN cat /opt/data.json /opt/large.sh && /opt/setup.sh",
    ] {
        assert_eq!(after_scripts(lines, None), proved, "{lines}");
    }
}

#[test]
fn a_script_that_may_be_another_one_proves_nothing() {
    for lines in [
        // Changed by an earlier step, or perhaps.
        "COPY setup.sh /opt/\nRUN echo x >> /opt/setup.sh\nRUN /opt/setup.sh",
        "COPY setup.sh /opt/\nRUN sed -i s/700/755/ /opt/setup.sh && /opt/setup.sh",
        "COPY setup.sh /opt/\nRUN make\nRUN /opt/setup.sh",
        "COPY setup.sh /opt/\nRUN make && /opt/setup.sh",
        "COPY setup.sh /opt/\nRUN ln -s /opt /l\nRUN echo x > /l/setup.sh\nRUN /opt/setup.sh",
        "COPY setup.sh /opt/\nRUN ln -s /opt /l && echo x > /l/setup.sh && /opt/setup.sh",
        "COPY setup.sh /opt/\nCOPY other.py /opt/setup.sh\nRUN /opt/setup.sh",
        "COPY setup.sh /opt/\nCOPY --from=base /x /opt/setup.sh\nRUN /opt/setup.sh",
        // Another file is there, or may be.
        "COPY setup.sh /opt/\nRUN --mount=type=cache,target=/opt /opt/setup.sh",
        "COPY setup.sh /opt/\nRUN --mount=type=bind,from=base,target=/opt /opt/setup.sh",
        "RUN --mount=type=bind,target=/m --mount=type=cache,target=/m/bin . /m/bin/outer.sh",
        "COPY --exclude=x setup.sh /opt/\nRUN /opt/setup.sh",
        "COPY bin /opt/bin\nRUN /opt/bin/ignored.sh",
        "COPY large.sh /opt/\nRUN /opt/large.sh",
        "COPY other.py /opt/setup.sh\nRUN /opt/setup.sh",
        "COPY --from=base /opt/setup.sh /opt/\nRUN /opt/setup.sh",
    ] {
        let (verdict, proved) = after_scripts(lines, None);
        assert!(verdict == Verdict::Unknown || proved == Some(false), "{lines}: {verdict:?} {proved:?}");
    }
    let (verdict, proved) = after_scripts("COPY setup.sh /opt/\nRUN /opt/setup.sh", Some("assumed"));
    assert!(verdict == Verdict::Unknown || proved == Some(false));
}
