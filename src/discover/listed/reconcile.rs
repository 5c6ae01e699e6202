//! A list compared with a repository: found, gone with a guess, and not listed.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::{Discovery, List, ListedPath};
use crate::git::{CommitId, Listing, Removal, RepoPath};

/// A list compared with a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Listed and found, in the list's order.
    pub found: Vec<RepoPath>,
    /// Listed and present, but unreadable or left out; the discovery has the reason. In the list's order.
    pub(crate) unusable: Vec<RepoPath>,
    /// Listed in struck-out text and found: people decided against them.
    pub(crate) struck: Vec<RepoPath>,
    /// Listed and gone, in the list's order.
    pub gone: Vec<Gone>,
    /// Found and not listed, in order of path.
    pub unlisted: Vec<RepoPath>,
}

/// A listed path that the repository does not have.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Gone {
    /// The path.
    pub(crate) path: RepoPath,
    /// The commit that removed it, if it was found.
    pub(crate) removed_in: Option<CommitId>,
    /// The best guess at its path today.
    pub guess: Option<Guess>,
}

/// A guess at the present path of a file that is gone.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guess {
    /// The present path.
    pub path: RepoPath,
    /// The reason for the guess.
    pub why: Why,
}

/// The reason for a guess, strongest first.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Why {
    /// git's rename detection finds the content there.
    RenamedIn(CommitId),
    /// The folder has the same name.
    SameFolderName,
    /// The commit that removed the path names its folder in the subject.
    NamedIn(CommitId),
    /// The folder's name shares most of its words.
    SimilarFolderName,
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::RenamedIn(commit) => write!(f, "renamed in {commit}"),
            Self::SameFolderName => f.write_str("same folder name"),
            Self::NamedIn(commit) => write!(f, "named by {commit}, which removed the file"),
            Self::SimilarFolderName => f.write_str("similar folder name"),
        }
    }
}

/// Compares a list with a discovery. `history` is called once, with the paths that are gone: pass
/// [`Repository::removals`](crate::git::Repository::removals), or a function that returns nothing.
///
/// # Errors
///
/// Those of `history`.
pub fn reconcile<E>(
    list: &List,
    listing: &Listing,
    discovery: &Discovery,
    history: impl FnOnce(&[RepoPath]) -> Result<Vec<Removal>, E>,
) -> Result<Reconciliation, E> {
    let files: BTreeSet<&RepoPath> = discovery.files.iter().map(|file| &file.path).collect();
    let struck: Vec<&RepoPath> = list.struck.iter().map(|listed| meant(listed, listing)).collect();
    let paths: Vec<&RepoPath> = list.paths.iter().map(|listed| meant(listed, listing)).collect();
    let listed: BTreeSet<&RepoPath> = paths.iter().chain(&struck).copied().collect();
    let mut result = Reconciliation::default();
    let mut gone = Vec::new();
    result.struck = struck.into_iter().filter(|path| files.contains(path)).cloned().collect();
    for path in paths {
        if files.contains(path) {
            result.found.push(path.clone());
        } else if listing.get(path).is_some() {
            result.unusable.push(path.clone());
        } else {
            gone.push(path.clone());
        }
    }
    result.unlisted = files.difference(&listed).map(|path| (*path).clone()).collect();
    if gone.is_empty() {
        return Ok(result);
    }
    let removals: BTreeMap<RepoPath, Removal> =
        history(&gone)?.into_iter().map(|removal| (removal.path.clone(), removal)).collect();
    result.gone = gone
        .into_iter()
        .map(|path| {
            let removal = removals.get(&path);
            let guess = guess(&path, removal, listing, &files, &listed);
            Gone { removed_in: removal.map(|removal| removal.commit.clone()), guess, path }
        })
        .collect();
    Ok(result)
}

/// Returns the path of the repository that an entry means; its first reading if there is none.
fn meant<'l>(listed: &'l ListedPath, listing: &Listing) -> &'l RepoPath {
    let mut readings = std::iter::once(&listed.path).chain(&listed.others);
    readings.find(|path| listing.get(path).is_some()).unwrap_or(&listed.path)
}

fn guess(
    gone: &RepoPath,
    removal: Option<&Removal>,
    listing: &Listing,
    files: &BTreeSet<&RepoPath>,
    listed: &BTreeSet<&RepoPath>,
) -> Option<Guess> {
    if let Some(removal) = removal
        && let Some(path) = removal.renamed_to.as_ref().filter(|path| listing.get(path).is_some())
    {
        return Some(Guess { path: path.clone(), why: Why::RenamedIn(removal.commit.clone()) });
    }
    let folder = folder_name(gone)?;
    let mut best: Option<(Why, usize, bool, &RepoPath)> = None;
    for &path in files {
        let Some(other) = folder_name(path) else { continue };
        let Some((why, distance)) = likeness(&folder, &other, removal) else { continue };
        // Among equals, one that the list does not name itself, then the first in order of path.
        let rank = (why, distance, listed.contains(path), path);
        if best.as_ref().is_none_or(|best| rank < *best) {
            best = Some(rank);
        }
    }
    best.map(|(why, _, _, path)| Guess { path: path.clone(), why })
}

fn folder_name(path: &RepoPath) -> Option<String> {
    Some(path.parent()?.file_name().to_owned())
}

/// Returns the reason for a folder, and its distance from the one that is gone.
fn likeness(gone: &str, other: &str, removal: Option<&Removal>) -> Option<(Why, usize)> {
    if gone == other {
        return Some((Why::SameFolderName, 0));
    }
    // A folder named "core" or "docker" would be found in the subject of any commit.
    if let Some(removal) = removal.filter(|_| other.contains(['-', '_'])) {
        let is_end = |c: char| c.is_whitespace() || "`'\"(),;:".contains(c);
        if removal.subject.split(is_end).any(|word| word == other) {
            return Some((Why::NamedIn(removal.commit.clone()), 0));
        }
    }
    let words = |name: &str| name.split(['-', '_', '.']).map(str::to_lowercase).collect::<BTreeSet<_>>();
    let (gone, other) = (words(gone), words(other));
    let shared = gone.intersection(&other).count();
    let all = gone.union(&other).count();
    (shared * 2 > all).then_some((Why::SimilarFolderName, all - shared))
}
