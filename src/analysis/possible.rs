//! Directories that a command may have made: `[ -d /x ] || mkdir -p /x`. It never decides whether one was made.

use std::sync::Arc;

use crate::analysis::decision::Decision;
use crate::analysis::transfer::inherit_group;
use crate::analysis::verdict::Verdict;
use crate::rootfs::{Directory, Known, Leans, Rootfs};
use crate::text::path::ancestors;

/// Records that `mkdir`, with `-p` if `parents` is true, may have made `path` and its parent directories. Returns false if
/// that cannot be recorded: the command may have changed something else, or the directory may be one of several.
///
/// A failed `mkdir` leaves the first directories of the path, so each number of them is possible.
pub(crate) fn make(rootfs: &mut Rootfs, path: &str, made: Directory, parents: bool, why: &Arc<str>) -> bool {
    let mut way = Leans::default();
    for part in ancestors(path).skip(1).chain([path]) {
        let is_last = part == path;
        let fact = rootfs.get(part);
        way.merge(&fact.leans);
        // A mode of `-m` is for the last directory.
        let made = if is_last { made } else { Directory { mode: Some(0o755), ..made } };
        let absent = match fact.known {
            Known::Absent => true,
            Known::Dir(_) => continue,
            Known::Unknown(_) => match rootfs.possible(part) {
                Some((before, leans)) if before == made => {
                    way.merge(&leans);
                    continue;
                }
                Some(_) => false,
                None => rootfs.absent_below_possible(part).map(|leans| way.merge(&leans)).is_some(),
            },
            Known::File | Known::Symlink(_) | Known::Other => false,
        };
        // Without `-p`, it fails where the parent is missing.
        if absent && !is_last && !parents && fact.known == Known::Absent {
            return way.is_empty();
        }
        if !absent || !makes(rootfs, part, made, &mut way) {
            return false;
        }
        rootfs.make_perhaps(part, made, why, &way);
    }
    true
}

/// Returns true if a new directory has exactly this metadata: none comes from its parent directory.
fn makes(rootfs: &Rootfs, path: &str, made: Directory, leans: &mut Leans) -> bool {
    let parent = ancestors(path).next_back().unwrap_or("/");
    let passes_nothing_on = match rootfs.possible(parent) {
        Some((directory, _)) => directory.mode == Some(0o755),
        None => inherit_group(rootfs, path, made, leans) == made,
    };
    passes_nothing_on && made.xattrs == Some(false)
}

/// Records that a step makes the directories of a path that are missing. Those that an earlier command may have made are
/// there now, if the step makes them in the same way.
pub(crate) fn settle(rootfs: &mut Rootfs, path: &str, made: Directory, because: &Leans) {
    for part in ancestors(path).skip(1).chain([path]) {
        match rootfs.get(part).known {
            Known::Dir(_) => {}
            Known::Unknown(_) => {
                let Some((possible, mut leans)) = rootfs.possible(part) else { return };
                leans.merge(because);
                if possible != made || inherit_group(rootfs, part, made, &mut leans) != made {
                    return;
                }
                rootfs.settle(part, &leans);
            }
            _ => return,
        }
    }
}

/// Returns the decision that is right in each filesystem that `rootfs` stands for: `otherwise`, unless it is unknown and
/// all of them agree.
pub(crate) fn decide_in_each<T>(
    rootfs: &Rootfs,
    destination: &str,
    otherwise: (Decision, T),
    decide: impl Fn(&Rootfs) -> (Decision, T),
) -> (Decision, T) {
    if otherwise.0.verdict != Verdict::Unknown {
        return otherwise;
    }
    let states = rootfs.states(destination).into_iter().flatten();
    let agreed = states.map(|state| decide(&state).0).map(Some).reduce(|one, other| one?.if_same(&other?));
    match agreed.flatten() {
        Some(decision) => (decision, otherwise.1),
        None => otherwise,
    }
}
