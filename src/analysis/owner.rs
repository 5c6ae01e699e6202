//! Owners: `--chown` and USER, as BuildKit resolves them.

use crate::dockerfile::Scope;
use crate::rootfs::{Account, AccountEntry, Leans, Rootfs};

/// The owner that `--chown` sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// The default: root.
    Default,
    /// Numbers.
    Numeric {
        /// User.
        uid: u32,
        /// Group.
        gid: u32,
    },
    /// At least one name that is looked up in the image.
    Named(String),
    /// Unknown, with the reason.
    Unknown(String),
}

impl Owner {
    /// Parses `--chown` after expansion (`llb.WithUser`): numbers of 31 bits and `root` need no lookup, and a user
    /// without a group also sets the group to its number.
    pub(crate) fn read(chown: Option<&str>, scope: &Scope, escape_token: char) -> Self {
        match chown.map(|chown| scope.expand(chown, escape_token)) {
            None => Owner::Default,
            Some(Ok(value)) => Self::of(&value),
            Some(Err(why)) => Owner::Unknown(why),
        }
    }

    /// Parses an expanded owner.
    pub(crate) fn of(value: &str) -> Self {
        if value.is_empty() {
            return Owner::Default;
        }
        let (user, group) = match value.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (value, None),
        };
        let uid = if group.is_some() { number_or_none(user) } else { number(user) };
        let gid = group.map_or(uid, number_or_none);
        match (uid, gid) {
            (Some(uid), Some(gid)) => Owner::Numeric { uid, gid },
            _ => Owner::Named(value.to_owned()),
        }
    }

    /// Returns the numbers, if no lookup is needed.
    pub(crate) fn numbers(&self) -> Option<(u32, u32)> {
        match self {
            Owner::Default => Some((0, 0)),
            Owner::Numeric { uid, gid } => Some((*uid, *gid)),
            Owner::Named(_) | Owner::Unknown(_) => None,
        }
    }

    /// Returns the numbers; names are looked up in the known content of `/etc/passwd` and `/etc/group`.
    pub(crate) fn resolve(&self, rootfs: &Rootfs) -> Option<((u32, u32), Leans)> {
        let Owner::Named(name) = self else { return Some((self.numbers()?, Leans::default())) };
        let (user, group) = match name.split_once(':') {
            Some((user, group)) => (user, Some(group)),
            None => (name.as_str(), None),
        };
        let mut leans = Leans::default();
        let (uid, primary) = if let Some(uid) = number_or_none(user) {
            (uid, Some(uid))
        } else if let Some((ids, from)) = rootfs.made_user(user) {
            leans.merge(&from);
            (ids.uid, ids.gid)
        } else {
            let (found, from) = rootfs.account(&Account::User(user.to_owned()))?;
            leans.merge(&from);
            let AccountEntry::Numbers { id, gid } = found else { return None };
            (id?, gid)
        };
        let gid = match group {
            None => primary?,
            Some(group) => {
                if let Some(gid) = number_or_none(group) {
                    gid
                } else if let Some((gid, from)) = rootfs.made_group(group) {
                    leans.merge(&from);
                    gid
                } else {
                    let (found, from) = rootfs.account(&Account::Group(group.to_owned()))?;
                    leans.merge(&from);
                    let AccountEntry::Numbers { id, .. } = found else { return None };
                    id?
                }
            }
        };
        Some(((uid, gid), leans))
    }
}

/// Returns the user and group of a process with this USER (`oci.GetUser`). Without a group, it is the group of the
/// account with that name or number, and 0 for a number without an account.
pub(crate) fn of_process(user: &str, rootfs: &Rootfs) -> Option<((u32, u32), Leans)> {
    let owner = Owner::of(user);
    match owner {
        Owner::Numeric { uid, .. } if uid != 0 && !names_group(user) => {
            let (found, leans) = rootfs.account(&Account::Uid(uid))?;
            let gid = match found {
                AccountEntry::Numbers { gid, .. } => gid?,
                AccountEntry::Missing => 0,
            };
            Some(((uid, gid), leans))
        }
        owner if names_group(user) || !user.contains(':') => owner.resolve(rootfs),
        // runc gives a process without a group that of its account (`user.GetExecUser`).
        _ => of_process(user.trim_end_matches(':'), rootfs),
    }
}

/// Returns true if a USER names a group.
pub(crate) fn names_group(user: &str) -> bool {
    user.split_once(':').is_some_and(|(_, group)| !group.is_empty())
}

/// Parses `root` or a number of 31 bits, as `llb.parseUID` does.
fn number(part: &str) -> Option<u32> {
    if part == "root" {
        return Some(0);
    }
    let digits = !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    let number = digits.then(|| part.parse::<u32>().ok())??;
    i32::try_from(number).is_ok().then_some(number)
}

/// Like [`number`], for one of the two parts around a colon: an empty one is 0 (`UserOpt.marshal` in
/// `client/llb/fileop.go` sends a name only if there is one).
fn number_or_none(part: &str) -> Option<u32> {
    if part.is_empty() { Some(0) } else { number(part) }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::rootfs::{Base, Entry, Metadata, Tree};

    #[test]
    fn owners_are_read_as_buildkit_does() {
        let numeric = |uid, gid| Owner::Numeric { uid, gid };
        assert_eq!(Owner::of("1000"), numeric(1000, 1000));
        assert_eq!(Owner::of("1000:5"), numeric(1000, 5));
        assert_eq!(Owner::of("root"), numeric(0, 0));
        assert_eq!(Owner::of("root:root"), numeric(0, 0));
        assert_eq!(Owner::of(":1001"), numeric(0, 1001));
        assert_eq!(Owner::of("5:"), numeric(5, 0));
        assert_eq!(Owner::of(":"), numeric(0, 0));
        assert_eq!(Owner::of("2147483647"), numeric(2_147_483_647, 2_147_483_647));
        for named in ["app", "app:1", "1:app", "root:staff", "0x1", "2147483648", "+1", "app:"] {
            assert_eq!(Owner::of(named), Owner::Named(named.into()));
        }
        assert_eq!(Owner::of(""), Owner::Default);
    }

    #[test]
    fn names_are_looked_up_in_the_image() {
        let mut tree = Tree::default();
        tree.insert("etc/passwd", Entry::File(Metadata::default()));
        tree.insert("etc/group", Entry::File(Metadata::default()));
        tree.set_passwd(Some(b"app:x:1000:1001:app:/home/app:/bin/sh\n".to_vec()));
        tree.set_group(Some(b"staff:x:50:\n".to_vec()));
        let rootfs = Rootfs::new(Base::Image { filesystem: Arc::new(tree.into()), leans: Leans::default() });
        let resolved = |owner: &str| Owner::of(owner).resolve(&rootfs).map(|(ids, _)| ids);
        assert_eq!(resolved("app"), Some((1000, 1001)));
        assert_eq!(resolved("app:staff"), Some((1000, 50)));
        assert_eq!(resolved("7:staff"), Some((7, 50)));
        assert_eq!(resolved("nobody"), None);
        assert_eq!(resolved("app:nogroup"), None);
    }
}
