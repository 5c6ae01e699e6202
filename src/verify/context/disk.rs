//! What the standard library does not do with files.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

/// The time of every file: 2020-01-01T00:00:00Z. The epoch itself some archivers do not take.
const TIME: Timespec = Timespec { tv_sec: 1_577_836_800, tv_nsec: 0 };

/// How many bytes may still be written to a filesystem.
pub fn free(at: &Path) -> io::Result<u64> {
    let told = rustix::fs::statvfs(at)?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Makes a symbolic link.
pub fn link(target: impl AsRef<Path>, at: &Path) -> io::Result<()> {
    symlink(target, at)
}

/// Sets the permission bits, whatever the umask is.
pub fn mode(at: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(at, fs::Permissions::from_mode(mode))
}

/// Sets the times, of a link its own.
pub fn stamp(at: &Path) -> io::Result<()> {
    let times = Timestamps { last_access: TIME, last_modification: TIME };
    Ok(rustix::fs::utimensat(CWD, at, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
