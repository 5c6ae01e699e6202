//! The content of the status page, and the format of the JSON inside it. Each number on the page is in this data. A
//! missing measurement is null and never 0.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Verdict;
use crate::campaign::evidence::{Difference, EvidenceSummary, Outcome, Pair, Smoke};
use crate::campaign::progress::Step;

/// The version of the format that this program writes.
pub(crate) const SCHEMA: u32 = 1;

/// The content of the status page.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StatusPage {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub(crate) schema: u32,
    /// The campaign: the last part of the plan's folder.
    pub(crate) campaign: String,
    /// The repository, as in `owner/name`; null without a forge.
    pub(crate) repository: Option<String>,
    /// The address of the repository on the forge; null without one.
    pub(crate) url: Option<String>,
    /// The number of the tracking issue; null without one.
    pub(crate) issue: Option<u64>,
    /// The branch that pull requests are for.
    pub(crate) base: String,
    /// The commit of that branch that was read.
    pub(crate) commit: String,
    /// The commit of the plan; null for a folder without git.
    pub(crate) planned: Option<String>,
    /// The time when the page was made: RFC 3339, UTC, whole seconds.
    pub(crate) made: String,
    /// The file whose evidence contradicts a proof, which stops the campaign; null if there is none.
    pub contradicted: Option<String>,
    /// The next step.
    pub step: Step,
    /// The campaign as a whole.
    pub totals: Totals,
    /// Its success criteria.
    pub(crate) criteria: Vec<Criterion>,
    /// The waves, from 0.
    pub waves: Vec<Wave>,
    /// The files that are in no wave.
    pub left: Vec<Left>,
}

/// The campaign as a whole.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// The number of files in the waves.
    pub files: usize,
    /// The number of these files by state: each state that occurs, in the order of [`State`].
    pub states: Vec<StateCount>,
    /// The number of these files with up-to-date evidence.
    pub verified: usize,
    /// The COPY and ADD instructions of the waves' files, by verdict.
    pub verdicts: Vec<VerdictCount>,
    /// The number of these instructions that the campaign edits.
    pub selected: usize,
    /// The number of the edited instructions that are proved.
    pub proved: usize,
    /// The measurements, summed over all builds that have them, so that before and after are of the same builds.
    pub measured: Measured,
}

/// The number of files in a state.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct StateCount {
    /// The state.
    pub state: State,
    /// The number of files.
    pub files: usize,
}

/// The number of instructions with a verdict.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct VerdictCount {
    /// The verdict.
    pub verdict: Verdict,
    /// The number of instructions.
    pub lines: usize,
}

/// A success criterion of the campaign, computed from data.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Criterion {
    /// The requirement.
    pub name: String,
    /// The result.
    pub state: CriterionState,
    /// The number of items that meet it, out of [`of`](Self::of); null if it is not counted.
    pub done: Option<usize>,
    /// The number of items; null if it is not counted.
    pub of: Option<usize>,
    /// The details or the reason; empty if the numbers are sufficient.
    pub note: String,
}

/// The result of a criterion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CriterionState {
    /// Met.
    Met,
    /// Not met yet.
    Open,
    /// Failed: the maintainers have to decide.
    Failed,
    /// Unknown: there are no data.
    Unknown,
}

/// A wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// The number of the wave; 0 is the proof of concept.
    pub(crate) number: usize,
    /// The state of the wave.
    pub state: WaveState,
    /// The reason for this choice of files, in one line; empty for waves that follow from the order alone.
    pub(crate) reason: String,
    /// The number of its files that are done.
    pub done: usize,
    /// The number of its files.
    pub of: usize,
    /// The files of earlier waves that it waits for.
    pub(crate) waits_for: Vec<String>,
    /// Its files.
    pub files: Vec<File>,
}

/// The state of a wave.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum WaveState {
    /// All its files are done.
    Done,
    /// Its files may get pull requests.
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
    /// The owners, by CODEOWNERS.
    pub(crate) owners: Vec<String>,
    /// The state of the file.
    pub(crate) state: State,
    /// The author of that state, if known: who declined it, or who reverted it.
    pub by: Option<String>,
    /// The commit that reverted it; null for any other state.
    pub(crate) commit: Option<String>,
    /// The reason, if the state alone does not explain it.
    pub why: Option<String>,
    /// The number of its latest pull request.
    pub(crate) pull: Option<u64>,
    /// The state of its evidence for the present plan.
    #[serde(rename = "standing")]
    pub(crate) evidence_state: EvidenceSummary,
    /// The same in a few words.
    pub says: String,
    /// Its COPY and ADD instructions, by verdict.
    pub(crate) verdicts: Vec<VerdictCount>,
    /// The new header; null if the header does not change.
    pub(crate) header: Option<String>,
    /// Each COPY and ADD, in order.
    pub(crate) lines: Vec<InstructionRow>,
    /// The measurements, summed over all its builds that have them.
    pub measured: Measured,
    /// The result of its verification; null without one.
    pub evidence: Option<Verification>,
}

/// The state of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// The base branch has the text from the plan.
    Done,
    /// Its pull request was merged, but the commit that was read does not contain it yet.
    Merged,
    /// Its pull request is open.
    Open,
    /// Its pull request is open, and its branch has commits by other people.
    Theirs,
    /// It may get a pull request.
    Ready,
    /// It waits for its wave.
    Waits,
    /// Blocked by its evidence.
    Held,
    /// Its pull request was closed without a merge.
    Declined,
    /// Its pull request was merged, and the base branch has the old lines again.
    Reverted,
    /// Its pull request was merged, but only some of its instructions are linked.
    Partly,
    /// Its branch has commits by other people and no pull request.
    Taken,
    /// Its text has changed since the plan.
    Stale,
    /// The file does not exist on the base branch.
    Gone,
}

/// A COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct InstructionRow {
    /// Its first line, 1-based.
    pub(crate) line: usize,
    /// The instruction as it was read if it is edited; else null.
    pub(crate) before: Option<String>,
    /// The new instruction if it is edited, else the instruction as it was read.
    pub(crate) text: String,
    /// The verdict on `--link`.
    pub(crate) verdict: Verdict,
    /// True if the verdict needs no assumption; null for verdicts that make no claim about an image.
    pub(crate) proved: Option<bool>,
    /// True if the campaign edits it.
    pub(crate) selected: bool,
    /// The findings of the rules and the assumptions of the verdict, each in a sentence.
    pub(crate) notes: Vec<String>,
}

/// The result of the verification of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// The outcome.
    pub(crate) outcome: Outcome,
    /// The reason, if the outcome is neither `same` nor `different`; else null.
    pub(crate) reason: Option<String>,
    /// The commit whose files were built; null for a folder without git.
    pub(crate) commit: Option<String>,
    /// The time when it began: RFC 3339, UTC.
    pub(crate) began: String,
    /// Each context, target and platform that was built.
    pub builds: Vec<BuildRow>,
}

/// Both builds of one context, target and platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildRow {
    /// The build context, relative to the repository's root.
    pub(crate) context: String,
    /// The target stage; null for the last.
    pub(crate) target: Option<String>,
    /// The platform.
    pub(crate) platform: String,
    /// The builder, in a few words.
    pub builder: String,
    /// The frontend that read the file.
    pub(crate) frontend: String,
    /// The outcome.
    pub(crate) outcome: Outcome,
    /// The reason, if the outcome is neither `same` nor `different`; else null.
    pub(crate) reason: Option<String>,
    /// The number of edited instructions that BuildKit showed as linked.
    pub linked: usize,
    /// The number of edited instructions.
    pub edited: usize,
    /// The edited instructions that were not executed.
    pub not_exercised: Vec<usize>,
    /// The assumptions that the build did not check.
    pub(crate) assumptions: Vec<String>,
    /// The number of differences, without nondeterministic ones; null if there were no two images to compare.
    pub differs: Option<usize>,
    /// The first of these differences; the evidence has all of them.
    pub differences: Vec<Difference>,
    /// The number of differences that two builds of the original also show; null as above.
    pub noise: Option<usize>,
    /// The commands that were run in both images.
    pub(crate) smoke: Vec<Smoke>,
    /// The measurements.
    pub measured: Measured,
}

/// The costs of builds and rebuilds. Null is a missing measurement.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Measured {
    /// The whole build.
    pub whole: Option<Times>,
    /// A rebuild after the base image got one more layer.
    pub moved_base: Rebuilt,
    /// A rebuild after a change of a step before the first linked line.
    pub early_step: Rebuilt,
}

/// The cost of a rebuild.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebuilt {
    /// Times; null if not measured.
    pub times: Option<Times>,
    /// Layers, bytes and steps; null if not measured.
    pub layers: Option<Layers>,
}

/// The build times of both files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Times {
    /// The number of builds in this sum.
    pub builds: usize,
    /// The time of the original, in milliseconds.
    pub before_ms: u64,
    /// The time of the edited file, in milliseconds.
    pub after_ms: u64,
}

/// The reused layers of both files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layers {
    /// The number of builds in this sum.
    pub builds: usize,
    /// Layers reused, bytes to push and steps executed.
    pub cost: Pair,
}

/// A file that is in no wave.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Left {
    /// The path in the repository.
    pub(crate) path: String,
    /// The reason why it is not edited.
    pub why: Option<String>,
    /// Its COPY and ADD instructions, by verdict.
    pub(crate) verdicts: Vec<VerdictCount>,
}
