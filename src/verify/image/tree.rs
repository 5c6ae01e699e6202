//! The paths of an image as a filesystem that layers are applied to. It never reads anything itself.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::ops::Bound;
use std::sync::Arc;

use bstr::BStr;

use super::layer::{Layer, What, shared};
use super::{ImagePath, Node, NodeKind};
use crate::rootfs::layers::LayerError;
use crate::rootfs::layers::overlay::{Filesystem, Overlay, PathKind, Written};

/// The entry at each path of an image.
pub(super) type Entries = BTreeMap<ImagePath, Arc<Node>>;

/// Returns the entries of an image without layers: the root alone.
pub(super) fn empty() -> Entries {
    Entries::from([(shared(b""), Entries::undescribed_directory())])
}

/// Applies a layer to the entries.
pub(super) fn apply(entries: &mut Entries, layer: &Layer) -> Result<(), LayerError> {
    let mut overlay = Overlay::over(entries);
    layer.removed.iter().for_each(|path| overlay.remove(path));
    layer.opaque.iter().for_each(|path| overlay.remove_below(path));
    for write in &layer.writes {
        let what = match &write.what {
            What::Node(node) => Written::Entry(Arc::clone(node)),
            What::Link(target) => Written::Link(target),
        };
        overlay.write(&write.path, what, write.offset)?;
    }
    Ok(())
}

impl Filesystem for Entries {
    type Path = ImagePath;
    type Entry = Arc<Node>;

    fn bytes(path: &ImagePath) -> &[u8] {
        path
    }

    fn path(bytes: &[u8]) -> ImagePath {
        shared(bytes)
    }

    fn kind(entry: &Arc<Node>) -> PathKind<'_> {
        match &entry.kind {
            NodeKind::Dir => PathKind::Directory,
            NodeKind::Symlink { target } => PathKind::Symlink(target),
            _ => PathKind::Other,
        }
    }

    fn undescribed_directory() -> Arc<Node> {
        Arc::new(Node { kind: NodeKind::Dir, mode: 0o755, uid: 0, gid: 0, xattrs: Box::default() })
    }

    fn at(&self, path: &[u8]) -> Option<&Arc<Node>> {
        self.get(BStr::new(path))
    }

    fn is_directory(&mut self, path: &[u8]) -> bool {
        self.at(path).is_some_and(|node| node.kind == NodeKind::Dir)
    }

    fn put(&mut self, path: Cow<'_, ImagePath>, entry: Arc<Node>) {
        if entry.kind != NodeKind::Dir && self.is_directory(&path) {
            self.remove_below(&path);
        }
        self.insert(path.into_owned(), entry);
    }

    fn remove_tree(&mut self, path: &[u8]) {
        self.remove_below(path);
        self.remove(BStr::new(path));
    }

    fn remove_below(&mut self, path: &[u8]) {
        let bounds = if path.is_empty() {
            (Bound::Excluded(shared(b"")), Bound::Unbounded)
        } else {
            // `0` is the character after the slash.
            (Bound::Included(shared(&[path, b"/"].concat())), Bound::Excluded(shared(&[path, b"0"].concat())))
        };
        self.extract_if(bounds, |_, _| true).for_each(drop);
    }
}
