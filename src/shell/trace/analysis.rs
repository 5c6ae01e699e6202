//! The answers of the trace to the walk: the words of the one shell that is followed, and the commands that it runs.

use std::rc::Rc;

use brush_parser::ast::{
    Assignment, AssignmentName, CompoundList, FunctionDefinition, IoHereDocument, Pipeline, Word,
};

use super::super::analysis::{Analysis, Run};
use super::super::parts::CommandWord;
use super::super::state::Flow;
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
    /// A file.
    type Input = Pattern;

    /// A command that is not a test is taken to succeed.
    fn may_fail(&self, pipeline: &Pipeline) -> bool {
        is_test(pipeline)
    }

    /// It does not tell ways apart: what it changes in some alone is unknown.
    fn condition(&mut self, condition: &CompoundList, run: impl FnOnce(&mut Self)) -> Option<bool> {
        let before = self.ways.clone();
        let known = before.first().and_then(|env| self.holds(condition, &mut env.clone()));
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

    fn assign(&mut self, assignment: &Assignment, line: usize, _: Flow) {
        self.alone(|walker, env| walker.assign_variable(assignment, env, line));
    }

    fn declare(&mut self, command: &str, words: &[CommandWord], line: usize, _: Flow) {
        self.alone(|walker, env| walker.declare_variables(command, words, env, line));
    }

    /// Assignments before the command hold for what it runs.
    fn run(&mut self, run: Run<Self>, assignments: &[&Assignment], line: usize, _: Flow) {
        let hidden = self.ways.first().map_or(0, Env::hidden);
        for assignment in assignments {
            if let AssignmentName::VariableName(name) = &assignment.name {
                self.ways.iter_mut().for_each(|way| way.hide(name));
            }
            self.alone(|walker, env| walker.assign_variable(assignment, env, line));
        }
        let stdin = run.input.or_else(|| self.piped.clone());
        self.call(Call { words: run.words, stdin, line });
        self.ways.iter_mut().for_each(|way| way.reveal(hidden));
    }

    fn fields(&mut self, word: &Word, line: usize) -> Vec<Pattern> {
        self.expand(line, |expander| expander.fields(&word.value))
    }

    fn subject(&mut self, word: &Word, line: usize) -> Option<Pattern> {
        self.expand(line, |expander| Some(expander.value(&word.value)))
    }

    fn matches(&mut self, subject: Option<&Pattern>, pattern: &Word, _: usize) -> Option<bool> {
        glob::matches(&pattern.value, subject?.known()?)
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
        let file = self.expand(line, |expander| expander.value(&word.value));
        is_input.then_some(file)
    }

    fn write(&mut self, word: &Word, line: usize, _: Flow) {
        self.fields(word, line);
    }

    fn heredoc(&mut self, _: &IoHereDocument, _: usize) -> Option<Pattern> {
        None
    }

    fn herestring(&mut self, word: &Word, line: usize) -> Option<Pattern> {
        self.fields(word, line);
        None
    }
}
