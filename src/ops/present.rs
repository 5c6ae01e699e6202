//! The present files of a repository: in the working tree, or in the commit.

use std::collections::BTreeSet;
use std::path::Path;
use std::{fs, io};

use super::change::{ChangeError, Mode};
use super::workspace::{Workspace, place_in};
use crate::campaign::plan::file::{File, Plan};
use crate::config::Config;
use crate::discover::{MOST_BYTES, SourceTree};
use crate::git::{RepoPath, hash_blob};

/// The source of the present files.
pub(super) struct PresentFiles<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) source: &'a SourceTree<'a>,
    pub(crate) config: &'a Config,
    pub(crate) mode: Mode,
}

impl PresentFiles<'_> {
    /// Returns the text of a file: from the working tree if that is written, else from the commit or folder.
    pub(super) fn text(&self, path: &RepoPath) -> Result<Vec<u8>, ChangeError> {
        match self.workspace.folder().filter(|_| self.mode == Mode::Write) {
            Some(folder) => read_in_tree(folder, path),
            None => self.committed(path),
        }
    }

    fn committed(&self, path: &RepoPath) -> Result<Vec<u8>, ChangeError> {
        if let Some(target) = self.source.link_target(path) {
            return Err(ChangeError::Link { path: path.clone(), target });
        }
        Ok(self.source.read(path, MOST_BYTES)?)
    }

    /// Returns true if a file already has its planned text: in the base of the branches, or in the working tree.
    pub(super) fn is_done(&self, file: &File) -> bool {
        let text = RepoPath::new(&file.path).ok().and_then(|path| {
            let folder = self.workspace.folder().filter(|_| self.mode != Mode::Commit);
            folder.map_or_else(|| self.committed(&path), |folder| read_in_tree(folder, &path)).ok()
        });
        let blob = text.and_then(|text| hash_blob(&text).ok());
        matches!((file.done_blob(), blob), (Some(planned), Some(blob)) if blob.as_str() == planned)
    }

    /// Returns the number of the first wave that is not finished. `against` are the files that people decided against.
    pub(super) fn next_wave(&self, plan: &Plan, against: &BTreeSet<String>) -> Option<usize> {
        let is_finished =
            |path: &String| against.contains(path) || plan.file(path).is_some_and(|file| self.is_done(file));
        plan.waves.iter().find(|wave| !wave.files.iter().all(is_finished)).map(|wave| wave.number)
    }

    /// Returns an error if the file has uncommitted changes, which must not be overwritten.
    pub(super) fn refuse_uncommitted(&self, path: &RepoPath) -> Result<(), ChangeError> {
        let (Workspace::Git(repository, _), Mode::Write) = (self.workspace, self.mode) else { return Ok(()) };
        if repository.dirty_paths(std::slice::from_ref(path))?.is_empty() {
            return Ok(());
        }
        Err(ChangeError::Uncommitted { path: path.clone() })
    }
}

/// Reads a file of the working tree. Refuses a symbolic link, and a path through one.
fn read_in_tree(folder: &Path, path: &RepoPath) -> Result<Vec<u8>, ChangeError> {
    let at = place_in(folder, path)?;
    let unreadable = |source: io::Error| ChangeError::Unreadable { path: path.clone(), source };
    let metadata = fs::symlink_metadata(&at).map_err(unreadable)?;
    // A pipe would never end, and a folder is not a file.
    if !metadata.is_file() {
        return Err(ChangeError::NotAFile { path: path.clone() });
    }
    if metadata.len() > MOST_BYTES {
        return Err(ChangeError::TooLarge { path: path.clone(), bytes: metadata.len() });
    }
    fs::read(&at).map_err(unreadable)
}
