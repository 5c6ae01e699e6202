//! What a campaign does next: plan, evidence, what the forge and the base branch say → [`Action`]s.
//!
//! The state of the world is observed and never remembered: the base branch's content says whether a file is done, the
//! forge says which pull requests there are. Nothing here reads or writes anything, knows the time, or holds a text of
//! its own: [`Texts`] writes those.
//!
//! A run reads [`Observed`], answers [`questions`] until there are none, performs [`next_actions`] in their order,
//! notes in [`Observed`] what the forge answered, and begins again, until there is no action. Each action may be given
//! again after it took effect without anybody knowing; it then changes nothing.

pub mod action;
pub mod forge;
mod keeping;
pub mod observed;
mod opening;
pub mod policy;
pub mod progress;

use std::collections::{BTreeMap, BTreeSet};

use crate::campaign::evidence::EvidenceState;
use crate::campaign::plan::file::{File, Plan};
use crate::git::GitError;

pub use action::{Action, Question};
pub use forge::{Forge, ForgeError};
pub use observed::{Above, Base, Branch, Change, Content, Issue, Merge, Observed, Pull, PullState};
pub use policy::Policy;
pub use progress::{FileProgress, FileState, OpenState, Progress, WaveProgress};

/// What is written to pull requests and to the tracking issue. Its functions are pure: the same arguments, the same text.
pub trait Texts {
    /// The title of a file's pull request.
    fn pull_title(&self, file: &File) -> String;

    /// The text of a file's pull request, with all that people wrote outside the markers of `now`, the text that is
    /// there; empty for a new one. It equals `now` where nothing changed, and does not hang on the pull request's number.
    ///
    /// The first marker holds `commit`, the commit that the branch is at, and the ids of the file's new text and of its
    /// evidence. So a text that is up to date means that nobody pushed to the branch since it was written, and that the
    /// branch has what the plan says; nobody has to look at the branch again.
    fn pull_body(&self, file: &File, progress: &FileProgress, commit: &str, now: &str) -> String;

    /// The title of a new tracking issue.
    fn issue_title(&self) -> String;

    /// The text of the tracking issue, with all that people wrote in `now`, the text that is there; empty for a new
    /// one. It equals `now` where nothing changed. Each file that is declined, reverted or partly linked gets a line with
    /// its path, its pull request's number and a box, which keeps its tick for the same number; no other file has one.
    fn issue_body(&self, progress: &Progress, now: &str) -> String;

    /// The files that people ticked in those lines of the tracking issue's text.
    fn asked_again(&self, issue_body: &str) -> BTreeSet<AskedAgain>;
}

/// A ticked line of the section "Declined or reverted: tick to try again". It counts for that pull request alone: once
/// a newer one was closed, people have to ask again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedAgain {
    /// The file.
    pub path: String,
    /// The number of the pull request that was declined or reverted.
    pub pull: u64,
}

/// All that decides what is next.
#[derive(Clone, Copy)]
pub struct Campaign<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What verifications of the plan's files say, by path.
    pub evidence: &'a BTreeMap<String, FileEvidence>,
    /// What the forge and the base branch say.
    pub observed: &'a Observed,
    /// What people decided.
    pub policy: &'a Policy,
    /// What is written.
    pub texts: &'a dyn Texts,
}

/// What a verification of a file says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvidence {
    /// Its state, as the file is planned now.
    pub state: EvidenceState,
    /// git's id of its file, as it goes out with the change.
    pub id: String,
}

impl Campaign<'_> {
    /// The state of a file by its evidence.
    fn evidence_state(&self, path: &str) -> &EvidenceState {
        self.evidence.get(path).map_or(&EvidenceState::Missing, |evidence| &evidence.state)
    }

    /// Returns true if a branch has the text and the evidence that the plan gives it.
    fn is_current(&self, file: &File, content: &Content) -> bool {
        let evidence = self.evidence.get(&file.path).map(|evidence| &evidence.id);
        let has_evidence = evidence.is_none_or(|id| content.evidence.as_ref() == Some(id));
        content.text == file.rewritten && has_evidence
    }
}

/// What is to be known and what is to be done.
#[derive(Default)]
struct Steps {
    questions: BTreeSet<Question>,
    actions: Vec<Action>,
}

impl Steps {
    fn new(campaign: &Campaign<'_>) -> Result<Self, GitError> {
        let progress = Progress::new(campaign)?;
        let mut steps = Self::default();
        keeping::steps(campaign, &progress, &mut steps);
        opening::steps(campaign, &progress, &mut steps);
        // What is done and asked before changes what the issue says.
        if steps.questions.is_empty() && steps.actions.is_empty() {
            steps.actions.extend(issue(campaign, &progress));
        }
        Ok(steps)
    }
}

/// What has to be known before [`next_actions`] are all clear. Ask, answer into [`Observed`], ask again.
///
/// # Errors
///
/// [`GitError`] if libgit2 cannot hash, which no path brings about.
pub fn questions(campaign: &Campaign<'_>) -> Result<BTreeSet<Question>, GitError> {
    Steps::new(campaign).map(|steps| steps.questions)
}

/// What is to be done now, in this order. What is not known yet is never a reason to act: what hangs on it is left out.
///
/// # Errors
///
/// As of [`questions`].
pub fn next_actions(campaign: &Campaign<'_>) -> Result<Vec<Action>, GitError> {
    Steps::new(campaign).map(|steps| steps.actions)
}

/// What is written to the tracking issue.
fn issue(campaign: &Campaign<'_>, progress: &Progress) -> Option<Action> {
    let texts = campaign.texts;
    let Some(issue) = &campaign.observed.issue else {
        let wanted = campaign.policy.create_issue && !progress.files.is_empty();
        let create =
            || Action::CreateIssue { title: texts.issue_title(), body: texts.issue_body(progress, "") };
        return wanted.then(create);
    };
    let body = texts.issue_body(progress, &issue.body);
    let update =
        || Action::UpdateIssue { issue: issue.number, expected: issue.body.clone(), body: body.clone() };
    (body != issue.body).then(update)
}
