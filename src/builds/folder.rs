//! A folder on disk as a build context. It never writes.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::{Path, PathBuf};

use super::build_context::MOST_BYTES;
use super::{BuildContext, ContextEntry, ContextPath, IgnoreError, Ignored};
use crate::budget;
use crate::git::is_lfs_pointer;
use crate::text::glob::{Glob, has_wildcards};
use crate::text::path::clean;

/// The most symbolic links that are followed in one path.
const LINK_LIMIT: usize = 255;

/// The most bytes that the names of the extended attributes of a file can have (`XATTR_LIST_MAX` of Linux).
const MOST_NAMES: usize = 64 << 10;

/// A folder on disk, with the modes of its directories.
#[derive(Clone, Debug)]
pub struct FolderContext {
    root: PathBuf,
    ignored: Option<Ignored>,
}

/// An ignore file that a builder rejects: a build that needs the context fails (`patternmatcher.New`).
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}: {error}", path.display())]
pub struct RefusedIgnoreFile {
    /// The ignore file.
    pub(crate) path: PathBuf,
    /// The error and its line.
    pub(crate) error: IgnoreError,
}

impl FolderContext {
    /// Returns a folder, with its `.dockerignore` if it has one that can be read.
    ///
    /// # Errors
    ///
    /// [`RefusedIgnoreFile`] if a builder rejects that.
    pub fn new(root: &Path) -> Result<Self, RefusedIgnoreFile> {
        Ok(Self { root: root.to_owned(), ignored: ignore_file(&root.join(".dockerignore"))? })
    }

    /// Returns the folder for one Dockerfile: `<name>.dockerignore` beside it replaces the one of the folder.
    ///
    /// # Errors
    ///
    /// [`RefusedIgnoreFile`] if a builder rejects the one that applies.
    pub(crate) fn seen_by(root: &Path, dockerfile: &Path) -> Result<Self, RefusedIgnoreFile> {
        let mut name = dockerfile.as_os_str().to_owned();
        name.push(".dockerignore");
        let own = Path::new(&name);
        if own.is_file() {
            Ok(Self { root: root.to_owned(), ignored: ignore_file(own)? })
        } else {
            Self::new(root)
        }
    }

    /// The root itself is always sent, whatever the patterns are.
    fn ignores(&self, path: &str) -> bool {
        !path.is_empty() && self.ignored.as_ref().is_some_and(|ignored| ignored.ignores(path))
    }

    /// Returns true if a client sends the path: it is not ignored, or it is a directory with content that a `!` pattern
    /// includes.
    fn sends(&self, path: &str) -> bool {
        let holds = || {
            let mut inside = Vec::new();
            self.walk(path, "", &mut inside);
            !inside.is_empty()
        };
        !self.ignores(path) || (self.takes_back() && self.root.join(path).is_dir() && holds())
    }

    fn takes_back(&self) -> bool {
        self.ignored.as_ref().is_some_and(Ignored::takes_back)
    }

    /// Returns the real path of `path` in the folder, with links followed within it.
    fn real(&self, path: &str) -> Option<String> {
        let mut rest: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let mut real: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(part) = rest.pop() {
            match part.as_str() {
                "" | "." => {}
                ".." => {
                    real.pop();
                }
                _ => {
                    real.push(part);
                    let at = self.root.join(real.join("/"));
                    if !fs::symlink_metadata(&at).ok()?.is_symlink() {
                        continue;
                    }
                    links += 1;
                    let target = fs::read_link(&at).ok()?.to_str()?.to_owned();
                    real.pop();
                    if target.starts_with('/') {
                        real.clear();
                    }
                    if links > LINK_LIMIT {
                        return None;
                    }
                    rest.extend(target.split('/').rev().map(str::to_owned));
                }
            }
        }
        Some(real.join("/"))
    }

    fn entry(&self, path: &str) -> Option<ContextEntry> {
        let at = self.root.join(path);
        let metadata = fs::symlink_metadata(&at).ok()?;
        let kind = metadata.file_type();
        Some(if kind.is_dir() {
            ContextEntry::Dir { mode: Some(metadata.permissions().mode() & 0o7777), xattrs: has_xattrs(&at) }
        } else if kind.is_symlink() {
            match fs::read_link(&at).ok()?.into_os_string().into_string() {
                Ok(target) => ContextEntry::Symlink(target),
                Err(_) => ContextEntry::Unknown("is a link whose target is not UTF-8"),
            }
        } else if kind.is_file() {
            ContextEntry::File
        } else if kind.is_socket() {
            ContextEntry::Unknown("is a socket")
        } else {
            ContextEntry::Other
        })
    }

    /// Returns the names in a directory, sorted. A name that is not UTF-8 is returned as `Err`, in a readable form.
    fn names(&self, directory: &str) -> Vec<Result<String, String>> {
        let entries = fs::read_dir(self.root.join(directory)).into_iter().flatten().flatten();
        let name = |entry: fs::DirEntry| {
            entry.file_name().into_string().map_err(|name| name.to_string_lossy().into_owned())
        };
        let mut names: Vec<Result<String, String>> = entries.map(name).collect();
        names.sort();
        names
    }

    fn walk(&self, directory: &str, prefix: &str, found: &mut Vec<(String, ContextEntry)>) {
        for name in self.names(directory) {
            let (name, is_readable) = match name {
                Ok(name) => (name, true),
                Err(name) => (name, false),
            };
            let path = below(directory, &name);
            let relative = below(prefix, &name);
            if !is_readable {
                found.push((relative, ContextEntry::Unknown("has a name that is not UTF-8")));
                continue;
            }
            let Some(entry) = self.entry(&path) else { continue };
            let is_ignored = self.ignores(&path);
            if matches!(entry, ContextEntry::Dir { .. }) {
                if is_ignored && !self.takes_back() {
                    continue;
                }
                // An ignored directory is copied if a `!` pattern includes some of its content.
                let mut inside = Vec::new();
                self.walk(&path, &relative, &mut inside);
                if !is_ignored || !inside.is_empty() {
                    found.push((relative, entry));
                    found.append(&mut inside);
                }
            } else if !is_ignored {
                found.push((relative, entry));
            }
        }
    }

    /// Returns the paths that match a pattern. `None` if a name that is not UTF-8 may match.
    ///
    /// Symbolic links are followed only up to the first wildcard: from there on, fsutil's `resolveWildcards` walks
    /// through directories alone.
    fn glob(&self, pattern: &str) -> Option<Vec<String>> {
        let parts: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        let literal = parts.iter().take_while(|part| !has_wildcards(part)).count();
        let (start, parts) = parts.split_at(literal);
        let start = start.join("/");
        let Some(real) = self.real(&start) else { return Some(Vec::new()) };
        let mut matched = vec![(start, real)];
        for part in parts {
            let Ok(glob) = Glob::new(part) else { return Some(Vec::new()) };
            let mut next = Vec::new();
            for (directory, real) in matched {
                if !fs::symlink_metadata(self.root.join(&real)).is_ok_and(|metadata| metadata.is_dir()) {
                    continue;
                }
                for name in self.names(&real) {
                    let name = name.ok()?;
                    if glob.matches(&name) {
                        next.push((below(&directory, &name), below(&real, &name)));
                    }
                }
            }
            matched = next;
        }
        matched.retain(|(_, real)| self.sends(real));
        Some(matched.into_iter().map(|(path, _)| path).collect())
    }
}

/// Returns the path of a name in a directory of the context; the root is empty.
fn below(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

/// Returns true if a directory has extended attributes that a client sends: all but those of macOS (fsutil's
/// `loadXattr`). ACLs and `SELinux` labels are among them. `None` if they cannot be listed.
fn has_xattrs(directory: &Path) -> Option<bool> {
    let mut names = vec![0; MOST_NAMES];
    let length = match rustix::fs::llistxattr(directory, &mut names) {
        Ok(length) => length,
        Err(rustix::io::Errno::NOTSUP) => 0,
        Err(_) => return None,
    };
    let mut names = names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    Some(names.any(|name| !name.starts_with(b"com.apple.")))
}

fn ignore_file(at: &Path) -> Result<Option<Ignored>, RefusedIgnoreFile> {
    let Some(bytes) = read_file(at) else { return Ok(None) };
    let ignored = Ignored::read(&String::from_utf8_lossy(&bytes));
    ignored.map(Some).map_err(|error| RefusedIgnoreFile { path: at.to_owned(), error })
}

/// Reads a file of moderate size; a pipe or a device would never end.
fn read_file(at: &Path) -> Option<Vec<u8>> {
    budget::read_file(at, MOST_BYTES).ok()
}

impl BuildContext for FolderContext {
    fn find(&self, source: &str) -> Option<Vec<ContextPath>> {
        let there = |path: &str| {
            let real = self.real(path)?;
            let entry = self.entry(&real).filter(|_| self.sends(&real))?;
            Some(ContextPath { path: path.to_owned(), real, entry })
        };
        if !has_wildcards(source) {
            return Some(vec![there(&clean(source))?]);
        }
        // A match exists, even if it is a link that leads nowhere.
        let nowhere = ContextEntry::Unknown("is a link that leads out of the context");
        let found: Vec<ContextPath> = self
            .glob(source)?
            .into_iter()
            .map(|path| {
                let unknown =
                    || ContextPath { real: path.clone(), path: path.clone(), entry: nowhere.clone() };
                there(&path).unwrap_or_else(unknown)
            })
            .collect();
        (!found.is_empty()).then_some(found)
    }

    fn below(&self, directory: &str) -> Vec<(String, ContextEntry)> {
        let mut found = Vec::new();
        self.walk(directory, "", &mut found);
        found.sort_by(|a, b| a.0.cmp(&b.0));
        found
    }

    fn read(&self, file: &str) -> Result<Vec<u8>, String> {
        let bytes = read_file(&self.root.join(file)).ok_or_else(|| format!("{file} could not be read"))?;
        if is_lfs_pointer(&bytes) { Err(format!("{file} is a Git LFS pointer")) } else { Ok(bytes) }
    }
}
