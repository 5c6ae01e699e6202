//! The commands that a script may run, with their words as far as they are known. It never executes anything,
//! never judges a command, and ends soon whatever it is given.
//!
//! A script is followed on every way through its branches: values that were set together stay together. Where
//! there are too many ways, those that branched last become one, and what differs between them is a hole.

mod analysis;
mod env;
mod path;
mod simple;
mod test;
mod walk;
mod ways;
mod word;
mod wrapper;

use std::collections::BTreeMap;

use super::script::{ON_DISK, SHALLOW, openings, with_stack};
use crate::text::pattern::{Part, Pattern};

/// The hole of the repository's root.
const ROOT: &str = "the repository";
/// The hole of the folder that the script starts in.
const START: &str = "PWD";

/// A command that a script may run.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Command {
    /// The command and its arguments. A hole is named after its variable or expression.
    pub(crate) words: Vec<Pattern>,
    /// Its working directory: absolute, or below [`root`] or [`start`].
    pub(crate) folder: Pattern,
    /// The file that standard input comes from, in that directory.
    pub(crate) stdin: Option<Pattern>,
    /// The default values of the holes of the words: `${x:-this}`.
    pub(crate) defaults: BTreeMap<String, Pattern>,
    /// Its line in the script, 1-based.
    pub(crate) line: usize,
}

impl Command {
    /// A word of the command as a path: below [`root`] or [`start`] where that is known.
    #[must_use]
    pub(crate) fn path(&self, word: &Pattern) -> Pattern {
        path::join(&self.folder, word)
    }
}

/// The repository's root as a path.
pub(crate) fn root() -> Pattern {
    Pattern::hole(ROOT)
}

/// The folder that a script starts in as a path.
pub(crate) fn start() -> Pattern {
    Pattern::hole(START)
}

/// Returns the rest of a path below the repository's root.
pub(crate) fn below_root(path: &Pattern) -> Option<Pattern> {
    below(path, ROOT)
}

/// Returns the rest of a path below the folder that a script starts in.
pub(crate) fn below_start(path: &Pattern) -> Option<Pattern> {
    below(path, START)
}

fn below(path: &Pattern, name: &str) -> Option<Pattern> {
    let (Part::Hole(first), rest) = path.parts().split_first()? else { return None };
    let rest: Pattern = rest.iter().collect();
    (first == name).then(|| rest.strip_prefix("/").or_else(|| rest.is_empty().then_some(rest))).flatten()
}

/// The place in which a script starts.
pub(crate) trait Surroundings: Sync {
    /// Returns what is known of a variable that the script does not set; `0` is its own path.
    fn variable(&self, name: &str) -> Option<Pattern>;

    /// Returns the text of a file, by an absolute path or one below [`root`] or [`start`].
    fn text(&self, path: &Pattern) -> Option<String>;
}

/// The commands that a script may run, in the order in which they are found; none twice. Functions that nothing calls are
/// followed with unknown arguments. Of a script that cannot be read, the lines that can be read alone are followed.
pub(crate) fn commands(script: &str, surroundings: &dyn Surroundings) -> Vec<Command> {
    let sources = script.split([';', '\n', '&', '|']).any(|command| {
        command.trim_start().starts_with(['.', 's'])
            && matches!(command.split_whitespace().next(), Some("." | "source"))
    });
    let openings = openings(script) + if sources { ON_DISK } else { 0 };
    with_stack(openings, || walk::commands(script, surroundings, openings.max(SHALLOW), false))
        .unwrap_or_else(|| walk::commands(script, surroundings, SHALLOW, true))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Nowhere;

    impl Surroundings for Nowhere {
        fn variable(&self, _: &str) -> Option<Pattern> {
            None
        }

        fn text(&self, _: &Pattern) -> Option<String> {
            None
        }
    }

    #[test]
    fn a_folder_does_not_grow_without_end() {
        let script = "cd \"$(dirname \"$x\")/$y\"\n".repeat(2_000) + "docker build .\n";
        let found = commands(&script, &Nowhere);
        assert!(found.iter().any(|command| command.words.iter().any(|word| word.known() == Some("docker"))));
        let longest = found.iter().map(|command| command.folder.parts().len()).max();
        assert!(longest.is_some_and(|parts| parts <= 300), "{longest:?}");
    }
}
