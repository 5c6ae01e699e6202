//! Users and groups that commands create.

use super::Effects;
use crate::analysis::owner::Owner;
use crate::rootfs::{Below, Disturbance, Known, Leans, Reach, UserIds};
use crate::shell::{Account, Flavour};

/// Files that a tool may create beside those that it changes: its lock, backups, shadow files, logs.
const BESIDE: [&str; 13] = [
    "/etc/.pwd.lock",
    "/etc/group-",
    "/etc/gshadow",
    "/etc/gshadow-",
    "/etc/passwd-",
    "/etc/shadow",
    "/etc/shadow-",
    "/etc/subgid",
    "/etc/subgid-",
    "/etc/subuid",
    "/etc/subuid-",
    "/var/log/faillog",
    "/var/log/lastlog",
];

impl Effects<'_> {
    /// Makes the files unknown that a tool may create beside those that it changes.
    pub(super) fn back_up_accounts(&mut self) {
        for path in BESIDE {
            if self.rootfs.get(path).known == Known::Absent {
                let why = self.why();
                self.rootfs.set(path, Known::Unknown(why), &Leans::default(), Below::Nothing);
            }
        }
    }

    /// Adds a new account. No tool creates an account with a name that exists.
    pub(super) fn add_user(&mut self, account: &Account) {
        let certain = |(gid, leans): (u32, Leans)| leans.is_empty().then_some(gid);
        let gid = match &account.group {
            // BusyBox also accepts digits as a name.
            Some(group) if account.flavour == Flavour::Busybox => {
                self.rootfs.made_group(group).and_then(certain)
            }
            Some(group) => {
                let owner = Owner::of(&format!("0:{group}")).resolve(self.rootfs);
                owner.and_then(|((_, gid), leans)| certain((gid, leans)))
            }
            // `passwd_study` of BusyBox uses the number of the user, or fails.
            None if account.flavour == Flavour::Busybox && !account.system => account.uid,
            None => None,
        };
        if account.create_home != Some(false) {
            let home = account.home.clone().unwrap_or_else(|| format!("/home/{}", account.name));
            let reach = Reach::Names(vec![home]);
            self.rootfs.disturb_beside_accounts(Disturbance::new(self.step.shown(), self.step.line, reach));
        }
        self.rootfs.grow_accounts();
        self.back_up_accounts();
        let Some(uid) = account.uid else { return };
        self.rootfs.add_user(&account.name, UserIds { uid, gid });
    }
}
