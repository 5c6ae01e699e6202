//! The one error of the command line. Its kind makes the exit code; hints tell what to do.

use std::error::Error as StdError;
use std::fmt::Display;
use std::io::Write;
use std::process::ExitCode;

/// What kind of failure it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// The arguments or a file that the user names can not be used.
    Usage,
    /// The environment does not allow it: a disk, a repository.
    Environment,
    /// It would not be safe: a stale plan, a file with changes, a wave that is not ready.
    Refused,
}

impl Kind {
    fn exit_code(self) -> u8 {
        match self {
            Kind::Usage | Kind::Environment => 2,
            Kind::Refused => 3,
        }
    }
}

/// Why a command did not do what was asked.
#[derive(Debug)]
pub struct Error {
    kind: Kind,
    message: String,
    hints: Vec<String>,
}

impl Error {
    /// An error of a kind.
    pub fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), hints: Vec::new() }
    }

    /// A library's error about what the user gave, with its causes.
    pub fn usage(error: &dyn StdError) -> Self {
        Self::new(Kind::Usage, chain(error))
    }

    /// A library's error about the world, with its causes.
    pub fn environment(error: &dyn StdError) -> Self {
        Self::new(Kind::Environment, chain(error))
    }

    /// Adds what to do.
    #[must_use]
    pub fn hint(mut self, hint: impl Display) -> Self {
        self.hints.push(hint.to_string());
        self
    }

    /// Prints it and tells the exit code.
    pub fn report(&self) -> ExitCode {
        let mut stderr = anstream::stderr().lock();
        // Nobody is left to be told that standard error is gone.
        let _ = writeln!(stderr, "\u{1b}[1;31merror\u{1b}[0m: {}", self.message);
        for hint in &self.hints {
            let _ = writeln!(stderr, "  \u{1b}[1;36mhint\u{1b}[0m: {hint}");
        }
        ExitCode::from(self.kind.exit_code())
    }
}

/// An error and its causes in one line.
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
