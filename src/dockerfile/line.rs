//! Physical lines, and the logical lines that continuations make of them.
//!
//! A logical line records the source position of its bytes, so that every word has a position in the source. It never
//! interprets the line.

use std::ops::Range;

use compact_str::CompactString;

use super::go;
use super::instruction::Word;
use crate::text::Span;
use crate::text::cut;

/// The longest line that `bufio.Scanner` returns: `bufio.MaxScanTokenSize - 1` bytes before its `\n`.
pub(super) const MAX_LINE: usize = 65_535;

/// The byte order mark that BuildKit's `discardBOM` drops.
pub(super) const BOM: &[u8] = b"\xef\xbb\xbf";

/// The physical lines of a text (`scanLines` in BuildKit's `parser.go`).
pub(super) struct Lines<'t> {
    text: &'t [u8],
    /// The same, if it is UTF-8.
    utf8: Option<&'t str>,
    at: usize,
    number: usize,
    last: Range<usize>,
    too_long: Vec<Span>,
}

impl<'t> Lines<'t> {
    pub(super) fn new(text: &'t [u8]) -> Self {
        Self {
            text,
            utf8: std::str::from_utf8(text).ok(),
            at: 0,
            number: 0,
            last: 0..0,
            too_long: Vec::new(),
        }
    }

    /// Returns the next line without its line ending (`trimNewline`), and the start of the line after it.
    pub(super) fn next(&mut self) -> Option<Range<usize>> {
        let rest = self.text.get(self.at..).filter(|rest| !rest.is_empty())?;
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let start = self.at;
        if len > MAX_LINE {
            self.too_long.push(Span::new(start, start + len));
        }
        self.at = (start + len + 1).min(self.text.len());
        self.number += 1;
        let mut end = start + len;
        while end > start && self.text[end - 1] == b'\r' {
            end -= 1;
        }
        self.last = start..end;
        Some(start..end)
    }

    /// Returns the number of lines read so far: the 1-based number of the last one.
    pub(super) fn number(&self) -> usize {
        self.number
    }

    /// Returns the end of the last line, without its line ending.
    pub(super) fn end(&self) -> usize {
        self.last.end
    }

    /// Returns the lines that BuildKit's scanner refuses.
    pub(super) fn into_too_long(self) -> Vec<Span> {
        self.too_long
    }

    /// Reads up to the line that ends a heredoc. Returns the span of its body, and true if that line was found.
    pub(super) fn heredoc(&mut self, name: &str, chomp: bool) -> (Span, bool) {
        let start = self.at;
        while let Some(line) = self.next() {
            let mut possible = &self.text[line.clone()];
            if chomp {
                let tabs = possible.iter().take_while(|&&b| b == b'\t').count();
                possible = &possible[tabs..];
            }
            if possible == name.as_bytes() {
                return (Span::new(start, line.start), true);
            }
        }
        (Span::new(start, self.text.len()), false)
    }
}

/// The source of a piece of a logical line.
#[derive(Clone, Copy, Debug)]
struct Piece {
    /// Offset in the logical line.
    at: usize,
    /// Offset in the source.
    source: usize,
    /// The length.
    len: usize,
}

/// The buffers of a logical line, reused from one line to the next.
#[derive(Default)]
pub(super) struct Joiner {
    pieces: Vec<Piece>,
    joined: String,
    joined_bytes: Vec<u8>,
}

impl Joiner {
    /// Reads the logical line that starts with `first`, a physical line without white space before it and
    /// without its line ending, as the inner loop of BuildKit's `parser.Parse` does. `None` if it is empty.
    pub(super) fn read<'a, 't: 'a>(
        &'a mut self,
        lines: &mut Lines<'t>,
        first: Range<usize>,
        escape: u8,
    ) -> Option<LogicalLine<'a>> {
        let text = lines.text;
        self.pieces.clear();
        let Some(mut kept) = continued(&text[first.clone()], escape) else {
            if first.is_empty() {
                return None;
            }
            self.pieces.push(Piece { at: 0, source: first.start, len: first.len() });
            return Some(LogicalLine::one(lines, first, &self.pieces));
        };
        let mut at = 0;
        let mut line = first;
        loop {
            // The first piece is kept even if it is empty: it is the position of a line without a word.
            if kept > 0 || self.pieces.is_empty() {
                self.pieces.push(Piece { at, source: line.start, len: kept });
                at += kept;
            }
            let Some(next) = continuation(lines) else { break };
            line = next;
            let Some(more) = continued(&text[line.clone()], escape) else {
                self.pieces.push(Piece { at, source: line.start, len: line.len() });
                break;
            };
            kept = more;
        }
        if let [only] = self.pieces.as_slice() {
            return Some(LogicalLine::one(lines, only.source..only.source + only.len, &self.pieces));
        }
        Some(self.join(lines))
    }

    fn join<'a>(&'a mut self, lines: &Lines<'_>) -> LogicalLine<'a> {
        if let Some(text) = lines.utf8 {
            // A piece ends at a line break or an escape character, so never within a character.
            self.joined.clear();
            self.joined.extend(
                self.pieces.iter().map(|piece| cut::between(text, piece.source..piece.source + piece.len)),
            );
            let (bytes, utf8) = (self.joined.as_bytes(), Some(self.joined.as_str()));
            return LogicalLine { bytes, utf8, pieces: &self.pieces };
        }
        self.joined_bytes.clear();
        for piece in &self.pieces {
            self.joined_bytes.extend_from_slice(&lines.text[piece.source..piece.source + piece.len]);
        }
        LogicalLine { bytes: &self.joined_bytes, utf8: None, pieces: &self.pieces }
    }
}

/// Returns the next line of a continuation that is neither a comment nor blank; BuildKit skips those.
fn continuation(lines: &mut Lines<'_>) -> Option<Range<usize>> {
    loop {
        let line = lines.next()?;
        // Most lines start with spaces and an ASCII character.
        let bytes = &lines.text[line.clone()];
        let first = match bytes.iter().find(|b| **b != b' ') {
            Some(b @ b'!'..=b'~') => Some(*b),
            _ => bytes.get(go::trim_start(bytes, 0..bytes.len()).start).copied(),
        };
        if first.is_some_and(|first| first != b'#') {
            return Some(line);
        }
    }
}

/// Returns true if a line continues on the next one, and the length of the part that then counts
/// (`trimContinuationCharacter`). The escape character must be the last one that is neither space nor tab, and
/// another one must not precede it.
fn continued(line: &[u8], escape: u8) -> Option<usize> {
    let end = line.iter().rposition(|&b| b != b' ' && b != b'\t')?;
    let continues = line[end] == escape && (end == 0 || line[end - 1] != escape);
    continues.then_some(end)
}

/// A logical line: the bytes that BuildKit parses, and their source positions.
#[derive(Clone, Copy)]
pub(super) struct LogicalLine<'a> {
    /// The bytes that BuildKit parses.
    pub(super) bytes: &'a [u8],
    /// The same, if the whole file is UTF-8.
    utf8: Option<&'a str>,
    pieces: &'a [Piece],
}

impl<'a> LogicalLine<'a> {
    /// Returns a logical line of one piece.
    fn one<'t: 'a>(lines: &Lines<'t>, range: Range<usize>, pieces: &'a [Piece]) -> Self {
        let utf8 = lines.utf8.map(|text| cut::between(text, range.clone()));
        Self { bytes: &lines.text[range], utf8, pieces }
    }

    /// Returns the source position of the byte at `at`.
    fn source(&self, at: usize) -> usize {
        let piece = match self.pieces {
            [only] => only,
            pieces => &pieces[pieces.partition_point(|piece| piece.at <= at).saturating_sub(1)],
        };
        piece.source + (at - piece.at)
    }

    /// Returns the source span of a range, line breaks inside it included.
    pub(super) fn span(&self, range: &Range<usize>) -> Span {
        if range.is_empty() {
            return Span::at(if range.start == 0 {
                self.source(0)
            } else {
                self.source(range.start - 1) + 1
            });
        }
        Span::new(self.source(range.start), self.source(range.end - 1) + 1)
    }

    /// Returns the text of a range.
    pub(super) fn text(&self, range: &Range<usize>) -> String {
        match self.utf8.and_then(|text| text.get(range.clone())) {
            Some(text) => text.to_owned(),
            None => go::lossy(&self.bytes[range.clone()]),
        }
    }

    /// Returns a word whose source text is its value.
    pub(super) fn word(&self, range: &Range<usize>) -> Word {
        let text = match self.utf8.and_then(|text| text.get(range.clone())) {
            Some(text) => CompactString::new(text),
            None => go::lossy(&self.bytes[range.clone()]).into(),
        };
        Word { text, span: self.span(range) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the first logical line of a text, each of its bytes with its position, and the number of the line that
    /// comes after it.
    fn first(text: &[u8], escape: u8) -> (String, Vec<usize>, usize) {
        let mut lines = Lines::new(text);
        let mut joiner = Joiner::default();
        let first = lines.next().expect("there is a line");
        let line = joiner.read(&mut lines, first, escape).expect("it is not empty");
        let places = (0..line.bytes.len()).map(|at| line.source(at)).collect();
        (line.text(&(0..line.bytes.len())), places, lines.number())
    }

    #[test]
    fn lines_lose_their_endings() {
        let mut lines = Lines::new(b"a\r\nb\r\r\n\nc");
        let mut texts = Vec::new();
        while let Some(line) = lines.next() {
            texts.push((line, lines.number()));
        }
        assert_eq!(texts, [(0..1, 1), (3..4, 2), (7..7, 3), (8..9, 4)]);
        assert_eq!(lines.end(), 9);
    }

    #[test]
    fn one_line_is_not_copied() {
        assert_eq!(first(b"RUN a\nRUN b", b'\\'), ("RUN a".to_owned(), (0..5).collect(), 1));
        assert_eq!(first(b"RUN a \\ \t\r\n", b'\\'), ("RUN a ".to_owned(), (0..6).collect(), 1));
    }

    #[test]
    fn continuations_skip_comments_and_blank_lines() {
        let text = b"A \\\n # c \\\n\n \t\r\n  b\\\r\nc\nd";
        let (line, places, number) = first(text, b'\\');
        assert_eq!(line, "A   bc");
        assert_eq!(places, [0, 1, 16, 17, 18, 22]);
        assert_eq!(number, 6);
    }

    #[test]
    fn an_escape_before_the_escape_ends_the_line() {
        assert_eq!(first(b"A \\\\\nb", b'\\').0, "A \\\\");
        assert_eq!(first(b"A `\nb", b'`').0, "A b");
        assert_eq!(first(b"A \\\nb", b'`').0, "A \\");
        assert_eq!(first(b"\\\nb", b'\\'), ("b".to_owned(), vec![2], 2));
        assert_eq!(first(b"A \xff\\\nb", b'\\').0, "A \u{fffd}b");
    }

    #[test]
    fn a_continuation_at_the_end_counts_as_it_is() {
        assert_eq!(first(b"A b\\", b'\\'), ("A b".to_owned(), (0..3).collect(), 1));
        assert_eq!(first(b"\\\n# c", b'\\'), (String::new(), vec![], 2));
    }

    #[test]
    fn spans_cover_breaks() {
        let text = b"A b\\\nc d";
        let mut lines = Lines::new(text);
        let mut joiner = Joiner::default();
        let first = lines.next().expect("there is a line");
        let line = joiner.read(&mut lines, first, b'\\').expect("it is not empty");
        assert_eq!(line.word(&(2..4)), Word { text: "bc".into(), span: Span::new(2, 6) });
        assert_eq!(line.span(&(6..6)), Span::at(8));
        assert_eq!(line.span(&(0..0)), Span::at(0));
    }

    #[test]
    fn long_lines_are_noted() {
        let fits = "x".repeat(MAX_LINE);
        let mut lines = Lines::new(fits.as_bytes());
        while lines.next().is_some() {}
        assert_eq!(lines.into_too_long(), []);
        let text = format!("{fits}\n{fits}x\n{fits}");
        let mut lines = Lines::new(text.as_bytes());
        while lines.next().is_some() {}
        assert_eq!(lines.into_too_long(), [Span::new(MAX_LINE + 1, 2 * MAX_LINE + 2)]);
    }

    #[test]
    fn heredocs_end_at_their_name_alone() {
        let mut lines = Lines::new(b"a\n\tEOF\nEOF \nEOF\r\nb");
        assert_eq!(lines.heredoc("EOF", false), (Span::new(0, 12), true));
        assert_eq!(lines.number(), 4);
        let mut lines = Lines::new(b"a\n\tEOF\n");
        assert_eq!(lines.heredoc("EOF", true), (Span::new(0, 2), true));
        let mut lines = Lines::new(b"a\n\tEOF");
        assert_eq!(lines.heredoc("EOF", false), (Span::new(0, 6), false));
    }
}
