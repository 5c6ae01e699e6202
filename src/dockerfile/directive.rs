//! Parser directives: `# syntax=`, `# escape=`, `# check=` (`frontend/dockerfile/parser/directives.go`).

use crate::text::Span;

/// One directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// The whole value, e.g. `docker/dockerfile:1 --flag`.
    pub value: String,
    /// Where the value stands.
    pub value_span: Span,
    /// Its line, 1-based.
    pub line: usize,
}

/// The directives of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives {
    /// `syntax` as BuildKit's `DetectSyntax` finds it, behind a BOM and a `#!` line too, also in its `//` and
    /// JSON forms.
    pub syntax: Option<Directive>,
    /// `check` as `ParseDirective` finds it.
    pub check: Option<Directive>,
    /// `escape`, as `parser.Parse` finds it (not behind a `#!` line).
    pub escape: Option<Directive>,
    /// The escape character in force: `\` or a backtick.
    pub escape_token: u8,
    /// Where a syntax directive can be inserted so that BuildKit finds it and nothing else changes its meaning: behind a BOM and a `#!` line.
    pub insertion_point: usize,
}
