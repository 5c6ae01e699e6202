//! Paths that a mount hides during a command: what it writes there never reaches the filesystem. It never decides what
//! is mounted.

use std::sync::Arc;

use super::accounts::Accounts;
use super::{Below, Known, Leans, Node, Rootfs};
use crate::shell::Mention;
use crate::text::path::{ancestors, is_within};

/// The content at and below a path, to put back when the mount ends.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    path: String,
    /// The changed paths among its parent directories.
    above: Vec<(String, Option<Node>)>,
    /// The changed paths at and below it.
    nodes: Vec<(String, Node)>,
    /// The number of disturbances before the mount.
    disturbances: usize,
    /// The accounts, if the files that hold them are hidden too.
    accounts: Option<Accounts>,
}

impl Saved {
    /// Returns the path.
    pub(crate) fn path(&self) -> &str {
        &self.path
    }
}

impl Rootfs {
    /// Returns the content at and below a path.
    pub(crate) fn save(&self, path: &str) -> Saved {
        let own = self.nodes.get_key_value(path).into_iter();
        let nodes = own.chain(self.changed_below(path)).map(|(at, node)| (at.clone(), node.clone()));
        Saved {
            path: path.to_owned(),
            above: ancestors(path).map(|at| (at.to_owned(), self.nodes.get(at).cloned())).collect(),
            nodes: nodes.collect(),
            disturbances: self.disturbances.len(),
            accounts: Accounts::are_below(path).then(|| self.accounts.clone()),
        }
    }

    /// Puts back what a mount has hidden since [`save`](Self::save): no change since then has reached it. If a parent
    /// directory was replaced in the meantime, the path becomes unknown for the reason `why`, and this returns false.
    pub(crate) fn restore(&mut self, saved: &Saved, why: &Arc<str>) -> bool {
        let Saved { path, above, nodes, accounts, .. } = saved;
        let stays = |(at, before): &(String, Option<Node>)| match (self.nodes.get(at), before) {
            (None, None) => true,
            (None, Some(_)) => false,
            (Some(now), before) => {
                let below = before.as_ref().map_or(&Below::Inherited, |before| &before.below);
                matches!(now.known, Known::Dir(_)) && now.below == *below
            }
        };
        if !above.iter().all(stays) {
            let why = Arc::clone(why);
            self.set(path, Known::Unknown(Arc::clone(&why)), &Leans::default(), Below::Unknown(why));
            return false;
        }
        self.forget_below(path);
        self.take(path);
        for (at, node) in nodes {
            self.put(at.clone(), node.clone());
        }
        if let Some(accounts) = accounts {
            self.accounts = accounts.clone();
        }
        true
    }

    /// Records that the commands since [`save`](Self::save) did not see the paths that were restored.
    pub(crate) fn hide(&mut self, restored: &[&Saved]) {
        let Some(since) = restored.iter().map(|saved| saved.disturbances).min() else { return };
        self.computed.clear();
        self.disturbances.change_since(since, |disturbance| {
            for saved in restored {
                disturbance.hide(&saved.path);
            }
        });
    }

    /// Returns true if nothing but the paths in `made` was changed at or below the path since it was saved, except at and
    /// below `targets`.
    pub(crate) fn is_unchanged(&self, saved: &Saved, made: &[(String, Known)], targets: &[String]) -> bool {
        let own = self.nodes.get_key_value(&saved.path).into_iter();
        own.chain(self.changed_below(&saved.path)).all(|(at, node)| {
            let is_made = made.iter().any(|(path, known)| path == at && node.known == *known);
            let is_hidden = targets.iter().any(|target| is_within(target, at));
            is_made || is_hidden
        })
    }

    /// Returns true if a command since [`save`](Self::save) may have written at or below the path without a change that is
    /// known.
    pub(crate) fn is_named_since(&self, saved: &Saved) -> bool {
        let mut later = self.disturbances.since(saved.disturbances);
        self.may_have_directories_below(&saved.path)
            || later.any(|disturbance| {
                matches!(
                    disturbance.mention(&saved.path),
                    Mention::Maybe | Mention::Certain(_) | Mention::Grows
                )
            })
    }

    /// Removes a path that did not exist before a mount and was made for it. Disturbances since then still count.
    pub(crate) fn remove_stub(&mut self, saved: &Saved, because: &Leans) {
        self.replace(&saved.path, Known::Absent, because);
        let since = saved.disturbances;
        if let Some(node) = self.nodes.get_mut(&saved.path) {
            node.since = since;
            node.content.disturbances = since;
        }
        self.computed.forget(&saved.path);
    }

    /// Forgets what disturbances since [`save`](Self::save) wrote at and below a path.
    pub(crate) fn hide_writes(&mut self, saved: &Saved, target: &str) {
        self.computed.clear();
        self.disturbances.change_since(saved.disturbances, |disturbance| disturbance.forget_within(target));
    }
}
