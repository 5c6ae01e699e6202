//! Puts a layer that was read over a tree. It never reads anything itself.

use std::collections::HashSet;

use super::{GROUP, Layer, LayerError, PASSWD, What, Write, join};
use crate::rootfs::tree::{Entry, Metadata, Tree};

/// Symlinks followed for one path at most; the kernel stops at 40, containerd's `fs.RootPath` at 255.
const MAX_SYMLINKS: usize = 255;

/// A tree that a layer is being put over, with the symlinks that this layer made.
pub(super) struct Upper<'a> {
    tree: &'a mut Tree,
    symlinks: HashSet<String>,
    /// The parent of the last path written, as long as it is a directory for sure: the members of a directory
    /// stand in a row.
    parent: Option<String>,
}

impl<'a> Upper<'a> {
    pub(super) fn over(tree: &'a mut Tree) -> Self {
        Self { tree, symlinks: HashSet::new(), parent: None }
    }

    pub(super) fn apply(&mut self, mut layer: Layer) -> Result<(), LayerError> {
        for path in &layer.removed {
            self.tree.remove(path);
        }
        for path in &layer.opaque {
            match self.tree.get(path) {
                Some(Entry::Dir(_)) => self.tree.remove_below(path),
                None => self.tree.insert(path, Entry::Dir(Metadata { mode: 0o755, ..Metadata::default() })),
                // The layer holds the directory too, and that replaces whatever is here.
                Some(_) => {}
            }
        }
        for (index, write) in layer.writes.into_iter().enumerate() {
            self.write(write, layer.contents.remove(&index))?;
        }
        if !matches!(self.tree.get(PASSWD), Some(Entry::File(_))) {
            self.tree.set_passwd(None);
        }
        if !matches!(self.tree.get(GROUP), Some(Entry::File(_))) {
            self.tree.set_group(None);
        }
        Ok(())
    }

    fn write(&mut self, write: Write, content: Option<Vec<u8>>) -> Result<(), LayerError> {
        let Write { path, offset, what } = write;
        let path = self.resolved(path, offset)?;
        let entry = match what {
            What::Entry(entry) => entry,
            What::Link(None, metadata) => Entry::File(metadata),
            What::Link(Some(target), _) => {
                let missing = || LayerError::HardLink { entry: path.clone(), offset, target: target.clone() };
                let resolved = self.resolved(target.clone(), offset)?;
                match self.tree.get(&resolved) {
                    None | Some(Entry::Dir(_)) => return Err(missing()),
                    Some(entry) => entry.clone(),
                }
            }
        };
        match path.as_str() {
            PASSWD => self.tree.set_passwd(content),
            GROUP => self.tree.set_group(content),
            _ => {}
        }
        if matches!(entry, Entry::Symlink(_)) {
            self.symlinks.insert(path.clone());
        } else if !self.symlinks.is_empty() {
            self.symlinks.remove(&path);
        }
        let parent = path.rsplit_once('/').map_or("", |(parent, _)| parent);
        if self.parent.as_deref() == Some(parent) && !path.is_empty() {
            if self.tree.insert_in_dir(path.into(), entry) {
                self.parent = None;
            }
            return Ok(());
        }
        // A root that is no directory was refused, so what this replaces is not above the new parent.
        self.tree.insert(&path, entry);
        self.parent = (!path.is_empty()).then(|| parent.into());
        Ok(())
    }

    /// `path` with the symlinks among its parents followed; the last component is left alone.
    fn resolved(&mut self, path: String, offset: u64) -> Result<String, LayerError> {
        let (parent, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if parent.is_empty()
            || self.parent.as_deref() == Some(parent)
            || matches!(self.tree.get(parent), Some(Entry::Dir(_)))
        {
            return Ok(path);
        }
        let follow = |path: &str| self.symlinks.contains(path);
        let Some(real) = walk(self.tree, parent, follow) else {
            let problem = "leads through more than 255 symlinks";
            return Err(LayerError::Path { entry: path, offset, problem });
        };
        let resolved = join(&real, name);
        self.replace_lower_symlinks(&real);
        Ok(resolved)
    }

    /// Turns symlinks of lower layers on the way to `path`, that one included, into directories, as containerd's
    /// `mkparent` does.
    fn replace_lower_symlinks(&mut self, path: &str) {
        let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
        for at in ends {
            let at = &path[..at];
            if !matches!(self.tree.get(at), Some(Entry::Symlink(_))) {
                continue;
            }
            let real = walk(self.tree, at, |_| true);
            let metadata = match real.and_then(|real| self.tree.get(&real)) {
                Some(Entry::Dir(metadata)) => metadata.clone(),
                _ => Metadata { mode: 0o755, ..Metadata::default() },
            };
            self.tree.insert(at, Entry::Dir(metadata));
        }
    }
}

/// Where `path` leads within the root when the symlinks that `follow` admits are followed; None in a loop.
fn walk(tree: &Tree, path: &str, follow: impl Fn(&str) -> bool) -> Option<String> {
    let mut todo: Vec<&str> = path.split('/').rev().collect();
    let mut done = String::new();
    let mut followed = 0;
    while let Some(name) = todo.pop() {
        match name {
            "" | "." => continue,
            ".." => {
                done.truncate(done.rfind('/').unwrap_or(0));
                continue;
            }
            _ => {}
        }
        let next = join(&done, name);
        match tree.get(&next) {
            Some(Entry::Symlink(target)) if follow(&next) => {
                followed += 1;
                if followed > MAX_SYMLINKS {
                    return None;
                }
                if target.starts_with('/') {
                    done.clear();
                }
                todo.extend(target.split('/').rev());
            }
            _ => done = next,
        }
    }
    Some(done)
}
