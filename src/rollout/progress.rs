//! The progress of a campaign. It never remembers anything: all is derived from the plan and from what was observed.

use std::collections::BTreeSet;

use super::observed::{Above, Change, Merge, Pull, PullState};
use super::{AskedAgain, Campaign};
use crate::analysis::Verdict;
use crate::campaign::evidence::EvidenceState;
use crate::campaign::plan::file::File;
use crate::campaign::policy::{Refusal, may_go_out};
use crate::git::GitError;

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
    Taken,
    /// A pull request may be opened as soon as its wave is open.
    Ready,
}

/// The content of an open pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum OpenState {
    /// The planned content, and nothing else.
    Current,
    /// Other content too: people added commits. The branch belongs to them, and evidence says nothing about it.
    Theirs,
    /// An edit of a text that the base branch no longer has: plan again.
    Stale,
    /// Content that its evidence no longer allows.
    Held {
        /// The reason, and the remedy.
        why: Refusal,
    },
}

impl Progress {
    /// Returns the progress of a campaign.
    ///
    /// # Errors
    ///
    /// [`GitError`] as for [`Names::branch`](crate::campaign::names::Names::branch).
    pub fn new(campaign: &Campaign<'_>) -> Result<Self, GitError> {
        let contradicts = |path: &&String| campaign.evidence_state(path) == &EvidenceState::Contradicts;
        let contradicted = campaign.evidence.keys().find(contradicts).cloned();
        let issue = campaign.observed.issue.as_ref();
        let asked = issue.map(|issue| campaign.texts.asked_again(&issue.body)).unwrap_or_default();
        let world = World { campaign, contradicted: contradicted.as_deref(), asked: &asked };
        let (mut waves, mut files, mut waits_for) = (Vec::new(), Vec::new(), Vec::new());
        for wave in &campaign.plan.waves {
            waves.push(WaveProgress { number: wave.number, waits_for: waits_for.clone() });
            for file in wave.files.iter().filter_map(|path| campaign.plan.file(path)) {
                let progress = world.file(file, wave.number)?;
                if !world.is_settled(file, &progress) {
                    waits_for.push(file.path.clone());
                }
                files.push(progress);
            }
        }
        Ok(Self { waves, files, contradicted })
    }

    /// Returns true if pull requests for the files of a wave may be opened.
    pub fn is_open(&self, wave: usize) -> bool {
        self.waves.iter().any(|found| found.number == wave && found.waits_for.is_empty())
    }
}

/// The inputs that decide a file's state.
struct World<'a> {
    campaign: &'a Campaign<'a>,
    contradicted: Option<&'a str>,
    asked: &'a BTreeSet<AskedAgain>,
}

impl World<'_> {
    fn file(&self, file: &File, wave: usize) -> Result<FileProgress, GitError> {
        let branch = self.campaign.policy.names.branch_of(&file.path)?;
        let pull = branch.as_deref().and_then(|branch| self.campaign.observed.pull_from(branch));
        let state = match &branch {
            Some(branch) => self.state(file, wave, branch, pull),
            None => FileState::Gone,
        };
        let branch = branch.unwrap_or_default();
        let path = file.path.clone();
        let mut progress = FileProgress { path, wave, branch, state, pull: pull.map(|pull| pull.number) };
        if let Some(pull) = pull
            && self.is_theirs(file, &progress, pull)
        {
            progress.state = FileState::Open(OpenState::Theirs);
        }
        Ok(progress)
    }

    /// Returns true if people added commits to the branch of a pull request that is open and planned. If the branch was
    /// not read, the pull request's text shows this, as long as the text is of the latest commit of the branch.
    fn is_theirs(&self, file: &File, progress: &FileProgress, pull: &Pull) -> bool {
        let Campaign { observed, texts, .. } = self.campaign;
        let Some(branch) = observed.branches.get(&progress.branch) else { return false };
        if progress.state != FileState::Open(OpenState::Current) {
            return false;
        }
        if let Some(content) = &branch.content {
            return content.above == Above::Others;
        }
        let theirs = FileProgress { state: FileState::Open(OpenState::Theirs), ..progress.clone() };
        texts.pull_body(file, &theirs, &branch.commit, &pull.body) == pull.body
    }

    fn state(&self, file: &File, wave: usize, branch: &str, pull: Option<&Pull>) -> FileState {
        let now = self.campaign.observed.base.blobs.get(&file.path).map(String::as_str);
        if now.is_some() && now == file.done_blob() {
            return FileState::Done;
        }
        let refused = self.may_go_out(file, wave).err();
        let is_planned = now == Some(&file.blob);
        match pull.map(|pull| (&pull.state, self.is_asked_again(file, pull))) {
            Some((PullState::Open, _)) => return FileState::Open(Self::open(is_planned, refused)),
            Some((PullState::Closed { by }, false)) => return FileState::Declined { by: by.clone() },
            Some((PullState::Merged(merge), asked)) => {
                if let Some(state) =
                    merged(merge, now, file).filter(|state| !asked || *state == FileState::Merged)
                {
                    return state;
                }
            }
            Some((PullState::Closed { .. }, true)) | None => {}
        }
        if now.is_none() {
            return FileState::Gone;
        }
        if !is_planned {
            return FileState::Stale;
        }
        if let Some(why) = refused {
            return FileState::Held { why };
        }
        if self.campaign.observed.is_taken(branch) { FileState::Taken } else { FileState::Ready }
    }

    fn open(is_planned: bool, refused: Option<Refusal>) -> OpenState {
        match refused {
            _ if !is_planned => OpenState::Stale,
            Some(why) => OpenState::Held { why },
            None => OpenState::Current,
        }
    }

    fn may_go_out(&self, file: &File, wave: usize) -> Result<(), Refusal> {
        let evidence = self.campaign.evidence_state(&file.path);
        may_go_out(file, wave, evidence, self.campaign.policy.trust, self.contradicted).map(drop)
    }

    fn is_asked_again(&self, file: &File, pull: &Pull) -> bool {
        self.asked.contains(&AskedAgain { path: file.path.clone(), pull: pull.number })
    }

    /// See [`WaveProgress::waits_for`].
    fn is_settled(&self, file: &File, progress: &FileProgress) -> bool {
        let is_behind_the_first = progress.wave > 0;
        match &progress.state {
            FileState::Done => self.may_go_out(file, progress.wave).is_ok(),
            FileState::Partly => true,
            FileState::Declined { .. } | FileState::Gone => is_behind_the_first,
            FileState::Held { why } => is_behind_the_first && is_decided(why),
            FileState::Merged
            | FileState::Open(_)
            | FileState::Reverted { .. }
            | FileState::Stale
            | FileState::Taken
            | FileState::Ready => false,
        }
    }
}

/// Returns true if another verification would give the same result.
fn is_decided(why: &Refusal) -> bool {
    match why {
        Refusal::Contradiction { .. } => false,
        Refusal::Different { .. } => true,
        Refusal::NoEvidence { evidence, .. } => {
            matches!(evidence, EvidenceState::Blocked(_) | EvidenceState::NotExercised(_))
        }
    }
}

/// Returns the state of a merged file whose text is not the planned one; `None` if the plan says nothing about its
/// text.
fn merged(merge: &Merge, now: Option<&str>, file: &File) -> Option<FileState> {
    let Some(before) = &merge.before else { return Some(FileState::Merged) };
    let is_linked = file.sites.iter().any(|site| site.verdict == Verdict::Linked);
    let reverted = || FileState::Reverted { by: merge.since.clone() };
    match now {
        Some(now) if now == before => Some(reverted()),
        Some(now) if now == file.blob => Some(if is_linked { FileState::Partly } else { reverted() }),
        _ => None,
    }
}
