//! The text files of a repository, read when a build file names them. It never looks outside of the repository.

use crate::discover::{SourceTree, Target};
use crate::git::{EntryKind, RepoPath};

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
