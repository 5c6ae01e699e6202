//! A Dockerfile, read exactly as BuildKit reads it, and its text. It never changes the text and never looks at
//! the world outside it.

mod check;
mod csv;
pub mod directive;
pub mod expand;
mod flags;
mod go;
mod heredoc;
pub mod instruction;
mod json;
mod line;
mod mount;
mod read;
mod scope;
pub mod stages;
mod word;

pub use directive::{Directive, Directives};
pub use instruction::{
    Assignment, Body, From, Heredoc, Instruction, Keyword, Run, RunCommand, Transfer, TransferKind,
    TransferOptions, Word,
};
pub use mount::Mount;
pub(crate) use scope::Scope;
pub use stages::Stages;

use crate::text::{LineIndex, Span};

/// Why BuildKit would refuse a Dockerfile, and where.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct ReadError {
    /// The message, in BuildKit's words where it has them.
    pub message: String,
    /// What it is about.
    pub span: Span,
}

/// A Dockerfile and its text.
///
/// Reading never fails: what BuildKit would refuse stands in [`errors`](Self::errors), and the rest of the
/// file is read all the same.
#[derive(Clone, Debug)]
pub struct Dockerfile {
    text: Vec<u8>,
    directives: Directives,
    instructions: Vec<Instruction>,
    errors: Vec<ReadError>,
}

impl Dockerfile {
    /// Reads a text as BuildKit does (`parser.Parse` and `instructions.Parse`).
    pub fn read(text: impl Into<Vec<u8>>) -> Self {
        let text = text.into();
        let (directives, instructions, errors) = read::read(&text);
        Self { text, directives, instructions, errors }
    }

    /// The text, byte for byte as it was given.
    pub fn text(&self) -> &[u8] {
        &self.text
    }

    /// The parser directives at the top.
    pub fn directives(&self) -> &Directives {
        &self.directives
    }

    /// The instructions in order, unreadable ones too.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// Why BuildKit's `parser.Parse` or `instructions.Parse` would refuse this file, in order of place. Empty
    /// when it accepts it.
    pub fn errors(&self) -> &[ReadError] {
        &self.errors
    }

    /// Line starts, to turn spans into places.
    pub fn line_index(&self) -> LineIndex {
        LineIndex::new(&self.text)
    }
}
