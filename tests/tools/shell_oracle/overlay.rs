//! A root with an empty directory over it, which takes what a job changes.

use std::collections::BTreeMap;
use std::ffi::CString;
use std::fs;
use std::path::Path;

use rustix::mount::{MountFlags, UnmountFlags, mount, mount_bind_recursive, unmount};

use super::protocol::Outcome;
use super::tree::{self, Changes, Tree};

type Failure = Box<dyn std::error::Error>;

/// Where it is mounted.
pub const MERGED: &str = "/merged";

/// An overlay, mounted at [`MERGED`].
pub struct Overlay {
    directory: String,
}

impl Overlay {
    /// Mounts one over a root. Its number is its own.
    pub fn mount(root: usize, number: usize) -> Result<Self, Failure> {
        let directory = format!("/over/{number}");
        for part in ["", "/upper", "/work"] {
            fs::create_dir(format!("{directory}{part}"))?;
        }
        let options =
            format!("lowerdir=/root{root},upperdir={directory}/upper,workdir={directory}/work,userxattr");
        mount("overlay", MERGED, "overlay", MountFlags::NODEV, Some(CString::new(options)?.as_c_str()))?;
        for name in ["dev", "proc"] {
            mount_bind_recursive(format!("/{name}"), format!("{MERGED}/{name}"))?;
        }
        Ok(Self { directory })
    }

    /// The outcome of steps that succeeded, compared with the merged view where that was read.
    pub fn outcome(&self, before: &Tree, merged: Option<Tree>) -> Result<Outcome, Failure> {
        let upper = Path::new(&self.directory).join("upper");
        let changes = tree::read_upper(&upper, before)?;
        if let Some(merged) = merged {
            let expected = Changes::between(before, merged);
            if expected != changes {
                return Err(format!("the overlay was read as {changes:?}, and is {expected:?}").into());
            }
        }
        let mut accounts = BTreeMap::new();
        for path in ["/etc/passwd", "/etc/group"] {
            let file = upper.join(&path[1..]);
            if fs::symlink_metadata(&file).is_ok_and(|metadata| metadata.is_file()) {
                accounts.insert(path.to_owned(), String::from_utf8_lossy(&fs::read(file)?).into_owned());
            }
        }
        Ok(Outcome::Done { changes, accounts })
    }

    pub fn unmount(self) -> Result<(), Failure> {
        unmount(MERGED, UnmountFlags::DETACH)?;
        Ok(fs::remove_dir_all(&self.directory)?)
    }
}
