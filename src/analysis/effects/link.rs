//! Links that `ln` creates.

use super::Effects;
use crate::rootfs::Known;
use crate::shell::Destination;
use crate::text::path::{base_name, join};

impl Effects<'_> {
    /// Applies `ln`: creates a symbolic link, or another name of a file.
    pub(super) fn link(&mut self, target: &str, link: &Destination, symbolic: bool, no_dereference: bool) {
        let known = if symbolic {
            Known::Symlink(target.to_owned())
        } else {
            let there = self.real_parent(target).map(|(at, _)| self.rootfs.get(&at).known);
            match there {
                // A later write to one name changes the other, so the content counts as written.
                Some(Known::File) => {
                    self.write(target);
                    Known::File
                }
                // `linkat` without AT_SYMLINK_FOLLOW, in the `ln` of GNU and of BusyBox.
                Some(link @ Known::Symlink(_)) => link,
                _ => Known::Unknown(self.why()),
            }
        };
        let Some((at, mut leans)) = self.real_parent(&link.path) else { return };
        let there = self.rootfs.get(&at);
        leans.merge(&there.leans);
        let name = base_name(target.trim_end_matches('/'));
        let inside = match there.known {
            Known::Unknown(_) => return self.blur(&link.path),
            Known::Dir(_) => !link.exact,
            // A slash at the end follows the link, whatever the options are.
            Known::Symlink(_) if link.directory => true,
            Known::Symlink(_) => !link.exact && !no_dereference && self.leads_to_directory(&link.path),
            _ => link.directory,
        };
        let at = if inside {
            let Some((directory, _)) = self.real(&link.path) else { return };
            if matches!(name, "" | "." | "..") {
                return self.blur(&directory);
            }
            join(&directory, name)
        } else {
            at
        };
        self.rootfs.replace(&at, known, &leans);
    }

    fn leads_to_directory(&mut self, path: &str) -> bool {
        self.real(path).is_some_and(|(_, fact)| matches!(fact.known, Known::Dir(_)))
    }
}
