//! The branch that is being written, so that the next run can remove the lock that a killed run left.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{Read, Seek, Write};
use std::path::{Path, PathBuf};

use super::GitError;
use super::branch::{BranchError, HEADS};
use crate::budget;

/// The name of the journal in the git directory, which all worktrees share.
const NAME: &str = "layerwright-writing";

/// The limit on the bytes that are read of it: the name of a reference and an id.
const MOST: u64 = 8192;

/// The file that names the branch that is being written, and its commit. The system releases its lock when the
/// process ends, so a killed run never blocks the next one.
pub(super) struct Journal {
    path: PathBuf,
    file: File,
}

impl Journal {
    /// Opens the journal of a repository, and removes the lock of a run that was killed while it held the lock.
    pub(super) fn open(common_dir: &Path) -> Result<Self, BranchError> {
        let path = common_dir.join(NAME);
        let failed = |error: &std::io::Error| failed(&path, error);
        let mut options = OpenOptions::new();
        let file = options.read(true).write(true).create(true).truncate(false).open(&path);
        let file = file.map_err(|error| failed(&error))?;
        match file.try_lock() {
            Ok(()) => {}
            Err(TryLockError::WouldBlock) => return Err(BranchError::Busy { path: common_dir.to_owned() }),
            // The filesystem has no locks: git's own locks still protect each branch.
            Err(TryLockError::Error(_)) => return Ok(Self { path, file }),
        }
        let mut text = String::new();
        // Content that is not UTF-8 was not written by Layerwright.
        let _ = (&file).take(MOST).read_to_string(&mut text);
        if let Some((reference, commit)) = text.split_once('\n') {
            clear_lock(common_dir, reference, commit);
        }
        let mut journal = Self { path, file };
        journal.clear()?;
        Ok(journal)
    }

    /// Records that a reference is about to be written.
    pub(super) fn note(&mut self, reference: &str, commit: &str) -> Result<(), BranchError> {
        self.clear()?;
        let written = self.file.write_all(format!("{reference}\n{commit}\n").as_bytes());
        written.map_err(|error| failed(&self.path, &error))
    }

    /// Records that nothing is being written.
    pub(super) fn clear(&mut self) -> Result<(), BranchError> {
        let cleared = self.file.set_len(0).and_then(|()| self.file.rewind());
        cleared.map_err(|error| failed(&self.path, &error))
    }
}

fn failed(path: &Path, error: &std::io::Error) -> BranchError {
    GitError::Failed { task: "record the branch", path: path.to_owned(), message: error.to_string() }.into()
}

/// Removes the lock of a reference if it holds the content that the killed run would have written, or the start of
/// it. The lock of another process has other content.
fn clear_lock(common_dir: &Path, reference: &str, commit: &str) {
    if !reference.starts_with(HEADS) || !git2::Reference::is_valid_name(reference) {
        return;
    }
    let lock = common_dir.join(format!("{reference}.lock"));
    let is_file = lock.symlink_metadata().is_ok_and(|metadata| metadata.is_file());
    if is_file && budget::read_file(&lock, MOST).is_ok_and(|held| commit.as_bytes().starts_with(&held)) {
        // A lock that remains is reported when the branch is written.
        let _ = std::fs::remove_file(&lock);
    }
}
