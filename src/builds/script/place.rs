//! Where the paths of a command start. It never looks at files.

use super::Starts;
use crate::builds::{Declared, docker_cli, linked, names};
use crate::shell::{self, Command};
use crate::text::pattern::{Part, Pattern};

/// The parts of variable names that mean the root of a repository.
const ROOTS: [&str; 9] = [
    "ROOT",
    "WORKSPACE",
    "TOPLEVEL",
    "TOPDIR",
    "TOP_DIR",
    "REPO_DIR",
    "PROJECT_DIR",
    "SOURCESDIRECTORY",
    "BUILD_DIRECTORY",
];

/// The base of a path.
pub(super) enum Start {
    /// The root of the repository.
    Root(Pattern),
    /// The folder in which the script starts.
    Script(Pattern),
    /// Unknown, or outside of the repository.
    Elsewhere(Pattern),
}

/// Returns the build with paths that are relative to the repository's root, once for each folder that the script may start
/// in.
pub(super) fn placed(mut declared: Declared, command: &Command, starts: &Starts) -> Vec<Declared> {
    let is_path = |word: &Pattern| !is_elsewhere(word);
    let dockerfile = started(&command.path(&declared.dockerfile));
    match &dockerfile {
        Start::Elsewhere(_) => return Vec::new(),
        Start::Root(path) | Start::Script(path) if path.is_empty() => return Vec::new(),
        _ => {}
    }
    let words = declared.context.iter().chain(declared.contexts.iter().map(|(_, context)| context));
    let paths: Vec<Start> =
        words.filter(|word| is_path(word)).map(|word| started(&command.path(word))).collect();
    let roots = command.words.iter().chain([&command.folder]).flat_map(Pattern::parts);
    for part in roots {
        if let Part::Hole(name) = part
            && is_root_name(name)
            && !names::is_workspace(name)
        {
            declared.unsettled.push(format!("${{{name}}} is taken for the root of the repository"));
        }
    }
    let of_script = paths.iter().chain([&dockerfile]).any(|start| matches!(start, Start::Script(_)));
    if of_script {
        declared.unsettled.extend(starts.unsettled.clone());
    }
    let root = [String::new()];
    let folders = if of_script { starts.folders.as_slice() } else { &root };
    let from_root = |start: &Start, folder: &str| match start {
        Start::Root(path) | Start::Elsewhere(path) => path.clone(),
        Start::Script(path) => {
            let mut whole = Pattern::text(folder);
            whole.push_text(if folder.is_empty() || path.is_empty() { "" } else { "/" });
            whole.push(path);
            whole
        }
    };
    folders
        .iter()
        .map(|folder| {
            let mut placed = declared.clone();
            let contexts = placed.contexts.iter_mut().map(|(_, context)| context);
            let words = placed.context.iter_mut().chain(contexts).filter(|word| is_path(word));
            for (word, start) in words.zip(&paths) {
                *word = from_root(start, folder);
            }
            placed.dockerfile = from_root(&dockerfile, folder);
            placed.folders = vec![Pattern::default()];
            placed
        })
        .collect()
}

/// Returns true if a context is not a folder.
fn is_elsewhere(context: &Pattern) -> bool {
    let scheme = |text: &str| linked::PREFIXES.iter().any(|prefix| text.starts_with(prefix));
    context.known() == Some("-")
        || docker_cli::is_remote(context)
        || matches!(context.parts().first(), Some(Part::Text(text)) if scheme(text))
}

/// Returns the base of an absolute path. A root inside of the path is the value of a variable, and the path starts
/// again there.
pub(super) fn started(path: &Pattern) -> Start {
    let parts = path.parts();
    let is_root = |part: &Part| {
        let part = Pattern::from(part.clone());
        shell::below_root(&part).is_some() || shell::below_start(&part).is_some()
    };
    let mut rest = Pattern::default();
    for part in &parts[parts.iter().rposition(is_root).unwrap_or(0)..] {
        rest.push(&Pattern::from(part.clone()));
    }
    if let Some(below) = shell::below_root(&rest) {
        return Start::Root(below);
    }
    match (shell::below_start(&rest), below_named_root(&rest)) {
        (Some(below), _) => below_named_root(&below).map_or(Start::Script(below), Start::Root),
        (None, Some(below)) => Start::Root(below),
        (None, None) => Start::Elsewhere(path.clone()),
    }
}

/// Returns the rest after a variable that is a root by its name.
fn below_named_root(path: &Pattern) -> Option<Pattern> {
    let (Part::Hole(name), rest) = path.parts().split_first()? else { return None };
    if !is_root_name(name) {
        return None;
    }
    let mut below = Pattern::default();
    for (at, part) in rest.iter().enumerate() {
        match part {
            Part::Text(text) if at == 0 => below.push_text(text.strip_prefix('/')?),
            part if at > 0 => below.push(&Pattern::from(part.clone())),
            _ => return None,
        }
    }
    Some(below)
}

/// Returns true if the name of a variable means the root of a repository.
pub(super) fn is_root_name(name: &str) -> bool {
    let name = name.to_uppercase();
    !name.contains("ROOTFS") && ROOTS.iter().any(|root| name.contains(root))
}
