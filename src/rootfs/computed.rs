//! Facts that were computed before. A verdict asks for the same paths again and again, and each answer is built from
//! all commands before it. It never decides what a change affects.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::Fact;

/// Facts by path, each with the number of disturbances that it includes.
#[derive(Debug, Default)]
pub(super) struct Computed(Mutex<BTreeMap<String, (Fact, usize)>>);

impl Computed {
    pub(super) fn facts(&self) -> MutexGuard<'_, BTreeMap<String, (Fact, usize)>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn facts_mut(&mut self) -> &mut BTreeMap<String, (Fact, usize)> {
        self.0.get_mut().unwrap_or_else(PoisonError::into_inner)
    }

    /// Forgets all facts.
    pub(super) fn clear(&mut self) {
        self.facts_mut().clear();
    }

    /// Forgets the facts at and below a path.
    pub(super) fn forget(&mut self, path: &str) {
        let facts = self.facts_mut();
        if path == "/" {
            return facts.clear();
        }
        facts.remove(path);
        // `0` is the character after the slash.
        let below = facts.range(format!("{path}/")..format!("{path}0"));
        let below: Vec<String> = below.map(|(at, _)| at.clone()).collect();
        for at in below {
            facts.remove(&at);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::{Base, Below, Directory, Disturbance, Known, Leans, Reach, Rootfs};

    const PATHS: [&str; 6] = ["/", "/a", "/a/b", "/a/b/c", "/a0", "/d"];

    fn change(rootfs: &mut Rootfs, kind: usize, path: &str) {
        let none = Leans::default();
        let directory = Directory::made_by(Some((0, 0)));
        match kind {
            0 => rootfs.set(path, Known::Dir(directory), &none, Below::Nothing),
            1 => rootfs.set(path, Known::File, &none, Below::Nothing),
            2 => rootfs.replace(path, Known::Absent, &none),
            3 => rootfs.merge_directory(path, Directory { mode: Some(0o700), ..directory }, &none),
            4 => rootfs.disturb(Disturbance::new("make", 2, Reach::Names(vec![path.to_owned()]))),
            5 => rootfs.list(path),
            _ => {
                let saved = rootfs.save(path);
                rootfs.disturb(Disturbance::new("make", 3, Reach::Names(vec!["/a/b".to_owned()])));
                rootfs.set(path, Known::Dir(directory), &none, Below::Nothing);
                match kind {
                    6 => rootfs.restore(&saved, &Arc::from("it was replaced")),
                    7 => rootfs.hide_writes(&saved, "/a"),
                    _ => rootfs.remove_stub(&saved, &none),
                }
            }
        }
    }

    proptest! {
        /// A clone computes each fact again.
        #[test]
        fn a_stored_fact_is_the_one_that_would_be_computed(
            changes in prop::collection::vec((0..9_usize, 1..PATHS.len()), 0..12),
        ) {
            let mut rootfs = Rootfs::new(Base::Scratch);
            for (kind, path) in changes {
                change(&mut rootfs, kind, PATHS[path]);
                for path in PATHS {
                    prop_assert_eq!(rootfs.get(path), rootfs.clone().get(path));
                }
            }
        }
    }
}
