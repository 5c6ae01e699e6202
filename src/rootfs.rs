//! Facts about a filesystem and their sources. It never decides what to do about them.
//!
//! A [`Rootfs`] is a base with changes on top. Each fact carries the assumptions that it depends on: a command
//! that ran in between "leaves `/app` alone" until the opposite is proved, and a path that a command names is
//! no longer known.
//!
//! Layers, with their whiteouts, become facts in `layers`. `verify::image::layer` reads them for another purpose: all that
//! a layer holds, to compare two images.

mod account_file;
mod accounts;
mod assumption;
pub(crate) mod built;
mod change;
mod computed;
mod disturbance;
pub(crate) mod facts;
mod image;
pub(crate) mod layers;
mod leans;
mod limits;
mod log;
mod mount;
mod possible;
pub(crate) mod profile;
pub(crate) mod tree;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, OnceLock};

pub use account_file::{Account, AccountEntry};
pub(crate) use accounts::UserIds;
pub(crate) use assumption::{Assumption, Sentence};
pub(crate) use change::Moment;
pub(crate) use disturbance::{Disturbance, Reach};
pub use image::ImageFilesystem;
pub(crate) use leans::Leans;
pub(crate) use mount::Saved;
pub use tree::{Entry, Metadata, Tree};

use crate::budget::{long_path, spend};
use crate::shell::Mention;
use crate::text::path::{ancestors, base_name};
use accounts::Accounts;
use built::BuiltImage;
use computed::Computed;
use limits::Limits;
use log::Log;
use profile::ProfiledImage;

/// The directories of a base image whose programs are what their names say.
pub(crate) const SYSTEM_DIRECTORIES: [&str; 4] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];

/// Returns true if a path is in one of the [`SYSTEM_DIRECTORIES`].
fn is_of_system(path: &str) -> bool {
    path.rsplit_once('/').is_some_and(|(directory, _)| SYSTEM_DIRECTORIES.contains(&directory))
}

/// The known metadata of a directory. A field is `None` if it is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Directory {
    /// Permission bits, including setuid, setgid and sticky.
    pub mode: Option<u32>,
    /// Numeric owner and group.
    pub owner: Option<(u32, u32)>,
    /// True if it has extended attributes.
    pub xattrs: Option<bool>,
}

impl Directory {
    /// Returns a directory as BuildKit makes one for a copy: 0755, without extended attributes.
    pub(crate) fn made_by(owner: Option<(u32, u32)>) -> Self {
        Self { mode: Some(0o755), owner, xattrs: Some(false) }
    }
}

/// The known state of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Known {
    /// Nothing is there.
    Absent,
    /// A directory.
    Dir(Directory),
    /// A regular file.
    File,
    /// A symbolic link, with its target as written.
    Symlink(String),
    /// A device, a FIFO or a socket.
    Other,
    /// Unknown, with the reason.
    Unknown(Arc<str>),
}

/// The known state of a path, and its assumptions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fact {
    /// The state.
    pub known: Known,
    /// The assumptions that the state depends on.
    pub leans: Leans,
}

/// The content of a directory below a change, for paths without a change of their own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Below {
    /// The same as before the change.
    Inherited,
    /// Empty.
    Nothing,
    /// Unknown, with the reason.
    Unknown(Arc<str>),
}

/// The known content of a directory.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    /// Each path relative to the directory, with its state, in byte order.
    pub entries: Vec<(String, Known)>,
    /// The assumptions that the listing depends on.
    pub leans: Leans,
    /// The reason why there may be more; `None` if this is all.
    pub incomplete: Option<Arc<str>>,
}

/// The filesystem that a stage starts from.
#[derive(Clone, Debug)]
pub(crate) enum Base {
    /// `scratch`: empty.
    Scratch,
    /// The filesystem of an image that was read.
    Image {
        /// The filesystem.
        filesystem: Arc<ImageFilesystem>,
        /// The assumptions that all of it depends on.
        leans: Leans,
    },
    /// A filesystem that is known in part, by the family of its image. Every fact is an assumption.
    Profile(Arc<ProfiledImage>),
    /// The result of another Dockerfile of the repository. Every fact is an assumption.
    Built(Arc<BuiltImage>),
    /// Unknown, with the reason.
    Unknown(Arc<str>),
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Node {
    known: Known,
    /// The assumptions of `known`.
    leans: Leans,
    below: Below,
    /// The assumptions of `below`.
    beneath: Leans,
    /// The number of disturbances before this became known.
    since: usize,
    /// The number of changes of the filesystem, including this one.
    stamp: usize,
    /// The same two numbers for `below`, which a later change of the directory alone keeps.
    content: Moment,
    /// Of an unknown path: the directory that it is unless it is absent.
    possible: Option<Box<Directory>>,
}

impl Node {
    fn has_xattrs(&self) -> bool {
        matches!(self.known, Known::Dir(directory) if directory.xattrs != Some(false))
    }
}

/// The known state of a filesystem.
///
/// Paths are absolute and clean: `/usr/bin`, the root is `/`.
#[derive(Debug)]
pub struct Rootfs {
    base: Base,
    nodes: BTreeMap<String, Node>,
    disturbances: Log,
    /// The number of changes.
    changes: usize,
    accounts: Accounts,
    limits: Limits,
    /// The number of nodes that may have extended attributes.
    with_xattrs: usize,
    /// True if a directory of the base has some, or the reason why that is not known; found out when first asked.
    base_xattrs: OnceLock<Result<bool, Arc<str>>>,
    computed: Computed,
}

impl Rootfs {
    /// Returns a filesystem without changes.
    pub(crate) fn new(base: Base) -> Self {
        Self {
            base,
            nodes: BTreeMap::new(),
            disturbances: Log::default(),
            changes: 0,
            accounts: Accounts::default(),
            limits: Limits::default(),
            with_xattrs: 0,
            base_xattrs: OnceLock::new(),
            computed: Computed::default(),
        }
    }

    fn undisturbed(&self, path: &str) -> (Fact, usize) {
        if let Some(node) = self.nodes.get(path) {
            return (Fact { known: node.known.clone(), leans: node.leans.clone() }, node.since);
        }
        let mut inherited = Leans::default();
        for ancestor in ancestors(path).rev() {
            spend(1 + long_path(ancestor.len()));
            let Some(node) = self.nodes.get(ancestor) else { continue };
            inherited.merge(&node.beneath);
            let known = match (&node.known, &node.below) {
                (Known::Dir(_) | Known::Unknown(_), Below::Inherited) => continue,
                (Known::Unknown(why), _) | (Known::Dir(_), Below::Unknown(why)) => {
                    Known::Unknown(Arc::clone(why))
                }
                _ => Known::Absent,
            };
            return (Fact { known, leans: inherited }, node.content.disturbances);
        }
        let mut fact = self.base.get(path);
        fact.leans.merge(&inherited);
        (fact, 0)
    }

    /// Returns everything that is known to be below `path`, in byte order.
    pub fn below(&self, path: &str) -> Listing {
        let mut listing = Listing::default();
        let prefix = if path == "/" { String::from("/") } else { format!("{path}/") };
        let mut paths: BTreeSet<String> = self.changed_below(path).map(|(at, _)| at.clone()).collect();
        match &self.base {
            Base::Image { filesystem: image, .. } => {
                if !self.hides_base(path) {
                    paths.extend(image.below(path));
                }
            }
            Base::Profile(image) => paths.extend(image.below(&prefix).map(str::to_owned)),
            Base::Built(image) => {
                let built = image.below(path);
                paths.extend(built.entries.iter().map(|(at, _)| format!("{prefix}{at}")));
                listing.leans = built.leans;
            }
            Base::Scratch | Base::Unknown(_) => {}
        }
        paths.remove("/");
        spend(paths.len());
        let mut because = Vec::new();
        for at in paths {
            let fact = self.get(&at);
            if fact.known != Known::Absent {
                listing.entries.push((at.strip_prefix(&prefix).unwrap_or(&at).to_owned(), fact.known));
                because.push(fact.leans);
            }
        }
        listing.leans.merge_all(&because);
        listing.incomplete = self.why_incomplete(path, &prefix);
        for disturbance in self.disturbances.since(0) {
            if let Reach::Assumed(assumption) = &disturbance.reach {
                listing.leans.add(Arc::clone(assumption));
            }
        }
        if let Some(run) = self.disturbances.adds_nothing_below(path) {
            listing.leans.add_run(run);
        }
        listing
    }

    /// Returns the reason why more may be below `path` than [`below`](Self::below) lists.
    fn why_incomplete(&self, path: &str, prefix: &str) -> Option<Arc<str>> {
        let writes = |disturbance: &&Disturbance| {
            !matches!(disturbance.reach, Reach::Prunes(_))
                && matches!(disturbance.mention(path), Mention::Maybe | Mention::Grows | Mention::Certain(_))
        };
        if let Some(by) = self.disturbances.since(0).find(writes) {
            return Some(format!("`{}` (line {}) may write there", by.command, by.line).into());
        }
        if let Some(why) = self.limits.why_incomplete() {
            return Some(why);
        }
        let inside = self.nodes.range(prefix.to_owned()..).take_while(|(at, _)| at.starts_with(prefix));
        let inside = self.nodes.get_key_value(path).into_iter().chain(inside);
        let above = ancestors(path).filter_map(|at| self.nodes.get_key_value(at));
        for (_, node) in inside.chain(above) {
            if let Below::Unknown(why) = &node.below {
                return Some(Arc::clone(why));
            }
        }
        match (&self.base, self.hides_base(path)) {
            (Base::Unknown(why), false) => Some(Arc::clone(why)),
            (Base::Image { filesystem: image, .. }, false) => image.why_incomplete(path),
            (Base::Profile(image), false) => Some(image.why_incomplete()),
            (Base::Built(image), false) => image.below(path).incomplete,
            _ => None,
        }
    }

    /// Returns true if nothing of the base is visible below `path`.
    fn hides_base(&self, path: &str) -> bool {
        let mut on_the_way = ancestors(path).chain([path]).filter_map(|at| self.nodes.get(at));
        on_the_way.any(|node| node.below != Below::Inherited)
    }

    /// Returns the commands that may have changed something below a directory since all of it was known.
    pub(crate) fn disturbances_below(&self, path: &str) -> impl Iterator<Item = &Disturbance> {
        let on_the_way = ancestors(path).chain([path]).filter_map(|at| self.nodes.get(at));
        let since = on_the_way
            .filter(|node| node.below != Below::Inherited)
            .map(|node| node.content.disturbances)
            .max();
        let later = self.disturbances.since(since.unwrap_or_default());
        later.filter(|disturbance| disturbance.mention(path) != Mention::No)
    }

    /// Returns the assumption about `path` that commands so far rest on.
    pub(crate) fn assumed(&self, path: &str) -> Option<Arc<Assumption>> {
        self.disturbances.since(0).find_map(|disturbance| match &disturbance.reach {
            Reach::Assumed(assumption) if *assumption.path == *path => Some(Arc::clone(assumption)),
            _ => None,
        })
    }

    /// Records a command whose effect is not known for certain.
    pub(crate) fn disturb(&mut self, disturbance: Disturbance) {
        self.disturbances.push(disturbance);
    }

    /// Returns true if these are no more assumptions than every fact of this filesystem has.
    pub(crate) fn is_as_certain_as_all(&self, leans: &Leans) -> bool {
        match &self.base {
            Base::Profile(image) => leans.is_at_most(image.whole()),
            _ => leans.is_empty(),
        }
    }

    /// Returns true if any directory is known to have extended attributes, or the reason why a base that was read may have
    /// one.
    pub(crate) fn has_xattrs(&self) -> Result<bool, Arc<str>> {
        let in_base = || match &self.base {
            Base::Image { filesystem: image, .. } => image.has_xattrs(),
            Base::Built(image) => image.has_xattrs(),
            Base::Scratch | Base::Unknown(_) | Base::Profile(_) => Ok(false),
        };
        if self.with_xattrs > 0 { Ok(true) } else { self.base_xattrs.get_or_init(in_base).clone() }
    }

    /// Returns true if a program of this name may be in another directory than the [`SYSTEM_DIRECTORIES`].
    pub(crate) fn may_have_other_program(&self, name: &str) -> bool {
        spend(self.nodes.len());
        let may_be = |(at, node): (&String, &Node)| {
            let is_there = node.stamp > 0 && !matches!(node.known, Known::Absent | Known::Dir(_));
            matches!(node.below, Below::Unknown(_)) || is_there && base_name(at) == name && !is_of_system(at)
        };
        let may_write =
            |disturbance: &Disturbance| !matches!(disturbance.reach, Reach::Prunes(_) | Reach::Assumed(_));
        self.limits.why_incomplete().is_some()
            || self.disturbances.since(0).any(may_write)
            || self.nodes.iter().any(may_be)
            || match &self.base {
                Base::Scratch => false,
                Base::Image { filesystem: image, .. } => image.has_other_program(name) != Some(false),
                Base::Built(image) => image.may_have_other_program(name),
                Base::Profile(_) | Base::Unknown(_) => true,
            }
    }

    /// Returns an account of the base, if nothing is known to have changed the file that holds it, with the assumptions.
    pub fn account(&self, account: &Account) -> Option<(AccountEntry, Leans)> {
        let path = account.file();
        if self.nodes.contains_key(path)
            || self.nodes.get("/etc").is_some_and(|etc| etc.below != Below::Inherited)
        {
            return None;
        }
        let fact = self.get(path);
        (fact.known == Known::File).then_some(())?;
        match &self.base {
            Base::Image { filesystem: image, .. } => Some((image.account(account)?, fact.leans)),
            Base::Built(image) => {
                let (entry, mut leans) = image.account(account)?;
                leans.merge(&fact.leans);
                Some((entry, leans))
            }
            Base::Scratch | Base::Unknown(_) | Base::Profile(_) => None,
        }
    }
}

impl Base {
    fn get(&self, path: &str) -> Fact {
        match self {
            Base::Scratch => Fact { known: scratch(path), leans: Leans::default() },
            Base::Unknown(why) => Fact { known: Known::Unknown(Arc::clone(why)), leans: Leans::default() },
            Base::Profile(image) => image.get(path),
            Base::Built(image) => image.get(path),
            Base::Image { filesystem: image, leans } => {
                // Mode and owner of the root are in no layer that BuildKit creates, and it never takes those of a base
                // over: Docker 26.1.5 and 28.5.2.
                let known = if path == "/" { scratch(path) } else { image.get(path) };
                Fact { known, leans: leans.clone() }
            }
        }
    }
}

/// The filesystem of `scratch`, which has only its root.
fn scratch(path: &str) -> Known {
    if path == "/" { Known::Dir(Directory::made_by(Some((0, 0)))) } else { Known::Absent }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir() -> Known {
        Known::Dir(Directory::made_by(Some((0, 0))))
    }

    fn set(rootfs: &mut Rootfs, path: &str, known: Known, below: Below) {
        rootfs.set(path, known, &Leans::default(), below);
    }

    #[test]
    fn a_new_directory_is_empty_and_an_old_one_keeps_what_it_holds() {
        let mut rootfs = Rootfs::new(Base::Unknown("no rootfs".into()));
        assert!(matches!(rootfs.get("/a/b").known, Known::Unknown(_)));
        set(&mut rootfs, "/a", dir(), Below::Nothing);
        assert_eq!(rootfs.get("/a/b").known, Known::Absent);
        set(&mut rootfs, "/a/b", Known::File, Below::Nothing);
        set(&mut rootfs, "/a", dir(), Below::Inherited);
        assert_eq!(rootfs.get("/a/b").known, Known::File);
        set(&mut rootfs, "/a", Known::Absent, Below::Nothing);
        assert_eq!(rootfs.get("/a/b").known, Known::Absent);
    }

    #[test]
    fn a_command_leaves_alone_what_it_does_not_name_and_that_is_an_assumption() {
        let mut rootfs = Rootfs::new(Base::Scratch);
        set(&mut rootfs, "/app", dir(), Below::Nothing);
        let reach = Reach::Names(vec!["/srv/x".into()]);
        rootfs.disturb(Disturbance::new("make install", 9, reach));
        let fact = rootfs.get("/app");
        assert_eq!(fact.known, dir());
        let said: Vec<String> = fact.leans.sorted().iter().map(ToString::to_string).collect();
        assert_eq!(said, ["`make install` (line 9) leaves /app alone"]);
        assert!(matches!(rootfs.get("/srv").known, Known::Unknown(_)), "it may have been created");
        assert!(matches!(rootfs.get("/srv/x/y").known, Known::Unknown(_)), "it is named");
        rootfs.merge_directory("/app", Directory::made_by(Some((0, 0))), &Leans::default());
        assert!(rootfs.get("/app").leans.is_empty(), "what is set later is certain");
    }

    #[test]
    fn accounts_are_read_from_the_base_until_something_replaces_them() {
        let mut tree = Tree::default();
        tree.insert("etc/passwd", Entry::File(Metadata::default()));
        tree.set_passwd(Some(b"app:x:1:2::/:/bin/sh\n".to_vec()));
        let mut rootfs =
            Rootfs::new(Base::Image { filesystem: Arc::new(tree.into()), leans: Leans::default() });
        let app = AccountEntry::Numbers { id: Some(1), gid: Some(2) };
        let user = |name: &str| Account::User(name.into());
        assert_eq!(rootfs.account(&user("app")), Some((app, Leans::default())));
        assert_eq!(rootfs.account(&user("other")), Some((AccountEntry::Missing, Leans::default())));
        assert_eq!(rootfs.account(&Account::Group("app".into())), None);
        let reach = Reach::Names(vec!["/etc/passwd".into()]);
        rootfs.disturb(Disturbance::new("useradd app", 2, reach));
        assert_eq!(rootfs.account(&user("app")), None);
    }
}
