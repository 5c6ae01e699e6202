//! Users and groups that commands make.

use super::Effects;
use crate::analysis::owner::Owner;
use crate::rootfs::{Disturbance, Leans, Reach, UserIds};
use crate::shell::{Account, Flavour, Step};

impl Effects<'_> {
    /// A new account. No tool makes one of a name that is taken.
    pub(super) fn add_user(&mut self, account: &Account) {
        let certain = |(gid, leans): (u32, Leans)| leans.is_empty().then_some(gid);
        let gid = match &account.group {
            // BusyBox takes digits for a name, too.
            Some(group) if account.flavour == Flavour::Busybox => {
                self.rootfs.made_group(group).and_then(certain)
            }
            Some(group) => {
                let owner = Owner::of(&format!("0:{group}")).resolve(self.rootfs);
                owner.and_then(|((_, gid), leans)| certain((gid, leans)))
            }
            // `passwd_study` of BusyBox: the number of the user, or else it fails.
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
