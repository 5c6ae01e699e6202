//! The questions of the walk through a script to an analysis. The provided methods are those of one shell of which nothing is
//! known.

use brush_parser::ast::{
    Assignment, Command, CompoundList, ExtendedTestExprCommand, FunctionDefinition, IoHereDocument, Pipeline,
    Word,
};

use super::parts::CommandWord;
use super::state::{Dialect, Flow};

/// The shells that took different ways to the same point, or the one shell that took all of them.
pub(super) trait Ways: Sized {
    /// The ends of the branches that were taken so far.
    type Fork: Default;

    /// Returns true if no shell is left.
    fn is_over(&self) -> bool {
        false
    }

    /// Runs commands in each shell by itself.
    fn each_way(&mut self, mut run: impl FnMut(&mut Self)) {
        run(self);
    }

    /// Runs what may be run or not.
    fn perhaps(&mut self, run: impl FnOnce(&mut Self)) {
        run(self);
    }

    /// Runs one of the branches that start here.
    fn branch(&mut self, _: &mut Self::Fork, run: impl FnOnce(&mut Self)) {
        run(self);
    }

    /// Goes on after one of the branches; after none of them too unless they are `complete`.
    fn join(&mut self, _: Self::Fork, _complete: bool) {}

    /// Runs a subshell, whose changes to the shell end with it.
    fn subshell(&mut self, flow: Flow, run: impl FnOnce(&mut Self));

    /// Runs commands that run at the same time as those that follow, or at the end, or not.
    fn beside(&mut self, run: impl FnOnce(&mut Self));

    /// Runs the commands of a pipeline, by their number.
    fn pipe(&mut self, commands: &[Command], run: impl Fn(&mut Self, usize));

    /// Runs a loop, which `break` leaves.
    fn looping(&mut self, run: impl FnOnce(&mut Self));

    /// Runs the body of a loop once, which `continue` leaves.
    fn round(&mut self, run: impl FnOnce(&mut Self)) {
        run(self);
    }

    /// Runs something any number of times.
    fn repeated(&mut self, run: impl Fn(&mut Self));

    /// Runs the body of a function or a file that is sourced, which `return` leaves.
    fn called(&mut self, run: impl FnOnce(&mut Self));
}

/// A command with its arguments and its standard input.
pub(super) struct Run<A: Analysis> {
    pub(crate) words: Vec<A::Word>,
    pub(crate) input: Option<A::Input>,
}

/// A value of an assignment.
pub(super) enum Given<A: Analysis> {
    /// `NAME=text`.
    Text(A::Value),
    /// `NAME=(…)`.
    List(Vec<A::Word>),
}

/// An analysis of a script: what it keeps of the shell, and what it makes of a command.
pub(super) trait Analysis: Ways {
    /// A word after expansion.
    type Word;
    /// A word after expansion where nothing is split.
    type Value;
    /// The standard input of a command.
    type Input;

    /// Returns the shells that read the script.
    fn dialect(&self) -> Dialect {
        Dialect::Bash
    }

    /// Returns true if what is reached here certainly happens as it is written.
    fn is_sure(&self, _: Flow) -> bool {
        true
    }

    /// Returns true if the build stops where a command fails: `set -e`.
    fn errexit(&self) -> bool {
        false
    }

    /// Returns true if a pipeline fails where any of its commands fails.
    fn pipefail(&self) -> bool {
        false
    }

    /// Returns true if the build certainly stops where the shell exits with a failure, and `exit` is the builtin.
    fn stops_at_exit(&self) -> bool {
        false
    }

    /// Returns true if a pipeline may fail and the script still go on.
    fn may_fail(&self, _: &Pipeline) -> bool {
        true
    }

    /// Runs a condition. Returns true if it holds, where that is known.
    fn condition(&mut self, _: &CompoundList, run: impl FnOnce(&mut Self)) -> Option<bool> {
        run(self);
        None
    }

    /// Returns how deeply commands are nested.
    fn depth(&mut self) -> &mut usize;

    /// Returns true if one more command may be followed.
    fn may_go_on(&mut self, line: usize) -> bool;

    /// Notes that the shell is not known from here on.
    fn lose(&mut self) {}

    /// Notes a text that is not read.
    fn unreadable(&mut self, _text: &str, _line: usize) {}

    /// Returns the line to report for what stands on a line of the text that is read.
    fn line_at(&self, line: usize) -> usize;

    /// Returns the line to report for a command that has no word of its own.
    fn current_line(&self) -> usize {
        self.line_at(1)
    }

    /// Returns the arguments that a word becomes.
    fn fields(&mut self, word: &Word, line: usize) -> Vec<Self::Word>;

    /// Returns the argument that `<(…)` becomes.
    fn process(&self) -> Self::Word;

    /// Evaluates an arithmetic expression.
    fn evaluate(&mut self, _expression: &str, _line: usize) {}

    /// Returns the value of a word where nothing is split.
    fn value(&mut self, word: &Word, line: usize) -> Self::Value;

    /// Returns true if a pattern of `case` matches, where that is known.
    fn matches(&mut self, subject: &Self::Value, pattern: &Word, line: usize) -> Option<bool>;

    /// Returns the values that a loop runs over one by one; `None` if they are not known.
    fn values(&mut self, variable: &str, words: Option<&[Word]>, line: usize) -> Option<Vec<Self::Word>>;

    /// Gives a variable a value; `None`: one that is not known.
    fn bind(&mut self, variable: &str, value: Option<&Self::Word>);

    /// Gives the variable of an assignment its value.
    fn give(&mut self, assignment: &Assignment, given: Given<Self>, line: usize, flow: Flow);

    /// `export NAME=value` and its like.
    fn declare(&mut self, command: &str, words: &[CommandWord], line: usize, flow: Flow);

    /// Opens a file for reading, as the standard input if `is_input`.
    fn read(&mut self, word: &Word, _is_input: bool, line: usize) -> Option<Self::Input> {
        self.fields(word, line);
        None
    }

    /// Reads a heredoc.
    fn heredoc(&mut self, _document: &IoHereDocument, _line: usize) -> Option<Self::Input> {
        None
    }

    /// Reads a here-string.
    fn herestring(&mut self, word: &Word, line: usize) -> Option<Self::Input> {
        self.fields(word, line);
        None
    }

    /// Opens a file for writing.
    fn write(&mut self, word: &Word, line: usize, flow: Flow);

    /// Runs a command whose standard output goes elsewhere.
    fn writing(&mut self, run: impl FnOnce(&mut Self)) {
        run(self);
    }

    /// Notes that `[[ … ]]` ran.
    fn extended_test(&mut self, _: &ExtendedTestExprCommand, _line: usize, _: Flow) {}

    /// Defines a function.
    fn define(&mut self, function: &FunctionDefinition);

    /// Returns true if a function of this name may be defined.
    fn has_function(&self, name: &str) -> bool;

    /// Starts a simple command.
    fn starts_command(&mut self) {}

    /// Runs a command with the variables that it alone is given.
    fn run(&mut self, command: Run<Self>, assignments: &[&Assignment], line: usize, flow: Flow);
}
