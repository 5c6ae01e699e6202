//! Decides the next steps of a campaign: plan, evidence, the state of the forge and of the base branch → [`Action`]s.
//!
//! The state is observed and never remembered: the base branch's content shows whether a file is done, and the forge
//! lists the pull requests. This module never reads or writes anything, does not know the time, and has no texts of its
//! own: [`Texts`] writes them.
//!
//! A run reads [`Observed`], answers [`questions`] until there are none, performs [`next_actions`] in their order,
//! records the forge's answers in [`Observed`], and begins again, until there is no action. An action may be repeated
//! after it took effect unnoticed; it then changes nothing.
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

/// The texts of pull requests and of the tracking issue. Its functions are pure: the same arguments give the same text.
pub trait Texts {
    /// Returns the title of a file's pull request.
    fn pull_title(&self, file: &File) -> String;

    /// Returns the text of a file's pull request, with everything that people wrote outside the markers of `now`, the
    /// present text; `now` is empty for a new one. The result equals `now` if nothing changed, and does not depend on
    /// the pull request's number.
    ///
    /// The first marker holds `commit`, the latest commit of the branch, and the ids of the file's new text and of its
    /// evidence. So a text that is up to date shows that nothing was pushed to the branch since the text was written,
    /// and that the branch has the content of the plan; the branch does not have to be read again.
    fn pull_body(&self, file: &File, progress: &FileProgress, commit: &str, now: &str) -> String;

    /// Returns the title of a new tracking issue.
    fn issue_title(&self) -> String;

    /// Returns the text of the tracking issue, with everything that people wrote in `now`, the present text; `now` is
    /// empty for a new one. The result equals `now` if nothing changed. Each file that is declined, reverted or partly
    /// linked gets a line with its path, its pull request's number and a checkbox, which stays ticked for the same
    /// number; no other file has one.
    fn issue_body(&self, progress: &Progress, now: &str) -> String;

    /// Returns the files that people ticked in those lines of the tracking issue's text.
    fn asked_again(&self, issue_body: &str) -> BTreeSet<AskedAgain>;
}

/// A ticked line of the section "Declined or reverted: tick to try again". It counts for that pull request alone: when
/// a newer one was closed, people have to ask again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedAgain {
    /// The file.
    pub path: String,
    /// The number of the pull request that was declined or reverted.
    pub pull: u64,
}

/// The inputs that decide the next steps.
#[derive(Clone, Copy)]
pub struct Campaign<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// The states of the plan's files by their evidence, by path.
    pub evidence: &'a BTreeMap<String, FileEvidence>,
    /// The state of the forge and of the base branch.
    pub observed: &'a Observed,
    /// The decisions of the maintainers.
    pub policy: &'a Policy,
    /// The texts to write.
    pub texts: &'a dyn Texts,
}

/// The evidence of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvidence {
    /// The state of the file, as currently planned.
    pub state: EvidenceState,
    /// git's id of the file of evidence, as the change contains it.
    pub id: String,
}

impl Campaign<'_> {
    /// Returns the state of a file by its evidence.
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

/// The open questions and the next actions.
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
        // Questions and actions above change the text of the issue, so it comes last.
        if steps.questions.is_empty() && steps.actions.is_empty() {
            steps.actions.extend(issue(campaign, &progress));
        }
        Ok(steps)
    }
}

/// Returns the questions to answer before [`next_actions`] is complete. Ask, record the answers in [`Observed`], ask
/// again.
///
/// # Errors
///
/// [`GitError`] if libgit2 cannot hash, which no path causes.
pub fn questions(campaign: &Campaign<'_>) -> Result<BTreeSet<Question>, GitError> {
    Steps::new(campaign).map(|steps| steps.questions)
}

/// Returns the actions to perform now, in this order. Missing knowledge is never a reason to act: actions that depend
/// on an open question are left out.
///
/// # Errors
///
/// As for [`questions`].
pub fn next_actions(campaign: &Campaign<'_>) -> Result<Vec<Action>, GitError> {
    Steps::new(campaign).map(|steps| steps.actions)
}

/// Returns the action that writes the tracking issue.
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
