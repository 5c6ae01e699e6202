//! The scripts of `package.json`. npm, pnpm and yarn run them in the folder of the file. It never runs them.

use super::document::Node;
use super::script::{self, Origin, Repository, Runs, Starts};
use super::{Kind, Unreadable, json};
use crate::git::RepoPath;

/// Returns what the scripts of a `package.json` run.
///
/// # Errors
///
/// If it is not valid JSON.
pub(super) fn runs(repository: Repository<'_>, path: &RepoPath, text: &str) -> Result<Runs, Unreadable> {
    let mut found = Runs::default();
    if !repository.interests(text) {
        return Ok(found);
    }
    let root = json::value(text)?;
    let folder = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    for entry in root.get("scripts").map(Node::entries).unwrap_or_default() {
        let Some(script) = entry.value.text() else { continue };
        let origin = Origin { kind: Kind::Package, path, first_line: entry.line };
        found.add(script::declared_in(repository, script, origin, &Starts::at(&folder), &|_| None));
    }
    Ok(found)
}
