//! Replaces a file of a working tree where it was read. A folder on its path that has become a link is not followed, and
//! a text that was saved since is not lost.

use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};

use rustix::fs::{AtFlags, CWD, Mode, OFlags, fchmod, fstat, openat, renameat, unlinkat};
use rustix::io::Errno;

use super::atomic::{WriteError, temporary_name};
use super::change::ChangeError;
use super::workspace::LinkInTheWay;
use crate::git::RepoPath;

/// Replaces the text of a file in a working tree, as a whole or not at all; it keeps its permission bits.
///
/// # Errors
///
/// [`ChangeError`] if a component of the path is a link, or if the file has another text than `old`. Nothing is changed
/// then.
pub(super) fn replace(root: &Path, path: &RepoPath, old: &[u8], new: &[u8]) -> Result<(), ChangeError> {
    let failed = |error: Errno| WriteError { path: root.join(path.as_str()), source: error.into() };
    let folder = folder_of(root, path)?;
    let name = path.file_name();
    let (temporary, mut file) = create(&folder).map_err(failed)?;
    let done = (|| {
        let write = |error: io::Error| WriteError { path: root.join(path.as_str()), source: error };
        // On a filesystem without locks, a second run at the same time may stop this one; no file is damaged.
        let _ = file.try_lock();
        file.write_all(new).map_err(write)?;
        let present = open_regular(&folder, name, path)?;
        let mode = Mode::from_raw_mode(fstat(&present).map_err(failed)?.st_mode & 0o7777);
        fchmod(&file, mode).map_err(failed)?;
        file.sync_all().map_err(write)?;
        // Last of all: between this and the rename there is no other work.
        let mut text = Vec::new();
        let read = File::from(present).take(old.len() as u64 + 1).read_to_end(&mut text);
        read.map_err(|source| ChangeError::Unreadable { path: path.clone(), source })?;
        if text != old {
            return Err(ChangeError::Uncommitted { path: path.clone() });
        }
        renameat(&folder, temporary.as_str(), &folder, name).map_err(failed)?;
        Ok(())
    })();
    if done.is_err() {
        // A file that remains does no harm; the next run removes it.
        let _ = unlinkat(&folder, temporary.as_str(), AtFlags::empty());
    }
    done
}

/// Opens the folder of a path, component by component, without following links.
fn folder_of(root: &Path, path: &RepoPath) -> Result<OwnedFd, ChangeError> {
    let flags = OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::RDONLY;
    let mut at = root.to_owned();
    let failed = |at: &Path, error: Errno| WriteError { path: at.to_owned(), source: error.into() };
    let mut folder = openat(CWD, root, flags, Mode::empty()).map_err(|error| failed(&at, error))?;
    let folders = path.components().count().saturating_sub(1);
    for component in path.components().take(folders) {
        at.push(component);
        folder = match openat(&folder, component, flags | OFlags::NOFOLLOW, Mode::empty()) {
            Ok(folder) => folder,
            // Linux says ENOTDIR for a link to a folder, others ELOOP.
            Err(Errno::LOOP | Errno::NOTDIR | Errno::MLINK) => {
                return Err(LinkInTheWay { path: path.clone(), at }.into());
            }
            Err(error) => return Err(failed(&at, error).into()),
        };
    }
    Ok(folder)
}

/// Opens a file that is not a link. The open of a pipe does not wait for its other end.
fn open_regular(folder: &OwnedFd, name: &str, path: &RepoPath) -> Result<OwnedFd, ChangeError> {
    let unreadable = |error: Errno| ChangeError::Unreadable { path: path.clone(), source: error.into() };
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = match openat(folder, name, flags, Mode::empty()) {
        Err(Errno::LOOP | Errno::MLINK) => return Err(ChangeError::NotAFile { path: path.clone() }),
        opened => opened.map_err(unreadable)?,
    };
    let kind = rustix::fs::FileType::from_raw_mode(fstat(&file).map_err(unreadable)?.st_mode);
    if kind.is_file() { Ok(file) } else { Err(ChangeError::NotAFile { path: path.clone() }) }
}

/// Creates a temporary file with a name that no other file has.
fn create(folder: &OwnedFd) -> Result<(String, File), Errno> {
    static NEXT: AtomicU32 = AtomicU32::new(0);
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    loop {
        let name =
            temporary_name(&format!("{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed)));
        match openat(folder, name.as_str(), flags, Mode::RUSR | Mode::WUSR) {
            Ok(file) => return Ok((name, File::from(file))),
            Err(Errno::EXIST) => {}
            Err(error) => return Err(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::{PermissionsExt, symlink};

    use super::*;

    fn path() -> RepoPath {
        RepoPath::new("a/b/Dockerfile").unwrap()
    }

    /// A folder with the file.
    fn tree() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir_all(folder.path().join("a/b")).unwrap();
        fs::write(folder.path().join("a/b/Dockerfile"), "old").unwrap();
        folder
    }

    fn names(folder: &Path) -> Vec<String> {
        let names = fs::read_dir(folder).unwrap();
        names.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }

    #[test]
    fn the_text_is_replaced_and_the_mode_stays() {
        let tree = tree();
        let file = tree.path().join("a/b/Dockerfile");
        fs::set_permissions(&file, fs::Permissions::from_mode(0o750)).unwrap();
        replace(tree.path(), &path(), b"old", b"new").unwrap();
        assert_eq!(fs::read(&file).unwrap(), b"new");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o7777, 0o750);
        assert_eq!(names(&tree.path().join("a/b")), ["Dockerfile"]);
    }

    #[test]
    fn a_text_that_was_saved_since_stays() {
        let tree = tree();
        let file = tree.path().join("a/b/Dockerfile");
        for other in ["saved", "old and more", "ol", ""] {
            fs::write(&file, other).unwrap();
            let error = replace(tree.path(), &path(), b"old", b"new").unwrap_err();
            assert!(matches!(error, ChangeError::Uncommitted { .. }), "{error}");
            assert_eq!(fs::read_to_string(&file).unwrap(), other);
            assert_eq!(names(&tree.path().join("a/b")), ["Dockerfile"]);
        }
    }

    #[test]
    fn a_folder_or_file_that_became_a_link_is_not_followed() {
        let outside = tree();
        let link = |from: &str, to: &Path| {
            let tree = tree();
            let at = tree.path().join(from);
            let _ = fs::remove_dir_all(&at).or_else(|_| fs::remove_file(&at));
            symlink(to, &at).unwrap();
            let error = replace(tree.path(), &path(), b"old", b"new").unwrap_err();
            assert!(error.is_refusal(), "{from}: {error}");
            assert_eq!(fs::read(outside.path().join("a/b/Dockerfile")).unwrap(), b"old");
            assert_eq!(names(&outside.path().join("a/b")), ["Dockerfile"]);
        };
        link("a", &outside.path().join("a"));
        link("a/b", &outside.path().join("a/b"));
        link("a/b/Dockerfile", &outside.path().join("a/b/Dockerfile"));
    }
}
