//! Decides the next steps of a campaign: plan, evidence, the state of the forge and of the base branch → [`Action`]s.
//!
//! The state is observed and never remembered: the base branch's content shows whether a file is done, and the forge
//! lists the pull requests. This module never reads or writes anything, does not know the time, and has no texts of its
//! own: [`Texts`](crate::campaign::progress::Texts) writes them.
//!
//! A run reads [`Observed`](crate::campaign::progress::Observed), answers [`questions`] until there are none, performs [`next_actions`] in their order,
//! records the forge's answers in [`Observed`](crate::campaign::progress::Observed), and begins again, until there is no action. An action may be repeated
//! after it took effect unnoticed; it then changes nothing.

pub(crate) mod action;
pub mod forge;
mod keeping;
mod opening;

use std::collections::BTreeSet;

use crate::campaign::progress::{Campaign, Comment, IssueTexts, Progress, StepKind};
use crate::git::GitError;

pub(crate) use action::{Action, Question};
pub use forge::{Forge, ForgeError};

/// The open questions and the next actions.
#[derive(Default)]
struct Steps {
    questions: BTreeSet<Question>,
    actions: Vec<Action>,
}

impl Steps {
    fn new(campaign: &Campaign<'_>, refused: &[Action]) -> Result<Self, GitError> {
        let progress = Progress::new(campaign)?;
        let mut steps = Self::default();
        keeping::steps(campaign, &progress, &mut steps);
        opening::steps(campaign, &progress, &mut steps);
        steps.actions.retain(|action| !refused.contains(action));
        // Questions and actions above change the text of the issue, so it comes last.
        if steps.questions.is_empty() && steps.actions.is_empty() {
            steps.actions.extend(issue(campaign, &progress).filter(|action| !refused.contains(action)));
        }
        Ok(steps)
    }
}

/// Returns the questions to answer before [`next_actions`] is complete. Ask, record the answers in [`Observed`](crate::campaign::progress::Observed), ask
/// again.
///
/// # Errors
///
/// [`GitError`] if libgit2 cannot hash, which no path causes.
pub(crate) fn questions(campaign: &Campaign<'_>) -> Result<BTreeSet<Question>, GitError> {
    Steps::new(campaign, &[]).map(|steps| steps.questions)
}

/// Returns the actions to perform now, in this order, without those that the forge `refused` in this run. Missing knowledge
/// is never a reason to act: actions that depend on an open question are left out.
///
/// # Errors
///
/// As for [`questions`].
pub(crate) fn next_actions(campaign: &Campaign<'_>, refused: &[Action]) -> Result<Vec<Action>, GitError> {
    Steps::new(campaign, refused).map(|steps| steps.actions)
}

/// Returns the action that writes the tracking issue, or before it the comment with the campaign's section.
fn issue(campaign: &Campaign<'_>, progress: &Progress) -> Option<Action> {
    let (texts, report) = (campaign.texts, &campaign.policy.report);
    let closes = report.close_issue && progress.next_step(report.max_open).kind == StepKind::Finished;
    let Some(issue) = &campaign.observed.issue else {
        // A finished campaign has closed its issue.
        let wanted = campaign.policy.create_issue && !progress.files.is_empty() && !closes;
        let new = || texts.issue(progress, IssueTexts { body: "", comment: None });
        return wanted.then(|| Action::CreateIssue { title: texts.issue_title(), body: new().body });
    };
    let number = issue.number;
    let comment = issue.comment.as_ref().map(|comment| comment.body.as_str());
    let IssueTexts { body, comment } = texts.issue(progress, IssueTexts { body: &issue.body, comment });
    match (comment, &issue.comment) {
        (Some(body), None) => return Some(Action::AddComment { issue: number, body }),
        (Some(body), Some(Comment { id, body: expected })) if body != *expected => {
            let (comment, expected) = (*id, expected.clone());
            return Some(Action::UpdateComment { issue: number, comment, expected, body });
        }
        _ => {}
    }
    if body != issue.body {
        return Some(Action::UpdateIssue { issue: number, expected: issue.body.clone(), body });
    }
    (closes && issue.is_open).then_some(Action::CloseIssue { issue: issue.number })
}
