//! Positions in a text, edits of it, and text and numbers as people read them. It never reads a file and never knows
//! what the text means.
//!
//! An edit is a byte range and its new text. An [`EditSet`] holds disjoint edits and applies them once, so
//! everything outside the edits is preserved by construction: line endings, the byte order mark, a missing
//! final newline.

pub(crate) mod command;
pub(crate) mod cut;
pub mod escape;
pub(crate) mod figures;
pub(crate) mod glob;
pub(crate) mod markdown;
pub(crate) mod patch;
pub(crate) mod path;
pub(crate) mod pattern;
pub mod secret;
pub(crate) mod words;

use std::fmt;
use std::ops::Range;

/// A range of bytes in a text: `start` inclusive, `end` exclusive.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: usize,
    /// Offset one past the last byte.
    pub end: usize,
}

impl Span {
    /// Returns the span from `start` to `end`.
    ///
    /// # Panics
    ///
    /// If `start` is greater than `end`.
    pub fn new(start: usize, end: usize) -> Self {
        assert!(start <= end, "a span ends before it starts: {start}..{end}");
        Self { start, end }
    }

    /// Returns the empty span at `offset`.
    pub(crate) fn at(offset: usize) -> Self {
        Self { start: offset, end: offset }
    }

    /// Returns the span as a range, to index a text.
    pub fn range(self) -> Range<usize> {
        self.start..self.end
    }

    /// Returns true if it is empty.
    pub fn is_empty(self) -> bool {
        self.start == self.end
    }
}

/// A place in the form that is shown: 1-based line and 1-based column, the column in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Position {
    /// 1-based line.
    pub(crate) line: usize,
    /// 1-based column in bytes.
    pub(crate) column: usize,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.line, self.column)
    }
}

/// The start of each line of a text. Lines end with `\n`, as in BuildKit's `parser.scanLines`.
#[derive(Clone, Debug)]
pub(crate) struct LineIndex {
    starts: Vec<usize>,
    len: usize,
}

impl LineIndex {
    /// Finds the line starts of `text`.
    pub(crate) fn new(text: &[u8]) -> Self {
        let starts = std::iter::once(0).chain(memchr::memchr_iter(b'\n', text).map(|at| at + 1)).collect();
        Self { starts, len: text.len() }
    }

    /// Returns the place of `offset`; an offset past the end counts as the end.
    pub(crate) fn position(&self, offset: usize) -> Position {
        let offset = offset.min(self.len);
        let line = self.starts.partition_point(|&start| start <= offset);
        Position { line, column: offset - self.starts[line - 1] + 1 }
    }

    /// Returns the span of a 1-based line, including its line ending. `None` if there is no such line.
    pub(crate) fn line(&self, line: usize) -> Option<Span> {
        let start = *self.starts.get(line.checked_sub(1)?)?;
        let end = self.starts.get(line).copied().unwrap_or(self.len);
        Some(Span::new(start, end))
    }
}

/// A replacement of one span by a new text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Edit {
    /// The bytes that are replaced; empty for an insertion.
    pub(crate) span: Span,
    /// The new text.
    pub(crate) replacement: Vec<u8>,
}

/// The error for two edits that touch the same bytes or insert at the same place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("an edit of bytes {}..{} conflicts with another of {}..{}", .new.start, .new.end, .old.start, .old.end)]
pub struct EditsMeet {
    /// The edit that was refused.
    pub(crate) new: Span,
    /// The edit that is already there.
    pub(crate) old: Span,
}

/// Disjoint edits of one text, in order of place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct EditSet {
    edits: Vec<Edit>,
}

impl EditSet {
    /// Replaces `span` by `replacement`.
    ///
    /// # Errors
    ///
    /// [`EditsMeet`] if an edit is already there.
    pub(crate) fn replace(&mut self, span: Span, replacement: impl Into<Vec<u8>>) -> Result<(), EditsMeet> {
        let at = self.edits.partition_point(|edit| edit.span < span);
        let meets = |old: &Edit| {
            (old.span.start < span.end && span.start < old.span.end) || old.span.start == span.start
        };
        let neighbours = at.checked_sub(1).into_iter().chain([at]);
        for old in neighbours.filter_map(|i| self.edits.get(i)) {
            if meets(old) {
                return Err(EditsMeet { new: span, old: old.span });
            }
        }
        self.edits.insert(at, Edit { span, replacement: replacement.into() });
        Ok(())
    }

    /// Inserts `text` before the byte at `offset`.
    ///
    /// # Errors
    ///
    /// [`EditsMeet`] if an edit is already there.
    pub fn insert(&mut self, offset: usize, text: impl Into<Vec<u8>>) -> Result<(), EditsMeet> {
        self.replace(Span::at(offset), text)
    }

    /// Returns the edits in order of place.
    pub(crate) fn edits(&self) -> &[Edit] {
        &self.edits
    }

    /// Returns `text` with the edits applied. Every byte outside them is copied unchanged.
    ///
    /// # Panics
    ///
    /// If an edit lies outside `text`.
    pub fn apply(&self, text: &[u8]) -> Vec<u8> {
        let grown = self.edits.iter().map(|edit| edit.replacement.len()).sum::<usize>();
        let mut out = Vec::with_capacity(text.len() + grown);
        let mut at = 0;
        for edit in &self.edits {
            out.extend_from_slice(&text[at..edit.span.start]);
            out.extend_from_slice(&edit.replacement);
            at = edit.span.end;
        }
        out.extend_from_slice(&text[at..]);
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_bytes_from_one() {
        let index = LineIndex::new(b"ab\r\ncd\n");
        assert_eq!(index.position(0), Position { line: 1, column: 1 });
        assert_eq!(index.position(5), Position { line: 2, column: 2 });
        assert_eq!(index.position(7), Position { line: 3, column: 1 });
        assert_eq!(index.position(99), Position { line: 3, column: 1 });
        assert_eq!(index.line(1), Some(Span::new(0, 4)));
        assert_eq!(index.line(3), Some(Span::new(7, 7)));
        assert_eq!(index.line(4), None);
        assert_eq!(index.line(0), None);
    }

    #[test]
    fn edits_are_applied_once_in_order_of_place() {
        let mut edits = EditSet::default();
        edits.replace(Span::new(4, 7), "two").unwrap();
        edits.insert(0, "zero ").unwrap();
        assert_eq!(edits.apply(b"one TWO\r\n"), b"zero one two\r\n");
        assert_eq!(EditSet::default().apply(b"as it was"), b"as it was");
    }

    #[test]
    fn edits_that_meet_are_refused() {
        let mut edits = EditSet::default();
        edits.replace(Span::new(2, 5), "x").unwrap();
        assert!(edits.replace(Span::new(4, 6), "y").is_err());
        assert!(edits.replace(Span::new(0, 3), "y").is_err());
        assert!(edits.insert(2, "y").is_err());
        assert!(edits.insert(3, "y").is_err());
        edits.insert(5, "after").unwrap();
        assert_eq!(edits.apply(b"0123456"), b"01xafter56");
    }
}
