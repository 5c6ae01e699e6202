//! The change of a branch as a patch that `git apply` takes.

use super::super::campaign::Change;
use super::super::human;
use crate::discover::{MOST_BYTES, Source};
use crate::git::RepoPath;

/// The patch of these new texts.
pub fn patch(texts: &[(String, Vec<u8>)], source: &Source<'_>) -> Vec<u8> {
    let old = |path: &str| RepoPath::new(path).ok().and_then(|path| source.read(&path, MOST_BYTES).ok());
    let changes: Vec<Change<'_>> = texts
        .iter()
        .map(|(path, new)| Change {
            path,
            old: old(path).unwrap_or_default(),
            new: new.clone(),
            done: String::new(),
            message: String::new(),
        })
        .collect();
    human::diffs(&changes, false).into_bytes()
}
