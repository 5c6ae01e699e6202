//! Lines that once passed as proved and should not. Most were built with and without the flag, and differed or
//! failed; the others are argued from BuildKit's source alone: an archive through a link of the image, its extended
//! attributes, its hard links to links, a source that may hold more than is known, and `mv` over a link.

use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;

use layerwright::analysis::Verdict;
use layerwright::analysis::rule;
use layerwright::campaign::plan::file::Site;

use crate::bases;
use crate::cases::judge;
use crate::support::{Tar, run};

/// The sites of a text on `tiny:1`, beside an archive `a.tar`, a file `f` and a folder `d` with a file.
fn sites(text: &str, archive: &mut Tar) -> Vec<Site> {
    let folder = tempfile::tempdir().unwrap();
    let context = folder.path().join("context");
    fs::create_dir_all(context.join("d")).unwrap();
    fs::write(context.join("a.tar"), archive.bytes()).unwrap();
    fs::write(context.join("f"), "f").unwrap();
    fs::write(context.join("d/x"), "x").unwrap();
    fs::write(context.join(".dockerignore"), "d\n!d/x\n").unwrap();
    judge(text, &context, &bases::images(folder.path()), rule::ALL)
}

/// Whether the last line of a text is a proved link or edit.
fn is_proved(text: &str, archive: &mut Tar) -> bool {
    let sites = sites(text, archive);
    let last = sites.last().unwrap();
    matches!(last.verdict, Verdict::Link | Verdict::Edit) && last.proved == Some(true)
}

fn is_proved_after(run: &str, line: &str) -> bool {
    is_proved(&format!("FROM tiny:1\nRUN {run}\n{line}\n"), &mut Tar::new())
}

#[test]
fn what_an_archive_names_keeps_its_attributes_in_a_plain_add_only() {
    // R2, `A(D)`: extraction over a directory sets mode and owner, and leaves attributes of the old one alone.
    let mut archive = Tar::new();
    archive.dir("xd", 0o755).file("xd/f", 0o644, b"f");
    assert!(!is_proved("FROM tiny:1\nADD a.tar /\n", &mut archive));
    let mut archive = Tar::new();
    archive.dir("opt", 0o755).file("opt/f", 0o644, b"f");
    assert!(is_proved("FROM tiny:1\nADD a.tar /\n", &mut archive));
}

#[test]
fn the_root_entry_of_an_archive_changes_nothing() {
    // `archive.Unpack` goes on where the entry is `.` and the directory exists: `/new` is 0755 of root, and not
    // of 1000.
    let mut archive = Tar::new();
    archive.owned_dir("./", 0o755, 1000, 1000).file("./f", 0o644, b"f");
    assert!(!is_proved("FROM scratch\nADD a.tar /new/\nCOPY --chown=1000:1000 f /new/q\n", &mut archive));
    assert!(is_proved("FROM scratch\nADD a.tar /new/\nCOPY f /new/q\n", &mut archive));
}

#[test]
fn an_entry_behind_a_link_of_its_own_archive_is_not_followed() {
    // R7: the link leads to `/opt`, which is not there in the empty filesystem: the linked build fails.
    let mut archive = Tar::new();
    archive.symlink("new", "opt").file("new/x", 0o644, b"x");
    assert!(!is_proved("FROM tiny:1\nADD a.tar /\n", &mut archive));
}

#[test]
fn directories_that_an_archive_implies_belong_to_root() {
    // `archive.Unpack` gives `--chown` to the entries alone, and missing parents to root.
    let mut archive = Tar::new();
    archive.file("a/b", 0o644, b"b");
    let after = "FROM scratch\nADD --chown=1000:1000 a.tar /new/\nCOPY --chown=1000:1000 f /new/a/q\n";
    assert!(!is_proved(after, &mut archive));
    let mut archive = Tar::new();
    archive.file("a/b", 0o644, b"b");
    let over = "FROM scratch\nCOPY --chown=1000:1000 f /new/a/q\nADD --chown=1000:1000 a.tar /new/\n";
    assert!(!is_proved(over, &mut archive));
}

#[test]
fn an_archive_that_goes_through_a_link_of_the_image_ends_behind_it() {
    // `sub/k` comes to `/opt/sub/k`, with a mode of its own: 0700 would become 0755.
    let mut archive = Tar::new();
    archive.dir("l/sub", 0o700);
    let text = "FROM tiny:1\nRUN ln -s opt /l\nADD a.tar /\nCOPY f /opt/sub/\n";
    assert!(!is_proved(text, &mut archive));
}

#[test]
fn a_directory_that_an_archive_gives_attributes_may_lose_them() {
    let mut archive = Tar::new();
    archive.xattr("user.mark", b"own").dir("a", 0o755);
    assert!(!is_proved("FROM scratch\nADD a.tar /new/\nCOPY f /new/a/\n", &mut archive));
}

#[test]
fn a_hard_link_to_a_symbolic_link_is_one() {
    // R1: a plain copy to `/new/b` writes `/new/t`.
    let mut archive = Tar::new();
    archive.symlink("a", "t").hard_link("b", "a");
    let sites = sites("FROM scratch\nADD a.tar /new/\nCOPY f /new/b\n", &mut archive);
    assert_eq!(sites[1].replacement.as_deref(), Some("COPY --link f /new/t"));
}

#[test]
fn a_run_makes_what_the_kernel_is_mounted_on() {
    // `/dev` is not in the base; a RUN leaves it behind, of root.
    for place in ["dev", "proc", "sys"] {
        let copy = format!("COPY --chown=1000:1000 f /{place}/k/");
        assert!(is_proved(&format!("FROM tiny:1\n{copy}\n"), &mut Tar::new()), "{place}");
        assert!(!is_proved_after("true", &copy), "{place}");
        assert!(is_proved_after("true", &format!("COPY f /{place}/k/")), "{place}");
    }
    // What it makes there is in no image: a slash would make a directory of the file that a plain copy makes.
    for made in ["mkdir -p /dev/k", "mkdir /dev/k && chown 1000:1000 /dev/k", "ln -s /opt /dev/k"] {
        let again = format!("true\nRUN {made}");
        for run in [made, &again] {
            let text = format!("FROM tiny:1\nRUN {run}\nCOPY f /dev/k\n");
            let last = sites(&text, &mut Tar::new()).pop().unwrap();
            assert!(last.proved != Some(true) || last.verdict == Verdict::Link, "{run}: {last:?}");
        }
    }
}

#[test]
fn a_directory_that_is_ignored_comes_along_with_what_is_taken_back() {
    // R2: `/d` exists after `COPY .`, and belongs to root.
    assert!(!is_proved("FROM scratch\nCOPY . /\nCOPY --chown=1:1 f /d/q\n", &mut Tar::new()));
}

#[test]
fn a_number_with_a_colon_has_the_group_of_an_account() {
    // BusyBox gives 1000:1001 with the `/etc/passwd` of the image, and GNU's chown fails.
    let copy = "COPY --chown=1000:1000 f /n/";
    assert!(!is_proved_after("mkdir /n && chown 1000: /n", copy));
    assert!(is_proved_after("mkdir /n && chown 1000:1000 /n", copy));
}

#[test]
fn links_that_chown_and_chmod_do_not_follow_leave_the_directory_alone() {
    let copy = "COPY --chown=1000:1000 f /n/";
    assert!(!is_proved_after("mkdir /n && ln -s /n /l && chown -h 1000:1000 /l", copy));
    assert!(!is_proved_after("mkdir /n && ln -s /n /l && chown -R 1000:1000 /l", copy));
    assert!(is_proved_after("mkdir /n && ln -s /n /l && chown 1000:1000 /l", copy));
    assert!(is_proved_after("mkdir /n && ln -s /n /l && chown -R 1000:1000 /n", copy));
    // BusyBox' `chmod -R` does not follow the link of its command line, GNU's does.
    assert!(!is_proved_after("mkdir -m 700 /n && ln -s /n /l && chmod -R 755 /l", "COPY f /n/"));
}

#[test]
fn globs_may_name_links_that_lead_elsewhere() {
    assert!(!is_proved_after("mkdir /n && ln -s /opt /n/l && chown 1000 /n/*", "COPY f /opt/k"));
    assert!(!is_proved_after("mkdir /n && ln -s /opt /n/l && chmod 700 /n/*", "COPY f /opt/k"));
    assert!(is_proved_after("mkdir /n && ln -s /usr /n/l && chmod 755 /n/*", "COPY f /opt/k"));
}

#[test]
fn a_wildcard_may_be_a_link_on_the_way() {
    // `/opt/k` is gone, and a plain copy makes a file of it.
    let made = "mkdir -p /n /opt/k && ln -s /opt /n/l";
    assert!(is_proved_after(made, "COPY f /opt/k"));
    assert!(!is_proved_after(&format!("{made} && rm -rf /n/*/k"), "COPY f /opt/k"));
    assert!(is_proved_after(&format!("{made} && rm -rf /n/*"), "COPY f /opt/k"));
}

#[test]
fn a_glob_names_only_what_matches_it() {
    for (run, line) in
        [("mkdir /n && rm -rf /*.gz", "COPY f /n/k"), ("mkdir -m 755 /n && chmod 700 /[a-m]*", "COPY f /n/k")]
    {
        let is_bracket = run.contains('[');
        assert_eq!(is_proved_after(run, line), !is_bracket, "{run}");
    }
    assert!(!is_proved_after("mkdir /n.gz && rm -rf /*.gz", "COPY f /n.gz/k"));
    assert!(!is_proved_after("mkdir /n.gz && rm -rf /?.GZ", "COPY f /n.gz/k"));
}

#[test]
fn the_target_of_a_link_may_end_in_a_slash() {
    // The link is `/n/opt`, not `/n`.
    assert!(is_proved_after("mkdir /n && ln -s /opt/ /n", "COPY f /n/k"));
    let sites_of = |line: &str| {
        let text = format!("FROM tiny:1\nRUN mkdir /n && ln -s /opt/ /n\n{line}\n");
        sites(&text, &mut Tar::new()).remove(0)
    };
    assert_eq!(sites_of("COPY f /n/opt").verdict, Verdict::Edit, "it leads to /opt/");
    assert_eq!(sites_of("COPY f /n/k").verdict, Verdict::Link, "and no edit to /opt/k");
}

#[test]
fn what_a_source_may_hold_beside_may_lose_its_attributes_too() {
    // `/out` may hold `xd`, and `/xd` has an attribute.
    let text =
        "FROM tiny:1 AS b\nRUN mkdir /out && cp -a /home/. /out/\nFROM tiny:1\nCOPY --from=b /out/ /\n";
    assert!(!is_proved(text, &mut Tar::new()));
}

#[test]
fn a_copy_over_what_is_not_known_may_leave_attributes_there() {
    // A plain copy of a directory over one that exists keeps its attributes.
    let text = |command: &str| {
        format!(
            "FROM tiny:1 AS b\nRUN mkdir -p /out/s\nFROM tiny:1\nRUN mkdir -p /opt/s{command}\n\
             COPY --from=b /out/ /opt/\nCOPY f /opt/s/\n"
        )
    };
    assert!(is_proved(&text(""), &mut Tar::new()));
    let marked = text(" && setfattr -n user.k -v 1 /opt/s");
    assert_eq!(sites(&marked, &mut Tar::new()).last().unwrap().verdict, Verdict::Unknown);
}

#[test]
fn what_a_source_surely_brings_is_known_whatever_else_it_brings() {
    // `/d` of the stage is 0700 there too.
    let text = |line: &str| {
        format!(
            "FROM tiny:1 AS b\nRUN mkdir -m 700 /d && mkdir /e && cp -a /home/. /opt/\n\
             FROM scratch\nCOPY --link --from=b / /\n{line}\n"
        )
    };
    let last = |line: &str| sites(&text(line), &mut Tar::new()).remove(1);
    assert_eq!(last("COPY f /d/k").verdict, Verdict::Hold);
    assert_eq!(last("COPY --chown=1:1 f /e/k").verdict, Verdict::Hold);
    assert_eq!(last("COPY f /opt/unlisted/k").verdict, Verdict::Unknown);
}

#[test]
fn a_user_without_a_group_runs_with_that_of_its_account() {
    // `/etc/passwd` has 1000 in group 1001, and that is the group of what a RUN makes.
    let after = |user: &str| {
        let text = format!(
            "FROM tiny:1\nRUN mkdir /w && chown {user} /w\nUSER {user}\nRUN mkdir /w/m\nUSER root\n\
             COPY --chown=1000:1000 f /w/m/\n"
        );
        is_proved(&text.replace("chown 1000 ", "chown 1000:1000 "), &mut Tar::new())
    };
    assert!(!after("1000"));
    assert!(after("1000:1000"));
}

#[test]
fn what_cp_brings_may_be_a_link() {
    // R1: a plain copy to `/l` writes below `/usr/bin`.
    for options in ["-P", "-d", "-a", "-l"] {
        assert!(!is_proved_after(&format!("cp {options} /bin /l"), "COPY f /l"), "{options}");
    }
    assert!(is_proved_after("cp /etc/passwd /l", "COPY f /l"));
}

#[test]
fn install_and_mv_replace_a_link_and_cp_writes_through_it() {
    for command in ["install -m 644 /etc/passwd /q", "mv /etc/passwd /q", "cp /etc/passwd /q"] {
        assert!(!is_proved_after(&format!("ln -s /etc/group /q && {command}"), "COPY f /q"), "{command}");
    }
    let into = "mkdir /n && ln -s /etc/group /n/passwd && cp /etc/passwd /n/";
    assert!(!is_proved_after(into, "COPY f /n/passwd"));
}

#[test]
fn accounts_that_a_command_writes_are_not_known() {
    let copy = "COPY --chown=app f /w/g";
    assert!(is_proved_after("true", copy));
    for command in [
        "echo app:x:7:7::/:/bin/sh >/etc/passwd",
        "ln -s /etc/passwd /q && echo app:x:7:7::/:/bin/sh >/q",
        "ln -s /etc /q && echo app:x:7:7::/:/bin/sh >/q/passwd",
        "ln /etc/passwd /q && echo app:x:7:7::/:/bin/sh >/q",
    ] {
        assert!(!is_proved_after(command, copy), "{command}");
    }
}

#[test]
fn an_ignore_file_of_one_dockerfile_replaces_that_of_the_context() {
    // `/d` comes along with `COPY .`, 0700, since only the folder's own ignore file leaves it out.
    let folder = tempfile::tempdir().unwrap();
    let at = |path: &str| folder.path().join(path);
    fs::create_dir(at("d")).unwrap();
    fs::set_permissions(at("d"), fs::Permissions::from_mode(0o700)).unwrap();
    for (path, text) in [("d/x", "x"), ("f", "f"), (".dockerignore", "d"), ("P.dockerignore", "none")] {
        fs::write(at(path), text).unwrap();
    }
    fs::write(at("P"), "FROM scratch\nCOPY . /\nCOPY f /d/q\n").unwrap();
    let run = run(folder.path(), &["inspect", "P", "--context", ".", "--format", "json"]).done();
    assert_eq!(run.json()["files"][0]["sites"][1]["verdict"], "hold");
}

/// The owner that the last line gets instead of a name; None where that leans on anything. Where a home may have been
/// made, the line leans on its place.
fn proved_owner(run: &str, owner: &str) -> Option<String> {
    let text = format!("FROM tiny:1\n{run}\nCOPY --chown={owner} f /fresh/g\n");
    let site = sites(&text, &mut Tar::new()).pop().unwrap();
    let certain = site.assumptions.iter().all(|assumption| !assumption.path.starts_with("/etc"));
    let replacement = site.replacement.filter(|_| site.verdict == Verdict::Edit && certain)?;
    let (_, owner) = replacement.split_once("--chown=").unwrap();
    Some(owner.split_once(' ').unwrap().0.to_owned())
}

#[test]
fn accounts_that_a_command_surely_makes_have_their_numbers() {
    let is = |run: &str, owner: &str, ids: &str| {
        assert_eq!(proved_owner(run, owner).as_deref(), Some(ids), "{run}: {owner}");
    };
    let both = "RUN groupadd -g 2001 grp && useradd -u 2002 -g grp usr";
    is(both, "usr", "2002:2001");
    is(both, "usr:grp", "2002:2001");
    is(both, "7:grp", "7:2001");
    is(both, "usr:9", "2002:9");
    is("RUN useradd --uid=2002 --gid 0 --no-create-home usr", "usr", "2002:0");
    is("RUN groupadd -r -g 2001 grp\nRUN useradd -r -o -u 5 -g 2001 usr", "usr:grp", "5:2001");
    is("ENV U=2002\nRUN groupadd -g $U usr && useradd -u $U -g $U usr", "usr:usr", "2002:2002");
    is("RUN addgroup -g 2001 grp && adduser -D -u 2002 -G grp usr", "usr:grp", "2002:2001");
    is("RUN adduser -D -u 2002 usr", "usr", "2002:2002");
    is("RUN addgroup --gid 2001 grp", "0:grp", "0:2001");
    is(
        "RUN addgroup --gid 2001 grp && adduser --uid 2002 --gid 2001 --disabled-password --gecos '' usr",
        "usr:grp",
        "2002:2001",
    );
}

#[test]
fn accounts_that_may_have_other_numbers_are_not_known() {
    let useradd = "useradd -u 2002 -g 0 usr";
    assert!(proved_owner(&format!("RUN {useradd}"), "usr").is_some());
    for run in [
        // It may not have run, or not have made anything.
        format!("RUN {useradd} || true"),
        format!("RUN {useradd}; exit 0"),
        format!("RUN id usr || {useradd}"),
        format!("RUN if test -e /x; then {useradd}; fi"),
        format!("RUN --mount=type=bind,source=d,target=/etc {useradd}"),
        "RUN adduser --system --uid 2002 --gid 0 usr".to_owned(),
        "RUN adduser -h /w -u 2002 usr".to_owned(),
        // The number of the group is none of what the words say.
        "RUN useradd -u 2002 usr".to_owned(),
        // Another build may give another number.
        "ARG U=2002\nRUN groupadd -g $U usr && useradd -u $U -g $U usr".to_owned(),
        "ARG G=2002\nRUN useradd -u 2002 -g $G usr".to_owned(),
        "RUN useradd -u 2002 -U usr".to_owned(),
        "RUN useradd -u 2002 -N usr".to_owned(),
        "RUN groupadd grp && useradd -u 2002 -g grp usr".to_owned(),
        "RUN groupadd -f -g 2001 grp && useradd -u 2002 -g grp usr".to_owned(),
        "RUN addgroup -g 2001 grp && adduser -D -u 2002 -G 2001 usr".to_owned(),
        "RUN adduser -S -u 2002 usr".to_owned(),
        "RUN adduser -u 2002 --ingroup 50 --disabled-password usr".to_owned(),
        // The number of the user is none of what the words say.
        "RUN useradd -g 0 usr".to_owned(),
        "RUN useradd -u 02002 -g 0 usr".to_owned(),
        "RUN useradd -u 4294967294 -g 0 usr".to_owned(),
        "ARG U\nRUN useradd -u $U -g 0 usr".to_owned(),
        "RUN useradd -R /other -u 2002 -g 0 usr".to_owned(),
        // Something may have changed it since.
        format!("RUN {useradd} && usermod -u 2003 usr"),
        format!("RUN {useradd} && sed -i s/2002/2003/ /etc/passwd"),
        format!("RUN {useradd} && echo usr:x:7:7::/:/bin/sh >/etc/passwd"),
        format!("RUN {useradd} && ln -s /etc/passwd /q && echo usr:x:7:7::/:/bin/sh >/q"),
        format!("RUN {useradd} && ln -s /etc /q && echo usr:x:7:7::/:/bin/sh >/q/passwd"),
        format!("RUN {useradd} && ln /etc/passwd /q && echo usr:x:7:7::/:/bin/sh >/q"),
        format!("RUN {useradd}\nCOPY f /etc/passwd"),
        format!("RUN {useradd}\nCOPY nowhere /etc"),
        format!("RUN {useradd}\nCOPY --from=tiny:1 / /"),
        format!("RUN {useradd}\nCOPY --from=unknown:1 / /"),
        format!("RUN {useradd}\nADD https://example.com/x /etc/passwd"),
        format!("RUN {useradd} && rm -rf /etc"),
        format!("RUN {useradd} && mv /etc /q"),
        format!("FROM scratch\nRUN {useradd}\nFROM tiny:1"),
    ] {
        assert_eq!(proved_owner(&run, "usr"), None, "{run}");
    }
    let groupadd = "RUN groupadd -g 2001 grp";
    assert!(proved_owner(groupadd, "0:grp").is_some());
    for run in [
        "RUN groupadd -f -g 2001 grp".to_owned(),
        "RUN addgroup --system --gid 2001 grp".to_owned(),
        format!("{groupadd} && groupmod -g 2002 grp"),
        format!("{groupadd}\nCOPY f /etc/group"),
    ] {
        assert_eq!(proved_owner(&run, "0:grp"), None, "{run}");
    }
    // The group of the same name may have another number.
    assert_eq!(proved_owner("RUN useradd -u 2002 -g 0 usr", "usr:usr"), None);
}

#[test]
fn chmod_is_for_the_directories_that_a_source_brings() {
    // A random Dockerfile, reduced: `ADD --chmod=0750 tree .` and `COPY d/x /xd/` on scratch, with tree/xd. The place
    // itself and what is made on the way have 0755, and so has what an archive holds.
    let after = |line: &str, next: &str| {
        let mut archive = Tar::new();
        archive.dir("d", 0o755);
        is_proved(&format!("FROM tiny:1\n{line}\n{next}\n"), &mut archive)
    };
    assert!(after("COPY --chmod=0755 . /n/", "COPY f /n/d/"));
    assert!(!after("COPY --chmod=0750 . /n/", "COPY f /n/d/"));
    assert!(!after("ADD --chmod=4755 . /n/", "COPY f /n/d/"));
    assert!(!after("ARG M=0755\nCOPY --chmod=$M . /n/", "COPY f /n/d/"));
    assert!(!after("COPY --chmod=0750 . /n/", "COPY f /n/k"));
    assert!(after("COPY --chmod=go-w . /n/", "COPY f /n/k"));
    // Directories on the path to the destination are 0755 with Docker 26.1.5 and 0750 with 28.5.2.
    assert!(!after("COPY --chmod=0750 f /n/m/", "COPY f /n/m/k"));
    assert!(after("COPY --chmod=0755 f /n/m/", "COPY f /n/m/k"));
    assert!(after("COPY --chmod=u=rwx f /n/m/", "COPY f /n/m/k"));
    assert!(after("ADD --chmod=0750 a.tar /n/", "COPY f /n/d/"));
}

#[test]
fn a_run_makes_the_working_directory_that_is_missing() {
    // `MkdirAllAndChown` of the working directory in BuildKit's executors, for the user of the step.
    let moved = "FROM tiny:1\nUSER 0\nWORKDIR /build\nRUN mv /build /dist\nRUN true\nCOPY f /build\n";
    let last = sites(moved, &mut Tar::new()).pop().unwrap();
    assert_eq!((last.verdict, last.proved), (Verdict::Edit, Some(true)), "{last:?}");
    let removed = |user: &str, copy: &str| {
        let text = format!(
            "FROM tiny:1\nUSER 0\nWORKDIR /w/x\nRUN rm -rf /w\nUSER {user}\nRUN [\"/bin/true\"]\nUSER 0\nCOPY {copy} f /w/x/k\n"
        );
        is_proved(&text, &mut Tar::new())
    };
    assert!(removed("0", ""));
    assert!(!removed("7:8", ""));
    assert!(removed("7:8", "--chown=7:8"));
}

#[test]
fn install_makes_the_directory_that_it_is_told() {
    let install = "FROM tiny:1\nRUN install -D -t /opt/q /etc/passwd\nCOPY f /opt/q\n";
    let last = sites(install, &mut Tar::new()).pop().unwrap();
    assert_eq!((last.verdict, last.proved), (Verdict::Edit, Some(true)), "{last:?}");
}

#[test]
fn ln_makes_what_linkat_makes() {
    let hard = "FROM tiny:1\nRUN ln -s /opt /l && ln /l /m\nCOPY f /m\n";
    let last = sites(hard, &mut Tar::new()).pop().unwrap();
    assert_eq!(last.replacement.as_deref(), Some("COPY --link f /opt/"), "{last:?}");
    // With a slash at its end the link is followed, and the new one goes inside.
    let slash = "FROM tiny:1\nRUN ln -s /opt /l && ln -sfn /usr /l/\nCOPY f /l/x\n";
    let last = sites(slash, &mut Tar::new()).pop().unwrap();
    assert_eq!(last.replacement.as_deref(), Some("COPY --link f /opt/x"), "{last:?}");
}

#[test]
fn a_tool_that_compares_times_may_see_a_link() {
    for tool in ["make", "[[ /app -nt /ref ]]", "date -r /app", "find /app -type f -delete"] {
        let text = format!("FROM tiny:1\nRUN mkdir -p /app/d\nCOPY f /app/d/f\nRUN {tool}\n");
        let last = sites(&text, &mut Tar::new()).pop().unwrap();
        assert_eq!((last.verdict, last.proved), (Verdict::Link, Some(false)), "{tool}: {last:?}");
    }
}

/// The sites of lines on `tiny:1`.
fn after_base(lines: &str) -> Vec<Site> {
    sites(&format!("FROM tiny:1\n{lines}\n"), &mut Tar::new())
}

fn is_last_proved(lines: &str) -> bool {
    is_proved(&format!("FROM tiny:1\n{lines}\n"), &mut Tar::new())
}

#[test]
fn what_a_run_writes_to_a_mount_is_in_no_image() {
    // `dispatchSecret` and `llb.AddSSHSocket`: a source without a target has one, and it is removed again.
    for mount in ["type=secret,id=s", "type=secret,src=s"] {
        let lines = format!("RUN --mount={mount} mkdir -p /run/secrets\nCOPY f /run/secrets");
        assert!(!is_last_proved(&lines), "{mount}");
    }
    assert!(!is_last_proved("RUN --mount=type=ssh mkdir -p /run/buildkit\nCOPY f /run/buildkit"));
    let env = "ENV D=x\nRUN --mount=type=secret,id=s,env=D mkdir -p /opt/$D\nCOPY f /opt/y";
    assert!(!is_last_proved(env), "the secret is the value of the variable");
    // What was there before is there again, and what is beside the mount stays.
    for mount in ["type=tmpfs,target=/zz,target=/opt", "'\"type=tmpfs\",\"target=/opt\"'"] {
        let last = after_base(&format!("RUN --mount={mount} mkdir /opt/q\nCOPY f /opt/q")).pop().unwrap();
        assert_eq!(last.replacement.as_deref(), Some("COPY --link f /opt/q"), "{mount}");
    }
    let beside = "RUN --mount=type=cache,target=/n/c touch /n/x\nCOPY f /n/c";
    assert_eq!(after_base(beside)[0].replacement.as_deref(), Some("COPY --link f /n/c"));
    // A link in what is mounted may lead anywhere.
    assert!(!is_last_proved("RUN --mount=type=bind,source=d,target=/m mkdir /m/l/q\nCOPY f /opt/q"));
    // What is mounted over the accounts tells nothing of those in the image.
    let user = "RUN --mount=type=bind,source=d,target=/etc adduser -D -u 7 u\nCOPY --chown=u f /n/";
    assert!(!is_last_proved(user));
}

#[test]
fn a_linked_copy_over_a_directory_leaves_a_file() {
    let sites = after_base("RUN mkdir -p /opt/q/z\nCOPY --link f /opt/q\nCOPY f /opt/q");
    assert_eq!(sites[1].replacement.as_deref(), Some("COPY --link f /opt/q"));
}

#[test]
fn a_second_line_rests_on_the_assumptions_of_the_first() {
    for again in ["COPY f /n", "COPY d /n", "RUN mkdir -p /n", "RUN touch /n"] {
        assert!(!is_last_proved(&format!("RUN sh /mk.sh\n{again}\nCOPY f /n")), "{again}");
    }
    assert!(!is_last_proved("RUN sh /mk.sh\nCOPY --link f /n/\nCOPY f /n/g/"), "what /n holds");
}

#[test]
fn a_path_that_would_have_to_be_escaped_is_not_written() {
    for name in ["a$b", "a b", "a\\b", "a\"b", "a`b"] {
        let lines = format!("RUN mkdir '/opt/{name}' && ln -s '/opt/{name}' /l\nCOPY f /l/x");
        assert_eq!(after_base(&lines)[0].replacement, None, "{name}");
        let json = lines.replace("COPY f /l/x", r#"COPY ["f", "/l/x"]"#);
        assert_eq!(after_base(&json)[0].replacement, None, "{name} in JSON");
    }
    let slash =
        |word: &str| after_base(&format!("RUN mkdir -p /opt/q\nCOPY f {word}"))[0].replacement.clone();
    assert_eq!(slash("/opt/q").as_deref(), Some("COPY --link f /opt/q/"));
    assert_eq!(slash("\"/opt/q\"").as_deref(), Some("COPY --link f \"/opt/q/\""));
    for word in ["/opt/\\q", "/opt/'q'", "\"/opt\"/q"] {
        assert_eq!(slash(word), None, "{word}");
    }
}

#[test]
fn a_source_that_replaces_a_link_sends_the_next_one_elsewhere() {
    // The plain copy fails: `/f` is a file by the time that `d/x` is copied.
    assert_eq!(after_base("RUN ln -s . /f\nCOPY f d/x /f/")[0].replacement, None);
    let one = &after_base("RUN ln -s . /f\nCOPY d/x /f/")[0];
    assert_eq!(one.replacement.as_deref(), Some("COPY --link d/x /"));
}

#[test]
fn a_trigger_does_not_see_the_arguments_of_its_own_build() {
    let lines = |arg: &str| format!("{arg}\nONBUILD COPY --from=caps:1 /cap/f /tmp$D/k");
    // The base has no configuration here, so that its environment may set D.
    assert_eq!(after_base(&lines("ARG D=x"))[0].verdict, Verdict::Unknown);
    assert_eq!(after_base(&lines("ENV D=x"))[0].verdict, Verdict::Link);
}

#[test]
fn an_empty_part_of_an_owner_is_root() {
    for owner in [":", "0:", "root:"] {
        assert!(is_last_proved(&format!("COPY --chown={owner} f /n/k")), "{owner}");
    }
    assert!(is_last_proved("COPY --chown=5:0 f /n/k\nCOPY --chown=5: f /n/l"));
    assert!(!is_last_proved("COPY --chown=5:5 f /n/k\nCOPY --chown=5: f /n/l"));
}

#[test]
fn a_hold_is_not_proved_if_a_later_step_sets_the_path_again() {
    let hold = |later: &str| {
        let site = after_base(&format!("COPY f /srv/k\n{later}")).swap_remove(0);
        assert_eq!(site.verdict, Verdict::Hold, "{later}");
        site.proved
    };
    assert_eq!(hold("RUN true"), Some(true));
    assert_eq!(hold("COPY f /srv/l"), Some(true));
    for later in ["RUN chmod 2775 /srv && chown 0:50 /srv", "COPY --link f /srv/l", "RUN rm -rf /srv"] {
        assert_eq!(hold(later), Some(false), "{later}");
    }
}

#[test]
fn a_context_may_hold_more_than_git_stores() {
    let folder = tempfile::tempdir().unwrap();
    let context = folder.path().join("context");
    for directory in ["d/sub", "r/x", "l1"] {
        fs::create_dir_all(context.join(directory)).unwrap();
    }
    for file in ["f", "d/sub/x", "r/x/z", "l1/x"] {
        fs::write(context.join(file), file).unwrap();
    }
    std::os::unix::fs::symlink("r", context.join("l0")).unwrap();
    let target = std::ffi::OsStr::from_bytes(b"/opt/\xff");
    std::os::unix::fs::symlink(target, context.join("d/away")).unwrap();
    let images = bases::images(folder.path());
    let last =
        |lines: &str| judge(&format!("FROM tiny:1\n{lines}\n"), &context, &images, rule::ALL).pop().unwrap();
    // Go's wildcards do not walk through a link, so that one file matches.
    let wildcard = last("RUN mkdir /opt/q\nCOPY l*/x /opt/q");
    assert_eq!(wildcard.replacement.as_deref(), Some("COPY --link l*/x /opt/q/"));
    assert_ne!(last("COPY d /x\nCOPY f /x/away").proved, Some(true), "the target is not UTF-8");
    assert_eq!(last("COPY d /x\nCOPY f /x/sub/k").proved, Some(true));
    let flags = rustix::fs::XattrFlags::empty();
    if rustix::fs::lsetxattr(context.join("d/sub"), "user.mark", b"x", flags).is_ok() {
        assert_eq!(last("COPY d /x\nCOPY f /x/sub/k").verdict, Verdict::Hold, "it would lose an attribute");
    } else {
        crate::support::left_out("attributes of a context", "the filesystem has none");
    }
}
