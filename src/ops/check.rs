//! Finds linked instructions that change their image.

use std::path::PathBuf;

use super::workspace::{Workspace, WorkspaceError};
use super::{JudgeError, Knowledge, Watch, judge};
use crate::campaign::check::{self, Report};
use crate::discover::SourceTree;
use crate::git::{GitError, RepoPath};

/// The options of [`check()`].
#[derive(Debug)]
pub struct CheckOptions {
    /// A folder of the repository, or a folder without git.
    pub path: PathBuf,
    /// The path of the repository to which the check is limited. `None` for all files.
    pub below: Option<RepoPath>,
    /// The files that are read.
    pub read: CheckedFiles,
    /// The facts that are known in addition to the files.
    pub knowledge: Knowledge,
}

/// The files that [`check()`] reads. A folder without git has only one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CheckedFiles {
    /// The tracked files of the working tree; in a bare repository, those of HEAD.
    #[default]
    WorkingTree,
    /// The index: the content of the next commit.
    Index,
    /// A revision.
    Revision(String),
}

/// An error of [`check()`].
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The Dockerfiles cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl CheckOptions {
    /// Creates options that check all files of a repository or folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            below: None,
            read: CheckedFiles::default(),
            knowledge: Knowledge::default(),
        }
    }
}

/// Checks the linked instructions of a repository or folder.
///
/// ```
/// use layerwright::ops::{self, CheckOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY --link --chmod=0644 a /a\n")?;
/// let report = ops::check(&CheckOptions::new(folder.path()), &|_| {})?;
/// assert_eq!((report.linked, report.findings[0].line), (1, 2));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`CheckError`]
pub fn check(options: &CheckOptions, watch: &Watch<'_>) -> Result<Report, CheckError> {
    let revision = match &options.read {
        CheckedFiles::Revision(revision) => Some(revision.as_str()),
        CheckedFiles::WorkingTree | CheckedFiles::Index => None,
    };
    let workspace = Workspace::open(&options.path, revision)?;
    let (source, read) = match (&workspace, &options.read) {
        (Workspace::Git(repository, _), CheckedFiles::WorkingTree) if repository.working_tree().is_some() => {
            (SourceTree::working_tree(repository)?, "the working tree".to_owned())
        }
        (Workspace::Git(repository, _), CheckedFiles::Index) => {
            (SourceTree::index(repository)?, "the index".to_owned())
        }
        (Workspace::Git(_, commit), _) => (workspace.source()?, format!("commit {commit}")),
        (Workspace::Folder(_), _) => (workspace.source()?, "the folder".to_owned()),
    };
    let config = workspace.config(&source)?;
    let plan = judge::judge_all(&workspace, &source, &config, &options.knowledge, watch)?;
    let plan = match &options.below {
        Some(below) => plan.below(below),
        None => plan,
    };
    Ok(check::check(&plan, read))
}
