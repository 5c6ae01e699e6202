//! Shell scripts that build images. It never runs them.

use std::collections::BTreeMap;

use memchr::memmem;

use super::{Declared, Kind, Place, docker_cli};
use crate::git::RepoPath;
use crate::shell::{self, Command};
use crate::text::pattern::{Part, Pattern};

/// The extensions of shell scripts.
const ENDINGS: [&str; 4] = ["sh", "bash", "zsh", "ksh"];

/// The shells that a `#!` line may name.
const SHELLS: [&str; 6] = ["sh", "bash", "zsh", "ksh", "dash", "ash"];

/// Every script that builds an image contains one of these, in a command or in a variable with the command.
const TOOLS: [&str; 9] =
    ["docker", "DOCKER", "podman", "PODMAN", "buildah", "BUILDAH", "nerdctl", "CONTAINER", "finch"];

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

/// The most builds of one script that are kept.
const MOST: usize = 512;

/// The deepest nesting of defaults that is looked up.
const DEPTH: usize = 4;

/// The place of a script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The kind of its file.
    pub(crate) kind: Kind,
    /// The file.
    pub(crate) path: &'a RepoPath,
    /// The line of the file on which the script starts, 1-based.
    pub(crate) first_line: usize,
}

/// Returns the builds that a file runs, if it is a shell script. Paths are relative to the folder that the script
/// changes to; if it does not, to the repository's root, because people and workflows call scripts from there, and
/// after that to the script's own folder.
pub(crate) fn declared(path: &RepoPath, text: &str) -> Vec<Declared> {
    if !is_script(path.file_name(), text) {
        return Vec::new();
    }
    let mut own = shell::root();
    own.push_text("/");
    own.push_text(path.as_str());
    let folder = path.parent().map(|folder| Pattern::text(folder.as_str()));
    let folders: Vec<Pattern> = [Pattern::default()].into_iter().chain(folder).collect();
    let origin = Origin { kind: Kind::Script, path, first_line: 1 };
    declared_in(text, origin, &folders, &|name| matches!(name, "0" | "BASH_SOURCE").then(|| own.clone()))
}

/// Returns the builds that the script `text` runs. `folders` are those that it may start in, from the repository's
/// root, the likeliest first. `given` returns the initial values of its variables; an unknown variable is a hole of
/// its name. `0` is the script's own path. Paths in these values may start with [`shell::root`].
pub(crate) fn declared_in(
    text: &str,
    origin: Origin,
    folders: &[Pattern],
    given: &(dyn Fn(&str) -> Option<Pattern> + Sync),
) -> Vec<Declared> {
    let mut found: Vec<Declared> = Vec::new();
    if !may_build(text) {
        return found;
    }
    for command in shell::commands(text, given) {
        let line = origin.first_line + command.line - 1;
        let place = Place { kind: origin.kind, path: origin.path.clone(), line };
        for declared in builds(&command, &place, folders) {
            if found.len() < MOST && !found.contains(&declared) {
                found.push(declared);
            }
        }
    }
    found
}

/// Returns true if a text contains the words that every script that builds an image contains.
pub(super) fn may_build(text: &str) -> bool {
    let has = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    (has("build") || has("bud")) && TOOLS.iter().any(|tool| has(tool))
}

fn is_script(name: &str, text: &str) -> bool {
    match name.rsplit_once('.') {
        Some((_, ending)) => ENDINGS.contains(&ending),
        None => text.strip_prefix("#!").is_some_and(|rest| {
            let line = rest.lines().next().unwrap_or("");
            line.split_whitespace().any(|word| SHELLS.contains(&word.rsplit('/').next().unwrap_or("")))
        }),
    }
}

/// Returns the builds of a command: the build as written and, if variables with defaults name the Dockerfile, also the
/// build with the defaults.
fn builds(command: &Command, place: &Place, folders: &[Pattern]) -> Vec<Declared> {
    let Some(written) = docker_cli::declared(&command.words, command.stdin.as_ref(), place) else {
        return Vec::new();
    };
    let mut named = BTreeMap::new();
    for part in command.path(&written.dockerfile).parts() {
        if let Part::Hole(name) = part
            && let Some(default) = command.defaults.get(name)
        {
            named.insert(name.clone(), default.clone());
        }
    }
    // There is no other source for such a context.
    let others: BTreeMap<String, Pattern> =
        command.defaults.iter().filter(|(name, _)| !named.contains_key(*name)).map(owned).collect();
    let mut found = settled(written, command, &others, folders);
    if !named.is_empty() {
        let words: Vec<Pattern> = command.words.iter().map(|word| filled(word, &named, DEPTH)).collect();
        let folder = filled(&command.folder, &named, DEPTH);
        let command = Command { words, folder, ..command.clone() };
        let usual = docker_cli::declared(&command.words, command.stdin.as_ref(), place);
        found.extend(usual.into_iter().flat_map(|usual| settled(usual, &command, &others, folders)));
    }
    found
}

fn owned((name, value): (&String, &Pattern)) -> (String, Pattern) {
    (name.clone(), value.clone())
}

/// The base of a path.
enum Start {
    /// The root of the repository.
    Root(Pattern),
    /// The folder in which the script starts.
    Script(Pattern),
    /// Unknown, or outside of the repository.
    Elsewhere(Pattern),
}

/// Returns the build with paths that are relative to one of its folders.
fn settled(
    mut declared: Declared,
    command: &Command,
    defaults: &BTreeMap<String, Pattern>,
    folders: &[Pattern],
) -> Vec<Declared> {
    let folder = Command { folder: filled(&command.folder, defaults, DEPTH), ..command.clone() };
    let at = |word: &Pattern| started(&folder.path(&filled(word, defaults, DEPTH)));
    let is_path = |word: &Pattern| !is_elsewhere(word);
    let dockerfile = started(&folder.path(&declared.dockerfile));
    let others = declared.context.iter_mut().chain(declared.contexts.iter_mut().map(|(_, context)| context));
    let mut others: Vec<(&mut Pattern, Start)> = others
        .filter(|word| is_path(word))
        .map(|word| {
            let start = at(word);
            (word, start)
        })
        .collect();
    let rooted = others.iter().any(|(_, start)| matches!(start, Start::Root(_)));
    let starts: Vec<Pattern> = match &dockerfile {
        Start::Elsewhere(_) => return Vec::new(),
        Start::Root(path) | Start::Script(path) if path.is_empty() => return Vec::new(),
        Start::Script(path) if !rooted => {
            for (word, start) in &mut others {
                let (Start::Root(path) | Start::Script(path) | Start::Elsewhere(path)) = start;
                **word = path.clone();
            }
            declared.dockerfile = path.clone();
            declared.folders = folders.to_vec();
            return vec![declared];
        }
        // The two have different bases: both are made relative to the root.
        Start::Script(_) => folders.to_vec(),
        Start::Root(_) => folders.first().cloned().into_iter().collect(),
    };
    let paths: Vec<Start> = others.into_iter().map(|(_, start)| start).collect();
    let from_root = |start: &Start, folder: &Pattern| match start {
        Start::Root(path) | Start::Elsewhere(path) => path.clone(),
        Start::Script(path) => {
            let mut whole = folder.clone();
            whole.push_text(if folder.is_empty() || path.is_empty() { "" } else { "/" });
            whole.push(path);
            whole
        }
    };
    starts
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
    let scheme = |text: &str| ["target:", "service:"].iter().any(|scheme| text.starts_with(scheme));
    context.known() == Some("-")
        || docker_cli::is_remote(context)
        || matches!(context.parts().first(), Some(Part::Text(text)) if scheme(text))
}

/// Returns the base of an absolute path. A root inside of the path is the value of a variable, and the path starts
/// again there.
fn started(path: &Pattern) -> Start {
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
    let name = name.to_uppercase();
    if name.contains("ROOTFS") || !ROOTS.iter().any(|root| name.contains(root)) {
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

/// Returns the pattern with the defaults of its holes.
fn filled(pattern: &Pattern, defaults: &BTreeMap<String, Pattern>, depth: usize) -> Pattern {
    let mut whole = Pattern::default();
    for part in pattern.parts() {
        match part {
            Part::Hole(name) if depth > 0 && defaults.contains_key(name) => {
                whole.push(&filled(&defaults[name], defaults, depth - 1));
            }
            part => whole.push(&Pattern::from(part.clone())),
        }
    }
    whole
}

#[cfg(test)]
mod tests;
