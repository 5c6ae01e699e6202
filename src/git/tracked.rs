//! The index and the tracked files of the working tree.

use std::collections::{BTreeSet, HashMap};
use std::fs;
use std::path::Path;
use std::time::UNIX_EPOCH;

use git2::StatusOptions;
use rayon::prelude::*;

use super::listing::kind_on_disk;
use super::path::{BlobId, PathError, RepoPath};
use super::{EntryKind, GitError, Listing, Odd, OddReason, Repository, Shape, TreeEntry, entry};

/// Bits of an index entry (git, `index-format.txt`): its stage, and the bit of an entry that only `git add -N` added.
const STAGE: u16 = 0x3000;
const INTENT_TO_ADD: u16 = 1 << 13;

impl Repository {
    /// Returns the paths of the index, which the next commit would contain.
    ///
    /// # Errors
    ///
    /// [`GitError::Index`] if it cannot be read.
    pub(crate) fn staged(&self) -> Result<Listing, GitError> {
        let mut odd = Vec::new();
        let entries = self.index_entries(&mut odd)?;
        let (clear, unmerged): (Vec<_>, Vec<_>) = entries.into_iter().partition(|tracked| tracked.merged);
        odd.extend(unmerged.iter().map(|t| Odd::new(t.entry.path.as_str().as_bytes(), OddReason::Unmerged)));
        odd.dedup();
        Ok(Listing::new(clear.into_iter().map(|tracked| tracked.entry).collect(), odd))
    }

    /// Returns the tracked files that exist on disk, in their present state.
    ///
    /// A file whose folder has become a symlink is left out: git also treats it as deleted, and following the symlink
    /// could leave the repository.
    ///
    /// # Errors
    ///
    /// [`GitError::NoWorkingTree`] for a bare repository, [`GitError::Index`] if the index cannot be read.
    pub(crate) fn tracked(&self) -> Result<Listing, GitError> {
        let root = self.root()?;
        let mut odd = Vec::new();
        let mut entries = self.index_entries(&mut odd)?;
        entries.dedup_by(|later, first| later.entry.path == first.entry.path);
        let mut folders = HashMap::new();
        entries.retain(|tracked| is_real(root, tracked.entry.path.parent(), &mut folders));
        let on_disk = |tracked: &Tracked| {
            let path = &tracked.entry.path;
            let meta = root.join(path.as_str()).symlink_metadata().ok()?;
            let kind = match tracked.entry.kind {
                EntryKind::Submodule => meta.is_dir().then_some(EntryKind::Submodule)?,
                _ => kind_on_disk(&meta)?,
            };
            Some(TreeEntry { path: path.clone(), kind, blob: None })
        };
        Ok(Listing::new(entries.par_iter().filter_map(on_disk).collect(), odd))
    }

    /// Returns those of `paths` that differ from HEAD in the index or the working tree, untracked files included.
    ///
    /// # Errors
    ///
    /// [`GitError::NoWorkingTree`] for a bare repository, [`GitError::Failed`] if git cannot compare.
    pub(crate) fn dirty_paths(&self, paths: &[RepoPath]) -> Result<BTreeSet<RepoPath>, GitError> {
        let root = self.root()?;
        if paths.is_empty() {
            return Ok(BTreeSet::new());
        }
        let mut options = StatusOptions::new();
        options.disable_pathspec_match(true).exclude_submodules(true);
        for path in paths {
            options.pathspec(path.as_str());
        }
        let asked: BTreeSet<_> = paths.iter().collect();
        self.with(|repo| {
            let all = repo.statuses(Some(&mut options));
            let all = all.map_err(|error| self.failed("compare the working tree with HEAD", &error))?;
            let changed = all.iter().filter_map(|one| RepoPath::new(one.path().ok()?).ok());
            let mut dirty: BTreeSet<_> = changed.filter(|path| asked.contains(path)).collect();
            // Letting git look for untracked files would walk every folder; the given paths are few.
            let index = repo.index().map_err(|error| self.failed("read the index", &error))?;
            let untracked = |path: &&RepoPath| {
                index.get_path(Path::new(path.as_str()), 0).is_none()
                    && root.join(path.as_str()).symlink_metadata().is_ok()
            };
            dirty.extend(paths.iter().filter(untracked).cloned());
            Ok(dirty)
        })
    }

    /// Returns those of `paths` that the index does not have: untracked and ignored files.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if the index cannot be read.
    pub(crate) fn not_in_index(&self, paths: Vec<RepoPath>) -> Result<Vec<RepoPath>, GitError> {
        self.with(|repo| {
            let index = repo.index().map_err(|error| self.failed("read the index", &error))?;
            // A file in conflict has no entry of stage 0.
            let is_tracked = |path: &RepoPath| {
                (0..=3).any(|stage| index.get_path(Path::new(path.as_str()), stage).is_some())
            };
            Ok(paths.into_iter().filter(|path| !is_tracked(path)).collect())
        })
    }

    /// Returns those of `files`, given with their blobs in HEAD, that differ from HEAD in the index or the working
    /// tree.
    ///
    /// As git does, a file with the size and the time that the index records counts as unchanged, unless it is as new
    /// as the index itself.
    ///
    /// # Errors
    ///
    /// The errors of [`dirty_paths`](Self::dirty_paths).
    pub(crate) fn changed_files<'a>(
        &self,
        files: impl Iterator<Item = (&'a RepoPath, &'a BlobId)>,
    ) -> Result<BTreeSet<RepoPath>, GitError> {
        let root = self.root()?;
        let doubtful: Vec<RepoPath> = self.with(|repo| {
            let index = repo.index().map_err(|error| self.failed("read the index", &error))?;
            let written =
                index.path().and_then(|path| path.metadata().ok()).and_then(|data| data.modified().ok());
            let unchanged = |path: &RepoPath, blob: &BlobId| {
                let entry = index.get_path(Path::new(path.as_str()), 0)?;
                let found = root.join(path.as_str()).symlink_metadata().ok().filter(fs::Metadata::is_file)?;
                let modified = found.modified().ok().filter(|modified| Some(*modified) < written)?;
                let since = modified.duration_since(UNIX_EPOCH).ok()?;
                let time = entry.mtime;
                let same = entry.id.to_string() == blob.as_str()
                    && u64::from(entry.file_size) == found.len()
                    && i64::from(time.seconds()) == i64::try_from(since.as_secs()).ok()?
                    && time.nanoseconds() == since.subsec_nanos();
                same.then_some(())
            };
            Ok(files
                .filter(|(path, blob)| unchanged(path, blob).is_none())
                .map(|(path, _)| path.clone())
                .collect())
        })?;
        self.dirty_paths(&doubtful)
    }

    fn root(&self) -> Result<&Path, GitError> {
        self.working_tree().ok_or_else(|| GitError::NoWorkingTree { path: self.git_dir.clone() })
    }

    fn index_entries(&self, odd: &mut Vec<Odd>) -> Result<Vec<Tracked>, GitError> {
        self.with(|repo| {
            let read = |mut index: git2::Index| index.read(false).map(|()| index);
            let index = repo.index().and_then(read).map_err(|error| GitError::Index {
                path: self.git_dir.clone(),
                message: error.message().to_owned(),
            })?;
            let mut entries = Vec::with_capacity(index.len());
            for found in index.iter().filter(|found| found.flags_extended & INTENT_TO_ADD == 0) {
                let text = std::str::from_utf8(&found.path).map_err(|_| PathError::NotUtf8);
                match (text.and_then(RepoPath::new), Shape::of_mode(found.mode)) {
                    (Ok(path), Shape::Entry(kind)) => entries.push(Tracked {
                        entry: entry(path, kind, found.id),
                        merged: found.flags & STAGE == 0,
                    }),
                    // Only a sparse index holds folders, and libgit2 refuses to read one.
                    (Ok(_), Shape::Folder) => {}
                    (Err(why), _) => odd.push(Odd::new(&found.path, OddReason::Path(why))),
                }
            }
            Ok(entries)
        })
    }
}

struct Tracked {
    entry: TreeEntry,
    merged: bool,
}

/// Returns true if a folder and all of its parent directories are real folders, not symlinks.
fn is_real(root: &Path, folder: Option<RepoPath>, known: &mut HashMap<RepoPath, bool>) -> bool {
    let Some(folder) = folder else { return true };
    if let Some(&real) = known.get(&folder) {
        return real;
    }
    let real = is_real(root, folder.parent(), known)
        && root.join(folder.as_str()).symlink_metadata().is_ok_and(|meta| meta.is_dir());
    known.insert(folder, real);
    real
}
