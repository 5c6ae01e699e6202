//! The next step of a campaign: every output names the same one, and its command does what it says.

use serde_json::{Value, json};

use crate::evidence::Campaign;
use crate::support::{Run, Scratch, linkable};

/// The next step as `status` has it.
fn step(scratch: &Scratch) -> Value {
    scratch.run(&["status", "--offline", "--format", "json"]).done().json()["step"].take()
}

/// The kind, the wave and the command of the next step, which `plan` and `status` show to people too.
#[track_caller]
fn shown(scratch: &Scratch) -> (String, Value, Value) {
    let step = step(scratch);
    let (words, command) = (step["words"].as_str().unwrap(), step["command"].as_str());
    for arguments in [&["status", "--offline"][..], &["plan", "--save"]] {
        let text = scratch.run(arguments).done().stdout.replace("\n  ", " ");
        assert!(text.contains(words), "{arguments:?}: {words}: {text}");
        assert!(command.is_none_or(|command| text.contains(command)), "{arguments:?}: {command:?}: {text}");
    }
    (step["kind"].as_str().unwrap().to_owned(), step["wave"].clone(), step["command"].clone())
}

/// Executes the command of the next step.
#[track_caller]
fn follow(scratch: &Scratch, more: &[&str]) -> Run {
    let step = step(scratch);
    let command = step["command"].as_str().unwrap();
    let words: Vec<&str> = command.split(' ').skip(1).collect();
    assert!(command.starts_with("layerwright "), "{command}");
    scratch.run(&[&words[..], more].concat())
}

#[test]
fn a_campaign_has_one_next_step_from_the_plan_to_the_end() {
    let campaign = Campaign::new();
    let (scratch, out) = (&campaign.scratch, tempfile::tempdir().unwrap());
    scratch.commit("The plan");
    let folder = out.path().to_str().unwrap();
    let report = || {
        let run = scratch.run(&["report", "--out", folder, "--format", "json"]).done().json();
        (run["actions"].as_array().unwrap().len(), run["step"]["kind"].as_str().unwrap().to_owned())
    };
    let verify = |wave: usize| {
        let command = format!("layerwright verify --wave {wave}");
        ("verify".to_owned(), json!(wave), json!(command))
    };
    let send = |wave: usize| ("report".to_owned(), json!(wave), json!("layerwright report"));
    assert_eq!(shown(scratch), verify(0));
    assert_eq!(report(), (0, "verify".to_owned()), "nothing to report, and it says what is next");
    // Nothing is built: the files that it would build are those of the step.
    assert_eq!(follow(scratch, &["--format", "github-matrix"]).done().json()["include"][0]["shard"], "1/1");
    campaign.put(&campaign.same("a/Dockerfile"));
    assert_eq!(shown(scratch), send(0));
    let (actions, _) = report();
    assert!(actions > 0, "what the step promises is done");
    let merge = |path: &str| {
        scratch.run(&["migrate", path, "--write"]).done();
        scratch.commit("Merged");
    };
    merge("a/Dockerfile");
    assert_eq!(shown(scratch), verify(1));
    for path in ["b/Dockerfile", "c/Dockerfile", "d/Dockerfile"] {
        campaign.put(&campaign.same(path));
    }
    assert_eq!(shown(scratch), send(1));
    for path in ["b/Dockerfile", "c/Dockerfile", "d/Dockerfile"] {
        merge(path);
    }
    assert_eq!(shown(scratch), send(2), "the lines of wave 2 are proved");
    merge("e/Dockerfile");
    assert_eq!(shown(scratch), ("finished".to_owned(), Value::Null, Value::Null));
    let end = scratch.run(&["status", "--offline"]).done().stdout;
    assert!(end.contains("Finished: 5 merged."), "{end}");
    assert_eq!(report(), (0, "finished".to_owned()));
}

#[test]
fn a_file_that_was_merged_without_evidence_blocks_until_it_is_planned_again() {
    let campaign = Campaign::new();
    let scratch = &campaign.scratch;
    scratch.commit("The plan");
    scratch.run(&["migrate", "a/Dockerfile", "--write"]).done();
    scratch.commit("Merged by hand");
    assert_eq!(step(scratch)["command"], "layerwright verify a/Dockerfile");
    scratch.run(&["plan", "--save"]).done();
    scratch.commit("Planned again");
    assert_eq!(step(scratch)["command"], "layerwright verify --wave 1", "{:#}", step(scratch));
}

#[test]
fn what_people_declined_or_reverted_is_finished_and_gets_no_branch() {
    let campaign = Campaign::new();
    let scratch = &campaign.scratch;
    scratch.commit("The plan");
    for path in ["a/Dockerfile", "b/Dockerfile", "c/Dockerfile", "d/Dockerfile"] {
        campaign.put(&campaign.same(path));
    }
    scratch.run(&["migrate", "a/Dockerfile", "--write"]).done();
    scratch.commit("Merged");
    // As `report` remembers what GitHub said.
    let names = layerwright::campaign::names::slug;
    let branch = |path: &str| {
        let slug = names(&layerwright::git::RepoPath::new(path).unwrap()).unwrap();
        format!("layerwright/copy-link/{slug}")
    };
    let seen = json!({"schema": 1, "pulls": [
        {"number": 2, "branch": branch("b/Dockerfile"), "state": {"kind": "closed", "by": "ann"}},
        {"number": 3, "branch": branch("c/Dockerfile"), "state": {"kind": "open"}},
    ]});
    scratch.write(".git/layerwright/copy-link/pulls.json", seen.to_string());
    let (kind, wave, _) = shown(scratch);
    assert_eq!((kind.as_str(), wave), ("report", json!(1)), "d may go out");
    let mut config = scratch.git.config().unwrap();
    config.set_str("user.name", "Ann").unwrap();
    config.set_str("user.email", "ann@example.com").unwrap();
    let made = scratch.run(&["migrate", "--commit", "--format", "json"]).done().json();
    let paths: Vec<&str> =
        made["branches"].as_array().unwrap().iter().map(|one| one["path"].as_str().unwrap()).collect();
    assert_eq!(paths, ["c/Dockerfile", "d/Dockerfile"], "b was declined");
    scratch.run(&["migrate", "b/Dockerfile", "--diff"]).done();
}

#[test]
fn a_file_is_left_out_or_moved_without_editing_json() {
    let campaign = Campaign::new();
    let scratch = &campaign.scratch;
    scratch.commit("The plan");
    let plan = || -> Value { serde_json::from_slice(&scratch.read("plans/copy-link/plan.json")).unwrap() };
    let waves = || crate::campaign::wave(&plan(), 1).join(" ");
    assert_eq!(waves(), "b/Dockerfile c/Dockerfile d/Dockerfile");
    scratch.run(&["skip", "c/Dockerfile", "--reason", "retired in May"]).done();
    assert_eq!(waves(), "b/Dockerfile d/Dockerfile");
    let status = scratch.run(&["status", "--offline", "--format", "json"]).done().json();
    assert_eq!(status["skipped"], json!([{"path": "c/Dockerfile", "reason": "retired in May"}]));
    scratch.run(&["decide", "e/Dockerfile", "--wave", "1"]).done();
    assert_eq!(waves(), "b/Dockerfile d/Dockerfile e/Dockerfile");
    let back = scratch.run(&["decide", "c/Dockerfile", "--wave", "1"]).done();
    assert!(back.stderr.contains("c/Dockerfile was left out before: retired in May"), "{back:?}");
    // A file that has nothing to link is not finished.
    scratch.write("late/Dockerfile", "FROM other:1\nCOPY x /srv/x\n").write("late/x", "").commit("Late");
    let early = ["skip", "late/Dockerfile", "--reason", "x"];
    scratch.run(&early).failed(&["the plan has no file late/Dockerfile", "layerwright plan --save"]);
    scratch.run(&["plan", "--save"]).done();
    let late = scratch.run(&["decide", "late/Dockerfile", "--wave", "1"]).done();
    assert!(late.stderr.contains("late/Dockerfile has nothing to link now"), "{late:?}");
    assert_eq!(waves(), "b/Dockerfile c/Dockerfile d/Dockerfile e/Dockerfile");
    scratch
        .run(&["skip", "d/Dockerfil", "--reason", "x"])
        .failed(&["d/Dockerfil", "did you mean d/Dockerfile?"]);
    assert_eq!(scratch.text("d/Dockerfile"), linkable("d"));
}

#[test]
fn paths_are_those_that_a_shell_completes() {
    let campaign = Campaign::new();
    let scratch = &campaign.scratch;
    scratch.commit("The plan");
    let folder = scratch.root().join("b");
    let run = |arguments: &[&str]| crate::support::run(&folder, arguments);
    for path in ["Dockerfile", "./Dockerfile", "../b/Dockerfile", "b/Dockerfile"] {
        let diff = run(&["migrate", path, "--diff"]).done().stdout;
        assert!(diff.contains("a/b/Dockerfile"), "{path}: {diff}");
    }
    run(&["migrate", "../../Dockerfile"]).failed(&["the plan has no file ../../Dockerfile"]);
    let absolute = scratch.root().canonicalize().unwrap().join("c/Dockerfile");
    assert!(run(&["migrate", absolute.to_str().unwrap()]).done().stdout.contains("a/c/Dockerfile"));
    let elsewhere = tempfile::tempdir().unwrap();
    let root = scratch.root().to_str().unwrap();
    let there = crate::support::run(elsewhere.path(), &["-C", root, "migrate", "b/Dockerfile"]).done();
    assert!(there.stdout.contains("a/b/Dockerfile"), "{there:?}");
}

#[test]
fn a_path_limits_the_plan_and_the_rest_of_a_saved_plan_stays() {
    let campaign = Campaign::new();
    let scratch = &campaign.scratch;
    scratch.commit("The plan");
    let paths = |plan: &Value| -> Vec<String> {
        plan["files"]
            .as_array()
            .unwrap()
            .iter()
            .map(|file| file["path"].as_str().unwrap().to_owned())
            .collect()
    };
    let plan =
        |arguments: &[&str]| scratch.run(&[&["plan", "--format", "json"], arguments].concat()).done().json();
    assert_eq!(paths(&plan(&["b"])), ["b/Dockerfile"]);
    assert_eq!(paths(&plan(&["b/Dockerfile"])), ["b/Dockerfile"]);
    assert_eq!(paths(&plan(&["."])).len(), 5);
    assert_eq!(paths(&plan(&[])).len(), 5);
    let from_outside = crate::support::run(
        tempfile::tempdir().unwrap().path(),
        &["plan", "--format", "json", scratch.root().join("b").to_str().unwrap()],
    );
    assert_eq!(paths(&from_outside.done().json()).len(), 5, "outside of it, a path names the repository");
    // A change of two files, of which one is planned.
    let before: Value = serde_json::from_slice(&scratch.read("plans/copy-link/plan.json")).unwrap();
    for name in ["b", "c"] {
        scratch.write(&format!("{name}/Dockerfile"), format!("{}# more\n", linkable(name)));
    }
    scratch.commit("Changed");
    scratch.run(&["plan", "b", "--save"]).done();
    let after: Value = serde_json::from_slice(&scratch.read("plans/copy-link/plan.json")).unwrap();
    assert_eq!(paths(&after), paths(&before));
    for (old, new) in before["files"].as_array().unwrap().iter().zip(after["files"].as_array().unwrap()) {
        assert_eq!(old == new, old["path"] != "b/Dockerfile", "{}", old["path"]);
    }
    assert_eq!(after["waves"], before["waves"]);
}
