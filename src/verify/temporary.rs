//! Temporary folders. A run that is killed leaves its folders behind, and the next run removes them: a folder is locked
//! while its run lives. It never removes a folder that is kept for the user, or that another user owns.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io;
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::Path;

use rustix::fs::OFlags;
use tempfile::TempDir;

/// The prefix of the names. The purpose and random characters follow.
const PREFIX: &str = "layerwright-verify-";

/// The number of random characters: no other folder may have the same name while a builder caches its files.
const RANDOM: usize = 16;

/// The name of the file in a folder that is kept.
const KEPT: &str = ".kept";

/// A temporary folder, which is removed when this is dropped.
#[derive(Debug)]
pub(super) struct Temporary {
    folder: TempDir,
    /// `None` on a filesystem without locks, where the folder of a killed run stays.
    _lock: Option<File>,
}

impl Temporary {
    /// Creates a folder in `parent`.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub(super) fn new(parent: &Path, purpose: &str) -> io::Result<Self> {
        loop {
            let prefix = format!("{PREFIX}{purpose}-");
            let folder = tempfile::Builder::new().prefix(&prefix).rand_bytes(RANDOM).tempdir_in(parent)?;
            match lock(folder.path()) {
                Ok(lock) => return Ok(Self { folder, _lock: lock }),
                // Another run took it for a leftover before it was locked.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// Returns its path.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the folder on disk. One whose mark cannot be written stays until the next run.
    pub(super) fn keep(&mut self) {
        let _ = File::create(self.path().join(KEPT));
        self.folder.disable_cleanup(true);
    }
}

/// Locks a folder. `None` on a filesystem without locks.
fn lock(folder: &Path) -> io::Result<Option<File>> {
    let opened = open(folder)?;
    match opened.try_lock() {
        Ok(()) => {}
        // A run that takes it for a leftover holds the lock until the folder is gone.
        Err(TryLockError::WouldBlock) => opened.lock()?,
        Err(TryLockError::Error(_)) => return Ok(None),
    }
    let (held, there) = (opened.metadata()?, fs::symlink_metadata(folder)?);
    let is_same = (held.dev(), held.ino()) == (there.dev(), there.ino());
    if is_same { Ok(Some(opened)) } else { Err(io::ErrorKind::NotFound.into()) }
}

/// Opens a folder, and follows no link.
fn open(folder: &Path) -> io::Result<File> {
    let flags = (OFlags::DIRECTORY | OFlags::NOFOLLOW).bits().cast_signed();
    OpenOptions::new().read(true).custom_flags(flags).open(folder)
}

/// Removes the folders of killed runs in `parent`. One that cannot be removed does no harm.
pub(crate) fn remove_leftovers(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let (path, name) = (entry.path(), entry.file_name());
        if !name.to_str().is_some_and(is_ours) || path.join(KEPT).exists() {
            continue;
        }
        let Ok(opened) = open(&path) else { continue };
        let is_own = opened.metadata().is_ok_and(|found| found.uid() == rustix::process::geteuid().as_raw());
        if is_own && opened.try_lock().is_ok() {
            let _ = fs::remove_dir_all(&path);
        }
    }
}

/// Returns true if a folder has a name that [`Temporary::new`] gives.
fn is_ours(name: &str) -> bool {
    let parts = name.strip_prefix(PREFIX).and_then(|rest| rest.rsplit_once('-'));
    parts.is_some_and(|(purpose, random)| {
        !purpose.is_empty() && random.len() == RANDOM && random.chars().all(|c| c.is_ascii_alphanumeric())
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let entries = fs::read_dir(folder).unwrap();
        let mut names: Vec<String> =
            entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_folder_of_a_dead_run_is_removed_and_nothing_else() {
        let parent = tempfile::tempdir().unwrap();
        let mut dead = Temporary::new(parent.path(), "export").unwrap();
        fs::create_dir_all(dead.path().join("blobs/sha256")).unwrap();
        dead.folder.disable_cleanup(true);
        drop(dead);
        let live = Temporary::new(parent.path(), "context").unwrap();
        let mut kept = Temporary::new(parent.path(), "context").unwrap();
        kept.keep();
        let kept_at = kept.path().file_name().unwrap().to_str().unwrap().to_owned();
        drop(kept);
        let random = "a1B2c3D4e5F6g7H8";
        let own = format!("layerwright-verify-notes-{random}.d");
        fs::create_dir(parent.path().join(&own)).unwrap();
        fs::write(parent.path().join(format!("layerwright-verify-file-{random}")), "").unwrap();
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("kept"), "").unwrap();
        let link = parent.path().join(format!("layerwright-verify-link-{random}"));
        std::os::unix::fs::symlink(outside.path(), link).unwrap();
        remove_leftovers(parent.path());
        let mut left = vec![
            kept_at,
            live.path().file_name().unwrap().to_str().unwrap().to_owned(),
            own,
            format!("layerwright-verify-file-{random}"),
            format!("layerwright-verify-link-{random}"),
        ];
        left.sort();
        assert_eq!(names(parent.path()), left);
        assert!(outside.path().join("kept").exists());
        drop(live);
        assert_eq!(names(parent.path()).len(), 4);
    }

    #[test]
    fn runs_at_the_same_time_do_not_take_their_folders() {
        let parent = tempfile::tempdir().unwrap();
        std::thread::scope(|scope| {
            for _ in 0..4 {
                scope.spawn(|| {
                    for _ in 0..50 {
                        let own = Temporary::new(parent.path(), "context").unwrap();
                        fs::write(own.path().join("a"), "").unwrap();
                        remove_leftovers(parent.path());
                        assert!(own.path().join("a").exists());
                    }
                });
            }
        });
        assert!(names(parent.path()).is_empty());
    }
}
