//! The limits of what is stored of a filesystem. What is beyond them is unknown.

use std::sync::Arc;

use super::{Computed, Rootfs};
use crate::budget::{self, spend};

/// The longest path that is stored, in bytes: Linux's `PATH_MAX`.
const LONGEST_PATH: usize = 4096;

/// The most directories of a path that is stored.
const MOST_DIRECTORIES: usize = 256;

/// The most paths with a fact of their own.
const MOST_PATHS: usize = 200_000;

/// The limits that a filesystem has reached.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Limits {
    /// True if a path was too long to be stored.
    has_long_path: bool,
    /// True if there were too many paths to be stored.
    is_full: bool,
}

impl Limits {
    /// Returns true if a fact about `path` can be stored beside `stored` others.
    pub(super) fn admit(&mut self, path: &str, stored: usize) -> bool {
        self.is_full |= stored >= MOST_PATHS;
        let is_long = is_long(path);
        self.has_long_path |= is_long;
        !self.is_full && !is_long
    }

    /// Returns true if nothing is known any more.
    pub(super) fn is_full(self) -> bool {
        self.is_full
    }

    /// Returns the reason why nothing is known of `path`; `None` unless it is beyond a limit.
    pub(super) fn why_unknown(self, path: &str) -> Option<Arc<str>> {
        if is_long(path) {
            return Some(format!("a path of {} bytes is too long", path.len()).into());
        }
        self.is_full.then(too_many)
    }

    /// Returns the reason why a listing may lack paths.
    pub(super) fn why_incomplete(self) -> Option<Arc<str>> {
        if self.is_full {
            return Some(too_many());
        }
        self.has_long_path.then(|| "a path there is too long".into())
    }
}

fn too_many() -> Arc<str> {
    format!("more than {MOST_PATHS} paths are written").into()
}

fn is_long(path: &str) -> bool {
    // Each directory has at least two bytes, so most paths are not counted.
    path.len() > MOST_DIRECTORIES
        && (path.len() > LONGEST_PATH
            || memchr::memchr_iter(b'/', path.as_bytes()).count() > MOST_DIRECTORIES)
}

impl Clone for Rootfs {
    fn clone(&self) -> Self {
        spend(budget::STORED * self.nodes.len() + self.disturbances.len());
        Self {
            base: self.base.clone(),
            nodes: self.nodes.clone(),
            disturbances: self.disturbances.clone(),
            changes: self.changes,
            accounts: self.accounts.clone(),
            limits: self.limits,
            with_xattrs: self.with_xattrs,
            base_xattrs: self.base_xattrs.clone(),
            computed: Computed::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Base, Below, Directory, Known, Leans};
    use super::*;

    #[test]
    fn a_path_beyond_the_limits_is_unknown_and_a_listing_says_so() {
        let mut rootfs = Rootfs::new(Base::Scratch);
        for depth in 1..MOST_DIRECTORIES {
            let directory = Known::Dir(Directory::made_by(Some((0, 0))));
            rootfs.set(&"/a".repeat(depth), directory, &Leans::default(), Below::Nothing);
        }
        for path in ["/a".repeat(MOST_DIRECTORIES), "/".to_owned() + &"a".repeat(LONGEST_PATH - 1)] {
            rootfs.set(&path, Known::File, &Leans::default(), Below::Nothing);
            assert_eq!(rootfs.get(&path).known, Known::File);
        }
        assert_eq!(rootfs.below("/").incomplete, None);
        for path in ["/a".repeat(MOST_DIRECTORIES + 1), "/".to_owned() + &"a".repeat(LONGEST_PATH)] {
            rootfs.set(&path, Known::File, &Leans::default(), Below::Nothing);
            assert!(matches!(rootfs.get(&path).known, Known::Unknown(_)));
            assert!(rootfs.below("/").incomplete.is_some());
        }
    }

    #[test]
    fn with_too_many_paths_nothing_is_known() {
        let mut rootfs = Rootfs::new(Base::Scratch);
        for at in 0..=MOST_PATHS {
            assert_eq!(rootfs.get("/0").known == Known::Absent, at == 0);
            rootfs.set(&format!("/{at}"), Known::File, &Leans::default(), Below::Nothing);
        }
        rootfs.set("/0", Known::File, &Leans::default(), Below::Nothing);
        assert!(matches!(rootfs.get("/0").known, Known::Unknown(_)));
        assert!(rootfs.below("/").entries.is_empty() && rootfs.below("/").incomplete.is_some());
    }
}
