//! Every command that an output suggests is executed, by a shell and in the state that suggested it.

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use layerwright::campaign::evidence::Outcome;

use crate::evidence::{Campaign, differing};
use crate::support::{BINARY, Base, Run, Scratch, git, linkable, run};

/// What ends a command in a sentence.
const ENDS: [&str; 7] = ["`", "; ", ", or", ", and", "  ", "\n", "\r"];

/// The commands that an output suggests. A word in capitals stands for a value that the user knows.
fn suggested(run: &Run) -> BTreeSet<String> {
    let all = format!("{}\n{}", run.stdout, run.stderr);
    let commands = all.match_indices("layerwright ").filter_map(|(at, _)| {
        let before = all[..at].chars().next_back();
        let rest = &all[at..];
        let end = ENDS.iter().filter_map(|end| rest.find(end)).min().unwrap_or(rest.len());
        let command = rest[..end].trim_end_matches('.').trim();
        let is_template = command
            .split([' ', '=', ':'])
            .any(|word| word.len() > 2 && word.chars().all(|c| c.is_ascii_uppercase()));
        (before != Some('/') && !is_template).then(|| command.to_owned())
    });
    commands.collect()
}

/// Executes what an output suggests, and returns the commands.
#[track_caller]
fn follow(scratch: &Scratch, arguments: &[&str]) -> BTreeSet<String> {
    let commands = follow_in(scratch.root(), arguments);
    std::fs::remove_dir_all(scratch.root().join("../proposals-of-a-test")).ok();
    commands
}

/// As [`follow`], in a folder.
#[track_caller]
fn follow_in(folder: &Path, arguments: &[&str]) -> BTreeSet<String> {
    let run = run(folder, arguments);
    let commands = suggested(&run);
    let bin = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(BINARY, bin.path().join("layerwright")).unwrap();
    for command in &commands {
        // Without an engine nothing is built, and without a forge nothing is sent.
        let is = |name: &str| command.split(' ').any(|word| word == name);
        let instead = match () {
            () if is("verify") => " --format github-matrix",
            () if is("report") => " --out ../proposals-of-a-test",
            () => "",
        };
        let followed = Command::new("/bin/sh")
            .args(["-c", &format!("{command}{instead}")])
            .current_dir(folder)
            .env_clear()
            .env("PATH", bin.path())
            .env("HOME", "/nonexistent")
            .output()
            .unwrap();
        let followed = Run::of(followed);
        let reads_no_engine =
            command.contains("--bases engine") && followed.stderr.contains("`docker` cannot be run");
        let fine = matches!(followed.code, Some(0 | 1)) || reads_no_engine;
        assert!(fine, "{arguments:?} suggests `{command}`: {followed:#?}");
    }
    commands
}

/// As [`follow`]; the commands are these.
#[track_caller]
fn suggests(scratch: &Scratch, arguments: &[&str], commands: &[&str]) {
    let expected: BTreeSet<String> = commands.iter().map(|&command| command.to_owned()).collect();
    assert_eq!(follow(scratch, arguments), expected, "{arguments:?}");
}

#[test]
fn what_a_repository_without_a_plan_is_told() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("a")), ("a/a", "")]);
    suggests(&scratch, &["status", "--offline"], &["layerwright plan --save"]);
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("a")), ("a/a", "")]);
    suggests(&scratch, &["verify"], &["layerwright plan --save"]);
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("a")), ("a/a", "")]);
    let told = ["layerwright plan --verbose", "layerwright plan --bases registry"];
    suggests(&scratch, &["plan"], &told);
    let base = Base::new();
    let hold = "FROM base:1\nCOPY a /tmp/\nFROM base:1\nCOPY a /tmp/y\n";
    let scratch = Scratch::with(&[("a/Dockerfile", hold), ("a/a", "")]);
    let all = follow(&scratch, &["plan", "--rootfs", &base.argument()]);
    assert!(all.contains("layerwright explain ancestor-mode"), "{all:?}");
    follow(&scratch, &["inspect", "a/Dockerfile", "--rootfs", &base.argument()]);
    follow(&scratch, &["explain", "ancestor-mod"]);
    // A plan without a wave has no first wave to show.
    let all = follow(&scratch, &["plan", "--save", "--rootfs", &base.argument()]);
    assert!(!all.iter().any(|command| command.contains("--wave")), "{all:?}");
    follow(&scratch, &["migrate", "a/Dockerfile", "--write"]);
}

#[test]
fn what_a_campaign_is_told() {
    let campaign = Campaign::new();
    let scratch = &campaign.scratch;
    scratch.commit("The plan");
    let status = ["status", "--offline"];
    let verify = "layerwright verify --wave 0";
    suggests(scratch, &status, &[verify]);
    git(scratch.root(), &["config", "user.name", "A"]);
    git(scratch.root(), &["config", "user.email", "a@example.com"]);
    suggests(scratch, &["migrate", "--commit"], &["layerwright verify", verify]);
    // From elsewhere, the command says where.
    let elsewhere = tempfile::tempdir().unwrap();
    let root = scratch.root().to_str().unwrap();
    let there = BTreeSet::from([format!("layerwright -C {root} verify --wave 0")]);
    assert_eq!(follow_in(elsewhere.path(), &["-C", root, "status", "--offline"]), there);
    let there = BTreeSet::from([format!("layerwright verify --repository {root} --wave 0")]);
    let arguments = ["status", "--offline", "--repository", root];
    assert_eq!(follow_in(elsewhere.path(), &arguments), there);
    follow_in(elsewhere.path(), &["plan", root]);
    let first = "layerwright migrate --wave 0 --diff";
    assert!(
        follow(scratch, &["plan", "--save"]).is_superset(&BTreeSet::from([first, verify].map(str::to_owned)))
    );
    follow(scratch, &["report", "--out", "../proposals-of-a-test"]);
    let mut contradiction = campaign.same("a/Dockerfile");
    contradiction.outcome = Outcome::Different;
    contradiction.builds[0].outcome = Outcome::Different;
    contradiction.builds[0].differences = differing("").builds.remove(0).differences;
    contradiction.builds[0].differences[0].cause = layerwright::campaign::evidence::Cause::Unexpected;
    campaign.put(&contradiction);
    suggests(scratch, &status, &["layerwright verify a/Dockerfile"]);
    follow(scratch, &["migrate", "--write"]);
    campaign.put(&campaign.same("a/Dockerfile"));
    suggests(scratch, &status, &["layerwright report"]);
    scratch.run(&["migrate", "--write"]).done();
    scratch.commit("Merged");
    suggests(scratch, &status, &["layerwright verify --wave 1"]);
    scratch.write("b/Dockerfile", "FROM other\n").remove("c/Dockerfile").commit("Changed");
    suggests(scratch, &status, &["layerwright plan --save"]);
    follow(scratch, &["migrate", "--wave", "1", "--write"]);
}

#[test]
fn a_name_that_a_shell_would_split_is_quoted() {
    let hostile = "it's $(touch x) & more/Dockerfile";
    let scratch = Scratch::with(&[(hostile, &linkable("a")), ("it's $(touch x) & more/a", "")]);
    scratch
        .write("compose.yaml", "services:\n  a:\n    build: \"it's $$(touch x) & more\"\n")
        .commit("Compose");
    scratch.save(&Base::new());
    scratch.commit("The plan");
    scratch.run(&["migrate", "--write"]).done();
    scratch.commit("Merged");
    scratch.write("z/Dockerfile", linkable("z")).write("z/z", "").commit("More");
    scratch.save(&Base::new());
    for arguments in [&["status", "--offline"][..], &["plan"], &["migrate", "--diff"]] {
        follow(&scratch, arguments);
    }
    assert!(!scratch.root().join("x").exists());
}
