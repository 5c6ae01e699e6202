//! Applies a layer, the upper directory of an overlay, to a [`Tree`]. It never reads a tar itself.

use std::borrow::Cow;

use super::overlay::{Filesystem, Overlay, PathKind, Written, split};
use super::{GROUP, Layer, LayerError, PASSWD, What};
use crate::rootfs::tree::{Entry, Metadata, Place, Tree};

/// Applies the parts of one layer to a tree.
pub(super) fn apply(tree: &mut Tree, parts: Vec<Layer>) -> Result<(), LayerError> {
    let mut upper = Upper { tree, parent: None };
    let mut overlay = Overlay::over(&mut upper);
    for path in parts.iter().flat_map(|part| &part.removed) {
        overlay.remove(path.as_bytes());
    }
    for path in parts.iter().flat_map(|part| &part.opaque) {
        overlay.remove_below(path.as_bytes());
    }
    for mut part in parts {
        // Only the name of each path is kept.
        overlay.files.tree.reserve(part.writes.len(), part.paths.len() / 2);
        let mut start = 0;
        for (index, write) in part.writes.into_iter().enumerate() {
            let path = &part.paths.as_bytes()[start..write.end];
            start = write.end;
            let what = match write.what {
                What::Entry(entry) => Written::Entry(entry),
                What::Link(ref target) => Written::Link(target.as_bytes()),
            };
            let path = overlay.write(path, what, write.offset)?;
            let content = part.contents.remove(&index);
            match path.as_ref() {
                PASSWD => overlay.files.tree.set_passwd(content),
                GROUP => overlay.files.tree.set_group(content),
                _ => {}
            }
        }
    }
    for (path, set) in [(PASSWD, Tree::set_passwd as fn(&mut Tree, _)), (GROUP, Tree::set_group)] {
        if !matches!(tree.get_bytes(path), Some(Entry::File(_))) {
            set(tree, None);
        }
    }
    Ok(())
}

/// A tree that a layer is applied to.
struct Upper<'t> {
    tree: &'t mut Tree,
    /// The last directory that was looked up, while it is certainly one: the members of a directory are consecutive.
    parent: Option<(Vec<u8>, Place)>,
}

impl Filesystem for Upper<'_> {
    type Path = [u8];
    type Entry = Entry;

    fn bytes(path: &[u8]) -> &[u8] {
        path
    }

    fn path(bytes: &[u8]) -> Vec<u8> {
        bytes.to_vec()
    }

    fn kind(entry: &Entry) -> PathKind<'_> {
        match entry {
            Entry::Dir(_) => PathKind::Directory,
            Entry::Symlink(target) => PathKind::Symlink(target.as_bytes()),
            Entry::File(_) | Entry::Other => PathKind::Other,
        }
    }

    fn undescribed_directory() -> Entry {
        Entry::Dir(Metadata { mode: 0o755, ..Metadata::default() })
    }

    fn at(&self, path: &[u8]) -> Option<&Entry> {
        self.tree.get_bytes(path)
    }

    fn is_directory(&mut self, path: &[u8]) -> bool {
        if self.place_of(path).is_some() {
            return true;
        }
        self.parent = self.tree.directory(path).map(|place| (path.to_vec(), place));
        self.parent.is_some()
    }

    fn put(&mut self, path: Cow<'_, [u8]>, entry: Entry) {
        if path.is_empty() {
            self.tree.insert_root(entry);
            return;
        }
        let (parent, name) = split(&path);
        let place = self.place_of(parent).unwrap_or_else(|| self.tree.make_directory(parent));
        if self.tree.insert_in(place, name, entry).1 {
            // A directory was replaced, and the last one may be below it.
            self.parent = None;
        }
    }

    fn remove_tree(&mut self, path: &[u8]) {
        self.parent = None;
        self.tree.remove(path);
    }

    fn remove_below(&mut self, path: &[u8]) {
        self.parent = None;
        self.tree.remove_below(path);
    }
}

impl Upper<'_> {
    fn place_of(&self, directory: &[u8]) -> Option<Place> {
        self.parent.as_ref().filter(|(known, _)| known == directory).map(|(_, place)| *place)
    }
}
