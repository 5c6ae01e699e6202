//! `verify --depth line` on a real engine: each edited instruction on the very filesystem that is before it.

use std::path::Path;
use std::process::Command;

use layerwright::verify::image::Digest;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::cases::{self, Case, Kind};
use crate::engine;
use crate::support::{Scratch, is_set, left_out, say};
use crate::verify::{World, tiny};

/// A step whose result is another in each build.
const NOISE: &str = "RUN cat /proc/sys/kernel/random/uuid > /etc/id && mkdir /srv/$(cat /etc/id)\n";

/// Returns the lines of a build with how each was reached and what its comparison gave.
fn lines(build: &Value) -> Vec<(u64, String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let sites = build["sites"].as_array().unwrap().iter();
    let line = |site: &Value| {
        (site["line"].as_u64().unwrap(), text(&site["reached"]), text(&site["compared"]["outcome"]))
    };
    sites.map(line).collect()
}

fn line(line: u64, reached: &str, outcome: &str) -> (u64, String, String) {
    (line, reached.to_owned(), outcome.to_owned())
}

#[test]
fn nothing_is_excused_and_no_step_runs_twice() {
    if !engine::is_there("verify --depth line") {
        return;
    }
    // The second stage copies what differs from build to build, and each group stands before and behind such a step.
    let text = format!(
        "FROM tiny:1 AS build\nCOPY x /usr/local/in\n{NOISE}FROM tiny:1\nARG WHERE=lib\n{NOISE}\
         COPY x /usr/local/$WHERE/x\nCOPY --from=build /etc/id /usr/local/lib/id\n\
         RUN cat /proc/uptime >> /usr/local/lib/x\nCOPY x /opt/y\nRUN exit 7\n"
    );
    let world = World::new(&[("Dockerfile", &text), ("x", "x")]);
    world.builtin(&["--depth=line"]).done();
    let evidence = &world.evidence()["Dockerfile"];
    assert_eq!(evidence["outcome"], "same", "the last step fails, and it is not built: {evidence:#}");
    let build = &evidence["builds"][0];
    assert_eq!((&build["depth"], &build["noise"]), (&json!("line"), &json!(0)));
    let expected = [2, 7, 8, 10].map(|at| line(at, "linked", "same"));
    assert_eq!(lines(build), expected, "{build:#}");
    let before = |at: usize| build["sites"][at]["compared"]["before"].as_str().unwrap().to_owned();
    assert!(before(1) == before(2) && before(2) != before(3), "two instructions start from one filesystem");
    assert!(before(0).starts_with("sha256:") && before(0) != before(1));
    // The whole build shows that the file fails, and what was compared stays.
    world.builtin(&["--depth=full"]).done();
    let kept = &world.evidence()["Dockerfile"];
    assert_eq!(kept["outcome"], "same", "{kept:#}");
}

#[test]
fn what_precedes_a_failure_is_verified() {
    if !engine::is_there("verify of what precedes a failure") {
        return;
    }
    let text = "FROM tiny:1 AS other\nCOPY x /usr/local/lib/a\nRUN exit 7\nCOPY x /usr/local/lib/b\n\
                FROM tiny:1\nCOPY x /usr/local/lib/c\nCOPY nothing-here /usr/local/lib/d\nCOPY x /usr/local/lib/e\n\
                COPY --from=other /usr/local/lib/b /usr/local/lib/f\n";
    let world = World::new(&[("Dockerfile", text), ("x", "x")]);
    world.builtin(&["--depth=line"]).done();
    let evidence = &world.evidence()["Dockerfile"];
    assert_eq!(evidence["outcome"], "blocked", "{evidence:#}");
    let build = &evidence["builds"][0];
    let (linked, open) = (|at| line(at, "linked", "same"), |at| line(at, "not-exercised", "blocked"));
    let mut found = lines(build);
    // The plan may not edit a line whose source is missing.
    found.retain(|(line, ..)| *line != 7);
    assert_eq!(found, [linked(2), open(4), linked(6), open(8), open(9)], "{build:#}");
    let reason = build["reason"].as_str().unwrap();
    assert!(reason.starts_with("lines 2 and 6 are verified; line "), "{reason}");
    let why = |line: u64| {
        let site = build["sites"].as_array().unwrap().iter().find(|site| site["line"] == line).unwrap();
        site["compared"]["reason"].as_str().unwrap().to_owned()
    };
    assert!(why(4).contains("RUN exit 7") && why(8).contains("nothing-here"), "{build:#}");
}

#[test]
fn a_waived_difference_needs_the_whole_images() {
    if !engine::is_there("verify of a waived difference") {
        return;
    }
    let waiver = "[[waivers]]\nrule = \"ancestor-mode\"\npath = \"/root\"\nreason = \"nobody minds\"\n";
    let text = "FROM tiny:1\nCOPY x /root/x\nCOPY x /usr/local/lib/x\n";
    let world = World::new(&[("Dockerfile", text), ("x", "x"), ("layerwright.toml", waiver)]);
    world.builtin(&["--depth=line"]).done();
    let evidence = &world.evidence()["Dockerfile"];
    let build = &evidence["builds"][0];
    assert_eq!((&evidence["outcome"], &build["depth"]), (&json!("different"), &Value::Null), "{evidence:#}");
    let expected = json!([{
        "path": "/root", "aspect": "mode", "before": "0700", "after": "0755",
        "cause": { "kind": "rule", "rule": "ancestor-mode", "line": 2, "accepted": true },
    }]);
    assert_eq!(build["differences"], expected);
    assert_eq!(build["sites"][0]["compared"]["differences"], expected);
    assert_eq!(lines(build), [line(2, "linked", "different"), line(3, "linked", "same")]);
}

#[test]
fn what_a_later_step_observes_is_told_apart_and_may_be_accepted() {
    if !engine::is_there("verify of an observing step") {
        return;
    }
    let text = "FROM tiny:1\nCOPY x /opt/n/x\nRUN stat -c %h /opt/n/x > /links\n";
    let world = World::new(&[("Dockerfile", text), ("x", "x")]);
    let verify = || {
        world.builtin(&["--depth=full"]);
        let evidence = world.evidence()["Dockerfile"].clone();
        (evidence["outcome"].clone(), evidence["builds"][0]["differences"].clone())
    };
    let digest = |text: &str| Digest(Sha256::digest(text).into()).to_string();
    let expected = |accepted: bool| {
        let found = json!([{
            "path": "/links", "aspect": "content", "before": digest("1\n"), "after": digest("2\n"),
            "cause": { "kind": "rule", "rule": "observed-metadata", "line": 2, "accepted": accepted },
        }]);
        (json!("different"), found)
    };
    assert_eq!(verify(), expected(false));
    let accept =
        ["migrate", "Dockerfile", "--accept", "observed-metadata:/links", "--reason", "only a count"];
    world.scratch.run(&accept).done();
    world.scratch.commit("Accept");
    world.scratch.run(&["plan", "--save"]).done();
    world.scratch.commit("Plan again");
    assert_eq!(verify(), expected(true));
    let status = world.scratch.run(&["status", "--offline", "--format", "json"]).done().json();
    assert_eq!(status["waves"][0]["evidence"], json!({ "stands": 1 }), "{status:#}");
    let check = world.scratch.run(&["check", "--format", "json"]).json();
    assert_eq!(check["findings"], json!([]), "only a build shows what it accepts");
}

#[test]
fn a_trigger_is_tested_in_a_stage_of_its_own() {
    if !engine::is_there("verify of a trigger") {
        return;
    }
    let text = "FROM tiny:1\nONBUILD COPY x /usr/local/lib/x\nCOPY x /usr/local/lib/y\n";
    let world = World::new(&[("Dockerfile", text), ("x", "x")]);
    world.builtin(&["--depth=line"]).done();
    let build = &world.evidence()["Dockerfile"]["builds"][0];
    let expected = [line(2, "linked", "same"), line(3, "linked", "same")];
    assert_eq!((&build["outcome"], lines(build)), (&json!("same"), expected.to_vec()), "{build:#}");
}

#[test]
fn a_cache_is_used_only_where_the_user_allows_it() {
    if !engine::is_there("verify --reuse") {
        return;
    }
    let text =
        "FROM tiny:1\nRUN cat /proc/sys/kernel/random/uuid > /id\nCOPY x /usr/local/lib/x\nRUN exit 7\n";
    let world = World::new(&[("Dockerfile", text), ("x", "x")]);
    let planned = world.builtin(&["--dry-run", "--depth=line", "--format=json"]).done().json();
    let steps = &planned["files"][0]["builds"][0]["steps"];
    let lines = |steps: &Value| -> Vec<Value> {
        steps.as_array().unwrap().iter().map(|step| json!([step["line"], step["is_edited"]])).collect()
    };
    assert_eq!(lines(steps), [json!([2, false]), json!([3, true])], "{planned:#}");
    assert!(world.evidence().is_empty(), "nothing is built");
    let before = |arguments: &[&str]| {
        world.builtin(&[&["--depth=line", "Dockerfile"], arguments].concat()).done();
        let build = world.evidence()["Dockerfile"]["builds"][0].clone();
        assert_eq!(build["outcome"], "same", "{build:#}");
        let is_said = build["assumptions"].to_string().contains("taken from the cache of the builder");
        (build["sites"][0]["compared"]["before"].clone(), is_said)
    };
    let (first, is_said) = before(&[]);
    assert!(!is_said);
    assert_eq!(
        before(&["--reuse"]),
        (first.clone(), true),
        "the step with another result each time is replayed"
    );
    assert_ne!(before(&[]).0, first, "it is executed again");
}

/// Of the cases, one in so many is built, unless `LAYERWRIGHT_ALL_CASES` is set.
const EACH: usize = 24;

/// The cases in which the whole images differ and no instruction does: a RUN observes the link.
const OBSERVED: [&str; 1] = ["314-run-sees-link-count"];

/// A repository with a case, and a plan that links the lines of the case whatever they do. `None` if the case is not one
/// of these: it needs other base images, or is linked by another edit than the flag.
fn world_of(folder: &Path, work: &Path) -> Option<(World, Case)> {
    let case = Case::read(folder, work)?;
    let is_plain = case.expected.link_dockerfile.is_none() && case.expected.needs.is_empty();
    if !is_plain || folder.join("case.json").exists() || case.text.contains("http://") {
        return None;
    }
    let world = World::of(Scratch::new());
    let copied = Command::new("cp").arg("-a").arg(case.context.join(".")).arg(world.scratch.root()).status();
    assert!(copied.unwrap().success());
    world.scratch.write("Dockerfile", &case.text).commit("Add the case");
    let mut plan = world.scratch.plan(&["--rootfs", &format!("tiny:1={}", tiny().display())]);
    let file = plan["files"].as_array_mut()?.iter_mut().find(|file| file["path"] == "Dockerfile")?;
    let mut lines: Vec<String> = case.text.split_inclusive('\n').map(str::to_owned).collect();
    for site in file["sites"].as_array_mut()? {
        let line = usize::try_from(site["line"].as_u64()?).ok()?;
        let end = usize::try_from(site["end_line"].as_u64()?).ok()?;
        site["selected"] = json!(case.expected.lines.contains(&line));
        if site["selected"] == true {
            let word = lines[line - 1].split_whitespace().next()?.to_owned();
            let (before, rest) = lines[line - 1].split_once(&word)?;
            lines[line - 1] = format!("{before}{word} --link{rest}");
            let text = lines[line - 1..end].concat();
            (site["verdict"], site["proved"]) = (json!("link"), json!(true));
            (site["reasons"], site["assumptions"]) = (json!([]), json!([]));
            site["replacement"] = json!(text.trim_end_matches('\n'));
        }
    }
    file["header"] = json!({ "kind": "keep" });
    world.scratch.write(".git/linked", lines.concat());
    let hashed =
        Command::new("git").args(["hash-object", ".git/linked"]).current_dir(world.scratch.root()).output();
    file["rewritten"] = json!(String::from_utf8(hashed.unwrap().stdout).unwrap().trim());
    (file["wave"], file["skip"]) = (json!(1), Value::Null);
    plan["waves"] = json!([{ "number": 1, "reason": "", "files": ["Dockerfile"] }]);
    world.scratch.write(".git/plan.json", plan.to_string());
    Some((world, case))
}

#[test]
fn line_and_full_agree_on_the_cases() {
    let Some(folder) = cases::folder() else { return left_out("the cases", "there is no folder with them") };
    if !engine::is_there("line and full on the cases") {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let each = if is_set("LAYERWRIGHT_ALL_CASES") { 1 } else { EACH };
    let (mut built, mut at_the_line, mut wrong) = (0, 0, Vec::new());
    for case in cases::all(&folder).iter().step_by(each) {
        let Some((world, case)) = world_of(case, work.path()) else { continue };
        let mut outcomes = Vec::new();
        for depth in ["--depth=line", "--depth=full"] {
            let out = tempfile::tempdir().unwrap();
            let out = format!("--out={}", out.path().display());
            let run = world.builtin(&["Dockerfile", "--plan=.git/plan.json", "--format=json", depth, &out]);
            if run.stdout.is_empty() {
                wrong.push(format!("{}: {}", case.name, run.stderr));
                break;
            }
            outcomes.push(run.json()["files"][0].clone());
        }
        let [line, full] = outcomes.as_slice() else { continue };
        built += 1;
        at_the_line += usize::from(line["builds"][0]["depth"] == "line");
        let expected = match case.expected.kind {
            Kind::Same => "same",
            Kind::Differs | Kind::LinkFails => "different",
            Kind::PlainFails | Kind::BothFail => "blocked",
        };
        let is_observed = OBSERVED.contains(&case.name.as_str()) && line["outcome"] == "same";
        if line["outcome"] != full["outcome"] && !is_observed {
            wrong.push(format!("{}: {line:#} is not {full:#}, expected {expected}", case.name));
        } else if full["outcome"] != expected {
            // A checkout has other modes than the context of the case.
            say(&format!("{}: {} at both depths, and the case {expected}", case.name, full["outcome"]));
        }
    }
    say(&format!("{built} cases at both depths, {at_the_line} of them without the whole images"));
    assert!(built > 0 && wrong.is_empty(), "{} of {built}:\n{}", wrong.len(), wrong.join("\n"));
}
