//! Text functions of Go's standard library that differ from Rust's. BuildKit reads bytes that are UTF-8 only by
//! convention, so these functions never require UTF-8.

use std::borrow::Cow;
use std::fmt::Write as _;
use std::ops::Range;

/// Returns the text of `bytes`, each byte that is not UTF-8 as one U+FFFD, as `utf8.DecodeRune` reads it.
pub(super) fn lossy(bytes: &[u8]) -> String {
    if let Ok(text) = std::str::from_utf8(bytes) {
        return text.to_owned();
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    text
}

/// Returns the length of the white space character (`unicode.IsSpace`) that `bytes` starts with, or 0.
pub(super) fn space_len(bytes: &[u8]) -> usize {
    match bytes.first() {
        Some(b'\t'..=b'\r' | b' ') => 1,
        Some(0x80..) => match bstr::decode_utf8(bytes) {
            (Some(c), len) if c.is_whitespace() => len,
            _ => 0,
        },
        _ => 0,
    }
}

/// Returns true if `unicode.IsSpace(rune(byte))`: the byte is taken as a Latin-1 character.
pub(super) fn is_space_byte(byte: u8) -> bool {
    matches!(byte, b'\t'..=b'\r' | b' ' | 0x85 | 0xa0)
}

/// `strings.TrimLeftFunc(…, unicode.IsSpace)`: returns the start of the rest of `range`.
#[inline]
pub(super) fn trim_start(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    if bytes[range.clone()].first().is_none_or(|b| (b'!'..=b'~').contains(b)) {
        return range;
    }
    trim_spaces(bytes, range)
}

fn trim_spaces(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let mut start = range.start;
    loop {
        match space_len(&bytes[start..range.end]) {
            0 => return start..range.end,
            len => start += len,
        }
    }
}

/// `strings.TrimSpace`: returns the rest of `range`.
pub(super) fn trim(bytes: &[u8], range: Range<usize>) -> Range<usize> {
    let Range { start, mut end } = trim_start(bytes, range);
    while end > start {
        match bytes[end - 1] {
            b'\t'..=b'\r' | b' ' => end -= 1,
            0x80.. => match bstr::decode_last_utf8(&bytes[start..end]) {
                (Some(c), len) if c.is_whitespace() => end -= len,
                _ => break,
            },
            _ => break,
        }
    }
    start..end
}

/// `strings.ToLower`. It maps rune by rune: U+0130 becomes `i` alone, the Kelvin sign `k`.
pub(super) fn lower(text: &str) -> Cow<'_, str> {
    if text.bytes().all(|b| b.is_ascii() && !b.is_ascii_uppercase()) {
        return Cow::Borrowed(text);
    }
    let one = |c: char| if c == '\u{130}' { 'i' } else { c.to_lowercase().next().unwrap_or(c) };
    Cow::Owned(text.chars().map(one).collect())
}

/// `strings.ToUpper`. It maps rune by rune: a rune without an upper case of one rune is unchanged.
pub(super) fn upper(text: &str) -> String {
    let one = |c: char| {
        let mut upper = c.to_uppercase();
        match (upper.next(), upper.next()) {
            (Some(c), None) => c,
            _ => c,
        }
    };
    text.chars().map(one).collect()
}

/// `strconv.Quote`, the verb `%q`.
pub(super) fn quote(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\x07' => out.push_str("\\a"),
            '\x08' => out.push_str("\\b"),
            '\x0c' => out.push_str("\\f"),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '\x0b' => out.push_str("\\v"),
            c if c.is_ascii_control() => {
                let _ = write!(out, "\\x{:02x}", u32::from(c));
            }
            c if c.is_control() || (c.is_whitespace() && c != ' ') => {
                let _ = write!(out, "\\u{:04x}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `strconv.ParseBool`. `None` if it returns an error.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "t" | "T" | "TRUE" | "true" | "True" => Some(true),
        "0" | "f" | "F" | "FALSE" | "false" | "False" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_byte_that_is_not_utf8_is_a_rune() {
        assert_eq!(lossy(b"a\xff\xe2\x82b"), "a\u{fffd}\u{fffd}\u{fffd}b");
        assert_eq!(lossy("ä€".as_bytes()), "ä€");
    }

    #[test]
    fn white_space_is_unicode_in_text_and_latin_1_in_bytes() {
        let text = "\u{a0}\u{2003}\tx y\u{85}\n";
        assert_eq!(&text[trim(text.as_bytes(), 0..text.len())], "x y");
        assert_eq!(space_len(b"\xa0"), 0);
        assert!(is_space_byte(0xa0) && is_space_byte(0x85) && !is_space_byte(0xc2));
        assert_eq!(trim(b"\t ", 0..2), 2..2);
        assert_eq!(trim(b"\x80x\x80", 0..3), 0..3);
    }

    #[test]
    fn case_is_mapped_rune_by_rune() {
        assert_eq!(lower("WOR\u{212a}DIR İ Ä"), "workdir i ä");
        assert_eq!(lower("as it is"), "as it is");
        assert_eq!(upper("onbuıld ſtraße"), "ONBUILD STRAßE");
    }

    #[test]
    fn quotes_are_go_s() {
        assert_eq!(quote("a\"b\\c\n\t\x01\u{a0}é"), r#""a\"b\\c\n\t\x01\u00a0é""#);
        assert_eq!(quote("\x07\x08\x0b\x0c\r\x7f"), r#""\a\b\v\f\r\x7f""#);
    }
}
