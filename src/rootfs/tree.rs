//! A filesystem that is fully known, path by path: the content of a root filesystem tar or of the layers of an image.
//! It never records the source of its content.

use std::hash::BuildHasher;

use hashbrown::{DefaultHashBuilder, HashTable};

/// Mode, owner and extended attributes of a directory or file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Permission bits, including setuid, setgid and sticky: `mode & 0o7777`.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Names of the extended attributes, sorted; ACLs and labels are among them.
    pub xattrs: Box<[String]>,
}

/// The entry at a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Entry {
    /// A directory.
    Dir(Metadata),
    /// A regular file.
    File(Metadata),
    /// A symbolic link and its target as written.
    Symlink(String),
    /// A device, a FIFO or a socket.
    Other,
}

/// A filesystem.
///
/// Paths are absolute and clean, without the leading slash: `usr/bin`; the root is the empty path.
#[derive(Clone, Debug)]
pub struct Tree {
    /// The nodes; the root is the first.
    nodes: Vec<Node>,
    /// The names of the nodes, concatenated: an image has 100,000 of them, too many to allocate each.
    names: Vec<u8>,
    /// The existing nodes except the root, by parent and name.
    index: HashTable<u32>,
    hasher: DefaultHashBuilder,
    passwd: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
    /// The number of entries that the layers had which were applied to it, those that others replaced included.
    pub(super) applied: usize,
}

#[derive(Clone, Debug)]
struct Node {
    parent: u32,
    /// The start and the end of its name.
    name: (usize, usize),
    /// The last child that was made; it may be removed.
    child: u32,
    /// The previous child of the same parent; it may be removed.
    sibling: u32,
    /// `None` if it is removed.
    entry: Option<Entry>,
}

/// A directory of a [`Tree`], valid until it is replaced or removed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place(u32);

/// The root's place. As the child or sibling of a node it means none, since the root is neither.
const ROOT: u32 = 0;

impl Default for Tree {
    fn default() -> Self {
        let root = Node { parent: ROOT, name: (0, 0), child: ROOT, sibling: ROOT, entry: None };
        Self {
            nodes: vec![root],
            names: Vec::new(),
            index: HashTable::new(),
            hasher: DefaultHashBuilder::default(),
            passwd: None,
            group: None,
            applied: 0,
        }
    }
}

impl PartialEq for Tree {
    fn eq(&self, other: &Self) -> bool {
        self.listing() == other.listing() && self.passwd == other.passwd && self.group == other.group
    }
}

impl Eq for Tree {}

impl Tree {
    /// Returns the entry at `path`; `None` if there is nothing. The root is always a directory.
    pub(crate) fn get(&self, path: &str) -> Option<&Entry> {
        self.get_bytes(path.as_bytes())
    }

    /// Like [`get`](Self::get), by the bytes of a path.
    pub(super) fn get_bytes(&self, path: &[u8]) -> Option<&Entry> {
        self.node(self.find(path)?).entry.as_ref()
    }

    /// Returns true if it is empty.
    pub(crate) fn is_empty(&self) -> bool {
        self.index.is_empty() && self.node(ROOT).entry.is_none()
    }

    /// Returns every entry, in no particular order.
    pub(crate) fn entries(&self) -> impl Iterator<Item = &Entry> {
        self.nodes.iter().filter_map(|node| node.entry.as_ref())
    }

    /// Returns every path with its entry, in byte order.
    pub fn listing(&self) -> Vec<(String, &Entry)> {
        let root = self.node(ROOT).entry.as_ref().map(|entry| (String::new(), entry));
        root.into_iter().chain(self.below("")).collect()
    }

    /// Returns the paths strictly below `path`, in byte order.
    pub(crate) fn below(&self, path: &str) -> Vec<(String, &Entry)> {
        let mut found = Vec::new();
        let mut pending: Vec<(u32, String)> =
            self.find(path.as_bytes()).map(|at| (at, path.to_owned())).into_iter().collect();
        while let Some((parent, path)) = pending.pop() {
            for child in self.children(parent) {
                let Some(entry) = &self.node(child).entry else { continue };
                let name = String::from_utf8_lossy(self.name(child));
                let path = if path.is_empty() { name.into_owned() } else { format!("{path}/{name}") };
                if matches!(entry, Entry::Dir(_)) {
                    pending.push((child, path.clone()));
                }
                found.push((path, entry));
            }
        }
        found.sort_unstable_by(|(a, _), (b, _)| a.cmp(b));
        found
    }

    /// Puts `entry` at `path`. A directory over a directory keeps its content; anything else removes it.
    /// Missing parent directories are made 0755, owned by root.
    pub fn insert(&mut self, path: &str, entry: Entry) {
        if path.is_empty() {
            self.replace(ROOT, entry);
            return;
        }
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
        let parent = self.make_directory(parent.as_bytes());
        self.insert_in(parent, name.as_bytes(), entry);
    }

    /// Like [`insert`](Self::insert), at the root.
    pub(super) fn insert_root(&mut self, entry: Entry) {
        self.replace(ROOT, entry);
    }

    /// Reserves memory for this number of paths and bytes.
    pub(super) fn reserve(&mut self, paths: usize, bytes: usize) {
        let Self { nodes, names, index, hasher, .. } = self;
        index.reserve(paths, |at| {
            let node: &Node = &nodes[*at as usize];
            hash(hasher, node.parent, node.name(names))
        });
        nodes.reserve(paths);
        names.reserve(bytes);
    }

    /// Returns the place of `path`, if it is a directory.
    pub(super) fn directory(&self, path: &[u8]) -> Option<Place> {
        let at = self.find(path)?;
        matches!(self.node(at).entry, Some(Entry::Dir(_))).then_some(Place(at))
    }

    /// Returns the place of `path`, after making it and everything above it directories.
    pub(super) fn make_directory(&mut self, path: &[u8]) -> Place {
        let made = || Entry::Dir(Metadata { mode: 0o755, ..Metadata::default() });
        let mut at = Place(ROOT);
        if !matches!(self.node(ROOT).entry, Some(Entry::Dir(_))) {
            self.replace(ROOT, made());
        }
        for name in names(path) {
            at = Place(match self.child(at.0, name) {
                Some(child) if matches!(self.node(child).entry, Some(Entry::Dir(_))) => child,
                _ => self.insert_in(at, name, made()).0,
            });
        }
        at
    }

    /// Like [`insert`](Self::insert), by parent and name: a layer lists the files of a directory consecutively, and
    /// a lookup of the parent for each takes as long as everything else. Returns true if a directory was replaced.
    pub(super) fn insert_in(&mut self, Place(parent): Place, name: &[u8], entry: Entry) -> (u32, bool) {
        let hashed = hash(&self.hasher, parent, name);
        if let Some(at) = self.hashed(hashed, parent, name) {
            return (at, self.replace(at, entry));
        }
        let at = u32::try_from(self.nodes.len()).expect("memory ends before 2^32 nodes");
        let start = self.names.len();
        self.names.extend_from_slice(name);
        let sibling = std::mem::replace(&mut self.nodes[parent as usize].child, at);
        let name = (start, self.names.len());
        self.nodes.push(Node { parent, name, child: ROOT, sibling, entry: Some(entry) });
        let (nodes, names, hasher) = (&self.nodes, &self.names, &self.hasher);
        let hash = |at: u32| hash(hasher, nodes[at as usize].parent, nodes[at as usize].name(names));
        self.index.insert_unique(hashed, at, |at| hash(*at));
        (at, false)
    }

    /// Replaces the entry of a node. Returns true if a directory was replaced.
    fn replace(&mut self, at: u32, entry: Entry) -> bool {
        let stays = matches!(entry, Entry::Dir(_));
        let before = self.nodes[at as usize].entry.replace(entry);
        let gave_way = matches!(before, Some(Entry::Dir(_))) && !stays;
        if gave_way {
            self.remove_children(at);
        }
        gave_way
    }

    /// Removes `path` and everything below it, as a whiteout does.
    pub(super) fn remove(&mut self, path: &[u8]) {
        if let Some(at) = self.find(path) {
            self.remove_children(at);
            self.remove_node(at);
        }
    }

    /// Removes everything below `path`, as an opaque whiteout does.
    pub(super) fn remove_below(&mut self, path: &[u8]) {
        if let Some(at) = self.find(path) {
            self.remove_children(at);
        }
    }

    fn remove_children(&mut self, at: u32) {
        let mut pending = vec![at];
        while let Some(parent) = pending.pop() {
            let children: Vec<u32> =
                self.children(parent).filter(|child| self.node(*child).entry.is_some()).collect();
            self.nodes[parent as usize].child = ROOT;
            for child in children {
                self.remove_node(child);
                pending.push(child);
            }
        }
    }

    /// Removes a node that has no children. Its parent and siblings may still refer to it.
    fn remove_node(&mut self, at: u32) {
        self.nodes[at as usize].entry = None;
        let hash = hash(&self.hasher, self.node(at).parent, self.name(at));
        if let Ok(found) = self.index.find_entry(hash, |found| *found == at) {
            found.remove();
        }
    }

    fn node(&self, at: u32) -> &Node {
        &self.nodes[at as usize]
    }

    fn name(&self, at: u32) -> &[u8] {
        self.node(at).name(&self.names)
    }

    /// Returns the children, including the removed ones.
    fn children(&self, parent: u32) -> impl Iterator<Item = u32> {
        let there = |at: u32| (at != ROOT).then_some(at);
        std::iter::successors(there(self.node(parent).child), move |at| there(self.node(*at).sibling))
    }

    fn find(&self, path: &[u8]) -> Option<u32> {
        names(path).try_fold(ROOT, |at, name| self.child(at, name))
    }

    fn child(&self, parent: u32, name: &[u8]) -> Option<u32> {
        self.hashed(hash(&self.hasher, parent, name), parent, name)
    }

    fn hashed(&self, hash: u64, parent: u32, name: &[u8]) -> Option<u32> {
        self.index.find(hash, |at| self.node(*at).parent == parent && self.name(*at) == name).copied()
    }

    /// Returns the bytes of `/etc/passwd`, if it is a regular file and was read.
    pub fn passwd(&self) -> Option<&[u8]> {
        self.passwd.as_deref()
    }

    /// Returns the bytes of `/etc/group`, if it is a regular file and was read.
    pub fn group(&self) -> Option<&[u8]> {
        self.group.as_deref()
    }

    /// Stores the bytes of `/etc/passwd`; `None` if a later layer removes it or replaces it by something that is not a
    /// file.
    pub fn set_passwd(&mut self, bytes: Option<Vec<u8>>) {
        self.passwd = bytes;
    }

    /// Stores the bytes of `/etc/group`; `None` if a later layer removes it or replaces it by something that is not a
    /// file.
    pub fn set_group(&mut self, bytes: Option<Vec<u8>>) {
        self.group = bytes;
    }
}

impl Node {
    fn name<'a>(&self, names: &'a [u8]) -> &'a [u8] {
        &names[self.name.0..self.name.1]
    }
}

fn hash(hasher: &DefaultHashBuilder, parent: u32, name: &[u8]) -> u64 {
    hasher.hash_one((parent, name))
}

fn names(path: &[u8]) -> impl Iterator<Item = &[u8]> {
    path.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dir(mode: u32) -> Entry {
        Entry::Dir(Metadata { mode, ..Metadata::default() })
    }

    #[test]
    fn missing_ancestors_are_made_and_existing_ones_kept() {
        let mut tree = Tree::default();
        tree.insert("tmp", dir(0o1777));
        tree.insert("tmp/a/b", Entry::File(Metadata::default()));
        assert_eq!(tree.get("tmp"), Some(&dir(0o1777)));
        assert_eq!(tree.get("tmp/a"), Some(&dir(0o755)));
        assert_eq!(tree.get(""), Some(&dir(0o755)));
    }

    #[test]
    fn a_file_over_a_directory_removes_what_was_below() {
        let mut tree = Tree::default();
        tree.insert("a/b/c", Entry::Other);
        tree.insert("a-b", Entry::Other);
        tree.insert("a", Entry::Symlink("/x".into()));
        assert_eq!(tree.listing().into_iter().map(|(path, _)| path).collect::<Vec<_>>(), ["", "a", "a-b"]);
    }

    #[test]
    fn removal_takes_the_subtree_and_not_the_neighbours() {
        let mut tree = Tree::default();
        tree.insert("a/b/c", Entry::Other);
        tree.insert("a.b", Entry::Other);
        tree.remove_below(b"a");
        assert_eq!(tree.listing().into_iter().map(|(path, _)| path).collect::<Vec<_>>(), ["", "a", "a.b"]);
        tree.remove(b"a");
        assert_eq!(tree.get("a"), None);
    }
}
