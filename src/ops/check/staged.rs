//! The staged files that can change a finding at all, by their names and texts. It never judges.

use std::collections::HashMap;

use crate::builds;
use crate::campaign::check::is_read_for_advice;
use crate::campaign::names::IGNORE;
use crate::config::FILE_NAME;
use crate::discover::{SourceTree, has_name_of_dockerfile};
use crate::git::{RepoPath, TreeEntry};

/// The most bytes of a Dockerfile that are searched.
const MOST: u64 = 1 << 20;

/// Returns true if a file that differs between two trees may change the findings: a Dockerfile with a linked instruction, a
/// file that runs builds, one that may give advice, or the configuration.
pub(super) fn concerns_links(index: &SourceTree<'_>, head: &SourceTree<'_>) -> bool {
    let before: HashMap<&RepoPath, &TreeEntry> =
        head.listing().entries().iter().map(|entry| (&entry.path, entry)).collect();
    let entries = index.listing().entries();
    let changed = entries.iter().filter(|entry| before.get(&entry.path) != Some(entry));
    let is_concerned = |entry: &TreeEntry| {
        let path = &entry.path;
        let text = || index.read(path, MOST).unwrap_or_default();
        let has = |words: &[&str]| {
            let text = text();
            words.iter().any(|word| memchr::memmem::find(&text, word.as_bytes()).is_some())
        };
        if has_name_of_dockerfile(path) {
            return has(&["--link", IGNORE]);
        }
        path.as_str() == FILE_NAME
            || builds::may_run_builds(path) && has(&["docker", "podman", "buildah", "kaniko", "buildctl"])
            || is_read_for_advice(path) && has(&["--link", "INLINE_CACHE"])
    };
    changed.into_iter().any(is_concerned)
}
