//! What `report` lets out of a plan and of evidence that anyone may have written.

use layerwright::campaign::evidence::EvidenceKey;
use layerwright::campaign::names::slug;
use layerwright::git::RepoPath;
use serde_json::{Value, json};

use crate::evidence::Campaign;
use crate::support::{Base, Run, Scratch, command, git, linkable};

const KEY: &str = "0123456789abcdef0123456789abcdef";
const OTHER_KEY: &str = "fedcba9876543210fedcba9876543210";

/// Reports to a folder, with the key in the environment, if there is one.
fn report(scratch: &Scratch, key: Option<&str>, arguments: &[&str]) -> Run {
    let mut report = command(scratch.root());
    report.args(["report", "--out", "out", "--format", "json"]).args(arguments);
    report.envs(key.map(|key| ("LAYERWRIGHT_EVIDENCE_KEY", key)));
    Run::of(report.output().unwrap())
}

/// The text of the pull request of a file; `None` if it did not go out.
fn text(scratch: &Scratch, path: &str) -> Option<String> {
    let slug = slug(&RepoPath::new(path).unwrap()).unwrap();
    std::fs::read_to_string(scratch.root().join(format!("out/{slug}.md"))).ok()
}

/// Changes the saved plan.
fn forge(scratch: &Scratch, change: impl FnOnce(&mut Value)) {
    let mut plan: Value = serde_json::from_slice(&scratch.read("plans/copy-link/plan.json")).unwrap();
    change(&mut plan);
    scratch.write("plans/copy-link/plan.json", plan.to_string());
}

const UNSAFE: &str = "FROM scratch AS base\nCOPY --chown=5:5 x /a/\nCOPY x /a/y\n";

#[test]
fn an_instruction_that_would_change_the_image_never_goes_out() {
    let scratch = Scratch::with(&[("a/Dockerfile", UNSAFE), ("a/x", "")]);
    scratch.write("compose.yaml", "services:\n  a:\n    build: a\n").commit("Compose");
    scratch.run(&["plan", "--save", "--include", "costs"]).done();
    let linked = UNSAFE.replace("COPY x", "COPY --link x");
    forge(&scratch, |plan| {
        let rewritten = layerwright::git::hash_blob(linked.as_bytes()).unwrap();
        let file = &mut plan["files"][0];
        file["rewritten"] = json!(rewritten.as_str());
        file["header"] = json!({"kind": "keep"});
        for site in file["sites"].as_array_mut().unwrap() {
            let is_unsafe = site["line"] == 3;
            site["selected"] = json!(is_unsafe);
            if is_unsafe {
                assert_eq!((&site["verdict"], &site["proved"]), (&json!("hold"), &json!(true)));
                site["verdict"] = json!("link");
                site["replacement"] = json!("COPY --link x /a/y");
                site["reasons"] = json!([]);
            }
        }
        plan["waves"] = json!([{"number": 0, "reason": "x", "files": ["a/Dockerfile"]}]);
    });
    report(&scratch, None, &[]).refused(&["a/Dockerfile:3", "would change the image"]);
    assert_eq!(text(&scratch, "a/Dockerfile"), None);
    // A waiver counts on the base branch, and not in the working tree.
    let waiver = "[[waivers]]\nrule = \"ancestor-owner\"\npath = \"/a\"\nreason = \"why\"\n";
    scratch.write("layerwright.toml", waiver);
    report(&scratch, None, &[]).refused(&["a/Dockerfile:3", "would change the image"]);
    scratch.commit("Waive");
    report(&scratch, None, &[]).done();
}

/// A plan that claims that a line is proved, in the place of what the analysis found.
fn claim(file: &mut Value, old: &str, new: &str) {
    let rewritten = format!("# syntax=docker/dockerfile:1\n\n{old}").replace("COPY", "COPY --link");
    let blob = layerwright::git::hash_blob(rewritten.as_bytes()).unwrap();
    file["rewritten"] = json!(blob.as_str());
    file["header"] = json!({"kind": "insert", "value": "docker/dockerfile:1"});
    let site = &mut file["sites"][0];
    for (key, value) in [
        ("selected", json!(true)),
        ("verdict", json!("link")),
        ("proved", json!(true)),
        ("replacement", json!(new)),
        ("assumptions", json!([])),
        ("reasons", json!([])),
    ] {
        site[key] = value;
    }
}

#[test]
fn what_is_not_safe_needs_evidence_even_where_verdicts_are_trusted() {
    let (hold, safe) = ("FROM debian:12\nCOPY x /tmp/y\n", "FROM debian:12\nCOPY x /opt/y\n");
    let files = [("a/Dockerfile", hold), ("a/x", ""), ("b/Dockerfile", safe), ("b/x", "")];
    let scratch = Scratch::with(&files);
    scratch.write("layerwright.toml", "[campaign]\ntrust = \"assumed\"\n").commit("Trust");
    scratch.run(&["plan", "--save"]).done();
    forge(&scratch, |plan| {
        let site = &plan["files"][0]["sites"][0];
        assert_eq!((&site["verdict"], &site["proved"]), (&json!("hold"), &json!(false)));
        assert_ne!(plan["files"][1]["sites"][0]["assumptions"], json!([]));
        claim(&mut plan["files"][0], hold, "COPY --link x /tmp/y");
        claim(&mut plan["files"][1], safe, "COPY --link x /opt/y");
        plan["waves"] = json!([{"number": 0, "reason": "x", "files": ["a/Dockerfile", "b/Dockerfile"]}]);
        for file in plan["files"].as_array_mut().unwrap() {
            file["wave"] = json!(0);
        }
    });
    let run = report(&scratch, None, &[]).done();
    assert_eq!(text(&scratch, "a/Dockerfile"), None, "{run:?}");
    let text = text(&scratch, "b/Dockerfile").expect("its verdict is trusted");
    assert!(text.contains("assumed") && text.contains("**Not checked:**"), "{text}");
}

#[test]
fn the_texts_of_a_pull_request_close_no_issue_and_skip_no_workflow() {
    let path = "fixes: #7 [skip ci]/Dockerfile";
    let scratch = Scratch::with(&[
        (path, "FROM debian:12\nCOPY [\"x\", \"/srv/[no ci]/***NO_CI***/\"]\n"),
        ("fixes: #7 [skip ci]/x", ""),
        ("layerwright.toml", "[campaign]\ntrust = \"assumed\"\n"),
    ]);
    scratch.plan(&["--save"]);
    report(&scratch, None, &[]).done();
    let text = text(&scratch, path).unwrap();
    let title = "# Use COPY --link in `fixes: #\u{2060}7 [\u{2060}skip ci]/Dockerfile`\n";
    assert!(text.starts_with(title), "{text}");
    let slug = slug(&RepoPath::new(path).unwrap()).unwrap();
    let message = scratch.text(&format!("out/{slug}.txt"));
    for skips in ["[skip ci]", "[no ci]", "***NO_CI***"] {
        assert!(!text.contains(skips) && !message.contains(skips), "{text}{message}");
    }
    assert!(text.contains("[\u{2060}no ci]") && message.contains("[\u{2060}no ci]"), "{text}{message}");
}

/// Proofs alone let a file of a later wave out, so what is proved must be what is written.
#[test]
fn a_proof_of_one_instruction_lets_no_other_one_out() {
    let campaign = Campaign::of(&|name| format!("FROM scratch\nCOPY {name} /srv/\nCOPY {name} /opt/app/\n"));
    let scratch = &campaign.scratch;
    for wave in &campaign.plan.waves[..2] {
        for path in &wave.files {
            campaign.put(&campaign.same(path));
        }
    }
    for wave in ["0", "1"] {
        scratch.run(&["migrate", "--write", "--wave", wave]).done();
        scratch.commit("Link");
    }
    let last = campaign.plan.waves[2].files[0].as_str();
    report(scratch, None, &[]).done();
    assert!(text(scratch, last).is_some(), "it goes out by its proof");
    std::fs::remove_dir_all(scratch.root().join("out")).unwrap();
    let mut rewritten = Vec::new();
    forge(scratch, |plan| {
        let files = plan["files"].as_array_mut().unwrap();
        let file = files.iter_mut().find(|file| file["path"] == last).unwrap();
        let site = file["sites"].as_array_mut().unwrap().iter_mut().find(|site| site["selected"] == true);
        let site = site.unwrap();
        let honest = site["replacement"].as_str().unwrap().to_owned();
        let forged = honest.replace("/opt/app/", "/opt/evil/");
        assert_ne!(honest, forged);
        site["replacement"] = json!(forged);
        // The text that the forged lines give, with the header of the plan.
        let old = scratch.text(last);
        let new = old.replace(&honest.replace(" --link", ""), &forged);
        rewritten = format!("# syntax=docker/dockerfile:1\n\n{new}").into_bytes();
        let blob = layerwright::git::hash_blob(&rewritten).unwrap();
        file["rewritten"] = json!(blob.as_str());
    });
    report(scratch, None, &[]).done();
    assert_eq!(text(scratch, last), None, "{}", String::from_utf8_lossy(&rewritten));
}

#[test]
fn another_header_than_the_configured_one_never_goes_out() {
    let campaign = Campaign::new();
    campaign.put(&campaign.same("a/Dockerfile"));
    report(&campaign.scratch, None, &[]).done();
    assert!(text(&campaign.scratch, "a/Dockerfile").is_some());
    forge(&campaign.scratch, |plan| {
        plan["files"][0]["header"] = json!({"kind": "insert", "value": "evil.example/dockerfile:1"});
    });
    let why = ["evil.example/dockerfile:1", "[syntax] write is `docker/dockerfile:1`"];
    report(&campaign.scratch, None, &[]).refused(&why);
    for (key, value) in [("user.name", "A"), ("user.email", "a@example.com")] {
        git(campaign.scratch.root(), &["config", key, value]);
    }
    for mode in ["--diff", "--write", "--commit"] {
        campaign.scratch.run(&["migrate", mode]).refused(&why);
    }
    // The builder would run it.
    campaign.scratch.run(&["verify", "a/Dockerfile"]).refused(&why);
}

#[test]
fn evidence_without_a_valid_signature_verifies_nothing_where_one_is_required() {
    let campaign = Campaign::new();
    let (scratch, own) = (&campaign.scratch, EvidenceKey::new(KEY.as_bytes()).unwrap());
    let same = || campaign.same("a/Dockerfile");
    let goes_out = |key: &str| {
        let _ = std::fs::remove_dir_all(scratch.root().join("out"));
        report(scratch, Some(key), &["--require-signed"]).done();
        text(scratch, "a/Dockerfile")
    };
    campaign.put(&same());
    assert_eq!(goes_out(KEY), None, "not signed");
    campaign.put(&same().signed(&own));
    let signed = goes_out(KEY).expect("signed");
    assert!(
        signed.contains("with a valid signature") && !signed.contains("who made the evidence"),
        "{signed}"
    );
    assert_eq!(goes_out(OTHER_KEY), None, "another key");
    let mut changed = same().signed(&own);
    changed.builds[0].platform = "linux/arm64".into();
    campaign.put(&changed);
    assert_eq!(goes_out(KEY), None, "changed since");
    let mut moved = same().signed(&own);
    moved.path = "b/Dockerfile".into();
    campaign.put(&moved);
    assert_eq!(goes_out(KEY), None, "of another file");
}

#[test]
fn a_pull_request_says_if_its_evidence_has_no_signature_that_was_checked() {
    let campaign = Campaign::new();
    let own = EvidenceKey::new(KEY.as_bytes()).unwrap();
    campaign.put(&campaign.same("a/Dockerfile").signed(&own));
    report(&campaign.scratch, None, &[]).done();
    let text = text(&campaign.scratch, "a/Dockerfile").unwrap();
    assert!(text.contains("- who measured it: the evidence has no signature that was checked\n"), "{text}");
}

#[test]
fn a_missing_or_short_key_is_refused_and_no_key_is_shown() {
    let campaign = Campaign::new();
    let missing = ["there is no key", "LAYERWRIGHT_EVIDENCE_KEY", "--evidence-key"];
    report(&campaign.scratch, None, &["--require-signed"]).failed(&missing);
    report(&campaign.scratch, Some(""), &["--require-signed"]).failed(&missing);
    let run = report(&campaign.scratch, Some("hunter2hunter2"), &[]);
    assert!(!run.stderr.contains("hunter2"), "{run:?}");
    run.failed(&["14 bytes", "32 to 4096", "openssl rand"]);
    campaign.scratch.write("key", KEY);
    report(&campaign.scratch, None, &["--require-signed", "--evidence-key", "key"]).done();
}

/// A repository chooses what its folders are, not where a report is written.
#[test]
fn a_link_in_the_repository_does_not_lead_a_report_out_of_it() {
    let scratch = Scratch::with(&[("a/Dockerfile", &linkable("a")), ("a/a", "")]);
    let outside = tempfile::tempdir().unwrap();
    std::os::unix::fs::symlink(outside.path(), scratch.root().join("proposals")).unwrap();
    scratch.save(&Base::new());
    scratch.commit("The plan");
    for out in ["proposals", "./proposals/below", "a/../proposals"] {
        scratch.run(&["report", "--out", out]).refused(&["proposals", "is a symbolic link"]);
    }
    assert_eq!(std::fs::read_dir(outside.path()).unwrap().count(), 0);
    scratch.run(&["report", "--out", "texts"]).done();
}
