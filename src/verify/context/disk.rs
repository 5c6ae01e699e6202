//! File operations that the standard library lacks.

use std::fs;
use std::io;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::Path;

use rustix::fs::{AtFlags, CWD, Timespec, Timestamps};

/// The time of every file: 2020-01-01T00:00:00Z. Some archivers do not accept the epoch itself.
const TIME: Timespec = Timespec { tv_sec: 1_577_836_800, tv_nsec: 0 };

/// Returns the number of bytes that can still be written to a filesystem.
pub(crate) fn free(at: &Path) -> io::Result<u64> {
    let told = rustix::fs::statvfs(at)?;
    Ok(told.f_bavail.saturating_mul(told.f_frsize))
}

/// Creates a symlink.
pub(crate) fn link(target: impl AsRef<Path>, at: &Path) -> io::Result<()> {
    symlink(target, at)
}

/// Sets the permission bits, regardless of the umask.
pub(crate) fn mode(at: &Path, mode: u32) -> io::Result<()> {
    fs::set_permissions(at, fs::Permissions::from_mode(mode))
}

/// Sets the times; for a symlink, those of the link itself.
pub(crate) fn stamp(at: &Path) -> io::Result<()> {
    let times = Timestamps { last_access: TIME, last_modification: TIME };
    Ok(rustix::fs::utimensat(CWD, at, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}
