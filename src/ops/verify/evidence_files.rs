//! Reads and writes the evidence files of a verification.

use std::fs::{self, File as OpenFile, TryLockError};
use std::path::{Path, PathBuf};

use super::VerifyError;
use crate::budget;
use crate::campaign::evidence::{Evidence, Outcome};
use crate::campaign::names::evidence_files;
use crate::campaign::plan::file::File;
use crate::config::Config;
use crate::discover::MOST_BYTES;
use crate::git::RepoPath;
use crate::ops::workspace::{Workspace, evidence_dir, place_in};
use crate::ops::{Notice, Watch, atomic};

/// Returns the folder of the evidence.
pub(super) fn place(
    out: Option<&Path>,
    workspace: &Workspace,
    config: &Config,
) -> Result<PathBuf, VerifyError> {
    if let Some(out) = out {
        return Ok(out.to_owned());
    }
    let folder = workspace.folder().ok_or(VerifyError::NoPlace)?;
    Ok(place_in(folder, &evidence_dir(config)?)?)
}

/// Locks out a second verification of the repository until the lock is dropped. `None` on a filesystem without locks.
///
/// The folder itself is locked and no lock file is created, so no leftover can block a later run.
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

/// Returns the earlier evidence of a file, if it is readable.
pub(super) fn earlier(place: &Path, file: &File) -> Option<Evidence> {
    let names = evidence_files(&RepoPath::new(&file.path).ok()?).ok()?;
    let read = |name: &str| budget::read_file(&place.join(name), MOST_BYTES).ok();
    serde_json::from_slice(&read(&names.present).or_else(|| read(&names.former))?).ok()
}

/// Writes the evidence of a file. Evidence that shows nothing does not replace evidence that shows something about the
/// same edit.
pub(super) fn write(
    place: &Path,
    evidence: &Evidence,
    earlier: Option<&Evidence>,
    watch: &Watch<'_>,
) -> Result<(), VerifyError> {
    let shows = |one: &Evidence| matches!(one.outcome, Outcome::Same | Outcome::Different);
    let same_edit = |one: &&Evidence| one.before == evidence.before && one.after == evidence.after;
    let is_less = matches!(evidence.outcome, Outcome::CouldNotTest | Outcome::TimedOut);
    if is_less && earlier.filter(same_edit).is_some_and(shows) {
        watch(&Notice::EvidenceKept { path: &evidence.path });
        return Ok(());
    }
    let names = evidence_files(&RepoPath::new(&evidence.path)?)?;
    atomic::write_by(&place.join(names.present), &|out| evidence.write(out))?;
    // The evidence of an earlier version no longer counts; one that remains does no harm.
    let _ = fs::remove_file(place.join(names.former));
    Ok(())
}
