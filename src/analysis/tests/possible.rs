//! Directories that a command may have made.

use super::*;

/// Returns the verdict of the last instruction of a Dockerfile on `base`, and whether it is proved.
fn last_after(run: &str, rest: &str) -> (Verdict, Option<bool>) {
    let folder = folder(&["f", "d/a/x", "e/a"]);
    let context = FolderContext::new(folder.path()).expect("it has no ignore file");
    let text = format!("FROM base\nRUN {run}\n{rest}\n");
    let site = judged(tree(), &text, &context, rule::ALL).pop().expect("there is a site");
    (site.verdict, site.proved())
}

const LINK: (Verdict, Option<bool>) = (Verdict::Link, Some(true));
const EDIT: (Verdict, Option<bool>) = (Verdict::Edit, Some(true));
const HOLD: (Verdict, Option<bool>) = (Verdict::Hold, Some(true));
const UNKNOWN: (Verdict, Option<bool>) = (Verdict::Unknown, None);

#[test]
fn a_parent_directory_may_be_there_or_not() {
    for run in [
        "[ -d /opt/a ] || mkdir -p /opt/a",
        "mkdir /opt/a || true",
        "mkdir -p /opt/a; true",
        "if [ -n \"$X\" ]; then mkdir -p /opt/a/b/c; fi",
        "for x in a b; do mkdir -p /opt/$x; done",
        "case $X in a) mkdir /opt/a ;; b) mkdir /opt/b ;; esac",
        "while read x; do mkdir -p /opt/a; done",
        "env A=b mkdir -p /opt/a || true",
        "sh -c 'mkdir -p /opt/a' || true",
        "mkdir -p /opt/a || mkdir -p /opt/a/b",
    ] {
        assert_eq!(last_after(run, "COPY f /opt/a/"), LINK, "{run}");
        assert_eq!(last_after(run, "COPY f /opt/a/k"), LINK, "{run}");
        assert_eq!(last_after(run, "COPY d /opt/a"), LINK, "{run}");
        assert_eq!(last_after(run, "COPY --chown=0:0 f /opt/n/k"), LINK, "{run}");
    }
}

#[test]
fn a_destination_that_is_a_directory_or_absent_means_two_things() {
    let run = "mkdir -p /opt/a || true";
    assert_eq!(last_after(run, "COPY f /opt/a"), UNKNOWN, "the file, or a file in it");
    assert_eq!(last_after(run, "COPY f f /opt/a/"), LINK);
    // What is known afterwards.
    assert_eq!(last_after(run, "COPY f /opt/a/k\nCOPY f /opt/a"), EDIT, "it is a directory now");
    assert_eq!(last_after(run, "RUN mkdir -p /opt/a/b\nCOPY f /opt/a"), EDIT);
    assert_eq!(last_after(run, "WORKDIR /opt/a\nCOPY f ../a"), EDIT);
    assert_eq!(last_after(run, "RUN rm -rf /opt/a\nCOPY f /opt/a"), LINK, "it is gone");
    assert_eq!(last_after("mkdir -p /opt/a/b || true", "COPY f /opt/a/k\nCOPY f /opt/a/b"), UNKNOWN);
    assert_eq!(last_after("mkdir -p /opt/a/b || true", "COPY f /opt/a/k\nCOPY f /opt/a/b/"), LINK);
}

#[test]
fn both_possibilities_must_pass_the_other_rules() {
    for (run, rest, verdict) in [
        ("mkdir -m 700 /opt/a || true", "COPY f /opt/a/k", UNKNOWN),
        ("mkdir -p /n || true", "COPY --chown=1000:1000 f /n/k", UNKNOWN),
        ("mkdir -p /tmp/a || true", "COPY f /tmp/a/k", HOLD),
        ("mkdir -p /xd/a || true", "COPY f /xd/a/k", HOLD),
        ("chmod 2755 /opt; mkdir -p /opt/a; true", "RUN chmod 755 /opt\nCOPY f /opt/a/k", UNKNOWN),
        ("mkdir -p /opt/a || true", "RUN chmod 2755 /opt\nCOPY f /opt/a/k", HOLD),
        ("mkdir -p /opt/a || true", "RUN chmod 700 /opt/a || true\nCOPY f /opt/a/k", UNKNOWN),
        ("mkdir -p /opt/a || true", "RUN chmod -R 700 /opt\nCOPY f /opt/a/k", HOLD),
        ("mkdir -p /opt/a || true", "RUN chmod -R 700 /opt && chmod 755 /opt\nCOPY f /opt/a/k", UNKNOWN),
        ("mkdir -p /opt/a || true", "RUN chown -R 5:5 / && chown 0:0 / /opt\nCOPY f /opt/a/k", UNKNOWN),
        ("mkdir -p /opt/a || true", "RUN rm -rf /opt/*\nCOPY f /opt/a/k", UNKNOWN),
        ("--mount=type=cache,target=/x/c mkdir -p /x/y || true", "COPY f /x", UNKNOWN),
        (
            "--mount=type=cache,target=/x/c mkdir -p /x/c/y || true",
            "COPY f /x/k",
            (Verdict::Link, Some(false)),
        ),
        ("mkdir -p /opt/a || true", "COPY d /opt", LINK),
        // It builds today, so the file meets no directory.
        ("mkdir -p /opt/a || true", "COPY e /opt", LINK),
        ("mkdir -p /bin/a || true", "COPY f /bin/a/k", UNKNOWN),
    ] {
        assert_eq!(last_after(run, rest).0, verdict.0, "{run}: {rest}");
    }
    let by_user = "true\nUSER 1000:1000\nRUN mkdir -p /n || true\nUSER root";
    assert_eq!(last_after(by_user, "COPY f /n/k"), UNKNOWN);
    assert_eq!(last_after(by_user, "COPY --chown=1000:1000 f /n/k"), LINK);
}

#[test]
fn what_may_be_another_command_or_run_at_another_time_is_not_known() {
    for run in [
        "mkdir -p /opt/a & wait",
        "PATH=/x mkdir -p /opt/a || true",
        "echo x | xargs mkdir -p /opt/a || true",
        ". ./env; mkdir -p /opt/a || true",
        "umask 077; mkdir -p /opt/a || true",
        "sudo -u app mkdir -p /opt/a || true",
        "trap 'mkdir -p /opt/a' EXIT",
        "f() { mkdir -p /opt/a; }; f",
        "install -d /opt/a || true",
    ] {
        assert_eq!(last_after(run, "COPY f /opt/a/k"), UNKNOWN, "{run}");
    }
}

#[test]
fn a_mkdir_whose_parent_is_missing_makes_nothing() {
    assert_eq!(last_after("mkdir /missing/n || true", "COPY f /missing/n"), LINK);
    assert_eq!(last_after("mkdir -p /missing/n || true", "COPY f /missing/n"), UNKNOWN);
    assert_eq!(
        last_after("mkdir -p /missing || true; mkdir /missing/n || true", "COPY f /missing/n"),
        UNKNOWN
    );
    assert_ne!(last_after("make; mkdir /missing/n || true", "COPY f /missing/n"), LINK);
}
