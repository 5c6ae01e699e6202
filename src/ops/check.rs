//! Finds linked instructions that change their image.

use std::path::PathBuf;

use super::workspace::{Workspace, WorkspaceError};
use super::{JudgeError, Knowledge, Watch, judge};
use crate::campaign::check::{self, Report};

/// The options of [`check()`].
#[derive(Debug)]
pub struct CheckOptions {
    /// A folder of the repository, or a folder without git.
    pub path: PathBuf,
    /// The revision that is read. `None` for HEAD.
    pub rev: Option<String>,
    /// The facts that are known in addition to the files.
    pub knowledge: Knowledge,
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
}

impl CheckOptions {
    /// Creates options that check all files of a repository or folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self { path: path.into(), rev: None, knowledge: Knowledge::default() }
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
    let workspace = Workspace::open(&options.path, options.rev.as_deref())?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let plan = judge::judge_all(&workspace, &source, &config, &options.knowledge, watch)?;
    Ok(check::check(&plan))
}
