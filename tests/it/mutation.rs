//! Each rule is needed: without it, a build that differs or fails counts as a proved link.
//!
//! What a plain copy reads of the filesystem below it is the model's list R1 to R7; [`COVERS`] says which rules
//! answer for which of them.

use std::path::Path;

use layerwright::analysis::Verdict;
use layerwright::analysis::rule::{self, Rule, RuleId};
use layerwright::campaign::plan::file::Site;
use layerwright::images::file::FileSource;
use rayon::prelude::*;

use crate::bases;
use crate::cases::{self, Case, Kind, judge};
use crate::support::left_out;

/// What a plain copy reads, and the rules that answer for it.
const COVERS: [(&str, &[&str]); 7] = [
    ("R1: symbolic links on the way and at the destination", &["symlink-ancestor", "symlink-destination"]),
    (
        "R2: ancestors that exist keep what they have",
        &["ancestor-mode", "ancestor-owner", "ancestor-xattrs", "chown-ancestors"],
    ),
    ("R3: a directory at an unslashed destination", &["directory-destination"]),
    ("R4: the type of what is at a copied path", &["type-conflict"]),
    ("R5: accounts", &["named-chown"]),
    ("R6: setgid of an existing parent", &["ancestor-mode", "ancestor-owner"]),
    ("R7: what an archive finds below it", &["archive-hard-link", "archive-implied-parents"]),
];

/// Each rule with the cases that come out wrong without it.
const CAUGHT: [(&str, &[&str]); 13] = [
    (
        "ancestor-mode",
        &[
            "025-parent-tmp-dirslash",
            "027-parent-tmp-dir-contents",
            "028-parent-tmp-subdir",
            "029-parent-root-0700",
            "030-parent-root-0700-nested",
            "116-chmod-empty-var",
            "127-add-tar-tmp",
            "128-add-tar-tmp-noslash",
            "135-add-tar-dotentry-mode",
            "149-add-url-tmp",
            "195-seq-dir-mode-from-prev-copy",
            "221-deb-run-lock",
            "239-chown-same-owner-mode-0750-topdir",
            "277-add-git-like-dir-to-existing",
            "285-root-owned-existing-chown-zero-tmp",
        ],
    ),
    (
        "ancestor-owner",
        &[
            "046-workdir-user-owned",
            "189-seq-chown-then-rootfile",
            "191-seq-only-second-linked",
            "199-user-workdir-then-run-writes",
            "268-base-config-user-workdir",
            "306-linked-chown-before",
        ],
    ),
    ("ancestor-xattrs", &["176-xattr-existing-subdir"]),
    ("archive-hard-link", &["141-add-tar-hardlink-to-base-file"]),
    ("archive-implied-parents", &["131-add-tar-root-through-symlink-nodirent"]),
    (
        "chown-ancestors",
        &[
            "037-parent-normal-0755-chown",
            "139-add-tar-chown",
            "201-user-before-numeric-gid-mismatch",
            "236-chown-opt-app-numeric",
            "238-chown-var-www-html",
            "271-workdir-user-under-opt-chown",
            "300-scratch-chown-under-shared-dir",
        ],
    ),
    (
        "delayed-directories",
        &[
            "118-parents-flag-new",
            "120-parents-flag-root",
            "121-parents-flag-existing-0700",
            "267-exclude-negation-existing-owned",
        ],
    ),
    (
        "directory-destination",
        &[
            "026-parent-tmp-noslash",
            "060-amb-file-to-existing-dir-noslash",
            "070-amb-wild-one-noslash-existing-dir",
            "086-amb-heredoc-existing-dir",
            "148-add-url-existing-dir-noslash",
            "187-scratch-file-noslash-then-dir",
            "225-amb-two-src-noslash-existing-dir",
        ],
    ),
    (
        "named-chown",
        &[
            "097-chown-name-existing-user",
            "098-chown-name-group",
            "099-chown-uid-namedgroup",
            "100-chown-named-uid-numericgroup",
            "101-chown-name-variable",
            "107-chown-name-add",
            "109-chown-name-on-scratch",
        ],
    ),
    (
        "symlink-ancestor",
        &[
            "001-symlink-base-bin-file",
            "005-symlink-base-var-lock-deep",
            "007-symlink-run-ln-dir",
            "009-symlink-run-ln-dir-slash",
            "015-symlink-from-earlier-copy-only-2nd",
            "016-symlink-workdir",
            "017-symlink-workdir-under-bin",
            "185-scratch-rootfs-symlink",
            "220-deb-lib64",
            "255-add-dir-to-bin",
            "256-add-tar-to-bin",
            "258-wild-symlink-dest-noslash",
            "260-sbin-dest",
            "279-dir-over-symlink-to-dir-noslash",
            "301-symlink-base-bin-then-run",
        ],
    ),
    (
        "symlink-destination",
        &[
            "008-symlink-run-ln-dir-noslash",
            "010-symlink-dangling-dest",
            "011-symlink-dest-is-symlink-to-file",
            "278-etc-init-symlink-file",
        ],
    ),
    (
        "type-conflict",
        &[
            "021-symlink-source-dir-overwrites-base-symlink",
            "065-amb-dir-to-existing-file-slash",
            "066-amb-parent-is-file",
            "130-add-tar-into-existing-file",
            "229-amb-mixed-file-dir-noslash-new",
        ],
    ),
    ("unknown-filesystem", &["045-parent-xattr"]),
];

/// Rules that no case needs, each with a text whose last line it alone keeps from a proved link.
const OWN: [(&str, &str); 3] = [
    // The flag would be written and do nothing: the images are the same, and nothing is gained. The cases with
    // --chmod are therefore all of kind `same`.
    ("chmod-disables-link", "FROM tiny:1\nCOPY --chmod=755 f /opt/f\n"),
    // `$WHERE` may be /tmp. Each case was built, so it knows where its lines went.
    ("unknown-destination", "ARG WHERE\nFROM tiny:1\nARG WHERE\nCOPY f $WHERE/f\n"),
    // No builder for Windows ran the cases; BuildKit's snapshotter there cannot merge. With `--platform`, the image that was
    // read would not count either.
    ("windows", "FROM tiny-windows-amd64:1\nCOPY f /opt/f\n"),
];

/// The rules but one.
pub fn without(id: RuleId) -> Vec<&'static Rule> {
    rule::ALL.iter().copied().filter(|rule| rule.id() != id).collect()
}

#[test]
fn each_rule_catches_what_no_other_does() {
    let Some(folder) = cases::folder() else {
        return left_out("the cases", "LAYERWRIGHT_SHARED names no folder with `cases`");
    };
    let work = tempfile::tempdir().unwrap();
    let images = bases::images(work.path());
    let cases: Vec<Case> =
        cases::all(&folder).par_iter().filter_map(|case| Case::read(case, work.path())).collect();
    let wrong = |case: &Case, rules: &[&'static Rule]| {
        case.expected.kind != Kind::Same
            && case.judge(&images, rules).contradiction(&mut Vec::new()).is_some()
    };
    for rule in rule::ALL.iter().filter(|rule| rule.check.is_some()) {
        let rules = without(rule.id());
        let found: Vec<&str> =
            cases.par_iter().filter(|case| wrong(case, &rules)).map(|case| case.name.as_str()).collect();
        let expected = CAUGHT.iter().find(|(id, _)| *id == rule.name).map_or(&[][..], |(_, all)| all);
        assert_eq!(found, expected, "cases that come out wrong without {}", rule.name);
    }
}

fn last_is_proved(text: &str, folder: &Path, images: &FileSource, rules: &[&'static Rule]) -> bool {
    let sites: Vec<Site> = judge(text, folder, images, rules);
    sites.last().is_some_and(|site| site.verdict == Verdict::Link && site.proved == Some(true))
}

#[test]
fn rules_without_a_case_are_needed_too() {
    let work = tempfile::tempdir().unwrap();
    let images = bases::images(work.path());
    let context = work.path().join("context");
    std::fs::create_dir(&context).unwrap();
    std::fs::write(context.join("f"), "f").unwrap();
    for (id, text) in OWN {
        let id = RuleId::find(id).unwrap();
        assert!(!last_is_proved(text, &context, &images, rule::ALL), "{id} does not stop {text}");
        assert!(last_is_proved(text, &context, &images, &without(id)), "{id} is not alone with {text}");
    }
}

#[test]
fn all_that_a_plain_copy_reads_is_covered() {
    let caught = |id: &&str| CAUGHT.iter().any(|(rule, cases)| rule == id && !cases.is_empty());
    for (read, rules) in COVERS {
        assert!(rules.iter().all(caught), "{read}: one of {rules:?} catches nothing");
    }
    for rule in rule::ALL.iter().filter(|rule| rule.check.is_some()) {
        let id = rule.name;
        assert!(caught(&id) || OWN.iter().any(|(own, _)| *own == id), "{id} has neither case nor text");
    }
}

/// R6: what a case's line makes in a directory with setgid takes the group and the bit, which a line after it must
/// find there. The paths and modes are those that the builds of the cases showed.
#[test]
fn a_line_finds_the_setgid_that_the_one_before_it_inherited() {
    let work = tempfile::tempdir().unwrap();
    let images = bases::images(work.path());
    let context = work.path().join("context");
    std::fs::create_dir_all(context.join("d")).unwrap();
    std::fs::write(context.join("f"), "f").unwrap();
    std::fs::write(context.join("d/x"), "x").unwrap();
    for (case, text, above, made) in [
        ("035-parent-setgid-srv-newdir", "FROM tiny:1\nCOPY f /srv/n/f\n", "/srv", "/srv/n"),
        (
            "286-setgid-parent-0755-new-child",
            "FROM tiny:1\nRUN mkdir /opt/g && chgrp 50 /opt/g && chmod 2755 /opt/g\nCOPY d /opt/g/n/\n",
            "/opt/g",
            "/opt/g/n",
        ),
    ] {
        let reasons = |text: &str| -> Vec<(String, String)> {
            let last = judge(text, &context, &images, rule::ALL).pop().unwrap();
            last.reasons.into_iter().map(|reason| (reason.rule.to_string(), reason.path)).collect()
        };
        let has =
            |text: &str, rule: &str, path: &str| reasons(text).contains(&(rule.to_owned(), path.to_owned()));
        let next = format!("{text}COPY f {made}/next\n");
        for rule in ["ancestor-mode", "ancestor-owner"] {
            assert!(has(text, rule, above), "{case}: {:?}", reasons(text));
            assert!(has(&next, rule, made), "{case}: {:?}", reasons(&next));
        }
    }
}
