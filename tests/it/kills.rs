//! `migrate --write` and `--commit` killed at any moment: each file or branch is old or new, and a second run ends in
//! the same state.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Stdio;
use std::thread::sleep;
use std::time::Duration;

use crate::support::{Base, Scratch, command, files_below, git, linkable, say};

const FILES: usize = 60;
const KILLS: u64 = 20;

/// A repository with one large wave behind the first, which is done; and its plan.
fn prepared() -> Scratch {
    let scratch = Scratch::new();
    scratch.write("layerwright.toml", format!("[waves]\nsizes = [{FILES}]\n"));
    for at in 0..=FILES {
        // Several files a folder: the leftovers of one must not hinder another.
        let folder = format!("s{:02}", at / 3);
        scratch.write(&format!("{folder}/{at}.Dockerfile"), linkable("x")).write(&format!("{folder}/x"), "x");
    }
    scratch.commit("First");
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--write", "--wave", "0"]).done();
    scratch.commit("Wave 0");
    scratch
}

/// The files by their paths from the root.
fn state(scratch: &Scratch) -> BTreeMap<PathBuf, Vec<u8>> {
    let relative = |path: PathBuf| path.strip_prefix(scratch.root()).unwrap().to_owned();
    files_below(scratch.root()).into_iter().map(|(path, bytes)| (relative(path), bytes)).collect()
}

/// Numbers that look random and are the same for the same seed: Knuth's multiplicative congruence.
fn random(seed: u64) -> u64 {
    seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407) >> 33
}

#[test]
fn a_killed_write_is_completed_by_the_next() {
    let undisturbed = prepared();
    let old = state(&undisturbed);
    let started = std::time::Instant::now();
    undisturbed.run(&["migrate", "--write"]).done();
    let whole_run = u64::try_from(started.elapsed().as_micros()).unwrap();
    let new = state(&undisturbed);
    assert_eq!(old.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
    assert_eq!(old.iter().filter(|(path, bytes)| new[*path] != **bytes).count(), FILES);
    let scratch = prepared();
    let (mut between, mut left) = (0, 0);
    for seed in 0..KILLS {
        for (path, bytes) in &old {
            scratch.write(path.to_str().unwrap(), bytes);
        }
        let delay = random(seed) % (whole_run + whole_run / 4);
        let mut child = command(scratch.root());
        let mut child = child.args(["migrate", "--write"]).stderr(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_micros(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        let after = state(&scratch);
        let mut written = 0;
        for (path, bytes) in &after {
            if let (Some(old), Some(new)) = (old.get(path), new.get(path)) {
                assert!(bytes == old || bytes == new, "seed {seed}: {} is neither", path.display());
                written += usize::from(old != new && bytes == new);
            } else {
                let name = path.file_name().unwrap().to_str().unwrap();
                assert!(name.starts_with(".layerwright-"), "seed {seed}: {name} was not there");
                left += 1;
            }
        }
        assert_eq!(after.keys().filter(|path| old.contains_key(*path)).count(), old.len(), "seed {seed}");
        between += usize::from(written > 0 && written < FILES);
        scratch.run(&["migrate", "--write"]).done();
        assert!(state(&scratch) == new, "seed {seed}: a second run ends in the same state");
    }
    say(&format!(
        "{KILLS} kills, seeds 0 to {}: {between} between two writes, {left} temporary files left and cleaned",
        KILLS - 1
    ));
}

#[test]
fn two_writes_at_the_same_time_spoil_nothing() {
    let scratch = prepared();
    let old = state(&scratch);
    let mut both: Vec<_> = (0..2)
        .map(|_| command(scratch.root()).args(["migrate", "--write"]).stderr(Stdio::null()).spawn().unwrap())
        .collect();
    for child in &mut both {
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 2 | 3)), "it is done, or refused by what the other does: {code:?}");
    }
    scratch.run(&["migrate", "--write"]).done();
    let new = state(&scratch);
    assert_eq!(old.keys().collect::<Vec<_>>(), new.keys().collect::<Vec<_>>());
    assert_eq!(old.iter().filter(|(path, bytes)| new[*path] != **bytes).count(), FILES);
}

#[test]
fn what_a_killed_run_left_is_cleaned_and_nothing_else() {
    let scratch = prepared();
    let ours = "s01/.layerwright-a1B2c3.tmp";
    scratch.write(ours, "half a fi");
    scratch.write("s01/.layerwright-notes", "mine").write("s02/.layerwright-x.tmp/kept", "a folder");
    scratch.link("s03/.layerwright-link.tmp", "x");
    let held = scratch.root().join("s04/.layerwright-held00.tmp");
    std::fs::write(&held, "another run writes this").unwrap();
    let lock = std::fs::File::open(&held).unwrap();
    lock.lock().unwrap();
    scratch.run(&["migrate", "--write"]).done();
    assert!(!scratch.root().join(ours).exists(), "it is cleaned");
    assert!(held.exists(), "what another run holds stays");
    assert_eq!(scratch.text("s01/.layerwright-notes"), "mine");
    assert_eq!(scratch.text("s02/.layerwright-x.tmp/kept"), "a folder");
    assert!(scratch.root().join("s03/.layerwright-link.tmp").is_symlink());
    scratch.write("plans/copy-link/.layerwright-a1B2c3.tmp", "half a pl");
    scratch.run(&["plan", "--save"]).done();
    assert!(!scratch.root().join("plans/copy-link/.layerwright-a1B2c3.tmp").exists());
}

const BRANCHES: usize = 100;
const COMMIT_KILLS: u64 = 50;

/// A repository with one large wave behind the first, which is done; its plan; and somebody who commits.
fn prepared_to_commit() -> Scratch {
    let scratch = Scratch::new();
    let mut config = scratch.git.config().unwrap();
    config.set_str("user.name", "Ann").unwrap();
    config.set_str("user.email", "ann@example.com").unwrap();
    scratch.write("layerwright.toml", format!("[waves]\nsizes = [{BRANCHES}]\n"));
    for at in 0..=BRANCHES {
        scratch.write(&format!("s{at:03}/Dockerfile"), linkable("x")).write(&format!("s{at:03}/x"), "x");
    }
    scratch.commit("First");
    scratch.save(&Base::new());
    scratch.run(&["migrate", "--write", "--wave", "0"]).done();
    scratch.commit("Wave 0");
    scratch
}

/// The branches of the campaign with the trees and parents of their commits, which are whole.
fn trees(scratch: &Scratch) -> BTreeMap<String, (git2::Oid, Vec<git2::Oid>)> {
    // A handle of its own knows no packed references from before.
    let repository = git2::Repository::open(scratch.root()).unwrap();
    let mut found = BTreeMap::new();
    for reference in repository.references_glob("refs/heads/layerwright/*").unwrap() {
        let reference = reference.unwrap();
        let commit = reference.peel_to_commit().unwrap();
        let parents = commit.parent_ids().collect();
        for delta in repository
            .diff_tree_to_tree(
                Some(&commit.parent(0).unwrap().tree().unwrap()),
                Some(&commit.tree().unwrap()),
                None,
            )
            .unwrap()
            .deltas()
        {
            repository.find_blob(delta.new_file().id()).unwrap();
        }
        found.insert(reference.name().unwrap().to_owned(), (commit.tree_id(), parents));
    }
    found
}

#[test]
fn killed_commits_are_completed_by_the_next_run() {
    let scratch = prepared_to_commit();
    let started = std::time::Instant::now();
    scratch.run(&["migrate", "--commit"]).done();
    let whole_run = u64::try_from(started.elapsed().as_micros()).unwrap();
    let whole = trees(&scratch);
    assert_eq!(whole.len(), BRANCHES);
    let head = scratch.git.head().unwrap().target().unwrap();
    assert!(whole.values().all(|(_, parents)| *parents == [head]));
    let (mut between, mut locks) = (0, 0);
    for seed in 0..COMMIT_KILLS {
        for folder in ["refs/heads/layerwright", "logs/refs/heads/layerwright"] {
            std::fs::remove_dir_all(scratch.root().join(".git").join(folder)).unwrap();
        }
        let delay = random(seed) % (whole_run + whole_run / 8);
        let mut child = command(scratch.root());
        let mut child = child.args(["migrate", "--commit"]).stdout(Stdio::null()).spawn().unwrap();
        sleep(Duration::from_micros(delay));
        child.kill().unwrap();
        child.wait().unwrap();
        let after = trees(&scratch);
        for (name, commit) in &after {
            assert_eq!(Some(commit), whole.get(name), "seed {seed}: {name} is absent or right");
        }
        between += usize::from(!after.is_empty() && after.len() < BRANCHES);
        let refs = files_below(&scratch.root().join(".git/refs"));
        locks += refs.keys().filter(|path| path.extension().is_some_and(|ending| ending == "lock")).count();
        scratch.run(&["migrate", "--commit"]).done();
        assert_eq!(trees(&scratch), whole, "seed {seed}: a second run ends in the same state");
        let refs = files_below(&scratch.root().join(".git/refs"));
        assert_eq!(refs.len(), BRANCHES + 1, "seed {seed}: no lock stays");
    }
    let checked = git(scratch.root(), &["fsck", "--strict", "--no-dangling"]);
    assert!(checked.status.success(), "{checked:?}");
    assert!(between > 5, "only {between} kills fell between two branches");
    say(&format!(
        "{COMMIT_KILLS} kills, seeds 0 to {}: {between} between two branches, {locks} locks left and cleared",
        COMMIT_KILLS - 1
    ));
}

#[test]
fn two_commits_at_the_same_time_spoil_nothing() {
    let scratch = prepared_to_commit();
    let start = || {
        let mut command = command(scratch.root());
        command.args(["migrate", "--commit"]).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap()
    };
    for child in &mut [start(), start()] {
        let code = child.wait().unwrap().code();
        assert!(matches!(code, Some(0 | 3)), "it is done, or refused because of the other: {code:?}");
    }
    scratch.run(&["migrate", "--commit"]).done();
    assert_eq!(trees(&scratch).len(), BRANCHES);
}

/// A `docker` that has a builder, and whose builds do not end, or fail at once.
const DOCKER: &str = r#"#!/bin/sh
case "$*" in
    *"buildx version"*) echo "github.com/docker/buildx v0.29.1 0" ;;
    *"buildx inspect"*) printf 'Name: b\nDriver: docker-container\nStatus: running\nBuildKit version: v0.25.1\n' ;;
    *build*)
        [ "$BUILDS" = end ] && exit 1
        echo $$ >"$PIDS/new" && mv "$PIDS/new" "$PIDS/client"
        exec sleep 600
        ;;
esac
"#;

#[test]
fn a_killed_verify_leaves_no_client_and_its_folders_are_removed_by_the_next() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("x")), ("a/x", "")]);
    scratch.save(&Base::new());
    let (bin, folders) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let docker = bin.path().join("docker");
    std::fs::write(&docker, DOCKER).unwrap();
    std::fs::set_permissions(&docker, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    let path = format!("{}:{}", bin.path().display(), std::env::var("PATH").unwrap());
    let verify = |builds: &str| {
        let mut verify = command(scratch.root());
        verify.args(["verify", "a/Dockerfile"]).env("PATH", &path).env("TMPDIR", folders.path());
        verify.env("PIDS", bin.path()).env("BUILDS", builds).stdout(Stdio::null()).stderr(Stdio::null());
        verify
    };
    let folders = || std::fs::read_dir(folders.path()).unwrap().count();
    // A minute is enough on any machine.
    let within_a_minute = |done: &dyn Fn() -> bool| {
        (0..600).any(|_| {
            sleep(Duration::from_millis(100));
            done()
        })
    };
    let mut killed = verify("go on").spawn().unwrap();
    let client = bin.path().join("client");
    assert!(within_a_minute(&|| client.exists()), "no build began");
    killed.kill().unwrap();
    killed.wait().unwrap();
    assert!(folders() > 0);
    let client: i32 = std::fs::read_to_string(client).unwrap().trim().parse().unwrap();
    let client = rustix::process::Pid::from_raw(client).unwrap();
    let is_gone = || rustix::process::test_kill_process(client).is_err();
    assert!(within_a_minute(&is_gone), "the client outlives the run");
    verify("end").status().unwrap();
    assert_eq!(folders(), 0);
}
