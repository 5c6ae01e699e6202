//! The history of removed paths: the commits that removed them, and their new names. The search is bounded, since the
//! result is only a hint. It never writes to the repository.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use git2::{Delta, DiffFindOptions, ObjectType, Oid};

use super::{BlobId, CommitId, GitError, RepoPath, Repository};
use crate::text::words::first_line;

/// The number of commits of the first-parent history that are searched.
const MOST_COMMITS: usize = 2_000;
/// The limit on the renames of one path that are followed.
const MOST_RENAMES: usize = 10;
/// Git's own limit on the added and removed files that are compared (`diff.renameLimit`).
const RENAME_LIMIT: usize = 1_000;

/// The removal of a path from the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Removal {
    /// The removed path.
    pub(crate) path: RepoPath,
    /// The commit that removed it, on the first-parent history.
    pub(crate) commit: CommitId,
    /// The first line of that commit's message.
    pub(crate) subject: String,
    /// The path where git's rename detection finds its content now.
    pub(crate) renamed_to: Option<RepoPath>,
}

impl Repository {
    /// Returns true if the history of a commit contains another; `None` if one of them is not in the repository.
    pub(crate) fn contains(&self, commit: &CommitId, earlier: &CommitId) -> Option<bool> {
        let contains = self.with(|repo| {
            let (commit, earlier) = (self.commit(repo, commit)?.id(), self.commit(repo, earlier)?.id());
            let found = commit == earlier || repo.graph_descendant_of(commit, earlier).unwrap_or(false);
            Ok(found)
        });
        contains.ok()
    }

    /// Returns the last commit of the first-parent history that changed the object at a path, with its author; `None`
    /// if none of the last 2,000 commits did.
    ///
    /// # Errors
    ///
    /// [`GitError`] if an object of the history cannot be read. The history of a shallow clone ends without an error.
    pub(crate) fn last_change(
        &self,
        tip: &CommitId,
        path: &str,
    ) -> Result<Option<(CommitId, String)>, GitError> {
        self.with(|repo| {
            let at = |commit: &git2::Commit<'_>| -> Option<Oid> {
                Some(commit.tree().ok()?.get_path(std::path::Path::new(path)).ok()?.id())
            };
            let mut commit = self.commit(repo, tip)?;
            for _ in 0..MOST_COMMITS {
                let Ok(parent) = commit.parent(0) else { break };
                if at(&commit) != at(&parent) {
                    let author = String::from_utf8_lossy(commit.author().name_bytes()).into_owned();
                    return Ok(Some((CommitId::of(commit.id()), author)));
                }
                commit = parent;
            }
            Ok(None)
        })
    }

    /// Returns the texts that the file at a path had in the last 2,000 commits of the first-parent history, the latest
    /// first.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit cannot be read. The history of a shallow clone ends without an error.
    pub(crate) fn versions(&self, tip: &CommitId, path: &str) -> Result<Vec<BlobId>, GitError> {
        self.with(|repo| {
            let mut commit = self.commit(repo, tip)?;
            let mut found: Vec<BlobId> = Vec::new();
            for _ in 0..MOST_COMMITS {
                let entry =
                    commit.tree().ok().and_then(|tree| tree.get_path(std::path::Path::new(path)).ok());
                if let Some(entry) = entry.filter(|entry| entry.kind() == Some(ObjectType::Blob)) {
                    let id = BlobId::of(entry.id());
                    if found.last() != Some(&id) {
                        found.push(id);
                    }
                }
                let Ok(parent) = commit.parent(0) else { break };
                commit = parent;
            }
            Ok(found)
        })
    }

    /// Returns git's id of the file or folder at a path (`.` is the root) in a commit, or in its first parent if
    /// `before` is true; `None` if there is nothing.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit is missing or cannot be read.
    pub fn id_at(&self, commit: &CommitId, path: &str, before: bool) -> Result<Option<String>, GitError> {
        self.with(|repo| {
            let commit = self.commit(repo, commit)?;
            let commit = match before.then(|| commit.parent(0)) {
                None => commit,
                Some(Ok(parent)) => parent,
                Some(Err(_)) => return Ok(None),
            };
            let tree =
                commit.tree().map_err(|error| self.object_error(repo, &commit.id().to_string(), &error))?;
            if path == "." {
                return Ok(Some(tree.id().to_string()));
            }
            Ok(tree.get_path(std::path::Path::new(path)).ok().map(|entry| entry.id().to_string()))
        })
    }

    /// Returns the mode of the entry at a path in a commit; `None` if there is nothing.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit is missing or cannot be read.
    pub(crate) fn file_mode(&self, commit: &CommitId, path: &str) -> Result<Option<u32>, GitError> {
        self.with(|repo| {
            let tree = self.tree_of(repo, commit)?;
            let entry = tree.get_path(std::path::Path::new(path)).ok();
            Ok(entry.map(|entry| entry.filemode_raw().unsigned_abs()))
        })
    }

    /// Finds the commits that removed `gone` among the last 2,000 commits before `tip`, in order of path. A path that
    /// never existed has no removal.
    ///
    /// # Errors
    ///
    /// [`GitError`] if an object of the history cannot be read. The history of a shallow clone ends without an error.
    pub fn removals(&self, tip: &CommitId, gone: &[RepoPath]) -> Result<Vec<Removal>, GitError> {
        self.with(|repo| {
            let mut found = BTreeMap::new();
            let mut wanted: BTreeSet<RepoPath> = gone.iter().cloned().collect();
            for _ in 0..MOST_RENAMES {
                if wanted.is_empty() {
                    break;
                }
                let removals = self.removals_once(repo, tip, &wanted)?;
                wanted = removals.iter().filter_map(|removal| removal.renamed_to.clone()).collect();
                found.extend(removals.into_iter().map(|removal| (removal.path.clone(), removal)));
                // The new name of a path may have been renamed or removed later.
                let tree = self.tree_of(repo, tip)?;
                let mut memo = Memo::default();
                wanted.retain(|path| !found.contains_key(path) && !memo.has(repo, tree.id(), path.as_str()));
            }
            let asked: BTreeSet<_> = gone.iter().collect();
            Ok(asked.into_iter().filter_map(|path| follow(&found, path)).collect())
        })
    }

    fn removals_once(
        &self,
        repo: &git2::Repository,
        tip: &CommitId,
        gone: &BTreeSet<RepoPath>,
    ) -> Result<Vec<Removal>, GitError> {
        let mut left = gone.clone();
        let mut memo = Memo::default();
        let mut removals = Vec::new();
        let mut commit = self.commit(repo, tip)?;
        for _ in 0..MOST_COMMITS {
            // A shallow clone names parents that it does not contain.
            let Ok(parent) = commit.parent(0) else { break };
            let (new, old) = (commit.tree_id(), parent.tree_id());
            let here: BTreeSet<RepoPath> = left
                .iter()
                .filter(|p| memo.has(repo, old, p.as_str()) && !memo.has(repo, new, p.as_str()))
                .cloned()
                .collect();
            if !here.is_empty() {
                let renames = self.renames_in(repo, old, new)?;
                removals.extend(here.iter().map(|path| Removal {
                    path: path.clone(),
                    commit: CommitId::of(commit.id()),
                    subject: subject(&commit),
                    renamed_to: renames.get(path).cloned(),
                }));
                left.retain(|path| !here.contains(path));
            }
            if left.is_empty() {
                break;
            }
            commit = parent;
        }
        Ok(removals)
    }

    fn renames_in(
        &self,
        repo: &git2::Repository,
        old: Oid,
        new: Oid,
    ) -> Result<BTreeMap<RepoPath, RepoPath>, GitError> {
        let tree = |id: Oid| repo.find_tree(id);
        let find = || {
            let mut diff = repo.diff_tree_to_tree(Some(&tree(old)?), Some(&tree(new)?), None)?;
            diff.find_similar(Some(DiffFindOptions::new().renames(true).rename_limit(RENAME_LIMIT)))?;
            Ok(diff)
        };
        let diff = find().map_err(|error: git2::Error| self.object_error(repo, &new.to_string(), &error))?;
        let name = |file: git2::DiffFile<'_>| RepoPath::new(file.path()?.to_str()?).ok();
        let renamed = diff.deltas().filter(|delta| delta.status() == Delta::Renamed);
        Ok(renamed.filter_map(|delta| Some((name(delta.old_file())?, name(delta.new_file())?))).collect())
    }
}

/// Returns the removal of `path`, with its newest name.
fn follow(found: &BTreeMap<RepoPath, Removal>, path: &RepoPath) -> Option<Removal> {
    let mut removal = found.get(path)?.clone();
    for _ in 0..MOST_RENAMES {
        let Some(next) = removal.renamed_to.as_ref().and_then(|to| found.get(to)) else { break };
        removal.renamed_to.clone_from(&next.renamed_to);
    }
    Some(removal)
}

fn subject(commit: &git2::Commit<'_>) -> String {
    let message = String::from_utf8_lossy(commit.message_bytes());
    first_line(&message).to_owned()
}

/// A cache of the trees that hold the searched paths. Most commits leave most subtrees unchanged, so most lookups of
/// a walk hit the cache.
#[derive(Default)]
struct Memo {
    known: HashMap<Oid, HashMap<String, bool>>,
}

impl Memo {
    fn has(&mut self, repo: &git2::Repository, tree: Oid, path: &str) -> bool {
        if let Some(&known) = self.known.get(&tree).and_then(|paths| paths.get(path)) {
            return known;
        }
        let (name, rest) = path.split_once('/').map_or((path, None), |(name, rest)| (name, Some(rest)));
        let entry = repo.find_tree(tree).ok().and_then(|tree| {
            tree.get_name(name).map(|entry| (entry.id(), entry.kind() == Some(ObjectType::Tree)))
        });
        let has = match (entry, rest) {
            (Some((id, true)), Some(rest)) => self.has(repo, id, rest),
            (Some((_, is_tree)), None) => !is_tree,
            _ => false,
        };
        self.known.entry(tree).or_default().insert(path.to_owned(), has);
        has
    }
}
