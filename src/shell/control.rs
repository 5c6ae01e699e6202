//! The flow of control of a script: which commands surely run, and which must have succeeded since the build went
//! on. It knows nothing of single commands.

use std::rc::Rc;

use brush_parser::ast::{
    AndOr, AndOrList, CaseClauseCommand, Command, CompoundCommand, CompoundList, CompoundListItem,
    ForClauseCommand, FunctionBody, IfClauseCommand, Pipeline, Program, SeparatorOperator, SimpleCommand,
    Word,
};

use super::field::{Expander, Field};
use super::state::{Flow, State};
use super::{Effect, Lookup, Step, script};

/// How deep commands may nest before a script counts as unreadable.
const DEPTH: usize = 40;
/// How many commands a script may run, loops and functions counted each time.
const COMMANDS: usize = 10_000;
/// How much text may be read, that of nested scripts each time.
const BYTES: usize = 2 << 20;
/// How often a loop is followed, one value at a time.
const ROUNDS: usize = 16;

/// Goes through a script and writes down what it does.
pub(super) struct Walker<'a> {
    pub(crate) env: &'a dyn Fn(&str) -> Lookup,
    pub(crate) state: State,
    pub(crate) steps: Vec<Step>,
    first_line: usize,
    depth: usize,
    commands: usize,
    bytes: usize,
    openings: usize,
}

impl<'a> Walker<'a> {
    pub(crate) fn new(
        env: &'a dyn Fn(&str) -> Lookup,
        state: State,
        first_line: usize,
        openings: usize,
    ) -> Self {
        let steps = Vec::new();
        Self { env, state, steps, first_line, depth: 0, commands: COMMANDS, bytes: BYTES, openings }
    }

    /// Says on which line of the Dockerfile the script starts.
    pub(crate) fn set_first_line(&mut self, line: usize) {
        self.first_line = line;
    }

    /// Runs the text of a script in the shell as it is.
    pub(crate) fn script(&mut self, text: &str, flow: Flow) {
        let line = self.state.line.unwrap_or(self.first_line);
        self.bytes = self.bytes.saturating_sub(text.len());
        let program =
            if self.bytes > 0 { script::parse(text, self.state.dialect, self.openings) } else { None };
        match program {
            Some(program) => self.nested(line, |walker| walker.program(&program, flow)),
            None => self.unreadable(text, line),
        }
    }

    /// Writes down that something may do anything, to the shell itself too.
    pub(crate) fn unreadable(&mut self, text: &str, line: usize) {
        self.state.opaque = true;
        self.steps.push(Step {
            command: script::shortened(text),
            line,
            certain: false,
            user: self.state.user,
            effect: Effect::Anything,
        });
    }

    /// Returns true if one more command may be followed. The first that may not is written down as unreadable.
    pub(crate) fn may_go_on(&mut self, line: usize) -> bool {
        match self.commands {
            0 => return false,
            1 => self.unreadable("the rest of a long script", line),
            _ => {}
        }
        self.commands -= 1;
        self.commands > 0
    }

    fn nested(&mut self, line: usize, run: impl FnOnce(&mut Self)) {
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

    /// Runs a subshell: what it does to the shell is gone afterwards.
    pub(crate) fn subshell(&mut self, flow: Flow, run: impl FnOnce(&mut Self)) {
        let before = self.state.clone();
        self.state.failure_stops = flow.must;
        run(self);
        self.state = before;
    }

    pub(crate) fn line_of(&self, word: &Word) -> usize {
        let offset = word.loc.as_ref().map_or(0, |span| span.start.line.saturating_sub(1));
        self.state.line.unwrap_or(self.first_line + offset)
    }

    /// The line to report where a command has no word of its own.
    pub(crate) fn current_line(&self) -> usize {
        self.state.line.or_else(|| self.steps.last().map(|step| step.line)).unwrap_or(self.first_line)
    }

    /// Expands words, and runs the substitutions within them.
    pub(crate) fn expand<T>(&mut self, line: usize, read: impl FnOnce(&mut Expander) -> T) -> T {
        let mut expander =
            Expander { state: &self.state, env: self.env, substitutions: Vec::new(), assigned: Vec::new() };
        let read = read(&mut expander);
        let Expander { substitutions, assigned, .. } = expander;
        for name in assigned {
            self.state.set(&name, Lookup::Unknown, false);
        }
        for script in substitutions {
            let flow = Flow { reached: false, must: false, suspended: true };
            self.subshell(flow, |walker| {
                walker.state.line = Some(line);
                walker.script(&script, flow);
            });
        }
        read
    }

    fn program(&mut self, program: &Program, flow: Flow) {
        let items: Vec<&CompoundListItem> =
            program.complete_commands.iter().flat_map(|list| &list.0).collect();
        self.items(&items, flow);
    }

    fn list(&mut self, list: &CompoundList, flow: Flow) {
        let items: Vec<&CompoundListItem> = list.0.iter().collect();
        self.items(&items, flow);
    }

    fn items(&mut self, items: &[&CompoundListItem], flow: Flow) {
        for (index, CompoundListItem(chain, separator)) in items.iter().enumerate() {
            if matches!(separator, SeparatorOperator::Async) {
                let flow = Flow { reached: false, must: false, ..flow };
                self.subshell(flow, |walker| walker.chain(chain, flow));
                continue;
            }
            let is_last = index + 1 == items.len();
            let enforced = self.state.errexit
                && !flow.suspended
                && self.state.failure_stops
                && chain.additional.is_empty()
                && errexit_applies(&chain.first);
            self.chain(chain, Flow { must: (is_last && flow.must) || enforced, ..flow });
        }
    }

    /// Runs `a && b || c`.
    fn chain(&mut self, chain: &AndOrList, flow: Flow) {
        let mut flows = Vec::with_capacity(chain.additional.len());
        let mut must = flow.must;
        for (index, link) in chain.additional.iter().enumerate().rev() {
            let suspended = flow.suspended || index + 1 < chain.additional.len();
            flows.push(match link {
                AndOr::And(_) => Flow { reached: flow.reached && must, must, suspended },
                AndOr::Or(alternative) => {
                    // `cd /x || exit 1` goes on only where `cd` succeeded.
                    must = self.state.failure_stops && surely_fails(alternative);
                    Flow { reached: false, must: false, suspended }
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
        if let [command] = &pipeline.seq[..] {
            return self.command(command, flow);
        }
        for (index, command) in pipeline.seq.iter().enumerate() {
            let is_last = index + 1 == pipeline.seq.len();
            let flow = Flow { must: flow.must && (is_last || self.state.pipefail), ..flow };
            self.subshell(flow, |walker| walker.command(command, flow));
        }
    }

    fn command(&mut self, command: &Command, flow: Flow) {
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
                let sure = flow.reached && !self.state.left && !self.state.broke;
                let body = Rc::new(function.body.clone());
                self.state.functions.insert(function.fname.value.clone(), (body, sure));
            }
            Command::ExtendedTest(test, redirects) => {
                let line = self.current_line();
                if let Some(redirects) = redirects {
                    self.redirects(redirects.0.iter(), line, flow);
                }
                let written = test.to_string();
                if written.contains("$(") || written.contains('`') {
                    self.unreadable(&written, line);
                }
                self.expand(line, |expander| expander.arithmetic(&written, 0));
                self.record(format!("[[ {written}"), line, flow, Effect::None);
            }
        }
    }

    fn compound(&mut self, compound: &CompoundCommand, flow: Flow) {
        match compound {
            CompoundCommand::Arithmetic(arithmetic) => {
                let line = self.current_line();
                self.expand(line, |expander| expander.arithmetic(&arithmetic.expr.value, 0));
            }
            CompoundCommand::BraceGroup(group) => self.list(&group.list, flow),
            CompoundCommand::Subshell(subshell) => {
                self.subshell(flow, |walker| walker.list(&subshell.list, flow));
            }
            CompoundCommand::ForClause(clause) => self.for_each(clause, flow),
            CompoundCommand::CaseClause(clause) => self.case(clause, flow),
            CompoundCommand::IfClause(clause) => self.branches(clause, flow),
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                self.repeated(|walker| {
                    walker.list(&clause.0, flow.maybe().tested());
                    walker.list(&clause.1.list, flow.maybe());
                });
            }
            CompoundCommand::ArithmeticForClause(clause) => {
                let line = self.current_line();
                let parts = [&clause.initializer, &clause.condition, &clause.updater];
                for part in parts.into_iter().flatten() {
                    self.expand(line, |expander| expander.arithmetic(&part.value, 0));
                }
                self.repeated(|walker| walker.list(&clause.body.list, flow.maybe()));
            }
            CompoundCommand::Coprocess(coprocess) => {
                let flow = Flow { reached: false, must: false, ..flow };
                self.subshell(flow, |walker| walker.command(&coprocess.body, flow));
            }
        }
    }

    fn branches(&mut self, clause: &IfClauseCommand, flow: Flow) {
        self.list(&clause.condition, flow.tested());
        self.list(&clause.then, flow.maybe());
        for branch in clause.elses.iter().flatten() {
            if let Some(condition) = &branch.condition {
                self.list(condition, flow.maybe().tested());
            }
            self.list(&branch.body, flow.maybe());
        }
    }

    fn case(&mut self, clause: &CaseClauseCommand, flow: Flow) {
        let line = self.line_of(&clause.value);
        self.expand(line, |expander| {
            expander.fields(&clause.value.value);
            for pattern in clause.cases.iter().flat_map(|case| &case.patterns) {
                expander.fields(&pattern.value);
            }
        });
        for list in clause.cases.iter().filter_map(|case| case.cmd.as_ref()) {
            self.list(list, flow.maybe());
        }
    }

    fn for_each(&mut self, clause: &ForClauseCommand, flow: Flow) {
        let words = clause.values.as_deref();
        let line = words.and_then(<[Word]>::first).map_or(self.current_line(), |word| self.line_of(word));
        let fields = words.map(|words| {
            self.expand(line, |expander| {
                words.iter().flat_map(|word| expander.fields(&word.value)).collect::<Vec<_>>()
            })
        });
        let known: Option<Vec<&str>> =
            fields.as_ref().and_then(|fields| fields.iter().map(Field::literal).collect());
        match known {
            Some(values) if values.len() <= ROUNDS => {
                let broke = self.state.broke;
                for (index, value) in values.iter().enumerate() {
                    // Within the body it is this value, whether or not the body runs.
                    self.state.set(&clause.variable_name, Lookup::Set((*value).to_owned()), true);
                    let must = flow.must && index + 1 == values.len();
                    self.list(&clause.body.list, Flow { must, ..flow });
                }
                if !flow.reached || self.state.left || self.state.broke {
                    self.state.set(&clause.variable_name, Lookup::Unknown, false);
                }
                self.state.broke = broke;
            }
            _ => self.repeated(|walker| {
                walker.state.set(&clause.variable_name, Lookup::Unknown, false);
                walker.list(&clause.body.list, flow.maybe());
            }),
        }
    }

    /// Runs a body that may run any number of times. The first pass is there for what it does to the shell: the
    /// second round of the loop starts with it.
    fn repeated(&mut self, run: impl Fn(&mut Self)) {
        let (broke, before) = (self.state.broke, self.steps.len());
        run(self);
        self.steps.truncate(before);
        run(self);
        self.state.broke = broke;
    }

    /// Calls a function of the script. Its arguments are unknown, and so is what its body surely does.
    pub(crate) fn function(&mut self, body: &FunctionBody, line: usize, flow: Flow) {
        self.nested(line, |walker| {
            walker.compound(&body.0, Flow { reached: false, must: false, suspended: flow.suspended });
        });
    }
}

/// Returns true if a failure of the pipeline is one that `set -e` acts on. A compound command may fail by a command for
/// which it was suspended.
fn errexit_applies(pipeline: &Pipeline) -> bool {
    !pipeline.bang
        && pipeline.seq.iter().all(|command| {
            matches!(command, Command::Simple(_) | Command::Compound(CompoundCommand::Subshell(_), _))
        })
}

/// Returns true if the pipeline ends the shell with a failure: `exit 1`, `{ echo no; exit 1; }`.
fn surely_fails(pipeline: &Pipeline) -> bool {
    let [command] = &pipeline.seq[..] else { return false };
    match command {
        Command::Simple(simple) => !pipeline.bang && exits_with_failure(simple),
        Command::Compound(CompoundCommand::BraceGroup(group), None) => {
            group.list.0.last().is_some_and(|CompoundListItem(chain, separator)| {
                matches!(separator, SeparatorOperator::Sequence)
                    && chain.additional.is_empty()
                    && matches!(&chain.first.seq[..], [Command::Simple(simple)] if exits_with_failure(simple))
            }) && group.list.0.iter().rev().skip(1).all(|item| is_message(&item.0))
        }
        _ => false,
    }
}

/// Returns true if it only prints something, so that what follows is reached.
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
