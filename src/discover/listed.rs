//! Lists of files in any text: an issue, a checklist, a plain file. Parsing looks nothing up; [`reconcile`] compares the
//! list with the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Discovery;
use super::names::{self, Name};
use crate::git::{CommitId, Listing, PathError, Removal, RepoPath};
use crate::text::cut;

/// The files that a list names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The paths, each once, in the order of their first mention.
    pub paths: Vec<ListedPath>,
    /// Entries that look like a path of a Dockerfile but are not valid.
    pub refused: Vec<RefusedEntry>,
}

/// A path of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPath {
    /// The path.
    pub path: RepoPath,
    /// The 1-based line of its first mention.
    pub line: usize,
}

/// An invalid entry of a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line} of the list: invalid path `{text}`: {why}")]
pub struct RefusedEntry {
    /// The entry, as written.
    pub(crate) text: String,
    /// The 1-based line.
    pub(crate) line: usize,
    /// The reason.
    pub(crate) why: EntryError,
}

/// The reason why an entry of a list is invalid.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum EntryError {
    /// The path is not valid inside a repository.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The entry is a pattern.
    #[error("it is a pattern; list the files themselves")]
    Pattern,
}

/// Finds the paths of Dockerfiles in any text or Markdown: bullets, task boxes, code spans, links, table
/// cells, quotes, and paths that a page's copy ran together with the words behind them.
///
/// A name without a folder counts only if it is alone on its line, since prose uses the word often. The name of an image,
/// such as `docker/dockerfile:1`, does not count.
pub fn parse_list(text: &str) -> List {
    let mut list = List::default();
    let mut seen = BTreeSet::new();
    for (at, line) in text.lines().enumerate() {
        for cell in line.split('|') {
            for entry in entries_of(cell) {
                let refuse = |why| RefusedEntry { text: entry.clone(), line: at + 1, why };
                if !seen.insert(entry.clone()) {
                    continue;
                }
                match RepoPath::new(&entry) {
                    _ if entry.contains(['*', '?', '{', '$']) => {
                        list.refused.push(refuse(EntryError::Pattern));
                    }
                    Ok(path) => list.paths.push(ListedPath { path, line: at + 1 }),
                    Err(why) => list.refused.push(refuse(why.into())),
                }
            }
        }
    }
    list
}

/// Returns the path that a line of a list names; `None` unless there is exactly one.
pub(crate) fn path_in_line(line: &str) -> Option<String> {
    let mut entries = line.split('|').flat_map(entries_of);
    entries.next().filter(|_| entries.next().is_none())
}

/// Returns the entries of one line or table cell, unchecked.
fn entries_of(cell: &str) -> Vec<String> {
    let is_end = |c: char| c.is_whitespace() || "`\"'()[]<>,;".contains(c);
    let cell = without_bullet(cell);
    let tokens: Vec<&str> = cell.split(is_end).map(trimmed).filter(|token| !token.is_empty()).collect();
    let alone = tokens.len() == 1;
    tokens.into_iter().flat_map(|token| entries_of_token(token, alone)).collect()
}

/// Returns a line without the signs of quotes, bullets, numbers and task boxes before its text.
fn without_bullet(cell: &str) -> &str {
    let mut rest = cell.trim();
    loop {
        let (digits, after) = cut::digits(rest);
        let number = (1..=9).contains(&digits.len()).then_some(after);
        let numbered = number.and_then(|after| after.strip_prefix(['.', ')'])).filter(|r| r.starts_with(' '));
        let bullet = ["- ", "* ", "+ ", "> ", "• ", "[ ] ", "[x] ", "[X] "];
        let next = numbered.or_else(|| bullet.iter().find_map(|sign| rest.strip_prefix(sign)));
        let Some(next) = next else { return rest };
        rest = next.trim_start();
    }
}

/// Returns a word without surrounding emphasis, punctuation and line numbers.
fn trimmed(token: &str) -> &str {
    let token = token.split_once("#L").map_or(token, |(path, _)| path);
    let mut token = token.trim_matches(['*', '~']).trim_end_matches(['.', ':', '!', '?', '_', '\u{2026}']);
    // `path:12` and `path:12:3`, but not the tag of an image: `docker/dockerfile:1`.
    while let Some((path, number)) = token.rsplit_once(':') {
        let is_line = !number.is_empty() && number.bytes().all(|b| b.is_ascii_digit());
        if !is_line || path.ends_with("docker/dockerfile") {
            break;
        }
        token = path;
    }
    token.trim_start_matches(':')
}

fn entries_of_token(token: &str, alone: bool) -> Vec<String> {
    let path = match token.split_once("://") {
        Some((_, url)) => match path_in_url(url) {
            Some(path) => path,
            None => return Vec::new(),
        },
        None => token,
    };
    if path.contains([':', '=', '@', '\\'])
        || matches!(path, "docker/dockerfile" | "docker/dockerfile-upstream")
    {
        return Vec::new();
    }
    let parts = split_run_together(path);
    let named = parts.into_iter().filter(|part| is_entry(part, alone));
    named.map(|part| part.trim_start_matches("./").to_owned()).collect()
}

/// Returns the path behind the revision in the URL of a file on GitHub, GitLab or Gitea.
fn path_in_url(url: &str) -> Option<&str> {
    let url = url.split(['?', '#']).next()?;
    let (_, after) = url.split_once("/blob/").or_else(|| url.split_once("/src/branch/"))?;
    after.split_once('/').map(|(_, path)| path)
}

fn is_entry(path: &str, alone: bool) -> bool {
    let (folder, name) = path.rsplit_once('/').map_or((None, path), |(folder, name)| (Some(folder), name));
    if names::read(name) == Name::Other {
        return false;
    }
    match folder {
        // "Dockerfile/Containerfile" is prose.
        Some(folder) => !folder.split('/').any(|name| matches!(name, "Dockerfile" | "Containerfile")),
        None => alone || (name.contains('.') && names::read(name) == Name::Dockerfile),
    }
}

/// Splits a word into paths that a copy of a page joined: behind a component `Dockerfile` that goes on with a
/// letter, as in `a/Dockerfileb/Dockerfile`. A folder named `Dockerfiles`, or `DockerfileGenerator`, stays.
fn split_run_together(token: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let mut rest = token;
    let mut from = 0;
    while let Some(end) = next_end(rest, from) {
        match end {
            End::Cut(at) => {
                let (part, after) = cut::split(rest, at);
                parts.push(part);
                rest = after;
                from = 0;
            }
            End::GoesOn(at) => from = at,
        }
    }
    parts.push(rest);
    parts
}

enum End {
    /// The end of a path.
    Cut(usize),
    /// The middle of a longer name; the search continues here.
    GoesOn(usize),
}

fn next_end(text: &str, from: usize) -> Option<End> {
    let words = ["Dockerfile", "Containerfile"];
    let find = |word: &str| cut::from(text, from).find(word).map(|at| (from + at, from + at + word.len()));
    let (start, end) = words.iter().filter_map(|word| find(word)).min()?;
    let before = cut::before(text, start);
    let opens = before.is_empty() || before.ends_with(['/', '.']);
    let name = cut::from(text, end).split('/').next().unwrap_or_default();
    let is_last = end + name.len() == text.len();
    let runs_on = match name.chars().next() {
        Some(next) if next.is_ascii_uppercase() => is_last,
        Some(next) => next.is_alphabetic() && name != "s",
        None => false,
    };
    // A bare "Dockerfile" that runs on is a word of prose, such as "Dockerfiles"; a path has a folder.
    if opens && runs_on && before.contains('/') { Some(End::Cut(end)) } else { Some(End::GoesOn(end)) }
}

/// A list compared with a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Reconciliation {
    /// Listed and found, in the list's order.
    pub found: Vec<RepoPath>,
    /// Listed and present, but unreadable or left out; the discovery has the reason. In the list's order.
    pub(crate) unusable: Vec<RepoPath>,
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
    let listed: BTreeSet<&RepoPath> = list.paths.iter().map(|listed| &listed.path).collect();
    let mut result = Reconciliation::default();
    let mut gone = Vec::new();
    for ListedPath { path, .. } in &list.paths {
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

#[cfg(test)]
mod tests;
