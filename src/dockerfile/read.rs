//! Parses a text: directives, logical lines, instructions (`parser.Parse` and `instructions.Parse`).
//!
//! BuildKit stops at the first error. This parser records the error and continues after it. It never changes the
//! text.

mod body;
#[cfg(test)]
mod tests;
mod transfer;

use std::ops::Range;

use super::ReadError;
use super::directive::{self, Directive, Directives, Found, Header, Name};
use super::flags::suggestion;
use super::go;
use super::heredoc;
use super::instruction::{Body, Heredoc, Instruction, Keyword};
use super::line::{BOM, Joiner, Lines, LogicalLine, MAX_LINE};
use super::word::Node;
use crate::text::Span;

/// The typical length of an instruction, to estimate the number of instructions.
const BYTES_PER_INSTRUCTION: usize = 128;

/// Parses a text.
pub(super) fn read(text: &[u8]) -> (Directives, Vec<Instruction>, Vec<ReadError>) {
    let mut reader = Reader {
        lines: Lines::new(text),
        header: Header::default(),
        escape: None,
        escape_token: b'\\',
        begun: false,
        stages: 0,
        instructions: Vec::with_capacity(text.len() / BYTES_PER_INSTRUCTION + 1),
        syntax_errors: Vec::new(),
        errors: Vec::new(),
    };
    let mut joiner = Joiner::default();
    while let Some(first) = reader.lines.next() {
        let first = skip_mark(text, first);
        let first = go::trim_start(text, first);
        if !reader.header.is_done() {
            reader.directive(text, &first);
        }
        if text[first.clone()].starts_with(b"#") {
            continue;
        }
        let start_line = reader.lines.number();
        if let Some(line) = joiner.read(&mut reader.lines, first, reader.escape_token) {
            reader.instruction(&line, start_line);
        }
    }
    reader.finish(text)
}

/// Returns the first line without its byte order mark.
fn skip_mark(text: &[u8], line: Range<usize>) -> Range<usize> {
    let mark = if line.start == 0 && text[line.clone()].starts_with(BOM) { BOM.len() } else { 0 };
    line.start + mark..line.end
}

/// The state of the parser.
struct Reader<'t> {
    lines: Lines<'t>,
    header: Header,
    escape: Option<Directive>,
    escape_token: u8,
    /// True if there was a FROM, even one that BuildKit refuses.
    begun: bool,
    /// The number of FROM instructions so far that BuildKit accepts.
    stages: usize,
    instructions: Vec<Instruction>,
    /// The errors of `parser.Parse`. It parses the child of an ONBUILD too.
    syntax_errors: Vec<ReadError>,
    /// The errors of `instructions.Parse`. It ignores the child of an ONBUILD.
    errors: Vec<ReadError>,
}

impl Reader<'_> {
    fn refuse(&mut self, span: Span, message: impl Into<String>) {
        self.errors.push(ReadError { message: message.into(), span });
    }

    fn refuse_syntax(&mut self, span: Span, message: impl Into<String>) {
        self.syntax_errors.push(ReadError { message: message.into(), span });
    }

    /// Parses a line as a directive (`possibleParserDirective`).
    fn directive(&mut self, text: &[u8], line: &Range<usize>) {
        match self.header.line(&text[line.clone()], b"#") {
            Found::Nothing | Found::Directive(Name::Syntax | Name::Check, _) => {}
            Found::Duplicate(name) => self.refuse(
                Span::new(line.start, line.end),
                format!("only one {} parser directive can be used", name.as_str()),
            ),
            Found::Directive(Name::Escape, value) => {
                let value_span = Span::new(line.start + value.start, line.start + value.end);
                let value = go::lossy(&text[value_span.range()]);
                match value.as_bytes() {
                    [token @ (b'`' | b'\\')] => self.escape_token = *token,
                    _ => self
                        .refuse(value_span, format!("invalid escape token '{value}' does not match ` or \\")),
                }
                self.escape = Some(Directive { value, value_span, line: self.lines.number() });
            }
        }
    }

    /// Parses the instruction on a logical line, and its heredocs.
    fn instruction(&mut self, line: &LogicalLine<'_>, start_line: usize) {
        let node = Node::split(line, 0..line.bytes.len(), self.escape_token);
        let word = line.word(&node.word);
        let keyword = Keyword::of(&word.text);
        let errors = self.errors.len() + self.syntax_errors.len();
        let body = if let Some(keyword) = keyword {
            self.body(keyword, line, node, start_line)
        } else {
            let near = nearest(&word.text);
            self.refuse(word.span, format!("unknown instruction: {}{near}", word.text));
            Body::Unreadable
        };
        let fine = errors == self.errors.len() + self.syntax_errors.len();
        match keyword {
            Some(Keyword::From) => {
                self.begun = true;
                self.stages += usize::from(fine);
            }
            Some(Keyword::Arg) => {}
            _ if fine && !self.begun => self.refuse(word.span, "no build stage in current context"),
            _ => {}
        }
        self.instructions.push(Instruction {
            span: Span::new(word.span.start, self.lines.end().max(word.span.end)),
            start_line,
            end_line: self.lines.number(),
            word,
            stage: self.stage(),
            body,
        });
    }

    fn stage(&self) -> Option<usize> {
        self.stages.checked_sub(1)
    }

    /// Reads the bodies of the heredocs on a line. Each comes with its name.
    fn heredocs(&mut self, line: &LogicalLine<'_>, json: bool) -> Vec<Heredoc> {
        let is_mark = |at: usize| line.bytes.get(at + 1) == Some(&b'<');
        if json || !memchr::memchr_iter(b'<', line.bytes).any(is_mark) {
            return Vec::new();
        }
        let all = line.span(&(0..line.bytes.len()));
        let marks = heredoc::of_line(line.bytes).unwrap_or_else(|error| {
            self.refuse_syntax(all, error.to_string());
            Vec::new()
        });
        let mut heredocs = Vec::with_capacity(marks.len());
        for mark in marks {
            let (body, terminated) = self.lines.heredoc(&mark.name, mark.chomp);
            if !terminated {
                self.refuse_syntax(all, "unterminated heredoc");
            }
            heredocs.push(Heredoc { name: mark.name, expand: mark.expand, chomp: mark.chomp, body });
            if !terminated {
                break;
            }
        }
        heredocs
    }

    fn finish(mut self, text: &[u8]) -> (Directives, Vec<Instruction>, Vec<ReadError>) {
        if self.instructions.is_empty() {
            self.refuse(Span::at(text.len()), "file with no instructions");
        }
        let mut errors = self.syntax_errors;
        errors.append(&mut self.errors);
        errors.extend(self.lines.into_too_long().into_iter().map(|span| ReadError {
            message: format!("dockerfile line greater than max allowed size of {MAX_LINE}"),
            span,
        }));
        errors.sort_by_key(|error| error.span);
        let (syntax, check) = directive::detect(text);
        let directives = Directives {
            syntax,
            check,
            escape: self.escape,
            escape_token: self.escape_token,
            insertion_point: directive::behind_shebang(text),
        };
        (directives, self.instructions, errors)
    }
}

/// ` (did you mean …?)` for an instruction word, in its letter case (`suggest.WrapError`).
fn nearest(word: &str) -> String {
    const NAMES: [&str; 18] = [
        "add",
        "arg",
        "cmd",
        "copy",
        "entrypoint",
        "env",
        "expose",
        "from",
        "healthcheck",
        "label",
        "maintainer",
        "onbuild",
        "run",
        "shell",
        "stopsignal",
        "user",
        "volume",
        "workdir",
    ];
    let lower = go::lower(word);
    let near = suggestion(&lower, NAMES.into_iter());
    match near.strip_prefix(" (did you mean ").and_then(|near| near.strip_suffix("?)")) {
        Some(name) if word != lower && word == go::upper(word) => {
            format!(" (did you mean {}?)", name.to_ascii_uppercase())
        }
        _ => near,
    }
}
