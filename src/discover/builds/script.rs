//! Shell scripts that build images. It never runs them.

use super::{Declared, Kind};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;

/// Where a script stands.
#[derive(Clone, Copy, Debug)]
pub struct Origin<'a> {
    /// What kind of file holds it.
    pub kind: Kind,
    /// The file.
    pub path: &'a RepoPath,
    /// The line of the file on which the script starts, 1-based.
    pub first_line: usize,
}

/// The builds that the script `text` runs. `folders` are those that it may start in, from the repository's root,
/// the likeliest first. `given` says what its variables hold when it starts; one that it does not know is a hole
/// of that name. The special names are `0`, the script's own path, and whatever stands for the repository's root:
/// both are patterns that start with [`crate::shell::root`].
pub fn declared_in(
    text: &str,
    origin: Origin,
    folders: &[Pattern],
    given: &dyn Fn(&str) -> Option<Pattern>,
) -> Vec<Declared> {
    let _ = (text, origin, folders, given);
    Vec::new()
}
