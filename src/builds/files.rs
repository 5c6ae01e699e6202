//! The text files of a repository, read when a build file names them. It never looks outside of the repository.

use crate::discover::{SourceTree, Target};
use crate::git::{EntryKind, RepoPath};
use crate::text::glob::Glob;

/// Larger files are data that only has a matching name.
pub(super) const MOST_BYTES: u64 = 1 << 20;

/// The files of a repository.
#[derive(Clone, Copy)]
pub(super) struct Files<'a> {
    source: &'a SourceTree<'a>,
}

impl<'a> Files<'a> {
    pub(crate) fn new(source: &'a SourceTree<'a>) -> Self {
        Self { source }
    }

    /// Returns the text of a file, links followed.
    pub(crate) fn read(self, path: &str) -> Option<String> {
        let bytes = self.source.read(&self.file(path)?, MOST_BYTES).ok()?;
        Some(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// Returns true if there is a file, or a link to one.
    pub(crate) fn has(self, path: &str) -> bool {
        self.file(path).is_some()
    }

    /// Returns the paths that match a pattern of a shell, in order; `*` does not match a slash.
    pub(crate) fn matching(self, pattern: &str) -> Vec<String> {
        let mut found = vec![None];
        for part in pattern.split('/').filter(|part| !part.is_empty()) {
            let Ok(glob) = Glob::new(part) else { return Vec::new() };
            let below = |folder: &Option<RepoPath>| {
                let names = self.source.listing().children(folder.as_ref());
                let names = names.filter(|name| glob.matches(name));
                names
                    .filter_map(|name| RepoPath::below(folder.as_ref(), name).ok())
                    .map(Some)
                    .collect::<Vec<_>>()
            };
            found = found.iter().flat_map(below).collect();
        }
        let mut found: Vec<String> = found.into_iter().flatten().map(|path| path.to_string()).collect();
        found.sort();
        found
    }

    fn file(self, path: &str) -> Option<RepoPath> {
        let Target::Inside(Some(file)) = self.source.follow(&RepoPath::new(path).ok()?) else { return None };
        let kind = self.source.listing().get(&file).map(|entry| entry.kind);
        matches!(kind, Some(EntryKind::File { .. })).then_some(file)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::builds::script::Repository;

    /// Asks something of a repository with these files.
    pub(crate) fn with<T>(texts: &[(&str, &str)], ask: impl FnOnce(Files<'_>) -> T) -> T {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in texts {
            let at = folder.path().join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, text).unwrap();
        }
        ask(Files::new(&SourceTree::folder(folder.path())))
    }

    /// Asks something of an empty repository.
    pub(crate) fn without<T>(ask: impl FnOnce(Repository<'_>) -> T) -> T {
        let scripts = BTreeSet::new();
        with(&[], |files| ask(Repository { files, scripts: &scripts }))
    }
}
