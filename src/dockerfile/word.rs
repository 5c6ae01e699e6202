//! Splits a logical line into words (BuildKit's `split_command.go` and `line_parsers.go`).

use compact_str::CompactString;

use std::ops::Range;

use super::go;
use super::instruction::Word;
use super::line::LogicalLine;

/// A logical line, or the part of one after `ONBUILD`, split as `splitCommand` does.
pub(super) struct Node {
    /// The instruction word.
    pub(super) word: Range<usize>,
    /// Its flags.
    pub(super) flags: Vec<Word>,
    /// The rest, without white space around it.
    pub(super) args: Range<usize>,
}

impl Node {
    pub(super) fn split(line: &LogicalLine<'_>, range: Range<usize>, escape: u8) -> Self {
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

/// Returns true if a byte is in `[\t\v\f\r ]`, which BuildKit splits at (`reWhitespace`).
fn is_field_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\x0b' | b'\x0c' | b'\r' | b' ')
}

/// Returns the words between white space, without regard to quotes (`parseStringsWhitespaceDelimited`). The range
/// must be trimmed.
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

/// Returns the flags at the start of a range, and the rest (`extractBuilderFlags`).
///
/// BuildKit reads byte by byte and writes each byte as a rune: bytes that are not ASCII become Latin-1, and the bytes
/// 0x85 and 0xA0 are white space.
fn builder_flags(line: &LogicalLine<'_>, range: Range<usize>, escape: u8) -> (Vec<Word>, Range<usize>) {
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

/// Returns the flag that starts at `pos`, and its end: at white space or at the end of the line.
fn flag(bytes: &[u8], mut pos: usize, escape: u8) -> (CompactString, usize) {
    let mut text = CompactString::default();
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

/// Returns the words of `ARG`, `ENV` and `LABEL`: quotes and escapes protect white space, and stay in the words
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
    /// Returns the position after an escape character at `pos` and the character that it escapes. `None` if there is
    /// none.
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

#[cfg(test)]
mod tests {
    use super::super::line::{Joiner, Lines};
    use super::*;
    use crate::text::Span;

    /// Returns the word, the flags with their positions, and the rest.
    fn split(text: &[u8], escape: u8) -> (String, Vec<(String, Span)>, String) {
        let mut lines = Lines::new(text);
        let mut joiner = Joiner::default();
        let first = lines.next().expect("there is a line");
        let line = joiner.read(&mut lines, first, escape).expect("it is not empty");
        let node = Node::split(&line, 0..line.bytes.len(), escape);
        let flags = node.flags.into_iter().map(|word| (word.text.to_string(), word.span)).collect();
        (line.text(&node.word), flags, line.text(&node.args))
    }

    fn flags(text: &[u8]) -> (Vec<String>, String) {
        let (_, flags, rest) = split(text, b'\\');
        (flags.into_iter().map(|(text, _)| text).collect(), rest)
    }

    #[test]
    fn an_instruction_is_a_word_and_the_rest() {
        assert_eq!(split(b"RUN \t a  b ", b'\\'), ("RUN".to_owned(), vec![], "a  b".to_owned()));
        assert_eq!(split(b"RUN", b'\\'), ("RUN".to_owned(), vec![], String::new()));
        // White space beyond ASCII is trimmed, but does not end the word.
        assert_eq!(split("RUN\u{a0}a\u{a0}".as_bytes(), b'\\').0, "RUN\u{a0}a");
    }

    #[test]
    fn flags_lose_quotes_and_escapes() {
        let (_, found, rest) = split(b"COPY --from=\"a b\" --chown=a\\ b''c --x . /d", b'\\');
        let expected = [
            ("--from=a b".to_owned(), Span::new(5, 17)),
            ("--chown=a bc".to_owned(), Span::new(18, 33)),
            ("--x".to_owned(), Span::new(34, 37)),
        ];
        assert_eq!(found, expected);
        assert_eq!(rest, ". /d");
        assert_eq!(split(b"COPY --a=`\" b", b'`').1[0].0, "--a=\"");
        // An escape also counts in single quotes here.
        assert_eq!(flags(b"COPY --a='\\'' b"), (vec!["--a='".to_owned()], "b".to_owned()));
    }

    #[test]
    fn two_dashes_end_flags() {
        assert_eq!(flags(b"COPY --a -- --b c"), (vec!["--a".to_owned()], "--b c".to_owned()));
        assert_eq!(flags(b"COPY --a --"), (vec!["--a".to_owned()], String::new()));
        assert_eq!(flags(b"COPY --\"\" --b"), (vec![], "--b".to_owned()));
        assert_eq!(flags(b"COPY -a --b"), (vec![], "-a --b".to_owned()));
        assert_eq!(flags(b"COPY -"), (vec![], "-".to_owned()));
    }

    #[test]
    fn flags_are_read_as_latin_1() {
        assert_eq!(flags("COPY --a=é b".as_bytes()), (vec!["--a=Ã©".to_owned()], "b".to_owned()));
        // The second byte of à is 0xa0, white space in Latin-1.
        assert_eq!(flags("COPY --a=àb c".as_bytes()), (vec!["--a=Ã".to_owned()], "b c".to_owned()));
        assert_eq!(flags(b"COPY \x85--a \xa0b"), (vec!["--a".to_owned()], "b".to_owned()));
    }

    #[test]
    fn flags_end_with_the_line() {
        assert_eq!(flags(b"COPY --a=\"b c"), (vec!["--a=b c".to_owned()], String::new()));
        assert_eq!(split(b"COPY --a=b\\\\", b'`').1[0].0, "--a=b\\\\");
        assert_eq!(flags(b"COPY --a=b\\\\"), (vec!["--a=b\\".to_owned()], String::new()));
        assert_eq!(split(b"COPY --a=b\\\n  c\\\nd e", b'\\').1, [("--a=b".to_owned(), Span::new(5, 10))]);
        assert_eq!(split(b"COPY --a=b\\\nc e", b'\\').1, [("--a=bc".to_owned(), Span::new(5, 13))]);
    }

    fn quoted(text: &str) -> Vec<&str> {
        quoted_words(text.as_bytes(), 0..text.len(), b'\\').map(|range| &text[range]).collect()
    }

    #[test]
    fn quotes_and_escapes_keep_words_together() {
        assert_eq!(quoted("a=b c=\"d e\" f='g h'i j=k\\ l"), ["a=b", "c=\"d e\"", "f='g h'i", "j=k\\ l"]);
        assert_eq!(quoted(r#"a="\" b" c"#), [r#"a="\" b""#, "c"]);
        assert_eq!(quoted(r"a='\' b"), [r"a='\'", "b"]);
        assert_eq!(quoted("a\u{2003}b \\é\\\u{a0}c"), ["a", "b", "\\é\\\u{a0}c"]);
        assert_eq!(quoted("\"\" ''"), ["\"\"", "''"]);
        assert_eq!(quoted("a \"b c"), ["a", "\"b c"]);
    }

    #[test]
    fn an_escape_at_the_end_is_dropped() {
        assert_eq!(quoted(r"a b\"), ["a", "b"]);
        assert_eq!(quoted(r"a \"), ["a"]);
        assert_eq!(quoted(r#"a "b\"#), ["a", "\"b"]);
        assert_eq!(quoted(r"a 'b\"), ["a", r"'b\"]);
    }

    #[test]
    fn fields_end_at_ascii_white_space() {
        let text = "a\t\x0bb \u{a0} c";
        let found = fields(text.as_bytes(), 0..text.len()).map(|range| &text[range]).collect::<Vec<_>>();
        assert_eq!(found, ["a", "b", "\u{a0}", "c"]);
        assert_eq!(split_once(b"a \tb c", 0..6), Some((0..1, 3..6)));
        assert_eq!(split_once(b"a", 0..1), None);
        assert_eq!(split_once(b"", 0..0), None);
    }
}
