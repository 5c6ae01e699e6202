//! Finds the Dockerfiles of a commit, an index, a working tree or a folder, and reads them. The same bytes give
//! the same result: no clock, no environment, no order of threads. One bad file never stops the others.

mod attributes;
mod heads;
mod listed;
pub(crate) mod names;
mod owners;
mod refused;
mod source;

use std::collections::{BTreeMap, BTreeSet, HashSet};
use std::fmt;

use globset::{GlobBuilder, GlobSet, GlobSetBuilder};
use rayon::prelude::*;

pub use heads::Class;
pub(crate) use heads::{classify, reads_as_dockerfile};
pub use listed::{List, ListedPath, Why, parse_list, reconcile};
pub(crate) use listed::{Reconciliation, STATE, path_in_line};
pub(crate) use owners::Owners;
pub use refused::RefusedReason;
use refused::refusal;
pub use source::SourceTree;
pub(crate) use source::{Above, ReadError, Target};

use crate::budget;
use crate::git::{BlobId, EntryKind, Odd, RepoPath, TreeEntry, hash_blob};
use names::Name;

/// The most bytes of a Dockerfile that are read; handwritten ones are far smaller.
pub(crate) const MOST_BYTES: u64 = 4 << 20;

/// The most Dockerfiles that are read, and the most bytes of all of them; the largest repositories have some thousands. A
/// few small objects can stand at any number of paths.
const MOST_FILES: usize = 25_000;
const MOST_BYTES_IN_ALL: usize = 64 << 20;

/// The number of files that are read at the same time.
const TOGETHER: usize = 32;

/// An error that ends a discovery.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DiscoverError {
    /// An invalid glob in `include` or `exclude`.
    #[error("invalid glob `{pattern}`: {message}; correct it in [files] of layerwright.toml")]
    Pattern {
        /// The pattern.
        pattern: String,
        /// The problem.
        message: String,
    },
}

/// The files that are Dockerfiles in addition to those with the name of one.
#[derive(Clone, Debug, Default)]
pub struct Options {
    include: GlobSet,
    exclude: GlobSet,
    listed: BTreeSet<RepoPath>,
}

impl Options {
    /// Compiles globs for files to include under any name and in any folder, and for files to exclude. Exclusion wins.
    ///
    /// `*` does not match a slash, `**` does. A pattern without a slash matches in every folder; one that matches a
    /// folder matches all files below it.
    ///
    /// # Errors
    ///
    /// [`DiscoverError::Pattern`] names the invalid pattern.
    pub fn new(include: &[String], exclude: &[String]) -> Result<Self, DiscoverError> {
        Ok(Self { include: globs_of(include)?, exclude: globs_of(exclude)?, listed: BTreeSet::new() })
    }

    /// Returns true if a file is excluded.
    pub(crate) fn excludes(&self, path: &RepoPath) -> bool {
        self.exclude.is_match(path.as_str())
    }

    /// Returns true if a file is included under any name.
    pub(crate) fn includes(&self, path: &str) -> bool {
        self.include.is_match(path)
    }

    /// Includes listed files under any name and in any folder.
    #[must_use]
    pub fn listed(mut self, paths: impl IntoIterator<Item = RepoPath>) -> Self {
        self.listed.extend(paths);
        self
    }
}

/// Returns true if a file has the name of a Dockerfile or of a template of one.
pub(crate) fn has_name_of_dockerfile(path: &RepoPath) -> bool {
    names::read(path.file_name()) != Name::Other
}

fn globs_of(patterns: &[String]) -> Result<GlobSet, DiscoverError> {
    let mut set = GlobSetBuilder::new();
    let wrong = |pattern: &str, error: &globset::Error| DiscoverError::Pattern {
        pattern: pattern.to_owned(),
        message: error.kind().to_string(),
    };
    for pattern in patterns {
        let folder = pattern.trim_start_matches('/').trim_end_matches('/');
        let anchored = pattern.trim_end_matches('/').contains('/');
        let whole = if anchored { folder.to_owned() } else { format!("**/{folder}") };
        for glob in [format!("{whole}/**"), whole] {
            let glob = GlobBuilder::new(&glob).literal_separator(true).build();
            set.add(glob.map_err(|error| wrong(pattern, &error))?);
        }
    }
    set.build().map_err(|error| wrong(&patterns.join("`, `"), &error))
}

/// A Dockerfile with its path and content.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceFile {
    /// The path.
    pub path: RepoPath,
    /// The id of the content.
    pub blob: BlobId,
    /// True if the file is executable.
    pub(crate) executable: bool,
    /// The content, in UTF-8.
    pub text: Vec<u8>,
    /// The class by the comments at the top. A template is recognised only when the file is parsed: see [`classify`].
    pub class: Class,
}

/// The reason why a file that might be a Dockerfile is left out.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum LeftOut {
    /// The file is in a `vendor` folder.
    Vendored,
    /// The file is in a `node_modules` folder.
    NodeModules,
    /// The expected output of an approval test: `*.approved.*`.
    Snapshot,
    /// The name of a template.
    TemplateName,
    /// The extension of a source, a document or an archive, and content that does not start like a Dockerfile.
    NotADockerfile,
    /// A glob of `exclude` matches.
    Excluded,
    /// A symlink to a path of the repository, which is judged itself if it is a Dockerfile.
    Symlink {
        /// The path.
        target: RepoPath,
    },
    /// A symlink out of the repository.
    SymlinkOutOfTree {
        /// The target, as written.
        target: String,
    },
    /// A dangling symlink.
    SymlinkDangling,
    /// A submodule.
    Submodule,
}

impl LeftOut {
    /// Returns the kind of the reason, without its path.
    pub(crate) fn kind(&self) -> &'static str {
        match self {
            Self::Vendored => "in vendor/",
            Self::NodeModules => "in node_modules/",
            Self::Snapshot => "a test's snapshot",
            Self::TemplateName => "a template by its name",
            Self::NotADockerfile => "no Dockerfile by its content",
            Self::Excluded => "excluded",
            Self::Symlink { .. } => "a link within the repository",
            Self::SymlinkOutOfTree { .. } => "a link out of the repository",
            Self::SymlinkDangling => "a link that leads nowhere",
            Self::Submodule => "a submodule",
        }
    }
}

impl fmt::Display for LeftOut {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Symlink { target } => write!(f, "symlink to {target}"),
            Self::SymlinkOutOfTree { target } => write!(f, "symlink out of the repository, to {target}"),
            other => f.write_str(other.kind()),
        }
    }
}

/// A Dockerfile that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {reason}; {}", .reason.remedy())]
pub struct Refused {
    /// The path.
    pub(crate) path: RepoPath,
    /// The reason.
    pub reason: RefusedReason,
}

/// The result of a discovery; each list is in order of path.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Discovery {
    /// The Dockerfiles.
    pub files: Vec<SourceFile>,
    /// The files that are left out, each with the reason.
    pub left_out: Vec<(RepoPath, LeftOut)>,
    /// The Dockerfiles that cannot be read.
    pub refused: Vec<Refused>,
    /// Paths with the name of a Dockerfile that git or the system does not let us use.
    pub(crate) odd: Vec<Odd>,
}

impl Discovery {
    /// Returns the number of files that are left out, by kind of reason.
    pub fn left_out_counts(&self) -> BTreeMap<&'static str, usize> {
        let mut counts = BTreeMap::new();
        for (_, why) in &self.left_out {
            *counts.entry(why.kind()).or_default() += 1;
        }
        counts
    }

    /// Returns the links with the name of a Dockerfile whose text is not found at another path: it is not read.
    pub(crate) fn unread_links(&self) -> impl Iterator<Item = (&RepoPath, &LeftOut)> {
        let is_found = |path: &RepoPath| {
            self.files.binary_search_by(|file| file.path.cmp(path)).is_ok()
                || self.refused.binary_search_by(|file| file.path.cmp(path)).is_ok()
                || self.left_out.binary_search_by(|(out, _)| out.cmp(path)).is_ok()
        };
        let is_unread = move |why: &LeftOut| match why {
            LeftOut::Symlink { target } => !is_found(target),
            LeftOut::SymlinkOutOfTree { .. } | LeftOut::SymlinkDangling => true,
            _ => false,
        };
        let named = |path: &RepoPath| names::read(path.file_name()) == Name::Dockerfile;
        let links = self.left_out.iter().filter(move |(path, why)| named(path) && is_unread(why));
        links.map(|(path, why)| (path, why))
    }
}

enum Outcome {
    File(SourceFile),
    LeftOut(RepoPath, LeftOut),
    Refused(Refused),
}

/// Finds and reads the Dockerfiles of `source`.
pub fn discover(source: &SourceTree<'_>, options: &Options) -> Discovery {
    let entries = source.listing().entries();
    let candidates: Vec<(&TreeEntry, Name)> =
        entries.iter().filter_map(|entry| Some((entry, candidate(&entry.path, options)?))).collect();
    let mut discovery = Discovery::default();
    let mut bytes = 0;
    for together in candidates.chunks(TOGETHER) {
        let is_full = discovery.files.len() >= MOST_FILES || bytes >= MOST_BYTES_IN_ALL;
        let outcome = |(entry, name): &(&TreeEntry, Name)| {
            let refused = |reason| Outcome::Refused(Refused { path: entry.path.clone(), reason });
            if is_full && by_path(&entry.path, options, *name).is_none() {
                return refused(RefusedReason::TooMany);
            }
            budget::contained(|| judge(source, options, entry, *name))
                .unwrap_or_else(|ended| refused(RefusedReason::Ended(ended)))
        };
        for outcome in together.par_iter().map(outcome).collect::<Vec<_>>() {
            match outcome {
                Outcome::File(file) => {
                    bytes += file.text.len();
                    discovery.files.push(file);
                }
                Outcome::LeftOut(path, why) => discovery.left_out.push((path, why)),
                Outcome::Refused(refused) => discovery.refused.push(refused),
            }
        }
    }
    let named = |odd: &&Odd| names::read(odd.name.rsplit('/').next().unwrap_or_default()) != Name::Other;
    discovery.odd = source.listing().odd().iter().filter(named).cloned().collect();
    discovery
}

/// Returns the Dockerfiles of `source` whose paths are not `known`. Only these are read.
pub(crate) fn unknown_files(
    source: &SourceTree<'_>,
    options: &Options,
    known: &HashSet<&str>,
) -> Vec<RepoPath> {
    let others = source.listing().entries().par_iter().filter(|entry| !known.contains(entry.path.as_str()));
    let found = others.filter_map(|entry| {
        let name = candidate(&entry.path, options)?;
        match budget::contained(|| judge(source, options, entry, name)) {
            Ok(Outcome::LeftOut(..)) => None,
            Ok(Outcome::File(_) | Outcome::Refused(_)) | Err(_) => Some(entry.path.clone()),
        }
    });
    found.collect()
}

/// Returns the kind of the file by options and name; `None` for a file that is not counted.
fn candidate(path: &RepoPath, options: &Options) -> Option<Name> {
    let name = names::read(path.file_name());
    let wanted = options.listed.contains(path) || options.include.is_match(path.as_str());
    (name != Name::Other || wanted).then_some(if wanted { Name::Dockerfile } else { name })
}

fn judge(source: &SourceTree<'_>, options: &Options, entry: &TreeEntry, name: Name) -> Outcome {
    let path = entry.path.clone();
    if let Some(why) = by_path(&path, options, name) {
        return Outcome::LeftOut(path, why);
    }
    let executable = match entry.kind {
        EntryKind::File { executable } => executable,
        EntryKind::Symlink => {
            let why = link(source, &path);
            return Outcome::LeftOut(path, why);
        }
        EntryKind::Submodule => return Outcome::LeftOut(path, LeftOut::Submodule),
    };
    let taken = source.read(&path, MOST_BYTES);
    if name == Name::Doubtful {
        // A large image, archive or listing is not a broken Dockerfile; it is not a Dockerfile.
        let reads = match &taken {
            Ok(text) => reads_as_dockerfile(text),
            Err(ReadError::TooLarge { .. }) => false,
            Err(_) => true,
        };
        if !reads {
            return Outcome::LeftOut(path, LeftOut::NotADockerfile);
        }
    }
    let checked = taken.map_err(|error| match error {
        ReadError::TooLarge { size, .. } => RefusedReason::TooLarge { size },
        other => RefusedReason::Unreadable(other),
    });
    let checked = checked.and_then(|text| refusal(&text).map_or(Ok(text), Err));
    let blob = |text: &[u8]| match &entry.blob {
        Some(blob) => Ok(blob.clone()),
        None => hash_blob(text).map_err(|error| RefusedReason::Unreadable(error.into())),
    };
    match checked.and_then(|text| Ok((blob(&text)?, text))) {
        Ok((blob, text)) => {
            let class = classify(&text, false);
            Outcome::File(SourceFile { path, blob, executable, text, class })
        }
        Err(reason) => Outcome::Refused(Refused { path, reason }),
    }
}

fn link(source: &SourceTree<'_>, path: &RepoPath) -> LeftOut {
    match source.follow(path) {
        Target::Inside(Some(target)) if source.listing().get(&target).is_some() => {
            LeftOut::Symlink { target }
        }
        Target::Outside(target) => LeftOut::SymlinkOutOfTree { target },
        Target::Inside(_) | Target::Nowhere => LeftOut::SymlinkDangling,
    }
}

fn by_path(path: &RepoPath, options: &Options, name: Name) -> Option<LeftOut> {
    if options.listed.contains(path) {
        return None;
    }
    if options.exclude.is_match(path.as_str()) {
        return Some(LeftOut::Excluded);
    }
    if options.include.is_match(path.as_str()) {
        return None;
    }
    let within = |folder: &str| path.components().rev().skip(1).any(|name| name == folder);
    match name {
        _ if within("node_modules") => Some(LeftOut::NodeModules),
        _ if within("vendor") => Some(LeftOut::Vendored),
        Name::Template => Some(LeftOut::TemplateName),
        Name::Snapshot => Some(LeftOut::Snapshot),
        _ => None,
    }
}
