//! A folder on disk as a build context. It never writes.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::build_context::MOST_BYTES;
use super::{BuildContext, ContextEntry, ContextPath, IgnoreError, Ignored};
use crate::text::glob::{Glob, has_wildcards};
use crate::text::path::clean;

/// The most symbolic links that are followed in one path.
const LINK_LIMIT: usize = 255;

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

    fn ignores(&self, path: &str) -> bool {
        self.ignored.as_ref().is_some_and(|ignored| ignored.ignores(path))
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
        Some(if metadata.is_dir() {
            ContextEntry::Dir(Some(metadata.permissions().mode() & 0o7777))
        } else if metadata.is_symlink() {
            ContextEntry::Symlink(fs::read_link(&at).ok()?.to_str()?.to_owned())
        } else if metadata.is_file() {
            ContextEntry::File
        } else {
            ContextEntry::Unknown
        })
    }

    fn names(&self, directory: &str) -> Vec<String> {
        let entries = fs::read_dir(self.root.join(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).collect();
        names.sort();
        names
    }

    fn walk(&self, directory: &str, prefix: &str, found: &mut Vec<(String, ContextEntry)>) {
        for name in self.names(directory) {
            let path = if directory.is_empty() { name.clone() } else { format!("{directory}/{name}") };
            let relative = if prefix.is_empty() { name } else { format!("{prefix}/{name}") };
            let Some(entry) = self.entry(&path) else { continue };
            let is_ignored = self.ignores(&path);
            if matches!(entry, ContextEntry::Dir(_)) {
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

    fn glob(&self, pattern: &str) -> Vec<String> {
        let mut matched = vec![String::new()];
        for part in pattern.split('/').filter(|part| !matches!(*part, "" | ".")) {
            let Ok(glob) = Glob::new(part) else { return Vec::new() };
            let mut next = Vec::new();
            for directory in matched {
                for name in self.names(&directory) {
                    if glob.matches(&name) {
                        next.push(if directory.is_empty() { name } else { format!("{directory}/{name}") });
                    }
                }
            }
            matched = next;
        }
        matched.retain(|path| !self.ignores(path));
        matched
    }
}

fn ignore_file(at: &Path) -> Result<Option<Ignored>, RefusedIgnoreFile> {
    let Some(bytes) = read_file(at) else { return Ok(None) };
    let ignored = Ignored::read(&String::from_utf8_lossy(&bytes));
    ignored.map(Some).map_err(|error| RefusedIgnoreFile { path: at.to_owned(), error })
}

/// Reads a file of moderate size; a pipe or a device would never end.
fn read_file(at: &Path) -> Option<Vec<u8>> {
    let metadata = fs::metadata(at).ok()?;
    if !metadata.is_file() || metadata.len() > MOST_BYTES {
        return None;
    }
    fs::read(at).ok()
}

impl BuildContext for FolderContext {
    fn find(&self, source: &str) -> Option<Vec<ContextPath>> {
        let clean = clean(source);
        let paths = if has_wildcards(source) { self.glob(source) } else { vec![clean] };
        let found: Vec<ContextPath> = paths
            .into_iter()
            .filter_map(|path| {
                let real = self.real(&path)?;
                let entry = self.entry(&real).filter(|_| !self.ignores(&real))?;
                Some(ContextPath { path, real, entry })
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

    fn read(&self, file: &str) -> Option<Vec<u8>> {
        read_file(&self.root.join(file))
    }
}
