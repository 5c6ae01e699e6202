//! One command of a script: the builds that it runs, or the call of what another file defines. It never follows a call.

use std::cell::LazyCell;

use super::place::{Start, is_root_name, placed, started};
use super::{Repository, Starts, UNSET};
use crate::builds::invocation::{self, Assigned, Invocation};
use crate::builds::{Declared, Place, compose, docker_cli, settled};
use crate::shell::{self, Command};
use crate::text::pattern::{Part, Pattern};

/// The deepest nesting of defaults that is looked up.
const DEPTH: usize = 4;

/// A command of a script, as it is read.
pub(super) struct Reading<'r> {
    pub(crate) repository: Repository<'r>,
    pub(crate) command: &'r Command,
    pub(crate) place: &'r Place,
    pub(crate) starts: &'r Starts,
}

impl Reading<'_> {
    /// Returns the builds of the command. A variable that nothing sets is its default, or empty. If that is not a file of
    /// the repository, the caller sets it: then the build is as written.
    pub(crate) fn builds(&self) -> Vec<Declared> {
        let is_docker = docker_cli::declared(&self.command.words, self.command.stdin.as_ref(), self.place);
        if is_docker.is_none() {
            return Vec::new();
        }
        let settled = self.with(&|part| self.settled(part, DEPTH));
        let exists = |build: &Declared| match build.dockerfile.known() {
            Some(path) => self.repository.files.has(&compose::below("", path)),
            None => true,
        };
        if settled.iter().any(exists) {
            let is_open = |build: &Declared| {
                build.context.iter().chain([&build.dockerfile]).any(|path| path.known().is_none())
            };
            if !settled.iter().any(is_open) {
                return settled;
            }
            let mut likely = self.with(&|part| Some(self.likely(part, DEPTH)));
            likely.retain(|build| !is_open(build));
            for build in &mut likely {
                build.unsettled.push(format!("line {}: a variable may have another value", self.place.line));
            }
            return settled.into_iter().chain(likely).collect();
        }
        // The values that a variable most likely has, where several ways through the script meet.
        let mut found = self.with(&|part| Some(self.likely(part, DEPTH)));
        found.extend(self.with(&|part| Some(named(part))));
        for build in &mut found {
            build.unsettled.push(format!("line {}: the caller sets what it builds", self.place.line));
        }
        found
    }

    /// Returns the build with each hole replaced, once for each folder that the script may start in.
    fn with(&self, value: &dyn Fn(&str) -> Option<Pattern>) -> Vec<Declared> {
        let fill = |pattern: &Pattern| filled(pattern, value);
        let command = self.command;
        let mut words: Vec<Pattern> = command.words.iter().map(fill).collect();
        // A command that is nothing but an unset variable is still a tool, by the name of the variable.
        let mut unsettled = Vec::new();
        if let (Some(first), Some(written)) = (words.first_mut(), command.words.first())
            && first.is_empty()
        {
            *first = filled(written, &|part| Some(named(part)));
            unsettled.push(format!("{first} is the command"));
        }
        let is_given = |(at, word): &(usize, &Pattern)| !word.is_empty() || command.words[*at].is_empty();
        let words: Vec<Pattern> =
            words.iter().enumerate().filter(is_given).map(|(_, word)| word.clone()).collect();
        let stdin = command.stdin.as_ref().map(fill);
        let Some(mut declared) = docker_cli::declared(&words, stdin.as_ref(), self.place) else {
            return Vec::new();
        };
        declared.unsettled.extend(unsettled);
        // A tag is mostly set from outside.
        let written: Vec<Pattern> =
            command.words.iter().map(|word| filled(word, &|part| Some(named(part)))).collect();
        if let Some(written) = docker_cli::declared(&written, stdin.as_ref(), self.place) {
            declared.tags = written.tags;
        }
        placed(
            declared,
            &Command { words, stdin, folder: fill(&command.folder), ..command.clone() },
            self.starts,
        )
    }

    /// Returns the value of a hole by the rule that a variable which nothing sets is not set.
    fn settled(&self, hole: &str, depth: usize) -> Option<Pattern> {
        let name = hole.strip_prefix(UNSET)?;
        match self.command.defaults.get(hole) {
            Some(default) if depth > 0 => Some(filled(default, &|part| self.settled(part, depth - 1))),
            // What a path starts with is the caller's: empty, it would be another path.
            None if is_root_name(name) => Some(Pattern::hole(name)),
            _ => Some(Pattern::default()),
        }
    }

    /// Returns the value that a hole most likely has.
    fn likely(&self, hole: &str, depth: usize) -> Pattern {
        match self.command.defaults.get(hole) {
            Some(default) if depth > 0 => filled(default, &|part| Some(self.likely(part, depth - 1))),
            _ => named(hole),
        }
    }

    /// Returns the call of what another file defines, once for each folder that the script may start in.
    pub(crate) fn invocations(&self, assigned: &Assigned) -> Vec<Invocation> {
        let fill = |pattern: &Pattern| filled(pattern, &|part| self.settled(part, DEPTH));
        let command = self.command;
        let folder = started(&fill(&command.folder));
        let mut unsettled: Vec<String> = Vec::new();
        let folders: Vec<String> = match &folder {
            Start::Root(path) => vec![settled::encoded(path)],
            Start::Script(path) => {
                unsettled.extend(self.starts.unsettled.clone());
                let all = self.starts.folders.iter();
                all.map(|start| compose::below(start, &settled::encoded(path))).collect()
            }
            Start::Elsewhere(_) => return Vec::new(),
        };
        let mut found = Vec::new();
        for (at, start) in folders.iter().enumerate() {
            let from = self.starts.folders.get(at).map_or("", String::as_str);
            let word = |word: &Pattern| in_folder(&fill(word), from);
            let words: Vec<String> = command.words.iter().map(word).filter(|word| !word.is_empty()).collect();
            let has = |path: &str| self.repository.files.has(path);
            let environment = LazyCell::new(|| assigned.values_at(self.command.line));
            let Some((call, open)) = invocation::call(&words, start, &environment, &has) else {
                return found;
            };
            found.push(Invocation {
                place: self.place.clone(),
                tool: invocation::tool(&words, &call),
                call,
                unsettled: unsettled.iter().cloned().chain(open).collect(),
                assigned: assigned.open_at(self.command.line),
                callers: Vec::new(),
            });
        }
        found
    }
}

/// Returns a word of a command as a string. A path below a folder that the script knows is complete.
fn in_folder(word: &Pattern, start: &str) -> String {
    let is_place = |part: &Part| {
        let part = Pattern::from(part.clone());
        shell::below_root(&part).is_some() || shell::below_start(&part).is_some()
    };
    let parts = word.parts();
    let Some(at) = parts.iter().rposition(is_place) else { return settled::encoded(word) };
    let before: String = match parts[..at].last() {
        Some(Part::Text(text)) if text.ends_with('=') => text.clone(),
        _ => String::new(),
    };
    let path = match started(word) {
        Start::Root(path) => compose::below("", &settled::encoded(&path)),
        Start::Script(path) => compose::below(start, &settled::encoded(&path)),
        Start::Elsewhere(path) => return settled::encoded(&path),
    };
    format!("{before}{}{path}", compose::COMPLETE)
}

/// Returns the hole of a variable without its mark.
fn named(hole: &str) -> Pattern {
    Pattern::hole(hole.strip_prefix(UNSET).unwrap_or(hole))
}

/// Returns a pattern with its holes replaced; a hole without a value stays.
fn filled(pattern: &Pattern, value: &dyn Fn(&str) -> Option<Pattern>) -> Pattern {
    let mut whole = Pattern::default();
    for part in pattern.parts() {
        match part {
            Part::Hole(hole) => whole.push(&value(hole).unwrap_or_else(|| named(hole))),
            Part::Text(text) => whole.push_text(text),
        }
    }
    whole
}
