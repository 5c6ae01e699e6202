//! The flow of control of a script: which commands certainly run, and which must have succeeded since the build went on.
//! It knows nothing of single commands. Every node of brush-parser's syntax tree is matched.

use std::rc::Rc;

use brush_parser::ast::{
    AndOr, AndOrList, Command, CompoundCommand, CompoundList, CompoundListItem, FunctionBody, Pipeline,
    Program, SeparatorOperator, SimpleCommand, Word,
};

use super::field::Expander;
use super::path::PathPattern;
use super::script;
use super::state::{Dialect, Flow, State};
use super::{Effect, Files, Invocation, Lookup, Step, compound::tested};

/// The deepest nesting of commands; a deeper script is not read.
const DEPTH: usize = 40;
/// The most commands that a script runs, those of loops and functions counted each time.
const COMMANDS: usize = 10_000;
/// The words that count as much as a command.
const WORDS: usize = 16;
/// The most text that is read, that of nested scripts counted each time.
const BYTES: usize = 2 << 20;

/// Goes through a script and records what it does.
pub(super) struct Walker<'a> {
    pub(crate) env: &'a dyn Fn(&str) -> Lookup,
    pub(crate) files: &'a Files,
    pub(crate) state: State,
    pub(crate) steps: Vec<Step>,
    /// Commands that may still run when the script ends: in the background, at its exit.
    lingering: Vec<Step>,
    first_line: usize,
    depth: usize,
    commands: usize,
    bytes: usize,
    openings: usize,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(invocation: &Invocation<'a>, state: State, openings: usize) -> Self {
        Self {
            env: invocation.env,
            files: invocation.files,
            state,
            steps: Vec::new(),
            lingering: Vec::new(),
            first_line: invocation.first_line,
            depth: 0,
            commands: COMMANDS,
            bytes: BYTES,
            openings,
        }
    }

    /// Sets the line of the Dockerfile on which the script starts.
    pub(crate) fn set_first_line(&mut self, line: usize) {
        self.first_line = line;
    }

    /// Returns all steps, those that may run at any time last.
    pub(crate) fn finish(mut self) -> Vec<Step> {
        self.steps.append(&mut self.lingering);
        self.steps
    }

    /// Runs the text of a script in the present shell.
    pub(crate) fn script(&mut self, text: &str, flow: Flow) {
        let line = self.state.line.unwrap_or(self.first_line);
        self.bytes = self.bytes.saturating_sub(text.len());
        let (dialect, openings) = (self.state.dialect, self.openings);
        let exact = if self.bytes > 0 { script::parse_exactly(text, dialect, openings) } else { None };
        // Read in one way of several, its commands are those of the text, but none of them is certain.
        self.state.opaque |= exact.is_none();
        let program = exact
            .or_else(|| if self.bytes > 0 { script::parse(text, Dialect::Bash, openings) } else { None });
        match program {
            Some(program) => self.nested(line, |walker| walker.whole(&program, flow)),
            None => self.unreadable(text, line),
        }
    }

    /// Runs a script that may run, perhaps at another time than here.
    pub(crate) fn perhaps(&mut self, text: &str) {
        self.beside(|walker| walker.script(text, Flow::UNSURE));
    }

    /// Records that something may do anything that its text names, to the shell itself too.
    pub(crate) fn unreadable(&mut self, text: &str, line: usize) {
        self.state.opaque = true;
        let effect = Effect::Touches { paths: self.named_in(text), unread: true };
        let command = script::shortened(text);
        let (script, user) = (self.state.script.clone(), self.state.user);
        self.steps.push(Step { command, script, line, certain: false, keeps_content: false, user, effect });
    }

    /// Returns the paths that a text in an unknown language names, in each directory in which the shell may be.
    pub(crate) fn named_in(&self, text: &str) -> Vec<PathPattern> {
        let directories = self.state.directories.as_deref().unwrap_or(&[]);
        script::named(text, directories)
    }

    /// Returns true if one more command may be followed. The first one over the limit is recorded as unreadable.
    pub(crate) fn may_go_on(&mut self, line: usize) -> bool {
        match self.commands {
            0 => return false,
            1 => self.unreadable("the rest of a long script", line),
            _ => {}
        }
        self.commands -= 1;
        self.commands > 0
    }

    /// Counts the words of a command that is followed. The next one is unreadable if they are too many.
    pub(crate) fn count_words(&mut self, words: usize) {
        self.commands = self.commands.saturating_sub(words / WORDS).max(1);
    }

    pub(crate) fn nested(&mut self, line: usize, run: impl FnOnce(&mut Self)) {
        if !self.may_go_on(line) {
            return;
        }
        if self.depth >= DEPTH {
            return self.unreadable("commands nested too deeply", line);
        }
        self.depth += 1;
        run(self);
        self.depth -= 1;
    }

    /// Runs a subshell, whose changes to the shell end with it.
    pub(crate) fn subshell(&mut self, flow: Flow, run: impl FnOnce(&mut Self)) {
        let before = self.state.clone();
        self.state.failure_stops = flow.must;
        run(self);
        self.state = before;
    }

    /// Runs commands that run at the same time as those that follow, or at the end.
    pub(crate) fn beside(&mut self, run: impl FnOnce(&mut Self)) {
        let start = self.steps.len();
        self.subshell(Flow::UNSURE, run);
        self.doubt(start);
        let acting = self.steps[start..].iter().filter(|step| step.effect != Effect::None);
        self.lingering.extend(acting.cloned());
    }

    /// Makes the steps from `start` on uncertain.
    fn doubt(&mut self, start: usize) {
        for step in self.steps[start..].iter_mut().filter(|step| step.effect != Effect::None) {
            *step = step.doubted();
        }
    }

    pub(crate) fn line_of(&self, word: &Word) -> usize {
        let offset = word.loc.as_ref().map_or(0, |span| span.start.line.saturating_sub(1));
        self.state.line.unwrap_or(self.first_line + offset)
    }

    /// Returns the line to report if a command has no word of its own.
    pub(crate) fn current_line(&self) -> usize {
        self.state.line.or_else(|| self.steps.last().map(|step| step.line)).unwrap_or(self.first_line)
    }

    /// Expands words, and runs the substitutions within them.
    pub(crate) fn expand<T>(&mut self, line: usize, read: impl FnOnce(&mut Expander) -> T) -> T {
        let (state, env) = (&self.state, self.env);
        let mut expander =
            Expander { state, env, substitutions: Vec::new(), assigned: Vec::new(), wild: Vec::new() };
        let read = read(&mut expander);
        let Expander { substitutions, assigned, wild, .. } = expander;
        for name in assigned {
            self.state.set(&name, Lookup::Unknown, false);
        }
        for text in wild {
            self.state.forget_variables();
            self.unreadable(&text, line);
        }
        for script in substitutions {
            self.subshell(Flow::UNSURE, |walker| {
                walker.state.line = Some(line);
                walker.script(&script, Flow::UNSURE);
            });
        }
        read
    }

    fn whole(&mut self, program: &Program, flow: Flow) {
        let items: Vec<&CompoundListItem> =
            program.complete_commands.iter().flat_map(|list| &list.0).collect();
        self.items(&items, flow);
    }

    pub(crate) fn list(&mut self, list: &CompoundList, flow: Flow) {
        let items: Vec<&CompoundListItem> = list.0.iter().collect();
        self.items(&items, flow);
    }

    fn items(&mut self, items: &[&CompoundListItem], flow: Flow) {
        for (index, CompoundListItem(chain, separator)) in items.iter().enumerate() {
            match separator {
                SeparatorOperator::Async => self.beside(|walker| walker.chain(chain, Flow::UNSURE)),
                SeparatorOperator::Sequence => {
                    let is_last = index + 1 == items.len();
                    let enforced = self.state.errexit
                        && !flow.suspended
                        && self.state.failure_stops
                        && chain.additional.is_empty()
                        && errexit_applies(&chain.first);
                    self.chain(chain, Flow { must: (is_last && flow.must) || enforced, ..flow });
                }
            }
        }
    }

    /// Runs `a && b || c`.
    fn chain(&mut self, chain: &AndOrList, flow: Flow) {
        let mut flows = Vec::with_capacity(chain.additional.len());
        let mut must = flow.must;
        for (index, link) in chain.additional.iter().enumerate().rev() {
            let suspended = flow.suspended || index + 1 < chain.additional.len();
            flows.push(match link {
                AndOr::And(_) => Flow { reached: flow.reached && must, must, suspended, ..flow },
                AndOr::Or(alternative) => {
                    // `cd /x || exit 1` goes on only where `cd` succeeded.
                    must = self.surely_fails(alternative);
                    Flow { reached: false, must: false, suspended, ..flow }
                }
            });
        }
        let suspended = flow.suspended || !chain.additional.is_empty();
        self.pipeline(&chain.first, Flow { must, suspended, ..flow });
        for (link, flow) in chain.additional.iter().zip(flows.into_iter().rev()) {
            let (AndOr::And(pipeline) | AndOr::Or(pipeline)) = link;
            self.pipeline(pipeline, flow);
        }
    }

    fn pipeline(&mut self, pipeline: &Pipeline, flow: Flow) {
        let flow = if pipeline.bang { flow.tested() } else { flow };
        // `time` is a keyword in bash, a program elsewhere.
        self.state.opaque |= pipeline.timed.is_some() && self.state.dialect == Dialect::Posix;
        if let [command] = &pipeline.seq[..] {
            return self.command(command, flow);
        }
        let start = self.steps.len();
        let mut acting = 0;
        for (index, command) in pipeline.seq.iter().enumerate() {
            let is_last = index + 1 == pipeline.seq.len();
            let flow = Flow { must: flow.must && (is_last || self.state.pipefail), ..flow };
            let from = self.steps.len();
            self.subshell(flow, |walker| walker.command(command, flow));
            acting += usize::from(self.steps[from..].iter().any(|step| step.effect != Effect::None));
        }
        // They run at the same time: the order of their effects is certain only if one of them has any.
        if acting > 1 {
            self.doubt(start);
            self.steps.extend_from_within(start..);
        }
    }

    pub(crate) fn command(&mut self, command: &Command, flow: Flow) {
        match command {
            Command::Simple(simple) => self.simple(simple, flow),
            Command::Compound(compound, redirects) => {
                let line = self.current_line();
                if let Some(redirects) = redirects {
                    self.redirects(redirects.0.iter(), line, flow);
                }
                self.nested(line, |walker| walker.compound(compound, flow));
            }
            Command::Function(function) => {
                self.state.functions.insert(function.fname.value.clone(), Rc::new(function.body.clone()));
            }
            Command::ExtendedTest(test, redirects) => {
                let line = self.current_line();
                if let Some(redirects) = redirects {
                    self.redirects(redirects.0.iter(), line, flow);
                }
                let written = test.to_string();
                match self.state.dialect {
                    // dash has no `[[`: it runs a program of that name, and reads `&&` and `>` within as its own.
                    Dialect::Posix => self.unreadable(&written, line),
                    Dialect::Bash => {
                        self.expand(line, |expander| tested(&test.expr, expander));
                        self.record(format!("[[ {written}"), line, flow, Effect::None);
                    }
                }
            }
        }
    }

    /// Calls a function of the script. Its arguments are unknown, and so is what its body certainly does.
    pub(crate) fn function(&mut self, body: &FunctionBody, line: usize, flow: Flow) {
        let returned = self.state.returned;
        self.nested(line, |walker| {
            if let Some(redirects) = &body.1 {
                walker.redirects(redirects.0.iter(), line, Flow::UNSURE);
            }
            walker.compound(&body.0, Flow { suspended: flow.suspended, ..Flow::UNSURE });
        });
        self.state.returned = returned;
    }

    /// Returns true if the pipeline ends the shell, and with it the build, with a failure: `exit 1`,
    /// `{ echo no; exit 1; }`. A function may hide `exit`.
    fn surely_fails(&self, pipeline: &Pipeline) -> bool {
        let [command] = &pipeline.seq[..] else { return false };
        if !self.state.failure_stops || !self.state.functions.is_empty() || self.state.opaque || pipeline.bang
        {
            return false;
        }
        match command {
            Command::Simple(simple) => exits_with_failure(simple),
            Command::Compound(CompoundCommand::BraceGroup(group), None) => {
                group.list.0.split_last().is_some_and(|(CompoundListItem(last, separator), before)| {
                    let is_exit = matches!(&last.first.seq[..], [Command::Simple(simple)] if exits_with_failure(simple));
                    matches!(separator, SeparatorOperator::Sequence)
                        && last.additional.is_empty()
                        && is_exit
                        && before.iter().all(|CompoundListItem(chain, _)| is_message(chain))
                })
            }
            Command::Compound(..) | Command::Function(_) | Command::ExtendedTest(..) => false,
        }
    }
}

/// Returns true if a failure of the pipeline is one that `set -e` acts on. A compound command may fail by a command for
/// which it was suspended.
fn errexit_applies(pipeline: &Pipeline) -> bool {
    let applies = |command: &Command| match command {
        Command::Simple(_) | Command::Compound(CompoundCommand::Subshell(_), _) => true,
        Command::Compound(..) | Command::Function(_) | Command::ExtendedTest(..) => false,
    };
    !pipeline.bang && pipeline.seq.iter().all(applies)
}

/// Returns true if the chain only prints something, so that what follows is reached.
fn is_message(chain: &AndOrList) -> bool {
    chain.additional.is_empty()
        && matches!(&chain.first.seq[..], [Command::Simple(simple)]
            if simple.word_or_name.as_ref().is_some_and(|name| matches!(&*name.value, "echo" | "printf")))
}

fn exits_with_failure(simple: &SimpleCommand) -> bool {
    let name = simple.word_or_name.as_ref().map(|name| name.value.as_str());
    let argument = simple.suffix.as_ref().map(ToString::to_string);
    name == Some("exit")
        && simple.prefix.is_none()
        && argument.is_some_and(|text| text.trim().parse::<u8>().is_ok_and(|status| status != 0))
}
