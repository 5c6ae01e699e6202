//! Writes files as a whole or not at all.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// The prefix and suffix of the names of temporary files. A killed run leaves such a file behind.
const TEMPORARY: (&str, &str) = (".layerwright-", ".tmp");

/// A file cannot be written. It was not changed.
#[derive(Debug, thiserror::Error)]
#[error("{} cannot be written: {source}", path.display())]
pub struct WriteError {
    /// The file.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// Writes the whole content of a file.
pub(crate) type Writes<'a> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'a;

/// Writes a file as a whole: to a temporary file next to it, which then replaces it. An existing file keeps its
/// permission bits.
pub(crate) fn write(path: &Path, bytes: &[u8]) -> Result<(), WriteError> {
    write_by(path, &|out| out.write_all(bytes))
}

/// As [`write()`], for content that is not held in memory.
pub(crate) fn write_by(path: &Path, writes: &Writes<'_>) -> Result<(), WriteError> {
    remove_leftovers([path]);
    replace_by(path, writes)
}

/// Returns an error if no file can be created in a folder, which is created if it is missing.
pub(crate) fn check_writable(folder: &Path) -> io::Result<()> {
    fs::create_dir_all(folder)?;
    let made = tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempfile_in(folder)?;
    made.close()
}

/// Returns the name of a temporary file that [`remove_leftovers`] knows.
pub(crate) fn temporary_name(unique: &str) -> String {
    format!("{}{unique}{}", TEMPORARY.0, TEMPORARY.1)
}

/// Removes temporary files of killed runs in the folders of these files. A live run locks its file, which is kept.
pub(crate) fn remove_leftovers<'a>(files: impl IntoIterator<Item = &'a Path>) {
    let folders: BTreeSet<&Path> = files.into_iter().map(folder_of).collect();
    for entry in folders.into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        let name = entry.file_name();
        let ours =
            name.to_str().is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1));
        let is_left = || fs::File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_left() {
            // A file that remains does no harm, and the next run tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

fn replace_by(path: &Path, writes: &Writes<'_>) -> Result<(), WriteError> {
    let write = || -> io::Result<()> {
        let folder = folder_of(path);
        fs::create_dir_all(folder)?;
        let mut temporary =
            tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempfile_in(folder)?;
        // On a filesystem without locks, a second run at the same time may stop this one; no file is damaged.
        let _ = temporary.as_file().try_lock();
        writes(temporary.as_file_mut())?;
        temporary.as_file().sync_all()?;
        let permissions = match fs::metadata(path) {
            Ok(metadata) => metadata.permissions(),
            Err(_) => new_file_permissions(temporary.as_file())?,
        };
        temporary.as_file().set_permissions(permissions)?;
        temporary.persist(path)?;
        Ok(())
    };
    write().map_err(|source| WriteError { path: path.to_owned(), source })
}

/// Returns the permission bits of a new file of the repository; a temporary file is private.
fn new_file_permissions(file: &fs::File) -> io::Result<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    permissions.set_mode(0o644);
    Ok(permissions)
}
