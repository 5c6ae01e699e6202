//! Destinations of COPY and ADD: paths as BuildKit computes them. It never looks at a filesystem by itself.

use std::sync::Arc;

use crate::rootfs::{Fact, Known, Leans, Rootfs};
use crate::text::path::{clean, join};

/// The number of symbolic links that are followed before a path counts as a loop; containerd's `fs.RootPath` stops at
/// 255.
const LINK_LIMIT: usize = 255;

/// A destination after expansion.
///
/// `dockerfile2llb.pathRelativeToWorkingDir` and `file.cleanPath`: cleaned, and joined to WORKDIR if it is relative. It
/// is slashed if it ends with a slash or `/.`, or if it is exactly `.` or empty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Destination {
    /// The absolute, clean path.
    pub(crate) path: String,
    /// True if it names a directory, whatever exists there.
    pub(crate) slashed: bool,
}

impl Destination {
    /// Reads an expanded destination. `None` if it is relative and `workdir` is not known.
    pub(crate) fn new(expanded: &str, workdir: Option<&str>) -> Option<Self> {
        let slashed =
            expanded.is_empty() || expanded == "." || expanded.ends_with('/') || expanded.ends_with("/.");
        let path = if expanded.starts_with('/') { clean(expanded) } else { join(workdir?, expanded) };
        let slashed = slashed || path == "/";
        Some(Self { path, slashed })
    }
}

/// A path with every symbolic link followed, including the last component.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Followed {
    /// The real path, with the fact that is known of it.
    At(String, Fact),
    /// The path cannot be followed, because a component is not known.
    Unknown(Arc<str>),
}

/// Follows `path` in `rootfs`, as containerd's `fs.RootPath` does: links are resolved within the root, and the rest of
/// a path below an absent path or a file is not changed.
pub(crate) fn follow(rootfs: &Rootfs, path: &str) -> Followed {
    follow_through(rootfs, path, &mut Vec::new())
}

/// Like [`follow`], and adds the path of each link that it follows to `passed`.
pub(crate) fn follow_through(rootfs: &Rootfs, path: &str, passed: &mut Vec<String>) -> Followed {
    let mut leans = Leans::default();
    let mut real = String::from("/");
    // The state of `real`, if it was asked for.
    let mut there = None;
    let mut rest: Vec<String> =
        path.split('/').rev().filter(|part| !part.is_empty()).map(str::to_owned).collect();
    while let Some(part) = rest.pop() {
        let next = join(&real, &part);
        let fact = rootfs.get(&next);
        leans.merge(&fact.leans);
        match fact.known {
            Known::Unknown(why) => return Followed::Unknown(why),
            Known::Symlink(target) => {
                passed.push(next);
                if passed.len() > LINK_LIMIT {
                    return Followed::Unknown(format!("{path} is a loop of symbolic links").into());
                }
                if target.starts_with('/') {
                    (real, there) = (String::from("/"), None);
                }
                rest.extend(target.split('/').rev().filter(|part| !part.is_empty()).map(str::to_owned));
            }
            known => (real, there) = (next, Some(known)),
        }
    }
    let known = there.unwrap_or_else(|| {
        let fact = rootfs.get(&real);
        leans.merge(&fact.leans);
        fact.known
    });
    Followed::At(real, Fact { known, leans })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rootfs::{Base, Entry, Metadata, Tree};

    fn destination(expanded: &str) -> (String, bool) {
        let found = Destination::new(expanded, Some("/w/x")).expect("the WORKDIR is known");
        (found.path, found.slashed)
    }

    #[test]
    fn destinations_are_cleaned_and_keep_their_slash() {
        assert_eq!(destination("/opt//a/../b"), ("/opt/b".into(), false));
        assert_eq!(destination("/opt/b/"), ("/opt/b".into(), true));
        assert_eq!(destination("/opt/b/."), ("/opt/b".into(), true));
        assert_eq!(destination("."), ("/w/x".into(), true));
        assert_eq!(destination(""), ("/w/x".into(), true));
        assert_eq!(destination(".."), ("/w".into(), false));
        assert_eq!(destination("sub"), ("/w/x/sub".into(), false));
        assert_eq!(destination("sub/"), ("/w/x/sub".into(), true));
        assert_eq!(destination("/"), ("/".into(), true));
        assert_eq!(destination("../../../.."), ("/".into(), true));
        assert_eq!(Destination::new("sub", None), None);
        assert!(Destination::new("/sub", None).is_some());
    }

    #[test]
    fn links_are_followed_within_the_root() {
        let mut tree = Tree::default();
        tree.insert("usr/bin", Entry::Dir(Metadata::default()));
        tree.insert("bin", Entry::Symlink("usr/bin".into()));
        tree.insert("up", Entry::Symlink("../../usr".into()));
        tree.insert("loop", Entry::Symlink("/loop".into()));
        let rootfs = Rootfs::new(Base::Image { filesystem: Arc::new(tree.into()), leans: Leans::default() });
        let real = |path| match follow(&rootfs, path) {
            Followed::At(real, _) => real,
            Followed::Unknown(why) => format!("unknown: {why}"),
        };
        assert_eq!(real("/bin/sh"), "/usr/bin/sh");
        assert_eq!(real("/up/bin"), "/usr/bin");
        assert_eq!(real("/new/dir"), "/new/dir");
        assert_eq!(real("/loop/x"), "unknown: /loop/x is a loop of symbolic links");
    }
}
