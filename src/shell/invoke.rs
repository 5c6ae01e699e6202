//! Commands by their name: functions, builtins, scripts, programs. An effect that is not certain is taken back here.

use std::sync::Arc;

use super::analysis::Analysis;
use super::call::{Call, Names};
use super::disk::keeps_content;
use super::effects::Walker;
use super::field::Field;
use super::grammar::wrapper::is_interpreter;
use super::request::request;
use super::state::{Flow, State};
use super::{Change, Effect, Lookup, Mode, Step, account, file, footprint, read, script, transfer};

/// The directories whose programs are what their name says (an axiom of the grammar).
const SYSTEM_PROGRAMS: [&str; 4] = ["/bin", "/sbin", "/usr/bin", "/usr/sbin"];

/// A command with its arguments and its standard input.
pub(super) struct Invoked<'f> {
    pub(crate) fields: &'f [Field],
    /// The body of a heredoc on its standard input, and whether that is the exact text.
    pub(crate) stdin: Option<(&'f str, bool)>,
}

impl Walker<'_> {
    /// Runs a command with its arguments.
    pub(crate) fn invoke(&mut self, invoked: &Invoked, line: usize, flow: Flow) {
        self.invoke_with(invoked, &[], line, flow);
    }

    pub(crate) fn invoke_with(&mut self, invoked: &Invoked, environment: &[Field], line: usize, flow: Flow) {
        if !self.may_go_on(line) {
            return;
        }
        self.count_words(invoked.fields.len());
        let Some((first, args)) = invoked.fields.split_first() else { return };
        let Some(program) = first.literal() else {
            let call = Call { name: "", args: invoked.fields, state: &self.state };
            let effect = touches(&call);
            self.record(described(invoked.fields), line, flow, effect);
            // It may be a builtin.
            self.state.opaque = true;
            return;
        };
        let (directory, base) = program.rsplit_once('/').unwrap_or(("", program));
        let is_bare = !program.contains('/');
        let mut flow = flow;
        if is_bare {
            if let Some(body) = self.state.functions.get(base).cloned() {
                self.call(&body, line, flow);
                flow = Flow::UNSURE;
            }
            // bash imports functions from the environment.
            self.state.opaque |= matches!((self.env)(&format!("BASH_FUNC_{base}%%")), Lookup::Set(_));
            if let Some(request) = request(base, args) {
                return self.builtin(request, invoked, line, flow);
            }
            if self.state.shadowed {
                flow = Flow::UNSURE;
            }
        }
        if !is_bare && self.run_path(invoked, line, flow) {
            return;
        }
        let is_system = is_bare || SYSTEM_PROGRAMS.contains(&directory);
        if is_system && self.program(base, invoked, line, flow) {
            return;
        }
        let call = Call { name: base, args, state: &self.state };
        let mut effect = if is_system { known(&call) } else { None }
            .or_else(|| footprint::of(&call).map(Effect::Footprint))
            .unwrap_or_else(|| touches(&call));
        if is_interpreter(base) && matches!(effect, Effect::Touches { .. }) {
            effect = self.interpreted(invoked);
        }
        also_named(&mut effect, &Call { name: base, args, state: &self.state }, environment);
        self.state.opaque |= self.state.on_stdin && !leaves_stdin(base, args);
        self.record(described(invoked.fields), line, flow, effect);
    }

    /// Returns the effect of a script in another language: it may do anything to what its text names.
    fn interpreted(&self, invoked: &Invoked) -> Effect {
        let args = &invoked.fields[1..];
        let texts = invoked.fields.iter().map(Field::known).chain(invoked.stdin.map(|(text, _)| text));
        // Without a script among its words, it reads one that a pipeline hands to it.
        let is_handed = invoked.stdin.is_none() && args.iter().all(|field| field.known().starts_with('-'));
        let unread = is_handed || args.iter().any(|field| field.literal().is_none());
        Effect::Touches { paths: texts.flat_map(|text| self.named_in(text)).collect(), unread }
    }

    /// Records what a command does, as far as that is certain.
    pub(crate) fn record(&mut self, command: String, line: usize, flow: Flow, effect: Effect) {
        let certain = flow.reached && flow.must && self.state.is_certain();
        // Without doubt about the program, the same holds where it may not have run.
        let keeps_content = !self.state.opaque && !self.state.shadowed && keeps_content(&effect);
        let effect = match effect {
            Effect::Certain(changes) if changes.is_empty() => Effect::None,
            Effect::Certain(changes) if !self.umask_holds(&changes) => Effect::touching(&changes),
            Effect::Certain(changes) if !certain => {
                let only_makes = changes.iter().all(Change::makes_directory);
                if only_makes && flow.as_written && !self.state.opaque {
                    Effect::Perhaps(changes)
                } else {
                    Effect::touching(&changes)
                }
            }
            effect => effect,
        };
        self.add_step(command, line, (certain, keeps_content), effect);
    }

    /// Adds a step of the shell as it is. It is told whether the step is certain, and whether it keeps the content of files.
    pub(crate) fn add_step(
        &mut self,
        command: String,
        line: usize,
        (certain, keeps_content): (bool, bool),
        effect: Effect,
    ) {
        let State { programs, script, user, .. } = &self.state;
        let (programs, script, user) = (Arc::clone(programs), script.clone(), *user);
        let directory = self.state.directory().map(Arc::from);
        self.steps.push(Step {
            command,
            directory,
            programs,
            script,
            line,
            certain,
            keeps_content,
            user,
            effect,
        });
    }

    fn umask_holds(&self, changes: &[Change]) -> bool {
        self.state.umask_known
            || changes.iter().all(|change| {
                matches!(
                    change,
                    Change::Remove { .. }
                        | Change::Rmdir { .. }
                        | Change::Chmod { mode: Mode::Octal(_), .. }
                        | Change::Chown { .. }
                        | Change::Move { .. }
                        | Change::Link { .. }
                )
            })
    }
}

/// Returns true if a command does not read its standard input, on which the rest of the script is.
fn leaves_stdin(name: &str, args: &[Field]) -> bool {
    const NAMES: [&str; 12] =
        ["chgrp", "chmod", "chown", "cp", "install", "ln", "mkdir", "mv", "rm", "rmdir", "touch", "truncate"];
    let is_device =
        |field: &Field| ["/dev", "/proc", "dev/", "proc/"].iter().any(|at| field.known().contains(at));
    NAMES.contains(&name) && !args.iter().any(|field| field.literal().is_none() || is_device(field))
}

/// Returns the effect of a program of the system, if it is known and all of its words are read.
fn known(call: &Call) -> Option<Effect> {
    if read::only_reads(call) {
        return Some(Effect::None);
    }
    file::changes(call)
        .or_else(|| transfer::changes(call))
        .or_else(|| account::changes(call))
        .map(Effect::Certain)
}

/// Returns the effect of an unknown command: it may change what it names.
pub(super) fn touches(call: &Call) -> Effect {
    let (mut paths, unread) = call.names();
    paths.extend(account::touched(call.name));
    Effect::Touches { paths, unread }
}

/// Adds the paths of variables that are given to a command: `DESTDIR=/x make install`.
fn also_named(effect: &mut Effect, call: &Call, environment: &[Field]) {
    let mut names = Names { state: call.state, paths: Vec::new(), unread: false };
    environment.iter().filter(|field| field.known().starts_with('/')).for_each(|field| names.field(field));
    let (given, _) = names.finish();
    match effect {
        Effect::Touches { paths, .. } => paths.share(&given),
        Effect::Footprint(footprint) => footprint.areas.share(&given),
        Effect::None | Effect::Certain(_) | Effect::Perhaps(_) | Effect::Anything => {}
    }
}

/// Returns the start of a command: the program, and its words up to the first that is not an option.
pub(super) fn described(fields: &[Field]) -> String {
    let mut shown = String::new();
    for (at, word) in fields.iter().map(Field::known).enumerate() {
        match word {
            "" if at > 0 => break,
            "" => shown.push_str("$…"),
            word if at > 0 => shown.extend([" ", word]),
            word => shown.push_str(word),
        }
        if at > 0 && !word.starts_with('-') {
            break;
        }
    }
    script::shortened(&shown)
}
