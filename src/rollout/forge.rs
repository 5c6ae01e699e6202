//! The interface to a forge: one method per call. [`github`](crate::github) implements it, and the tests have an
//! implementation of their own. This module never sends a request.

use std::collections::BTreeSet;

/// A forge with one repository. The forge may retry calls that read; calls that write are made once.
pub trait Forge {
    /// Returns the branches whose names start with `prefix`.
    ///
    /// # Errors
    ///
    /// [`ForgeError`], as for every call.
    fn branches(&self, prefix: &str) -> Result<Vec<BranchAt>, ForgeError>;

    /// Returns the latest commit of a branch; `None` if there is no such branch.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn branch(&self, name: &str) -> Result<Option<String>, ForgeError>;

    /// Returns all pull requests with a label, open and closed, in order of number.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn pulls_labelled(&self, label: &str) -> Result<Vec<FoundPull>, ForgeError>;

    /// Returns all pull requests from a branch of this repository, open and closed, in order of number.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn pulls_from(&self, branch: &str) -> Result<Vec<FoundPull>, ForgeError>;

    /// Returns one pull request.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn pull(&self, number: u64) -> Result<FoundPull, ForgeError>;

    /// Returns the commits and changes of `branch` above the commit `base`.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn above(&self, base: &str, branch: &str) -> Result<FoundAbove, ForgeError>;

    /// Returns true if the history of `commit` contains `earlier`.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn contains(&self, commit: &str, earlier: &str) -> Result<bool, ForgeError>;

    /// Returns the id of a file's text in a commit; `None` if the commit does not have the file.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn text_id(&self, commit: &str, path: &str) -> Result<Option<String>, ForgeError>;

    /// Returns git's mode of a file in a commit, as in `100644`; `None` if the commit does not have the file.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn mode(&self, commit: &str, path: &str) -> Result<Option<String>, ForgeError>;

    /// Returns true if a commit has checks that have not finished.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn has_pending_checks(&self, commit: &str) -> Result<bool, ForgeError>;

    /// Returns an issue's text.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn issue_body(&self, number: u64) -> Result<String, ForgeError>;

    /// Returns true if everyone who can tick a box of an issue may write to the repository. Besides those who may write,
    /// its author can edit it.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn is_by_writer(&self, issue: u64) -> Result<bool, ForgeError>;

    /// Returns the comments of an issue whose text `fits` and that everyone who can edit them may write to the repository: those
    /// of apps and of people who may. The first one comes first.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn comments(&self, issue: u64, fits: &dyn Fn(&str) -> bool) -> Result<Vec<FoundComment>, ForgeError>;

    /// Returns the numbers of open issues with a label, without pull requests.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn issues_labelled(&self, label: &str) -> Result<Vec<u64>, ForgeError>;

    /// Writes a commit whose files are those of its last parent with some texts replaced or added, modes kept, and
    /// returns its id. No branch is moved.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn write_commit(&self, commit: &NewCommit<'_>) -> Result<String, ForgeError>;

    /// Makes a branch.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] if the branch already exists.
    fn create_branch(&self, name: &str, commit: &str) -> Result<(), ForgeError>;

    /// Moves a branch forward, never by force.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] if `commit` does not contain the latest commit of the branch.
    fn advance_branch(&self, name: &str, commit: &str) -> Result<(), ForgeError>;

    /// Opens a pull request and returns its number.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] if a pull request from that branch is open.
    fn open_pull(&self, pull: &NewPull<'_>) -> Result<u64, ForgeError>;

    /// Replaces the text of a pull request.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn set_pull_body(&self, number: u64, body: &str) -> Result<(), ForgeError>;

    /// Adds labels to an issue or a pull request.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn add_labels(&self, number: u64, labels: &[String]) -> Result<(), ForgeError>;

    /// Requests reviews; `org/team` for a team.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] for a person who may not review.
    fn request_reviews(&self, pull: u64, reviewers: &[String]) -> Result<(), ForgeError>;

    /// Assigns people to an issue or a pull request.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn assign(&self, number: u64, assignees: &[String]) -> Result<(), ForgeError>;

    /// Opens an issue with labels and returns its number.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn create_issue(&self, title: &str, body: &str, labels: &[String]) -> Result<u64, ForgeError>;

    /// Replaces the text of an issue.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn set_issue_body(&self, number: u64, body: &str) -> Result<(), ForgeError>;

    /// Adds a comment to an issue.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn add_comment(&self, issue: u64, body: &str) -> Result<(), ForgeError>;

    /// Replaces the text of a comment.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn set_comment(&self, comment: u64, body: &str) -> Result<(), ForgeError>;

    /// Closes an issue.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn close_issue(&self, number: u64) -> Result<(), ForgeError>;
}

/// The reason why a call failed.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The forge understood the request and refused it: nothing was changed.
    #[error("{0}")]
    Refused(String),
    /// There is no conclusive answer: a call that writes may have taken effect.
    #[error("{0}")]
    Unclear(String),
    /// The forge cannot be used now: credentials, permissions, limits.
    #[error("{0}")]
    Stopped(String),
}

/// A branch and its latest commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchAt {
    /// Its name.
    pub name: String,
    /// Its latest commit.
    pub commit: String,
}

/// A pull request, as the forge reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPull {
    /// Its number.
    pub number: u64,
    /// The head branch.
    pub branch: String,
    /// The base branch.
    pub base: String,
    /// True if it is open.
    pub open: bool,
    /// The commit that its merge made; `None` if it was not merged.
    pub merge_commit: Option<String>,
    /// The person who merged or closed it, if the forge reports that.
    pub by: Option<String>,
    /// Its text.
    pub body: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// True if it can be merged; `None` if the forge does not know yet.
    pub mergeable: Option<bool>,
    /// True if it waits in a merge queue or merges automatically.
    pub queued: bool,
    /// The time when it was opened: seconds since 1970.
    pub opened: u64,
}

/// A comment of an issue, as the forge reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundComment {
    /// Its id.
    pub id: u64,
    /// Its text.
    pub body: String,
}

/// The commits and changes of a branch above a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundAbove {
    /// Its commits, in any order.
    pub commits: Vec<FoundCommit>,
    /// The files that it changes since the merge base, and the ids of their texts; `None` for a file that it removes.
    pub files: Vec<(String, Option<String>)>,
    /// The merge base; `None` if the forge does not report it.
    pub merge_base: Option<String>,
}

/// A commit, as the forge reports it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCommit {
    /// Its id.
    pub id: String,
    /// Its message, whose trailer shows whether Layerwright made it.
    pub message: String,
    /// git's id of its tree; `None` if the forge does not report it.
    pub tree: Option<String>,
    /// The ids of its parents.
    pub parents: Vec<String>,
}

/// A commit to write.
#[derive(Clone, Copy, Debug)]
pub struct NewCommit<'a> {
    /// Its message.
    pub message: &'a str,
    /// Its parents.
    pub parents: &'a [&'a str],
    /// Paths and their new texts.
    pub texts: &'a [(&'a str, &'a [u8])],
}

/// A pull request to open.
#[derive(Clone, Copy, Debug)]
pub struct NewPull<'a> {
    /// The head branch.
    pub branch: &'a str,
    /// The base branch.
    pub base: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub body: &'a str,
    /// True if it is a draft.
    pub draft: bool,
}
