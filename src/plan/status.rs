//! How far a campaign is: its plan against the paths of a commit. Nothing is remembered, so nothing can be wrong
//! that the repository does not say.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::{Listing, RepoPath};
use crate::plan::file::{File, Plan, Refused, Waiver};

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

    /// Whether nothing of it is left to do.
    pub fn is_done(&self) -> bool {
        self.files.iter().all(|file| file.state == State::Done)
    }
}

/// The waves of a plan against the paths of a commit.
pub fn waves(plan: &Plan, listing: &Listing) -> Vec<WaveStatus> {
    let waves = plan.waves.iter().map(|wave| {
        let files = wave.files.iter().filter_map(|path| Some(file_status(plan.file(path)?, listing)));
        WaveStatus { number: wave.number, files: files.collect() }
    });
    waves.collect()
}

/// The files of a plan that are not edited, and why.
pub fn skipped(plan: &Plan) -> Vec<Refused> {
    let skipped = |file: &File| Some(Refused { path: file.path.clone(), reason: file.skip.clone()? });
    plan.files.iter().filter_map(skipped).collect()
}

fn file_status(file: &File, listing: &Listing) -> FileStatus {
    let entry = RepoPath::new(&file.path).ok().and_then(|path| listing.get(&path));
    let now = entry.and_then(|entry| entry.blob.as_ref()).map(|blob| blob.as_str().to_owned());
    let state = match now.as_deref() {
        None => State::Gone,
        Some(now) if file.done_blob() == Some(now) => State::Done,
        Some(now) if file.blob == now => State::Open,
        Some(_) => State::Stale,
    };
    FileStatus { path: file.path.clone(), state, planned: file.blob.clone(), now }
}
