//! What is done, in small steps, and what has to be known before.

/// Something that has to be known before the next actions are clear. Who answers it notes that in
/// [`Observed`](super::Observed). No question is asked twice.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// All pull requests from a branch, open and closed, with or without the label: noted in `pulls` and `looked`.
    Pulls {
        /// The branch, which need not be there.
        branch: String,
    },
    /// What a branch holds and whose commits it has: noted in its `content`.
    Content {
        /// The branch.
        branch: String,
        /// The file that it is for.
        path: String,
    },
    /// Whether a pull request's checks have finished: noted in its `pending`.
    Checks {
        /// The pull request.
        pull: u64,
        /// The commit that they are of.
        commit: String,
    },
}

/// One step. Each may be done again after it took effect, and then changes nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Makes a branch with one commit: the file's new text and its evidence. Where the branch is there by now, it is
    /// left as it is.
    CreateBranch {
        /// The file.
        path: String,
        /// The branch's name.
        branch: String,
        /// The commit of the base branch that it starts from.
        onto: String,
    },
    /// Brings a branch up to date with one more commit, whose parents are `expected` and `onto` and whose files are
    /// those of `onto` with the file's new text and its evidence. The branch is moved to it without force, so that a
    /// commit that a person pushed in the meantime makes the forge refuse; nothing is done then.
    RefreshBranch {
        /// The file.
        path: String,
        /// The branch's name.
        branch: String,
        /// The commit that the branch is at, which the campaign made.
        expected: String,
        /// The commit of the base branch that it is brought up to.
        onto: String,
    },
    /// Opens a pull request. A failed call is not repeated before the pull requests from the branch were looked up.
    OpenPull {
        /// The file.
        path: String,
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
    /// Asks for reviews. What the forge refuses (somebody who may not review, the author) is told and passed over.
    RequestReview {
        /// The pull request.
        pull: u64,
        /// Who; `org/team` for a team.
        reviewers: Vec<String>,
    },
    /// Assigns people.
    Assign {
        /// The pull request.
        pull: u64,
        /// Who.
        assignees: Vec<String>,
    },
    /// Adds labels: the last step of opening, so that a pull request with the campaign's label is complete.
    AddLabels {
        /// The pull request.
        pull: u64,
        /// The labels.
        labels: Vec<String>,
    },
    /// Writes the text of a pull request if it is `expected` still, read just before. Otherwise nothing is written.
    UpdatePull {
        /// The pull request.
        pull: u64,
        /// The text that was read.
        expected: String,
        /// The text to write.
        body: String,
    },
    /// Opens the tracking issue. A failed call is not repeated before it was looked for.
    CreateIssue {
        /// Its title.
        title: String,
        /// Its text.
        body: String,
    },
    /// Writes the text of the tracking issue if it is `expected` still, read just before. Otherwise nothing is written.
    UpdateIssue {
        /// The issue.
        issue: u64,
        /// The text that was read.
        expected: String,
        /// The text to write.
        body: String,
    },
}
