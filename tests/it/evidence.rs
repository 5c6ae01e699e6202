//! What `plan`, `migrate` and `status` make of evidence. The evidence is made by hand: nothing is built here.

use std::collections::BTreeMap;

use layerwright::analysis::rule::RuleId;
use layerwright::campaign::evidence::{
    self, BuildEvidence, BuilderFacts, Cause, Depth, Difference, Evidence, Figures, Outcome, Reached, SCHEMA,
    SiteEvidence,
};
use layerwright::campaign::names::evidence_files;
use layerwright::campaign::plan::file::Plan;
use layerwright::git::RepoPath;
use serde_json::{Value, json};

use crate::support::{Base, Scratch, linkable};

const DIGEST: &str = "sha256:5891b5b522d5df086d0ff0b110fbd9d21bb4fc7163af34d08286a2e846f6be03";

/// The folder of the evidence of a clone.
const LOCAL: &str = ".git/layerwright/copy-link/evidence";
/// The folder of committed evidence.
const COMMITTED: &str = "plans/copy-link/evidence";

/// Evidence of a file in which a line differs as a rule foretold.
pub fn differing(path: &str) -> Evidence {
    let mode = |mode: &str| Some(mode.to_owned());
    let difference = Difference {
        path: Some("/root".into()),
        aspect: "mode".into(),
        before: mode("0700"),
        after: mode("0755"),
        cause: Cause::Rule { rule: RuleId::find("ancestor-mode").unwrap(), line: 2, accepted: false },
    };
    let build = BuildEvidence {
        context: ".".into(),
        tree: None,
        target: None,
        platform: "linux/amd64".into(),
        build_args: BTreeMap::new(),
        contexts: BTreeMap::new(),
        bases: BTreeMap::from([("base:1".into(), Some(DIGEST.into()))]),
        builder: BuilderFacts {
            name: "default".into(),
            driver: "docker".into(),
            buildkit: Some("v0.25.1".into()),
            buildx: "0.29.1".into(),
            rootless: Some(false),
        },
        frontend: "docker/dockerfile:1".into(),
        assumptions: Vec::new(),
        depth: Depth::Full,
        outcome: Outcome::Different,
        reason: None,
        sites: vec![SiteEvidence { line: 2, reached: Reached::Linked, compared: None }],
        differences: vec![difference],
        noise: 0,
        smoke: Vec::new(),
        cache: None,
    };
    Evidence {
        schema: SCHEMA,
        path: path.into(),
        commit: None,
        before: String::new(),
        after: String::new(),
        outcome: Outcome::Different,
        reason: None,
        builds: vec![build],
        figures: Figures { began: "2026-11-22T04:00:00Z".into(), ..Figures::default() },
        signature: None,
    }
}

/// A campaign of five files in the waves 0, 1 and 2, all of whose lines are proved.
pub struct Campaign {
    pub scratch: Scratch,
    pub plan: Plan,
}

impl Campaign {
    pub fn new() -> Self {
        Self::of(&linkable)
    }

    /// A campaign whose files have these texts, by the name of their folder and of a file in it.
    pub fn of(text: &dyn Fn(&str) -> String) -> Self {
        let scratch = Scratch::new();
        for name in ["a", "b", "c", "d", "e"] {
            scratch.write(&format!("{name}/Dockerfile"), text(name)).write(&format!("{name}/{name}"), "");
        }
        // Known contexts, so that the lines are proved.
        let contexts: String =
            ["a", "b", "c", "d", "e"].map(|name| format!("  {name}:\n    build: {name}\n")).concat();
        scratch.write("compose.yaml", format!("services:\n{contexts}"));
        scratch.commit("First");
        if text("a").contains("FROM base:1") {
            scratch.save(&Base::new());
        } else {
            scratch.plan(&["--save"]);
        }
        let plan = Plan::read(&scratch.read("plans/copy-link/plan.json")).unwrap();
        assert_eq!(plan.waves.iter().map(|wave| wave.files.len()).collect::<Vec<_>>(), [1, 3, 1]);
        assert!(plan.files.iter().all(|file| file.selected().all(|site| site.proved == Some(true))));
        Self { scratch, plan }
    }

    /// Evidence that a file's image stays the same, at the commit that HEAD is now.
    pub fn same(&self, path: &str) -> Evidence {
        let file = self.plan.file(path).unwrap();
        let mut evidence = differing(path);
        let repository = self.scratch.open();
        let commit = repository.resolve(None).unwrap();
        let own = evidence::own_paths(&self.plan, &layerwright::config::Config::default());
        evidence.commit = Some(commit.to_string());
        evidence.before.clone_from(&file.blob);
        evidence.after = file.rewritten.clone().unwrap();
        evidence.outcome = Outcome::Same;
        let context = &file.contexts[0];
        let build = &mut evidence.builds[0];
        build.context.clone_from(&context.root);
        let (root, named) = (&context.root, &context.contexts);
        build.tree = evidence::tree_of_context(&repository, &commit, root, named, &own).unwrap();
        assert!(build.tree.is_some());
        build.outcome = Outcome::Same;
        build.differences.clear();
        let reached = Reached::Linked;
        build.sites =
            file.selected().map(|site| SiteEvidence { line: site.line, reached, compared: None }).collect();
        evidence
    }

    /// Puts evidence in place of all evidence of its file in this clone.
    pub fn put(&self, evidence: &Evidence) -> &Self {
        self.put_in(LOCAL, evidence)
    }

    /// Puts evidence into a folder, as `verify --out` does.
    fn put_in(&self, folder: &str, evidence: &Evidence) -> &Self {
        let name = evidence_files(&RepoPath::new(&evidence.path).unwrap()).unwrap().present;
        let mut bytes = Vec::new();
        evidence.write(&mut bytes).unwrap();
        self.scratch.write(&format!("{folder}/{name}"), bytes);
        self
    }

    fn status(&self) -> Value {
        self.scratch.run(&["status", "--offline", "--format", "json"]).done().json()
    }

    /// What evidence says of a file, and what has changed.
    fn said(&self, path: &str) -> (String, Value) {
        let file = file(&self.status(), path);
        (file["evidence"]["says"].as_str().unwrap().to_owned(), file["evidence"]["stale"].clone())
    }

    #[track_caller]
    fn assert_stale(&self, path: &str, why: &str) {
        assert_eq!(self.said(path), ("stale".to_owned(), json!([why])));
    }

    /// The line of the first screen about evidence.
    fn line(&self) -> String {
        let shown = self.scratch.run(&["plan", "--rootfs", &Base::new().argument()]).done().stdout;
        let mut lines = shown.lines().filter(|line| line.starts_with("Verified:"));
        lines.next().unwrap_or_default().to_owned()
    }
}

fn file(status: &Value, path: &str) -> Value {
    let waves = status["waves"].as_array().unwrap().iter();
    let mut files = waves.flat_map(|wave| wave["files"].as_array().unwrap());
    files.find(|file| file["path"] == path).unwrap().clone()
}

#[test]
fn evidence_that_stands_lets_a_file_out() {
    let campaign = Campaign::new();
    assert_eq!(campaign.line(), "", "nothing is said where nothing was verified");
    let before = campaign.status();
    assert_eq!(file(&before, "a/Dockerfile")["goes_out"], Value::Null);
    let waits = file(&before, "a/Dockerfile")["waits"].as_str().unwrap().to_owned();
    assert_eq!(waits, "a/Dockerfile needs evidence (not verified): layerwright verify a/Dockerfile");
    assert_eq!(file(&before, "e/Dockerfile")["goes_out"], "proved", "from wave 2 a proof will do");
    campaign.put(&campaign.same("a/Dockerfile"));
    let status = campaign.status();
    let (wave, a) = (&status["waves"][0], file(&status, "a/Dockerfile"));
    assert_eq!(
        (&wave["evidence"], &a["goes_out"], &a["waits"]),
        (&json!({"stands": 1}), &json!("verified"), &Value::Null)
    );
    assert_eq!(status["waves"][1]["evidence"], json!({"missing": 3}));
    assert_eq!(campaign.line(), "Verified: 1 of 5 files.");
    let shown = campaign.scratch.run(&["status", "--offline"]).done().stdout;
    assert!(!shown.contains("Waiting:"), "{shown}");
}

#[test]
fn trust_lets_unverified_files_out() {
    let campaign = Campaign::new();
    let shown = campaign.scratch.run(&["status", "--offline"]).done().stdout;
    assert!(shown.contains("Waiting: 1 file of wave 0 may not go out yet."), "{shown}");
    campaign.scratch.write("layerwright.toml", "[campaign]\ntrust = \"assumed\"\n");
    assert_eq!(file(&campaign.status(), "a/Dockerfile")["goes_out"], "unverified");
    let shown = campaign.scratch.run(&["status", "--offline"]).done().stdout;
    assert!(shown.contains("Trusted: 1 file of wave 0 may go out not verified"), "{shown}");
    let mut evidence = campaign.same("a/Dockerfile");
    evidence.builds[0].outcome = Outcome::Different;
    evidence.builds[0].differences = differing("").builds.remove(0).differences;
    evidence.outcome = Outcome::Different;
    campaign.put(&evidence);
    let a = file(&campaign.status(), "a/Dockerfile");
    assert_eq!((&a["goes_out"], &a["evidence"]["says"]), (&Value::Null, &json!("different")));
    assert!(a["waits"].as_str().unwrap().contains("--accept RULE:PATH --reason"), "{a}");
}

#[test]
fn evidence_gets_stale_with_what_it_is_bound_to() {
    let campaign = Campaign::new();
    campaign.scratch.commit("The plan");
    campaign.put(&campaign.same("a/Dockerfile"));
    campaign.scratch.commit("The evidence");
    assert_eq!(
        campaign.said("a/Dockerfile").0,
        "stands",
        "the campaign's own folder is no part of a context"
    );
    campaign.scratch.write("b/b", "other").commit("Another context");
    assert_eq!(campaign.said("a/Dockerfile").0, "stands");
    campaign.scratch.write("a/a", "other").commit("Its context");
    campaign.assert_stale("a/Dockerfile", "context");
    assert_eq!(campaign.line(), "Verified: 0 of 5 files, 1 stale (build context changed).");

    let mut moved = campaign.same("a/Dockerfile");
    let mut later = campaign.same("b/Dockerfile");
    later.figures.began = "2026-11-22T05:00:00Z".into();
    later.builds[0].bases.insert("base:1".into(), Some(DIGEST.replace('5', "6")));
    campaign.put(&moved).put(&later);
    campaign.assert_stale("a/Dockerfile", "base");
    assert_eq!(campaign.said("b/Dockerfile").0, "stands", "what was seen last counts");
    moved.builds[0].builder.name = "another".into();
    campaign.put(&moved);
    assert_eq!(campaign.said("a/Dockerfile").0, "stands", "another builder may have another image");

    campaign.put(&campaign.same("b/Dockerfile"));

    let mut other = campaign.same("c/Dockerfile");
    other.builds[0].target = Some("test".into());
    campaign.put(&other);
    campaign.assert_stale("c/Dockerfile", "ways");
    campaign.put(&campaign.same("c/Dockerfile"));
    assert_eq!(campaign.said("c/Dockerfile").0, "stands");
    campaign.scratch.write("layerwright.toml", "[build.'c/Dockerfile']\nplatforms = ['linux/arm64']\n");
    campaign.assert_stale("c/Dockerfile", "ways");

    let mut edited = campaign.same("d/Dockerfile");
    edited.after = edited.before.clone();
    campaign.put(&edited);
    campaign.assert_stale("d/Dockerfile", "after");
    campaign.put(&campaign.same("d/Dockerfile"));
    campaign.scratch.write("d/Dockerfile", linkable("d") + "RUN more\n").commit("Its text");
    campaign.assert_stale("d/Dockerfile", "before");
}

#[test]
fn a_root_context_survives_the_merges_of_the_campaign() {
    let scratch = Scratch::new();
    for name in ["a", "b"] {
        scratch.write(&format!("{name}/Dockerfile"), linkable(name)).write(name.repeat(2).as_str(), "");
        scratch.write(&format!("{name}.txt"), "");
    }
    scratch.write(
        "compose.yaml",
        "services:\n  a:\n    build:\n      context: .\n      dockerfile: a/Dockerfile\n  b:\n    build:\n      context: .\n      dockerfile: b/Dockerfile\n",
    );
    scratch.write("a/Dockerfile", linkable("aa")).write("b/Dockerfile", linkable("bb"));
    scratch.commit("First");
    scratch.save(&Base::new());
    let plan = Plan::read(&scratch.read("plans/copy-link/plan.json")).unwrap();
    let campaign = Campaign { scratch, plan };
    assert_eq!(campaign.plan.files[1].contexts[0].root, ".");
    for path in ["a/Dockerfile", "b/Dockerfile"] {
        campaign.put(&campaign.same(path));
    }
    campaign.scratch.run(&["migrate", "--write", "--wave", "0"]).done();
    campaign.scratch.commit("Merged with its evidence");
    let status = campaign.status();
    assert_eq!((&status["next"], &file(&status, "a/Dockerfile")["state"]), (&json!(1), &json!("done")));
    for path in ["a/Dockerfile", "b/Dockerfile"] {
        assert_eq!(campaign.said(path).0, "stands");
    }
    campaign.scratch.write("a.txt", "other").commit("The context");
    assert_eq!(campaign.said("a/Dockerfile").0, "stands", "it was verified as it went out");
    campaign.assert_stale("b/Dockerfile", "context");
}

#[test]
fn a_tree_without_paths_is_the_tree_that_git_makes_of_the_others() {
    let files = ["x/a", "x/only/deep", "x/y/b", "x-y", "x.y", "plans/c/plan.json", "plans/d", "run.sh"];
    let (full, pruned) = (Scratch::new(), Scratch::new());
    let gone = ["x/only/deep", "x/y/b", "plans/c", "x-y/none", "not-there"];
    let is_gone = |file: &str| gone.iter().any(|gone| file == *gone || file.starts_with(&format!("{gone}/")));
    for (scratch, all) in [(&full, true), (&pruned, false)] {
        for file in files.into_iter().filter(|file| all || !is_gone(file)) {
            scratch.write(file, file);
        }
        scratch.link("link", "x/a").chmod("run.sh", 0o755);
        scratch.commit("First");
    }
    let (repository, own) = (full.open(), gone.map(|path| RepoPath::new(path).unwrap()).into());
    let commit = repository.resolve(None).unwrap();
    let with = |context: &str, named: &[(&str, &str)]| {
        let named = named.iter().map(|(name, root)| ((*name).to_owned(), (*root).to_owned())).collect();
        evidence::tree_of_context(&repository, &commit, context, &named, &own).unwrap()
    };
    let id = |context: &str| with(context, &[]);
    let expected = pruned.git.head().unwrap().peel_to_tree().unwrap();
    assert_eq!(id("."), Some(expected.id().to_string()));
    for folder in ["x", "plans"] {
        assert_eq!(id(folder), expected.get_name(folder).map(|entry| entry.id().to_string()), "{folder}");
    }
    assert_eq!(id("x/only"), None, "nothing of it is left");
    for nothing in ["nowhere", "run.sh", "https://example.com/a.git", "../x", "/x"] {
        assert_eq!(id(nothing), None, "{nothing}");
    }
    let image = ("image", "docker-image://alpine");
    assert_eq!(with("x", &[image]), id("x"), "only folders can change");
    let named =
        [id("x"), with("x", &[("n", "plans")]), with("x", &[("n", ".")]), with("-", &[("n", "plans")])];
    let different: std::collections::BTreeSet<_> = named.iter().collect();
    assert!(different.len() == 4 && !different.contains(&None), "{named:?}");
    assert_eq!(full.changed(), [""; 0]);
}

#[test]
fn a_contradiction_stops_the_campaign() {
    let campaign = Campaign::new();
    let mut evidence = campaign.same("b/Dockerfile");
    evidence.outcome = Outcome::Different;
    evidence.builds[0].outcome = Outcome::Different;
    evidence.builds[0].differences = differing("").builds.remove(0).differences;
    evidence.builds[0].differences[0].cause = Cause::Unexpected;
    campaign.put(&campaign.same("a/Dockerfile")).put(&evidence);
    assert_eq!(campaign.line(), "Verified: 1 of 5 files, 1 contradicts a proof.");
    let status = campaign.status();
    assert_eq!(status["contradicted"], "b/Dockerfile");
    let waves = status["waves"].as_array().unwrap().iter();
    let mut files = waves.flat_map(|wave| wave["files"].as_array().unwrap());
    assert!(files.all(|file| file["goes_out"].is_null()), "{status:#}");
    let shown = campaign.scratch.run(&["status", "--offline"]).done().stdout;
    assert!(shown.contains("Stopped: the verification of b/Dockerfile contradicts a proof."), "{shown}");
    assert!(shown.contains("layerwright verify b/Dockerfile"), "{shown}");
    let words = ["b/Dockerfile contradicts a proof", "layerwright verify b/Dockerfile"];
    for mode in ["--write", "--commit"] {
        campaign.scratch.run(&["migrate", mode]).refused(&words);
        campaign.scratch.run(&["migrate", "e/Dockerfile", mode]).refused(&words);
    }
    assert_eq!(campaign.scratch.text("a/Dockerfile"), linkable("a"));
    let shown = campaign.scratch.run(&["migrate", "--diff"]).done();
    assert!(shown.stdout.contains("+COPY --link"), "{shown:?}");
    // Another edit is another question.
    campaign.scratch.write("layerwright.toml", "[syntax]\nwrite = 'docker/dockerfile:1.4'\n");
    campaign.scratch.save(&Base::new());
    assert_eq!(campaign.status()["contradicted"], Value::Null);
    campaign.scratch.run(&["migrate", "--write"]).done();
}

#[test]
fn writing_names_the_files_that_are_not_verified() {
    let campaign = Campaign::new();
    campaign.put(&campaign.same("a/Dockerfile"));
    let run = campaign.scratch.run(&["migrate", "--write"]).done();
    assert!(!run.stderr.contains("note:"), "{run:?}");
    let mut blocked = campaign.same("b/Dockerfile");
    (blocked.outcome, blocked.builds[0].outcome) = (Outcome::Blocked, Outcome::Blocked);
    blocked.builds[0].reason = Some("needs secret npmrc".into());
    campaign.put(&blocked);
    let run = campaign.scratch.run(&["migrate", "--write", "--wave", "1"]).done();
    for note in
        ["b/Dockerfile: blocked: needs secret npmrc", "c/Dockerfile: not verified", "layerwright verify"]
    {
        assert!(run.stderr.contains(note), "{note}: {run:?}");
    }
    assert!(!run.stderr.contains("a/Dockerfile"), "{run:?}");
    assert!(campaign.scratch.text("b/Dockerfile").contains("COPY --link"));
}

/// Earlier versions gave evidence a name with fewer digits.
#[test]
fn evidence_of_an_earlier_version_counts_until_there_is_other() {
    let campaign = Campaign::new();
    let names = evidence_files(&RepoPath::new("a/Dockerfile").unwrap()).unwrap();
    let place = |name: &str| format!("{LOCAL}/{name}");
    campaign.put(&campaign.same("a/Dockerfile"));
    let bytes = campaign.scratch.read(&place(&names.present));
    campaign.scratch.remove(&place(&names.present)).write(&place(&names.former), bytes);
    assert_eq!(campaign.said("a/Dockerfile").0, "stands");
    let mut blocked = campaign.same("a/Dockerfile");
    (blocked.outcome, blocked.builds[0].outcome) = (Outcome::Blocked, Outcome::Blocked);
    blocked.builds[0].reason = Some("needs secret npmrc".into());
    campaign.put(&blocked);
    assert_eq!(campaign.said("a/Dockerfile").0, "blocked");
}

#[test]
fn evidence_that_can_not_be_read_is_named() {
    let campaign = Campaign::new();
    let good = campaign.same("a/Dockerfile");
    let name = evidence_files(&RepoPath::new("a/Dockerfile").unwrap()).unwrap().present;
    let place = format!("{LOCAL}/{name}");
    let changed = |key: &str, value: Value| {
        let mut json = serde_json::to_value(&good).unwrap();
        json[key] = value;
        json.to_string()
    };
    let mut differing = serde_json::to_value(differing("a/Dockerfile")).unwrap();
    differing["builds"][0]["differences"][0]["cause"]["rule"] = json!("no-such-rule");
    let unknown_rule = differing.to_string();
    for (text, word) in [
        ("{".to_owned(), "line 1, column 1"),
        (changed("schema", json!(2)), "schema 2"),
        (changed("mood", json!("good")), "unknown field `mood`"),
        (changed("outcome", json!("fine")), "unknown variant `fine`"),
        (unknown_rule.clone(), "unknown rule `no-such-rule`"),
        (changed("path", json!("../a/Dockerfile")), "../a/Dockerfile"),
        (changed("path", json!("b/Dockerfile")), "b/Dockerfile: expected b-Dockerfile-"),
    ] {
        campaign.scratch.write(&place, text);
        let words = [place.as_str(), word, "remove that file", "layerwright verify FILE"];
        campaign.scratch.run(&["status", "--offline"]).failed(&words);
        campaign.scratch.run(&["migrate", "--write"]).failed(&words);
        campaign.scratch.run(&["plan"]).failed(&words);
    }
    campaign.scratch.remove(&place).link(&place, "/etc/hostname");
    campaign
        .scratch
        .run(&["status", "--offline"])
        .failed(&[&place, "not a regular file, or it is too large"]);
    campaign.scratch.remove(&place).write(&format!("{LOCAL}/.layerwright-x.tmp"), "{");
    campaign.scratch.write(&format!("{LOCAL}/.half.json"), "{");
    campaign.scratch.run(&["status", "--offline"]).done();
    assert_eq!(campaign.scratch.text("a/Dockerfile"), linkable("a"));
}

#[test]
fn a_bare_repository_has_the_evidence_of_its_commit() {
    let campaign = Campaign::new();
    campaign.put_in(COMMITTED, &campaign.same("a/Dockerfile"));
    campaign.scratch.commit("The plan and its evidence");
    let bare = tempfile::tempdir().unwrap();
    let root = campaign.scratch.root().to_str().unwrap();
    let cloned = crate::support::git(bare.path(), &["clone", "--quiet", "--bare", root, "x.git"]);
    assert!(cloned.status.success());
    let plan = campaign.scratch.root().join("plans/copy-link/plan.json");
    let arguments = ["status", "--offline", "--format", "json", "--plan", plan.to_str().unwrap()];
    let status = crate::support::run(&bare.path().join("x.git"), &arguments).done().json();
    assert_eq!(file(&status, "a/Dockerfile")["evidence"]["says"], "stands");
}

/// Evidence that says something else about the same texts.
fn blocked(mut evidence: Evidence) -> Evidence {
    (evidence.outcome, evidence.builds[0].outcome) = (Outcome::Blocked, Outcome::Blocked);
    evidence.builds[0].reason = Some("needs secret npmrc".into());
    evidence
}

#[test]
fn of_several_places_the_first_with_the_present_texts_counts() {
    let campaign = Campaign::new();
    let says = |more: &[&str]| {
        let arguments = [&["status", "--offline", "--format", "json"], more].concat();
        let status = campaign.scratch.run(&arguments).done().json();
        file(&status, "a/Dockerfile")["evidence"]["says"].as_str().unwrap().to_owned()
    };
    campaign.put_in(COMMITTED, &campaign.same("a/Dockerfile"));
    assert_eq!(says(&[]), "stands", "left by an earlier version");
    campaign.scratch.commit("The plan and its evidence");
    assert_eq!(says(&[]), "stands", "committed");
    campaign.put_in(COMMITTED, &blocked(campaign.same("a/Dockerfile")));
    assert_eq!(says(&[]), "stands", "what the tree has of a tracked file is not read");
    campaign.put(&blocked(campaign.same("a/Dockerfile")));
    assert_eq!(says(&[]), "blocked", "this clone before the base branch");
    campaign.put_in("artifacts", &campaign.same("a/Dockerfile"));
    assert_eq!(says(&["--evidence", "artifacts"]), "stands", "a folder before this clone");
    let of_other_texts = Evidence { after: "0".repeat(40), ..campaign.same("a/Dockerfile") };
    campaign.put_in("others", &of_other_texts);
    assert_eq!(says(&["--evidence", "others", "--evidence", "artifacts"]), "stands");
    assert_eq!(says(&["--evidence", "others"]), "blocked", "the texts of this clone are the present ones");
    campaign.put(&of_other_texts);
    assert_eq!(says(&["--evidence", "others"]), "stands", "those of the base branch are");
    let run = campaign.scratch.run(&["status", "--offline", "--evidence", "none"]).done();
    assert!(run.stderr.contains("no evidence is read from none: it does not exist"), "{run:?}");
}

#[test]
fn evidence_left_in_the_tree_is_moved_by_what_writes() {
    let campaign = Campaign::new();
    campaign.scratch.commit("The plan");
    let evidence = campaign.same("a/Dockerfile");
    campaign.put_in(COMMITTED, &evidence);
    let left = campaign.scratch.changed();
    assert_eq!(left.len(), 1);
    for reads in [&["status", "--offline"][..], &["plan"], &["report", "--out", "out", "--dry-run"]] {
        campaign.scratch.run(reads).done();
        std::fs::remove_dir_all(campaign.scratch.root().join("out")).ok();
        assert_eq!(campaign.scratch.changed(), left, "{reads:?}");
    }
    let out = tempfile::tempdir().unwrap();
    let report = ["report", "--out", out.path().to_str().unwrap()];
    let run = campaign.scratch.run(&report).done();
    assert!(run.stderr.contains("1 file of evidence moved from the working tree to "), "{run:?}");
    assert_eq!(campaign.scratch.changed(), [""; 0], "nothing is left in the tree");
    assert!(!campaign.scratch.root().join(COMMITTED).exists());
    assert_eq!(campaign.said("a/Dockerfile").0, "stands");
    let moved = evidence_in(&campaign.scratch.local_evidence());
    assert_eq!(moved, [serde_json::to_value(&evidence).unwrap()]);
    // Newer evidence of this clone stays.
    campaign.put_in(COMMITTED, &blocked(evidence.clone()));
    campaign.scratch.run(&report).done();
    assert_eq!(evidence_in(&campaign.scratch.local_evidence()), moved);
    assert_eq!(campaign.scratch.changed(), [""; 0]);
}

fn evidence_in(folder: &std::path::Path) -> Vec<Value> {
    let entries = std::fs::read_dir(folder).unwrap();
    entries
        .map(|entry| serde_json::from_slice(&std::fs::read(entry.unwrap().path()).unwrap()).unwrap())
        .collect()
}

#[test]
fn all_working_trees_of_a_clone_have_its_evidence() {
    let campaign = Campaign::new();
    campaign.scratch.commit("The plan");
    campaign.put(&campaign.same("a/Dockerfile"));
    let other = tempfile::tempdir().unwrap();
    let tree = other.path().join("tree");
    let added = crate::support::git(
        campaign.scratch.root(),
        &["worktree", "add", "--quiet", "--detach", tree.to_str().unwrap()],
    );
    assert!(added.status.success(), "{added:?}");
    let status = crate::support::run(&tree, &["status", "--offline", "--format", "json"]).done().json();
    assert_eq!(file(&status, "a/Dockerfile")["evidence"]["says"], "stands");
}

/// Nothing is built: the place of the evidence is looked at first.
#[test]
fn verify_needs_a_place_that_it_can_write_to() {
    let campaign = Campaign::new();
    campaign.scratch.write(".git/layerwright", "a file in place of the folder");
    let hint = "name another folder: layerwright verify --out DIR";
    campaign.scratch.run(&["verify"]).failed(&[
        ".git/layerwright/copy-link/evidence",
        "cannot be written",
        hint,
    ]);
    let folder = tempfile::tempdir().unwrap();
    for (path, text) in [("Dockerfile", "FROM scratch\nCOPY a /a\nCOPY b /b/\n"), ("a", ""), ("b", "")] {
        std::fs::write(folder.path().join(path), text).unwrap();
    }
    crate::support::run(folder.path(), &["plan", "--save"]).done();
    crate::support::run(folder.path(), &["verify", "Dockerfile"])
        .failed(&["without git", "name a folder for it: layerwright verify --out DIR"]);
}

#[test]
fn a_merged_file_is_verified_again_only_if_it_is_named() {
    let campaign = Campaign::new();
    campaign.scratch.run(&["migrate", "--write"]).done();
    campaign.scratch.commit("Merged");
    let run = campaign.scratch.run(&["verify", "--wave", "0"]).done();
    assert!(
        run.stderr.contains("a file that is verified or merged is built again if you name it"),
        "{run:?}"
    );
}
