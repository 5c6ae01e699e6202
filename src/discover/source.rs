//! The source of bytes: a commit, the index, the working tree or a plain folder. Nothing outside it is read, not
//! even through symlinks.

use std::fs::File;
use std::io::{Cursor, ErrorKind, Read};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use super::attributes::Attributes;
use crate::budget::spend;
use crate::git::{CommitId, EntryKind, GitError, Listing, RepoPath, Repository, is_lfs_pointer};

/// The longest symlink target that is read, in bytes: Linux's `PATH_MAX`.
const LONGEST_TARGET: u64 = 4096;
/// The most symlinks that are followed for one path, as on Linux.
const MOST_LINKS: usize = 40;

/// One state of a tree of files: all its paths, and their bytes on demand.
pub struct SourceTree<'r> {
    listing: Listing,
    bytes: Bytes<'r>,
    attributes: OnceLock<Attributes>,
}

enum Bytes<'r> {
    Objects(&'r Repository),
    Disk(PathBuf),
}

/// An error that hides the content of a file.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ReadError {
    /// The file is larger than the limit.
    #[error("{path} has {size} bytes; at most {most} are read")]
    TooLarge {
        /// The file.
        path: RepoPath,
        /// The size in bytes.
        size: u64,
        /// The limit in bytes.
        most: u64,
    },
    /// The path is not a file.
    #[error("{path} is not a file; check the path")]
    NotAFile {
        /// The path.
        path: RepoPath,
    },
    /// A build may have other bytes there.
    #[error("a build may have other bytes in {path}: {why}")]
    Converted {
        /// The file.
        path: RepoPath,
        /// The reason.
        why: &'static str,
    },
    /// The system refuses to read the file.
    #[error("cannot read {path}: {message}; check its permissions")]
    Disk {
        /// The file.
        path: RepoPath,
        /// The message of the system.
        message: String,
    },
    /// An error of the object database.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The end of a path whose symlinks are followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Target {
    /// A path of the tree; `None` is the root.
    Inside(Option<RepoPath>),
    /// Outside the tree, through this target.
    Outside(String),
    /// Nowhere: a loop, or a target that is not a valid path.
    Nowhere,
}

/// The meaning of `..` above the root.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Above {
    /// It leaves the tree.
    Leaves,
    /// It stays at the root, as in a container whose root that is.
    Stays,
}

impl<'r> SourceTree<'r> {
    fn new(listing: Listing, bytes: Bytes<'r>) -> Self {
        Self { listing, bytes, attributes: OnceLock::new() }
    }

    /// Lists the files of a commit.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit or one of its trees cannot be read.
    pub fn commit(repository: &'r Repository, commit: &CommitId) -> Result<Self, GitError> {
        Ok(Self::new(repository.listing(commit)?, Bytes::Objects(repository)))
    }

    /// Lists the files of the index: the content of the next commit.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the index cannot be read.
    pub fn index(repository: &'r Repository) -> Result<Self, GitError> {
        Ok(Self::new(repository.staged()?, Bytes::Objects(repository)))
    }

    /// Lists the tracked files of the working tree.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the repository is bare or its index cannot be read.
    pub fn working_tree(repository: &Repository) -> Result<SourceTree<'static>, GitError> {
        let listing = repository.tracked()?;
        let root = repository.working_tree().unwrap_or(repository.git_dir()).to_path_buf();
        Ok(SourceTree::new(listing, Bytes::Disk(root)))
    }

    /// Lists the files of a folder that is not a git repository.
    pub fn folder(root: &Path) -> SourceTree<'static> {
        SourceTree::new(Listing::of_folder(root), Bytes::Disk(root.to_path_buf()))
    }

    /// Returns all paths.
    pub fn listing(&self) -> &Listing {
        &self.listing
    }

    /// Reads a file of at most `most` bytes. The size is checked before reading.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is larger, is not a file, or cannot be read.
    pub(crate) fn read(&self, path: &RepoPath, most: u64) -> Result<Vec<u8>, ReadError> {
        match self.listing.get(path).map(|entry| entry.kind) {
            Some(EntryKind::File { .. }) => self.bytes_of(path, most),
            _ => Err(ReadError::NotAFile { path: path.clone() }),
        }
    }

    /// Reads a file of at most `most` bytes as a build has it.
    ///
    /// # Errors
    ///
    /// Those of [`read`](Self::read), and [`ReadError::Converted`] if git or Git LFS may put other bytes into a working
    /// tree.
    pub(crate) fn read_as_built(&self, path: &RepoPath, most: u64) -> Result<Vec<u8>, ReadError> {
        let converted = |why| ReadError::Converted { path: path.clone(), why };
        if self.attributes.get_or_init(|| Attributes::of(self)).change(path) {
            return Err(converted("an attribute in .gitattributes changes them"));
        }
        let bytes = self.read(path, most)?;
        if is_lfs_pointer(&bytes) { Err(converted("it is a Git LFS pointer")) } else { Ok(bytes) }
    }

    /// Returns the size of a file or symlink target in bytes; 0 if there is neither.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if the size cannot be read.
    pub(crate) fn size(&self, path: &RepoPath) -> Result<u64, ReadError> {
        let blob = self.listing.get(path).and_then(|entry| entry.blob.as_ref());
        match (&self.bytes, blob) {
            (Bytes::Objects(repository), Some(blob)) => Ok(repository.blob_size(blob)?),
            (Bytes::Objects(_), None) => Ok(0),
            (Bytes::Disk(root), _) => {
                let meta = root.join(path.as_str()).symlink_metadata();
                meta.map(|meta| meta.len()).map_err(|error| disk_error(path, &error))
            }
        }
    }

    /// Opens a file of any size for reading.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is not a file or cannot be read.
    pub(crate) fn open(&self, path: &RepoPath) -> Result<Box<dyn Read>, ReadError> {
        match &self.bytes {
            Bytes::Objects(_) => Ok(Box::new(Cursor::new(self.read(path, u64::MAX)?))),
            Bytes::Disk(root) => Ok(Box::new(open_disk(&root.join(path.as_str()), path)?.0)),
        }
    }

    fn bytes_of(&self, path: &RepoPath, most: u64) -> Result<Vec<u8>, ReadError> {
        match &self.bytes {
            Bytes::Objects(repository) => {
                let blob = self.listing.get(path).and_then(|entry| entry.blob.as_ref());
                let blob = blob.ok_or_else(|| ReadError::NotAFile { path: path.clone() })?;
                let size = repository.blob_size(blob)?;
                if size > most {
                    return Err(ReadError::TooLarge { path: path.clone(), size, most });
                }
                Ok(repository.blob(blob)?)
            }
            Bytes::Disk(root) => read_disk(&root.join(path.as_str()), path, most),
        }
    }

    /// Returns the target of a symlink, as written; `None` if `path` is not a symlink or its target is not UTF-8.
    pub(crate) fn link_target(&self, path: &RepoPath) -> Option<String> {
        if self.listing.get(path)?.kind != EntryKind::Symlink {
            return None;
        }
        match &self.bytes {
            Bytes::Objects(_) => String::from_utf8(self.bytes_of(path, LONGEST_TARGET).ok()?).ok(),
            Bytes::Disk(root) => {
                std::fs::read_link(root.join(path.as_str())).ok()?.into_os_string().into_string().ok()
            }
        }
    }

    /// Follows all symlinks of `path`, those of parent directories and its own, without leaving the tree.
    pub(crate) fn follow(&self, path: &RepoPath) -> Target {
        self.resolve(None, path.as_str(), Above::Leaves, true)
    }

    /// Follows the symlinks of `path`, which starts at `root`; its own only if `last`.
    pub(crate) fn resolve(&self, root: Option<&RepoPath>, path: &str, above: Above, last: bool) -> Target {
        let plain = path.trim_matches('/');
        if let Ok(whole) = RepoPath::below(root, plain.strip_prefix("./").unwrap_or(plain))
            && !self.listing.passes_link(&whole)
        {
            return Target::Inside(Some(whole));
        }
        let mut pending: Vec<String> = path.rsplit('/').map(str::to_owned).collect();
        let mut done: Vec<String> = Vec::new();
        let mut links = 0;
        while let Some(name) = pending.pop() {
            spend(1 + done.len());
            match name.as_str() {
                ".." if done.pop().is_none() && above == Above::Leaves => {
                    return Target::Outside(path.to_owned());
                }
                "" | "." | ".." => continue,
                _ => done.push(name),
            }
            let Ok(here) = RepoPath::below(root, &done.join("/")) else { return Target::Nowhere };
            let is_end = pending.iter().all(String::is_empty);
            let is_link = self.listing.get(&here).is_some_and(|entry| entry.kind == EntryKind::Symlink);
            if !is_link || (is_end && !last) {
                continue;
            }
            links += 1;
            let Some(target) = self.link_target(&here).filter(|_| links <= MOST_LINKS) else {
                return Target::Nowhere;
            };
            done.pop();
            if target.starts_with('/') {
                if above == Above::Leaves {
                    return Target::Outside(target);
                }
                done.clear();
            }
            if above == Above::Leaves && climbs_out(done.len(), &target) {
                return Target::Outside(target);
            }
            pending.extend(target.rsplit('/').map(str::to_owned));
        }
        if done.is_empty() {
            return Target::Inside(root.cloned());
        }
        RepoPath::below(root, &done.join("/")).map_or(Target::Nowhere, |path| Target::Inside(Some(path)))
    }
}

/// Returns true if the leading `..` of `target` lead above the root, which is `depth` folders up.
fn climbs_out(depth: usize, target: &str) -> bool {
    target.split('/').filter(|name| !matches!(*name, "" | ".")).take_while(|name| *name == "..").count()
        > depth
}

fn read_disk(at: &Path, path: &RepoPath, most: u64) -> Result<Vec<u8>, ReadError> {
    let too_large = |size| ReadError::TooLarge { path: path.clone(), size, most };
    let (file, size) = open_disk(at, path)?;
    if size > most {
        return Err(too_large(size));
    }
    let mut bytes = Vec::new();
    let read = file.take(most.saturating_add(1)).read_to_end(&mut bytes);
    let read = read.map_err(|error| disk_error(path, &error))? as u64;
    if read > most { Err(too_large(read)) } else { Ok(bytes) }
}

/// Opens a file and returns its size.
fn open_disk(at: &Path, path: &RepoPath) -> Result<(File, u64), ReadError> {
    // The file may have become a symlink or a pipe since it was listed.
    let meta = at.symlink_metadata().map_err(|error| disk_error(path, &error))?;
    if !meta.is_file() {
        return Err(ReadError::NotAFile { path: path.clone() });
    }
    let file = File::open(at).map_err(|error| disk_error(path, &error))?;
    Ok((file, meta.len()))
}

fn disk_error(path: &RepoPath, error: &std::io::Error) -> ReadError {
    match error.kind() {
        ErrorKind::NotFound => ReadError::NotAFile { path: path.clone() },
        _ => ReadError::Disk { path: path.clone(), message: error.to_string() },
    }
}
