//! How far a campaign is.

/// How far a campaign is, by what was observed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// The waves, from 0.
    pub waves: Vec<WaveProgress>,
    /// The files of all waves, in order of wave and path.
    pub files: Vec<FileProgress>,
    /// Why no pull request is opened at all; None where nothing stands against it.
    pub pause: Option<Pause>,
}

/// A wave and its gate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WaveProgress {
    /// Its number; 0 is the proof of concept.
    pub number: usize,
    /// Whether its files may go out.
    pub gate: Gate,
}

/// Whether the files of a wave may go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Gate {
    /// They may.
    Open,
    /// They wait until these files of earlier waves are settled.
    Waits {
        /// Their paths.
        files: Vec<String>,
    },
}

/// Why no pull request is opened at all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Pause {
    /// Evidence contradicts a proof.
    Contradiction {
        /// The file.
        path: String,
    },
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
    /// How far it is.
    pub state: FileState,
    /// Its latest pull request.
    pub pull: Option<u64>,
}

/// How far a file is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FileState {
    /// The base branch has the text that the campaign gives it.
    Done,
    /// Its pull request was merged, and the observed commit of the base branch does not contain that yet.
    Merged,
    /// Its pull request is open.
    Open {
        /// Whether the plan says nothing about the file any more, because its text on the base branch is another one.
        stale: bool,
    },
    /// Its pull request was closed without a merge.
    Declined {
        /// Who closed it, where the forge tells.
        by: Option<String>,
    },
    /// Its pull request was merged, and the base branch has the old text again.
    Reverted {
        /// Who merged it, where the forge tells.
        by: Option<String>,
    },
    /// Its text on the base branch is another one than what was planned for: plan again.
    Stale,
    /// The base branch has no such file.
    Gone,
    /// Its evidence does not let it out.
    Held {
        /// Why.
        why: String,
    },
    /// It waits for its wave's gate.
    Waits,
    /// It may go out.
    Ready,
}
