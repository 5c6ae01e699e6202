//! Writing: all at once or not at all, and what a closed pipe means.

use std::fs;
use std::io::{self, Write};
use std::path::Path;

use super::error::{Error, Kind};
use super::human::escape::shown_lines;

/// Writes a file as a whole: to a temporary file beside it, which then takes its place. The permission bits of a
/// file that is there are kept.
pub fn file(path: &Path, bytes: &[u8]) -> Result<(), Error> {
    let write = || -> io::Result<()> {
        let folder = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut temporary = tempfile::Builder::new().prefix(".layerwright-").tempfile_in(folder)?;
        temporary.write_all(bytes)?;
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
    print(&mut anstream::stdout().lock(), text.as_bytes())
}

/// Prints a result for programs to standard output: every byte as it is.
pub fn raw(bytes: &[u8]) -> Result<(), Error> {
    print(&mut io::stdout().lock(), bytes)
}

/// A reader that has had enough is no error.
fn print(stdout: &mut dyn Write, bytes: &[u8]) -> Result<(), Error> {
    match stdout.write_all(bytes).and_then(|()| stdout.flush()) {
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
