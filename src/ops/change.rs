//! The common part of `migrate` and `revert`: the change of each file, and writing or committing it.

use std::io;
use std::path::{Path, PathBuf};

use super::atomic::{self, WriteError};
use super::branches::{self, Job, MadeBranch};
use super::present::PresentFiles;
use super::replace::replace;
use super::workspace::{LinkInTheWay, Workspace};
use super::{Notice, PlannedTextError, Watch};
use crate::campaign::names::{Names, Purpose};
use crate::campaign::plan::file::File;
use crate::campaign::progress::Step;
use crate::config::message::MessageError;
use crate::discover::ReadError;
use crate::edit::RewriteError;
use crate::git::{BranchError, GitError, IdError, PathError, RepoPath};
use crate::text::patch::{PatchLine, patch, patch_text};
use crate::text::words::short_id;

/// The use of the new texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are returned, and nothing is written.
    #[default]
    Diff,
    /// They are written to the working tree.
    Write,
    /// Each is committed to a separate branch.
    Commit,
}

/// A file with its old and new text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The file.
    pub path: String,
    /// The present text.
    pub old: Vec<u8>,
    /// The new text.
    pub new: Vec<u8>,
    /// The number of instructions that change.
    pub lines: usize,
    /// The message of its commit.
    pub message: String,
}

impl Change {
    /// Returns a unified diff that `git apply` accepts.
    pub fn diff(&self) -> String {
        patch_text(&self.path, &String::from_utf8_lossy(&self.old), &String::from_utf8_lossy(&self.new))
    }

    /// Returns the lines of [`diff`](Self::diff).
    pub(crate) fn patch(&self) -> Vec<PatchLine> {
        patch(&self.path, &String::from_utf8_lossy(&self.old), &String::from_utf8_lossy(&self.new))
    }
}

/// The changes of an operation, and their result.
#[derive(Debug)]
pub struct Changed {
    /// The changes, in the order of the requested files.
    pub changes: Vec<Change>,
    /// The branches of [`Mode::Commit`].
    pub branches: Vec<MadeBranch>,
    /// The commit at which the branches start. `None` in other modes.
    pub base: Option<String>,
    /// The files that were left out: stale files, and in [`Mode::Commit`] also refused files.
    pub left_out: Vec<ChangeError>,
    /// The next step of the campaign. `None` if nothing is written, or if there is no saved plan.
    pub step: Option<Step>,
}

impl Changed {
    /// Returns true if there was nothing to change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.left_out.is_empty()
    }
}

/// The reason why a repository or folder does not allow a [`Mode`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModeError {
    /// A folder without git has no branches.
    #[error("{} is not in a git repository, so there is no branch to commit to", path.display())]
    NoRepository {
        /// The folder.
        path: PathBuf,
    },
    /// A bare repository has no working tree.
    #[error("a bare repository has no working tree to write to")]
    Bare,
}

/// The reason why a file is not changed.
#[derive(Debug, thiserror::Error)]
pub enum ChangeError {
    /// The file is not the one that was planned.
    #[error("{path} has changed since the plan was made: {how}")]
    Stale {
        /// The file.
        path: String,
        /// How it differs.
        how: StaleText,
    },
    /// The file has uncommitted changes.
    #[error("{path} has uncommitted changes")]
    Uncommitted {
        /// The file.
        path: RepoPath,
    },
    /// The file is a symbolic link.
    #[error("{path} is a symbolic link to {target}")]
    Link {
        /// The file.
        path: RepoPath,
        /// The target of the link.
        target: String,
    },
    /// The path of the file leads through a symbolic link.
    #[error(transparent)]
    LinkInTheWay(#[from] LinkInTheWay),
    /// A folder, a pipe or a device has the file's name.
    #[error("{path} cannot be read: it is not a regular file")]
    NotAFile {
        /// The file.
        path: RepoPath,
    },
    /// The file is too large for a Dockerfile.
    #[error("{path} cannot be read: it is too large ({bytes} bytes)")]
    TooLarge {
        /// The file.
        path: RepoPath,
        /// Its size.
        bytes: u64,
    },
    /// The file cannot be opened.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: RepoPath,
        /// The cause.
        source: io::Error,
    },
    /// The file of the commit cannot be read.
    #[error(transparent)]
    Read(ReadError),
    /// The plan cannot be applied.
    #[error(transparent)]
    Planned(#[from] PlannedTextError),
    /// The lines cannot be restored.
    #[error("{path}: {source}")]
    Revert {
        /// The file.
        path: RepoPath,
        /// The cause.
        source: RewriteError,
    },
    /// The plan links no instruction of the file, so none can be restored.
    #[error("the plan links no line of {path}")]
    NothingLinked {
        /// The file.
        path: RepoPath,
    },
    /// Without git, the text before a change is unknown.
    #[error("without git, the earlier text of a file is unknown")]
    NoHistory,
    /// The text before a change cannot be read.
    #[error("{source}")]
    Original {
        /// The file.
        path: String,
        /// The cause.
        source: GitError,
    },
    /// The path of the file in the plan is invalid.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The id of the text in the plan is invalid.
    #[error(transparent)]
    Id(#[from] IdError),
    /// `[migrate] message` cannot be filled in.
    #[error(transparent)]
    Message(#[from] MessageError),
    /// The new text cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The branch cannot be made.
    #[error(transparent)]
    Branch(#[from] BranchError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// How a file differs from the one that was planned.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StaleText {
    /// It does not exist.
    #[error("it is gone")]
    Gone,
    /// The text is different.
    #[error("planned for {planned}, now {now}")]
    OtherText {
        /// The short git id of the planned text.
        planned: String,
        /// The short git id of the present text.
        now: String,
    },
    /// The file has the new text, and the repository does not have the earlier text.
    #[error("its earlier text is not in this repository")]
    NoOriginal,
}

impl StaleText {
    /// Creates the variant for two texts, with shortened git ids.
    pub(super) fn other(planned: &str, now: &str) -> Self {
        Self::OtherText { planned: short_id(planned).to_owned(), now: short_id(now).to_owned() }
    }
}

impl From<ReadError> for ChangeError {
    fn from(error: ReadError) -> Self {
        match error {
            ReadError::Git(error) => Self::Git(error),
            error => Self::Read(error),
        }
    }
}

impl ChangeError {
    /// Returns true if the plan no longer fits the file. Other files are not affected.
    pub fn is_stale(&self) -> bool {
        matches!(self, Self::Stale { .. })
    }

    /// Returns true if the file is refused for safety.
    pub fn is_refusal(&self) -> bool {
        match self {
            Self::Stale { .. }
            | Self::Uncommitted { .. }
            | Self::Link { .. }
            | Self::LinkInTheWay(_)
            | Self::NotAFile { .. }
            | Self::TooLarge { .. }
            | Self::Unreadable { .. }
            | Self::Read(_)
            | Self::Planned(
                PlannedTextError::Rewrite { .. }
                | PlannedTextError::Header { .. }
                | PlannedTextError::OtherText { .. },
            )
            | Self::Revert { .. }
            | Self::NothingLinked { .. } => true,
            Self::Branch(error) => !matches!(error, BranchError::NoIdentity { .. } | BranchError::Git(_)),
            Self::Planned(PlannedTextError::Git(_))
            | Self::NoHistory
            | Self::Original { .. }
            | Self::Path(_)
            | Self::Id(_)
            | Self::Message(_)
            | Self::Write(_)
            | Self::Git(_) => false,
        }
    }
}

impl Mode {
    /// Returns an error if the repository or folder does not allow the mode.
    pub(super) fn check(self, workspace: &Workspace) -> Result<(), ModeError> {
        match (self, workspace) {
            (Mode::Commit, Workspace::Folder(path)) => Err(ModeError::NoRepository { path: path.clone() }),
            (Mode::Write, workspace) if workspace.folder().is_none() => Err(ModeError::Bare),
            _ => Ok(()),
        }
    }
}

/// Computes the change of each file. A stale file does not stop the others; in [`Mode::Commit`], neither does a refused
/// file.
pub(super) fn changes<'f>(
    mode: Mode,
    files: &[&'f File],
    watch: &Watch<'_>,
    change: impl Fn(&'f File) -> Result<Option<Change>, ChangeError>,
) -> Result<Changed, ChangeError> {
    let mut changed =
        Changed { changes: Vec::new(), branches: Vec::new(), base: None, left_out: Vec::new(), step: None };
    for file in files {
        match change(file) {
            Ok(found) => changed.changes.extend(found),
            Err(error) if mode == Mode::Commit && error.is_refusal() => {
                watch(&Notice::Refused(&error));
                changed.left_out.push(error);
            }
            Err(error) if error.is_stale() => changed.left_out.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok(changed)
}

/// Writes or commits the changes, depending on the mode.
pub(super) fn carry_out(
    files: &PresentFiles<'_>,
    changed: &mut Changed,
    purpose: Purpose,
    watch: &Watch<'_>,
) -> Result<(), ChangeError> {
    match (files.mode, files.workspace) {
        (Mode::Commit, Workspace::Git(repository, base)) => {
            let names = &Names::new(&files.config.campaign.dir);
            let job = Job { repository, base, names, purpose };
            changed.base = Some(base.as_str().to_owned());
            branches::make(&job, changed, watch)
        }
        (Mode::Write, workspace) => match workspace.folder() {
            Some(folder) => write_all(folder, &changed.changes, purpose, watch),
            None => Ok(()),
        },
        _ => Ok(()),
    }
}

/// Writes the files, each as a whole. If it is stopped, a second run writes the rest.
fn write_all(
    folder: &Path,
    changes: &[Change],
    purpose: Purpose,
    watch: &Watch<'_>,
) -> Result<(), ChangeError> {
    let places: Vec<PathBuf> = changes.iter().map(|change| folder.join(&change.path)).collect();
    atomic::remove_leftovers(places.iter().map(PathBuf::as_path));
    for change in changes {
        replace(folder, &RepoPath::new(&change.path)?, &change.old, &change.new)?;
        watch(&Notice::Written { path: &change.path, lines: change.lines, purpose });
    }
    Ok(())
}
