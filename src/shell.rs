//! The commands of a RUN script and what they do to files. It never executes anything and never claims an effect
//! that is not certain.
//!
//! A script becomes [`Step`]s in the order of its commands. [`mentions`] answers what a step says about a path.
//! Paths are compared as they are written: whoever applies a [`Change`] resolves symlinks on the way.

mod account;
mod builtin;
mod call;
mod change;
mod control;
mod field;
mod file;
mod find;
mod footprint;
mod getopt;
mod harmless;
mod path;
mod script;
mod sed;
mod simple;
mod state;
mod trace;
mod transfer;

pub(crate) use change::{Account, Change, Destination, Flavour, Mode, Operand};
pub(crate) use footprint::Footprint;
pub(crate) use path::PathPattern;
pub(crate) use trace::{Command, below_root, below_start, commands, root, start};

/// What a RUN is run with.
pub(crate) struct Invocation<'a> {
    /// What it runs.
    pub(crate) script: Script<'a>,
    /// The heredocs of the command line, in order.
    pub(crate) heredocs: &'a [ScriptHeredoc<'a>],
    /// `SHELL`; by default `["/bin/sh", "-c"]`.
    pub(crate) shell: &'a [String],
    /// The absolute working directory; `None` if it is not known.
    pub(crate) workdir: Option<&'a str>,
    /// Who runs it.
    pub(crate) user: User,
    /// The environment: `ENV`, and `ARG` where it is declared.
    pub(crate) env: &'a (dyn Fn(&str) -> Lookup + Sync),
    /// The line of the Dockerfile on which the script starts, 1-based.
    pub(crate) first_line: usize,
}

/// What a RUN runs.
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

/// Who runs a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum User {
    /// The superuser.
    Root,
    /// Somebody else: user and group id, where they are known.
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
    /// Nobody knows.
    Unknown,
}

/// One command of a script and what it does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Step {
    /// The command as written, shortened, e.g. `apt-get install`.
    pub(crate) command: String,
    /// Its line in the Dockerfile, 1-based.
    pub(crate) line: usize,
    /// True if it surely ran and succeeded when the build went on.
    pub(crate) certain: bool,
    /// Who ran it.
    pub(crate) user: User,
    /// What it does to files.
    pub(crate) effect: Effect,
}

/// What a command does to files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It touches no file.
    None,
    /// It does exactly this, in order. Only a step that is [`certain`](Step::certain) has it.
    Certain(Vec<Change>),
    /// A package manager or a build tool: it adds in places that are known.
    Footprint(Footprint),
    /// Any other command. What it names is unknown afterwards, the rest left alone by assumption.
    Touches {
        /// What its words name.
        paths: Vec<PathPattern>,
        /// True if some of its words could not be read, so that it may name more.
        unread: bool,
    },
    /// A script that cannot be read: that it leaves any path alone is an assumption without names to check.
    Anything,
}

/// What a step says about a path.
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

/// What the commands of a RUN do, in order.
pub(crate) fn effects(invocation: &Invocation) -> Vec<Step> {
    script::effects(invocation)
}

/// What `step` says about the absolute, clean `path`, as paths are written.
pub(crate) fn mentions<'a>(step: &'a Step, path: &str) -> Mention<'a> {
    match &step.effect {
        Effect::None => Mention::No,
        Effect::Anything => Mention::Spared,
        Effect::Certain(changes) => {
            let concerned = changes
                .iter()
                .flat_map(Change::paths)
                .any(|pattern| pattern.reach(path) != path::Reach::Elsewhere);
            if concerned { Mention::Certain(changes) } else { Mention::No }
        }
        Effect::Touches { paths, .. } => {
            match paths.iter().map(|pattern| pattern.reach(path)).max().unwrap_or(path::Reach::Elsewhere) {
                path::Reach::Elsewhere => Mention::Spared,
                path::Reach::Above => Mention::Grows,
                path::Reach::Within => Mention::Maybe,
            }
        }
        Effect::Footprint(footprint) => footprint.mention(path),
    }
}

#[cfg(test)]
mod tests;
