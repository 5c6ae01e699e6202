//! What `migrate` and `revert` share: the change of each file, and what becomes of it.

use std::io;
use std::path::{Path, PathBuf};

use super::atomic::{self, WriteError};
use super::branches::{self, Job, MadeBranch};
use super::present::PresentFiles;
use super::workspace::{LinkInTheWay, Workspace};
use super::{Notice, PlannedTextError, Watch};
use crate::campaign::names::{Names, Purpose};
use crate::campaign::plan::file::File;
use crate::config::message::MessageError;
use crate::discover::ReadError;
use crate::edit::RewriteError;
use crate::git::{BranchError, GitError, IdError, PathError, RepoPath};
use crate::text::patch::{PatchLine, patch, patch_text};
use crate::text::words::short_id;

/// What becomes of new texts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Mode {
    /// They are the result, and nothing is written.
    #[default]
    Diff,
    /// They are written to the working tree.
    Write,
    /// Each is committed to a branch of its own.
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
    /// A unified diff that `git apply` takes.
    pub fn diff(&self) -> String {
        patch_text(&self.path, &String::from_utf8_lossy(&self.old), &String::from_utf8_lossy(&self.new))
    }

    /// The lines of [`diff`](Self::diff).
    pub(crate) fn patch(&self) -> Vec<PatchLine> {
        patch(&self.path, &String::from_utf8_lossy(&self.old), &String::from_utf8_lossy(&self.new))
    }
}

/// The changes of an operation, and what became of them.
#[derive(Debug)]
pub struct Changed {
    /// The changes, in the order of the files that were asked for.
    pub changes: Vec<Change>,
    /// The branches of [`Mode::Commit`].
    pub branches: Vec<MadeBranch>,
    /// The commit that the branches start from. None in another mode.
    pub base: Option<String>,
    /// The files that were left out: stale ones, and in [`Mode::Commit`] each that was refused.
    pub left_out: Vec<ChangeError>,
}

impl Changed {
    /// Returns true if there was nothing to change.
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty() && self.left_out.is_empty()
    }
}

/// Why the place does not allow a [`Mode`].
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ModeError {
    /// A folder without git has no branches.
    #[error("{} lies in no git repository, so there is nothing to commit to", path.display())]
    NoRepository {
        /// The folder.
        path: PathBuf,
    },
    /// A bare repository has no working tree.
    #[error("a bare repository has no working tree to write to")]
    Bare,
}

/// Why a file is not changed.
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
    /// The file has changes that no commit has.
    #[error("{path} has uncommitted changes")]
    Uncommitted {
        /// The file.
        path: RepoPath,
    },
    /// The file is a link.
    #[error("{path} is a symbolic link to {target}")]
    Link {
        /// The file.
        path: RepoPath,
        /// Where it leads.
        target: String,
    },
    /// A link is in the way of the file.
    #[error(transparent)]
    LinkInTheWay(#[from] LinkInTheWay),
    /// A folder, a pipe or a device has the file's name.
    #[error("{path} cannot be read: it is no file")]
    NotAFile {
        /// The file.
        path: RepoPath,
    },
    /// The file is larger than any Dockerfile.
    #[error("{path} cannot be read: it holds {bytes} bytes")]
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
    /// The commit's file cannot be read.
    #[error(transparent)]
    Read(ReadError),
    /// The plan cannot be carried out.
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
    /// The plan does not link a line of the file, so none can be restored.
    #[error("the plan links no line of {path}")]
    NothingLinked {
        /// The file.
        path: RepoPath,
    },
    /// Without git, the text before a change is unknown.
    #[error("without git, what stood in a file before is not known")]
    NoHistory,
    /// The text before a change cannot be read.
    #[error("{source}")]
    Original {
        /// The file.
        path: String,
        /// The cause.
        source: GitError,
    },
    /// The plan names the file wrongly.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The plan names the text wrongly.
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
    /// It has another text.
    #[error("planned for {planned}, now {now}")]
    OtherText {
        /// git's id of the planned text, shortened.
        planned: String,
        /// git's id of the present text, shortened.
        now: String,
    },
    /// It has the new text, and the repository does not have the text before.
    #[error("its text before is not in this repository")]
    NoOriginal,
}

impl StaleText {
    /// Two texts by git's ids.
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
    /// Returns true if the plan does not fit the file any more, which is no reason to leave others out.
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
            | Self::Planned(PlannedTextError::Rewrite { .. } | PlannedTextError::OtherText { .. })
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
    /// Refuses a mode that the place does not allow.
    pub(super) fn check(self, workspace: &Workspace) -> Result<(), ModeError> {
        match (self, workspace) {
            (Mode::Commit, Workspace::Folder(path)) => Err(ModeError::NoRepository { path: path.clone() }),
            (Mode::Write, workspace) if workspace.folder().is_none() => Err(ModeError::Bare),
            _ => Ok(()),
        }
    }
}

/// The change of each file. A stale file does not hinder the others, and where each gets a branch of its own, no
/// refused file does.
pub(super) fn changes<'f>(
    mode: Mode,
    files: &[&'f File],
    watch: &Watch<'_>,
    change: impl Fn(&'f File) -> Result<Option<Change>, ChangeError>,
) -> Result<Changed, ChangeError> {
    let mut changed = Changed { changes: Vec::new(), branches: Vec::new(), base: None, left_out: Vec::new() };
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

/// Writes or commits the changes, as the mode says.
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

/// Writes the files, each as a whole. Stopped in between, a second run does the rest.
fn write_all(
    folder: &Path,
    changes: &[Change],
    purpose: Purpose,
    watch: &Watch<'_>,
) -> Result<(), ChangeError> {
    let places: Vec<PathBuf> = changes.iter().map(|change| folder.join(&change.path)).collect();
    atomic::remove_leftovers(places.iter().map(PathBuf::as_path));
    for (change, place) in changes.iter().zip(&places) {
        atomic::replace(place, &change.new)?;
        watch(&Notice::Written { path: &change.path, lines: change.lines, purpose });
    }
    Ok(())
}
