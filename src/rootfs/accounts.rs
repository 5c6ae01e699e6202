//! The users and groups that commands surely made. It never reads the files that hold them.

use std::collections::BTreeMap;

use super::{Below, Disturbance, Fact, Known, Leans, Rootfs};

/// The file that holds the users.
const PASSWD: &str = "/etc/passwd";
/// The file that holds the groups.
const GROUP: &str = "/etc/group";

/// A user that is in `/etc/passwd`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct UserIds {
    /// Its number.
    pub uid: u32,
    /// The number of its primary group, where that is known.
    pub gid: Option<u32>,
}

/// Users and groups by name, each with how many disturbances had happened when it was made.
#[derive(Clone, Debug, Default)]
pub(super) struct Accounts {
    users: BTreeMap<String, (UserIds, usize)>,
    groups: BTreeMap<String, (u32, usize)>,
}

impl Accounts {
    /// Returns true if nothing is known any more where this is at `path` now.
    pub fn end_with(path: &str, known: &Known, below: &Below) -> bool {
        let stays = matches!(known, Known::Dir(_)) && *below == Below::Inherited;
        matches!(path, PASSWD | GROUP) || matches!(path, "/" | "/etc") && !stays
    }
}

impl Rootfs {
    /// A command appended to the files that hold accounts, and changed nothing that was in them.
    pub fn grow_accounts(&mut self) {
        let accounts = std::mem::take(&mut self.accounts);
        for path in [PASSWD, GROUP] {
            let fact = self.get(path);
            self.set(path, fact, Below::Nothing);
        }
        self.accounts = accounts;
    }

    /// As [`disturb`](Self::disturb), for a command that surely leaves the accounts alone that are there.
    pub fn disturb_beside_accounts(&mut self, disturbance: Disturbance) {
        let before = self.disturbances.len();
        self.disturb(disturbance);
        let users = self.accounts.users.values_mut().map(|(_, since)| since);
        let groups = self.accounts.groups.values_mut().map(|(_, since)| since);
        for since in users.chain(groups).filter(|since| **since == before) {
            *since += 1;
        }
    }

    /// A command made a user of a name that was free.
    pub fn add_user(&mut self, name: &str, ids: UserIds) {
        self.accounts.users.insert(name.to_owned(), (ids, self.disturbances.len()));
    }

    /// A command made a group of a name that was free.
    pub fn add_group(&mut self, name: &str, gid: u32) {
        self.accounts.groups.insert(name.to_owned(), (gid, self.disturbances.len()));
    }

    /// The user of this name that a command made, with what that leans on.
    pub fn made_user(&self, name: &str) -> Option<(UserIds, Leans)> {
        let (ids, since) = self.accounts.users.get(name)?;
        Some((*ids, self.undisturbed_since(PASSWD, *since)?))
    }

    /// The group of this name that a command made, with what that leans on.
    pub fn made_group(&self, name: &str) -> Option<(u32, Leans)> {
        let (gid, since) = self.accounts.groups.get(name)?;
        Some((*gid, self.undisturbed_since(GROUP, *since)?))
    }

    /// What it leans on that a file is as it was; `None` if it may have changed.
    fn undisturbed_since(&self, path: &str, since: usize) -> Option<Leans> {
        let mut fact = Fact { known: Known::File, leans: Leans::default() };
        for disturbance in &self.disturbances[since..] {
            disturbance.disturb(path, &mut fact);
        }
        (fact.known == Known::File).then_some(fact.leans)
    }
}
