//! Layers put over each other, as [`crate::rootfs::layers`] says that they are. It never reads anything itself.

use std::collections::{BTreeMap, HashSet};
use std::ops::Bound;
use std::sync::Arc;

use bstr::BStr;

use super::layer::{Layer, What, shared};
use super::{ImagePath, Node, NodeKind};
use crate::rootfs::layers::LayerError;
use crate::rootfs::layers::upper::follow_symlinks;

/// A filesystem. What is above a path is a directory, always.
pub(super) struct Tree {
    pub entries: BTreeMap<ImagePath, Arc<Node>>,
}

impl Default for Tree {
    fn default() -> Self {
        Self { entries: BTreeMap::from([(shared(b""), made())]) }
    }
}

/// A directory that nothing describes.
fn made() -> Arc<Node> {
    Arc::new(Node { kind: NodeKind::Dir, mode: 0o755, uid: 0, gid: 0, xattrs: Box::default() })
}

impl Tree {
    /// Puts a layer over what is here.
    pub fn apply(&mut self, layer: &Layer) -> Result<(), LayerError> {
        for path in &layer.removed {
            self.remove_below(path);
            self.entries.remove(path);
        }
        for path in &layer.opaque {
            match self.get(path) {
                Some(node) if node.kind == NodeKind::Dir => self.remove_below(path),
                None => self.make_directory(path),
                // The layer holds the directory too, and that replaces whatever is here.
                Some(_) => {}
            }
        }
        let mut symlinks = HashSet::new();
        for write in &layer.writes {
            let path = self.resolved(&write.path, &symlinks, write.offset)?;
            let node = match &write.what {
                What::Node(node) => Arc::clone(node),
                What::Link(target) => {
                    let resolved = self.resolved(target, &symlinks, write.offset)?;
                    let linked = self.get(&resolved).filter(|node| node.kind != NodeKind::Dir);
                    Arc::clone(linked.ok_or_else(|| LayerError::HardLink {
                        entry: write.path.to_string(),
                        offset: write.offset,
                        target: target.to_string(),
                    })?)
                }
            };
            let (parent, _) = split(&path);
            self.make_directory(parent);
            if matches!(node.kind, NodeKind::Symlink { .. }) {
                symlinks.insert(Arc::clone(&path));
            }
            self.insert(path, node);
        }
        Ok(())
    }

    fn get(&self, path: &[u8]) -> Option<&Arc<Node>> {
        self.entries.get(BStr::new(path))
    }

    fn is_dir(&self, path: &[u8]) -> bool {
        self.get(path).is_some_and(|node| node.kind == NodeKind::Dir)
    }

    fn insert(&mut self, path: ImagePath, node: Arc<Node>) {
        if node.kind != NodeKind::Dir && self.is_dir(&path) {
            self.remove_below(&path);
        }
        self.entries.insert(path, node);
    }

    fn remove_below(&mut self, path: &[u8]) {
        let bounds = if path.is_empty() {
            (Bound::Excluded(shared(b"")), Bound::Unbounded)
        } else {
            // `0` is what follows the slash.
            (Bound::Included(shared(&[path, b"/"].concat())), Bound::Excluded(shared(&[path, b"0"].concat())))
        };
        self.entries.extract_if(bounds, |_, _| true).for_each(drop);
    }

    /// Makes `path` a directory, with all above it.
    fn make_directory(&mut self, path: &[u8]) {
        if self.is_dir(path) {
            return;
        }
        for end in ends(path) {
            if !self.is_dir(&path[..end]) {
                self.insert(shared(&path[..end]), made());
            }
        }
    }

    /// `path` with the symlinks of this layer among its parents followed; those of lower layers give way to
    /// directories.
    fn resolved(
        &mut self,
        path: &ImagePath,
        symlinks: &HashSet<ImagePath>,
        offset: u64,
    ) -> Result<ImagePath, LayerError> {
        let (parent, name) = split(path);
        if self.is_dir(parent) {
            return Ok(Arc::clone(path));
        }
        let Some(real) = self.follow(parent, |at| symlinks.contains(BStr::new(at))) else {
            let problem = "leads through more than 255 symlinks";
            return Err(LayerError::Path { entry: path.to_string(), offset, problem });
        };
        self.replace_symlinks(&real);
        let slash: &[u8] = if real.is_empty() { b"" } else { b"/" };
        Ok(shared(&[real.as_slice(), slash, name].concat()))
    }

    fn follow(&self, path: &[u8], follow: impl Fn(&[u8]) -> bool) -> Option<Vec<u8>> {
        follow_symlinks(path, |at| match &self.get(at)?.kind {
            NodeKind::Symlink { target } if follow(at) => Some(target.clone()),
            _ => None,
        })
    }

    /// Turns symlinks on the way to `path`, that one included, into directories with the metadata of those that they
    /// led to, as containerd's `mkparent` does.
    fn replace_symlinks(&mut self, path: &[u8]) {
        for end in ends(path) {
            let at = &path[..end];
            if !self.get(at).is_some_and(|node| matches!(node.kind, NodeKind::Symlink { .. })) {
                continue;
            }
            let real = self.follow(at, |_| true);
            let led_to = real.and_then(|real| self.get(&real)).filter(|node| node.kind == NodeKind::Dir);
            let node = led_to.cloned().unwrap_or_else(made);
            self.insert(shared(at), node);
        }
    }
}

/// Where the prefixes of a path end, the path itself last; none of the root.
fn ends(path: &[u8]) -> Vec<usize> {
    let whole = (!path.is_empty()).then_some(path.len());
    memchr::memchr_iter(b'/', path).chain(whole).collect()
}

/// The parent and the name of a path; the root has no name.
fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}
