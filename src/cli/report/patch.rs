//! The change of a branch as a patch that `git apply` takes.

use crate::discover::{MOST_BYTES, Source};
use crate::git::RepoPath;
use crate::ops::Change;

/// The patch of these new texts.
pub fn patch(texts: &[(String, Vec<u8>)], source: &Source<'_>) -> Vec<u8> {
    let old = |path: &str| RepoPath::new(path).ok().and_then(|path| source.read(&path, MOST_BYTES).ok());
    let change = |(path, new): &(String, Vec<u8>)| Change {
        path: path.clone(),
        old: old(path).unwrap_or_default(),
        new: new.clone(),
        lines: 0,
        message: String::new(),
    };
    texts.iter().map(|text| change(text).diff()).collect::<String>().into_bytes()
}
