//! A filesystem that is known whole, path by path: what a root filesystem tar or the layers of an image hold.
//! It never says how anybody came to know it.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry as Slot;
use std::ops::Bound;

/// Mode, owner and extended attributes of a directory or file.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Metadata {
    /// Permission bits with setuid, setgid and sticky: `mode & 0o7777`.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Names of the extended attributes, sorted; ACLs and labels are among them.
    pub xattrs: Vec<String>,
}

/// What is at a path.
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
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tree {
    entries: BTreeMap<Box<str>, Entry>,
    passwd: Option<Vec<u8>>,
    group: Option<Vec<u8>>,
}

impl Tree {
    /// What is at `path`; None where nothing is. The root is always a directory.
    pub fn get(&self, path: &str) -> Option<&Entry> {
        self.entries.get(path)
    }

    /// How many paths it has.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether it holds nothing at all.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Every path with its entry, in byte order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &Entry)> {
        self.entries.iter().map(|(path, entry)| (&**path, entry))
    }

    /// The paths strictly below `path`, in byte order.
    pub fn below<'a>(&'a self, path: &str) -> impl Iterator<Item = (&'a str, &'a Entry)> + use<'a> {
        let prefix = if path.is_empty() { String::new() } else { format!("{path}/") };
        let from = Bound::Included(prefix.clone());
        self.entries
            .range::<str, _>((from.as_ref().map(String::as_str), Bound::Unbounded))
            .take_while(move |(path, _)| path.starts_with(&prefix))
            .filter(|(path, _)| !path.is_empty())
            .map(|(path, entry)| (&**path, entry))
    }

    /// Puts `entry` at `path`. Over a directory, a directory keeps what is below; anything else removes it.
    /// Ancestors that are missing are made 0755, owned by root.
    pub fn insert(&mut self, path: &str, entry: Entry) {
        self.make_parents(path);
        self.insert_in_dir(path.into(), entry);
    }

    /// As [`insert`](Self::insert), for callers that know the parent to be a directory: a layer names the files of
    /// a directory in a row, and looking the parent up for each of them takes as long as all the rest. Says whether
    /// a directory gave way.
    pub(super) fn insert_in_dir(&mut self, path: Box<str>, entry: Entry) -> bool {
        let stays = matches!(entry, Entry::Dir(_));
        let replaced = match self.entries.entry(path) {
            Slot::Vacant(slot) => {
                slot.insert(entry);
                return false;
            }
            Slot::Occupied(mut slot) => {
                (matches!(slot.insert(entry), Entry::Dir(_)) && !stays).then(|| slot.key().clone())
            }
        };
        if let Some(path) = &replaced {
            self.remove_below(path);
        }
        replaced.is_some()
    }

    /// Goes up to the first directory that is there: all above it is directories, since nothing is ever put
    /// below anything else.
    fn make_parents(&mut self, path: &str) {
        let mut rest = path;
        while !rest.is_empty() {
            rest = rest.rsplit_once('/').map_or("", |(parent, _)| parent);
            if matches!(self.entries.get(rest), Some(Entry::Dir(_))) {
                return;
            }
            self.entries.insert(rest.into(), Entry::Dir(Metadata { mode: 0o755, ..Metadata::default() }));
        }
    }

    /// Removes `path` and all below it, as a whiteout does.
    pub fn remove(&mut self, path: &str) {
        self.remove_below(path);
        self.entries.remove(path);
    }

    /// Removes all below `path`, as an opaque whiteout does.
    pub fn remove_below(&mut self, path: &str) {
        let below: Vec<Box<str>> = self.below(path).map(|(path, _)| path.into()).collect();
        for path in below {
            self.entries.remove(&path);
        }
    }

    /// Bytes of `/etc/passwd`, where it is a regular file and was read.
    pub fn passwd(&self) -> Option<&[u8]> {
        self.passwd.as_deref()
    }

    /// Bytes of `/etc/group`, where it is a regular file and was read.
    pub fn group(&self) -> Option<&[u8]> {
        self.group.as_deref()
    }

    /// Keeps the bytes of `/etc/passwd`; None where a later layer removes or replaces it by no file.
    pub fn set_passwd(&mut self, bytes: Option<Vec<u8>>) {
        self.passwd = bytes;
    }

    /// Keeps the bytes of `/etc/group`; None where a later layer removes or replaces it by no file.
    pub fn set_group(&mut self, bytes: Option<Vec<u8>>) {
        self.group = bytes;
    }
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
        assert_eq!(tree.iter().map(|(path, _)| path).collect::<Vec<_>>(), ["", "a", "a-b"]);
    }

    #[test]
    fn removal_takes_the_subtree_and_not_the_neighbours() {
        let mut tree = Tree::default();
        tree.insert("a/b/c", Entry::Other);
        tree.insert("a.b", Entry::Other);
        tree.remove_below("a");
        assert_eq!(tree.iter().map(|(path, _)| path).collect::<Vec<_>>(), ["", "a", "a.b"]);
        tree.remove("a");
        assert_eq!(tree.get("a"), None);
    }
}
