//! All paths of one state of a repository, in order. A listing holds names and ids, never contents.

use std::cmp::Ordering as Order;
use std::fmt;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::path::{BlobId, PathError, RepoPath};
use crate::text::cut;
use crate::text::escape::shown;

/// The most bytes of a `.gitignore` that is read.
const MOST_IGNORE: u64 = 1 << 20;

/// The kind of the entry at a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum EntryKind {
    /// A regular file.
    File {
        /// True if it is executable.
        executable: bool,
    },
    /// A symbolic link.
    Symlink,
    /// A submodule: another repository, of which only the commit's id is known.
    Submodule,
}

/// One path of a [`Listing`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TreeEntry {
    /// The path.
    pub path: RepoPath,
    /// The kind of the entry.
    pub(crate) kind: EntryKind,
    /// The content in the object database. `None` if the content is on disk, and for a submodule.
    pub(crate) blob: Option<BlobId>,
}

/// The reason why a path is not used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum OddReason {
    /// It is not a path inside a repository.
    Path(PathError),
    /// The index holds several versions of it.
    Unmerged,
    /// A tree names it twice.
    Twice,
    /// The system refuses to read it.
    Unreadable(String),
}

impl fmt::Display for OddReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Path(why) => why.fmt(f),
            Self::Unmerged => f.write_str("it is unmerged; resolve the conflict and `git add` it"),
            Self::Twice => f.write_str("a tree names it twice; repair the repository with `git fsck`"),
            Self::Unreadable(why) => write!(f, "it cannot be read ({why}); check its permissions"),
        }
    }
}

/// A path that is listed but never used.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Odd {
    /// Its name, with the characters that cannot be shown replaced or escaped.
    pub(crate) name: String,
    /// The reason why it is not used.
    pub(crate) reason: OddReason,
}

impl Odd {
    pub(super) fn new(name: &[u8], reason: OddReason) -> Self {
        Self { name: shown(&String::from_utf8_lossy(name)).into_owned(), reason }
    }
}

/// All paths of one commit, of the index, of the tracked files on disk or of a folder, in order of path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Listing {
    entries: Vec<TreeEntry>,
    odd: Vec<Odd>,
    /// The symlinks among the entries.
    links: Vec<RepoPath>,
}

impl Listing {
    pub(super) fn new(mut entries: Vec<TreeEntry>, mut odd: Vec<Odd>) -> Self {
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        entries.dedup_by(|later, first| {
            let twice = later.path == first.path;
            if twice {
                odd.push(Odd::new(later.path.as_str().as_bytes(), OddReason::Twice));
            }
            twice
        });
        odd.sort();
        let links = entries.iter().filter(|entry| entry.kind == EntryKind::Symlink);
        let links = links.map(|entry| entry.path.clone()).collect();
        Self { entries, odd, links }
    }

    /// Lists a folder that is not a git repository, without the files that its `.gitignore` files exclude. Symlinks
    /// are not followed. Entries that cannot be read are listed as unused. If a `.gitignore` is not a regular file, none
    /// counts: a pipe has no end, nor has a link to a device, and git itself follows no such link.
    pub(crate) fn of_folder(root: &Path) -> Self {
        let has_odd_ignores = Arc::new(AtomicBool::new(is_odd_ignore(root)));
        if !has_odd_ignores.load(Ordering::Relaxed) {
            let listing = Self::walked(root, Some(Arc::clone(&has_odd_ignores)));
            if !has_odd_ignores.load(Ordering::Relaxed) {
                return listing;
            }
        }
        Self::walked(root, None)
    }

    /// Lists a folder. With `has_odd_ignores`, `.gitignore` files exclude files, and the first that cannot be read sets
    /// it: its folder is not entered then.
    fn walked(root: &Path, has_odd_ignores: Option<Arc<AtomicBool>>) -> Self {
        let mut walk = ignore::WalkBuilder::new(root);
        // The result depends on the folder alone: no file above it and no settings of the user are read.
        walk.standard_filters(false)
            .git_ignore(has_odd_ignores.is_some())
            .require_git(false)
            .follow_links(false);
        walk.filter_entry(move |entry| {
            let is_odd = has_odd_ignores.as_ref().filter(|_| is_odd_ignore(entry.path()));
            if let Some(found) = is_odd {
                found.store(true, Ordering::Relaxed);
            }
            entry.file_name() != ".git" && is_odd.is_none()
        });
        let (mut entries, mut odd) = (Vec::new(), Vec::new());
        for found in walk.build() {
            let found = match found {
                Ok(found) => found,
                Err(error) => {
                    odd.push(of_walk_error(root, &error));
                    continue;
                }
            };
            let Some(kind) = found.metadata().ok().and_then(|meta| kind_on_disk(&meta)) else { continue };
            let relative = found.path().strip_prefix(root).unwrap_or(found.path());
            let name = relative.as_os_str().as_encoded_bytes();
            match path_on_disk(relative) {
                Ok(path) => entries.push(TreeEntry { path, kind, blob: None }),
                Err(why) => odd.push(Odd::new(name, OddReason::Path(why))),
            }
        }
        Self::new(entries, odd)
    }

    /// Returns the entry at `path`. `None` for a folder, and if nothing is there.
    pub(crate) fn get(&self, path: &RepoPath) -> Option<&TreeEntry> {
        let at = self.entries.binary_search_by(|entry| entry.path.cmp(path)).ok()?;
        self.entries.get(at)
    }

    /// Returns true if a path or one of its folders is a symlink.
    pub(crate) fn passes_link(&self, path: &RepoPath) -> bool {
        let is_link = |at: &str| self.links.binary_search_by(|link| link.as_str().cmp(at)).is_ok();
        !self.links.is_empty() && (is_link(path.as_str()) || cut::parents(path.as_str()).any(is_link))
    }

    /// Returns true if `path` is a folder that is not empty.
    pub(crate) fn is_dir(&self, path: &RepoPath) -> bool {
        !self.below(Some(path)).is_empty()
    }

    /// Returns all entries below a folder at any depth, in order of path. `None` is the root.
    pub(crate) fn below(&self, folder: Option<&RepoPath>) -> &[TreeEntry] {
        let Some(folder) = folder else { return &self.entries };
        let start = self.entries.partition_point(|entry| place(&entry.path, folder) == Order::Less);
        let len = self.entries[start..].partition_point(|entry| place(&entry.path, folder) == Order::Equal);
        &self.entries[start..start + len]
    }

    /// Returns the names directly in a folder, subfolders included, in order. `None` is the root.
    pub(crate) fn children(&self, folder: Option<&RepoPath>) -> impl Iterator<Item = &str> {
        let mut rest = self.below(folder);
        let skip = folder.map_or(0, |folder| folder.as_str().len() + 1);
        std::iter::from_fn(move || {
            let path = rest.first()?.path.as_str();
            let name = path.get(skip..)?;
            let Some((folder, _)) = name.split_once('/') else {
                rest = &rest[1..];
                return Some(name);
            };
            // The entries of a folder are adjacent, so its end is found without a look at each.
            let until = cut::before(path, skip + folder.len() + 1);
            let len = rest.partition_point(|entry| entry.path.as_str().starts_with(until));
            rest = &rest[len..];
            Some(folder)
        })
    }

    /// Returns all entries in order of path.
    pub(crate) fn entries(&self) -> &[TreeEntry] {
        &self.entries
    }

    /// Returns the paths that are not used, with the reasons.
    pub(crate) fn odd(&self) -> &[Odd] {
        &self.odd
    }
}

/// Returns the position of `path` relative to the contents of `folder`: before, among or after them.
fn place(path: &RepoPath, folder: &RepoPath) -> Order {
    let (path, folder) = (path.as_str().as_bytes(), folder.as_str().as_bytes());
    let common = folder.len().min(path.len());
    path[..common].cmp(&folder[..common]).then_with(|| path.get(common).map_or(Order::Less, |b| b.cmp(&b'/')))
}

fn of_walk_error(root: &Path, error: &ignore::Error) -> Odd {
    let reason =
        OddReason::Unreadable(error.io_error().map_or_else(|| error.to_string(), ToString::to_string));
    let mut at = error;
    loop {
        match at {
            ignore::Error::WithPath { path, .. } => {
                let relative = path.strip_prefix(root).unwrap_or(path);
                return Odd::new(relative.as_os_str().as_encoded_bytes(), reason);
            }
            ignore::Error::WithDepth { err, .. } | ignore::Error::WithLineNumber { err, .. } => at = err,
            _ => return Odd::new(b"", reason),
        }
    }
}

/// Returns true if a folder has a `.gitignore` that is not a regular file of a usual size.
fn is_odd_ignore(folder: &Path) -> bool {
    let found = folder.join(".gitignore").symlink_metadata();
    found.is_ok_and(|found| !found.is_file() || found.len() > MOST_IGNORE)
}

fn path_on_disk(relative: &Path) -> Result<RepoPath, PathError> {
    let mut parts = Vec::new();
    for part in relative.components() {
        parts.push(part.as_os_str().to_str().ok_or(PathError::NotUtf8)?);
    }
    RepoPath::new(&parts.join("/"))
}

/// Returns the kind of a file on disk. `None` for a folder and for sockets, pipes and devices.
pub(super) fn kind_on_disk(meta: &std::fs::Metadata) -> Option<EntryKind> {
    if meta.is_symlink() {
        Some(EntryKind::Symlink)
    } else if meta.is_file() {
        Some(EntryKind::File { executable: is_executable(meta) })
    } else {
        None
    }
}

fn is_executable(meta: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    meta.permissions().mode() & 0o111 != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(text: &str) -> RepoPath {
        RepoPath::new(text).unwrap()
    }

    fn listing(paths: &[&str]) -> Listing {
        let kind = EntryKind::File { executable: false };
        Listing::new(
            paths.iter().map(|p| TreeEntry { path: path(p), kind, blob: None }).collect(),
            Vec::new(),
        )
    }

    #[test]
    fn folders_are_found_among_names_that_sort_around_them() {
        let all = listing(&["a-b", "a/x", "a/y/z", "a.c", "ab/q", "b"]);
        assert!(all.is_dir(&path("a")) && all.is_dir(&path("a/y")) && all.is_dir(&path("ab")));
        assert!(!all.is_dir(&path("a-b")) && !all.is_dir(&path("b")) && !all.is_dir(&path("c")));
        assert!(all.get(&path("a/x")).is_some() && all.get(&path("a")).is_none());
        assert_eq!(all.children(None).collect::<Vec<_>>(), ["a-b", "a.c", "a", "ab", "b"]);
        assert_eq!(all.children(Some(&path("a"))).collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(all.children(Some(&path("b"))).count(), 0);
        assert_eq!(all.below(Some(&path("a"))).len(), 2);
    }

    #[test]
    fn a_path_that_stands_twice_is_odd() {
        let all = listing(&["a", "a"]);
        assert_eq!(all.entries().len(), 1);
        assert_eq!(all.odd(), [Odd { name: "a".to_owned(), reason: OddReason::Twice }]);
    }

    #[test]
    fn odd_names_are_shown_without_their_control_characters() {
        let odd = Odd::new(b"a\x1b[2J\xff", OddReason::Path(PathError::NotUtf8));
        assert_eq!(odd.name, "a\\x1b[2J\u{fffd}");
    }

    #[test]
    fn a_folder_is_listed_by_its_own_ignore_files() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        std::fs::create_dir_all(root.join("a/.hidden")).unwrap();
        std::fs::create_dir_all(root.join(".git")).unwrap();
        for file in ["a/.hidden/Dockerfile", "a/out.o", ".git/config", "Dockerfile"] {
            std::fs::write(root.join(file), "").unwrap();
        }
        std::fs::write(root.join(".gitignore"), "*.o\n").unwrap();
        let all = Listing::of_folder(root);
        let paths: Vec<_> = all.entries().iter().map(|entry| entry.path.as_str()).collect();
        assert_eq!(paths, [".gitignore", "Dockerfile", "a/.hidden/Dockerfile"]);
        assert_eq!(all.odd(), []);
    }

    #[test]
    fn a_pipe_or_a_link_in_the_place_of_an_ignore_file_is_not_read() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        std::fs::create_dir_all(at("a/b")).unwrap();
        for (name, text) in [("a/.gitignore", "b\n"), ("a/b/Dockerfile", ""), ("c", "")] {
            std::fs::write(at(name), text).unwrap();
        }
        let paths = || {
            let entries = Listing::of_folder(folder.path()).entries;
            entries.into_iter().map(|entry| entry.path.to_string()).collect::<Vec<_>>()
        };
        assert_eq!(paths(), ["a/.gitignore", "c"]);
        for odd in [".gitignore", "a/b/.gitignore", "a/.gitignore"] {
            let _ = std::fs::remove_file(at(odd));
            std::os::unix::fs::symlink("/dev/zero", at(odd)).unwrap();
            if odd != "a/b/.gitignore" {
                assert!(paths().contains(&"a/b/Dockerfile".to_owned()), "{odd}");
            }
            std::fs::remove_file(at(odd)).unwrap();
        }
    }
}
