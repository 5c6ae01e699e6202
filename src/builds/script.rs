//! Shell scripts that build images. It never runs them.

mod place;
mod reading;

use std::collections::BTreeSet;

use memchr::memmem;

use self::place::Start;
use self::reading::Reading;
use super::files::Files;
use super::invocation::{Assigned, Invocation, Script};
use super::{BuildFileKind, Declared, Place, compose, names, settled};
use crate::budget::spend;
use crate::git::RepoPath;
use crate::shell::{self, Surroundings};
use crate::text::pattern::Pattern;

/// The extensions of shell scripts.
const ENDINGS: [&str; 4] = ["sh", "bash", "zsh", "ksh"];

/// The shells that a `#!` line may name.
const SHELLS: [&str; 6] = ["sh", "bash", "zsh", "ksh", "dash", "ash"];

/// Every script that builds an image contains one of these, in a command or in a variable with the command.
const TOOLS: [&str; 9] =
    ["docker", "DOCKER", "podman", "PODMAN", "buildah", "BUILDAH", "nerdctl", "CONTAINER", "finch"];

/// The most builds of one script that are kept.
const MOST: usize = 512;

/// The place of a script.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Origin<'a> {
    /// The kind of its file.
    pub(crate) kind: BuildFileKind,
    /// Its file.
    pub(crate) path: &'a RepoPath,
    /// The line of its first line in the file, 1-based.
    pub(crate) first_line: usize,
}

/// The folders that a script may start in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Starts {
    /// From the repository's root, which is empty.
    pub(crate) folders: Vec<String>,
    /// The reason why they are not settled.
    pub(crate) unsettled: Option<String>,
}

impl Starts {
    /// A script that starts in this folder.
    pub(crate) fn at(folder: &str) -> Self {
        Self { folders: vec![folder.to_owned()], unsettled: None }
    }

    /// The same start of a script whose callers are not read: a variable that it uses may be set by any of them.
    pub(crate) fn of_any_caller(&self, script: &str) -> Self {
        let open = script.contains('$').then(|| "the variables that its caller sets".to_owned());
        Self { folders: self.folders.clone(), unsettled: self.unsettled.clone().or(open) }
    }
}

/// The builds and calls of a script.
#[derive(Debug, Default)]
pub(super) struct Runs {
    pub(crate) builds: Vec<Declared>,
    pub(crate) invocations: Vec<Invocation>,
}

impl Runs {
    pub(crate) fn add(&mut self, other: Self) {
        for build in other.builds {
            if self.builds.len() < MOST && !self.builds.contains(&build) {
                self.builds.push(build);
            }
        }
        let room = MOST.saturating_sub(self.invocations.len());
        self.invocations.extend(other.invocations.into_iter().take(room));
    }

    /// Adds something that is not settled to everything that runs.
    pub(crate) fn doubt(&mut self, why: &str) {
        self.builds.iter_mut().for_each(|build| build.unsettled.push(why.to_owned()));
        self.invocations.iter_mut().for_each(|call| call.unsettled.push(why.to_owned()));
    }
}

/// The repository, as the reader of a script sees it.
#[derive(Clone, Copy)]
pub(super) struct Repository<'r> {
    pub(crate) files: Files<'r>,
    /// The names of scripts that build images, so that what calls them is read too.
    pub(crate) scripts: &'r BTreeSet<String>,
}

impl Repository<'_> {
    /// Returns true if a script may run a build, or a script that does.
    pub(crate) fn interests(&self, text: &str) -> bool {
        may_build(text)
            || self.scripts.iter().any(|name| memmem::find(text.as_bytes(), name.as_bytes()).is_some())
    }
}

/// Returns what a file runs, if it is a script that nothing calls. It starts in the repository's root, because people and
/// workflows call scripts from there, or in its own folder. Paths that it makes from its own place are settled.
pub(super) fn alone(repository: Repository<'_>, path: &RepoPath, text: &str) -> Runs {
    let own = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    let mut folders = vec![String::new(), own];
    folders.dedup();
    let unsettled = Some(format!("nothing says where {path} is started"));
    called(repository, path, text, &Starts { folders, unsettled }, None)
}

/// Returns what a script runs that starts in one of these folders: by a call, with its arguments and variables and the
/// names of those that may be set, or alone.
pub(super) fn called(
    repository: Repository<'_>,
    path: &RepoPath,
    text: &str,
    starts: &Starts,
    call: Option<(&Script, &BTreeSet<String>)>,
) -> Runs {
    if !is_script(path.file_name(), text) {
        return Runs::default();
    }
    let mut own = shell::root();
    own.push_text("/");
    own.push_text(path.as_str());
    let origin = Origin { kind: BuildFileKind::Script, path, first_line: 1 };
    // The interpreter takes the arguments as unknown; `set` gives them.
    let text = match call.map(|(call, _)| &call.args) {
        Some(args) if args.iter().all(|arg| !settled::is_open(arg)) => {
            let quoted = args.iter().map(|arg| format!(" '{}'", arg.replace('\'', "'\\''")));
            format!("set --{};{text}", quoted.collect::<String>())
        }
        _ => text.to_owned(),
    };
    declared_in(repository, &text, origin, starts, &|name| {
        if matches!(name, "0" | "BASH_SOURCE") {
            return Some(own.clone());
        }
        let (call, open) = call?;
        let set = call.environment.get(name).map(|value| settled::pattern(value));
        set.or_else(|| open.contains(name).then(|| Pattern::hole(name)))
    })
}

/// Returns what the script `text` runs. `given` returns the initial values of its variables; a variable of which nothing
/// is known is not set. `0` is the script's own path. Paths in these values may start with [`shell::root`].
pub(super) fn declared_in(
    repository: Repository<'_>,
    text: &str,
    origin: Origin,
    starts: &Starts,
    given: &(dyn Fn(&str) -> Option<Pattern> + Sync),
) -> Runs {
    let mut found = Runs::default();
    if !repository.interests(text) {
        return found;
    }
    let assigned = Assigned::of(text);
    spend(2 * text.len());
    for command in shell::commands(text, &Started { repository, starts, given }) {
        spend(COMMAND);
        let line = origin.first_line + command.line - 1;
        let place = Place { kind: origin.kind, path: origin.path.clone(), line };
        let reading = Reading { repository, command: &command, place: &place, starts };
        found.add(Runs { builds: reading.builds(), invocations: reading.invocations(&assigned) });
    }
    found
}

/// A script where it starts, in a repository.
struct Started<'s> {
    repository: Repository<'s>,
    starts: &'s Starts,
    given: &'s (dyn Fn(&str) -> Option<Pattern> + Sync),
}

impl Surroundings for Started<'_> {
    fn variable(&self, name: &str) -> Option<Pattern> {
        (self.given)(name).or_else(|| unset(name))
    }

    /// A file below the folder that a script starts in is known if that folder is.
    fn text(&self, path: &Pattern) -> Option<String> {
        let path = match (place::started(path), &self.starts.folders[..]) {
            (Start::Root(path), _) => compose::below("", path.known()?),
            (Start::Script(path), [folder]) if self.starts.unsettled.is_none() => {
                compose::below(folder, path.known()?)
            }
            _ => return None,
        };
        self.repository.files.read(&path)
    }
}

/// The units of a command that is read for builds and calls.
const COMMAND: usize = 150;

/// The mark of a variable that nothing sets.
const UNSET: char = '\u{e004}';

/// Returns the value of a variable that the script does not set: a part that is empty where nothing else is known. One
/// that a shell or a runner sets is unknown.
fn unset(name: &str) -> Option<Pattern> {
    let is_set = names::is_of_runner(name)
        || name.starts_with('_')
        || ["HOME", "PATH", "USER", "OLDPWD", "HOSTNAME", "TMPDIR", "UID", "OSTYPE", "RANDOM", "SHELL"]
            .contains(&name)
        || !name.starts_with(|c: char| c.is_ascii_alphabetic());
    (!is_set).then(|| Pattern::hole(&format!("{UNSET}{name}")))
}

/// Returns true if a text contains the words that every script that builds an image contains.
pub(super) fn may_build(text: &str) -> bool {
    let has = |word: &str| memmem::find(text.as_bytes(), word.as_bytes()).is_some();
    ["build", "bud", "bake", "compose"].into_iter().any(has) && TOOLS.iter().any(|tool| has(tool))
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

#[cfg(test)]
mod tests;
