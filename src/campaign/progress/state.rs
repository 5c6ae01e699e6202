//! The states of files and waves.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::observed::Change;
use crate::campaign::plan::file::File;
use crate::campaign::policy::Refusal;

/// The progress of a campaign, as observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The waves, from 0.
    pub waves: Vec<WaveProgress>,
    /// The files of all waves, in the order of their pull requests.
    pub files: Vec<FileProgress>,
    /// The file whose evidence contradicts a proof, which stops the campaign: no pull request is opened and no branch
    /// is changed.
    pub contradicted: Option<String>,
    /// The merged files that the plan no longer edits: it was made after the merge, so they have no text to verify.
    pub past: BTreeSet<String>,
}

/// A wave and its gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveProgress {
    /// Its number; 0 is the proof of concept.
    pub number: usize,
    /// The files of earlier waves that are not settled. The wave is open when there are none.
    ///
    /// A file is settled when the base branch has its new text and its evidence allows that. Beyond wave 0, a file is
    /// also settled if people declined it, if it is gone, or if verification has decided against it: so no file blocks
    /// a campaign for ever. The proof of concept has to be merged: to decline it is to decline the campaign. A reverted
    /// file is never settled, so later waves pause.
    pub waits_for: Vec<String>,
}

/// A file of a wave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileProgress {
    /// The path in the repository.
    pub path: String,
    /// Its wave.
    pub wave: usize,
    /// Its branch.
    pub branch: String,
    /// The name that the branch would have in a campaign of another version; empty if there is none.
    pub other_branch: String,
    /// Its state.
    pub state: FileState,
    /// Its latest pull request; the open one, if there is one.
    pub pull: Option<u64>,
}

/// The state of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The base branch has the text that the campaign gives it.
    Done,
    /// Its pull request was merged, and the observed commit of the base branch does not contain the merge yet.
    Merged,
    /// Its pull request is open.
    Open(OpenState),
    /// Its pull request was closed without a merge.
    Declined {
        /// The person who closed it, if the forge reports that.
        by: Option<String>,
    },
    /// Its pull request was merged, and the base branch has the old lines again.
    Reverted {
        /// The commit that gave the file its present text, if the history has it.
        by: Option<Change>,
    },
    /// Its pull request was merged, some of its lines are linked, and others could be: new ones, or some that were
    /// restored. The cause is unknown, so it is proposed again only when people ask for it.
    Partly,
    /// Its text on the base branch is not the one that was planned for: plan again.
    Stale,
    /// The base branch has no such file.
    Gone,
    /// Its evidence does not allow a pull request.
    Held {
        /// The reason, and the remedy.
        why: Refusal,
    },
    /// Its branch has commits by other people and no pull request: they decide whether to open one or to delete the
    /// branch.
    OtherCommits,
    /// A pull request may be opened as soon as its wave is open.
    Ready,
}

impl FileState {
    /// Returns true if nothing more is to be done for the file: it was merged, or people decided against it.
    pub(crate) fn is_finished(&self) -> bool {
        matches!(self, Self::Done | Self::Declined { .. } | Self::Reverted { .. } | Self::Partly)
    }
}

/// The content of an open pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenState {
    /// The planned content, and nothing else.
    Current,
    /// Other content too: people added commits. The branch belongs to them, and evidence says nothing about it.
    OtherCommits,
    /// An edit of a text that the base branch no longer has: plan again.
    Stale,
    /// Content that its evidence no longer allows.
    Held {
        /// The reason, and the remedy.
        why: Refusal,
    },
}

/// The text of a file, compared with its plan.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum TextState {
    /// It has the text that the campaign gives it.
    Done,
    /// It has the text that was planned for.
    Open,
    /// It has another text: the plan no longer applies to it.
    Stale,
    /// There is no such file.
    Gone,
}

impl TextState {
    /// Compares the present text, by git's id, with the plan of its file. `None` is a file that is gone.
    pub(crate) fn of(file: &File, now: Option<&str>) -> Self {
        match now {
            None => Self::Gone,
            Some(now) if file.done_blob() == Some(now) => Self::Done,
            Some(now) if file.blob == now => Self::Open,
            Some(_) => Self::Stale,
        }
    }
}

impl Progress {
    /// Returns the first wave with a file that is not finished.
    pub(crate) fn unfinished_wave(&self) -> Option<usize> {
        self.files.iter().find(|file| !file.state.is_finished()).map(|file| file.wave)
    }

    /// Returns the number of files for which nothing more is to be done.
    pub(crate) fn finished(&self) -> usize {
        self.files.iter().filter(|file| file.state.is_finished()).count()
    }

    /// Returns true if pull requests for the files of a wave may be opened.
    pub(crate) fn is_open(&self, wave: usize) -> bool {
        self.waves.iter().any(|found| found.number == wave && found.waits_for.is_empty())
    }
}
