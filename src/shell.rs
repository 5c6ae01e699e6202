//! The commands of a RUN script and what they do to files. It never executes anything and never claims an effect
//! that is not certain.
//!
//! A script becomes [`Step`]s in the order of its commands. [`mentions`] answers what a step says about a path.
//! Paths are compared as they are written. The code that applies a [`Change`] resolves the symlinks in them.
//!
//! `walk` goes through a script once for both users: `effects` follows a RUN, `trace` a build script. `request` reads the
//! words of a builtin for both, and [`grammar`] lists the words that are certain.

mod account;
mod analysis;
mod assign;
mod brace;
mod builtin;
mod call;
mod change;
mod compound;
mod disk;
mod effects;
mod expanded;
mod field;
mod file;
mod find;
mod footprint;
mod getopt;
pub mod grammar;
mod invoke;
mod parameter;
mod parts;
mod path;
mod path_set;
mod program;
mod read;
mod redirect;
mod request;
mod script;
mod sed;
mod simple;
mod state;
mod trace;
mod transfer;
mod truth;
mod walk;
mod word;
mod wrapped;

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::budget::spend;

pub(crate) use change::{Account, Change, Destination, Flavour, Mode, Operand};
pub(crate) use footprint::Footprint;
pub(crate) use path::PathPattern;
pub(crate) use path_set::PathSet;
pub(crate) use request::is_builtin;
pub(crate) use trace::{Command, Surroundings, below_root, below_start, commands, root, start};

/// A RUN with its shell and environment.
pub(crate) struct Invocation<'a> {
    /// The script.
    pub(crate) script: Script<'a>,
    /// The heredocs of the command line, in order.
    pub(crate) heredocs: &'a [ScriptHeredoc<'a>],
    /// `SHELL`; by default `["/bin/sh", "-c"]`.
    pub(crate) shell: &'a [String],
    /// The absolute working directory; `None` if it is not known.
    pub(crate) workdir: Option<&'a str>,
    /// The account that runs it.
    pub(crate) user: User,
    /// The environment: `ENV`, and `ARG` where it is declared.
    pub(crate) env: &'a (dyn Fn(&str) -> Lookup + Sync),
    /// The scripts that it may run from the filesystem.
    pub(crate) files: &'a Files,
    /// The line of the Dockerfile on which the script starts, 1-based.
    pub(crate) first_line: usize,
}

/// Scripts in the filesystem as it is before a RUN, by their absolute, clean path.
pub(crate) type Files = BTreeMap<String, ScriptFile>;

/// A script in the filesystem.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct ScriptFile {
    /// Its text.
    pub(crate) text: Arc<str>,
    /// True if the file certainly has this text when the RUN starts.
    pub(crate) certain: bool,
}

/// The script of a RUN.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Script<'a> {
    /// Shell form: the joined line after the flags.
    Shell(&'a str),
    /// Exec form: the JSON array.
    Exec(&'a [String]),
}

/// A heredoc of a RUN.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ScriptHeredoc<'a> {
    /// Its name.
    pub(crate) name: &'a str,
    /// True if leading tabs are dropped (`<<-`).
    pub(crate) chomp: bool,
    /// The body, without the line of the terminator.
    pub(crate) body: &'a str,
    /// The line of the Dockerfile on which the body starts, 1-based.
    pub(crate) line: usize,
}

/// The account that runs a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// The superuser.
    Root,
    /// Another account: its user and group id, if they are known.
    Other(Option<(u32, u32)>),
    /// Not known.
    Unknown,
}

/// The value of a variable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Lookup {
    /// It has this value.
    Set(String),
    /// It is not set.
    Unset,
    /// It is unknown.
    Unknown,
}

/// One command of a script and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The command as written, shortened, e.g. `apt-get install`.
    pub(crate) command: String,
    /// The directory in which it runs; `None` if that is not known.
    pub(crate) directory: Option<Arc<str>>,
    /// The programs that run it, the outermost first: shells, wrappers such as `env`.
    pub(crate) programs: Arc<[Arc<str>]>,
    /// The script on disk that runs it, as the RUN names it; `None` if the RUN runs it itself.
    pub(crate) script: Option<Arc<str>>,
    /// Its line in the Dockerfile, 1-based.
    pub(crate) line: usize,
    /// True if it surely ran and succeeded when the build went on.
    pub(crate) certain: bool,
    /// True if it changes the content of no file, by whatever path, whether or not it ran.
    pub(crate) keeps_content: bool,
    /// The account that ran it.
    pub(crate) user: User,
    /// Its effect on files.
    pub(crate) effect: Effect,
}

impl Step {
    /// Returns what a reader of the Dockerfile finds in the line: the command, or the script that runs it.
    pub(crate) fn shown(&self) -> &str {
        self.script.as_deref().unwrap_or(&self.command)
    }

    /// Returns the same command if it may do less than it says, or something else.
    #[must_use]
    pub(crate) fn doubted(&self) -> Self {
        let effect = match &self.effect {
            Effect::None => Effect::touching(&[]),
            Effect::Certain(changes) | Effect::Perhaps(changes) => Effect::touching(changes),
            effect => effect.clone(),
        };
        Self { certain: false, effect, ..self.clone() }
    }
}

/// The effect of a command on files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It touches no file.
    None,
    /// It does exactly this, in order. Only a step that is [`certain`](Step::certain) has it.
    Certain(Vec<Change>),
    /// Each of these directories is made, or is not, and nothing else happens: `[ -d /x ] || mkdir -p /x`.
    Perhaps(Vec<Change>),
    /// A package manager or a build tool: it adds in places that are known.
    Footprint(Footprint),
    /// Any other command. The paths that it names are unknown afterwards; it leaves the others alone by assumption.
    Touches {
        /// The paths that its words name.
        paths: PathSet,
        /// True if some of its words could not be read, so that it may name more.
        unread: bool,
    },
    /// A script that cannot be read: that it leaves any path alone is an assumption without names to check.
    Anything,
}

impl Effect {
    /// Returns the effect of changes that may not happen.
    fn touching(changes: &[Change]) -> Self {
        Self::Touches { paths: changes.iter().flat_map(Change::paths).collect(), unread: false }
    }
}

/// The relation of a step to a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Mention<'a> {
    /// It certainly leaves the path alone.
    No,
    /// These exact changes concern the path, an ancestor or something below it.
    Certain(&'a [Change]),
    /// It leaves the path alone: an assumption.
    Spared,
    /// It may add here or below: a directory that exists stays as it is, by assumption; anything else, and
    /// whether an absent path stays absent, is unknown.
    Grows,
    /// It may have changed the path in any way: unknown.
    Maybe,
}

/// Returns the commands of a RUN with their effects, in order.
pub(crate) fn effects(invocation: &Invocation) -> Vec<Step> {
    script::effects(invocation)
}

/// The patterns that are compared with a path for a unit.
const PATTERNS: usize = 8;

/// Returns the relation of `step` to the absolute, clean `path`, as paths are written.
pub(crate) fn mentions<'a>(step: &'a Step, path: &str) -> Mention<'a> {
    match &step.effect {
        Effect::None => Mention::No,
        Effect::Anything => Mention::Spared,
        Effect::Certain(changes) => {
            spend(changes.len() / PATTERNS);
            let concerned = changes
                .iter()
                .flat_map(Change::paths)
                .any(|pattern| pattern.reach(path) != path::Reach::Elsewhere);
            if concerned { Mention::Certain(changes) } else { Mention::No }
        }
        Effect::Perhaps(changes) => {
            let reach = changes.iter().flat_map(Change::paths).map(|pattern| pattern.reach(path)).max();
            mention_of(reach.unwrap_or(path::Reach::Elsewhere))
        }
        Effect::Touches { paths, .. } => mention_of(paths.reach(path)),
        Effect::Footprint(footprint) => footprint.mention(path),
    }
}

/// Returns the relation of a command to a path that the paths which it may change reach like this.
fn mention_of<'a>(reach: path::Reach) -> Mention<'a> {
    match reach {
        path::Reach::Elsewhere => Mention::Spared,
        path::Reach::Above => Mention::Grows,
        path::Reach::Within => Mention::Maybe,
    }
}

#[cfg(test)]
mod tests;
