//! The evidence files of a verification.

use std::fs::{File as OpenFile, TryLockError};
use std::path::Path;

use super::VerifyError;
use crate::config::Config;
use crate::ops::atomic;
use crate::ops::evidence::{Place, local};
use crate::ops::workspace::Workspace;

/// Returns the place of the evidence, which can be written to.
pub(super) fn place(
    out: Option<&Path>,
    workspace: &Workspace,
    config: &Config,
) -> Result<Place, VerifyError> {
    let place = match out {
        Some(out) => Place::Given(out.to_owned()),
        None => Place::Local(local(workspace, config)?.ok_or(VerifyError::NoPlace)?),
    };
    let folder = place.folder();
    match atomic::check_writable(folder) {
        Ok(()) => Ok(place),
        Err(source) => Err(VerifyError::ReadOnly { folder: folder.to_owned(), source }),
    }
}

/// Locks out a second verification in the working tree until the lock is dropped. `None` on a filesystem without locks.
///
/// The folder itself is locked and no lock file is created, so no leftover can block a later run. Each working tree of a
/// repository has a git directory of its own.
pub(super) fn lock(workspace: &Workspace) -> Result<Option<OpenFile>, VerifyError> {
    let folder = match workspace {
        Workspace::Git(repository, _) => repository.git_dir(),
        Workspace::Folder(folder) => folder,
    };
    // On a filesystem without locks, two runs at the same time do no harm: evidence is written as a whole.
    let Ok(opened) = OpenFile::open(folder) else { return Ok(None) };
    match opened.try_lock() {
        Ok(()) => Ok(Some(opened)),
        Err(TryLockError::WouldBlock) => Err(VerifyError::Busy),
        Err(TryLockError::Error(_)) => Ok(None),
    }
}
