//! The analysis of a RUN: one shell, with doubts about what it did. It knows which commands certainly run, and which must
//! have succeeded since the build went on.

use std::rc::Rc;

use brush_parser::ast::{
    Assignment, AssignmentName, Command, ExtendedTestExprCommand, FunctionBody, FunctionDefinition,
    IoHereDocument, Word,
};

use super::analysis::{Analysis, Given, Run, Ways};
use super::call::Call;
use super::field::{Expander, Field};
use super::invoke::{Invoked, touches};
use super::parts::CommandWord;
use super::path::PathPattern;
use super::state::{Dialect, Flow, State};
use super::walk::{self, nested};
use super::{Change, Effect, Files, Invocation, Lookup, Step, script};

/// The most values of a loop that are followed one by one.
const ROUNDS: usize = 16;
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
            Some(program) => nested(self, line, |walker| walk::program(walker, &program, flow)),
            None => self.unreadable(text, line),
        }
    }

    /// Runs a script that may run, perhaps at another time than here.
    pub(crate) fn perhaps(&mut self, text: &str) {
        self.beside(|walker| walker.script(text, Flow::UNSURE));
    }

    /// Returns the paths that a text in an unknown language names, in each directory in which the shell may be.
    pub(crate) fn named_in(&self, text: &str) -> Vec<PathPattern> {
        let directories = self.state.directories.as_deref().unwrap_or(&[]);
        script::named(text, directories)
    }

    /// Counts the words of a command that is followed. The next one is unreadable if they are too many.
    pub(crate) fn count_words(&mut self, words: usize) {
        self.commands = self.commands.saturating_sub(words / WORDS).max(1);
    }

    /// Adds the steps from `start` on again. Those of pipelines within each other would be twice as many for each, so that
    /// each counts as a command; if they are too many, anything may follow.
    fn repeat(&mut self, start: usize) {
        let steps = self.steps.len() - start;
        if steps < self.commands {
            self.commands -= steps;
            self.steps.extend_from_within(start..);
        } else {
            self.commands = 0;
            self.unreadable("the rest of a long script", self.current_line());
        }
    }

    /// Makes the steps from `start` on uncertain.
    fn doubt(&mut self, start: usize) {
        for step in self.steps[start..].iter_mut().filter(|step| step.effect != Effect::None) {
            *step = step.doubted();
        }
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

    /// Calls a function of the script. Its arguments are unknown, and so is what its body certainly does.
    pub(crate) fn call(&mut self, body: &FunctionBody, line: usize, flow: Flow) {
        walk::function(self, body, line, Flow { suspended: flow.suspended, ..Flow::UNSURE });
    }
}

impl Ways for Walker<'_> {
    type Fork = ();

    fn subshell(&mut self, flow: Flow, run: impl FnOnce(&mut Self)) {
        let before = self.state.clone();
        self.state.failure_stops = flow.must;
        run(self);
        self.state = before;
    }

    fn beside(&mut self, run: impl FnOnce(&mut Self)) {
        let start = self.steps.len();
        self.subshell(Flow::UNSURE, run);
        self.doubt(start);
        let acting = self.steps[start..].iter().filter(|step| step.effect != Effect::None);
        self.lingering.extend(acting.cloned());
    }

    /// They run at the same time: the order of their effects is certain only if one of them has any.
    fn pipe(&mut self, commands: &[Command], run: impl Fn(&mut Self, usize)) {
        let start = self.steps.len();
        let mut acting = 0;
        for index in 0..commands.len() {
            let from = self.steps.len();
            run(self, index);
            acting += usize::from(self.steps[from..].iter().any(|step| step.effect != Effect::None));
        }
        if acting > 1 {
            self.doubt(start);
            self.repeat(start);
        }
    }

    fn looping(&mut self, run: impl FnOnce(&mut Self)) {
        let broke = self.state.broke;
        run(self);
        self.state.broke = broke;
    }

    /// The first pass is there for its effect on the shell, with which the second round of the loop starts.
    fn repeated(&mut self, run: impl Fn(&mut Self)) {
        let before = self.steps.len();
        self.looping(&run);
        self.steps.truncate(before);
        self.looping(run);
    }

    fn called(&mut self, run: impl FnOnce(&mut Self)) {
        let returned = self.state.returned;
        run(self);
        self.state.returned = returned;
    }
}

impl Analysis for Walker<'_> {
    type Word = Field;
    type Value = Lookup;
    /// The text, and whether that is exact.
    type Input = (String, bool);

    fn dialect(&self) -> Dialect {
        self.state.dialect
    }

    fn is_sure(&self, flow: Flow) -> bool {
        flow.reached && self.state.is_certain()
    }

    fn errexit(&self) -> bool {
        self.state.errexit && self.state.failure_stops
    }

    fn pipefail(&self) -> bool {
        self.state.pipefail
    }

    /// A function may hide `exit`.
    fn stops_at_exit(&self) -> bool {
        self.state.failure_stops && self.state.functions.is_empty() && !self.state.opaque
    }

    fn depth(&mut self) -> &mut usize {
        &mut self.depth
    }

    /// The first one over the limit is recorded as unreadable.
    fn may_go_on(&mut self, line: usize) -> bool {
        match self.commands {
            0 => return false,
            1 => self.unreadable("the rest of a long script", line),
            _ => {}
        }
        self.commands -= 1;
        self.commands > 0
    }

    fn lose(&mut self) {
        self.state.opaque = true;
    }

    /// It may do anything that its text names, to the shell itself too.
    fn unreadable(&mut self, text: &str, line: usize) {
        self.state.opaque = true;
        let effect = Effect::Touches { paths: self.named_in(text).into_iter().collect(), unread: true };
        self.add_step(script::shortened(text), line, (false, false), effect);
    }

    fn line_at(&self, line: usize) -> usize {
        self.state.line.unwrap_or(self.first_line + line.saturating_sub(1))
    }

    fn current_line(&self) -> usize {
        self.state.line.or_else(|| self.steps.last().map(|step| step.line)).unwrap_or(self.first_line)
    }

    fn define(&mut self, function: &FunctionDefinition) {
        self.state.functions.insert(function.fname.value.clone(), Rc::new(function.body.clone()));
    }

    fn has_function(&self, name: &str) -> bool {
        self.state.functions.contains_key(name)
    }

    fn process(&self) -> Field {
        Field::Prefix("/dev/fd/".to_owned())
    }

    fn fields(&mut self, word: &Word, line: usize) -> Vec<Field> {
        self.expand(line, |expander| expander.fields(&word.value))
    }

    fn evaluate(&mut self, expression: &str, line: usize) {
        self.expand(line, |expander| expander.evaluate(expression));
    }

    fn extended_test(&mut self, test: &ExtendedTestExprCommand, line: usize, flow: Flow) {
        self.record(format!("[[ {test}"), line, flow, Effect::None);
    }

    fn value(&mut self, word: &Word, line: usize) -> Lookup {
        self.expand(line, |expander| expander.value(&word.value))
    }

    fn matches(&mut self, _: &Lookup, pattern: &Word, line: usize) -> Option<bool> {
        self.fields(pattern, line);
        None
    }

    fn values(&mut self, _: &str, words: Option<&[Word]>, line: usize) -> Option<Vec<Field>> {
        let fields: Vec<Field> = words?.iter().flat_map(|word| self.fields(word, line)).collect();
        let is_known = fields.len() <= ROUNDS && fields.iter().all(|field| field.literal().is_some());
        is_known.then_some(fields)
    }

    fn bind(&mut self, variable: &str, value: Option<&Field>) {
        let value = value.and_then(Field::literal);
        let found = value.map_or(Lookup::Unknown, |value| Lookup::Set(value.to_owned()));
        self.state.set(variable, found, value.is_some());
    }

    fn write(&mut self, word: &Word, line: usize, flow: Flow) {
        let fields = self.fields(word, line);
        let call = Call { name: ">", args: &fields, state: &self.state };
        let path = match &fields[..] {
            [field] => call.path(field),
            _ => None,
        };
        let effect = match path {
            // `/dev` is mounted in every RUN.
            Some(path) if path.starts_with("/dev/") => Effect::None,
            Some(path) => Effect::Certain(vec![Change::Write { path }]),
            None => touches(&call),
        };
        let command = format!("> {}", fields.first().map_or("", Field::known));
        self.record(command, line, flow, effect);
    }

    fn heredoc(&mut self, document: &IoHereDocument, line: usize) -> Option<(String, bool)> {
        let body = &document.doc.value;
        let is_exact = !document.requires_expansion || self.expand(line, |expander| expander.heredoc(body));
        Some((script::dedented(body, document.remove_tabs), is_exact))
    }

    fn herestring(&mut self, word: &Word, line: usize) -> Option<(String, bool)> {
        match &self.fields(word, line)[..] {
            [Field::Literal(text)] => Some((text.clone(), true)),
            _ => None,
        }
    }

    fn starts_command(&mut self) {
        self.doubt_changed_script();
    }

    fn give(&mut self, assignment: &Assignment, given: Given<Self>, line: usize, flow: Flow) {
        let sure = flow.reached && self.state.is_certain();
        let (name, value) = match (&assignment.name, given, self.state.dialect) {
            (AssignmentName::VariableName(name), Given::Text(value), _) if !assignment.append => {
                (name, value)
            }
            (AssignmentName::VariableName(name), Given::Text(value), Dialect::Bash) => {
                match (self.state.variable(name, self.env), value) {
                    (Lookup::Set(before), Lookup::Set(value)) => (name, Lookup::Set(before + &value)),
                    _ => (name, Lookup::Unknown),
                }
            }
            // Arrays are not followed. Outside of bash these are commands or errors.
            (AssignmentName::VariableName(name), Given::List(_), dialect) => {
                self.state.opaque |= dialect == Dialect::Posix;
                (name, Lookup::Unknown)
            }
            // In dash, a command of that name.
            (AssignmentName::VariableName(_), Given::Text(_), Dialect::Posix)
            | (AssignmentName::ArrayElementName(..), ..) => {
                return self.unreadable(&assignment.to_string(), line);
            }
        };
        self.state.set(name, value, sure);
    }

    fn declare(&mut self, command: &str, words: &[CommandWord], line: usize, flow: Flow) {
        self.declare_all(command, words, line, flow);
    }

    fn run(&mut self, run: Run<Self>, assignments: &[&Assignment], line: usize, flow: Flow) {
        let mut flow = flow;
        let values = self.given(assignments, &run.words, line, &mut flow);
        let stdin = run.input.as_ref().map(|(text, exact)| (text.as_str(), *exact));
        self.invoke_with(&Invoked { fields: &run.words, stdin }, &values, line, flow);
    }
}
