//! Build contexts: the folders that the sources of COPY and ADD come from, and the files that git has there. It never
//! builds anything, and never looks outside the context.

use std::fmt;
use std::sync::Arc;

use super::contexts::{Contexts, Filter};
use super::dockerignore::IgnoreError;
use super::{Level, Place};
use crate::discover::{Above, ReadError, SourceTree, Target};
use crate::git::{EntryKind, RepoPath, TreeEntry};
use crate::text::glob::{Glob, PatternError, has_wildcards};

/// The reason why a folder is the context.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ContextReason {
    /// Nothing names another, so the Dockerfile's own folder is assumed.
    OwnFolder,
    /// Nothing names another, and this folder above the Dockerfile's own has more of its sources.
    SourcesAbove,
    /// A file of the repository names it, as well as the level says.
    Declared(Place, Level),
}

impl fmt::Display for ContextReason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OwnFolder => f.write_str("the Dockerfile's own folder (guessed)"),
            Self::Declared(place, Level::Stated) => write!(f, "{} {place}", place.kind),
            Self::Declared(place, _) => write!(f, "{} {place} (possible)", place.kind),
            Self::SourcesAbove => f.write_str("the folder above it where its sources are (guessed)"),
        }
    }
}

/// A folder from which a Dockerfile is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Context {
    /// The folder; `None` is the repository's root.
    pub root: Option<RepoPath>,
    /// The reason why it is the context.
    pub evidence: ContextReason,
    /// True if the builder fetches it from git: then no ignore file applies.
    pub(crate) from_git: bool,
}

impl Context {
    /// Returns the context of a Dockerfile for which nothing names one.
    pub fn assumed(dockerfile: &RepoPath) -> Self {
        Self { root: dockerfile.parent(), evidence: ContextReason::OwnFolder, from_git: false }
    }

    /// Returns the context of a Dockerfile for which nothing names one, by its `sources`: its own folder, or the
    /// nearest folder above it that has more of them.
    pub fn guessed(contexts: &Contexts<'_>, dockerfile: &RepoPath, sources: &[&str]) -> Self {
        let found = |context: &Self| {
            let view = contexts.view(context, dockerfile).ok()?;
            let there = |path: &&&str| !matches!(view.get(path), Found::Missing | Found::Ignored);
            Some(sources.iter().filter(there).count())
        };
        let mut best = Self::assumed(dockerfile);
        let mut most = found(&best).unwrap_or_default();
        let mut folder = best.root.clone();
        while let Some(below) = folder.filter(|_| most < sources.len()) {
            folder = below.parent();
            let above = Self { root: folder.clone(), evidence: ContextReason::SourcesAbove, from_git: false };
            if let Some(count) = found(&above).filter(|count| *count > most) {
                (best, most) = (above, count);
            }
        }
        best
    }
}

/// The object that git has at a source path of COPY or ADD.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Found {
    /// A folder.
    Dir,
    /// A regular file.
    File {
        /// True if it is executable.
        executable: bool,
    },
    /// A symbolic link, with its final target in the context; `None` if there is none.
    Symlink {
        /// The end of the chain of links, from the repository's root.
        target: Option<RepoPath>,
    },
    /// A submodule, whose files are not known.
    Submodule,
    /// Excluded by `.dockerignore`.
    Ignored,
    /// Not in git. It may be made before the build, so its type is unknown.
    Missing,
}

/// The reason why a context cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ContextError {
    /// A builder would refuse the context's ignore file.
    #[error("{path}: {error}")]
    Ignored {
        /// The ignore file.
        path: RepoPath,
        /// The error and its line.
        error: IgnoreError,
    },
    /// The context's ignore file cannot be read.
    #[error("cannot read the ignore file of a context: {0}")]
    Read(#[from] ReadError),
}

/// A context as the builder sees it: the files that git has in it, without those that its ignore file excludes.
pub struct ContextView<'a> {
    source: &'a SourceTree<'a>,
    root: Option<RepoPath>,
    pub(super) filter: Option<Arc<Filter>>,
}

impl<'a> ContextView<'a> {
    pub(super) fn new(
        source: &'a SourceTree<'a>,
        root: Option<RepoPath>,
        filter: Option<Arc<Filter>>,
    ) -> Self {
        Self { source, root, filter }
    }

    /// Returns the folder that is sent to the builder; `None` is the repository's root.
    pub(crate) fn root(&self) -> Option<&RepoPath> {
        self.root.as_ref()
    }

    /// Returns the ignore file that applies.
    pub fn ignore_file(&self) -> Option<&RepoPath> {
        self.filter.as_ref().map(|filter| &filter.path)
    }

    /// Returns the object at `source`, a path from the context's root without wildcards. `..` stays at the root, and
    /// links among the parent directories are followed within the context, as in BuildKit.
    pub fn get(&self, source: &str) -> Found {
        match self.source.resolve(self.root(), source, Above::Stays, false) {
            Target::Inside(Some(path)) if path.relative_to(self.root()).is_some() => self.found(&path),
            Target::Inside(_) => Found::Dir,
            Target::Outside(_) | Target::Nowhere => Found::Missing,
        }
    }

    /// Returns the path in the repository to which `source` leads, with all links followed, including the last. `None`
    /// if git does not have it, or if it is the context's root.
    pub fn path_of(&self, source: &str) -> Option<RepoPath> {
        match self.source.resolve(self.root(), source, Above::Stays, true) {
            Target::Inside(path) => path.filter(|path| path.relative_to(self.root()).is_some()),
            Target::Outside(_) | Target::Nowhere => None,
        }
    }

    /// Returns the matches of `pattern`, a source with wildcards, in order of path: Go's `filepath.Match` against the
    /// path from the context's root, so that wildcards do not match a slash. Empty if git has no match; a build
    /// product might still match.
    ///
    /// # Errors
    ///
    /// [`PatternError`] if Go would reject the pattern.
    pub fn glob(&self, pattern: &str) -> Result<Vec<(RepoPath, Found)>, PatternError> {
        let parts: Vec<&str> = pattern.split('/').filter(|part| !matches!(*part, "" | ".")).collect();
        // Links are followed only up to the first wildcard.
        let literal = parts.iter().take_while(|part| !has_wildcards(part)).count();
        let literal = literal.min(parts.len().saturating_sub(1));
        let (start, parts) = parts.split_at(literal);
        let mut folders = match self.source.resolve(self.root(), &start.join("/"), Above::Stays, true) {
            Target::Inside(folder) => vec![folder],
            Target::Outside(_) | Target::Nowhere => Vec::new(),
        };
        let mut found = Vec::new();
        for (at, part) in parts.iter().enumerate() {
            let glob = Glob::new(part)?;
            let mut matched = Vec::new();
            for folder in &folders {
                let names = self.source.listing().children(folder.as_ref());
                let names = names.filter(|name| glob.matches(name));
                matched.extend(names.filter_map(|name| RepoPath::below(folder.as_ref(), name).ok()));
            }
            if at + 1 == parts.len() {
                found = matched;
                break;
            }
            folders = matched.into_iter().map(Some).collect();
        }
        let mut found: Vec<_> = found.into_iter().map(|path| (path.clone(), self.found(&path))).collect();
        found.retain(|(_, what)| *what != Found::Ignored);
        found.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(found)
    }

    /// Returns all that the builder gets below a folder of the repository, in order of path; `None` is the context's
    /// root.
    pub fn tree(&self, folder: Option<&RepoPath>) -> impl Iterator<Item = &TreeEntry> {
        let all = self.source.listing().below(self.root());
        let below = folder.map_or(all, |folder| self.source.listing().below(Some(folder)));
        let sent = self.filter.as_ref().map(|filter| filter.sent(self.root(), all));
        let first =
            below.first().and_then(|first| all.binary_search_by(|entry| entry.path.cmp(&first.path)).ok());
        let below = first.map_or(&[][..], |_| below);
        let is_sent = move |at: usize| {
            sent.is_none_or(|sent| sent.get(first.unwrap_or_default() + at).copied().unwrap_or_default())
        };
        below.iter().enumerate().filter(move |(at, _)| is_sent(*at)).map(|(_, entry)| entry)
    }

    /// Returns the bytes of a file of the context as a build has them, at most `most`.
    ///
    /// # Errors
    ///
    /// [`ReadError`] if it is ignored, is not a file, is larger, cannot be read, or may be another in a build.
    pub fn read(&self, path: &RepoPath, most: u64) -> Result<Vec<u8>, ReadError> {
        if path.relative_to(self.root()).is_none() || self.ignores(path) {
            return Err(ReadError::NotAFile { path: path.clone() });
        }
        self.source.read_as_built(path, most)
    }

    /// Returns the target of a symbolic link of the context, as written. `None` if it is not a link.
    pub(crate) fn link_target(&self, path: &RepoPath) -> Option<String> {
        self.source.link_target(path)
    }

    fn found(&self, path: &RepoPath) -> Found {
        let listing = self.source.listing();
        let kind = listing.get(path).map(|entry| entry.kind);
        if kind.is_none() && !listing.is_dir(path) {
            return if self.ignores(path) { Found::Ignored } else { Found::Missing };
        }
        if self.ignores(path) {
            let takes_back = self.filter.as_ref().is_some_and(|filter| filter.ignored.takes_back());
            let holds = takes_back && kind.is_none() && self.tree(Some(path)).next().is_some();
            return if holds { Found::Dir } else { Found::Ignored };
        }
        match kind {
            None => Found::Dir,
            Some(EntryKind::File { executable }) => Found::File { executable },
            Some(EntryKind::Submodule) => Found::Submodule,
            Some(EntryKind::Symlink) => {
                let end = path.relative_to(self.root()).and_then(|path| self.path_of(path));
                Found::Symlink { target: end.filter(|end| self.is_there(end)) }
            }
        }
    }

    fn is_there(&self, path: &RepoPath) -> bool {
        let listing = self.source.listing();
        (listing.get(path).is_some() || listing.is_dir(path)) && !self.ignores(path)
    }

    fn ignores(&self, path: &RepoPath) -> bool {
        let Some(filter) = &self.filter else { return false };
        // The root itself is always sent.
        let inside = path.relative_to(self.root()).filter(|path| !path.is_empty());
        inside.is_some_and(|path| filter.ignored.ignores(path))
    }
}
