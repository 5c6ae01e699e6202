//! Changes of a filesystem. None of them drops an assumption: a change adds the assumptions of what it was applied to,
//! unless its result is the same whatever was there. It never decides what an instruction does.

use std::ops::Bound;
use std::sync::Arc;

use super::accounts::Accounts;
use super::{Below, Directory, Disturbance, Known, Leans, Node, Rootfs};
use crate::budget::{self, spend};
use crate::shell::Mention;
use crate::text::path::ancestors;

/// A moment between two changes of a filesystem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Moment {
    changes: usize,
    pub(super) disturbances: usize,
}

impl Rootfs {
    /// Sets the state of `path` from now on, and the state below it for paths without a change of their own.
    ///
    /// Earlier changes below it are dropped unless `below` is [`Below::Inherited`]. The result depends on what was
    /// there, so its assumptions are added to those in `because`.
    pub(crate) fn set(&mut self, path: &str, known: Known, because: &Leans, below: Below) {
        let mut leans = self.get(path).leans;
        leans.merge(because);
        let beneath = leans.clone();
        self.insert(path, self.node(known, leans, below, beneath));
    }

    /// Replaces `path`, whatever was there, with something that is not a directory. `because` holds the assumptions
    /// under which it is replaced.
    pub(crate) fn replace(&mut self, path: &str, known: Known, because: &Leans) {
        let (leans, beneath) = (because.clone(), because.clone());
        let below = match &known {
            Known::Unknown(why) => Below::Unknown(Arc::clone(why)),
            _ => Below::Nothing,
        };
        self.insert(path, self.node(known, leans, below, beneath));
    }

    /// Merges a directory over `path`: mode, owner and extended attributes are the new ones whatever was there, and a
    /// directory that was there keeps its content.
    pub(crate) fn merge_directory(&mut self, path: &str, directory: Directory, because: &Leans) {
        let there = self.get(path);
        let below = match there.known {
            Known::Dir(_) => Below::Inherited,
            Known::Unknown(why) => Below::Unknown(why),
            Known::Absent | Known::File | Known::Symlink(_) | Known::Other => Below::Nothing,
        };
        let mut beneath = there.leans;
        beneath.merge(because);
        let leans = because.clone();
        let known = Known::Dir(directory);
        self.insert(path, self.node(known, leans, below, beneath));
    }

    /// Returns a node of this moment.
    fn node(&self, known: Known, leans: Leans, below: Below, beneath: Leans) -> Node {
        let content = self.now();
        Node { known, leans, below, beneath, since: content.disturbances, stamp: 0, content, possible: None }
    }

    /// Forgets mode and owner of the root: they are in no layer, so the next step starts with those of a new directory.
    pub(crate) fn reset_root(&mut self) {
        let root = Directory::made_by(Some((0, 0)));
        if matches!(self.get("/").known, Known::Dir(directory) if directory != root) {
            self.set("/", Known::Dir(root), &Leans::default(), Below::Inherited);
        }
    }

    /// Returns the present moment, to ask later if a path was changed since.
    pub(crate) fn now(&self) -> Moment {
        Moment { changes: self.changes, disturbances: self.disturbances.len() }
    }

    /// Returns true if a step has set the path itself.
    pub(crate) fn is_changed(&self, path: &str) -> bool {
        self.nodes.get(path).is_some_and(|node| node.stamp > 0)
    }

    /// Returns true if a step since `moment` has set, replaced or removed a path, or may have done so because it names
    /// the path.
    pub(crate) fn is_set_since(&self, path: &str, moment: Moment) -> bool {
        let is_later = |node: &Node| node.stamp > moment.changes;
        let names = |disturbance: &Disturbance| {
            matches!(disturbance.mention(path), Mention::Maybe | Mention::Certain(_))
        };
        self.nodes.get(path).is_some_and(is_later)
            || ancestors(path).any(|above| self.has_other_content(above, moment))
            || self.disturbances.since(moment.disturbances).any(names)
    }

    /// Returns true if a step since `moment` has replaced or removed a directory, or one above it: a process that was in it
    /// is no longer there.
    pub(crate) fn is_gone_since(&self, directory: &str, moment: Moment) -> bool {
        ancestors(directory).chain([directory]).any(|at| self.has_other_content(at, moment))
    }

    fn has_other_content(&self, path: &str, moment: Moment) -> bool {
        let is_other = |node: &Node| node.content.changes > moment.changes && node.below != Below::Inherited;
        self.nodes.get(path).is_some_and(is_other)
    }

    /// Gives a path an entry of its own without a change, so that commands that affect everything known below a
    /// directory find it.
    pub(crate) fn list(&mut self, path: &str) {
        let stamp = self.nodes.get(path).map_or(0, |node| node.stamp);
        let known = self.get(path).known;
        let changes = self.changes;
        self.set(path, known, &Leans::default(), Below::Inherited);
        self.changes = changes;
        if let Some(node) = self.nodes.get_mut(path) {
            node.stamp = stamp;
        }
    }

    /// Stores what is known of `path`. A path that is too long, or one too many, is not stored: it is unknown, and so is
    /// everything below the directory that would hold it.
    fn insert(&mut self, path: &str, mut node: Node) {
        if !self.limits.admit(path, self.nodes.len()) {
            // Nothing is known of any path once there are too many.
            if self.limits.is_full() {
                self.nodes.clear();
                self.computed.clear();
                self.with_xattrs = 0;
            }
            return;
        }
        self.changes += 1;
        node.stamp = self.changes;
        if node.known != Known::Absent {
            self.doubt_parent(path);
        }
        if node.below != Below::Inherited {
            self.forget_below(path);
        }
        if Accounts::end_with(path, &node.known, &node.below) {
            self.accounts = Accounts::default();
        }
        node.content = self.now();
        if let (Below::Inherited, Some(before)) = (&node.below, self.nodes.get(path))
            && before.below != Below::Inherited
        {
            // Another mode or owner leaves the content as it was: new, or unknown.
            node.below = before.below.clone();
            node.content = before.content;
            node.beneath.merge(&before.beneath);
        }
        self.put(path.to_owned(), node);
    }

    pub(super) fn put(&mut self, path: String, node: Node) {
        spend(budget::STORED + budget::long_path(path.len()));
        self.computed.forget(&path);
        self.with_xattrs += usize::from(node.has_xattrs());
        let replaced = self.nodes.insert(path, node);
        self.with_xattrs -= usize::from(replaced.is_some_and(|node| node.has_xattrs()));
    }

    pub(super) fn take(&mut self, path: &str) {
        self.computed.forget(path);
        let removed = self.nodes.remove(path);
        self.with_xattrs -= usize::from(removed.is_some_and(|node| node.has_xattrs()));
    }

    /// Makes the parent of a path that is there unknown, if nothing can be below it: either the path or its parent is
    /// not as it seems.
    fn doubt_parent(&mut self, path: &str) {
        let Some(parent) = ancestors(path).next_back() else { return };
        // Few parents are not directories, and only for them are the disturbances examined.
        if matches!(self.undisturbed(parent).0.known, Known::Dir(_)) {
            return;
        }
        let fact = self.get(parent);
        if matches!(fact.known, Known::Dir(_) | Known::Unknown(_)) {
            return;
        }
        let parent = parent.to_owned();
        let why: Arc<str> = format!("something was written to {path}").into();
        self.set(&parent, Known::Unknown(Arc::clone(&why)), &Leans::default(), Below::Unknown(why));
    }

    pub(super) fn forget_below(&mut self, path: &str) {
        let gone: Vec<String> = self.changed_below(path).map(|(at, _)| at.clone()).collect();
        spend(gone.len());
        for at in gone {
            self.take(&at);
        }
    }

    /// Returns the changed paths strictly below `path`, in byte order.
    pub(super) fn changed_below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a String, &'a Node)> {
        let is_root = path == "/";
        let prefix = if is_root { "/".to_owned() } else { [path, "/"].concat() };
        let from = self.nodes.range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded));
        from.take_while(move |(at, _)| at.starts_with(&prefix)).filter(move |(at, _)| !is_root || *at != "/")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rootfs::{Assumption, Base, Entry, Metadata, Reach, Tree};

    fn dir() -> Known {
        Known::Dir(Directory::made_by(Some((0, 0))))
    }

    fn after_make() -> Rootfs {
        let mut rootfs = Rootfs::new(Base::Scratch);
        rootfs.set("/a", dir(), &Leans::default(), Below::Nothing);
        rootfs.disturb(Disturbance::new("make", 2, Reach::Names(Vec::new())));
        rootfs
    }

    fn said(rootfs: &Rootfs, path: &str) -> Vec<String> {
        rootfs.get(path).leans.sorted().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn another_mode_leaves_the_content_as_it_was() {
        let private = Known::Dir(Directory { mode: Some(0o700), ..Directory::made_by(Some((0, 0))) });
        let mut tree = Tree::default();
        for path in ["new", "unknown", "named"] {
            tree.insert(path, Entry::Dir(Metadata::default()));
            tree.insert(&format!("{path}/f"), Entry::File(Metadata::default()));
        }
        let mut rootfs =
            Rootfs::new(Base::Image { filesystem: Arc::new(tree.into()), leans: Leans::default() });
        let none = Leans::default();
        rootfs.set("/new", dir(), &none, Below::Nothing);
        rootfs.set("/unknown", dir(), &none, Below::Unknown("it was cloned".into()));
        rootfs.set("/named", dir(), &none, Below::Nothing);
        rootfs.disturb(Disturbance::new("foo", 2, Reach::Names(vec!["/named/f".to_owned()])));
        for path in ["/new", "/unknown", "/named"] {
            rootfs.set(path, private.clone(), &none, Below::Inherited);
        }
        assert_eq!(rootfs.get("/new/f").known, Known::Absent);
        assert!(matches!(rootfs.get("/unknown/f").known, Known::Unknown(_)));
        assert!(matches!(rootfs.get("/named/f").known, Known::Unknown(_)));
    }

    #[test]
    fn a_change_keeps_the_assumptions_of_what_it_was_applied_to() {
        let mut rootfs = after_make();
        rootfs.set("/a", dir(), &Leans::default(), Below::Inherited);
        assert_eq!(said(&rootfs, "/a"), ["`make` (line 2) leaves /a alone"]);
        let mut because = Leans::default();
        because.add(Arc::new(Assumption::new(3, "/a", "it is there")));
        rootfs.set("/a", Known::File, &because, Below::Nothing);
        assert_eq!(said(&rootfs, "/a"), ["`make` (line 2) leaves /a alone", "it is there"]);
        assert_eq!(said(&rootfs, "/a/b").len(), 2, "nothing is below it under the same assumptions");
    }

    #[test]
    fn what_is_replaced_whatever_was_there_is_certain() {
        let mut rootfs = after_make();
        rootfs.replace("/a", Known::Absent, &Leans::default());
        assert!(said(&rootfs, "/a").is_empty() && said(&rootfs, "/a/b").is_empty());
    }

    #[test]
    fn the_content_of_a_merged_directory_is_as_certain_as_what_was_there() {
        let mut rootfs = after_make();
        rootfs.merge_directory("/n", Directory::made_by(Some((0, 0))), &Leans::default());
        assert!(said(&rootfs, "/n").is_empty(), "a linked copy sets it");
        assert_eq!(said(&rootfs, "/n/b"), ["`make` (line 2) leaves /n absent"]);
    }

    #[test]
    fn what_was_set_since_a_moment_is_told() {
        let mut rootfs = after_make();
        rootfs.set("/a/b", dir(), &Leans::default(), Below::Nothing);
        let now = rootfs.now();
        assert!(!rootfs.is_set_since("/a/b", now));
        rootfs.list("/a/b");
        rootfs.set("/a", dir(), &Leans::default(), Below::Inherited);
        assert!(!rootfs.is_set_since("/a/b", now) && rootfs.is_set_since("/a", now));
        rootfs.set("/a/b", dir(), &Leans::default(), Below::Inherited);
        assert!(rootfs.is_set_since("/a/b", now));
        let now = rootfs.now();
        rootfs.replace("/a", Known::Absent, &Leans::default());
        assert!(rootfs.is_set_since("/a/b", now));
        rootfs.disturb(Disturbance::new("x", 5, Reach::Names(vec!["/q".into()])));
        assert!(rootfs.is_set_since("/q/r", now) && !rootfs.is_set_since("/r", now));
    }

    #[test]
    fn nothing_is_below_an_absent_path() {
        let mut rootfs = Rootfs::new(Base::Scratch);
        rootfs.set("/a/b/c", Known::File, &Leans::default(), Below::Nothing);
        for path in ["/a", "/a/b", "/a/x"] {
            assert!(matches!(rootfs.get(path).known, Known::Unknown(_)), "{path}");
        }
        assert_eq!(rootfs.get("/a/b/c").known, Known::File);
        assert_eq!(rootfs.get("/b").known, Known::Absent);
        rootfs.set("/q/r", Known::Absent, &Leans::default(), Below::Nothing);
        assert_eq!(rootfs.get("/q").known, Known::Absent);
    }
}
