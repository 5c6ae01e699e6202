//! Lists of files in any text: an issue, a checklist, a plain file. Parsing looks nothing up; [`mod@reconcile`] compares the
//! list with the repository.

mod entry;
mod reconcile;

use std::collections::BTreeSet;

use super::Discovery;
use crate::git::{PathError, RepoPath};
use crate::text::markdown::in_code;

use entry::{Entry, entries_of_line};
pub(crate) use reconcile::Reconciliation;
pub use reconcile::{Why, reconcile};

/// The files that a list names.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct List {
    /// The paths, each once, in the order of their first mention.
    pub paths: Vec<ListedPath>,
    /// The paths in struck-out text alone: people decided against them.
    pub struck: Vec<ListedPath>,
    /// Entries that look like a path of a Dockerfile but are not valid or not understood.
    pub refused: Vec<RefusedEntry>,
}

/// A path of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedPath {
    /// The path.
    pub path: RepoPath,
    /// The paths that may be meant instead: the branch in an address may have slashes, and a path spaces.
    pub others: Vec<RepoPath>,
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
    /// It has the name of a Dockerfile at its end, and is neither a path nor the address of a file.
    #[error("it is not understood; write the path from the repository's root")]
    NotUnderstood,
}

/// The markers around a file's state, which a report writes at the end of a line.
pub(crate) const STATE: (&str, &str) = ("<!-- layerwright -->", "<!-- /layerwright -->");

/// Finds the paths of Dockerfiles in any text or Markdown: bullets, task boxes, code spans, links, table
/// cells, quotes, task lists as HTML, and paths that a page's copy ran together with the words behind them. `is_named` tells
/// further paths that are Dockerfiles by their whole path.
///
/// A name without a folder counts only if it is alone on its line or the subject of an item, since prose uses the word often.
/// The name of an image, such as `docker/dockerfile:1`, does not count. In a block of code, a path counts if it is alone on
/// its line.
pub fn parse_list(text: &str, is_named: &dyn Fn(&str) -> bool) -> List {
    let mut list = List::default();
    let mut seen = BTreeSet::new();
    let mut fence = None;
    let mut struck = Vec::new();
    for (at, line) in text.lines().enumerate() {
        let was_open = fence.is_some();
        let is_code = in_code(&mut fence, line);
        if is_code && !was_open {
            continue;
        }
        for entry in entries_of_line(line, is_named).into_iter().filter(|entry| !is_code || entry.is_alone) {
            if entry.is_struck {
                struck.push((entry, at + 1));
            } else if seen.insert(entry.path.clone()) {
                list.add(&entry, at + 1);
            }
        }
    }
    for (entry, line) in struck {
        if seen.insert(entry.path.clone())
            && let Ok(listed) = listed(&entry, line)
        {
            list.struck.push(listed);
        }
    }
    list
}

impl List {
    fn add(&mut self, entry: &Entry, line: usize) {
        match listed(entry, line) {
            Ok(listed) => self.paths.push(listed),
            Err(why) => self.refused.push(RefusedEntry { text: entry.path.clone(), line, why }),
        }
    }
}

fn listed(entry: &Entry, line: usize) -> Result<ListedPath, EntryError> {
    if !entry.is_understood {
        return Err(EntryError::NotUnderstood);
    }
    if entry.path.contains(['*', '?', '{', '$']) {
        return Err(EntryError::Pattern);
    }
    let others = entry.others.iter().filter_map(|path| RepoPath::new(path).ok()).collect();
    Ok(ListedPath { path: RepoPath::new(&entry.path)?, others, line })
}

/// Returns the path that a line of a list names, of the known ones if it may be several; `None` unless there is exactly one
/// that is not struck out.
pub(crate) fn path_in_line(line: &str, is_known: &dyn Fn(&str) -> bool) -> Option<String> {
    let entries = entries_of_line(line, is_known);
    let understood: Vec<Entry> = entries.into_iter().filter(|entry| entry.is_understood).collect();
    let is_struck = understood.iter().any(|entry| entry.is_struck);
    let meant = |Entry { path, others, .. }: Entry| {
        let other = others.into_iter().find(|other| !is_known(&path) && is_known(other));
        other.unwrap_or(path)
    };
    // A link names its file twice.
    let named: BTreeSet<String> = understood.into_iter().map(meant).collect();
    let mut named = named.into_iter();
    named.next().filter(|_| named.next().is_none() && !is_struck)
}

#[cfg(test)]
mod tests;
