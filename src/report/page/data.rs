//! What the status page shows, and the format of the JSON inside it. Each number on the page stands here, and what was
//! not measured is null and never 0.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Verdict;
use crate::campaign::evidence::{Difference, EvidenceSummary, Outcome, Pair, Smoke};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// What the status page shows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusPage {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The campaign: the last part of the plan's folder.
    pub campaign: String,
    /// The repository, as in `owner/name`; null where it is on no forge.
    pub repository: Option<String>,
    /// The address of the repository on the forge; null where it is on none.
    pub url: Option<String>,
    /// The number of the tracking issue; null without one.
    pub issue: Option<u64>,
    /// The branch that pull requests are for.
    pub base: String,
    /// The commit of it that was read.
    pub commit: String,
    /// The commit that the plan is of; null for a folder without git.
    pub planned: Option<String>,
    /// When the page was made: RFC 3339, UTC, whole seconds.
    pub made: String,
    /// The file whose evidence contradicts a proof, which stops the campaign; null where none does.
    pub contradicted: Option<String>,
    /// The campaign as a whole.
    pub totals: Totals,
    /// Its success criteria.
    pub criteria: Vec<Criterion>,
    /// The waves, from 0.
    pub waves: Vec<Wave>,
    /// The files that are in no wave.
    pub left: Vec<Left>,
}

/// The campaign as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Files of the waves.
    pub files: usize,
    /// How many of them are in a state: each state that there is, in the order of [`State`].
    pub states: Vec<StateCount>,
    /// How many of them have evidence that stands.
    pub verified: usize,
    /// The COPY and ADD lines of the waves' files, by verdict.
    pub verdicts: Vec<VerdictCount>,
    /// How many of those lines the campaign edits.
    pub selected: usize,
    /// How many of the edited lines are proved.
    pub proved: usize,
    /// What was measured, over all builds that measured it, so that before and after are of the same builds.
    pub measured: Measured,
}

/// How many files are in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateCount {
    /// The state.
    pub state: State,
    /// How many files.
    pub files: usize,
}

/// How many lines have a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictCount {
    /// The verdict.
    pub verdict: Verdict,
    /// How many lines.
    pub lines: usize,
}

/// A success criterion of the campaign, computed from data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// What has to be so.
    pub name: String,
    /// Whether it is.
    pub state: CriterionState,
    /// How many of [`of`](Self::of) fulfil it; null where it is not counted.
    pub done: Option<usize>,
    /// Of how many; null where it is not counted.
    pub of: Option<usize>,
    /// What is missing or what says so; empty where the numbers say all.
    pub note: String,
}

/// Whether a criterion is fulfilled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CriterionState {
    /// It is.
    Met,
    /// It is not yet.
    Open,
    /// Something stands against it that people have to decide.
    Failed,
    /// There are no data that tell.
    Unknown,
}

/// A wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Its number; 0 is the proof of concept.
    pub number: usize,
    /// How far it is.
    pub state: WaveState,
    /// Why these files, in one line; empty for waves that go by order alone.
    pub reason: String,
    /// How many of its files are done.
    pub done: usize,
    /// How many files it has.
    pub of: usize,
    /// The files of earlier waves that it waits for.
    pub waits_for: Vec<String>,
    /// Its files.
    pub files: Vec<File>,
}

/// How far a wave is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaveState {
    /// All its files are done.
    Done,
    /// Its files may go out.
    Open,
    /// It waits for earlier waves.
    Waits,
}

/// A file of a wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The path in the repository.
    pub path: String,
    /// Who owns it, by CODEOWNERS.
    pub owners: Vec<String>,
    /// How far it is.
    pub state: State,
    /// Who brought that about, where that is known: who declined it, or what reverted it.
    pub by: Option<String>,
    /// Why, where the state alone does not tell.
    pub why: Option<String>,
    /// The number of its latest pull request.
    pub pull: Option<u64>,
    /// What its evidence says of it as it is planned now.
    #[serde(rename = "standing")]
    pub evidence_state: EvidenceSummary,
    /// The same in a few words.
    pub says: String,
    /// Its COPY and ADD lines, by verdict.
    pub verdicts: Vec<VerdictCount>,
    /// The header that it gets; null where it keeps what it has.
    pub header: Option<String>,
    /// Each COPY and ADD, in order.
    pub lines: Vec<Line>,
    /// What was measured, over all its builds that measured it.
    pub measured: Measured,
    /// What its verification found; null without one.
    pub evidence: Option<Verification>,
}

/// How far a file is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The base branch has the text that the campaign gives it.
    Done,
    /// Its pull request was merged, and the commit that was read does not contain that yet.
    Merged,
    /// Its pull request is open.
    Open,
    /// Its pull request is open, and people added commits to it.
    Theirs,
    /// It may go out.
    Ready,
    /// It waits for its wave.
    Waits,
    /// Its evidence does not let it out, or no longer.
    Held,
    /// Its pull request was closed without a merge.
    Declined,
    /// Its pull request was merged, and the base branch has the old lines again.
    Reverted,
    /// Its pull request was merged, and only some of its lines are linked.
    Partly,
    /// Its branch has commits of other people and no pull request.
    Taken,
    /// It has another text than what was planned for.
    Stale,
    /// The base branch has no such file.
    Gone,
}

/// A COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Line {
    /// Its first line, 1-based.
    pub line: usize,
    /// The new instruction where it gets one, else the instruction as it was read.
    pub text: String,
    /// May `--link` be inserted?
    pub verdict: Verdict,
    /// Whether the verdict leans on nothing; null for verdicts that are no claim about an image.
    pub proved: Option<bool>,
    /// True if the campaign edits it.
    pub selected: bool,
    /// What the rules found, and what the verdict leans on, each in a sentence.
    pub notes: Vec<String>,
}

/// What a verification of a file found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// What came out.
    pub outcome: Outcome,
    /// Why, where it is neither `same` nor `different`; null there.
    pub reason: Option<String>,
    /// The commit whose files were built; null for a folder without git.
    pub commit: Option<String>,
    /// When it began: RFC 3339, UTC.
    pub began: String,
    /// Each context, target and platform that was built.
    pub builds: Vec<Build>,
}

/// Both builds of one context, target and platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The build context, relative to the repository's root.
    pub context: String,
    /// The stage; null for the last.
    pub target: Option<String>,
    /// The platform.
    pub platform: String,
    /// What built it, in a few words.
    pub builder: String,
    /// The frontend that read the file.
    pub frontend: String,
    /// What came out.
    pub outcome: Outcome,
    /// Why, where it is neither `same` nor `different`; null there.
    pub reason: Option<String>,
    /// How many edited lines BuildKit showed as linked.
    pub linked: usize,
    /// How many edited lines there are.
    pub edited: usize,
    /// The edited lines that were not executed.
    pub not_exercised: Vec<usize>,
    /// What it leans on that was not shown.
    pub assumptions: Vec<String>,
    /// How many differences there are, noise left out; null where there were no two images to compare.
    pub differs: Option<usize>,
    /// The first of them; all are in the evidence.
    pub differences: Vec<Difference>,
    /// How many differences two builds of the original show too; null as above.
    pub noise: Option<usize>,
    /// The commands that were run in both images.
    pub smoke: Vec<Smoke>,
    /// What was measured.
    pub measured: Measured,
}

/// What builds and rebuilds cost. Null is what was not measured.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The whole build.
    pub whole: Option<Times>,
    /// A rebuild after one more layer under the base.
    pub moved_base: Rebuilt,
    /// A rebuild after a change of a step before the first linked line.
    pub early_step: Rebuilt,
}

/// What a rebuild cost.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebuilt {
    /// Times; null where they were not measured.
    pub times: Option<Times>,
    /// Layers, bytes and steps; null where they were not measured.
    pub layers: Option<Layers>,
}

/// How long both took.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// Of how many builds this is the sum.
    pub builds: usize,
    /// The original, in milliseconds.
    pub before_ms: u64,
    /// The edited file, in milliseconds.
    pub after_ms: u64,
}

/// What both keep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layers {
    /// Of how many builds this is the sum.
    pub builds: usize,
    /// Layers kept, bytes to push and steps executed.
    pub cost: Pair,
}

/// A file that is in no wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// The path in the repository.
    pub path: String,
    /// Why it is left alone; null where nothing in it is to be edited.
    pub why: Option<String>,
    /// Its COPY and ADD lines, by verdict.
    pub verdicts: Vec<VerdictCount>,
}
