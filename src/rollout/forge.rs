//! The forge: what is read from it and written to it, one call a method. [`github`](crate::github) is one, and the
//! tests have one of their own.

use std::collections::BTreeSet;

/// A forge with one repository. Calls that read may be repeated by the forge itself; calls that write are made once.
pub trait Forge {
    /// The branches whose names start with `prefix`.
    ///
    /// # Errors
    ///
    /// [`ForgeError`], as of every call.
    fn branches(&self, prefix: &str) -> Result<Vec<BranchAt>, ForgeError>;

    /// The commit of a branch; `None` if there is no such branch.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn branch(&self, name: &str) -> Result<Option<String>, ForgeError>;

    /// All pull requests with a label, open and closed, in order of number.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn pulls_labelled(&self, label: &str) -> Result<Vec<FoundPull>, ForgeError>;

    /// All pull requests from a branch of this repository, open and closed, in order of number.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn pulls_from(&self, branch: &str) -> Result<Vec<FoundPull>, ForgeError>;

    /// One pull request.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn pull(&self, number: u64) -> Result<FoundPull, ForgeError>;

    /// What `branch` has above the commit `base`.
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

    /// The id of a file's text in a commit; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn text_id(&self, commit: &str, path: &str) -> Result<Option<String>, ForgeError>;

    /// Returns true if a commit has checks that have not finished.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn has_pending_checks(&self, commit: &str) -> Result<bool, ForgeError>;

    /// An issue's text.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn issue_body(&self, number: u64) -> Result<String, ForgeError>;

    /// The numbers of open issues, pull requests left out, with a label.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn issues_labelled(&self, label: &str) -> Result<Vec<u64>, ForgeError>;

    /// Writes a commit whose files are those of its last parent with some texts replaced or added, modes kept, and
    /// gives its id. No branch is moved.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn write_commit(&self, commit: &NewCommit<'_>) -> Result<String, ForgeError>;

    /// Makes a branch.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] where it is there already.
    fn create_branch(&self, name: &str, commit: &str) -> Result<(), ForgeError>;

    /// Moves a branch forward, never by force.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] where `commit` does not contain the commit that the branch is at.
    fn advance_branch(&self, name: &str, commit: &str) -> Result<(), ForgeError>;

    /// Opens a pull request and gives its number.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] where one is open from that branch.
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

    /// Asks for reviews; `org/team` for a team.
    ///
    /// # Errors
    ///
    /// [`ForgeError::Refused`] for somebody who may not review.
    fn request_reviews(&self, pull: u64, reviewers: &[String]) -> Result<(), ForgeError>;

    /// Assigns people to an issue or a pull request.
    ///
    /// # Errors
    ///
    /// [`ForgeError`]
    fn assign(&self, number: u64, assignees: &[String]) -> Result<(), ForgeError>;

    /// Opens an issue with labels and gives its number.
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
}

/// Why a call did not do what it should.
#[derive(Debug, thiserror::Error)]
pub enum ForgeError {
    /// The forge understood and refuses: nothing was done.
    #[error("{0}")]
    Refused(String),
    /// There is no answer that says what happened: a call that writes may have taken effect.
    #[error("{0}")]
    Unclear(String),
    /// Nothing can be done with this forge now: credentials, permissions, limits.
    #[error("{0}")]
    Stopped(String),
}

/// A branch and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BranchAt {
    /// Its name.
    pub name: String,
    /// The commit that it is at.
    pub commit: String,
}

/// A pull request as the forge has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundPull {
    /// Its number.
    pub number: u64,
    /// The branch that it is from.
    pub branch: String,
    /// The branch that it is for.
    pub base: String,
    /// True if it is open.
    pub open: bool,
    /// The commit that its merge made; `None` if it was not merged.
    pub merge_commit: Option<String>,
    /// Who merged or closed it, where the forge tells.
    pub by: Option<String>,
    /// Its text.
    pub body: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// Whether it can be merged; `None` if the forge has not found out.
    pub mergeable: Option<bool>,
    /// True if it waits in a merge queue or merges by itself.
    pub queued: bool,
    /// When it was opened: seconds since 1970.
    pub opened: u64,
}

/// What a branch has above a commit.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FoundAbove {
    /// Its commits, in any order.
    pub commits: Vec<FoundCommit>,
    /// The files that it changes since both parted, and the ids of their texts; None for one that it removes.
    pub files: Vec<(String, Option<String>)>,
}

/// A commit as the forge has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundCommit {
    /// Its id.
    pub id: String,
    /// Its message, whose trailer tells whether Layerwright made it.
    pub message: String,
    /// git's id of its tree; `None` if the forge does not tell.
    pub tree: Option<String>,
    /// The ids of its parents.
    pub parents: Vec<String>,
}

/// A commit to write.
#[derive(Clone, Copy, Debug)]
pub struct NewCommit<'a> {
    /// What it says.
    pub message: &'a str,
    /// Its parents.
    pub parents: &'a [&'a str],
    /// Paths and their new texts.
    pub texts: &'a [(&'a str, &'a [u8])],
}

/// A pull request to open.
#[derive(Clone, Copy, Debug)]
pub struct NewPull<'a> {
    /// The branch that it is from.
    pub branch: &'a str,
    /// The branch that it is for.
    pub base: &'a str,
    /// Its title.
    pub title: &'a str,
    /// Its text.
    pub body: &'a str,
    /// True if it is a draft.
    pub draft: bool,
}
