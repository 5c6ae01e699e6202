//! Directories that a command may have made: each is absent or exactly this directory, and nothing else is possible.
//!
//! Such a path is [`Known::Unknown`] wherever it is read. [`Rootfs::states`] returns the filesystems that it stands for,
//! so that a claim can be checked in each of them. It never decides between them.

use std::sync::Arc;

use super::{Below, Directory, Fact, Known, Leans, Node, Rootfs};
use crate::text::path::{ancestors, is_within};

/// The most directories on one path that are each there or not.
const MOST_ON_A_PATH: usize = 8;

impl Rootfs {
    /// Records that a command may have made a directory where nothing is. Nothing is below it.
    ///
    /// The caller has checked that the path is absent, and that its parent is a directory or may be one in the same
    /// way. `because` holds the assumptions of that.
    pub(crate) fn make_perhaps(&mut self, path: &str, made: Directory, why: &Arc<str>, because: &Leans) {
        self.set(path, Known::Unknown(Arc::clone(why)), because, Below::Unknown(Arc::clone(why)));
        if let Some(node) = self.nodes.get_mut(path) {
            node.possible = Some(Box::new(made));
        }
    }

    /// Returns the directory that an unknown path is unless it is absent, with the assumptions that it is one or the
    /// other. `None` if it may be something else.
    pub(crate) fn possible(&self, path: &str) -> Option<(Directory, Leans)> {
        let node = self.nodes.get(path)?;
        let possible = **node.possible.as_ref()?;
        let mut leans = node.leans.clone();
        for known in [Known::Absent, Known::Dir(possible)] {
            let mut fact = Fact { known: known.clone(), leans: Leans::default() };
            self.disturbances.disturb(path, &mut fact, node.since);
            (fact.known == known).then_some(())?;
            leans.merge(&fact.leans);
        }
        Some((possible, leans))
    }

    /// Returns true if a command may have made a directory at a path or below it.
    pub(super) fn may_have_directories_below(&self, path: &str) -> bool {
        let own = self.nodes.get(path).into_iter();
        own.chain(self.changed_below(path).map(|(_, node)| node)).any(|node| node.possible.is_some())
    }

    /// Forgets what the directories below a path would be: a command has changed those that are there.
    pub(crate) fn forget_possible_below(&mut self, path: &str) {
        let below: Vec<String> = self.changed_below(path).map(|(at, _)| at.clone()).collect();
        for at in below {
            if let Some(node) = self.nodes.get_mut(&at) {
                node.possible = None;
            }
        }
    }

    /// Returns the assumptions under which nothing is at a path below such a directory, whether or not that is there.
    /// `None` if something may be.
    pub(crate) fn absent_below_possible(&self, path: &str) -> Option<Leans> {
        let mut leans = Leans::default();
        for state in self.states(path)? {
            let fact = state.get(path);
            (fact.known == Known::Absent).then_some(())?;
            leans.merge(&fact.leans);
        }
        Some(leans)
    }

    /// Records that a step has made the directory that [`possible`](Self::possible) returns, unless it was there. What
    /// may be below it stays as it is. `because` holds the assumptions.
    pub(crate) fn settle(&mut self, path: &str, because: &Leans) {
        let stamp = self.changes + 1;
        let Some(node) = self.nodes.get_mut(path) else { return };
        let Some(made) = node.possible.as_deref().copied() else { return };
        node.become_known(Known::Dir(made));
        node.stamp = stamp;
        node.leans.merge(because);
        node.beneath.merge(because);
        self.changes = stamp;
        self.computed.forget(path);
    }

    /// Returns the filesystems that this one stands for, as far as they differ for a copy to `destination`: with each
    /// number of the directories on its path that may be there, and with all or none of those below it. `None` if this
    /// is the only one, or if there are too many.
    pub fn states(&self, destination: &str) -> Option<Vec<Self>> {
        let is_open = |path: &str| self.nodes.get(path).is_some_and(|node| node.possible.is_some());
        let way: Vec<&str> =
            ancestors(destination).chain([destination]).filter(|path| is_open(path)).collect();
        let below = self.changed_below(destination).any(|(_, node)| node.possible.is_some());
        if way.is_empty() && !below || way.len() > MOST_ON_A_PATH {
            return None;
        }
        let with = |present: &[&str], below: bool| {
            let mut state = self.clone();
            for (path, node) in &mut state.nodes {
                let Some(made) = node.possible.as_deref().copied() else { continue };
                let is_below = path != destination && is_within(destination, path);
                let exists = if is_below { below } else { present.contains(&path.as_str()) };
                if exists {
                    node.become_known(Known::Dir(made));
                } else if is_below || is_within(path, destination) {
                    node.become_known(Known::Absent);
                }
            }
            state
        };
        let mut states: Vec<Self> = (0..=way.len()).map(|present| with(&way[..present], false)).collect();
        if below {
            states.push(with(&way, true));
        }
        Some(states)
    }
}

impl Node {
    fn become_known(&mut self, known: Known) {
        self.known = known;
        self.below = Below::Nothing;
        self.possible = None;
    }
}
