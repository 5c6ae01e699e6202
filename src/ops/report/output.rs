//! The JSON format of the result of a report.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Reported, files};
use crate::campaign::progress::Step;
use crate::campaign::progress::status::PullProgress;
use crate::report::recorder::{RecordedWrite, is_made_up};

/// The version of the format.
const SCHEMA: u32 = 1;

/// The output of `report --format json`.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Printed")]
pub struct ReportOutput {
    /// The version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The campaign: the last part of the plan's folder.
    pub campaign: String,
    /// The repository on the forge; null if no forge was contacted.
    pub repository: Option<String>,
    /// The base branch of the pull requests.
    pub base: String,
    /// The commit of the base branch.
    pub commit: String,
    /// True if nothing was written: the actions are those that would be performed.
    pub rehearsal: bool,
    /// The tracking issue; null if there is none.
    pub issue: Option<u64>,
    /// The actions, in order.
    pub actions: Vec<PerformedAction>,
    /// The next step.
    pub step: Step,
    /// The changes that the forge refused, with its reasons.
    pub refused: Vec<String>,
    /// The files of all waves.
    pub files: Vec<PullProgress>,
}

/// An action on the forge.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[schemars(rename = "Action")]
pub enum PerformedAction {
    /// A branch was created or updated.
    Branch {
        /// Its name.
        name: String,
        /// The commit; a placeholder if nothing was written.
        commit: String,
        /// The files that the branch changes.
        files: Vec<String>,
    },
    /// A pull request was opened.
    OpenPull {
        /// Its number; null if nothing was written.
        number: Option<u64>,
        /// The head branch.
        branch: String,
        /// The base branch.
        base: String,
        /// Its title.
        title: String,
        /// Its text.
        body: String,
        /// True if it is a draft.
        draft: bool,
    },
    /// The text of a pull request was updated.
    UpdatePull {
        /// Its number.
        number: u64,
        /// The text.
        body: String,
    },
    /// Labels were added to an issue or a pull request.
    AddLabels {
        /// The number of the issue or pull request; null for one that would be opened.
        number: Option<u64>,
        /// The labels.
        labels: Vec<String>,
    },
    /// Reviews were requested.
    RequestReview {
        /// The pull request; null for one that would be opened.
        number: Option<u64>,
        /// The GitHub names of the people or teams.
        reviewers: Vec<String>,
    },
    /// People were assigned to an issue or a pull request.
    Assign {
        /// The issue or pull request; null for one that would be opened.
        number: Option<u64>,
        /// The GitHub names of the people.
        assignees: Vec<String>,
    },
    /// The tracking issue was opened.
    OpenIssue {
        /// Its number; null if nothing was written.
        number: Option<u64>,
        /// Its title.
        title: String,
        /// Its text.
        body: String,
    },
    /// The text of the tracking issue was updated.
    UpdateIssue {
        /// Its number.
        number: u64,
        /// The text.
        body: String,
    },
    /// A comment of the tracking issue was added: its text has no room for the section of the campaign.
    AddComment {
        /// The number of the issue.
        number: u64,
        /// The text.
        body: String,
    },
    /// The text of that comment was updated.
    UpdateComment {
        /// The id of the comment.
        id: u64,
        /// The text.
        body: String,
    },
    /// The tracking issue was closed.
    CloseIssue {
        /// Its number.
        number: u64,
    },
}

impl Reported {
    /// Returns the result in the JSON format.
    pub fn output(&self) -> ReportOutput {
        ReportOutput {
            schema: SCHEMA,
            campaign: self.campaign.clone(),
            repository: self.repository.as_ref().map(ToString::to_string),
            base: self.base.branch.clone(),
            commit: self.base.commit.clone(),
            rehearsal: self.rehearsal,
            issue: self.issue.and_then(real),
            actions: self.actions.iter().cloned().map(action).collect(),
            step: self.step.clone(),
            refused: self.refused.clone(),
            files: files(&self.progress),
        }
    }
}

fn real(number: u64) -> Option<u64> {
    Some(number).filter(|number| !is_made_up(*number))
}

fn action(deed: RecordedWrite) -> PerformedAction {
    match deed {
        RecordedWrite::Branch { name, commit, texts, .. } => {
            PerformedAction::Branch { name, commit, files: texts.into_iter().map(|(path, _)| path).collect() }
        }
        RecordedWrite::Pull { number, branch, base, title, body, draft } => {
            PerformedAction::OpenPull { number: real(number), branch, base, title, body, draft }
        }
        RecordedWrite::PullText { number, body } => PerformedAction::UpdatePull { number, body },
        RecordedWrite::Labels { number, labels } => {
            PerformedAction::AddLabels { number: real(number), labels }
        }
        RecordedWrite::Reviews { number, reviewers } => {
            PerformedAction::RequestReview { number: real(number), reviewers }
        }
        RecordedWrite::Assignees { number, assignees } => {
            PerformedAction::Assign { number: real(number), assignees }
        }
        RecordedWrite::Issue { number, title, body } => {
            PerformedAction::OpenIssue { number: real(number), title, body }
        }
        RecordedWrite::IssueText { number, body } => PerformedAction::UpdateIssue { number, body },
        RecordedWrite::Comment { number, body } => PerformedAction::AddComment { number, body },
        RecordedWrite::CommentText { id, body } => PerformedAction::UpdateComment { id, body },
        RecordedWrite::IssueClosed { number } => PerformedAction::CloseIssue { number },
    }
}
