//! Writing: all at once or not at all, and what a closed pipe means.

use std::collections::BTreeSet;
use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::error::{Error, Kind};
use crate::text::escape::shown_lines;

/// How the names of temporary files start and end. A killed run leaves one behind.
const TEMPORARY: (&str, &str) = (".layerwright-", ".tmp");

/// Writes a file as a whole: to a temporary file beside it, which then takes its place. The permission bits of a
/// file that is there are kept.
pub fn file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    file_by(path, &|out| out.write_all(bytes))
}

/// As [`file`], of what somebody writes, however large it is.
pub fn file_by(path: &Path, writes: &Writes<'_>) -> Result<(), Error> {
    clean([path]);
    replace_by(path, writes)
}

/// Something that writes all that a file holds.
pub type Writes<'a> = dyn Fn(&mut dyn Write) -> io::Result<()> + 'a;

/// Removes what killed runs left in the folders of these files. What a run that is still there writes is locked
/// and stays.
pub fn clean<'a>(files: impl IntoIterator<Item = &'a Path>) {
    let folders: BTreeSet<&Path> = files.into_iter().map(folder_of).collect();
    for entry in folders.into_iter().filter_map(|folder| fs::read_dir(folder).ok()).flatten().flatten() {
        let name = entry.file_name();
        let ours =
            name.to_str().is_some_and(|name| name.starts_with(TEMPORARY.0) && name.ends_with(TEMPORARY.1));
        let is_left = || fs::File::open(entry.path()).is_ok_and(|file| file.try_lock().is_ok());
        if ours && entry.file_type().is_ok_and(|kind| kind.is_file()) && is_left() {
            // One that stays does no harm, and the next run tries again.
            let _ = fs::remove_file(entry.path());
        }
    }
}

fn folder_of(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// As [`file`], where the caller has cleaned the folder.
pub fn replace(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    replace_by(path, &|out| out.write_all(bytes))
}

fn replace_by(path: &Path, writes: &Writes<'_>) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let folder = folder_of(path);
        fs::create_dir_all(folder)?;
        let mut temporary =
            tempfile::Builder::new().prefix(TEMPORARY.0).suffix(TEMPORARY.1).tempfile_in(folder)?;
        // Where a filesystem has no locks, a second run at the same time may stop this one; it spoils nothing.
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
    write().map_err(|error| {
        Error::new(Kind::Environment, format!("{} can not be written: {error}", path.display())).hint(
            "nothing of it was changed; free space or give write permission, then run the command again",
        )
    })
}

/// A temporary file is private; a file of the repository is not.
#[cfg(unix)]
fn new_file_permissions(file: &fs::File) -> io::Result<fs::Permissions> {
    use std::os::unix::fs::PermissionsExt;
    let mut permissions = file.metadata()?.permissions();
    permissions.set_mode(0o644);
    Ok(permissions)
}

#[cfg(not(unix))]
fn new_file_permissions(file: &fs::File) -> io::Result<fs::Permissions> {
    Ok(file.metadata()?.permissions())
}

/// Prints text for people to standard output, with colours where somebody sees them.
pub fn stdout(text: &str) -> Result<(), Error> {
    print(&mut anstream::stdout().lock(), &|out| out.write_all(text.as_bytes()))
}

/// Prints a result for programs to standard output: every byte as it is.
pub fn raw(bytes: &[u8]) -> Result<(), Error> {
    raw_by(&|out| out.write_all(bytes))
}

/// As [`raw`], of what somebody writes, however large it is.
pub fn raw_by(writes: &Writes<'_>) -> Result<(), Error> {
    print(&mut io::stdout().lock(), writes)
}

/// A reader that has had enough is no error.
fn print(stdout: &mut dyn Write, writes: &Writes<'_>) -> Result<(), Error> {
    match writes(stdout).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            Err(Error::new(Kind::Environment, format!("standard output can not be written: {error}")))
        }
        _ => Ok(()),
    }
}

/// Prints a remark to standard error.
pub fn remark(text: &str) {
    // Nobody is left to be told that standard error is gone.
    let _ = writeln!(anstream::stderr().lock(), "{}", shown_lines(text));
}
