//! The users and groups that commands certainly made. It never reads the files that hold them.

use std::collections::BTreeMap;

use super::{Below, Disturbance, Fact, Known, Leans, Rootfs};

use crate::text::path::is_within;

/// The file that holds the users.
const PASSWD: &str = "/etc/passwd";
/// The file that holds the groups.
const GROUP: &str = "/etc/group";

/// A user that is in `/etc/passwd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct UserIds {
    /// Its uid.
    pub(crate) uid: u32,
    /// The gid of its primary group, if known.
    pub(crate) gid: Option<u32>,
}

/// Users and groups by name, each with the number of disturbances before it was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    users: BTreeMap<String, (UserIds, usize)>,
    groups: BTreeMap<String, (u32, usize)>,
}

impl Accounts {
    /// Returns true if one of the files that hold accounts is `path` or lies below it.
    pub(crate) fn are_below(path: &str) -> bool {
        [PASSWD, GROUP].into_iter().any(|file| is_within(path, file))
    }

    /// Returns true if the accounts are no longer known after `path` was changed to this.
    pub(crate) fn end_with(path: &str, known: &Known, below: &Below) -> bool {
        let stays = matches!(known, Known::Dir(_)) && *below == Below::Inherited;
        matches!(path, PASSWD | GROUP) || matches!(path, "/" | "/etc") && !stays
    }
}

impl Rootfs {
    /// Records a command that appended to the files that hold accounts and changed nothing in them.
    pub(crate) fn grow_accounts(&mut self) {
        let accounts = std::mem::take(&mut self.accounts);
        for path in [PASSWD, GROUP] {
            let known = self.get(path).known;
            self.set(path, known, &Leans::default(), Below::Nothing);
        }
        self.accounts = accounts;
    }

    /// Like [`disturb`](Self::disturb), for a command that certainly does not change the existing accounts.
    pub(crate) fn disturb_beside_accounts(&mut self, disturbance: Disturbance) {
        let before = self.disturbances.len();
        self.disturb(disturbance);
        let users = self.accounts.users.values_mut().map(|(_, since)| since);
        let groups = self.accounts.groups.values_mut().map(|(_, since)| since);
        for since in users.chain(groups).filter(|since| **since == before) {
            *since += 1;
        }
    }

    /// Records a new user, whose name was free.
    pub(crate) fn add_user(&mut self, name: &str, ids: UserIds) {
        self.accounts.users.insert(name.to_owned(), (ids, self.disturbances.len()));
    }

    /// Records a new group, whose name was free.
    pub(crate) fn add_group(&mut self, name: &str, gid: u32) {
        self.accounts.groups.insert(name.to_owned(), (gid, self.disturbances.len()));
    }

    /// Returns the user of this name that a command made, with the assumptions.
    pub(crate) fn made_user(&self, name: &str) -> Option<(UserIds, Leans)> {
        let (ids, since) = self.accounts.users.get(name)?;
        Some((*ids, self.undisturbed_since(PASSWD, *since)?))
    }

    /// Returns the group of this name that a command made, with the assumptions.
    pub(crate) fn made_group(&self, name: &str) -> Option<(u32, Leans)> {
        let (gid, since) = self.accounts.groups.get(name)?;
        Some((*gid, self.undisturbed_since(GROUP, *since)?))
    }

    /// Returns the assumptions under which a file is unchanged; `None` if it may have changed.
    fn undisturbed_since(&self, path: &str, since: usize) -> Option<Leans> {
        let mut fact = Fact { known: Known::File, leans: Leans::default() };
        self.disturbances.disturb(path, &mut fact, since);
        (fact.known == Known::File).then_some(fact.leans)
    }
}
