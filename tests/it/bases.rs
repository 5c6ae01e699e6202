//! Base images: which of those that are given a name means, and what is remembered of them. The base images of the cases,
//! as root filesystems: what the real ones hold of it that matters.

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use layerwright::analysis::rule;
use layerwright::campaign::base_facts::{BaseFacts, RememberedImages};
use layerwright::campaign::plan::file::Site;
use layerwright::images::ImageSource;
use layerwright::images::asked::AskedImages;
use layerwright::images::file::FileSource;
use rayon::prelude::*;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cases::{self, Case, judge};
use crate::differential::random::Random;
use crate::differential::text::Means;
use crate::differential::{folder, text};
use crate::engine;
use crate::support::{Base, Run, Scratch, Tar, command, left_out, linkable, one_line, say};

/// All of them, written to a folder.
pub fn images(folder: &Path) -> FileSource {
    let mut pairs = Vec::new();
    for (image, file, tar) in [
        ("tiny:1", "tiny", tiny()),
        ("tiny-windows-amd64:1", "windows", tiny()),
        ("caps:1", "caps", caps()),
        ("debian:bookworm-slim", "debian", debian()),
    ] {
        let path = folder.join(file).with_extension("tar");
        fs::write(&path, tar).unwrap();
        pairs.push(format!("{image}={}", path.display()));
    }
    let images = FileSource::new(pairs.iter().map(String::as_str)).unwrap();
    images.check().unwrap();
    images
}

/// A small root filesystem with the metadata that matters: merged `/usr`, sticky and setgid directories, a home.
fn tiny() -> Vec<u8> {
    let mut tar = Tar::new();
    for dir in ["etc", "usr", "usr/bin", "usr/sbin", "usr/lib", "usr/local", "usr/local/bin"] {
        tar.dir(dir, 0o755);
    }
    for dir in ["var", "var/lib", "home", "opt", "run"] {
        tar.dir(dir, 0o755);
    }
    for dir in ["tmp", "var/tmp", "run/lock"] {
        tar.dir(dir, 0o1777);
    }
    tar.dir("root", 0o700).dir("data700", 0o700);
    tar.owned_dir("home/app", 0o750, 1000, 1001).owned_dir("srv", 0o2775, 0, 50);
    tar.xattr("user.mark", b"base").dir("xd", 0o755);
    tar.file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n");
    tar.file("etc/group", 0o644, b"root:x:0:\nstaff:x:50:\nappg:x:1001:\n");
    tar.file("usr/bin/busybox", 0o755, b"not run");
    for tool in
        ["sh", "ls", "cat", "mkdir", "ln", "rm", "stat", "touch", "chmod", "chown", "id", "env", "echo"]
    {
        tar.symlink(&format!("usr/bin/{tool}"), "busybox");
    }
    tar.symlink("bin", "usr/bin").symlink("sbin", "usr/sbin").symlink("lib", "usr/lib");
    tar.symlink("var/run", "/run").symlink("var/lock", "/run/lock");
    tar.bytes()
}

/// A file with a capability, and a directory with an attribute and an owner.
fn caps() -> Vec<u8> {
    let mut tar = Tar::new();
    let capability = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0];
    tar.dir("cap", 0o755).xattr("security.capability", &capability).file("cap/f", 0o4755, b"bin\n");
    tar.xattr("user.mark", b"subx").owned_dir("cap/sub", 0o755, 1000, 1001);
    tar.bytes()
}

/// What the cases touch of Debian's base image.
fn debian() -> Vec<u8> {
    let mut tar = Tar::new();
    for dir in
        ["etc", "usr", "usr/bin", "usr/lib", "usr/lib64", "usr/local", "usr/local/bin", "usr/local/share"]
    {
        tar.dir(dir, 0o755);
    }
    tar.dir("var", 0o755).dir("run", 0o755).dir("run/lock", 0o1777);
    tar.owned_dir("var/mail", 0o2775, 0, 8).owned_dir("var/local", 0o2775, 0, 50);
    tar.symlink("bin", "usr/bin").symlink("lib", "usr/lib").symlink("lib64", "usr/lib64");
    tar.file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/bash\n");
    tar.bytes()
}

/// The name of a blob in a layout, from its content.
fn digest(bytes: &[u8]) -> String {
    let hex = Sha256::digest(bytes).iter().fold(String::new(), |mut hex, byte| {
        write!(hex, "{byte:02x}").unwrap();
        hex
    });
    format!("sha256:{hex}")
}

/// An OCI layout of one image behind an index, as a folder; returns the digests of the index and of the manifest.
fn layout(folder: &Path, rootfs: &[u8]) -> (String, String) {
    let blob = |bytes: &[u8]| {
        let at = folder.join("blobs").join(digest(bytes).replace(':', "/"));
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, bytes).unwrap();
        json!({"digest": digest(bytes), "size": bytes.len()})
    };
    let json = |value: &Value| value.to_string().into_bytes();
    let config = json(&json!({"os": "linux", "architecture": "amd64", "config": {"WorkingDir": "/srv"}}));
    let manifest = json(&json!({"config": blob(&config), "layers": [blob(rootfs)]}));
    let index = json(&json!({"manifests": [blob(&manifest)]}));
    fs::write(folder.join("oci-layout"), "{}").unwrap();
    fs::write(folder.join("index.json"), json!({"manifests": [blob(&index)]}).to_string()).unwrap();
    (digest(&index), digest(&manifest))
}

#[test]
fn a_given_base_image_is_found_by_what_its_name_means() {
    let (base, folder) = (Base::new(), tempfile::tempdir().unwrap());
    let (index, manifest) = layout(folder.path(), &fs::read(base.path()).unwrap());
    let verdict = |from: &str, given: &str| {
        let scratch = Scratch::with(&[("Dockerfile", &format!("FROM {from}\nCOPY x /srv/x\n")), ("x", "")]);
        let given = format!("{given}={}", folder.path().display());
        let plan = scratch.plan(&["--rootfs", &given]);
        (plan["files"][0]["sites"][0]["proved"].clone(), plan["files"][0]["bases"][0]["digest"].clone())
    };
    for (from, given) in [
        ("debian:12", "docker.io/library/debian:12"),
        ("index.docker.io/library/debian", "debian:latest"),
        ("debian:12@INDEX", "debian:12@INDEX"),
        ("debian@INDEX", "debian:12@INDEX"),
        ("debian:12@INDEX", "debian:12"),
        ("debian:12@MANIFEST", "docker.io/debian"),
    ] {
        let written = |name: &str| name.replace("INDEX", &index).replace("MANIFEST", &manifest);
        let judged = verdict(&written(from), &written(given));
        assert_eq!(judged, (json!(true), json!(manifest)), "{from} {given}");
    }
}

#[test]
fn a_base_image_that_is_given_in_vain_is_an_error_that_names_those_that_are_used() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let files = [
        ("a/Dockerfile", "FROM debian:12\nCOPY x /srv/x\n"),
        (
            "b/Dockerfile",
            &format!("FROM node:20@{digest} AS a\nFROM scratch\nCOPY --from=busybox:1 /bin /bin\n"),
        ),
        ("layerwright.toml", ""),
    ];
    let (scratch, base) = (Scratch::with(&files), Base::new());
    let given = |image: &str| format!("{image}={}", base.path().display());
    for (image, meant) in [
        ("debain:12", "did you mean `--rootfs debian:12=…`?"),
        ("debian:13", "did you mean `--rootfs debian:12=…`?"),
        ("debian:12.1@DIGEST", "did you mean `--rootfs debian:12=…`?"),
        ("node:20", "did you mean `--rootfs node:20@DIGEST=…`?"),
        ("quay.io/else/where", "the Dockerfiles use `busybox:1`, `debian:12` and `node:20@DIGEST`"),
    ] {
        let (image, meant) = (image.replace("DIGEST", &digest), meant.replace("DIGEST", &digest));
        let told = format!("`--rootfs {image}=…`: no Dockerfile starts from this image or copies from it");
        let given = given(&image);
        for arguments in
            [&["plan", "--save"][..], &["check"], &["migrate"], &["inspect", "a/Dockerfile", "b/Dockerfile"]]
        {
            scratch.run(&[arguments, &["--rootfs", &given]].concat()).failed(&[&told, &meant]);
        }
    }
    assert!(scratch.changed().is_empty(), "nothing is saved");
    for arguments in [&["plan", "--format", "json"][..], &["inspect", "--format", "json", "a/Dockerfile"]] {
        let run = scratch.run(&[arguments, &["--rootfs", &given("quay.io/else/where")]].concat());
        let judged: Value =
            serde_json::from_str(&run.failed(&["no Dockerfile starts from this image"]).stdout).unwrap();
        assert_eq!(judged["files"][0]["path"], "a/Dockerfile", "the verdicts stand without it");
    }
    for image in ["busybox:1", "debian:12"] {
        scratch.run(&["plan", "--rootfs", &given(image)]).done();
    }
    let without = Scratch::with(&[("Dockerfile", "FROM scratch\nCOPY x /x\n")]);
    without.run(&["plan", "--rootfs", &given("debian:12")]).failed(&["the Dockerfiles use no base image"]);
}

#[test]
fn a_root_filesystem_without_a_digest_is_not_the_image_of_one() {
    let digest = format!("sha256:{}", "a".repeat(64));
    let scratch = Scratch::with(&[
        ("a/Dockerfile", &linkable("x")),
        ("b/Dockerfile", &format!("FROM base:1@{digest}\nCOPY x /srv/x\n")),
    ]);
    let plan = scratch.plan(&["--rootfs", &Base::new().argument()]);
    let source = |file: usize| plan["files"][file]["bases"][0]["source"].clone();
    assert_eq!((source(0), source(1)), (json!("rootfs"), json!(null)));
}

const FACTS: &str = "plans/copy-link/bases.json";

/// Dockerfiles that ask a base image for everything that it can be asked for.
const ASKING: [(&str, &str); 10] = [
    (
        "plain/Dockerfile",
        "FROM base:1\nCOPY x /srv/x\nCOPY x /root/x\nCOPY x /usr/local/bin\nCOPY x /bin/x\nCOPY x /tmp/\n",
    ),
    (
        "owner/Dockerfile",
        "FROM base:1\nCOPY --chown=root:root x /srv/\nCOPY --chown=app x /opt/x\nUSER app\nWORKDIR /w\nCOPY x .\n",
    ),
    (
        "uid/Dockerfile",
        "FROM base:1\nUSER 1000\nRUN mkdir -p /srv/a\nWORKDIR /srv/b\nCOPY x /srv/a/\nCOPY x y/\n",
    ),
    (
        "run/Dockerfile",
        "FROM base:1\nRUN mkdir -p /opt/app && chown -R 5:6 /usr/local && chmod -R 0700 /etc\n\
         COPY x /usr/local/bin/\nCOPY x /etc/x\nCOPY x /opt/app/\n",
    ),
    (
        "from/Dockerfile",
        "FROM scratch\nCOPY --from=base:1 /usr /usr\nCOPY --from=base:1 /usr/loc* /y/\n\
         COPY --from=base:1 /bin /root/none /z/\nCOPY x /usr/bin/x\n",
    ),
    (
        "tree/Dockerfile",
        "FROM base:1\nCOPY t /\nADD https://example.com/a.tar.gz /opt/\n\
         ADD https://github.com/a/b.git /usr/local\n",
    ),
    (
        "stage/Dockerfile",
        "FROM base:1 AS a\nRUN make install\nFROM a\nCOPY x /srv/x\nCOPY --from=a /usr/local /usr/local\n",
    ),
    (
        "arg/Dockerfile",
        "ARG B=base:1\nFROM ${B}\nARG D\nCOPY x $D/x\nCOPY x /usr/bin/x/y\nCOPY x /etc/passwd/x\n",
    ),
    ("linked/Dockerfile", "FROM docker.io/library/base:1\nCOPY --link x /root/x\nCOPY --link x /srv/x\n"),
    (
        "onbuild/Dockerfile",
        "FROM base:1\nONBUILD COPY x /root/x\nRUN useradd -u 7 -g 1 z\nCOPY --chown=z x /home/z/\n",
    ),
];

/// A repository with these files, and their contexts.
fn asking() -> Scratch {
    let scratch = Scratch::with(&ASKING);
    for (path, _) in ASKING {
        let folder = path.split_once('/').unwrap().0;
        scratch.write(&format!("{folder}/x"), "").write(&format!("{folder}/t/usr/local/bin/tool"), "");
    }
    scratch.commit("Second");
    scratch
}

#[test]
fn a_saved_plan_is_the_same_without_the_base_images() {
    let (scratch, base) = (asking(), Base::new());
    let run = |arguments: &[&str]| {
        let run = scratch.run(arguments);
        (run.code, run.stdout)
    };
    let rootfs = base.argument();
    let known = ["--rootfs", rootfs.as_str()];
    let inspected: Vec<&str> = ASKING.iter().map(|(path, _)| *path).collect();
    let inspect = [&["inspect", "--format", "json"][..], &inspected].concat();
    let commands = [&["plan", "--format", "json"][..], &["check", "--format", "json"], &["check"], &inspect];
    let before: Vec<_> = commands.iter().map(|command| run(&[command, &known[..]].concat())).collect();
    assert_ne!(run(commands[0]), before[0], "without the image it is another plan");
    scratch.run(&["plan", "--save", "--rootfs", &rootfs]).done();
    let (plan, facts) = (scratch.read("plans/copy-link/plan.json"), scratch.read(FACTS));
    assert_eq!(plan, before[0].1.as_bytes());
    fs::remove_file(base.path()).unwrap();
    for (command, before) in commands.iter().zip(&before) {
        assert_eq!(run(command), *before, "{command:?}");
    }
    scratch.run(&["plan", "--save"]).done();
    assert_eq!(scratch.read("plans/copy-link/plan.json"), plan);
    assert_eq!(scratch.read(FACTS), facts);
    scratch.run(&["migrate", "--write", "--wave", "0"]).done();
    scratch.commit("Linked");
    let checked = run(&["check", "--format", "json"]);
    let base = Base::new();
    assert_eq!(checked, run(&["check", "--format", "json", "--rootfs", &base.argument()]));
}

#[test]
fn the_facts_are_those_that_were_asked_and_no_others() {
    let scratch = Scratch::with(&[
        (
            "Dockerfile",
            "FROM base:1\nCOPY --chown=root:staff x /srv/a/x\nCOPY --from=base:1 /usr/local /opt\n",
        ),
        ("x", ""),
    ]);
    let base = Base::new();
    scratch.save(&base);
    let facts: Value = serde_json::from_slice(&scratch.read(FACTS)).unwrap();
    let expected = json!({"schema": 1, "bases": [{
        "image": "base:1",
        "read_from": "rootfs",
        "bound_to": "tar",
        "digest": digest(&fs::read(base.path()).unwrap()),
        "platform": null,
        "config": null,
        "accounts": {"group staff": "missing"},
        "listed": ["/usr/local"],
        "paths": {
            "/etc/group": "file",
            "/opt": "absent",
            "/srv": "absent",
            "/usr": "directory 0755 0:0",
            "/usr/local": "directory 0755 0:0",
            "/usr/local/bin": "directory 0755 0:0",
        },
    }]});
    assert_eq!(facts, expected);
}

#[test]
fn a_question_that_was_not_asked_is_unknown_with_the_command_that_answers_it() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("x")), ("a/x", "")]);
    let base = Base::new();
    scratch.save(&base);
    let asked = |text: &str| {
        scratch.write("b/Dockerfile", text).write("b/x", "");
        scratch.commit("Another");
        let plan = scratch.plan(&[]);
        assert_eq!(plan["files"][0]["sites"][0]["proved"], json!(true));
        plan["files"][1]["sites"].as_array().unwrap().last().unwrap().clone()
    };
    for text in [
        "FROM base:1\nCOPY x /root/x\n",
        "FROM base:1\nCOPY x /usr/local/\n",
        "FROM base:1\nUSER app\nWORKDIR /srv\nCOPY x /srv/y/\n",
        "FROM scratch AS a\nCOPY --from=base:1 /us* /etc/\nFROM a\nCOPY x /etc/usr\n",
    ] {
        let site = asked(text);
        assert_ne!(site["proved"], json!(true), "{text}: {site:#}");
    }
    let site = asked("FROM base:1\nCOPY x /root/x\n");
    assert_eq!(site["verdict"], json!("unknown"));
    let message = site["reasons"][0]["message"].as_str().unwrap();
    for words in ["`/root`", FACTS, "base:1", "`layerwright plan --save --rootfs base:1=PATH`"] {
        assert!(message.contains(words), "{words}: {message}");
    }
    let screen = one_line(&scratch.run(&["plan"]).done().stdout);
    let remedy = "1 base image is remembered without the facts that a line needs: \
                  layerwright plan --save --rootfs base:1=PATH";
    assert!(screen.contains(remedy), "{screen}");
    // What follows from a fact is no guess: nothing is below a path that is absent.
    let deep = "FROM base:1\nCOPY x /srv/x/y/z\n";
    assert_eq!(asked(deep)["proved"], json!(true));
    scratch.save(&base);
    assert_eq!(asked(deep)["proved"], json!(true));
    let facts = scratch.text(FACTS);
    assert!(facts.contains("\"/srv\": \"absent\"") && !facts.contains("/srv/"), "{facts}");
}

#[test]
fn facts_stay_as_long_as_their_image_is_the_same_and_is_used() {
    let other = |mode| {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("other.tar");
        fs::write(&path, Tar::new().dir("etc", 0o755).dir("srv", mode).bytes()).unwrap();
        (folder, format!("other:1={}", path.display()))
    };
    let scratch = Scratch::with(&[
        ("a/Dockerfile", &linkable("x")),
        ("a/x", ""),
        ("b/Dockerfile", "FROM other:1\nCOPY x /srv/x\n"),
        ("b/x", ""),
    ]);
    let ((_one, open), (_two, private)) = (other(0o755), other(0o700));
    let facts = || {
        let facts: Value = serde_json::from_slice(&scratch.read(FACTS)).unwrap();
        let bases = facts["bases"].as_array().unwrap().iter();
        bases.map(|base| (base["image"].clone(), base["paths"]["/srv"].clone())).collect::<Vec<_>>()
    };
    let base = (json!("base:1"), json!("absent"));
    scratch.plan(&["--save", "--rootfs", &Base::new().argument()]);
    scratch.plan(&["--save", "--rootfs", &open]);
    assert_eq!(facts(), [base.clone(), (json!("other:1"), json!("directory 0755 0:0"))]);
    let plan = scratch.plan(&["--save", "--rootfs", &private]);
    assert_eq!(facts(), [base.clone(), (json!("other:1"), json!("directory 0700 0:0"))], "another image");
    let judged = |plan: &Value| [0, 1].map(|file| plan["files"][file]["sites"][0]["verdict"].clone());
    assert_eq!(judged(&plan), [json!("link"), json!("hold")]);
    scratch.write("list.md", "a/Dockerfile\n").plan(&["--save", "--list", "list.md"]);
    assert_eq!(facts().len(), 2, "a plan of some files keeps the facts of the others");
    scratch.remove("b/Dockerfile").commit("Gone");
    scratch.plan(&["--save", "--all"]);
    assert_eq!(facts(), [base]);
}

#[test]
fn a_file_of_facts_that_can_not_be_used_is_named_and_the_rest_goes_on() {
    let scratch = asking();
    let base = Base::new();
    scratch.save(&base);
    let facts = scratch.text(FACTS);
    scratch.remove(FACTS);
    let plan = scratch.plan(&[]);
    let changed = |from: &str, to: &str| {
        assert!(facts.contains(from), "{from}");
        facts.replacen(from, to, 1)
    };
    for (text, told) in [
        (changed("\"schema\": 1", "\"schema\": 2"), "bases.json: it has schema 2, and this program reads 1"),
        (
            changed("\"directory 0700 0:0\"", "\"directory 0:0\""),
            "`directory 0:0` is not the state of a path",
        ),
        (changed("\"/srv\"", "\"/srv/../x\""), "`/srv/../x` is not a clean absolute path"),
        (changed("\"image\": \"base:1\"", "\"image\": \"Base:1\""), "invalid image reference `Base:1`"),
        (
            changed("\"platform\": null", "\"platform\": \"linux\""),
            "the platform `linux` of `base:1` is not valid",
        ),
        (changed("\"bases\": [", "\"bases\": [\n<<<<<<< HEAD"), "bases.json: line 4, column 1: "),
        (
            changed("\"/usr\": \"directory 0755 0:0\"", "\"/usr\": \"absent\""),
            "`base:1` has something at /usr/",
        ),
        ("\u{0}".repeat(100), "line 1, column 1"),
        ("[".repeat(100_000), "line 1, column "),
    ] {
        scratch.write(FACTS, &text);
        let run = scratch.run(&["plan", "--format", "json"]).done();
        assert_eq!(run.json(), plan, "{told}");
        for words in [told, FACTS, "nothing of it is used", "save the plan again with --rootfs"] {
            assert!(run.stderr.contains(words), "{words} is not in: {}", run.stderr);
        }
        let saved = scratch.read("plans/copy-link/plan.json");
        scratch.run(&["plan", "--save"]).refused(&[told, "the facts in it would be lost"]);
        assert_eq!((scratch.text(FACTS), scratch.read("plans/copy-link/plan.json")), (text, saved));
    }
    scratch.remove(FACTS).link(FACTS, "/etc/passwd");
    let run = scratch.run(&["plan", "--format", "json"]).done();
    assert!(run.json() == plan && run.stderr.contains("is a symbolic link"), "{}", run.stderr);
    scratch.run(&["plan", "--save", "--rootfs", &base.argument()]).refused(&["is a symbolic link"]);
}

/// The sites of a judgement, and the facts that it asked for, read back from the file that holds them.
fn asked(images: &FileSource, judge: impl Fn(&(dyn ImageSource + Sync)) -> Vec<Site>) -> (Vec<Site>, Value) {
    let asked = AskedImages::recording(images);
    let sites = judge(&asked);
    let facts = BaseFacts::of_asked(&asked, None, false).unwrap();
    let mut bytes = Vec::new();
    facts.write(&mut bytes).unwrap();
    assert_eq!(BaseFacts::read(&bytes).unwrap(), facts);
    (sites, serde_json::from_slice(&bytes).unwrap())
}

fn remembered(facts: &Value) -> RememberedImages {
    RememberedImages::new(&BaseFacts::read(facts.to_string().as_bytes()).unwrap(), "bases.json")
}

/// The same facts, each time without one of them.
fn one_less(facts: &Value) -> Vec<Value> {
    let mut all = Vec::new();
    for (at, base) in facts["bases"].as_array().unwrap().iter().enumerate() {
        for key in ["paths", "accounts", "other_programs"] {
            for name in base[key].as_object().into_iter().flat_map(|facts| facts.keys()) {
                let mut less = facts.clone();
                less["bases"][at][key].as_object_mut().unwrap().remove(name);
                all.push(less);
            }
        }
        for listed in 0..base["listed"].as_array().map_or(0, Vec::len) {
            let mut less = facts.clone();
            less["bases"][at]["listed"].as_array_mut().unwrap().remove(listed);
            all.push(less);
        }
        if base["has_xattrs"].is_boolean() {
            let mut less = facts.clone();
            less["bases"][at].as_object_mut().unwrap().remove("has_xattrs");
            all.push(less);
        }
    }
    // Without a path below a directory that is listed, another fact would be wrong: that it lists all.
    all.retain(|less| BaseFacts::read(less.to_string().as_bytes()).is_ok() && lists_all(facts, less));
    all
}

/// Returns true unless a path is left out below a directory that is listed.
fn lists_all(facts: &Value, less: &Value) -> bool {
    let bases = facts["bases"].as_array().unwrap().iter().zip(less["bases"].as_array().unwrap());
    bases.into_iter().all(|(all, some)| {
        let paths = |base: &Value| base["paths"].as_object().cloned().unwrap_or_default();
        let some_paths = paths(some);
        let gone = paths(all).into_iter().map(|(path, _)| path).find(|path| !some_paths.contains_key(path));
        let listed = some["listed"].as_array().cloned().unwrap_or_default();
        gone.is_none_or(|gone| {
            listed.iter().all(|above| {
                !gone.starts_with(&format!("{}/", above.as_str().unwrap().trim_end_matches('/')))
            })
        })
    })
}

/// A link or edit that is proved with some of the facts is the one that all of them prove. A line that some of them prove
/// to be unsafe as it is cannot be linked as it is; all of them may show an edit.
#[track_caller]
fn assert_proves_nothing_else(what: &str, all: &[Site], some: &[Site]) {
    let verdict = |site: &Site| {
        let site = serde_json::to_value(site).unwrap();
        let audited = site["audit"]["verdict"].as_str().map(str::to_owned);
        audited.unwrap_or_else(|| site["verdict"].as_str().unwrap().to_owned())
    };
    for (all, some) in all.iter().zip(some).filter(|(_, some)| some.proved == Some(true)) {
        let told = (verdict(some), verdict(all));
        let is_right = match told.0.as_str() {
            "hold" => told.1 != "link",
            _ => told.0 == told.1 && all.proved == Some(true) && some.replacement == all.replacement,
        };
        assert!(is_right, "{what}, line {}: {some:#?} is not {all:#?}", some.line);
    }
}

#[test]
fn remembered_facts_give_the_verdicts_of_the_cases() {
    let Some(folder) = cases::folder() else {
        return left_out("the cases with remembered facts", "the shared folder has no `cases`");
    };
    let work = tempfile::tempdir().unwrap();
    let images = images(work.path());
    let cases: Vec<Case> =
        cases::all(&folder).iter().filter_map(|case| Case::read(case, work.path())).collect();
    let judged: Vec<(Vec<Site>, Value)> = cases
        .par_iter()
        .map(|case| asked(&images, |images| judge(&case.text, &case.context, images, rule::ALL)))
        .collect();
    let (less, open) = (AtomicUsize::new(0), AtomicUsize::new(0));
    cases.par_iter().zip(&judged).enumerate().for_each(|(at, (case, (sites, facts)))| {
        let again = |facts: &Value| judge(&case.text, &case.context, &remembered(facts), rule::ALL);
        assert_eq!(again(facts), *sites, "{}", case.name);
        for some in one_less(facts) {
            let changed = again(&some);
            assert_proves_nothing_else(&case.name, sites, &changed);
            less.fetch_add(1, Ordering::Relaxed);
            open.fetch_add(usize::from(changed != *sites), Ordering::Relaxed);
        }
        // The facts that other files asked for.
        for (_, other) in judged.iter().cycle().skip(at + 1).take(4) {
            assert_proves_nothing_else(&case.name, sites, &again(other));
        }
    });
    let (less, open) = (less.into_inner(), open.into_inner());
    say(&format!(
        "{} cases: {open} of {less} facts are needed for the same verdicts and reasons",
        cases.len()
    ));
    assert!(cases.len() >= 200 && less >= 200 && open * 3 > less, "{} cases, {open} of {less}", cases.len());
}

#[test]
fn remembered_facts_give_the_verdicts_of_random_files() {
    let (work, mut judgements) = (tempfile::tempdir().unwrap(), 0);
    let images = images(work.path());
    let means = Means { filters: true, gnu: false };
    for seed in 1..=150 {
        let mut random = Random::new(seed);
        let context = work.path().join(seed.to_string());
        fs::create_dir(&context).unwrap();
        folder::make(&mut random, &context, "salt");
        let text = text::write(&mut random, means);
        let (sites, facts) = asked(&images, |images| judge(&text, &context, images, rule::ALL));
        let again = |facts: &Value| judge(&text, &context, &remembered(facts), rule::ALL);
        assert_eq!(again(&facts), sites, "{text}");
        for some in one_less(&facts) {
            assert_proves_nothing_else(&text, &sites, &again(&some));
            judgements += 1;
        }
    }
    assert!(judgements > 500, "only {judgements} facts were left out");
}

/// The id of the one image of [`FakeEngine`].
const ID: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

/// A `docker` command that knows one image, and writes down what it is asked.
struct FakeEngine(tempfile::TempDir);

impl FakeEngine {
    /// An engine with the image `base:1`, which it saves as an OCI layout.
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let image = folder.path().join("image");
        fs::create_dir(&image).unwrap();
        layout(&image, &fs::read(Base::new().path()).unwrap());
        let mut tar = tar::Builder::new(fs::File::create(folder.path().join("image.tar")).unwrap());
        tar.append_dir_all(".", &image).unwrap();
        tar.finish().unwrap();
        let at = folder.path().display();
        let script = format!(
            "#!/bin/sh\necho \"$*\" >>'{at}/asked'\ncase \"$1 $2 $5\" in\n\
             'version --format '*) echo 28.5.2;;\n\
             'image inspect docker.io/library/base:1') echo {ID};;\n\
             'image inspect '*) echo 'No such image' >&2; exit 1;;\n\
             'image save '*) [ \"$3\" = {ID} ] && exec cat '{at}/image.tar';;\n\
             *) exit 9;;\nesac\n"
        );
        fs::write(folder.path().join("docker"), script).unwrap();
        fs::set_permissions(folder.path().join("docker"), fs::Permissions::from_mode(0o755)).unwrap();
        Self(folder)
    }

    fn run(&self, scratch: &Scratch, arguments: &[&str]) -> Run {
        let path = format!("{}:/usr/bin:/bin", self.0.path().display());
        Run::of(command(scratch.root()).args(arguments).env("PATH", path).output().unwrap())
    }

    /// Returns the commands that it was asked.
    fn asked(&self) -> Vec<String> {
        let asked = fs::read_to_string(self.0.path().join("asked")).unwrap_or_default();
        asked.lines().map(str::to_owned).collect()
    }
}

fn of_engine() -> Scratch {
    Scratch::with(&[
        ("a/Dockerfile", &linkable("x")),
        ("a/x", ""),
        ("b/Dockerfile", "FROM other:1\nCOPY x /srv/x\nCOPY x /opt/x\n"),
        ("b/x", ""),
    ])
}

#[test]
fn the_images_of_the_engine_are_read_and_bound_to_their_ids() {
    let (engine, scratch) = (FakeEngine::new(), of_engine());
    let screen = one_line(&engine.run(&scratch, &["plan"]).done().stdout);
    assert!(
        screen.contains("2 base images were not read (3 instructions): layerwright plan --bases registry"),
        "{screen}"
    );
    assert!(engine.asked().is_empty(), "{:?}", engine.asked());
    let run = engine.run(&scratch, &["plan", "--save", "--bases", "engine", "--format", "json"]).done();
    let plan = run.json();
    assert_eq!(plan["files"][0]["sites"][0]["proved"], json!(true));
    assert_eq!(
        plan["files"][0]["bases"],
        json!([{"image": "base:1", "known": true, "source": "rootfs", "digest": ID}])
    );
    let unknown = &plan["files"][1]["sites"][0];
    assert_eq!(unknown["verdict"], json!("unknown"));
    assert!(unknown["reasons"][0]["message"].as_str().unwrap().contains("other:1"), "{unknown}");
    let mut asked = engine.asked();
    asked.sort();
    let expected = [
        "image inspect --format {{.Id}} docker.io/library/base:1".to_owned(),
        "image inspect --format {{.Id}} docker.io/library/other:1".to_owned(),
        format!("image save {ID}"),
        "version --format {{.Server.Version}}".to_owned(),
    ];
    assert_eq!(asked, expected, "nothing else is asked, and nothing twice");
    let facts: Value = serde_json::from_slice(&scratch.read(FACTS)).unwrap();
    let base = &facts["bases"][0];
    let told = ["image", "read_from", "bound_to", "digest", "platform"].map(|key| base[key].clone());
    assert_eq!(told, ["base:1", "engine", "image-id", ID, "linux/amd64"].map(|text| json!(text)));
    assert_eq!(base["config"]["workdir"], json!("/srv"));
    assert_eq!(scratch.plan(&[]), plan, "without the engine");
    assert_eq!(engine.asked().len(), 4);
    scratch.write("a/Dockerfile", "FROM base:1\nCOPY x /root/x\n").commit("Another");
    let site = scratch.plan(&[])["files"][0]["sites"][0].clone();
    let message = site["reasons"][0]["message"].as_str().unwrap();
    assert!(message.contains("`layerwright plan --save --bases engine` adds it"), "{message}");
    let screen = one_line(&engine.run(&scratch, &["plan", "--bases", "engine"]).done().stdout);
    assert!(
        screen.contains("1 base image was not read (2 instructions): pull them, or pass --bases registry"),
        "{screen}"
    );
}

#[test]
fn the_configuration_may_choose_the_engine_and_no_network() {
    let (engine, scratch) = (FakeEngine::new(), of_engine());
    scratch.write("layerwright.toml", "[bases]\nfrom = [\"engine\"]\n");
    let proved = |run: Run| run.done().json()["files"][0]["sites"][0]["proved"].clone();
    assert_eq!(proved(engine.run(&scratch, &["plan", "--format", "json"])), json!(true));
    let none = ["plan", "--format", "json", "--bases", "none"];
    assert_eq!(proved(engine.run(&scratch, &none)), json!(null));
    let inspect = engine.run(&scratch, &["inspect", "a/Dockerfile", "--format", "json"]).done();
    assert_eq!(inspect.json()["files"][0]["sites"][0]["verdict"], json!("link"));
    // The same configuration counts where there is no engine.
    let without = scratch.run(&["plan", "--format", "json"]).done();
    assert!(without.stderr.contains("no base image of the engine is read: "), "{}", without.stderr);
    assert_eq!(without.json()["files"][0]["sites"][0]["verdict"], json!("unknown"));
    for command in [&["plan"][..], &["check"], &["inspect", "a/Dockerfile"]] {
        let asked = [command, &["--bases", "engine"]].concat();
        scratch.run(&asked).failed(&["the engine does not answer", "leave out --bases engine"]);
    }
    scratch.run(&["plan", "--bases", "none,engine"]).failed(&["--bases none excludes every other place"]);
    scratch.write("layerwright.toml", "[bases]\nfrom = [\"registry\"]\n");
    scratch.run(&["plan"]).failed(&["layerwright.toml:2", "registry", "engine"]);
}

#[test]
fn an_image_that_the_engine_can_not_save_is_named_and_the_rest_goes_on() {
    let (engine, scratch) = (FakeEngine::new(), of_engine());
    let archive = engine.0.path().join("image.tar");
    let whole = fs::read(&archive).unwrap();
    for (bytes, told) in [
        (Vec::new(), "base:1 is not read: the archive of the engine"),
        (whole[..whole.len() / 2].to_vec(), "base:1 is not read: the archive of the engine"),
        (b"no tar".repeat(1_000), "base:1 is not read: the archive of the engine"),
        (fs::read(Base::new().path()).unwrap(), "it has no manifest"),
    ] {
        fs::write(&archive, bytes).unwrap();
        let run = engine.run(&scratch, &["plan", "--bases", "engine", "--format", "json"]).done();
        assert!(run.stderr.contains(told), "{told}: {}", run.stderr);
        assert_eq!(run.json()["files"][0]["sites"][0]["verdict"], json!("unknown"));
    }
    fs::remove_file(&archive).unwrap();
    let run = engine.run(&scratch, &["plan", "--bases", "engine"]).done();
    assert!(run.stderr.contains("the engine cannot save the image"), "{}", run.stderr);
}

#[test]
fn a_real_engine_gives_the_verdicts_of_a_saved_image() {
    if !engine::is_there("base images of the engine") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let tar = folder.path().join("tiny.tar");
    engine::save("tiny:1", &tar).unwrap();
    let text = |(path, text): (&str, &str)| (path.to_owned(), text.replace("base:1", "tiny:1"));
    let files: Vec<(String, String)> = ASKING.into_iter().map(text).collect();
    let files: Vec<(&str, &str)> = files.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
    let scratch = Scratch::with(&files);
    let sites = |plan: &Value| {
        let files = plan["files"].as_array().unwrap().iter();
        files.map(|file| file["sites"].clone()).collect::<Vec<_>>()
    };
    let given = scratch.plan(&["--rootfs", &format!("tiny:1={}", tar.display())]);
    let read = engine::command(scratch.root(), &["plan", "--save", "--bases", "engine", "--format", "json"]);
    let read = read.done().json();
    assert_eq!(sites(&read), sites(&given));
    assert_eq!(scratch.plan(&[]), read, "as it is remembered");
    let proved = |site: &Value| site["proved"] == json!(true);
    assert!(sites(&read).iter().any(|sites| sites.as_array().unwrap().iter().any(proved)));
}
