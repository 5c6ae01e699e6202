//! Applies layers to a filesystem: whiteouts, opaque directories, hard links, and symlinks among the parent
//! directories. It never reads a tar, and the filesystem decides what is kept of a path.
//!
//! The format is the OCI image specification's "Image Layer Filesystem Changeset" (`layer.md`). Where that leaves a
//! choice, this follows containerd over overlayfs (`archive.Apply` with `WithParents`), which is how BuildKit
//! and Docker's containerd store unpack base images:
//!
//! - A parent that is a symlink *of the same layer* is followed, within the root (`fs.RootPath`).
//! - A parent that is a symlink of a *lower* layer is not: the layer is unpacked beside the lower ones, so a
//!   directory replaces the symlink, with mode and owner of the directory that it led to (`archive.mkparent`).
//! - A whiteout needs its parent directories as a file does, so they are made in the same way.
//! - Whiteouts hide lower layers only, wherever in the tar they are.

use std::borrow::Cow;
use std::collections::HashSet;

use super::LayerError;

/// The most symlinks that are followed for one path; the kernel stops at 40, containerd's `fs.RootPath` at 255.
const MAX_SYMLINKS: usize = 255;

/// A filesystem that layers are applied to. Paths are clean, without the leading slash; the root is empty.
pub(crate) trait Filesystem {
    /// The type of a path in a layer.
    type Path: ToOwned + ?Sized;
    /// The type of an entry at a path.
    type Entry: Clone;

    fn bytes(path: &Self::Path) -> &[u8];
    fn path(bytes: &[u8]) -> <Self::Path as ToOwned>::Owned;
    fn kind(entry: &Self::Entry) -> PathKind<'_>;
    /// Returns a directory that no layer describes: 0755, owned by root.
    fn undescribed_directory() -> Self::Entry;

    fn at(&self, path: &[u8]) -> Option<&Self::Entry>;
    /// Returns true if `path` is a directory. Most often it is the parent of the next path that is written.
    fn is_directory(&mut self, path: &[u8]) -> bool;
    /// Puts `entry` at `path`, whose parent is a directory or the root. A directory over a directory keeps its content;
    /// anything else removes it.
    fn put(&mut self, path: Cow<'_, Self::Path>, entry: Self::Entry);
    /// Removes `path` and everything below it.
    fn remove_tree(&mut self, path: &[u8]);
    /// Removes everything below `path`.
    fn remove_below(&mut self, path: &[u8]);
}

/// The kind of an entry, as it matters for the paths below it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PathKind<'a> {
    Directory,
    /// A symbolic link and its target as written.
    Symlink(&'a [u8]),
    Other,
}

/// The entry that a layer puts at a path.
pub(crate) enum Written<'l, E> {
    Entry(E),
    /// A hard link to a path.
    Link(&'l [u8]),
}

/// A layer while it is applied to a filesystem. Its whiteouts come first.
pub(crate) struct Overlay<'f, F> {
    pub(crate) files: &'f mut F,
    /// The symlinks that this layer put.
    symlinks: HashSet<Vec<u8>>,
}

impl<'f, F: Filesystem> Overlay<'f, F> {
    pub(crate) fn over(files: &'f mut F) -> Self {
        Self { files, symlinks: HashSet::new() }
    }

    /// Removes a path of the lower layers: a whiteout.
    pub(crate) fn remove(&mut self, path: &[u8]) {
        self.make_directory(split(path).0);
        self.files.remove_tree(path);
    }

    /// Removes everything of the lower layers below a path: an opaque whiteout.
    pub(crate) fn remove_below(&mut self, path: &[u8]) {
        self.make_directory(path);
        self.files.remove_below(path);
    }

    /// Puts a member into the filesystem and returns its path. `offset` is its place in the tar.
    pub(crate) fn write<'p>(
        &mut self,
        path: &'p F::Path,
        what: Written<'_, F::Entry>,
        offset: u64,
    ) -> Result<Cow<'p, F::Path>, LayerError> {
        let written = || String::from_utf8_lossy(F::bytes(path)).into_owned();
        let Some(real) = self.with_parents(path) else {
            let problem = "leads through more than 255 symlinks";
            return Err(LayerError::Path { entry: written(), offset, problem });
        };
        let entry = match what {
            Written::Entry(entry) => entry,
            Written::Link(target) => self.linked(target).ok_or_else(|| LayerError::HardLink {
                entry: written(),
                offset,
                target: String::from_utf8_lossy(target).into_owned(),
            })?,
        };
        if matches!(F::kind(&entry), PathKind::Symlink(_)) {
            self.symlinks.insert(F::bytes(&real).to_vec());
        }
        self.files.put(real.clone(), entry);
        Ok(real)
    }

    /// Returns `path` with the symlinks of this layer among its parents followed; the parents are made directories.
    /// `None` in a loop.
    fn with_parents<'p>(&mut self, path: &'p F::Path) -> Option<Cow<'p, F::Path>> {
        let (parent, name) = split(F::bytes(path));
        if parent.is_empty() || self.files.is_directory(parent) {
            return Some(Cow::Borrowed(path));
        }
        let real = self.followed(parent)?;
        self.make_directory(&real);
        Some(if real == parent { Cow::Borrowed(path) } else { Cow::Owned(F::path(&join(&real, name))) })
    }

    /// Returns the entry of a hard link to `target`. A hard link to a symlink is the symlink itself; one to a directory
    /// does not exist.
    fn linked(&mut self, target: &[u8]) -> Option<F::Entry> {
        let (parent, name) = split(target);
        let real = if self.files.is_directory(parent) {
            Cow::Borrowed(target)
        } else {
            Cow::Owned(join(&self.followed(parent)?, name))
        };
        self.files.at(&real).filter(|entry| F::kind(entry) != PathKind::Directory).cloned()
    }

    /// Returns the path to which the symlinks of this layer lead.
    fn followed(&self, path: &[u8]) -> Option<Vec<u8>> {
        follow_symlinks(path, |at| self.symlinks.contains(at).then(|| self.symlink(at)).flatten())
    }

    fn symlink(&self, path: &[u8]) -> Option<Vec<u8>> {
        match F::kind(self.files.at(path)?) {
            PathKind::Symlink(target) => Some(target.to_vec()),
            PathKind::Directory | PathKind::Other => None,
        }
    }

    /// Makes `path` and everything above it directories.
    fn make_directory(&mut self, path: &[u8]) {
        if self.files.is_directory(path) {
            return;
        }
        let ends = memchr::memchr_iter(b'/', path).chain((!path.is_empty()).then_some(path.len()));
        // All are looked up before the first symlink is replaced, since the directories below it are found through it.
        let mut made = Vec::new();
        for at in ends.map(|end| &path[..end]) {
            if !self.files.is_directory(at) {
                made.push((at, self.led_to(at)));
            }
        }
        for (at, entry) in made {
            self.files.put(Cow::Owned(F::path(at)), entry);
        }
    }

    /// Returns the directory that `path` leads to, or one that no layer describes.
    fn led_to(&self, path: &[u8]) -> F::Entry {
        let real = follow_symlinks(path, |at| self.symlink(at));
        let found = real.and_then(|real| self.files.at(&real));
        found
            .filter(|entry| F::kind(entry) == PathKind::Directory)
            .cloned()
            .unwrap_or_else(F::undescribed_directory)
    }
}

/// Returns the parent and the name of a path; the root has no name.
pub(crate) fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match memchr::memrchr(b'/', path) {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

fn join(parent: &[u8], name: &[u8]) -> Vec<u8> {
    if parent.is_empty() { name.to_vec() } else { [parent, b"/", name].concat() }
}

/// Returns the path that `path` leads to within the root. `target` returns the symlinks to follow. `None` in a loop.
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

/// Returns the components of a path, the last one first.
fn components(path: &[u8]) -> Vec<Vec<u8>> {
    path.split(|byte| *byte == b'/').rev().map(<[u8]>::to_vec).collect()
}
