//! `revert`: what was linked is restored where it still stands, and everything else stays byte for byte.

use std::fs;

use crate::support::{Base, Run, Scratch, git};

const HEADER: &str = "# syntax=docker/dockerfile:1\n\n";

/// A repository whose only Dockerfile has these bytes and was linked and committed, and the plan that did it.
fn migrated(text: &str) -> Scratch {
    let scratch = Scratch::new();
    let mut config = scratch.git.config().unwrap();
    config.set_str("user.name", "Ann").unwrap();
    config.set_str("user.email", "ann@example.com").unwrap();
    scratch.write("Dockerfile", text).write("x", "x").write("y", "y");
    scratch.commit("First");
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--write"]).done();
    assert!(scratch.text("Dockerfile").contains("--link"), "{}", scratch.text("Dockerfile"));
    scratch.commit("Link");
    scratch
}

/// Puts another text in the place of the linked one, commits it and reverts it in the working tree.
fn reverted(scratch: &Scratch, text: &str) -> Run {
    scratch.write("Dockerfile", text).commit("By hand");
    scratch.run(&["revert", "Dockerfile", "--write"])
}

const TWO: &str = "FROM base:1\nRUN one\nCOPY x /srv/x\nRUN two\nADD y /usr/local/bin\nCMD [\"x\"]\n";

#[test]
fn an_unchanged_file_is_restored_byte_for_byte() {
    for text in [
        TWO,
        "FROM base:1\r\nCOPY x \\\r\n  # why\r\n  /srv/x\r\nRUN a\r\n",
        "\u{feff}FROM base:1\nCOPY x /srv/x",
        "#!/usr/bin/env x\nFROM base:1\n\nCOPY   x\t/srv/x   \n\n\n",
        "# escape=`\nFROM base:1\nadd x `\n /srv/x\n",
        "#syntax = docker/dockerfile:1.3 \nFROM base:1\nCOPY --chown=root:root x /srv/x\n",
        "# syntax=docker/dockerfile:1.7\nFROM base:1\nCOPY [\"x\", \"/usr/local/bin\"]\n",
        "\nFROM base:1\nCOPY <<A <<B /srv/\nCOPY x /srv/x\nA\nb\nB\nCOPY x /srv/y\nCOPY x /srv/y\n",
        "FROM base:1\nONBUILD RUN a\nCOPY x /bin/x\nCOPY y /srv/y\n",
    ] {
        let scratch = migrated(text);
        let run = scratch.run(&["revert", "--wave", "0", "--write"]).done();
        assert_eq!(scratch.text("Dockerfile"), text, "{run:?}");
        assert!(run.stderr.contains("restored"), "{run:?}");
        scratch.commit("Revert");
        let again = scratch.run(&["revert", "Dockerfile", "--write"]).done();
        assert!(again.stderr.contains("nothing to do"), "{again:?}");
        assert_eq!(scratch.text("Dockerfile"), text);
    }
}

#[test]
fn the_diff_is_what_git_applies_and_writes_nothing() {
    let scratch = migrated(TWO);
    let linked = scratch.text("Dockerfile");
    let shown = scratch.run(&["revert", "Dockerfile"]).done().stdout;
    assert_eq!(scratch.text("Dockerfile"), linked);
    let patch = tempfile::NamedTempFile::new().unwrap();
    fs::write(patch.path(), &shown).unwrap();
    let applied = git(scratch.root(), &["apply", patch.path().to_str().unwrap()]);
    assert!(applied.status.success(), "{shown}\n{}", String::from_utf8_lossy(&applied.stderr));
    assert_eq!(scratch.text("Dockerfile"), TWO);
}

#[test]
fn what_people_changed_elsewhere_stays() {
    let scratch = migrated(TWO);
    let text = scratch.text("Dockerfile");
    let changed =
        text.replace("RUN one", "# a note\nRUN three").replace("CMD [\"x\"]\n", "COPY y /z\nUSER 1")
            + "\nCOPY --link x /theirs";
    // The header stays, because a line that somebody added needs it.
    reverted(&scratch, &changed).done();
    assert_eq!(
        scratch.text("Dockerfile"),
        format!(
            "{HEADER}FROM base:1\n# a note\nRUN three\nCOPY x /srv/x\nRUN two\nADD y /usr/local/bin\n\
             COPY y /z\nUSER 1\nCOPY --link x /theirs"
        )
    );
}

#[test]
fn a_line_that_somebody_changed_is_told_and_left() {
    let scratch = migrated(TWO);
    let changed = scratch.text("Dockerfile").replace("COPY --link x /srv/x", "COPY --link x /srv/other");
    let run = reverted(&scratch, &changed);
    run.refused(&[
        "Dockerfile: line 3 of the plan has changed since and is not touched",
        "1 line changed since the migration",
    ]);
    let left = format!("{HEADER}{}", TWO.replace("COPY x /srv/x", "COPY --link x /srv/other"));
    assert_eq!(scratch.text("Dockerfile"), left, "the other line is restored, the header is still needed");
    // A line that somebody restored is done, and so is the header that nothing needs.
    let scratch = migrated(TWO);
    let by_hand = scratch.text("Dockerfile").replace("COPY --link x /srv/x", "COPY x /srv/x");
    reverted(&scratch, &by_hand).done();
    assert_eq!(scratch.text("Dockerfile"), TWO);
    // A line that is gone is changed too, and there is nothing to write.
    let scratch = migrated("FROM base:1\nCOPY x /srv/x\n");
    reverted(&scratch, "FROM base:1\nRUN other\n").refused(&["line 2 of the plan", "nothing to do"]);
    assert_eq!(scratch.text("Dockerfile"), "FROM base:1\nRUN other\n");
}

#[test]
fn a_line_that_has_become_a_part_of_something_else_is_left() {
    let scratch = migrated("FROM base:1\nRUN one\nCOPY x /srv/x\n");
    let linked = scratch.text("Dockerfile");
    for changed in [
        linked.replace("RUN one\n", "RUN one \\\n"),
        linked.replace("RUN one\n", "RUN <<E\n") + "E\n",
        linked.replace("/srv/x\n", "/srv/x\\\n/more\n"),
        linked.replace("RUN one\n", "# escape=`\nRUN one\n").replace("/srv/x\n", "/srv/x \\\n  /more\n"),
    ] {
        reverted(&scratch, &changed).refused(&["line 3 of the plan has changed since"]);
        assert!(scratch.text("Dockerfile").contains("COPY --link x /srv/x"), "{changed}");
    }
}

#[test]
fn the_header_goes_only_if_it_is_ours_and_nothing_needs_it() {
    let text = "FROM base:1\nCOPY x /srv/x\n";
    let linked = format!("{HEADER}FROM base:1\nCOPY --link x /srv/x\n");
    for (changed, after) in [
        // A feature that is younger than what the file had.
        (format!("{linked}RUN <<E\nE\n"), format!("{HEADER}{text}RUN <<E\nE\n")),
        (
            format!("{linked}RUN --mount=type=cache,target=/c a\n"),
            format!("{HEADER}{text}RUN --mount=type=cache,target=/c a\n"),
        ),
        // Somebody raised or pinned it.
        (linked.replace(":1\n", ":1.9\n"), format!("{HEADER}{text}").replace(":1\n\n", ":1.9\n\n")),
        // Somebody put a directive below it, which needs 1.8; and an older one.
        (
            linked.replacen("\n\n", "\n# check=skip=all\n\n", 1),
            format!("{HEADER}{text}").replacen("\n\n", "\n# check=skip=all\n\n", 1),
        ),
        (linked.replacen("\n\n", "\n# escape=`\n\n", 1), format!("# escape=`\n\n{text}")),
        // Somebody wrote a comment below it, or took the blank line away.
        (linked.replacen("\n\n", "\n# note\n", 1), format!("# note\n{text}")),
        (linked.replacen("\n\n", "\n", 1), text.to_owned()),
        (linked.replacen("\n\n", "\n\n# note\n", 1), format!("# note\n{text}")),
    ] {
        // The base's tag is no part of this.
        let changed = changed.replace("base:1.9", "base:1");
        let after = after.replace("base:1.9", "base:1");
        let scratch = migrated(text);
        reverted(&scratch, &changed).done();
        assert_eq!(scratch.text("Dockerfile"), after, "{changed}");
    }
    let old = "# syntax=docker/dockerfile:1.2\nFROM base:1\nCOPY x /srv/x\n";
    let mount = "RUN --mount=type=cache,target=/c a\n";
    for (more, kept) in [(mount, "1.2"), ("RUN <<E\nE\n", "1")] {
        let scratch = migrated(old);
        let changed = scratch.text("Dockerfile") + more;
        reverted(&scratch, &changed).done();
        assert_eq!(scratch.text("Dockerfile"), old.replace("1.2", kept) + more);
    }
}

#[test]
fn a_branch_is_made_of_a_revert_too() {
    let scratch = migrated(TWO);
    let head = scratch.git.head().unwrap().target();
    let run = scratch.run(&["revert", "Dockerfile", "--commit"]).done();
    let name = run.stdout.split(' ').next().unwrap();
    assert!(name.starts_with("layerwright/copy-link/revert-Dockerfile-"), "{run:?}");
    let shown = git(scratch.root(), &["show", &format!("{name}:Dockerfile")]).stdout;
    assert_eq!(String::from_utf8(shown).unwrap(), TWO);
    let message = String::from_utf8(git(scratch.root(), &["log", "-1", "--format=%B", name]).stdout).unwrap();
    assert!(
        message.starts_with("Revert COPY --link in Dockerfile\n\nRestores 2 lines: 3, 5.\n"),
        "{message}"
    );
    assert_eq!(scratch.git.head().unwrap().target(), head);
    assert!(scratch.changed().is_empty());
    assert!(scratch.run(&["revert", "Dockerfile", "--commit"]).done().stdout.contains(" same Dockerfile"));
    assert!(git(scratch.root(), &["fsck", "--strict"]).status.success());
}

#[test]
fn what_can_not_be_reverted_is_told() {
    let scratch = migrated(TWO);
    scratch.run(&["revert"]).failed(&["--wave", "FILE"]);
    scratch.run(&["revert", "no/Dockerfile"]).failed(&["the plan has no file no/Dockerfile"]);
    scratch.run(&["revert", "--wave", "3"]).failed(&["no wave 3"]);
    let linked = scratch.text("Dockerfile");
    scratch.write("Dockerfile", format!("{linked}# mine\n"));
    scratch.run(&["revert", "Dockerfile", "--write"]).refused(&["Dockerfile has uncommitted changes"]);
    assert_eq!(scratch.text("Dockerfile"), format!("{linked}# mine\n"));
    reverted(&scratch, &format!("{linked}COPI x\n"))
        .refused(&["BuildKit refuses this file", "fix that first"]);
    reverted(&scratch, &linked).done();
    // A plan that was made behind the migration links nothing; the one before it is in the history, or can be named.
    scratch.write("Dockerfile", &linked).commit("Again");
    fs::copy(scratch.root().join("plans/copy-link/plan.json"), scratch.root().join("old.json")).unwrap();
    scratch.save(&Base::new());
    let shown = scratch.run(&["revert", "Dockerfile"]).done();
    assert!(shown.stdout.contains("\n-COPY --link x /srv/x\n+COPY x /srv/x\n"), "{shown:?}");
    let by_hand = Scratch::with(&[("Dockerfile", "FROM base:1\nCOPY --link x /srv/x\n"), ("x", "")]);
    by_hand.save(&Base::new());
    by_hand.run(&["revert", "Dockerfile"]).refused(&["the plan links no line of Dockerfile", "--plan FILE"]);
    scratch.run(&["revert", "Dockerfile", "--plan", "old.json", "--write"]).done();
    assert_eq!(scratch.text("Dockerfile"), TWO);
    scratch.remove("plans/copy-link/plan.json");
    scratch.run(&["revert", "Dockerfile"]).failed(&["there is no plan", "--plan FILE"]);
    let blob = git2::Oid::hash_object(git2::ObjectType::Blob, TWO.as_bytes()).unwrap().to_string();
    fs::remove_file(scratch.root().join(".git/objects").join(&blob[..2]).join(&blob[2..])).unwrap();
    scratch.run(&["revert", "Dockerfile", "--plan", "old.json"]).failed(&[&blob, "missing"]);
}
