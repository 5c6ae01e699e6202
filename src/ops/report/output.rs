//! The result of a report as JSON.

use schemars::JsonSchema;
use serde::Serialize;

use super::{Reported, files};
use crate::campaign::status::FileProgress;
use crate::report::recorder::{Deed, is_made_up};

/// The version of the format that this program writes.
const SCHEMA: u32 = 1;

/// What `report --format json` prints.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "Printed")]
pub struct ReportOutput {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The campaign: the last part of the plan's folder.
    pub campaign: String,
    /// The repository on the forge; null where none was asked.
    pub repository: Option<String>,
    /// The branch that pull requests are for.
    pub base: String,
    /// The commit that it is at.
    pub commit: String,
    /// True if nothing was written: the actions are those that would be done.
    pub rehearsal: bool,
    /// The tracking issue; null where there is none.
    pub issue: Option<u64>,
    /// What was written, in its order.
    pub actions: Vec<PerformedAction>,
    /// The files of all waves.
    pub files: Vec<FileProgress>,
}

/// Something that was written.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case")]
#[schemars(rename = "Action")]
pub enum PerformedAction {
    /// A branch was made or brought up to date.
    Branch {
        /// Its name.
        name: String,
        /// The commit; made up where nothing was written.
        commit: String,
        /// The files that it changes.
        files: Vec<String>,
    },
    /// A pull request was opened.
    OpenPull {
        /// Its number; null where nothing was written.
        number: Option<u64>,
        /// The branch that it is from.
        branch: String,
        /// The branch that it is for.
        base: String,
        /// Its title.
        title: String,
        /// Its text.
        body: String,
        /// True if it is a draft.
        draft: bool,
    },
    /// The text of a pull request was written.
    UpdatePull {
        /// Its number.
        number: u64,
        /// The text.
        body: String,
    },
    /// Labels were added to an issue or a pull request.
    AddLabels {
        /// Its number; null for one that would be opened.
        number: Option<u64>,
        /// The labels.
        labels: Vec<String>,
    },
    /// Reviews were asked for.
    RequestReview {
        /// The pull request; null for one that would be opened.
        number: Option<u64>,
        /// Who.
        reviewers: Vec<String>,
    },
    /// People were assigned.
    Assign {
        /// The issue or pull request; null for one that would be opened.
        number: Option<u64>,
        /// Who.
        assignees: Vec<String>,
    },
    /// The tracking issue was opened.
    OpenIssue {
        /// Its number; null where nothing was written.
        number: Option<u64>,
        /// Its title.
        title: String,
        /// Its text.
        body: String,
    },
    /// The text of the tracking issue was written.
    UpdateIssue {
        /// Its number.
        number: u64,
        /// The text.
        body: String,
    },
}

impl Reported {
    /// The result as JSON.
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
            files: files(&self.progress),
        }
    }
}

fn real(number: u64) -> Option<u64> {
    Some(number).filter(|number| !is_made_up(*number))
}

fn action(deed: Deed) -> PerformedAction {
    match deed {
        Deed::Branch { name, commit, texts, .. } => {
            PerformedAction::Branch { name, commit, files: texts.into_iter().map(|(path, _)| path).collect() }
        }
        Deed::Pull { number, branch, base, title, body, draft } => {
            PerformedAction::OpenPull { number: real(number), branch, base, title, body, draft }
        }
        Deed::PullText { number, body } => PerformedAction::UpdatePull { number, body },
        Deed::Labels { number, labels } => PerformedAction::AddLabels { number: real(number), labels },
        Deed::Reviews { number, reviewers } => {
            PerformedAction::RequestReview { number: real(number), reviewers }
        }
        Deed::Assignees { number, assignees } => PerformedAction::Assign { number: real(number), assignees },
        Deed::Issue { number, title, body } => {
            PerformedAction::OpenIssue { number: real(number), title, body }
        }
        Deed::IssueText { number, body } => PerformedAction::UpdateIssue { number, body },
    }
}
