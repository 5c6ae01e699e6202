//! A Dockerfile, parsed exactly as BuildKit parses it, and its text. It never changes the text and never reads
//! anything else.

mod check;
pub(crate) mod csv;
pub(crate) mod directive;
pub mod expand;
mod flags;
mod go;
mod heredoc;
pub(crate) mod instruction;
mod json;
mod line;
mod mount;
mod read;
mod scope;
pub(crate) mod stages;
mod word;

pub(crate) use directive::{Directive, Directives};
pub(crate) use instruction::{Assignment, Run};
pub use instruction::{Body, From, Instruction, Keyword, RunCommand, Transfer, TransferKind, Word};
pub(crate) use mount::Mount;
pub(crate) use scope::{PLATFORM_ARGUMENTS, Scope};
pub use stages::Stages;

use crate::text::{LineIndex, Span};

/// The reason why BuildKit refuses a Dockerfile, and the position.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// The message; BuildKit's own if it has one.
    pub message: String,
    /// The part of the text that it is about.
    pub span: Span,
}

/// A Dockerfile and its text.
///
/// Parsing never fails: everything that BuildKit refuses is listed in [`errors`](Self::errors), and the rest of the
/// file is still parsed.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    text: Vec<u8>,
    directives: Directives,
    instructions: Vec<Instruction>,
    errors: Vec<ReadError>,
}

impl Dockerfile {
    /// Parses a text as BuildKit does (`parser.Parse` and `instructions.Parse`).
    pub fn read(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        let (directives, instructions, errors) = read::read(&text);
        Self { text, directives, instructions, errors }
    }

    /// Returns the text, byte for byte.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// Returns the parser directives at the top.
    pub fn directives(&self) -> &Directives {
        &self.directives
    }

    /// Returns the instructions in order, unreadable ones included.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Returns the reasons why BuildKit's `parser.Parse` or `instructions.Parse` refuses this file, in order of
    /// position. Empty if BuildKit accepts it.
    pub fn errors(&self) -> &[ReadError] {
        &self.errors
    }

    /// Returns the line starts, which turn spans into line numbers.
    pub(crate) fn line_index(&self) -> LineIndex {
        LineIndex::new(&self.text)
    }
}
