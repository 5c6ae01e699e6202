//! The facts that remain after a command of unknown effect: paths that it may have written are unknown, the others
//! get an assumption. It never reads the command.

use std::sync::Arc;

use super::{Assumption, Fact, Known};
use crate::shell::{self, Mention, PathPattern, Step};

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
}

impl Disturbance {
    /// Returns the disturbance by a command of a line.
    pub(crate) fn new(command: impl Into<String>, line: usize, reach: Reach) -> Self {
        let command = command.into();
        let leaves = format!("`{command}` (line {line}) leaves ").into();
        Self { command, line, reach, leaves }
    }

    /// Applies the disturbance to a fact about `path`.
    pub(super) fn disturb(&self, path: &str, fact: &mut Fact) {
        let is_absent = fact.known == Known::Absent;
        let is_directory = matches!(fact.known, Known::Dir(_));
        match self.mention(path) {
            Mention::No => {}
            Mention::Maybe if is_absent && matches!(self.reach, Reach::Prunes(_)) => {}
            Mention::Grows if is_directory => self.spare(path, fact, " alone"),
            Mention::Maybe => self.blur(fact, "may have changed it"),
            Mention::Certain(_) | Mention::Grows => self.blur(fact, "may have made it"),
            Mention::Spared if is_absent => self.spare(path, fact, " absent"),
            Mention::Spared => self.spare(path, fact, " alone"),
        }
    }

    /// Returns the mention of a path.
    pub(super) fn mention(&self, path: &str) -> Mention<'_> {
        match &self.reach {
            Reach::Step(step) => shell::mentions(step, path),
            Reach::Prunes(pattern) if pattern.may_be(path) => Mention::Maybe,
            Reach::Prunes(_) => Mention::No,
            Reach::Names(names) if names.iter().any(|name| is_within(name, path)) => Mention::Maybe,
            Reach::Names(names) if names.iter().any(|name| is_within(path, name)) => Mention::Grows,
            Reach::Names(_) => Mention::Spared,
        }
    }

    fn blur(&self, fact: &mut Fact, what: &str) {
        if !matches!(fact.known, Known::Unknown(_)) {
            fact.known = Known::Unknown(format!("`{}` (line {}) {what}", self.command, self.line).into());
        }
    }

    fn spare(&self, path: &str, fact: &mut Fact, how: &'static str) {
        if !matches!(fact.known, Known::Unknown(_)) {
            fact.leans.add(Arc::new(Assumption::naming(self.line, Arc::clone(&self.leaves), path, how)));
        }
    }
}

/// Returns true if `inner` is `outer` or lies below it; both absolute and clean.
fn is_within(outer: &str, inner: &str) -> bool {
    outer == "/" || inner.strip_prefix(outer).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}
