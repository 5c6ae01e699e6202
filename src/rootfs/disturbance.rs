//! The facts that remain after a command of unknown effect: paths that it may have written are unknown, the others
//! get an assumption. It never reads the command.

use std::sync::Arc;

use super::{Assumption, Known};
use crate::shell::{self, Effect, Mention, PathPattern, Step};
use crate::text::path::is_within;

/// A command whose effect is not known for certain.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Disturbance {
    /// The command as written, shortened.
    pub(crate) command: String,
    /// Its line in the Dockerfile, 1-based.
    pub(crate) line: usize,
    /// Its possible effect.
    pub(crate) reach: Reach,
    /// The start of a sentence about a path that it leaves.
    leaves: Arc<str>,
    /// Paths that a mount hid from it, with everything below them.
    hidden: Vec<String>,
}

/// The possible effect of a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// It may have changed these absolute paths, and everything below them, in any way.
    Names(Vec<String>),
    /// It may have removed or changed some of the paths that this names.
    Prunes(PathPattern),
    /// A command of a RUN.
    Step(Box<Step>),
    /// It changed nothing beside what is recorded, by this assumption.
    Assumed(Arc<Assumption>),
}

/// The effect of a command of unknown effect on a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// Nothing, for certain.
    Nothing,
    /// It leaves the path as it is: an assumption.
    Spared,
    /// It makes the state unknown: it did this, perhaps.
    Blurred(&'static str),
}

impl Disturbance {
    /// Returns the disturbance by a command of a line.
    pub(crate) fn new(command: impl Into<String>, line: usize, reach: Reach) -> Self {
        let command = command.into();
        let leaves = format!("`{command}` (line {line}) leaves ").into();
        Self { command, line, reach, leaves, hidden: Vec::new() }
    }

    /// Records that a mount hid a path from the command, with everything below it.
    pub(super) fn hide(&mut self, path: &str) {
        self.hidden.push(path.to_owned());
    }

    /// Forgets the paths that it names at and below a mount's target: what it writes there stays in the mount.
    pub(super) fn forget_within(&mut self, target: &str) {
        match &mut self.reach {
            Reach::Names(names) => names.retain(|name| !is_within(target, name)),
            Reach::Step(step) => {
                if let Effect::Touches { paths, .. } = &mut step.effect {
                    let is_inside = |pattern: &PathPattern| match pattern {
                        PathPattern::At(path) => is_within(target, path),
                        PathPattern::Under { directory, .. } => is_within(target, directory),
                    };
                    paths.retain(|pattern| !is_inside(pattern));
                }
            }
            Reach::Prunes(_) | Reach::Assumed(_) => {}
        }
    }

    /// Returns what it does to a path in this state.
    pub(super) fn outcome(&self, path: &str, known: &Known) -> Outcome {
        if matches!(known, Known::Unknown(_)) {
            return Outcome::Nothing;
        }
        match self.mention(path) {
            Mention::No => Outcome::Nothing,
            Mention::Maybe if *known == Known::Absent && matches!(self.reach, Reach::Prunes(_)) => {
                Outcome::Nothing
            }
            Mention::Grows if matches!(known, Known::Dir(_)) => Outcome::Spared,
            Mention::Maybe => Outcome::Blurred("may have changed it"),
            Mention::Certain(_) | Mention::Grows => Outcome::Blurred("may have made it"),
            Mention::Spared => Outcome::Spared,
        }
    }

    /// Returns the assumption that it rests on, if that is about `path` too.
    pub(super) fn assumed(&self, path: &str) -> Option<&Arc<Assumption>> {
        match &self.reach {
            Reach::Assumed(assumption) if !self.is_hidden(path) => Some(assumption),
            _ => None,
        }
    }

    /// Returns the start of a sentence about something that it leaves.
    pub(super) fn leaves(&self) -> &Arc<str> {
        &self.leaves
    }

    /// Returns the mention of a path.
    pub(super) fn mention(&self, path: &str) -> Mention<'_> {
        match &self.reach {
            _ if self.is_hidden(path) => Mention::No,
            Reach::Step(step) => shell::mentions(step, path),
            Reach::Prunes(pattern) if pattern.may_be(path) => Mention::Maybe,
            Reach::Prunes(_) | Reach::Assumed(_) => Mention::No,
            Reach::Names(names) if names.iter().any(|name| is_within(name, path)) => Mention::Maybe,
            Reach::Names(names) if names.iter().any(|name| is_within(path, name)) => Mention::Grows,
            Reach::Names(_) => Mention::Spared,
        }
    }

    fn is_hidden(&self, path: &str) -> bool {
        self.hidden.iter().any(|hidden| is_within(hidden, path))
    }
}
