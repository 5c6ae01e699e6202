//! How far a campaign is: its plan and its evidence against the paths of a commit. Nothing is remembered, so nothing can
//! be wrong that the repository does not say.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::campaign::evidence::{EvidenceState, EvidenceStates, EvidenceSummary, Stale};
use crate::campaign::plan::file::{File, Plan, Refused, Waiver};
use crate::campaign::policy::{Basis, may_go_out};
use crate::config::Trust;
use crate::git::{Listing, RepoPath};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// What `status` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The campaign: the last part of the plan's folder.
    pub campaign: String,
    /// The revision that was read, as it was named, or HEAD's branch; null where HEAD is on none.
    pub revision: Option<String>,
    /// The commit that was read.
    pub commit: String,
    /// The first wave that is not done; null when all are.
    pub next: Option<usize>,
    /// The file whose verification contradicts a proof, which stops the campaign; null where none does.
    pub contradicted: Option<String>,
    /// The waves, from 0.
    pub waves: Vec<WaveStatus>,
    /// Local branches of the campaign.
    pub branches: Vec<BranchStatus>,
    /// How far the files of all waves are by their pull requests; null where nobody was asked.
    pub files: Option<Vec<FileProgress>>,
    /// Files that are not edited, and why.
    pub skipped: Vec<Refused>,
    /// Differences that somebody accepted.
    pub waivers: Vec<Waiver>,
}

/// A wave with the state of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaveStatus {
    /// Its number; 0 is the proof of concept.
    pub number: usize,
    /// How many files have evidence that says so.
    pub evidence: BTreeMap<EvidenceSummary, usize>,
    /// Its files, in order of path.
    pub files: Vec<FileStatus>,
}

/// A file of a wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileStatus {
    /// The path in the repository.
    pub path: String,
    /// How far it is.
    pub state: State,
    /// git's id of the text that was planned for.
    pub planned: String,
    /// git's id of the text now; null where the file is gone.
    pub now: Option<String>,
    /// What its evidence says.
    pub evidence: EvidenceStatus,
    /// What its pull request is based on; null where it may not go out, and where it is not open.
    pub goes_out: Option<Basis>,
    /// What it waits for; null where it may go out, and where it is not open.
    pub waits: Option<String>,
}

/// What the evidence of a file says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EvidenceStatus {
    /// In a word.
    pub says: EvidenceSummary,
    /// What has changed, of evidence that is stale.
    pub stale: Vec<Stale>,
    /// In words for people.
    pub words: String,
}

impl From<&EvidenceState> for EvidenceStatus {
    fn from(state: &EvidenceState) -> Self {
        let stale = match state {
            EvidenceState::Stale(reasons) => reasons.iter().copied().collect(),
            _ => Vec::new(),
        };
        Self { says: EvidenceSummary::of(state), stale, words: state.to_string() }
    }
}

/// How far a file is by its pull requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileProgress {
    /// The path in the repository.
    pub path: String,
    /// Its wave.
    pub wave: usize,
    /// How far it is: `done`, `merged`, `open`, `declined`, `reverted`, `partly`, `stale`, `gone`, `held`, `taken` or
    /// `ready`.
    pub state: String,
    /// The same in a few words of Markdown.
    pub said: String,
    /// Its latest pull request; null where it has none.
    pub pull: Option<u64>,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// It has the text that the campaign gives it.
    Done,
    /// It has the text that was planned for.
    Open,
    /// It has another text: the plan says nothing about it any more.
    Stale,
    /// There is no such file.
    Gone,
}

/// A branch of the campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BranchStatus {
    /// Its name.
    pub name: String,
    /// The commit that it is at.
    pub commit: String,
}

impl WaveStatus {
    /// The files in a state.
    pub fn with(&self, state: State) -> impl Iterator<Item = &FileStatus> {
        self.files.iter().filter(move |file| file.state == state)
    }

    /// Returns true if nothing of it is left to do.
    pub fn is_done(&self) -> bool {
        self.files.iter().all(|file| file.state == State::Done)
    }
}

/// What the waves of a plan are held against.
pub struct Observed<'a> {
    /// The paths of the commit.
    pub listing: &'a Listing,
    /// What evidence says of the files there.
    pub evidence: &'a EvidenceStates,
    /// `[campaign] trust`.
    pub trust: Trust,
    /// The file whose verification contradicts a proof.
    pub contradicted: Option<&'a str>,
}

/// The waves of a plan against the paths of a commit and the evidence that there is.
pub fn waves(plan: &Plan, observed: &Observed<'_>) -> Vec<WaveStatus> {
    let waves = plan.waves.iter().map(|wave| {
        let planned = wave.files.iter().filter_map(|path| plan.file(path));
        let files: Vec<FileStatus> = planned.map(|file| file_status(file, wave.number, observed)).collect();
        let mut evidence = BTreeMap::new();
        for file in &files {
            *evidence.entry(file.evidence.says).or_default() += 1;
        }
        WaveStatus { number: wave.number, evidence, files }
    });
    waves.collect()
}

/// The files of a plan that are not edited, and why.
pub fn skipped(plan: &Plan) -> Vec<Refused> {
    let skipped = |file: &File| Some(Refused { path: file.path.clone(), reason: file.skip.clone()? });
    plan.files.iter().filter_map(skipped).collect()
}

fn file_status(file: &File, wave: usize, observed: &Observed<'_>) -> FileStatus {
    let entry = RepoPath::new(&file.path).ok().and_then(|path| observed.listing.get(&path));
    let now = entry.and_then(|entry| entry.blob.as_ref()).map(|blob| blob.as_str().to_owned());
    let state = match now.as_deref() {
        None => State::Gone,
        Some(now) if file.done_blob() == Some(now) => State::Done,
        Some(now) if file.blob == now => State::Open,
        Some(_) => State::Stale,
    };
    let evidence = observed.evidence.get(&file.path).unwrap_or(&EvidenceState::Missing);
    let (goes_out, waits) = match state {
        State::Open => match may_go_out(file, wave, evidence, observed.trust, observed.contradicted) {
            Ok(basis) => (Some(basis), None),
            Err(refusal) => (None, Some(refusal.to_string())),
        },
        State::Done | State::Stale | State::Gone => (None, None),
    };
    let (path, planned) = (file.path.clone(), file.blob.clone());
    FileStatus { path, state, planned, now, evidence: evidence.into(), goes_out, waits }
}
