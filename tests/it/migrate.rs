//! `layerwright migrate`: what it shows, what it writes and what it refuses.

use layerwright::git::hash_blob;
use serde_json::{Value, json};

use crate::support::{Base, Run, Scratch, git, linkable, run};

/// A repository whose only Dockerfile has these bytes, and a plan of it.
fn planned(text: impl AsRef<[u8]>) -> (Scratch, Value) {
    let scratch = Scratch::new();
    scratch.write("Dockerfile", text).write("x", "x").write("y", "y");
    scratch.commit("First");
    let plan = scratch.save(&Base::new());
    (scratch, plan)
}

/// What `--write` makes of a Dockerfile.
fn written(text: impl AsRef<[u8]>) -> String {
    let (scratch, _) = planned(text);
    scratch.run(&["migrate", "--write"]).done();
    scratch.text("Dockerfile")
}

const HEADER: &str = "# syntax=docker/dockerfile:1\n\n";

/// Five files, so two waves: one file, three, one.
fn five() -> (Scratch, Base) {
    let scratch = Scratch::new();
    for name in ["a", "b", "c", "d", "e"] {
        scratch.write(&format!("{name}/Dockerfile"), linkable(name)).write(&format!("{name}/{name}"), name);
    }
    scratch.commit("First");
    (scratch, Base::new())
}

/// The words of a text.
fn words(text: &str) -> Vec<&str> {
    text.split([' ', '\n']).collect()
}

#[test]
fn the_diff_is_what_git_applies_and_what_is_written() {
    let text =
        "FROM base:1\n# why\nCOPY x \\\n  # inside\n  /srv/x\nRUN y\nCOPY y /usr/local/bin\nCMD [\"x\"]\n";
    let (scratch, _) = planned(text);
    let shown = scratch.run(&["migrate"]).done().stdout;
    assert_eq!(scratch.run(&["migrate", "--diff"]).done().stdout, shown);
    assert_eq!(scratch.text("Dockerfile"), text, "--diff writes nothing");
    let patch = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(patch.path(), &shown).unwrap();
    let applied = git(scratch.root(), &["apply", "--verbose", patch.path().to_str().unwrap()]);
    assert!(applied.status.success(), "{shown}\n{}", String::from_utf8_lossy(&applied.stderr));
    let by_git = scratch.text("Dockerfile");
    scratch.write("Dockerfile", text);
    let said = scratch.run(&["migrate", "--write"]).done();
    assert!(said.stdout.is_empty() && said.stderr.contains("Dockerfile: 2 lines linked"), "{said:?}");
    assert_eq!(scratch.text("Dockerfile"), by_git);
    assert_eq!(
        by_git,
        format!(
            "{HEADER}FROM base:1\n# why\nCOPY --link x \\\n  # inside\n  /srv/x\nRUN y\n\
             COPY --link y /usr/local/bin/\nCMD [\"x\"]\n"
        )
    );
}

#[test]
fn git_applies_the_diff_whatever_the_lines_end_with() {
    let mut texts = vec![
        "FROM base:1\r\nRUN a\r\nCOPY x /srv/x\r\nRUN b\r\n".to_owned(),
        "FROM base:1\nCOPY x /srv/x".to_owned(),
        "FROM base:1\nCOPY x /srv/x\nRUN last".to_owned(),
        "\u{feff}FROM base:1\nCOPY x /srv/x\n".to_owned(),
        "FROM base:1\nRUN one\r\nCOPY x /srv/x\nRUN two\r\n".to_owned(),
    ];
    let far = "RUN something\n".repeat(20);
    texts.push(format!("FROM base:1\nCOPY x /srv/x\n{far}COPY y /srv/y\n{far}"));
    for text in texts {
        let (scratch, _) = planned(&text);
        let shown = scratch.run(&["migrate", "--diff"]).done().stdout;
        let patch = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(patch.path(), &shown).unwrap();
        let applied = git(scratch.root(), &["apply", patch.path().to_str().unwrap()]);
        assert!(applied.status.success(), "{shown:?}\n{}", String::from_utf8_lossy(&applied.stderr));
        let by_git = scratch.text("Dockerfile");
        scratch.write("Dockerfile", &text);
        scratch.run(&["migrate", "--write"]).done();
        assert_eq!(by_git, scratch.text("Dockerfile"));
        assert_eq!(by_git.matches("--link").count(), text.matches("COPY").count(), "{by_git:?}");
    }
}

#[test]
fn exactly_the_planned_words_change() {
    let text = "FROM base:1\nCOPY   x\t/srv/x\ncopy --chown=0:0 [\"x\", \"/srv/q\"]\nCOPY x /root/x\nCOPY <<E /srv/e\n COPY x /srv/x\nE\n";
    let after = written(text);
    assert!(after.starts_with(HEADER));
    let removed: Vec<&str> =
        words(&after[HEADER.len()..]).into_iter().filter(|word| *word != "--link").collect();
    assert_eq!(removed, words(text), "{after}");
    assert_eq!(after.matches("--link").count(), 3, "{after}");
    assert!(
        after.contains("COPY --link   x\t/srv/x\ncopy --link --chown=0:0 [\"x\", \"/srv/q\"]\n"),
        "{after}"
    );
}

#[test]
fn line_endings_marks_the_last_newline_and_the_mode_are_kept() {
    let crlf = written("FROM base:1\r\nCOPY x \\\r\n /srv/x\r\n");
    assert_eq!(crlf, "# syntax=docker/dockerfile:1\r\n\r\nFROM base:1\r\nCOPY --link x \\\r\n /srv/x\r\n");
    assert_eq!(written("FROM base:1\nCOPY x /srv/x"), format!("{HEADER}FROM base:1\nCOPY --link x /srv/x"));
    let mark = "\u{feff}";
    assert_eq!(
        written(format!("{mark}FROM base:1\nCOPY x /srv/x\n")),
        format!("{mark}{HEADER}FROM base:1\nCOPY --link x /srv/x\n")
    );
    let scratch = Scratch::with(&[("Dockerfile", &linkable("x")), ("x", "")]);
    scratch.chmod("Dockerfile", 0o755).commit("Second");
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--write"]).done();
    assert_eq!(scratch.mode("Dockerfile"), 0o755);
    assert_eq!(scratch.changed(), ["Dockerfile", "plans/copy-link/bases.json", "plans/copy-link/plan.json"]);
}

#[test]
fn the_header_is_inserted_raised_or_kept() {
    let linked = "FROM base:1\nCOPY --link x /srv/x\n";
    let plain = "FROM base:1\nCOPY x /srv/x\n";
    for (before, after) in [
        ("", HEADER),
        ("# escape=`\n", "# syntax=docker/dockerfile:1\n# escape=`\n"),
        (
            "#!/usr/bin/env -S docker build .\n",
            "#!/usr/bin/env -S docker build .\n# syntax=docker/dockerfile:1\n\n",
        ),
        ("# a comment\n", "# syntax=docker/dockerfile:1\n\n# a comment\n"),
        ("# syntax=docker/dockerfile:1.3\n", "# syntax=docker/dockerfile:1\n"),
        ("#syntax = docker/dockerfile:1.4\n", "#syntax = docker/dockerfile:1.4\n"),
        (
            "# syntax=docker/dockerfile:1\n# check=skip=all\n",
            "# syntax=docker/dockerfile:1\n# check=skip=all\n",
        ),
        ("# check=skip=all\n", "# syntax=docker/dockerfile:1\n# check=skip=all\n"),
    ] {
        assert_eq!(written(format!("{before}{plain}")), format!("{after}{linked}"), "{before:?}");
    }
    let scratch = Scratch::with(&[
        ("Dockerfile", plain),
        ("x", ""),
        ("layerwright.toml", "[syntax]\nwrite = \"none\"\n"),
    ]);
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--write"]).done();
    assert_eq!(scratch.text("Dockerfile"), linked);
}

#[test]
fn a_header_is_written_where_nothing_is_linked_if_the_configuration_asks_for_it() {
    let scratch = Scratch::new();
    let add = |path: &str, text: &str| scratch.write(path, text);
    add("a/Dockerfile", &linkable("a")).write("a/a", "a");
    add("b/Dockerfile", "FROM base:1\nRUN true\n");
    add("c/Dockerfile", "# syntax=docker/dockerfile:1.2\nFROM base:1\nRUN true\n");
    add("d/Dockerfile", "# generated by make\nFROM base:1\n# DO NOT EDIT\nRUN true\n");
    scratch.commit("First");
    let base = Base::new();
    let edited = |plan: &Value| -> Vec<String> {
        let files = plan["files"].as_array().unwrap().iter().filter(|file| !file["rewritten"].is_null());
        files.map(|file| file["path"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(edited(&scratch.save(&base)), ["a/Dockerfile"], "the default");
    scratch.write("layerwright.toml", "[syntax]\neverywhere = true\n");
    scratch.commit("Ask for headers");
    let plan = scratch.save(&base);
    assert_eq!(edited(&plan), ["a/Dockerfile", "b/Dockerfile"]);
    let waves: Vec<&Value> = plan["files"].as_array().unwrap().iter().map(|file| &file["wave"]).collect();
    assert_eq!(waves, [&json!(0), &json!(1), &Value::Null, &Value::Null], "lines come before headers");
    scratch.commit("Plan");
    let said = scratch.run(&["migrate", "--write", "b/Dockerfile"]).done().stderr;
    assert!(said.contains("b/Dockerfile: the header written"), "{said}");
    assert_eq!(scratch.text("b/Dockerfile"), format!("{HEADER}FROM base:1\nRUN true\n"));
    scratch.commit("Write the header");
    // The file is done: a new plan keeps it in its wave and edits it no more.
    let again = scratch.save(&base);
    assert_eq!(edited(&again), ["a/Dockerfile"]);
    assert_eq!(again["files"][1]["wave"], json!(1));
}

#[test]
fn a_header_that_was_written_alone_is_removed_again() {
    let scratch = Scratch::new();
    let text = "FROM base:1\nRUN true\n";
    scratch.write("Dockerfile", text).write("layerwright.toml", "[syntax]\neverywhere = true\n");
    scratch.commit("First");
    scratch.save(&Base::new());
    scratch.commit("Plan");
    scratch.run(&["migrate", "--write"]).done();
    scratch.commit("Write the header");
    let said = scratch.run(&["revert", "--write", "Dockerfile"]).done().stderr;
    assert!(said.contains("Dockerfile: the header removed"), "{said}");
    assert_eq!(scratch.text("Dockerfile"), text);
}

#[test]
fn a_local_add_becomes_copy_unless_it_is_kept() {
    let text = "FROM base:1\nADD x /srv/x\nadd y /srv/y\n";
    // In another context, x could be an archive.
    assert_eq!(written(text), format!("{HEADER}FROM base:1\nADD --link x /srv/x\nadd --link y /srv/y\n"));
    let files =
        [("Dockerfile", text), ("x", "1"), ("y", "2"), ("compose.yaml", "services: {a: {build: .}}\n")];
    let (scratch, base) = (Scratch::with(&files), Base::new());
    scratch.run(&["migrate", "--write", "--rootfs", &base.argument()]).done();
    assert_eq!(
        scratch.text("Dockerfile"),
        format!("{HEADER}FROM base:1\nCOPY --link x /srv/x\ncopy --link y /srv/y\n")
    );
    let scratch = Scratch::with(&files);
    scratch.run(&["migrate", "--write", "--keep-add", "--rootfs", &base.argument()]).done();
    assert_eq!(
        scratch.text("Dockerfile"),
        format!("{HEADER}FROM base:1\nADD --link x /srv/x\nadd --link y /srv/y\n")
    );
}

#[test]
fn waves_go_out_in_order_and_come_to_an_end() {
    let (scratch, base) = five();
    scratch.save(&base);
    scratch
        .run(&["migrate", "--wave", "2", "--write"])
        .refused(&["wave 0 is not finished", "--ahead-of-waves"]);
    assert_eq!(
        scratch.changed(),
        ["plans/copy-link/bases.json", "plans/copy-link/plan.json"],
        "nothing was written"
    );
    scratch.run(&["migrate", "--wave", "2", "--diff"]).done();
    scratch.run(&["migrate", "--wave", "2", "--write", "--ahead-of-waves"]).done();
    assert!(scratch.text("e/Dockerfile").contains("--link"));
    scratch.run(&["migrate", "--wave", "7"]).failed(&["no wave 7", "its last wave is 2"]);
    let linked = |scratch: &Scratch| {
        let has = |name: &&str| scratch.text(&format!("{name}/Dockerfile")).contains("--link");
        ["a", "b", "c", "d", "e"].into_iter().filter(has).collect::<String>()
    };
    scratch.run(&["migrate", "--write"]).done();
    assert_eq!(linked(&scratch), "ae");
    scratch.run(&["migrate", "--write"]).done();
    assert_eq!(linked(&scratch), "abcde");
    let bytes = scratch.read("a/Dockerfile");
    for arguments in [
        &["migrate", "--write"][..],
        &["migrate"],
        &["migrate", "--wave", "0", "--write"],
        &["migrate", "a/Dockerfile"],
    ] {
        let over = scratch.run(arguments).done();
        assert_eq!(
            over.stderr.contains("nothing to do"),
            arguments != ["migrate", "a/Dockerfile"],
            "{over:?}"
        );
    }
    assert_eq!(scratch.read("a/Dockerfile"), bytes);
    scratch.commit("Link everything");
    let over = scratch.run(&["migrate", "--write"]).done();
    assert!(over.stderr.contains("nothing to do"), "{over:?}");
    scratch.save(&base);
    let over = scratch.run(&["migrate"]).done();
    assert!(over.stdout.is_empty() && over.stderr.contains("nothing to do"), "{over:?}");
}

#[test]
fn files_can_be_named() {
    let (scratch, base) = five();
    scratch.write("f/Dockerfile", "FROM base:1\nCOPY x /root/x\n").write("f/x", "").commit("Second");
    scratch.save(&base);
    scratch.run(&["migrate", "./c/Dockerfile", "--write"]).done();
    assert_eq!(
        scratch.changed(),
        ["c/Dockerfile", "plans/copy-link/bases.json", "plans/copy-link/plan.json"]
    );
    scratch
        .run(&["migrate", "f/Dockerfile"])
        .refused(&["f/Dockerfile has no line to link", "layerwright inspect"]);
    scratch.run(&["migrate", "z/Dockerfile"]).failed(&["no file z/Dockerfile", "repository's root"]);
    scratch.run(&["migrate", "a/Dockerfile", "--wave", "0"]).failed(&["--wave"]);
    let sub = run(&scratch.root().join("a"), &["migrate", "d/Dockerfile", "--write"]).done();
    assert!(sub.stderr.contains("d/Dockerfile: 1 line linked"), "{sub:?}");
}

#[test]
fn a_file_with_changes_is_refused_and_none_is_written() {
    let (scratch, base) = five();
    scratch.write("layerwright.toml", "[waves]\nsizes = [4]\npoc = \"a/Dockerfile\"\n").commit("Second");
    scratch.save(&base);
    scratch.run(&["migrate", "--write"]).done();
    scratch.write("c/Dockerfile", format!("{}# mine\n", linkable("c")));
    scratch.run(&["migrate", "--write"]).refused(&["c/Dockerfile"]);
    // Staged, and then put back in the working tree: the index still differs.
    git(scratch.root(), &["add", "c/Dockerfile"]);
    scratch.write("c/Dockerfile", linkable("c"));
    scratch
        .run(&["migrate", "--write"])
        .refused(&["c/Dockerfile has uncommitted changes", "commit or stash"]);
    assert_eq!(
        scratch.text("b/Dockerfile"),
        linkable("b"),
        "all files are looked at before the first is written"
    );
}

#[test]
fn stale_files_are_told_one_by_one_and_the_others_go() {
    let (scratch, base) = five();
    let plan = scratch.save(&base);
    let planned = plan["files"][1]["blob"].as_str().unwrap();
    scratch
        .write("b/Dockerfile", format!("{}RUN more\n", linkable("b")))
        .remove("d/Dockerfile")
        .commit("Second");
    let now = hash_blob(&scratch.read("b/Dockerfile")).unwrap();
    let change = format!("planned for {}, now {}", &planned[..10], &now.as_str()[..10]);
    for mode in ["--diff", "--write"] {
        let run = scratch.run(&["migrate", "--wave", "1", "--ahead-of-waves", mode]);
        let run =
            run.refused(&["2 files", "b/Dockerfile has changed", &change, "d/Dockerfile", "plan --save"]);
        assert_eq!(run.stderr.matches("plan --save").count(), 1, "{run:?}");
        assert_eq!(run.stdout.contains("+++ b/c/Dockerfile"), mode == "--diff", "{run:?}");
        assert!(!run.stdout.contains("a/b/Dockerfile"), "{run:?}");
    }
    assert!(scratch.text("c/Dockerfile").contains("COPY --link c"));
    assert!(!scratch.text("b/Dockerfile").contains("--link"));
    assert!(!scratch.root().join("d/Dockerfile").exists());
    scratch.save(&base);
    scratch.run(&["migrate", "b/Dockerfile", "--write"]).done();
    assert!(scratch.text("b/Dockerfile").contains("--link"), "the remedy works");
}

#[test]
fn a_stale_or_foreign_plan_is_refused() {
    let (scratch, base) = five();
    let plan = scratch.save(&base);
    scratch.write("a/Dockerfile", format!("{}RUN more\n", linkable("a"))).commit("Second");
    for mode in ["--diff", "--write"] {
        scratch
            .run(&["migrate", mode])
            .refused(&["a/Dockerfile has changed since the plan was made", "plan --save"]);
    }
    let other = Scratch::with(&[("a/Dockerfile", "FROM other\n")]);
    other.write("plans/copy-link/plan.json", plan.to_string());
    let commit = plan["commit"].as_str().unwrap();
    other.run(&["migrate"]).refused(&[commit, "not in this repository", "layerwright plan --save"]);
}

#[test]
fn a_plan_of_another_format_is_not_read() {
    let (scratch, base) = five();
    let plan = scratch.save(&base);
    let with = |change: &dyn Fn(&mut Value)| -> Run {
        let mut plan = plan.clone();
        change(&mut plan);
        scratch.write("other.json", plan.to_string());
        scratch.run(&["migrate", "--write", "--plan", "other.json"])
    };
    with(&|plan| plan["schema"] = json!(2)).failed(&["other.json", "schema 2", "plan again"]);
    with(&|plan| plan["files"][0]["sites"][0]["mood"] = json!("good")).failed(&[
        "other.json",
        "mood",
        "plan again",
    ]);
    with(&|plan| plan["files"][0]["sites"][0]["verdict"] = json!("maybe")).failed(&["maybe"]);
    let reason = json!([{"rule": "ancestor-mood", "path": "/", "message": ""}]);
    with(&|plan| plan["files"][0]["sites"][0]["reasons"] = reason.clone()).failed(&[
        "other.json:1:",
        "unknown rule `ancestor-mood`",
        "plan again",
    ]);
    with(&|plan| drop(plan.as_object_mut().unwrap().remove("waves"))).failed(&["waves"]);
    with(&|plan| plan["waves"][0]["files"][0] = json!("no/Dockerfile")).failed(&["wave 0", "no/Dockerfile"]);
    scratch.run(&["migrate", "--plan", "no.json"]).failed(&["no.json", "cannot be read"]);
    assert_eq!(scratch.text("a/Dockerfile"), linkable("a"));
    with(&|_| ()).done();
    assert!(scratch.text("a/Dockerfile").contains("--link"));
}

#[test]
fn a_replacement_that_says_something_else_is_not_written() {
    let (scratch, base) = five();
    let plan = scratch.save(&base);
    for evil in [
        "COPY --link a /srv/b",
        "COPY --link /etc/passwd /srv/a",
        "COPY --link a /srv/a\nRUN evil",
        "COPY a /srv/a",
    ] {
        let mut changed = plan.clone();
        changed["files"][0]["sites"][0]["replacement"] = json!(evil);
        scratch.write("plans/copy-link/plan.json", changed.to_string());
        let run = scratch.run(&["migrate", "--write"]);
        assert_eq!(run.code, Some(3), "{evil}: {run:?}");
        assert!(run.stderr.contains("a/Dockerfile"), "{evil}: {}", run.stderr);
        assert_eq!(scratch.text("a/Dockerfile"), linkable("a"), "{evil}");
    }
}

#[test]
fn an_accepted_difference_is_written_down_and_honoured() {
    let scratch = Scratch::with(&[("Dockerfile", "FROM base:1\nCOPY x /root/x\n"), ("x", "")]);
    let base = Base::new();
    scratch.run(&["migrate", "--accept", "ancestor-mode:/root"]).failed(&["--reason"]);
    scratch
        .run(&["migrate", "--accept", "no-such:/root", "--reason", "x"])
        .failed(&["no-such", "layerwright explain"]);
    assert_eq!(scratch.changed(), [""; 0]);
    let reason = "only root runs it; \"quoted\"";
    scratch.run(&["migrate", "--accept", "ancestor-mode:/root", "--reason", reason]).done();
    let toml = scratch.text("layerwright.toml");
    scratch.run(&["migrate", "--accept", "ancestor-mode:/root", "--reason", reason]).done();
    assert_eq!(scratch.text("layerwright.toml"), toml, "it is written once");
    let plan = scratch.plan(&["--rootfs", &base.argument()]);
    assert_eq!(
        plan["waivers"],
        json!([{"file": "**", "rule": "ancestor-mode", "path": "/root", "reason": reason}])
    );
    assert_eq!(plan["waves"][0]["files"], json!(["Dockerfile"]));
    scratch.run(&["migrate", "--accept", "ancestor-mode:/tmp", "--reason", "x", "Dockerfile"]).done();
    assert!(scratch.text("layerwright.toml").starts_with(&toml), "what is there stays");
    let plan = scratch.plan(&["--rootfs", &base.argument()]);
    assert_eq!(plan["waivers"][1]["file"], json!("Dockerfile"));
    scratch.commit("Accept");
    scratch.run(&["migrate", "--write", "--rootfs", &base.argument()]).done();
    assert!(scratch.text("Dockerfile").contains("COPY --link x /root/x"));
}

#[test]
fn a_linked_worktree_and_a_folder_without_git_are_written_too() {
    let (scratch, base) = (Scratch::with(&[("Dockerfile", &linkable("x")), ("x", "")]), Base::new());
    let elsewhere = tempfile::tempdir().unwrap();
    let worktree = elsewhere.path().join("tree");
    let added =
        git(scratch.root(), &["worktree", "add", "--quiet", "-b", "other", worktree.to_str().unwrap()]);
    assert!(added.status.success(), "{}", String::from_utf8_lossy(&added.stderr));
    let rootfs = base.argument();
    let plain = elsewhere.path().join("plain");
    std::fs::create_dir(&plain).unwrap();
    std::fs::write(plain.join("Dockerfile"), linkable("x")).unwrap();
    std::fs::write(plain.join("x"), "").unwrap();
    for folder in [&worktree, &plain] {
        run(folder, &["plan", "--save", "--rootfs", &rootfs]).done();
        run(folder, &["migrate", "--write"]).done();
        let after = std::fs::read_to_string(folder.join("Dockerfile")).unwrap();
        assert_eq!(after, format!("{HEADER}FROM base:1\nCOPY --link x /srv/x\n"));
        let again = run(folder, &["migrate", "--write"]).done();
        assert!(again.stderr.contains("nothing to do"), "{again:?}");
    }
    assert_eq!(scratch.text("Dockerfile"), linkable("x"), "the other working tree stays");
}

#[test]
fn a_name_is_taken_as_it_is() {
    let scratch = Scratch::new();
    let names =
        ["my app", "\u{fc}n\u{ef}", "-dash", "q\"uote", "a'b", "back\\slash", "glob[*]", "#hash", "$(x)"];
    for name in names {
        scratch.write(&format!("{name}/Dockerfile"), linkable("x")).write(&format!("{name}/x"), "");
    }
    scratch.write("layerwright.toml", format!("[waves]\nsizes = [{}]\n", names.len())).commit("First");
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--write"]).done();
    scratch.run(&["migrate", "--write"]).done();
    for name in names {
        assert!(scratch.text(&format!("{name}/Dockerfile")).contains("COPY --link x"), "{name}");
    }
    assert_eq!(scratch.changed().len(), names.len() + 2, "and nothing else");
}
