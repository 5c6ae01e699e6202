//! Git repositories: their paths, their blobs and their history. The only user of git2. It writes nothing to a
//! repository but the branches that the caller asks for. It never runs a program, so no hook and no filter of the
//! repository runs.

mod branch;
mod error;
mod heads;
mod history;
mod journal;
mod listing;
mod path;
mod tracked;
mod tree;

use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

use git2::{ErrorCode, ObjectType, Oid};

pub(crate) use branch::{Became, BranchError, CommitContent, CommitMark, Proposal};
pub use error::GitError;
pub(crate) use history::Removal;
pub(crate) use listing::{EntryKind, Listing, Odd, OddReason, TreeEntry};
pub(crate) use path::{BlobId, IdError, PathError};
pub use path::{CommitId, RepoPath};

use error::{format_error, open_error};
use path::{LONGEST, check_name};

/// The limit on the paths of a commit: a tree that names its own subtrees repeatedly can list more paths than fit in
/// memory.
const MOST_PATHS: usize = 5_000_000;

/// The most folders of a listing: a few trees that hold one another many times have no end of them, and no file.
const MOST_FOLDERS: usize = if cfg!(test) { 10_000 } else { 1_000_000 };

/// A repository. It can be shared between threads: each operation takes an idle handle or opens another one, so that
/// no thread waits while another one reads.
pub struct Repository {
    git_dir: PathBuf,
    working_tree: Option<PathBuf>,
    idle: Mutex<Vec<git2::Repository>>,
}

impl Repository {
    /// Opens the repository that `path` lies in.
    ///
    /// # Errors
    ///
    /// [`GitError`] has separate cases: there is no repository, it belongs to another user, its format is not
    /// supported, it cannot be read.
    pub fn open(path: &Path) -> Result<Self, GitError> {
        let git_dir = git2::Repository::discover_path(path, &[] as &[&Path])
            .map_err(|error| open_error(path, &error))?;
        // git itself does not hash an object again when it reads it; a pack's checksums find corruption.
        git2::opts::strict_hash_verification(false);
        let handle = git2::Repository::open(&git_dir).map_err(|error| format_error(&git_dir, &error))?;
        let working_tree = working_tree(&handle);
        Ok(Self { git_dir, working_tree, idle: Mutex::new(vec![handle]) })
    }

    /// The git directory of the repository.
    pub fn git_dir(&self) -> &Path {
        &self.git_dir
    }

    /// The root of the working tree. `None` if the repository is bare.
    pub fn working_tree(&self) -> Option<&Path> {
        self.working_tree.as_deref()
    }

    /// Returns the git directory that all working trees of the repository share.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the repository cannot be opened any more.
    pub(crate) fn common_dir(&self) -> Result<PathBuf, GitError> {
        self.with(|repo| Ok(repo.commondir().to_owned()))
    }

    /// The commit that `revision` names, or HEAD.
    ///
    /// # Errors
    ///
    /// [`GitError`] if there is none, the name is ambiguous, or the repository has no commit yet.
    pub fn resolve(&self, revision: Option<&str>) -> Result<CommitId, GitError> {
        self.with(|repo| match revision {
            None => self.head(repo),
            Some(revision) => self.named(repo, revision),
        })
    }

    fn head(&self, repo: &git2::Repository) -> Result<CommitId, GitError> {
        let path = self.git_dir.clone();
        match repo.head() {
            Ok(head) => {
                let commit = head.peel_to_commit();
                commit
                    .map(|commit| CommitId::of(commit.id()))
                    .map_err(|e| self.object_error(repo, "HEAD", &e))
            }
            Err(error) if error.code() == ErrorCode::UnbornBranch => {
                let has_refs = repo.references().is_ok_and(|mut refs| refs.next().is_some());
                if !has_refs {
                    return Err(GitError::Empty { path });
                }
                let head = repo.find_reference("HEAD").ok();
                let target = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten());
                let branch = target.map_or("HEAD", |name| name.strip_prefix("refs/heads/").unwrap_or(name));
                Err(GitError::UnbornHead { path, branch: branch.to_owned() })
            }
            Err(error) => Err(GitError::Unreadable { path, message: error.message().to_owned() }),
        }
    }

    fn named(&self, repo: &git2::Repository, revision: &str) -> Result<CommitId, GitError> {
        let (path, name) = (self.git_dir.clone(), revision.to_owned());
        let object = repo.revparse_single(revision).map_err(|error| match error.code() {
            ErrorCode::NotFound => match self.head(repo) {
                Err(empty @ GitError::Empty { .. }) => empty,
                _ => GitError::RevisionNotFound { path: path.clone(), revision: name.clone() },
            },
            ErrorCode::Ambiguous => {
                GitError::AmbiguousRevision { path: path.clone(), revision: name.clone() }
            }
            _ => GitError::NotACommit { path: path.clone(), revision: name.clone() },
        })?;
        match object.peel_to_commit() {
            Ok(commit) => Ok(CommitId::of(commit.id())),
            Err(error) if error.code() == ErrorCode::NotFound => {
                Err(self.object_error(repo, revision, &error))
            }
            Err(_) => Err(GitError::NotACommit { path, revision: name }),
        }
    }

    /// All paths of a commit.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit or one of its trees cannot be read.
    pub(crate) fn listing(&self, commit: &CommitId) -> Result<Listing, GitError> {
        self.with(|repo| {
            let tree = self.tree_of(repo, commit)?;
            self.walk(repo, &tree)
        })
    }

    fn walk(&self, repo: &git2::Repository, root: &git2::Tree<'_>) -> Result<Listing, GitError> {
        let (mut entries, mut odd) = (Vec::new(), Vec::new());
        let mut pending = vec![(Ok(String::new()), root.id())];
        let mut folders = 0;
        while let Some((folder, id)) = pending.pop() {
            let tree =
                repo.find_tree(id).map_err(|error| self.object_error(repo, &id.to_string(), &error))?;
            for found in &tree {
                let is_folder = Shape::of_mode(found.filemode_raw().unsigned_abs());
                match (below(&folder, found.name_bytes()), is_folder) {
                    (Ok(path), Shape::Entry(kind)) => entries.push(entry(path, kind, found.id())),
                    (Ok(path), Shape::Folder) => pending.push((Ok(format!("{path}/")), found.id())),
                    (Err((name, why)), Shape::Entry(_)) => odd.push(Odd::new(&name, OddReason::Path(why))),
                    // The files in it are named one by one.
                    (Err((mut name, why)), Shape::Folder) => {
                        name.push(b'/');
                        pending.push((Err((name, why)), found.id()));
                    }
                }
            }
            folders += 1;
            if folders > MOST_FOLDERS || entries.len() + odd.len() + pending.len() > MOST_PATHS {
                let (path, object) = (self.git_dir.clone(), root.id().to_string());
                return Err(GitError::TooManyPaths { path, object });
            }
        }
        Ok(Listing::new(entries, odd))
    }

    /// The content of a blob. Call [`blob_size`](Self::blob_size) first where a large blob would be a problem.
    ///
    /// # Errors
    ///
    /// [`GitError`] if it is missing or damaged. A partial clone and a broken one have different errors.
    pub(crate) fn blob(&self, id: &BlobId) -> Result<Vec<u8>, GitError> {
        self.with(|repo| {
            let oid = self.oid(id.as_str())?;
            let read = |odb: git2::Odb<'_>| odb.read(oid).map(|object| object.data().to_vec());
            repo.odb().and_then(read).map_err(|error| self.object_error(repo, id.as_str(), &error))
        })
    }

    /// Returns the size of a blob in bytes, without reading the blob.
    ///
    /// # Errors
    ///
    /// [`GitError`] if it is missing or damaged.
    pub(crate) fn blob_size(&self, id: &BlobId) -> Result<u64, GitError> {
        self.with(|repo| {
            let oid = self.oid(id.as_str())?;
            let header = repo.odb().and_then(|odb| odb.read_header(oid));
            let (size, _) = header.map_err(|error| self.object_error(repo, id.as_str(), &error))?;
            Ok(size as u64)
        })
    }

    fn with<T>(&self, work: impl FnOnce(&git2::Repository) -> Result<T, GitError>) -> Result<T, GitError> {
        let idle = self.idle().pop();
        let handle = match idle {
            Some(handle) => handle,
            None => {
                git2::Repository::open(&self.git_dir).map_err(|error| open_error(&self.git_dir, &error))?
            }
        };
        let result = work(&handle);
        self.idle().push(handle);
        result
    }

    // A handle in the pool is valid even if a thread panicked, so a poisoned lock is ignored.
    fn idle(&self) -> MutexGuard<'_, Vec<git2::Repository>> {
        self.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn oid(&self, hex: &str) -> Result<Oid, GitError> {
        Oid::from_str(hex)
            .map_err(|_| GitError::MissingObject { path: self.git_dir.clone(), object: hex.to_owned() })
    }

    fn commit<'r>(&self, repo: &'r git2::Repository, id: &CommitId) -> Result<git2::Commit<'r>, GitError> {
        let commit = repo.find_commit(self.oid(id.as_str())?);
        commit.map_err(|error| self.object_error(repo, id.as_str(), &error))
    }

    fn tree_of<'r>(&self, repo: &'r git2::Repository, id: &CommitId) -> Result<git2::Tree<'r>, GitError> {
        self.commit(repo, id)?.tree().map_err(|error| self.object_error(repo, id.as_str(), &error))
    }

    fn object_error(&self, repo: &git2::Repository, object: &str, error: &git2::Error) -> GitError {
        let (path, object) = (self.git_dir.clone(), object.to_owned());
        match error.code() {
            ErrorCode::NotFound if is_partial(repo) => GitError::LeftOutByPartialClone { path, object },
            ErrorCode::NotFound => GitError::MissingObject { path, object },
            _ => GitError::DamagedObject { path, object, message: error.message().to_owned() },
        }
    }

    fn failed(&self, task: &'static str, error: &git2::Error) -> GitError {
        GitError::Failed { task, path: self.git_dir.clone(), message: error.message().to_owned() }
    }
}

/// Returns the path of a name in a folder of a tree. `Err` is a path that is not used, in a folder or with a name that is
/// the reason.
fn below(
    folder: &Result<String, (Vec<u8>, PathError)>,
    name: &[u8],
) -> Result<RepoPath, (Vec<u8>, PathError)> {
    match folder {
        Ok(folder) => check_name(name)
            .and_then(|name| RepoPath::of_checked(folder, name))
            .map_err(|why| ([folder.as_bytes(), name].concat(), why)),
        Err((folder, why)) => {
            let folder = if folder.len() > LONGEST { "…/".as_bytes() } else { folder };
            Err(([folder, name].concat(), *why))
        }
    }
}

/// Returns the folder of the working tree. libgit2 takes the parent folder of any git directory whose configuration
/// does not call it bare; only a git directory named `.git`, one of a worktree, and one that names its folder have
/// files.
fn working_tree(handle: &git2::Repository) -> Option<PathBuf> {
    let named = handle.config().is_ok_and(|config| config.get_string("core.worktree").is_ok());
    let usual = handle.path().file_name().is_some_and(|name| name == ".git");
    (usual || named || handle.is_worktree()).then(|| handle.workdir().map(Path::to_path_buf))?
}

/// Returns the id that git gives to a file with this content.
///
/// # Errors
///
/// [`GitError::Failed`] if libgit2 cannot hash; no content causes this.
pub fn hash_blob(bytes: &[u8]) -> Result<BlobId, GitError> {
    Oid::hash_object(ObjectType::Blob, bytes).map(BlobId::of).map_err(|error| GitError::Failed {
        task: "hash a blob",
        path: PathBuf::new(),
        message: error.message().to_owned(),
    })
}

/// Returns true if these bytes are a pointer to a file that Git LFS stores elsewhere. A pointer is shorter than 1,024
/// bytes and starts with its version (git-lfs, `docs/spec.md`).
pub(crate) fn is_lfs_pointer(bytes: &[u8]) -> bool {
    bytes.len() < 1024 && bytes.starts_with(b"version https://git-lfs.github.com/spec/v1\n")
}

/// The kind of a tree entry, from its mode.
enum Shape {
    Folder,
    Entry(EntryKind),
}

impl Shape {
    fn of_mode(mode: u32) -> Self {
        match mode & 0o170_000 {
            0o040_000 => Self::Folder,
            0o120_000 => Self::Entry(EntryKind::Symlink),
            0o160_000 => Self::Entry(EntryKind::Submodule),
            _ => Self::Entry(EntryKind::File { executable: mode & 0o111 != 0 }),
        }
    }
}

fn entry(path: RepoPath, kind: EntryKind, id: Oid) -> TreeEntry {
    let blob = (kind != EntryKind::Submodule).then(|| BlobId::of(id));
    TreeEntry { path, kind, blob }
}

/// Returns true if objects may be missing because the clone is partial (git, `partial-clone.txt`).
fn is_partial(repo: &git2::Repository) -> bool {
    let promised = repo.config().is_ok_and(|config| {
        let mut found = false;
        let entries = config.entries(Some(r"^(remote\..*\.promisor|extensions\.partialclone)$"));
        let seen = entries.and_then(|entries| {
            entries.for_each(|entry| found |= entry.value().is_ok_and(|value| value != "false"))
        });
        seen.is_ok() && found
    });
    promised
        || std::fs::read_dir(repo.commondir().join("objects/pack")).is_ok_and(|pack| {
            pack.flatten().any(|file| file.path().extension().is_some_and(|ending| ending == "promisor"))
        })
}

#[cfg(test)]
mod tests;
