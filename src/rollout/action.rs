//! The actions, in small steps, and the questions to answer before them. This module never performs an action.

use std::fmt;

/// A fact that has to be known before the next actions are clear. The caller records the answer in
/// [`Observed`](crate::campaign::progress::Observed). No question is asked twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Question {
    /// All pull requests from a branch, open and closed, with or without the label: recorded in `pulls` and `looked`.
    Pulls {
        /// The branch, which may be missing.
        branch: String,
    },
    /// The content of a branch and the authors of its commits: recorded in its `content`.
    Content {
        /// The branch.
        branch: String,
        /// The file that it is for.
        path: String,
    },
    /// The state of a pull request's checks, finished or not: recorded in its `pending`.
    Checks {
        /// The pull request.
        pull: u64,
        /// The commit of the checks.
        commit: String,
    },
}

/// One step. Each may be repeated after it took effect, and then changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// Makes a branch with one commit: the file's new text and its evidence. If the branch already exists, it is not
    /// changed.
    CreateBranch {
        /// The file.
        path: String,
        /// The branch's name.
        branch: String,
        /// The commit of the base branch that it starts from.
        onto: String,
    },
    /// Brings a branch up to date with one more commit, whose parents are `expected` and `onto` and whose files are
    /// those of `onto` with the file's new text and its evidence. The branch is moved to it without force. If a person
    /// pushed a commit in the meantime, the forge refuses, and nothing is changed.
    RefreshBranch {
        /// The file.
        path: String,
        /// The branch's name.
        branch: String,
        /// The latest commit of the branch, which the campaign made.
        expected: String,
        /// The commit of the base branch that the new commit contains.
        onto: String,
    },
    /// Closes the tracking issue of a finished campaign.
    CloseIssue {
        /// The issue.
        issue: u64,
    },
    /// Opens a pull request. A failed call is not repeated until the pull requests from the branch are read again.
    OpenPull {
        /// The file.
        path: String,
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
    /// Requests reviews. A refusal of the forge (a person who may not review, the author) is reported and skipped.
    RequestReview {
        /// The pull request.
        pull: u64,
        /// The reviewers; `org/team` for a team.
        reviewers: Vec<String>,
    },
    /// Assigns people.
    Assign {
        /// The pull request.
        pull: u64,
        /// The assignees.
        assignees: Vec<String>,
    },
    /// Adds labels: the last step of opening, so that a pull request with the campaign's label is complete.
    AddLabels {
        /// The pull request.
        pull: u64,
        /// The labels.
        labels: Vec<String>,
    },
    /// Writes the text of a pull request if the present text, read just before, is still `expected`. Otherwise nothing
    /// is written.
    UpdatePull {
        /// The pull request.
        pull: u64,
        /// The text that was read.
        expected: String,
        /// The text to write.
        body: String,
    },
    /// Opens the tracking issue. A failed call is not repeated until the issue is searched again.
    CreateIssue {
        /// Its title.
        title: String,
        /// Its text.
        body: String,
    },
    /// Writes the text of the tracking issue if the present text, read just before, is still `expected`. Otherwise
    /// nothing is written.
    UpdateIssue {
        /// The issue.
        issue: u64,
        /// The text that was read.
        expected: String,
        /// The text to write.
        body: String,
    },
    /// Writes the campaign's section as a comment, if the text of the issue has no room for it. A failed call is not
    /// repeated until the comments are read again.
    AddComment {
        /// The issue.
        issue: u64,
        /// Its text.
        body: String,
    },
    /// Writes the text of that comment if the present text, read just before, is still `expected`. Otherwise nothing is
    /// written.
    UpdateComment {
        /// The issue.
        issue: u64,
        /// The id of the comment.
        comment: u64,
        /// The text that was read.
        expected: String,
        /// The text to write.
        body: String,
    },
}

impl Action {
    /// Returns what a person changes if the forge refuses the action.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::CreateBranch { .. } | Self::RefreshBranch { .. } => {
                "let the token write branches `layerwright/**`: see the rules for branches of the repository"
            }
            Self::OpenPull { .. } => "change [report] base or draft in layerwright.toml",
            Self::AddLabels { .. } => "change [report] labels in layerwright.toml",
            Self::RequestReview { .. } => "change [report] reviewers in layerwright.toml",
            Self::Assign { .. } => "change [report] assignees in layerwright.toml",
            Self::UpdatePull { .. }
            | Self::UpdateIssue { .. }
            | Self::AddComment { .. }
            | Self::UpdateComment { .. } => "shorten what people wrote there, or unlock the conversation",
            Self::CreateIssue { .. } => "turn issues on in the repository, or omit --create-issue",
            Self::CloseIssue { .. } => "close it by hand, or set [report] close_issue = false",
        }
    }
}

impl fmt::Display for Action {
    /// Writes what the action changes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::CreateBranch { branch, .. } | Self::RefreshBranch { branch, .. } => {
                write!(f, "branch {branch}")
            }
            Self::OpenPull { path, .. } => write!(f, "pull request of {path}"),
            Self::RequestReview { pull, .. } => write!(f, "reviewers of #{pull}"),
            Self::Assign { pull, .. } => write!(f, "assignees of #{pull}"),
            Self::AddLabels { pull, .. } => write!(f, "labels of #{pull}"),
            Self::UpdatePull { pull, .. } => write!(f, "text of #{pull}"),
            Self::CreateIssue { .. } => f.write_str("tracking issue"),
            Self::UpdateIssue { issue, .. } => write!(f, "text of #{issue}"),
            Self::CloseIssue { issue } => write!(f, "state of #{issue}"),
            Self::AddComment { issue, .. } | Self::UpdateComment { issue, .. } => {
                write!(f, "comment of #{issue}")
            }
        }
    }
}
