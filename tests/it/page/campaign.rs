//! A campaign with a file in each state, and with names, lines and messages that want to act on a page.

use std::collections::{BTreeMap, BTreeSet};

use layerwright::campaign::evidence::EvidenceState;
use layerwright::campaign::evidence::{Evidence, EvidenceByPath};
use layerwright::campaign::plan::file::Plan;
use layerwright::campaign::policy::Refusal;
use layerwright::campaign::progress::{
    Base, Change, FileEvidence, FileProgress, FileState, OpenState, Progress, WaveProgress,
};
use layerwright::report::page::{Criterion, CriterionState, Facts, MOST_DIFFERENCES, StatusPage};
use serde_json::{Value, json};

/// Text that acts on a page wherever it is not escaped, and that hides from people wherever it is not shown.
pub fn hostile(what: &str) -> String {
    format!(
        "{what}\"'><script>document.title='ran'</script><img src=x onerror=\"document.title='ran'\">--></details>\
         </script>&lt;{{{{data}}}}\u{202e}gnp.\u{200b}|`@everyone\n# end"
    )
}

/// The whole campaign.
pub struct Made {
    pub plan: Plan,
    pub evidence: EvidenceByPath,
    pub states: BTreeMap<String, FileEvidence>,
    pub progress: Progress,
    pub base: Base,
    pub criteria: Vec<Criterion>,
}

impl Made {
    pub fn page(&self) -> StatusPage {
        StatusPage::new(&Facts {
            max_open: 10,
            campaign: &hostile("copy-link"),
            repository: Some("acme/shop"),
            url: Some("https://github.com/acme/shop"),
            issue: Some(1204),
            base: &self.base,
            made: "2026-11-22T04:00:00Z",
            plan: &self.plan,
            evidence: &self.evidence,
            states: &self.states,
            progress: &self.progress,
            criteria: &self.criteria,
        })
    }
}

/// A file in one state.
struct Member {
    path: String,
    wave: usize,
    state: FileState,
    pull: Option<u64>,
    evidence_state: EvidenceState,
    evidence: Option<Value>,
}

fn member(path: &str, wave: usize, state: FileState, pull: Option<u64>) -> Member {
    Member {
        path: path.to_owned(),
        wave,
        state,
        pull,
        evidence_state: EvidenceState::Missing,
        evidence: None,
    }
}

/// A rebuild.
fn rebuild(layers: usize, kept: usize, pushed_bytes: u64, steps: usize) -> Value {
    json!({"layers": layers, "kept": kept, "pushed_bytes": pushed_bytes, "steps": steps})
}

fn build(outcome: &str, differences: &[Value], cache: &Value) -> Value {
    json!({
        "context": ".", "tree": null, "target": null, "platform": "linux/amd64", "build_args": {}, "contexts": {},
        "bases": {"debian:12": null}, "frontend": "docker/dockerfile:1", "outcome": outcome, "reason": null,
        "builder": {"name": "default", "driver": "docker", "buildkit": "v0.25.1", "buildx": "v0.29.1",
            "rootless": null},
        "assumptions": [hostile("assumption")], "sites": [
            {"line": 4, "reached": "linked"}, {"line": 9, "reached": "not-exercised"}],
        "differences": differences, "noise": 2, "cache": cache,
        "smoke": [{"command": hostile("auth --version"), "agrees": true, "before": 0, "after": 0},
            {"command": "true", "agrees": false, "before": 0, "after": 127}],
    })
}

fn evidence(path: &str, outcome: &str, builds: &[Value], figures: &[Value]) -> Value {
    json!({
        "schema": 1, "path": path, "commit": "5f0e1c3a9b7d2468ace013579bdf02468ace1357", "before": "b", "after": "a",
        "outcome": outcome, "reason": null, "builds": builds,
        "figures": {"began": "2026-11-21T22:00:00Z", "total_ms": 1, "written_bytes": 0, "builds": figures},
    })
}

/// Two builds, one of which measured all and one the whole build alone.
fn measured(path: &str) -> Value {
    let cache = json!({
        "moved_base": {"before": rebuild(8, 1, 1_284_500_000, 12), "after": rebuild(8, 7, 2_560_000, 3)},
        "early_step": {"before": rebuild(8, 2, 310_000_000, 9), "after": rebuild(8, 6, 512, 4)},
    });
    let arm = {
        let mut build = build("same", &[], &Value::Null);
        build["platform"] = json!("linux/arm64");
        build["target"] = json!(hostile("runtime"));
        build
    };
    let figures = [
        json!({"before_ms": 185_300, "after_ms": 121_000, "moved_base_ms": [92_400, 8_150],
            "early_step_ms": [3_725_000, 420]}),
        json!({"before_ms": 201_000, "after_ms": 130_500, "moved_base_ms": null, "early_step_ms": null}),
    ];
    evidence(path, "same", &[build("same", &[], &cache), arm], &figures)
}

/// A build with more differences than the page shows, of every cause.
fn different(path: &str) -> Value {
    let difference = |path: Value, aspect: &str, before: Value, after: Value, cause: Value| json!({"path": path, "aspect": aspect, "before": before, "after": after, "cause": cause});
    let mut differences = vec![
        difference(
            json!("/root"),
            "mode",
            json!("0700"),
            json!("0755"),
            json!({"kind": "rule", "rule": "ancestor-mode", "line": 4, "accepted": true}),
        ),
        difference(Value::Null, "config Env", json!("A=1"), json!("A=2"), json!({"kind": "header"})),
        difference(
            json!(hostile("/srv/a")),
            &hostile("xattr"),
            Value::Null,
            json!(hostile("")),
            json!({"kind": "unforetold"}),
        ),
    ];
    for number in 0..MOST_DIFFERENCES {
        let path = json!(format!("/usr/share/doc/{number}"));
        differences.push(difference(
            path,
            "uid",
            json!("0"),
            json!("1000"),
            json!({"kind": "rule", "rule": "chown-ancestors", "line": 9, "accepted": false}),
        ));
    }
    let figures = [
        json!({"before_ms": 800, "after_ms": 990, "moved_base_ms": null, "early_step_ms": null}),
        json!({"before_ms": 5, "after_ms": 7, "moved_base_ms": null, "early_step_ms": null}),
        json!({"before_ms": 900, "after_ms": null, "moved_base_ms": null, "early_step_ms": null}),
    ];
    let mut blocked = build("blocked", &[], &Value::Null);
    blocked["reason"] = json!(hostile("the original does not build"));
    let mut failed = build("different", &[], &Value::Null);
    failed["smoke"] = json!([]);
    evidence(path, "different", &[build("different", &differences, &Value::Null), blocked, failed], &figures)
}

fn members() -> Vec<Member> {
    let somebody = || Some("mallory".to_owned());
    let change = Change { commit: "0123456789abcdef".into(), author: hostile("Eve") };
    let refused = |path: &str, evidence: &EvidenceState| Refusal::Different {
        path: path.into(),
        evidence: evidence.clone(),
    };
    let (held, differs) =
        ("services/search/Dockerfile", EvidenceState::Different { places: 102, reason: None });
    let deep = "platform/internal/tools/build-images/execution-environment-manylinux_2_28-aarch64/Dockerfile";
    vec![
        Member {
            evidence_state: EvidenceState::Verified,
            evidence: Some(measured("services/auth/Dockerfile")),
            ..member("services/auth/Dockerfile", 0, FileState::Done, Some(41))
        },
        Member {
            evidence_state: EvidenceState::Verified,
            evidence: Some(measured(&hostile("services/pay"))),
            ..member(&hostile("services/pay"), 1, FileState::Open(OpenState::Current), Some(42))
        },
        member("services/cart/Dockerfile", 1, FileState::Merged, Some(43)),
        member("services/mail/Dockerfile", 1, FileState::Declined { by: somebody() }, Some(44)),
        member("services/image/Dockerfile", 1, FileState::Reverted { by: Some(change) }, Some(45)),
        member("services/user/Dockerfile", 1, FileState::Open(OpenState::OtherCommits), Some(46)),
        member(deep, 1, FileState::Open(OpenState::Stale), Some(47)),
        member("a/Dockerfile", 1, FileState::Ready, None),
        Member {
            evidence: Some(different(held)),
            evidence_state: differs.clone(),
            ..member(held, 2, FileState::Held { why: refused(held, &differs) }, None)
        },
        member("services/geo/Dockerfile", 2, FileState::Partly, Some(48)),
        member("services/tax/Dockerfile", 2, FileState::OtherCommits, None),
        member("services/old/Dockerfile", 2, FileState::Gone, None),
        member("b/Dockerfile", 2, FileState::Stale, None),
        member("c/Dockerfile", 2, FileState::Ready, None),
        Member {
            evidence_state: EvidenceState::Contradicts,
            ..member("d/Dockerfile", 2, FileState::Declined { by: None }, Some(1_234_567))
        },
    ]
}

fn site(line: usize, verdict: &str, more: &Value) -> Value {
    let mut site = json!({
        "line": line, "end_line": line, "keyword": "COPY", "onbuild": false, "stage": 0, "flags": ["--from=build"],
        "sources": [hostile("/out/tool")], "heredocs": 0, "destination": "/usr/local/bin/", "verdict": verdict,
        "proved": null, "replacement": null, "assumptions": [], "reasons": [], "benefit": "pays",
        "selected": false, "audit": null,
    });
    site.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    site
}

fn planned(path: &str, wave: Option<usize>) -> Value {
    let assumed = json!({"proved": false, "selected": true, "replacement": hostile("COPY --link app /app/"),
        "assumptions": [{"line": 7, "path": "/app", "message": hostile("RUN make leaves /app alone")}]});
    let held = json!({"proved": true, "reasons": [{"rule": "ancestor-mode", "path": "/root",
        "message": "`/root` is 0700 and would become 0755"}]});
    json!({
        "path": path, "blob": "b", "class": {"kind": "plain"}, "skip": null, "contexts": [], "bases": [],
        "errors": [], "syntax": {"current": null, "required": "1.4"},
        "header": {"kind": "insert", "value": "docker/dockerfile:1"},
        "sites": [
            site(4, "link", &json!({"proved": true, "selected": true,
                "replacement": "COPY --link --from=build /out/tool /usr/local/bin/"})),
            site(9, "edit", &assumed), site(11, "hold", &held), site(12, "unknown", &json!({})),
            site(1_300, "no-effect", &json!({})),
        ],
        "wave": wave, "decided": null, "owners": ["@acme/platform", hostile("@eve")], "rewritten": "a",
    })
}

fn criteria() -> Vec<Criterion> {
    let criterion = |name: &str, state, done, of, note: &str| Criterion {
        name: name.to_owned(),
        state,
        done,
        of,
        note: note.to_owned(),
    };
    vec![
        criterion("The header is in all files", CriterionState::Open, Some(1), Some(15), ""),
        criterion(
            &hostile("Images are equivalent"),
            CriterionState::Failed,
            None,
            None,
            &hostile("d differs"),
        ),
        criterion("Builders know the flag", CriterionState::Met, Some(12_000), Some(12_000), ""),
        criterion("Platforms", CriterionState::Unknown, None, None, "no platform is named"),
    ]
}

/// The campaign.
pub fn campaign() -> Made {
    let members = members();
    let mut files: Vec<Value> =
        members.iter().map(|member| planned(&member.path, Some(member.wave))).collect();
    let mut skipped = planned(&hostile("third_party/x"), None);
    skipped["skip"] = json!(hostile("retired"));
    files.extend([skipped, planned("empty/Dockerfile", None)]);
    let wave = |number: usize, reason: &str| {
        let of = members.iter().filter(|member| member.wave == number);
        let paths: Vec<&str> = of.map(|member| member.path.as_str()).collect();
        json!({"number": number, "reason": reason, "files": paths})
    };
    let plan = json!({
        "schema": 1, "commit": "89abcdef0123456789abcdef0123456789abcdef", "build_args": {},
        "syntax": "docker/dockerfile:1", "selects": ["pays"], "waivers": [], "list": null, "left_out": {},
        "refused": [], "unread": [], "cycles": [], "files": files,
        "waves": [wave(0, "most lines, all proved"), wave(1, &hostile("owned by")), wave(2, "")],
    });
    let waits_for = vec!["services/image/Dockerfile".to_owned(), hostile("services/pay")];
    let waves = [Vec::new(), Vec::new(), waits_for];
    let waves = waves.into_iter().enumerate().map(|(number, waits_for)| WaveProgress { number, waits_for });
    let progress = |member: &Member| FileProgress {
        path: member.path.clone(),
        wave: member.wave,
        branch: "layerwright/copy-link/x".into(),
        other_branch: String::new(),
        state: member.state.clone(),
        pull: member.pull,
    };
    let read = |member: &Member| {
        let evidence: Evidence = serde_json::from_value(member.evidence.clone()?).unwrap();
        Some((member.path.clone(), evidence))
    };
    let evidence = |member: &Member| {
        (member.path.clone(), FileEvidence { state: member.evidence_state.clone(), id: "e".into() })
    };
    Made {
        plan: serde_json::from_value(plan).unwrap(),
        evidence: members.iter().filter_map(read).collect(),
        states: members.iter().map(evidence).collect(),
        progress: Progress {
            waves: waves.collect(),
            files: members.iter().map(progress).collect(),
            past: BTreeSet::new(),
            contradicted: Some("d/Dockerfile".into()),
        },
        base: Base {
            branch: "main".into(),
            commit: "fedcba9876543210fedcba9876543210fedcba98".into(),
            ..Base::default()
        },
        criteria: criteria(),
    }
}
