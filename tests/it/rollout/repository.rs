//! Random repositories, their plans and what verifications say of them.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use layerwright::campaign::evidence::EvidenceState;
use layerwright::campaign::plan::file::{File, Plan, Site};
use layerwright::campaign::progress::FileEvidence;
use serde_json::json;

use super::random::Random;
use super::world::{Tree, id};

static SITE: LazyLock<Site> = LazyLock::new(|| {
    let site = json!({
        "line": 1, "end_line": 1, "keyword": "COPY", "onbuild": false, "stage": 0, "flags": [], "sources": ["a"],
        "heredocs": 0, "destination": "b", "verdict": "link", "proved": true, "replacement": null, "assumptions": [],
        "reasons": [], "benefit": "pays", "selected": true, "audit": null,
    });
    serde_json::from_value(site).unwrap()
});

static FILE: LazyLock<File> = LazyLock::new(|| {
    let file = json!({
        "path": "", "blob": "", "class": {"kind": "plain"}, "skip": null, "contexts": [], "bases": [], "errors": [],
        "syntax": {"current": null, "required": null}, "header": {"kind": "keep"}, "sites": [], "wave": null,
        "decided": null, "owners": [], "rewritten": null,
    });
    serde_json::from_value(file).unwrap()
});

static PLAN: LazyLock<Plan> = LazyLock::new(|| {
    let plan = json!({
        "schema": 1, "commit": null, "build_args": {}, "syntax": "none", "selects": [], "waivers": [], "list": null,
        "left_out": {}, "refused": [], "unread": [], "cycles": [], "waves": [], "files": [],
    });
    serde_json::from_value(plan).unwrap()
});

/// What is known of a path beside its text.
#[derive(Clone, Debug)]
pub struct Known {
    pub wave: usize,
    pub owners: Vec<String>,
    pub proved: bool,
    pub evidence: EvidenceState,
    /// Counts the verifications.
    pub verified: usize,
}

/// Dockerfiles and what is known of them.
pub fn new(random: &mut Random) -> (BTreeMap<String, String>, BTreeMap<String, Known>) {
    let (mut tree, mut known) = (BTreeMap::from([("README".to_owned(), "x".to_owned())]), BTreeMap::new());
    let waves = 2 + random.below(3);
    for at in 0..2 + random.below(7) {
        let path = format!("s{at}/Dockerfile");
        let linked = if random.once_in(6) { "COPY --link k k\n" } else { "" };
        tree.insert(path.clone(), format!("FROM x{at}\n{linked}COPY a b\nCOPY c d\n"));
        let wave = if at == 0 { 0 } else { 1 + random.below(waves) };
        known.insert(path, known_at(random, wave));
    }
    (tree, known)
}

pub fn known_at(random: &mut Random, wave: usize) -> Known {
    let owners = match random.below(4) {
        0 => vec!["@a".into()],
        1 => vec!["@a".into(), "@b".into()],
        2 => vec!["@b".into()],
        _ => Vec::new(),
    };
    Known { wave, owners, proved: !random.once_in(3), evidence: evidence_state(random), verified: 1 }
}

pub fn evidence_state(random: &mut Random) -> EvidenceState {
    match random.below(40) {
        0 | 1 => EvidenceState::Missing,
        2 => EvidenceState::Blocked("no".into()),
        3 => EvidenceState::Different { places: 1, reason: None },
        4 => EvidenceState::CouldNotTest("no".into()),
        5 => EvidenceState::NotExercised(vec![1]),
        6 if random.once_in(4) => EvidenceState::Contradicts,
        _ => EvidenceState::Verified,
    }
}

pub fn linked(text: &str) -> String {
    text.replace("COPY --link ", "COPY ").replace("COPY ", "COPY --link ")
}

/// The text that a campaign gives to a file.
pub fn planned_text(file: &File, before: &str) -> Option<String> {
    file.rewritten.is_some().then(|| linked(before))
}

/// Whether a path is a Dockerfile's.
pub fn is_dockerfile(path: &str) -> bool {
    path.ends_with("/Dockerfile")
}

/// The plan for a tree. Files that are new come behind the others.
pub fn plan(tree: &Tree, known: &mut BTreeMap<String, Known>, random: &mut Random) -> Plan {
    let mut plan = PLAN.clone();
    let last = known.values().map(|known| known.wave).max().unwrap_or_default();
    let mut waves: BTreeMap<usize, Vec<String>> = BTreeMap::new();
    for (path, text) in tree.iter().filter(|(path, _)| is_dockerfile(path)) {
        let known = known.entry(path.clone()).or_insert_with(|| known_at(random, last + 1));
        let mut file = FILE.clone();
        file.path.clone_from(path);
        file.blob = id(text);
        file.owners.clone_from(&known.owners);
        file.wave = Some(known.wave);
        for line in text.lines().filter(|line| line.starts_with("COPY")) {
            let mut site = SITE.clone();
            if line.starts_with("COPY --link") {
                (site.verdict, site.selected) = (layerwright::analysis::Verdict::Linked, false);
            } else {
                site.proved = Some(known.proved);
            }
            file.sites.push(site);
        }
        let is_edited = file.selected().next().is_some();
        file.rewritten = is_edited.then(|| id(&linked(text)));
        waves.entry(known.wave).or_default().push(path.clone());
        plan.files.push(file);
    }
    let wave =
        |(number, files)| layerwright::campaign::plan::file::Wave { number, reason: String::new(), files };
    plan.waves = waves.into_iter().map(wave).collect();
    plan
}

/// The evidence of a file as it stands in its own file; None where there is none.
pub fn evidence_text(file: &File, known: &Known) -> Option<String> {
    (known.evidence != EvidenceState::Missing)
        .then(|| format!("{} {} {}", file.path, file.blob, known.verified))
}

pub fn evidence(plan: &Plan, known: &BTreeMap<String, Known>) -> BTreeMap<String, FileEvidence> {
    let of = |file: &File| {
        let known = &known[&file.path];
        let id = id(&evidence_text(file, known)?);
        Some((file.path.clone(), FileEvidence { state: known.evidence.clone(), id }))
    };
    plan.files.iter().filter_map(of).collect()
}
