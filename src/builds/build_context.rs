//! The files of a build context that the sources of COPY and ADD match. Paths are those of the context, never of the
//! repository.

use super::{ContextView, Found};
use crate::budget::{long_path, spend};
use crate::git::{EntryKind, RepoPath};
use crate::text::cut;
use crate::text::glob::has_wildcards;
use crate::text::path::clean;

/// The most bytes of a file that are read to find out if ADD would extract it.
pub(super) const MOST_BYTES: u64 = 64 << 20;

/// The content of a build context. Paths are relative to its root and clean; the root is empty.
pub trait BuildContext: Sync {
    /// Returns the paths that match a source, in order, with wildcards expanded as by Go's `filepath.Match` and
    /// symbolic links followed. Empty if the source does not exist: a build product, a submodule, or nothing.
    fn find(&self, source: &str) -> Option<Vec<ContextPath>>;

    /// Returns everything below a directory, in byte order, with the path relative to it.
    fn below(&self, directory: &str) -> Vec<(String, ContextEntry)>;

    /// Returns the bytes of a file.
    ///
    /// # Errors
    ///
    /// The reason why they are not known.
    fn read(&self, file: &str) -> Result<Vec<u8>, String>;

    /// Returns the reason why a source is not found.
    fn missing(&self) -> &'static str {
        "is not in the repository"
    }
}

/// One match of a source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextPath {
    /// The path that matched; its last component is the name of the copy.
    pub path: String,
    /// The path with symbolic links followed.
    pub real: String,
    /// The object at the real path: a file or a directory.
    pub entry: ContextEntry,
}

/// The object at a path of a context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextEntry {
    /// A regular file.
    File,
    /// A directory. git stores neither its permission bits nor its extended attributes.
    Dir {
        /// The permission bits, if known.
        mode: Option<u32>,
        /// True if it has extended attributes that a client sends, if known.
        xattrs: Option<bool>,
    },
    /// A symbolic link, with its target.
    Symlink(String),
    /// A device or a FIFO.
    Other,
    /// An object of an unknown type, with the reason: "is a submodule".
    Unknown(&'static str),
}

impl ContextEntry {
    /// A directory of which git stores nothing but the path.
    const GIT_DIR: Self = Self::Dir { mode: None, xattrs: None };
    /// A submodule, whose content git does not store.
    const SUBMODULE: Self = Self::Unknown("is a submodule");
}

/// An unknown context.
#[derive(Clone, Copy, Debug)]
pub struct NoContext;

impl BuildContext for NoContext {
    fn find(&self, _: &str) -> Option<Vec<ContextPath>> {
        None
    }

    fn below(&self, _: &str) -> Vec<(String, ContextEntry)> {
        Vec::new()
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        Err(format!("{file} {}", self.missing()))
    }

    fn missing(&self) -> &'static str {
        "comes from a build context of which nothing is known"
    }
}

impl BuildContext for ContextView<'_> {
    fn find(&self, source: &str) -> Option<Vec<ContextPath>> {
        if has_wildcards(source) {
            let found = self.glob(source).ok()?;
            let found: Vec<ContextPath> =
                found.into_iter().filter_map(|(path, found)| self.at(path.as_str(), &path, found)).collect();
            return (!found.is_empty()).then_some(found);
        }
        let found = self.get(source);
        let clean = clean(source);
        match (found, self.path_of(source)) {
            (Found::Dir, None) => {
                Some(vec![ContextPath { path: clean, real: String::new(), entry: ContextEntry::GIT_DIR }])
            }
            (found, Some(real)) => Some(vec![self.at(&clean, &real, found)?]),
            (_, None) => None,
        }
    }

    fn below(&self, directory: &str) -> Vec<(String, ContextEntry)> {
        let folder = RepoPath::new(directory).ok();
        let mut entries = Vec::new();
        let mut last = "";
        for entry in self.tree(folder.as_ref()) {
            let root = folder.as_ref().or(self.root());
            let relative = entry.path.relative_to(root).unwrap_or_default();
            spend(1 + long_path(relative.len()));
            // The paths are sorted, so what is below a folder stands together.
            let shared = last.bytes().zip(relative.bytes()).take_while(|(one, other)| one == other).count();
            for folder in cut::parents(relative).rev().take_while(|folder| folder.len() >= shared) {
                spend(1 + long_path(folder.len()));
                entries.push((folder.to_owned(), ContextEntry::GIT_DIR));
            }
            last = relative;
            let path = relative.to_owned();
            let kind = match entry.kind {
                EntryKind::File { .. } => ContextEntry::File,
                EntryKind::Submodule => ContextEntry::SUBMODULE,
                EntryKind::Symlink => self.link(&entry.path),
            };
            entries.push((path, kind));
        }
        entries.sort_by(|a, b| a.0.cmp(&b.0));
        entries
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        let path = RepoPath::new(file).map_err(|error| error.to_string())?;
        ContextView::read(self, &path, MOST_BYTES).map_err(|error| error.to_string())
    }
}

impl ContextView<'_> {
    fn at(&self, path: &str, real: &RepoPath, found: Found) -> Option<ContextPath> {
        let found = match found {
            Found::Symlink { target: Some(target) } => {
                let inside = self.relative(&target);
                return self.at(path, &target, self.get(&inside));
            }
            found => found,
        };
        let entry = match found {
            Found::Dir => ContextEntry::GIT_DIR,
            Found::File { .. } => ContextEntry::File,
            Found::Submodule => ContextEntry::SUBMODULE,
            Found::Symlink { .. } | Found::Ignored | Found::Missing => return None,
        };
        Some(ContextPath { path: path.to_owned(), real: real.as_str().to_owned(), entry })
    }

    fn relative(&self, path: &RepoPath) -> String {
        path.relative_to(self.root()).unwrap_or_default().to_owned()
    }

    fn link(&self, path: &RepoPath) -> ContextEntry {
        self.link_target(path)
            .map_or(ContextEntry::Unknown("is a link whose target is not UTF-8"), ContextEntry::Symlink)
    }
}
