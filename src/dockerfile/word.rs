//! How a logical line falls into words (BuildKit's `split_command.go` and `line_parsers.go`).

use std::ops::Range;

use super::go;
use super::instruction::Word;
use super::line::Line;

/// A logical line, or the part of one behind `ONBUILD`, split as `splitCommand` does.
pub(super) struct Node {
    /// The instruction word.
    pub(super) word: Range<usize>,
    /// Its flags.
    pub(super) flags: Vec<Word>,
    /// The rest, without white space around it.
    pub(super) args: Range<usize>,
}

impl Node {
    pub(super) fn split(line: &Line<'_>, range: Range<usize>, escape: u8) -> Self {
        let range = go::trim(line.bytes, range);
        let word_end = line.bytes[range.clone()]
            .iter()
            .position(|&b| is_field_space(b))
            .map_or(range.end, |at| range.start + at);
        let spaces = line.bytes[word_end..range.end].iter().take_while(|&&b| is_field_space(b)).count();
        let (flags, rest) = builder_flags(line, word_end + spaces..range.end, escape);
        Self { word: range.start..word_end, flags, args: go::trim(line.bytes, rest) }
    }
}

/// Whether a byte is in `[\t\v\f\r ]`, which BuildKit splits at (`reWhitespace`).
fn is_field_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\x0b' | b'\x0c' | b'\r' | b' ')
}

/// The words between white space, without regard to quotes (`parseStringsWhitespaceDelimited`). The range must
/// be trimmed.
pub(super) fn fields(bytes: &[u8], range: Range<usize>) -> impl Iterator<Item = Range<usize>> + '_ {
    let Range { mut start, end } = range;
    std::iter::from_fn(move || {
        if start >= end {
            return None;
        }
        let word_end = bytes[start..end].iter().position(|&b| is_field_space(b)).map_or(end, |at| start + at);
        let word = start..word_end;
        let spaces = bytes[word_end..end].iter().take_while(|&&b| is_field_space(b)).count();
        start = word_end + spaces;
        Some(word)
    })
}

/// Splits in two at the first white space (`reWhitespace.Split(rest, 2)`).
pub(super) fn split_once(bytes: &[u8], range: Range<usize>) -> Option<(Range<usize>, Range<usize>)> {
    let first = fields(bytes, range.clone()).next()?;
    let spaces = bytes[first.end..range.end].iter().take_while(|&&b| is_field_space(b)).count();
    (spaces > 0).then(|| (first.clone(), first.end + spaces..range.end))
}

/// The flags at the start of a range, and the rest (`extractBuilderFlags`).
///
/// BuildKit goes byte by byte and writes each as a rune: what is not ASCII comes out as Latin-1, and the bytes
/// 0x85 and 0xA0 are white space.
fn builder_flags(line: &Line<'_>, range: Range<usize>, escape: u8) -> (Vec<Word>, Range<usize>) {
    let Range { start: mut pos, end } = range;
    let mut words = Vec::new();
    loop {
        while pos < end && go::is_space_byte(line.bytes[pos]) {
            pos += 1;
        }
        if !line.bytes[pos..end].starts_with(b"--") {
            return (words, pos..end);
        }
        let (text, word_end) = flag(&line.bytes[..end], pos, escape);
        if text == "--" {
            // BuildKit drops a lone `--` here: the flags end with it.
            return (words, word_end..end);
        }
        words.push(Word { text, span: line.span(&(pos..word_end)) });
        pos = word_end;
    }
}

/// The flag that starts at `pos`, and where it ends: at white space or at the end of the line.
fn flag(bytes: &[u8], mut pos: usize, escape: u8) -> (String, usize) {
    let mut text = String::new();
    let mut quote = None;
    while let Some(&byte) = bytes.get(pos) {
        match quote {
            None if go::is_space_byte(byte) => break,
            None if byte == b'\'' || byte == b'"' => quote = Some(byte),
            Some(open) if byte == open => quote = None,
            _ if byte == escape => {
                // An escape character at the end of the line is dropped.
                pos += 1;
                text.extend(bytes.get(pos).copied().map(char::from));
            }
            _ => text.push(char::from(byte)),
        }
        pos += 1;
    }
    (text, pos.min(bytes.len()))
}

/// The words of `ARG`, `ENV` and `LABEL`: quotes and escapes keep white space together, and stay
/// (`parseWords`).
pub(super) fn quoted_words(bytes: &[u8], range: Range<usize>, escape: u8) -> QuotedWords<'_> {
    QuotedWords { bytes: &bytes[..range.end], pos: range.start, escape }
}

/// See [`quoted_words`].
pub(super) struct QuotedWords<'a> {
    bytes: &'a [u8],
    pos: usize,
    escape: u8,
}

impl QuotedWords<'_> {
    /// Behind an escape character at `pos` and the character that it escapes. None if there is none.
    fn escaped(&self, pos: usize) -> Option<usize> {
        match self.bytes.get(pos + 1)? {
            0x80.. => Some(pos + 1 + bstr::decode_utf8(&self.bytes[pos + 1..]).1),
            _ => Some(pos + 2),
        }
    }
}

impl Iterator for QuotedWords<'_> {
    type Item = Range<usize>;

    fn next(&mut self) -> Option<Range<usize>> {
        let start = go::trim_start(self.bytes, self.pos..self.bytes.len()).start;
        let mut pos = start;
        let mut end = start;
        let mut quote = None;
        while let Some(&byte) = self.bytes.get(pos) {
            match quote {
                None if go::space_len(&self.bytes[pos..]) > 0 => break,
                None if byte == b'\'' || byte == b'"' => quote = Some(byte),
                Some(open) if byte == open => quote = None,
                _ => {}
            }
            if byte != self.escape || quote == Some(b'\'') {
                pos += 1;
            } else if let Some(behind) = self.escaped(pos) {
                pos = behind;
            } else {
                // An escape character at the end of the line is dropped.
                pos += 1;
                break;
            }
            end = pos;
        }
        self.pos = pos;
        (end > start).then_some(start..end)
    }
}
