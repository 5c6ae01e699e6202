//! The format of `status`: the plan and its evidence compared with the paths of a commit. It never stores anything; the
//! repository is its only source.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::state::TextState;
use super::step::Step;
use crate::campaign::evidence::{EvidenceState, EvidenceStates, EvidenceSummary, Stale};
use crate::campaign::plan::file::{File, Plan, Refused, Waiver};
use crate::campaign::policy::{Basis, may_go_out};
use crate::config::Trust;
use crate::git::{Listing, RepoPath};

/// The version of the format that this program writes.
pub(crate) const SCHEMA: u32 = 1;

/// The output of `status`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Status {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub(crate) schema: u32,
    /// The campaign: the last part of the plan's folder.
    pub(crate) campaign: String,
    /// The revision that was read: its name as given, or the branch of HEAD; null if HEAD is not on a branch.
    pub(crate) revision: Option<String>,
    /// The commit that was read.
    pub(crate) commit: String,
    /// The wave of the next step, or else the first wave that is not finished; null if all are.
    pub next: Option<usize>,
    /// The next step.
    pub step: Step,
    /// The number of files for which nothing more is to be done: merged, or declined or reverted by people.
    pub(crate) finished: usize,
    /// The Dockerfiles that the plan does not have; empty if the plan is made of a list.
    pub(crate) new: Vec<String>,
    /// The file whose verification contradicts a proof, which stops the campaign; null if there is none.
    pub(crate) contradicted: Option<String>,
    /// The waves, from 0.
    pub waves: Vec<WaveStatus>,
    /// Local branches of the campaign.
    pub(crate) branches: Vec<BranchStatus>,
    /// The progress of the files of all waves by their pull requests; null if GitHub was not asked.
    pub(crate) files: Option<Vec<PullProgress>>,
    /// The files that are not edited, with reasons.
    pub(crate) skipped: Vec<Refused>,
    /// The waivers: differences that the maintainers accepted.
    pub(crate) waivers: Vec<Waiver>,
}

/// A wave with the state of its files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct WaveStatus {
    /// Its number; 0 is the proof of concept.
    pub(crate) number: usize,
    /// The number of files by the state of their evidence.
    pub(crate) evidence: BTreeMap<EvidenceSummary, usize>,
    /// Its files, in order of path.
    pub files: Vec<FileStatus>,
}

/// A file of a wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileStatus {
    /// The path in the repository.
    pub(crate) path: String,
    /// The progress of the file.
    pub state: TextState,
    /// git's id of the text that was planned for.
    pub(crate) planned: String,
    /// git's id of the text now; null where the file is gone.
    pub(crate) now: Option<String>,
    /// The state of its evidence.
    pub(crate) evidence: EvidenceStatus,
    /// The basis of its pull request; null if the file may not get one, and if it is not open.
    pub(crate) goes_out: Option<Basis>,
    /// The reason why it may not get a pull request; null if it may, and if it is not open.
    pub(crate) waits: Option<String>,
}

/// The state of a file by its evidence.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct EvidenceStatus {
    /// The state, in one word.
    pub(crate) says: EvidenceSummary,
    /// The inputs that have changed, if the evidence is stale.
    pub(crate) stale: Vec<Stale>,
    /// The state, in words for people.
    pub(crate) words: String,
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

/// The progress of a file by its pull requests.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PullProgress {
    /// The path in the repository.
    pub(crate) path: String,
    /// Its wave.
    pub(crate) wave: usize,
    /// The progress: `done`, `merged`, `open`, `declined`, `reverted`, `partly`, `stale`, `gone`, `held`, `taken` or
    /// `ready`.
    pub(crate) state: String,
    /// The same in a few words.
    pub(crate) said: String,
    /// The latest pull request; null if there is none.
    pub(crate) pull: Option<u64>,
}

/// A branch of the campaign.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BranchStatus {
    /// Its name.
    pub(crate) name: String,
    /// The commit that it is at.
    pub(crate) commit: String,
}

impl WaveStatus {
    /// Returns the files in a state.
    pub(crate) fn with(&self, state: TextState) -> impl Iterator<Item = &FileStatus> {
        self.files.iter().filter(move |file| file.state == state)
    }
}

/// The inputs with which the waves of a plan are compared.
pub(crate) struct StatusInputs<'a> {
    /// The paths of the commit.
    pub(crate) listing: &'a Listing,
    /// The states of the files by their evidence.
    pub(crate) evidence: &'a EvidenceStates,
    /// `[campaign] trust`.
    pub(crate) trust: Trust,
    /// The file whose verification contradicts a proof.
    pub(crate) contradicted: Option<&'a str>,
}

/// Returns the waves of a plan, compared with the paths of a commit and the present evidence.
pub(crate) fn waves(plan: &Plan, inputs: &StatusInputs<'_>) -> Vec<WaveStatus> {
    let waves = plan.waves.iter().map(|wave| {
        let planned = wave.files.iter().filter_map(|path| plan.file(path));
        let files: Vec<FileStatus> = planned.map(|file| file_status(file, wave.number, inputs)).collect();
        let mut evidence = BTreeMap::new();
        for file in &files {
            *evidence.entry(file.evidence.says).or_default() += 1;
        }
        WaveStatus { number: wave.number, evidence, files }
    });
    waves.collect()
}

/// Returns the files of a plan that are not edited, with reasons.
pub(crate) fn skipped(plan: &Plan) -> Vec<Refused> {
    let skipped = |file: &File| Some(Refused { path: file.path.clone(), reason: file.skip.clone()? });
    plan.files.iter().filter_map(skipped).collect()
}

fn file_status(file: &File, wave: usize, inputs: &StatusInputs<'_>) -> FileStatus {
    let entry = RepoPath::new(&file.path).ok().and_then(|path| inputs.listing.get(&path));
    let now = entry.and_then(|entry| entry.blob.as_ref()).map(|blob| blob.as_str().to_owned());
    let state = TextState::of(file, now.as_deref());
    let evidence = inputs.evidence.get(&file.path).unwrap_or(&EvidenceState::Missing);
    let (goes_out, waits) = match state {
        TextState::Open => match may_go_out(file, wave, evidence, inputs.trust, inputs.contradicted) {
            Ok(basis) => (Some(basis), None),
            Err(refusal) => (None, Some(refusal.to_string())),
        },
        TextState::Done | TextState::Stale | TextState::Gone => (None, None),
    };
    let (path, planned) = (file.path.clone(), file.blob.clone());
    FileStatus { path, state, planned, now, evidence: evidence.into(), goes_out, waits }
}
