//! Facts that were computed before. A verdict asks for the same paths again and again, and each answer is built from
//! all commands before it. It never decides what a change affects.

use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{Base, Fact, Known, Leans, Rootfs};
use crate::budget::spend;

/// The most facts that are stored. Verdicts ask most often for a few paths, and each stage of a Dockerfile has a
/// filesystem of its own.
const MOST: usize = 32;

/// Facts by path, each with the number of disturbances that it includes.
#[derive(Debug, Default)]
pub(super) struct Computed(Mutex<BTreeMap<String, (Fact, usize)>>);

impl Computed {
    fn facts(&self) -> MutexGuard<'_, BTreeMap<String, (Fact, usize)>> {
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
        let prefix = [path, "/"].concat();
        let from = facts.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        let below = from.take_while(|(at, _)| at.starts_with(&prefix));
        let below: Vec<String> = below.map(|(at, _)| at.clone()).collect();
        for at in below {
            facts.remove(&at);
        }
    }
}

impl Rootfs {
    /// Returns the known state of `path` itself; symbolic links among its parent directories are not followed.
    pub fn get(&self, path: &str) -> Fact {
        if let Some(why) = self.limits.why_unknown(path) {
            return Fact { known: Known::Unknown(why), leans: Leans::default() };
        }
        let mut computed = self.computed.facts();
        if let Some((fact, included)) = computed.get_mut(path) {
            self.disturbed(path, fact, *included);
            *included = self.disturbances.len();
            return fact.clone();
        }
        let (mut fact, since) = self.undisturbed(path);
        // The working directory and user of a command are part of a profile's assumptions, so its results depend on
        // them too.
        if let Base::Profile(image) = &self.base {
            fact.leans.add(Arc::clone(image.whole()));
        }
        self.disturbed(path, &mut fact, since);
        if computed.len() == MOST {
            computed.clear();
        }
        computed.insert(path.to_owned(), (fact.clone(), self.disturbances.len()));
        fact
    }

    /// Applies the disturbances from the given number on to a fact.
    fn disturbed(&self, path: &str, fact: &mut Fact, since: usize) {
        spend(1 + self.disturbances.len().saturating_sub(since));
        self.disturbances.disturb(path, fact, since);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::{Below, Directory, Disturbance, Reach};
    use super::*;

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
            6 => rootfs.make_perhaps(path, directory, &Arc::from("it may be made"), &none),
            7 => rootfs.settle(path, &none),
            _ => {
                let saved = rootfs.save(path);
                rootfs.disturb(Disturbance::new("make", 3, Reach::Names(vec!["/a/b".to_owned()])));
                rootfs.set(path, Known::Dir(directory), &none, Below::Nothing);
                match kind {
                    8 if rootfs.restore(&saved, &Arc::from("it was replaced")) => rootfs.hide(&[&saved]),
                    8 => {}
                    9 => rootfs.hide_writes(&saved, "/a"),
                    _ => rootfs.remove_stub(&saved, &none),
                }
            }
        }
    }

    proptest! {
        /// A clone computes each fact again.
        #[test]
        fn a_stored_fact_is_the_one_that_would_be_computed(
            changes in prop::collection::vec((0..11_usize, 1..PATHS.len()), 0..12),
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
