//! The build contexts: the files of a repository in a temporary folder, the same in every run. Modes, owners and
//! times of a checkout depend on who made it, and a build copies them into images.

mod disk;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::temporary::Temporary;
use crate::discover::{ReadError, SourceTree};
use crate::git::{EntryKind, RepoPath, TreeEntry, is_lfs_pointer};
use crate::text::figures::bytes;

/// The mode of folders and of executable files.
const EXECUTABLE: u32 = 0o755;

/// The mode of all other files.
const PLAIN: u32 = 0o644;

/// The repository's root in such a folder. Other files are stored beside it, where no build sees them.
const ROOT: &str = "context";

/// The least disk space of a file, and the space reserved for other writes, in bytes.
const BLOCK: u64 = 4096;
const RESERVE: u64 = 1 << 20;

/// The size limit of a Git LFS pointer.
const POINTER: u64 = 1024;

/// Files of a repository in a temporary folder, which is removed when this is dropped.
#[derive(Debug)]
pub(crate) struct Checkout {
    folder: Temporary,
    root: PathBuf,
    written: u64,
    doubts: Vec<Doubt>,
}

/// The folder of a build context in a [`Checkout`]. Nothing else makes one, so no other folder of this machine enters a
/// build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContextFolder(PathBuf);

impl ContextFolder {
    /// Returns its path.
    pub fn path(&self) -> &Path {
        &self.0
    }
}

/// A path that a builder gets in another form than users of the repository do.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Doubt {
    path: RepoPath,
    why: &'static str,
}

/// The reason why files cannot be exported.
#[derive(Debug, thiserror::Error)]
pub enum ContextError {
    /// The disk has too little space.
    #[error(
        "{} has {} free and the build contexts need {}: free space there, or name another folder with TMPDIR",
        .at.display(), bytes(*.free), bytes(*.needed)
    )]
    NoSpace {
        /// The folder for temporary files.
        at: PathBuf,
        /// The free space in bytes.
        free: u64,
        /// The needed space in bytes.
        needed: u64,
    },
    /// A file cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// A path cannot be written.
    #[error("{} cannot be written: {source}; free space there, or name another folder with TMPDIR", .at.display())]
    Write {
        /// The path.
        at: PathBuf,
        /// The system's error.
        source: io::Error,
    },
}

/// Writes the files below these folders to a new folder in `parent`. `None` in `folders` is the root, which includes
/// everything.
///
/// Folders are 0755, files 0644, or 0755 if git marks them executable. All times are the same, links are unchanged,
/// and submodules are empty folders.
///
/// # Errors
///
/// [`ContextError`]; the folder is then removed.
pub(crate) fn export(
    source: &SourceTree<'_>,
    folders: &BTreeSet<Option<RepoPath>>,
    parent: &Path,
) -> Result<Checkout, ContextError> {
    let entries = entries(source, folders);
    let mut needed = RESERVE;
    for entry in &entries {
        needed += source.size(&entry.path)?.next_multiple_of(BLOCK) + BLOCK;
    }
    // If a filesystem does not report its free space, a full disk is found when writing.
    match disk::free(parent) {
        Ok(free) if free < needed => {
            return Err(ContextError::NoSpace { at: parent.to_owned(), free, needed });
        }
        _ => {}
    }
    let made = Temporary::new(parent, "context");
    let folder = made.map_err(|source| ContextError::Write { at: parent.to_owned(), source })?;
    let root = folder.path().join(ROOT);
    fs::create_dir(&root).map_err(|source| ContextError::Write { at: root.clone(), source })?;
    let mut checkout = Checkout { folder, root, written: 0, doubts: Vec::new() };
    checkout.write(source, &entries)?;
    Ok(checkout)
}

/// Returns the entries below some folders, each once, ordered by path.
fn entries<'s>(source: &'s SourceTree<'_>, folders: &BTreeSet<Option<RepoPath>>) -> Vec<&'s TreeEntry> {
    let mut entries: Vec<&TreeEntry> =
        folders.iter().flat_map(|folder| source.listing().below(folder.as_ref())).collect();
    entries.sort_by(|one, other| one.path.cmp(&other.path));
    entries.dedup_by(|one, other| one.path == other.path);
    entries
}

impl Checkout {
    /// The folder that stands for the repository's root.
    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    /// A word of letters and digits that no other checkout has.
    pub(crate) fn nonce(&self) -> String {
        let name = self.folder.path().file_name().map(|name| name.to_string_lossy().into_owned());
        name.unwrap_or_default().chars().filter(char::is_ascii_alphanumeric).collect()
    }

    /// The number of bytes written.
    pub(crate) fn written(&self) -> u64 {
        self.written
    }

    /// Returns the paths that builds get in another form than users of the repository do, as assumptions for the
    /// evidence.
    pub(crate) fn doubts(&self, context: Option<&RepoPath>) -> Vec<String> {
        let below = |doubt: &&Doubt| {
            context.is_none_or(|folder| {
                doubt.path.as_str().strip_prefix(folder.as_str()).is_some_and(|rest| rest.starts_with('/'))
            })
        };
        let doubts: Vec<&Doubt> = self.doubts.iter().filter(below).collect();
        let mut said = Vec::new();
        for why in [SUBMODULE, LFS] {
            let mut of_kind = doubts.iter().filter(|doubt| doubt.why == why);
            if let Some(first) = of_kind.next() {
                let more = match of_kind.count() {
                    0 => String::new(),
                    more => format!(" and {more} more"),
                };
                said.push(format!("{}{more}: {why}", first.path));
            }
        }
        said
    }

    /// Returns the folder of a build context for a builder: below a name that no other folder has, of this checkout
    /// or of another. `None` if it is not a real folder: no symlink on its path may lead elsewhere.
    ///
    /// A builder caches the files of a build context. From the next one of the same name (buildx, `build/opt.go`:
    /// `SharedKey`, the last part of its path) it takes only files of another size, mode or time. All files have the
    /// same time here, so the builder would reuse files of another commit or of another repository.
    ///
    /// Before buildx 0.32 and Dockerfile 1.22, the key of a named context is its name and that of the main one alone.
    /// So the name of the main one depends on everything that it is built `with`.
    ///
    /// # Errors
    ///
    /// [`ContextError::Write`].
    pub(crate) fn context(
        &self,
        context: Option<&RepoPath>,
        with: &BTreeMap<String, String>,
    ) -> Result<Option<ContextFolder>, ContextError> {
        let mut folder = self.root().to_owned();
        for name in context.into_iter().flat_map(RepoPath::components) {
            folder.push(name);
            if !fs::symlink_metadata(&folder).is_ok_and(|found| found.is_dir()) {
                return Ok(None);
            }
        }
        let mut hash = DefaultHasher::new();
        (context.map(RepoPath::as_str), with).hash(&mut hash);
        let at = self.beside().join(format!("{}-{:016x}", self.nonce(), hash.finish()));
        match disk::link(&folder, &at) {
            Err(source) if source.kind() != io::ErrorKind::AlreadyExists => {
                Err(ContextError::Write { at, source })
            }
            _ => Ok(Some(ContextFolder(at))),
        }
    }

    /// The folder that holds the root, and in which other files may be put.
    pub(crate) fn beside(&self) -> &Path {
        self.folder.path()
    }

    /// Keeps the folder on disk.
    pub(crate) fn keep(&mut self) {
        self.folder.keep();
    }

    fn write(&mut self, source: &SourceTree<'_>, entries: &[&TreeEntry]) -> Result<(), ContextError> {
        let mut folders = BTreeSet::new();
        let (links, others): (Vec<&TreeEntry>, Vec<&TreeEntry>) =
            entries.iter().partition(|entry| entry.kind == EntryKind::Symlink);
        // Links come last, so that no file is ever written through one.
        for entry in others.into_iter().chain(links) {
            let at = self.root().join(entry.path.as_str());
            let failed = |source| ContextError::Write { at: at.clone(), source };
            if let Some(parent) = at.parent().filter(|parent| !folders.contains(*parent)) {
                fs::create_dir_all(parent).map_err(failed)?;
                folders.extend(parent.ancestors().take_while(|at| *at != self.root()).map(Path::to_owned));
            }
            match entry.kind {
                EntryKind::File { executable } => {
                    let mode = if executable { EXECUTABLE } else { PLAIN };
                    self.file(source, entry, &at, mode)?;
                }
                EntryKind::Symlink => {
                    let target = source.link_target(&entry.path).unwrap_or_default();
                    disk::link(&target, &at).map_err(failed)?;
                    disk::stamp(&at).map_err(failed)?;
                }
                EntryKind::Submodule => {
                    fs::create_dir_all(&at).map_err(failed)?;
                    folders.insert(at.clone());
                    self.doubts.push(Doubt { path: entry.path.clone(), why: SUBMODULE });
                }
            }
        }
        folders.insert(self.root().to_owned());
        for at in folders {
            let set = disk::mode(&at, EXECUTABLE).and_then(|()| disk::stamp(&at));
            set.map_err(|source| ContextError::Write { at, source })?;
        }
        Ok(())
    }

    fn file(
        &mut self,
        source: &SourceTree<'_>,
        entry: &TreeEntry,
        at: &Path,
        mode: u32,
    ) -> Result<(), ContextError> {
        let mut content = source.open(&entry.path)?;
        let failed = |source| ContextError::Write { at: at.to_owned(), source };
        let mut head = Vec::new();
        content.by_ref().take(POINTER).read_to_end(&mut head).map_err(failed)?;
        if is_lfs_pointer(&head) {
            self.doubts.push(Doubt { path: entry.path.clone(), why: LFS });
        }
        let mut file = fs::File::create_new(at).map_err(failed)?;
        let mut whole = head.as_slice().chain(content);
        self.written += io::copy(&mut whole, &mut file).map_err(failed)?;
        drop(file);
        disk::mode(at, mode).and_then(|()| disk::stamp(at)).map_err(failed)
    }
}

/// The reason for submodules, whose files are not in the repository.
const SUBMODULE: &str = "submodules are built as empty folders";
/// The reason for Git LFS files, whose content is elsewhere.
const LFS: &str = "Git LFS keeps the content elsewhere, and the pointer is built in its place";

#[cfg(test)]
mod tests;
