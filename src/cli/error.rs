//! The error type of the command line. Its kind determines the exit code; its hints say what to do.

mod campaign;
mod change;
mod library;

use std::collections::BTreeSet;
use std::error::Error as StdError;
use std::fmt::{Display, Write as _};
use std::io::Write;
use std::process::ExitCode;

use super::again;
use super::human::style;
use crate::text::escape::shown_lines;

/// The kind of a failure.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorKind {
    /// An argument, or a file that the user names, is not usable.
    Usage,
    /// The environment failed: a disk, a repository, a network.
    Environment,
    /// The action is not safe: the plan of another repository, a file with changes, a wave that is not ready.
    Refused,
}

impl ErrorKind {
    fn exit_code(self) -> u8 {
        match self {
            ErrorKind::Usage | ErrorKind::Environment => 2,
            ErrorKind::Refused => 3,
        }
    }
}

/// The reason why a command failed.
#[derive(Debug)]
pub(crate) struct Error {
    kind: ErrorKind,
    message: String,
    hints: Vec<String>,
}

impl Error {
    /// Creates an error of the given kind.
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// Converts a library error about user input, with its causes.
    pub(crate) fn usage(error: &dyn StdError) -> Self {
        Self::new(ErrorKind::Usage, chain(error))
    }

    /// Converts a library error about the environment, with its causes.
    pub(crate) fn environment(error: &dyn StdError) -> Self {
        Self::new(ErrorKind::Environment, chain(error))
    }

    /// Converts a library error about an unsafe action, with its causes.
    pub(crate) fn refused(error: &dyn StdError) -> Self {
        Self::new(ErrorKind::Refused, chain(error))
    }

    /// Merges errors about files into one that names each file, with their hints. `None` if there are no errors.
    pub(crate) fn all(errors: Vec<Self>) -> Option<Self> {
        let many = errors.len();
        let mut errors = errors.into_iter();
        let first = errors.next()?;
        if many == 1 {
            return Some(first);
        }
        let message = format!("{many} files were left out\n  {}", first.message);
        let mut all = Self { message, ..first };
        for error in errors {
            // Writing to a string cannot fail.
            let _ = write!(all.message, "\n  {}", error.message);
            all.hints.extend(error.hints);
        }
        let mut seen = BTreeSet::new();
        all.hints.retain(|hint| seen.insert(hint.clone()));
        Some(all)
    }

    /// Adds a hint.
    #[must_use]
    pub(crate) fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Returns the printed form.
    fn shown(&self) -> String {
        let (error, hint) = (style::ERROR, style::HINT);
        let mut text = format!("{error}error{error:#}: {}\n", shown_lines(&self.message));
        for told in &self.hints {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "  {hint}hint{hint:#}: {}", shown_lines(&again::repeated(told)));
        }
        text
    }

    /// Prints the error and returns the exit code.
    pub(crate) fn report(&self) -> ExitCode {
        let mut stderr = anstream::stderr().lock();
        // There is no place left to report that standard error is closed.
        let _ = write!(stderr, "{}", super::write::message(&self.shown()));
        ExitCode::from(self.kind.exit_code())
    }
}

/// Returns an error and its causes on one line.
fn chain(error: &dyn StdError) -> String {
    let mut message = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        let text = error.to_string();
        if !message.contains(&text) {
            message = format!("{message}: {text}");
        }
        cause = error.source();
    }
    message
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_says_what_and_what_to_do_and_nothing_that_acts_on_a_terminal() {
        let error = Error::new(ErrorKind::Usage, "a\u{1b}[2Jb:3:1: no\u{202e}").hint("do\nthis");
        let plain = anstream::adapter::strip_str(&error.shown()).to_string();
        assert_eq!(plain, "error: a\\x1b[2Jb:3:1: no\\u{202e}\n  hint: do\nthis\n");
    }
}
