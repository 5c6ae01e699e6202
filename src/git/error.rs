//! The errors of reading a repository. They name causes; the code never parses the text of a libgit2 message.

use std::path::{Path, PathBuf};

use git2::{ErrorClass, ErrorCode};

use super::{MOST_FOLDERS, MOST_PATHS};

/// The reason why a repository, or an object in it, cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum GitError {
    /// There is no repository at the path or above it.
    #[error("{path} is not in a git repository; name a folder inside one, or make one with `git init`")]
    NotARepository {
        /// The path.
        path: PathBuf,
    },
    /// Git trusts only repositories of the user who runs it.
    #[error(
        "the repository at {path} belongs to another user; \
         trust it with `git config --global --add safe.directory {path}`"
    )]
    OwnedByAnother {
        /// The path.
        path: PathBuf,
    },
    /// The repository names its objects by SHA-256.
    #[error("the repository at {path} uses SHA-256 object ids, which are not supported; use a SHA-1 clone")]
    Sha256 {
        /// The repository's git directory.
        path: PathBuf,
    },
    /// The repository was cloned partially by a git before 2.24, which recorded this in a form that prevents reading.
    #[error(
        "{path} is a partial clone in the old format; set `remote.origin.promisor` to true and unset \
         `extensions.partialClone` with `git config`, or clone again"
    )]
    OldPartialClone {
        /// The repository's git directory.
        path: PathBuf,
    },
    /// The repository exists but cannot be opened.
    #[error("cannot open the repository at {path}: {message}; check it with `git fsck` and its permissions")]
    Unreadable {
        /// The path.
        path: PathBuf,
        /// The message of libgit2.
        message: String,
    },
    /// There is no commit in the repository.
    #[error("the repository at {path} has no commit yet; make the first one, or read the working tree")]
    Empty {
        /// The repository's git directory.
        path: PathBuf,
    },
    /// HEAD names a branch that has no commit, while other branches have commits.
    #[error("HEAD of {path} is the branch {branch}, which has no commit; name a revision that has one")]
    UnbornHead {
        /// The repository's git directory.
        path: PathBuf,
        /// The branch's name.
        branch: String,
    },
    /// No commit has this name.
    #[error(
        "{path} has no commit {revision}; check the name, or fetch it with `git fetch origin {revision}`"
    )]
    RevisionNotFound {
        /// The repository's git directory.
        path: PathBuf,
        /// The name.
        revision: String,
    },
    /// Several objects have this name.
    #[error("several objects in {path} are named {revision}; write more digits of the id")]
    AmbiguousRevision {
        /// The repository's git directory.
        path: PathBuf,
        /// The name.
        revision: String,
    },
    /// The name is that of a file or a folder, or is not a valid name for git.
    #[error("{revision} names no commit in {path}; name a commit, a branch or a tag")]
    NotACommit {
        /// The repository's git directory.
        path: PathBuf,
        /// The name.
        revision: String,
    },
    /// An object is missing because the clone is partial.
    #[error(
        "{path} is a partial clone without the object {object}; fetch what it lacks with \
         `git fetch --refetch --no-filter`"
    )]
    LeftOutByPartialClone {
        /// The repository's git directory.
        path: PathBuf,
        /// The object's id.
        object: String,
    },
    /// An object that should exist is missing.
    #[error(
        "the object {object} is missing from {path}; check the repository with `git fsck` or clone it again"
    )]
    MissingObject {
        /// The repository's git directory.
        path: PathBuf,
        /// The object's id.
        object: String,
    },
    /// An object exists but cannot be read.
    #[error("cannot read the object {object} of {path}: {message}; check the repository with `git fsck`")]
    DamagedObject {
        /// The repository's git directory.
        path: PathBuf,
        /// The object's id.
        object: String,
        /// The message of libgit2.
        message: String,
    },
    /// The commit lists more paths than any real repository.
    #[error(
        "the tree {object} of {path} lists more than {MOST_PATHS} paths or {MOST_FOLDERS} folders; choose another commit"
    )]
    TooManyPaths {
        /// The repository's git directory.
        path: PathBuf,
        /// The tree's id.
        object: String,
    },
    /// The index cannot be read.
    #[error(
        "cannot read the index of {path}: {message}; if it is sparse, run \
         `git sparse-checkout reapply --no-sparse-index`"
    )]
    Index {
        /// The repository's git directory.
        path: PathBuf,
        /// The message of libgit2.
        message: String,
    },
    /// The repository is bare.
    #[error(
        "{path} is bare and has no working tree; name a commit to read, or use a clone with a working tree"
    )]
    NoWorkingTree {
        /// The repository's git directory.
        path: PathBuf,
    },
    /// Another operation on the repository failed.
    #[error("cannot {task} in {path}: {message}; check the repository with `git fsck`")]
    Failed {
        /// The operation that failed.
        task: &'static str,
        /// The repository's git directory.
        path: PathBuf,
        /// The message of libgit2.
        message: String,
    },
}

/// Returns the reason why a repository was not found or not opened.
pub(super) fn open_error(path: &Path, error: &git2::Error) -> GitError {
    let path = path.to_path_buf();
    match error.code() {
        ErrorCode::NotFound if error.class() != ErrorClass::Config => GitError::NotARepository { path },
        ErrorCode::Owner => GitError::OwnedByAnother { path },
        _ => GitError::Unreadable { path, message: error.message().to_owned() },
    }
}

/// libgit2 rejects extensions that it does not know; the configuration shows which one it was.
pub(super) fn format_error(git_dir: &Path, error: &git2::Error) -> GitError {
    let path = git_dir.to_path_buf();
    let config = git2::Config::open(&git_dir.join("config")).and_then(|mut config| config.snapshot());
    let Ok(config) = config else { return open_error(git_dir, error) };
    if error.code() != ErrorCode::Owner {
        if config.get_str("extensions.objectformat").is_ok_and(|format| format != "sha1") {
            return GitError::Sha256 { path };
        }
        if config.get_str("extensions.partialclone").is_ok() {
            return GitError::OldPartialClone { path };
        }
    }
    open_error(git_dir, error)
}
