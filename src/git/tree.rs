//! The id of a folder without some of its paths. An equal id proves that nothing else in the folder has changed.
//! Nothing is ever written to the repository.

use std::collections::BTreeSet;
use std::path::Path;

use git2::{ErrorCode, ObjectType, Oid};

use super::{CommitId, GitError, RepoPath, Repository};

impl Repository {
    /// Returns the id that git would give to a folder of a commit without the files and folders `without`, whose
    /// paths start at the repository's root; a folder that they leave empty is left out too. No object is written. A
    /// `folder` of `None` is the root. `None` if the commit has no such folder.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit or one of its trees cannot be read.
    pub(crate) fn tree_without(
        &self,
        commit: &CommitId,
        folder: Option<&RepoPath>,
        without: &BTreeSet<RepoPath>,
    ) -> Result<Option<String>, GitError> {
        self.with(|repo| {
            let root = self.tree_of(repo, commit)?;
            let (at, id) = match folder {
                None => (String::new(), root.id()),
                Some(folder) => match root.get_path(Path::new(folder.as_str())) {
                    Ok(found) if found.kind() == Some(ObjectType::Tree) => (format!("{folder}/"), found.id()),
                    Ok(_) => return Ok(None),
                    Err(error) if error.code() == ErrorCode::NotFound => return Ok(None),
                    Err(error) => return Err(self.object_error(repo, folder.as_str(), &error)),
                },
            };
            let without: Vec<&str> = without.iter().map(RepoPath::as_str).collect();
            Ok(self.pruned(repo, id, at.as_bytes(), &without)?.map(|id| id.to_string()))
        })
    }

    /// Returns the id of a tree at `at`, which ends in a slash or is empty. `None` if nothing is left of it.
    fn pruned(
        &self,
        repo: &git2::Repository,
        id: Oid,
        at: &[u8],
        without: &[&str],
    ) -> Result<Option<Oid>, GitError> {
        let below = |path: &&&str| path.as_bytes().starts_with(at);
        let without: Vec<&str> = without.iter().filter(below).copied().collect();
        if without.is_empty() {
            return Ok(Some(id));
        }
        let tree = repo.find_tree(id).map_err(|error| self.object_error(repo, &id.to_string(), &error))?;
        let mut bytes = Vec::new();
        for entry in &tree {
            let path = [at, entry.name_bytes()].concat();
            if without.iter().any(|gone| gone.as_bytes() == path) {
                continue;
            }
            let id = match entry.kind() {
                Some(ObjectType::Tree) => {
                    self.pruned(repo, entry.id(), &[&path[..], b"/"].concat(), &without)?
                }
                _ => Some(entry.id()),
            };
            if let Some(id) = id {
                // A tree's format: `mode name`, a NUL, the id (git, `tree.c`).
                bytes.extend(format!("{:o} ", entry.filemode_raw()).bytes());
                bytes.extend(entry.name_bytes());
                bytes.push(0);
                bytes.extend(id.as_bytes());
            }
        }
        if bytes.is_empty() {
            return Ok(None);
        }
        Oid::hash_object(ObjectType::Tree, &bytes)
            .map(Some)
            .map_err(|error| self.failed("hash a tree", &error))
    }
}
