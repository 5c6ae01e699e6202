//! The answers of the trace to the walk: the words of the one shell that is followed, and the commands that it runs.

use std::rc::Rc;

use brush_parser::ast::{Assignment, AssignmentName, CompoundList, FunctionDefinition, Pipeline, Word};

use super::super::analysis::{Analysis, Given, Run};
use super::super::assign::{assign, assigned};
use super::super::parts::CommandWord;
use super::super::request::variable;
use super::super::state::Flow;
use super::super::wrapped::Argument;
use super::env::{Env, Output, Value};
use super::simple::Call;
use super::test::is_test;
use super::walk::{Function, Walker};
use super::ways::each;
use crate::text::glob::shell as glob;
use crate::text::pattern::Pattern;

/// Over how many values a loop is counted out.
const ROUNDS: usize = 64;

impl Analysis for Walker<'_> {
    type Word = Pattern;
    type Value = Pattern;
    /// A file.
    type Input = Pattern;

    /// A command that is not a test is taken to succeed.
    fn may_fail(&self, pipeline: &Pipeline) -> bool {
        is_test(pipeline)
    }

    /// It does not tell ways apart: what it changes in some alone is unknown.
    fn condition(&mut self, condition: &CompoundList, run: impl FnOnce(&mut Self)) -> Option<bool> {
        let before = self.ways.clone();
        let known = self.holds(condition);
        self.ways.clone_from(&before);
        run(self);
        let ends = std::mem::take(&mut self.ways).into_iter().reduce(|one, other| one.join(&other));
        self.ways = ends.map_or(before, |end| vec![end]);
        known
    }

    fn depth(&mut self) -> &mut usize {
        &mut self.depth
    }

    fn may_go_on(&mut self, _: usize) -> bool {
        self.steps = self.steps.saturating_sub(1);
        self.steps > 0
    }

    fn line_at(&self, line: usize) -> usize {
        self.line.unwrap_or(line.max(1))
    }

    fn define(&mut self, function: &FunctionDefinition) {
        let body = Rc::new(function.body.clone());
        let defined = Function { body, is_inner: self.line.is_some() };
        self.functions.insert(function.fname.value.clone(), defined);
    }

    fn has_function(&self, name: &str) -> bool {
        self.functions.contains_key(name)
    }

    fn process(&self) -> Pattern {
        Pattern::hole("<()")
    }

    fn give(&mut self, assignment: &Assignment, given: Given<Self>, line: usize, _: Flow) {
        let name = assigned(assignment);
        if matches!(assignment.name, AssignmentName::ArrayElementName(..)) {
            // Elements are not followed one by one.
            let known = self.ways.iter_mut().filter(|way| way.get(name).is_some());
            return known.for_each(|way| way.set(name, Value::One(Pattern::hole(name)), name));
        }
        let hole = self.name(name, line);
        let Some(env) = self.ways.first_mut() else { return };
        let before = env.get(name).cloned();
        let given = match given {
            // What a command prints is named after the variable that keeps it.
            Given::Text(text) if text.as_hole().is_some_and(|hole| hole.starts_with('$')) => {
                Given::Text(Pattern::hole(&hole))
            }
            given => given,
        };
        let value = match (given, before, assignment.append) {
            (Given::Text(text), before @ (None | Some(Value::One(_))), true) => {
                let mut whole = match before {
                    Some(Value::One(before)) => before,
                    _ => Pattern::hole(name),
                };
                whole.push(&text);
                Value::One(whole)
            }
            (Given::Text(_), Some(Value::Many(values)), true) => Value::Many(values),
            (Given::Text(text), ..) => Value::One(text),
            (Given::List(more), Some(Value::Many(mut values)), true) => {
                values.extend(more);
                Value::Many(values)
            }
            (Given::List(more), Some(Value::One(value)), true) => {
                Value::Many([value].into_iter().chain(more).collect())
            }
            (Given::List(values), ..) => Value::Many(values),
        };
        env.set(name, value, &hole);
    }

    fn declare(&mut self, command: &str, words: &[CommandWord], line: usize, flow: Flow) {
        let has = |options: &str| {
            let letters = words.iter().filter_map(|word| word.start().strip_prefix('-'));
            letters.flat_map(str::chars).any(|letter| options.contains(letter))
        };
        // Functions, or nothing but output.
        if has("fFp") {
            return;
        }
        let is_local = self.within > 0 && matches!(command, "local" | "declare" | "typeset") && !has("g");
        // Another variable, or another case of its letters.
        let is_changed = has("ncul");
        for word in words {
            let (name, assignment) = match word {
                CommandWord::Assignment(assignment, _) => (assigned(assignment), Some(assignment)),
                word => match variable(word) {
                    Some(name) => (name, None),
                    None => continue,
                },
            };
            if is_local {
                self.ways.iter_mut().for_each(|way| way.hide(name));
            }
            match assignment {
                Some(assignment) => assign(self, assignment, line, flow),
                None if is_local => self.ways.iter_mut().for_each(|way| way.set(name, Value::Unset, name)),
                None => {}
            }
            if is_changed {
                self.bind(name, None);
            }
        }
    }

    /// Assignments before the command hold for what it runs.
    fn run(&mut self, run: Run<Self>, assignments: &[&Assignment], line: usize, flow: Flow) {
        let hidden = self.ways.first().map_or(0, Env::hidden);
        for assignment in assignments {
            self.ways.iter_mut().for_each(|way| way.hide(assigned(assignment)));
            assign(self, assignment, line, flow);
        }
        let stdin = run.input.or_else(|| self.piped.clone());
        self.call(Call { words: run.words, stdin, line });
        self.ways.iter_mut().for_each(|way| way.reveal(hidden));
    }

    fn fields(&mut self, word: &Word, line: usize) -> Vec<Pattern> {
        self.expand(line, |expander| expander.fields(&word.value))
    }

    fn value(&mut self, word: &Word, line: usize) -> Pattern {
        self.expand(line, |expander| expander.value(&word.value))
    }

    fn matches(&mut self, subject: &Pattern, pattern: &Word, _: usize) -> Option<bool> {
        glob::matches(&pattern.value, subject.known()?)
    }

    fn values(&mut self, variable: &str, words: Option<&[Word]>, line: usize) -> Option<Vec<Pattern>> {
        let arguments = [Word::new("\"$@\"")];
        let words = words.unwrap_or(&arguments);
        let values: Vec<Pattern> = words.iter().flat_map(|word| self.fields(word, line)).collect();
        let name = self.name(variable, line);
        let mut values: Vec<Pattern> = values.iter().map(|value| each(value, &name)).collect();
        values.dedup();
        Some(if values.len() > ROUNDS { vec![Pattern::hole(&name)] } else { values })
    }

    fn bind(&mut self, variable: &str, value: Option<&Pattern>) {
        let value = value.cloned().unwrap_or_else(|| Pattern::hole(variable));
        self.ways.iter_mut().for_each(|way| way.set(variable, Value::One(value.clone()), variable));
    }

    fn writing(&mut self, run: impl FnOnce(&mut Self)) {
        let output = self.ways.first().map_or(Output::Free, |way| way.output.clone());
        run(self);
        self.ways.iter_mut().for_each(|way| way.output.clone_from(&output));
    }

    fn read(&mut self, word: &Word, is_input: bool, line: usize) -> Option<Pattern> {
        let file = self.value(word, line);
        is_input.then_some(file)
    }

    fn write(&mut self, word: &Word, line: usize, _: Flow) {
        self.fields(word, line);
    }
}
