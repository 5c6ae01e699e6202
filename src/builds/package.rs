//! The scripts of `package.json`, which npm, pnpm and yarn run in the folder of the file, and the commands of Nx's
//! `project.json`, which run in the root of the workspace. It never runs them.

use super::document::Node;
use super::script::{self, Origin, Repository, Runs, Starts};
use super::{BuildFileKind, Unreadable, compose, json};
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
    if path.file_name() == "project.json" {
        return Ok(of_nx(repository, path, &root));
    }
    let folder = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    for entry in root.get("scripts").map(Node::entries).unwrap_or_default() {
        let Some(script) = entry.value.text() else { continue };
        let origin = Origin { kind: BuildFileKind::Package, path, first_line: entry.line };
        found.add(script::declared_in(
            repository,
            script,
            origin,
            &Starts::at(&folder).of_any_caller(script),
            &|_| None,
        ));
    }
    Ok(found)
}

/// Returns what the targets of a project of Nx run (`nx:run-commands`: "cwd" is the root of the workspace by default).
fn of_nx(repository: Repository<'_>, path: &RepoPath, root: &Node) -> Runs {
    let mut found = Runs::default();
    for target in root.get("targets").map(Node::entries).unwrap_or_default() {
        let options = target.value.get("options");
        let of = |key: &str| options.and_then(|options| options.get(key));
        let short = target.value.get("command");
        let list = of("commands").map(Node::items).unwrap_or_default();
        let commands = short.into_iter().chain(of("command")).chain(list);
        let folder = of("cwd").and_then(Node::text).unwrap_or_default().replace("{workspaceRoot}", ".");
        let unsettled = if repository.files.has("nx.json") && !folder.contains('{') {
            None
        } else {
            Some("the root of the workspace".to_owned())
        };
        let starts = Starts { folders: vec![compose::below("", &folder)], unsettled };
        for command in commands {
            let Some(script) = command.text().or_else(|| command.get("command")?.text()) else { continue };
            let origin = Origin { kind: BuildFileKind::Package, path, first_line: command.line };
            let starts = starts.of_any_caller(script);
            found.add(script::declared_in(repository, script, origin, &starts, &|_| None));
        }
    }
    found
}
