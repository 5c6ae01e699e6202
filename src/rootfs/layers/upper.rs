//! Puts a layer that was read over a tree. It never reads anything itself.

use std::borrow::Cow;
use std::collections::HashSet;

use super::{GROUP, Layer, LayerError, PASSWD, What, Write, join};
use crate::rootfs::tree::{Entry, Metadata, Place, Tree};

/// Symlinks followed for one path at most; the kernel stops at 40, containerd's `fs.RootPath` at 255.
const MAX_SYMLINKS: usize = 255;

/// A tree that a layer is being put over, with the symlinks that this layer made.
pub(super) struct Upper<'a> {
    tree: &'a mut Tree,
    symlinks: HashSet<String>,
    /// The parent of the last path written, as long as it is a directory for sure: the members of a directory
    /// stand in a row.
    parent: Option<(String, Place)>,
}

impl<'a> Upper<'a> {
    pub(super) fn over(tree: &'a mut Tree) -> Self {
        Self { tree, symlinks: HashSet::new(), parent: None }
    }

    /// Puts the parts of one layer over the tree.
    pub(super) fn apply(&mut self, parts: Vec<Layer>) -> Result<(), LayerError> {
        for path in parts.iter().flat_map(|part| &part.removed) {
            self.tree.remove(path);
        }
        for path in parts.iter().flat_map(|part| &part.opaque) {
            match self.tree.get(path) {
                Some(Entry::Dir(_)) => self.tree.remove_below(path),
                None => self.tree.insert(path, Entry::Dir(Metadata { mode: 0o755, ..Metadata::default() })),
                // The layer holds the directory too, and that replaces whatever is here.
                Some(_) => {}
            }
        }
        for mut part in parts {
            // Of each path the name alone is kept.
            self.tree.reserve(part.writes.len(), part.paths.len() / 2);
            let mut start = 0;
            for (index, write) in part.writes.into_iter().enumerate() {
                let path = &part.paths[start..write.end];
                start = write.end;
                self.write(path, write, part.contents.remove(&index))?;
            }
        }
        if !matches!(self.tree.get(PASSWD), Some(Entry::File(_))) {
            self.tree.set_passwd(None);
        }
        if !matches!(self.tree.get(GROUP), Some(Entry::File(_))) {
            self.tree.set_group(None);
        }
        Ok(())
    }

    fn write(&mut self, path: &str, write: Write, content: Option<Vec<u8>>) -> Result<(), LayerError> {
        let Write { offset, what, .. } = write;
        let (place, path) = self.resolved(path, offset)?;
        let path = path.as_ref();
        let entry = match what {
            What::Entry(entry) => entry,
            What::Link(link) => match *link {
                (None, metadata) => Entry::File(metadata),
                (Some(target), _) => self.linked(&target, path, offset)?,
            },
        };
        match path {
            PASSWD => self.tree.set_passwd(content),
            GROUP => self.tree.set_group(content),
            "" => {
                self.tree.insert(path, entry);
                return Ok(());
            }
            _ => {}
        }
        if matches!(entry, Entry::Symlink(_)) {
            self.symlinks.insert(path.to_owned());
        }
        let (parent, name) = split(path);
        let place = match place {
            Some(place) => place,
            None => self.tree.make_directory(parent),
        };
        if self.tree.insert_in(place, name, entry).1 {
            // It may have been above what was the parent.
            self.parent = None;
        } else if self.parent.as_ref().is_none_or(|(_, known)| *known != place) {
            self.parent = Some((parent.to_owned(), place));
        }
        Ok(())
    }

    /// What a hard link at `path` to `target` is.
    fn linked(&mut self, target: &str, path: &str, offset: u64) -> Result<Entry, LayerError> {
        let (_, resolved) = self.resolved(target, offset)?;
        match self.tree.get(&resolved) {
            None | Some(Entry::Dir(_)) => {
                Err(LayerError::HardLink { entry: path.into(), offset, target: target.into() })
            }
            Some(entry) => Ok(entry.clone()),
        }
    }

    /// `path` with the symlinks among its parents followed, and the place of its parent where that is a directory
    /// already; the last component is left alone.
    fn resolved<'p>(
        &mut self,
        path: &'p str,
        offset: u64,
    ) -> Result<(Option<Place>, Cow<'p, str>), LayerError> {
        let (parent, name) = split(path);
        if let Some((_, place)) = self.parent.as_ref().filter(|(known, _)| known == parent) {
            return Ok((Some(*place), path.into()));
        }
        let place = self.tree.directory(parent);
        if place.is_some() || parent.is_empty() {
            return Ok((place, path.into()));
        }
        let follow = |path: &str| self.symlinks.contains(path);
        let Some(real) = walk(self.tree, parent, follow) else {
            let problem = "leads through more than 255 symlinks";
            return Err(LayerError::Path { entry: path.into(), offset, problem });
        };
        let resolved = join(&real, name);
        self.replace_lower_symlinks(&real);
        Ok((None, resolved.into()))
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

/// The parent and the name of a path; the root has no name.
fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}

/// Where `path` leads within the root when the symlinks that `follow` admits are followed; None in a loop.
fn walk(tree: &Tree, path: &str, follow: impl Fn(&str) -> bool) -> Option<String> {
    let real = follow_symlinks(path.as_bytes(), |at| {
        let at = std::str::from_utf8(at).ok().filter(|at| follow(at))?;
        match tree.get(at) {
            Some(Entry::Symlink(target)) => Some(target.clone().into_bytes()),
            _ => None,
        }
    })?;
    String::from_utf8(real).ok()
}

/// Where `path` leads within the root, where `target` tells the symlinks that are followed; None in a loop.
pub(crate) fn follow_symlinks(path: &[u8], target: impl Fn(&[u8]) -> Option<Vec<u8>>) -> Option<Vec<u8>> {
    let mut todo: Vec<Vec<u8>> = components(path);
    let mut done = Vec::new();
    let mut followed = 0;
    while let Some(name) = todo.pop() {
        match name.as_slice() {
            b"" | b"." => continue,
            b".." => {
                done.truncate(memchr::memrchr(b'/', &done).unwrap_or(0));
                continue;
            }
            _ => {}
        }
        let above = done.len();
        if above > 0 {
            done.push(b'/');
        }
        done.extend(name);
        let Some(target) = target(&done) else { continue };
        followed += 1;
        if followed > MAX_SYMLINKS {
            return None;
        }
        done.truncate(if target.starts_with(b"/") { 0 } else { above });
        todo.extend(components(&target));
    }
    Some(done)
}

/// The components of a path, the last one first.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect()
}
