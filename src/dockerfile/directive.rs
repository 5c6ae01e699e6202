//! Parser directives: `# syntax=`, `# escape=`, `# check=` (`frontend/dockerfile/parser/directives.go`).

use std::ops::Range;

use super::line::{BOM, MAX_LINE};
use super::{go, json};
use crate::text::Span;

/// One directive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Directive {
    /// The whole value, e.g. `docker/dockerfile:1 --flag`.
    pub(crate) value: String,
    /// The position of the value. In the JSON form, with its quotes.
    pub(crate) value_span: Span,
    /// Its line, 1-based.
    pub(crate) line: usize,
}

/// The directives of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directives {
    /// `syntax` as BuildKit's `DetectSyntax` finds it: also after a BOM and a `#!` line, and in its `//` and JSON
    /// forms.
    pub(crate) syntax: Option<Directive>,
    /// `check` as `ParseDirective` finds it.
    pub(crate) check: Option<Directive>,
    /// `escape`, as `parser.Parse` finds it (not after a `#!` line).
    pub(crate) escape: Option<Directive>,
    /// The escape character in force: `\` or a backtick.
    pub escape_token: u8,
    /// The position where a syntax directive can be inserted so that BuildKit finds it and nothing else changes its
    /// meaning: after a BOM and a `#!` line.
    pub insertion_point: usize,
}

/// The name of a directive (`validDirectives`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Name {
    Syntax,
    Escape,
    Check,
}

impl Name {
    fn of(word: &[u8]) -> Option<Self> {
        [Self::Syntax, Self::Escape, Self::Check]
            .into_iter()
            .find(|name| word.eq_ignore_ascii_case(name.as_str().as_bytes()))
    }

    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Syntax => "syntax",
            Self::Escape => "escape",
            Self::Check => "check",
        }
    }
}

/// The kind of a line at the top.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// A directive, and the position of its value in the line.
    Directive(Name, Range<usize>),
    /// The second of its name, which BuildKit refuses.
    Duplicate(Name),
    /// Not a directive: none can follow.
    Nothing,
}

/// The state of BuildKit's `DirectiveParser`.
#[derive(Default)]
pub(super) struct Header {
    seen: Vec<Name>,
    done: bool,
}

impl Header {
    /// Returns true if no more directives can follow.
    pub(super) fn is_done(&self) -> bool {
        self.done
    }

    /// Parses the next line, without its line ending (`ParseLine`).
    pub(super) fn line(&mut self, line: &[u8], comment: &[u8]) -> Found {
        if self.done {
            return Found::Nothing;
        }
        let Some((name, value)) = directive(line, comment) else {
            self.done = true;
            return Found::Nothing;
        };
        if self.seen.contains(&name) {
            return Found::Duplicate(name);
        }
        self.seen.push(name);
        Found::Directive(name, value)
    }
}

/// Go's `\s`.
fn is_space(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\x0c' | b'\r' | b' ')
}

/// Matches `^([a-zA-Z][a-zA-Z0-9]*)\s*=\s*(.+?)\s*$` after the comment sign. A value that is only white space is
/// reduced to its last character.
fn directive(line: &[u8], comment: &[u8]) -> Option<(Name, Range<usize>)> {
    if !line.starts_with(comment) {
        return None;
    }
    let start = go::trim_start(line, comment.len()..line.len()).start;
    let name_len = line[start..].iter().take_while(|b| b.is_ascii_alphanumeric()).count();
    let name = Name::of(&line[start..start + name_len])?;
    let skip = |from: usize| from + line[from..].iter().take_while(|&&b| is_space(b)).count();
    let equals = skip(start + name_len);
    if line.get(equals) != Some(&b'=') {
        return None;
    }
    let value = skip(equals + 1);
    if value == line.len() {
        return (value > equals + 1).then(|| (name, value - 1..value));
    }
    let trailing = line[value..].iter().rev().take_while(|&&b| is_space(b)).count();
    Some((name, value..line.len() - trailing))
}

/// Returns the start of the lines that `DetectSyntax` reads: after a BOM and a `#!` line.
pub(super) fn behind_shebang(text: &[u8]) -> usize {
    let start = if text.starts_with(BOM) { BOM.len() } else { 0 };
    if !text[start..].starts_with(b"#!") {
        return start;
    }
    memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |at| start + at + 1)
}

/// `syntax` and `check` (`DetectSyntax`, `ParseDirective`).
pub(super) fn detect(text: &[u8]) -> (Option<Directive>, Option<Directive>) {
    let start = behind_shebang(text);
    let (mut syntax, mut check) = (None, None);
    each(text, start, b"#", |name, directive| match name {
        Name::Syntax => syntax = syntax.take().or(Some(directive)),
        Name::Check => check = check.take().or(Some(directive)),
        Name::Escape => {}
    });
    if syntax.is_none() {
        each(text, start, b"//", |name, directive| {
            if name == Name::Syntax {
                syntax = syntax.take().or(Some(directive));
            }
        });
    }
    if syntax.is_none() {
        syntax = json::member(&text[start..], Name::Syntax.as_str()).map(|item| {
            let span = Span::new(start + item.range.start, start + item.range.end);
            Directive { value: item.text, value_span: span, line: line_number(text, span.start) }
        });
    }
    (syntax, check)
}

/// Passes on the directives from `start` up to the first line that is not a directive (`ParseAll`). The lines are
/// those of `bufio.ScanLines`: not trimmed, and the first line that is too long ends them.
fn each(text: &[u8], start: usize, comment: &[u8], mut take: impl FnMut(Name, Directive)) {
    let mut header = Header::default();
    let mut at = start;
    let mut number = line_number(text, start);
    while at < text.len() {
        let rest = &text[at..];
        let len = memchr::memchr(b'\n', rest).unwrap_or(rest.len());
        let line = rest[..len].strip_suffix(b"\r").unwrap_or(&rest[..len]);
        match header.line(line, comment) {
            Found::Directive(name, value) if len <= MAX_LINE => {
                let value_span = Span::new(at + value.start, at + value.end);
                let value = go::lossy(&line[value]);
                take(name, Directive { value, value_span, line: number });
            }
            _ => return,
        }
        at += len + 1;
        number += 1;
    }
}

fn line_number(text: &[u8], offset: usize) -> usize {
    1 + memchr::memchr_iter(b'\n', &text[..offset]).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(line: &str) -> Option<&str> {
        directive(line.as_bytes(), b"#").map(|(_, range)| &line[range])
    }

    #[test]
    fn a_directive_is_a_comment_with_a_name_and_a_value() {
        assert_eq!(value("# syntax=docker/dockerfile:1 --x \t"), Some("docker/dockerfile:1 --x"));
        assert_eq!(value("#\u{a0}\tSYNTAX \t= a"), Some("a"));
        assert_eq!(value("#escape=`"), Some("`"));
        assert_eq!(value("#check = skip=all;error=true"), Some("skip=all;error=true"));
        assert_eq!(value("# syntax=  "), Some(" "));
        for none in [
            "# syntax",
            "# syntax=",
            "# syntax:a",
            "# other=a",
            "## syntax=a",
            " # syntax=a",
            "//syntax=a",
            "",
        ] {
            assert_eq!(value(none), None, "{none}");
        }
        // `\s` does not match a vertical tab.
        assert_eq!(value("# syntax=\x0ba"), Some("\x0ba"));
        assert_eq!(value("# syntax\x0b=a"), None);
    }

    #[test]
    fn the_first_other_line_ends_them() {
        let mut header = Header::default();
        assert_eq!(header.line(b"# escape=`", b"#"), Found::Directive(Name::Escape, 9..10));
        assert_eq!(header.line(b"# Escape=`", b"#"), Found::Duplicate(Name::Escape));
        assert_eq!(header.line(b"# check=a", b"#"), Found::Directive(Name::Check, 8..9));
        assert_eq!(header.line(b"", b"#"), Found::Nothing);
        assert_eq!(header.line(b"# syntax=a", b"#"), Found::Nothing);
    }

    fn syntax(text: &str) -> Option<(String, usize)> {
        let found = detect(text.as_bytes()).0?;
        assert_eq!(text[found.value_span.range()].trim_matches('"'), found.value);
        Some((found.value, found.line))
    }

    #[test]
    fn syntax_is_found_in_every_form() {
        let found = |value: &str, line: usize| Some((value.to_owned(), line));
        assert_eq!(syntax("# check=x\r\n# syntax=a b\r\nFROM x"), found("a b", 2));
        assert_eq!(syntax("\u{feff}#syntax=a"), found("a", 1));
        assert_eq!(syntax("#!/bin/x\n#syntax=a"), found("a", 2));
        assert_eq!(syntax("\u{feff}#!/bin/x\r\n// syntax=a"), found("a", 2));
        assert_eq!(syntax("//check=x\n//syntax=a"), found("a", 2));
        assert_eq!(syntax("{\"syntax\": \"a\"}"), found("a", 1));
        assert_eq!(syntax("#!x\n{\n\"syntax\": \"a\"}").map(|found| found.0), Some("a".to_owned()));
        assert_eq!(syntax("\n# syntax=a"), None);
        assert_eq!(syntax(" # syntax=a"), None);
        assert_eq!(syntax("# a comment\n# syntax=a"), None);
        assert_eq!(syntax("# syntax=a\n# syntax=b"), found("a", 1));
        assert_eq!(syntax("# check=a\n# check=b\n# syntax=c"), None);
        assert_eq!(syntax("#!x"), None);
    }

    #[test]
    fn the_place_of_json_has_its_quotes() {
        let text = "#!x\n{\"syntax\":\n \"a\"}";
        let found = detect(text.as_bytes()).0.expect("it is there");
        assert_eq!((&text[found.value_span.range()], found.line), ("\"a\"", 3));
    }

    #[test]
    fn a_line_that_is_too_long_ends_them() {
        let long = format!("# syntax={}", "a".repeat(MAX_LINE));
        assert_eq!(syntax(&long), None);
        assert!(syntax(&long[..MAX_LINE]).is_some());
    }

    #[test]
    fn check_has_one_form() {
        let check = |text: &str| detect(text.as_bytes()).1.map(|found| found.value);
        assert_eq!(check("#!x\n# check=skip=all"), Some("skip=all".to_owned()));
        assert_eq!(check("// check=skip=all"), None);
    }

    #[test]
    fn a_directive_goes_behind_the_mark_and_the_shebang() {
        assert_eq!(behind_shebang(b"FROM a"), 0);
        assert_eq!(behind_shebang(b"\xef\xbb\xbfFROM a"), 3);
        assert_eq!(behind_shebang(b"\xef\xbb\xbf#!a\r\nFROM a"), 8);
        assert_eq!(behind_shebang(b"#!a"), 3);
    }
}
