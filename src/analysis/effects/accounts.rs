//! Users and groups that commands create.

use super::Effects;
use crate::analysis::owner::Owner;
use crate::rootfs::{Disturbance, Leans, Reach, UserIds};
use crate::shell::{Account, Flavour, Step};

impl Effects<'_> {
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
            let Step { command, line, .. } = self.step;
            let reach = Reach::Names(vec![home]);
            self.rootfs.disturb_beside_accounts(Disturbance::new(command.clone(), *line, reach));
        }
        self.rootfs.grow_accounts();
        let Some(uid) = account.uid else { return };
        self.rootfs.add_user(&account.name, UserIds { uid, gid });
    }
}
