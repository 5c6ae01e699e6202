//! The writes that a [`Recorder`](super::Recorder) records.

/// A write, or in a rehearsal the write that a report would make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RecordedWrite {
    /// A branch was created with a commit, or updated with one.
    Branch {
        /// The name.
        name: String,
        /// The commit.
        commit: String,
        /// The commit message.
        message: String,
        /// The parent whose files the commit changes.
        onto: String,
        /// Paths and their new texts.
        texts: Vec<(String, Vec<u8>)>,
    },
    /// A pull request was opened.
    Pull {
        /// The number; a placeholder in a rehearsal.
        number: u64,
        /// The head branch.
        branch: String,
        /// The base branch.
        base: String,
        /// The title.
        title: String,
        /// The text.
        body: String,
        /// True if it is a draft.
        draft: bool,
    },
    /// The text of a pull request was written.
    PullText {
        /// The number.
        number: u64,
        /// The text.
        body: String,
    },
    /// Labels were added to an issue or a pull request.
    Labels {
        /// The number.
        number: u64,
        /// The labels.
        labels: Vec<String>,
    },
    /// Reviews were requested.
    Reviews {
        /// The pull request.
        number: u64,
        /// The reviewers.
        reviewers: Vec<String>,
    },
    /// People were assigned.
    Assignees {
        /// The issue or pull request.
        number: u64,
        /// The assignees.
        assignees: Vec<String>,
    },
    /// The tracking issue was opened.
    Issue {
        /// The number.
        number: u64,
        /// The title.
        title: String,
        /// The text.
        body: String,
    },
    /// The text of the tracking issue was written.
    IssueText {
        /// The number.
        number: u64,
        /// The text.
        body: String,
    },
    /// A comment of the tracking issue was added.
    Comment {
        /// The number of the issue.
        number: u64,
        /// The text.
        body: String,
    },
    /// The text of a comment of the tracking issue was written.
    CommentText {
        /// The id of the comment.
        id: u64,
        /// The text.
        body: String,
    },
    /// The tracking issue was closed.
    IssueClosed {
        /// The number.
        number: u64,
    },
}
