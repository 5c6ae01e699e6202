//! Inputs that are made to cost memory or time, or to meet a defect: each ends nothing but the work on itself. Work is
//! counted where it is done (`budget`); these tests look at what comes out.

mod inputs;

use std::fs;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::support::{BINARY, Base, Scratch, command, linkable};

/// The most memory that a run may use, in bytes of address space. Debug builds and 16 threads need some of it.
const MOST_MEMORY: u64 = 2 << 30;

/// The seconds of processor time after which a run is killed.
const MOST_SECONDS: u64 = 60;

/// Runs the command with bounded memory and time.
fn bounded(scratch: &Scratch, arguments: &[&str]) -> Value {
    let limits = format!("ulimit -v {} -t {MOST_SECONDS}; exec \"$@\"", MOST_MEMORY >> 10);
    let mut bounded = Command::new("sh");
    bounded.args(["-c", &limits, "sh", BINARY]).args(arguments).current_dir(scratch.root());
    bounded.env_clear().env("HOME", "/nonexistent").env("RAYON_NUM_THREADS", "2").stdin(Stdio::null());
    let run = crate::support::Run::of(bounded.output().unwrap());
    run.done().json()
}

#[test]
fn a_dockerfile_that_costs_too_much_is_unknown_and_the_others_are_planned() {
    let base = Base::new();
    for (name, text) in inputs::dockerfiles() {
        let path = format!("{name}/Dockerfile");
        let scratch = Scratch::with(&[("good/Dockerfile", &linkable("x")), ("good/x", ""), (&path, &text)]);
        let plan = bounded(&scratch, &["plan", "--format=json", "--rootfs", &base.argument()]);
        let files = plan["files"].as_array().unwrap();
        let of = |path: &str| files.iter().find(|file| file["path"] == path);
        assert_eq!(of("good/Dockerfile").unwrap()["sites"][0]["verdict"], "link", "{name}");
        let refused = plan["refused"].as_array().unwrap();
        assert!(of(&path).is_some() || refused.iter().any(|file| file["path"] == path), "{name}");
        let defect = refused.iter().any(|file| file["reason"].as_str().unwrap().contains("defect"));
        assert!(!defect, "{name}: {refused:?}");
    }
}

#[test]
fn a_carrier_that_costs_too_much_is_named_and_the_others_are_read() {
    let base = Base::new();
    for (path, text) in inputs::carriers() {
        let good = linkable("x");
        let mut files = vec![
            ("good/Dockerfile", good.as_str()),
            ("good/x", ""),
            ("good/build.sh", "docker build -t good good\n"),
            (path, text.as_str()),
        ];
        let reader = inputs::reader(path);
        files.extend(reader.iter().map(|(path, text)| (path.as_str(), text.as_str())));
        let scratch = Scratch::with(&files);
        let plan = bounded(&scratch, &["plan", "--format=json", "--rootfs", &base.argument()]);
        assert_eq!(plan["files"][0]["sites"][0]["verdict"], "link", "{path}");
        assert_eq!(plan["files"][0]["contexts"][0]["root"], "good", "{path}");
        let unread = plan["unread"].as_array().unwrap();
        let named = reader.as_ref().map_or(path, |(reader, _)| reader.as_str());
        let is_named = |file: &Value| file["path"] == path || file["path"] == named;
        assert!(unread.iter().all(is_named), "{path}: {unread:?}");
        if path == "CODEOWNERS" {
            assert_eq!(unread.len(), 1, "{path}");
        }
    }
}

#[test]
fn deep_folders_cost_little() {
    let folder = |depth: usize| "a/".repeat(depth);
    let files: Vec<(String, String)> =
        (1..900).map(|depth| (format!("{}f", folder(depth)), String::new())).collect();
    let whole = |at: usize| format!("COPY . /x{at}/\n");
    let one = |depth: usize| format!("COPY {} /y{depth}/\n", folder(depth));
    let (copies, each): (String, String) = ((0..50).map(whole).collect(), (1..900).map(one).collect());
    let scratch =
        Scratch::with(&[("whole/Dockerfile", &format!("FROM debian:12\n{copies}")), ("good/x", "")]);
    scratch.write("each/Dockerfile", format!("FROM debian:12\n{each}"));
    scratch.write("good/Dockerfile", linkable("x"));
    for (path, text) in files {
        scratch.write(&path, text);
    }
    // libgit2 adds no folder that is so deep.
    for arguments in [
        &["add", "-A"][..],
        &["-c", "user.name=Ann", "-c", "user.email=a@b.example", "commit", "-q", "-m", "Deep folders"],
    ] {
        assert!(crate::support::git(scratch.root(), arguments).status.success());
    }
    let plan = bounded(&scratch, &["plan", "--format=json"]);
    let paths = |list: &str| {
        plan[list].as_array().unwrap().iter().map(|file| file["path"].clone()).collect::<Vec<_>>()
    };
    let all = [paths("files"), paths("refused")].concat();
    for path in ["good/Dockerfile", "whole/Dockerfile", "each/Dockerfile"] {
        assert!(all.iter().any(|file| file == path), "{path}");
    }
}

#[test]
fn no_output_is_a_command_of_a_workflow() {
    let text = "FROM scratch\nCOPY x /srv/\nCOPY x /opt/app/\nENV A=\\\n::error::d\n# ##[error]y\n";
    let scratch = Scratch::with(&[("::error::x/Dockerfile", text), ("##[error]z/Dockerfile", text)]);
    let run = |arguments: &[&str]| {
        let mut workflow = command(scratch.root());
        workflow.args(arguments).env("GITHUB_ACTIONS", "true");
        crate::support::Run::of(workflow.output().unwrap()).done().stdout
    };
    let is_command = |line: &str| line.trim_start().starts_with("::") || line.contains("##[");
    for arguments in [&["plan", "-v"][..], &["inspect", "::error::x/Dockerfile", "##[error]z/Dockerfile"]] {
        let shown = run(arguments);
        assert!(shown.contains("error::x/Dockerfile") && !shown.lines().any(is_command), "{shown}");
    }
    let json = ["plan", "--format", "json"];
    let (shown, raw) = (run(&json), scratch.run(&json).done().stdout);
    assert!(raw.contains("##[error]z/Dockerfile") && !shown.contains("##["), "{shown}");
    let values = [shown, raw].map(|text| serde_json::from_str::<Value>(&text).unwrap());
    assert_eq!(values[0], values[1]);
    let diff = ["migrate", "::error::x/Dockerfile"];
    let (shown, raw) = (run(&diff), scratch.run(&diff).done().stdout);
    let stop = shown.strip_prefix("::stop-commands::").unwrap();
    let (token, rest) = stop.split_once('\n').unwrap();
    assert!(raw.contains("\n ::error::d\n") && token.len() == 32, "{shown}");
    assert_eq!(rest, format!("{raw}::{token}::\n"));
    assert_ne!(run(&diff), shown, "each token is another one");
    scratch.write("patch", shown);
    let applied = crate::support::git(scratch.root(), &["apply", "patch"]);
    assert!(applied.status.success(), "{applied:?}");
}

/// Two paths whose hashes begin with the same 48 bits, which is all that the names of earlier versions have of them. Half
/// a minute finds such a pair.
const ONE_SLUG: [&str; 2] = ["a/~  :^^^: ^^^: ~/Dockerfile", "a/~ :^  ^:^ ~~: ~/Dockerfile"];

#[test]
fn two_files_that_would_share_a_branch_are_refused() {
    let texts = ONE_SLUG.map(|path| (path, linkable("x")));
    let mut files: Vec<(&str, &str)> = texts.iter().map(|(path, text)| (*path, text.as_str())).collect();
    files.extend([("good/Dockerfile", files[0].1), ("good/x", "")]);
    let plan = Scratch::with(&files).save(&Base::new());
    let paths = |list: &str| {
        plan[list].as_array().unwrap().iter().map(|file| file["path"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(paths("files"), ["good/Dockerfile"]);
    assert_eq!(paths("refused"), ONE_SLUG);
    // A plan that was made otherwise is not read.
    let scratch = Scratch::with(&files[2..]);
    scratch.save(&Base::new());
    let mut plan: Value = serde_json::from_slice(&scratch.read("plans/copy-link/plan.json")).unwrap();
    for path in ONE_SLUG {
        let mut file = plan["files"][0].clone();
        file["path"] = path.into();
        plan["files"].as_array_mut().unwrap().push(file);
    }
    scratch.write("plans/copy-link/plan.json", plan.to_string());
    scratch.run(&["migrate"]).failed(&[ONE_SLUG[0], "the same branch", "plan again"]);
}

#[test]
fn a_pipe_and_a_device_are_not_read_for_ever() {
    let scratch = Scratch::with(&[("Dockerfile", &linkable("x"))]);
    let pipe = scratch.root().join("pipe");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for odd in ["pipe", "/dev/zero"] {
        for arguments in [&["inspect", odd][..], &["plan", "--list", odd], &["migrate", "--plan", odd]] {
            scratch.run(arguments).failed(&["it is not a regular file"]);
        }
    }
    fs::remove_file(pipe).unwrap();
    let mut child = command(scratch.root());
    child.args(["inspect", "-"]).stdin(fs::File::open("/dev/zero").unwrap());
    crate::support::Run::of(child.output().unwrap()).failed(&["it has more than"]);
}

#[test]
fn a_configuration_that_nests_too_deep_is_an_error_with_its_place() {
    for text in [format!("a = {}", "[".repeat(50_000)), format!("a = {}", "{a = ".repeat(50_000))] {
        let scratch = Scratch::with(&[("Dockerfile", &linkable("x")), ("layerwright.toml", &text)]);
        scratch.run(&["plan"]).failed(&["layerwright.toml:1:"]);
    }
}
