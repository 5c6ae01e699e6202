//! JSON as Go's `encoding/json` reads it into `[]any` and `map[string]any`, limited to what Dockerfiles need: arrays
//! of strings, and the string members of an object.
//!
//! It accepts and refuses the same text as Go: bytes in strings that are not UTF-8 become U+FFFD, as do halves of
//! surrogate pairs, numbers beyond a float64 make the whole value unreadable, and nesting ends at 10,000.

use std::ops::Range;

use super::go;

/// The limit on the nesting of values in Go's scanner (`maxNestingDepth`).
const MAX_DEPTH: usize = 10_000;

/// A string of an array: its value and its position, quotes included.
pub(super) struct Item {
    pub(super) text: String,
    pub(super) range: Range<usize>,
}

/// The result of BuildKit's `parseJSON` for an argument.
pub(super) enum Array {
    /// An array of strings.
    Strings(Vec<Item>),
    /// An array that holds something else, which BuildKit refuses (`errDockerfileNotStringArray`).
    Mixed,
    /// Not an array: BuildKit reads words instead.
    Invalid,
}

/// Parses `bytes[range]`, which must be trimmed, as an array.
pub(super) fn array(bytes: &[u8], range: Range<usize>) -> Array {
    if bytes.get(range.start) != Some(&b'[') || range.is_empty() {
        return Array::Invalid;
    }
    let mut scanner = Scanner { bytes: &bytes[..range.end], pos: range.start + 1 };
    match scanner.items() {
        Some((items, strings)) if scanner.at_end() => {
            if strings {
                Array::Strings(items)
            } else {
                Array::Mixed
            }
        }
        _ => Array::Invalid,
    }
}

/// Returns the member `key` of an object, if the whole of `bytes` is an object and the member is a string. If there
/// are several, the last counts.
pub(super) fn member(bytes: &[u8], key: &str) -> Option<Item> {
    let mut scanner = Scanner { bytes, pos: 0 };
    scanner.spaces();
    scanner.byte(b'{')?;
    let mut found = None;
    scanner.spaces();
    if scanner.byte(b'}').is_none() {
        loop {
            scanner.spaces();
            let name = scanner.string()?;
            scanner.spaces();
            scanner.byte(b':')?;
            scanner.spaces();
            let value = if scanner.peek() == Some(b'"') {
                Some(scanner.string()?)
            } else {
                scanner.skip(1)?;
                None
            };
            if name.text == key {
                found = value;
            }
            scanner.spaces();
            if scanner.byte(b',').is_none() {
                scanner.byte(b'}')?;
                break;
            }
        }
    }
    found.filter(|_| scanner.at_end())
}

struct Scanner<'a> {
    bytes: &'a [u8],
    pos: usize,
}

impl Scanner<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.pos).copied()
    }

    fn byte(&mut self, wanted: u8) -> Option<()> {
        (self.peek() == Some(wanted)).then(|| self.pos += 1)
    }

    fn spaces(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.pos += 1;
        }
    }

    fn at_end(&mut self) -> bool {
        self.spaces();
        self.pos == self.bytes.len()
    }

    /// Parses the strings of an array after its `[`. The flag is true if the array contains nothing else.
    fn items(&mut self) -> Option<(Vec<Item>, bool)> {
        let mut items = Vec::new();
        let mut strings = true;
        self.spaces();
        if self.byte(b']').is_some() {
            return Some((items, strings));
        }
        loop {
            self.spaces();
            if self.peek() == Some(b'"') {
                items.push(self.string()?);
            } else {
                self.skip(1)?;
                strings = false;
            }
            self.spaces();
            if self.byte(b',').is_none() {
                self.byte(b']')?;
                return Some((items, strings));
            }
        }
    }

    /// Skips a value at nesting depth `depth`.
    fn skip(&mut self, depth: usize) -> Option<()> {
        let mut open = Vec::new();
        loop {
            self.spaces();
            match self.peek()? {
                b'"' => drop(self.string()?),
                b'-' | b'0'..=b'9' => self.number()?,
                b't' => self.literal(b"true")?,
                b'f' => self.literal(b"false")?,
                b'n' => self.literal(b"null")?,
                bracket @ (b'[' | b'{') => {
                    self.pos += 1;
                    open.push(bracket);
                    if depth + open.len() > MAX_DEPTH {
                        return None;
                    }
                    self.spaces();
                    // In ASCII the code of a closing bracket is that of its opening one plus two.
                    if self.peek() != Some(bracket + 2) {
                        if bracket == b'{' {
                            self.name()?;
                        }
                        continue;
                    }
                }
                _ => return None,
            }
            // After a value: close the arrays and objects that end here, and continue after a comma.
            loop {
                let Some(&bracket) = open.last() else { return Some(()) };
                self.spaces();
                if self.byte(bracket + 2).is_some() {
                    open.pop();
                    continue;
                }
                self.byte(b',')?;
                if bracket == b'{' {
                    self.name()?;
                }
                break;
            }
        }
    }

    /// Parses the name of a member and its colon.
    fn name(&mut self) -> Option<()> {
        self.spaces();
        self.string()?;
        self.spaces();
        self.byte(b':')
    }

    fn literal(&mut self, wanted: &[u8]) -> Option<()> {
        self.bytes[self.pos..].starts_with(wanted).then(|| self.pos += wanted.len())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.pos;
        while matches!(self.peek(), Some(b'0'..=b'9')) {
            self.pos += 1;
        }
        (self.pos > start).then_some(())
    }

    /// Parses a number that a float64 can hold; Go reports the others as `UnmarshalTypeError`.
    fn number(&mut self) -> Option<()> {
        let start = self.pos;
        self.byte(b'-');
        if self.byte(b'0').is_none() {
            self.digits()?;
        }
        if self.byte(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.pos += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.pos += 1;
            }
            self.digits()?;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.pos]).ok()?;
        text.parse::<f64>().ok().filter(|number| number.is_finite()).map(|_| ())
    }

    /// Parses a string from its opening to its closing quote.
    fn string(&mut self) -> Option<Item> {
        let start = self.pos;
        self.byte(b'"')?;
        let mut text = String::new();
        let mut plain = self.pos;
        loop {
            match self.peek()? {
                b'"' => break,
                b'\\' => {
                    text.push_str(&go::lossy(&self.bytes[plain..self.pos]));
                    text.push(self.escape()?);
                    plain = self.pos;
                }
                ..b' ' => return None,
                _ => self.pos += 1,
            }
        }
        let rest = go::lossy(&self.bytes[plain..self.pos]);
        let text = if text.is_empty() { rest } else { text + &rest };
        self.pos += 1;
        Some(Item { text, range: start..self.pos })
    }

    /// Parses an escape sequence from its backslash.
    fn escape(&mut self) -> Option<char> {
        self.pos += 1;
        let c = match self.peek()? {
            b'b' => '\x08',
            b'f' => '\x0c',
            b'n' => '\n',
            b'r' => '\r',
            b't' => '\t',
            c @ (b'"' | b'\\' | b'/') => char::from(c),
            b'u' => {
                let unit = self.unit(self.pos)?;
                self.pos += 5;
                return Some(self.rune(unit));
            }
            _ => return None,
        };
        self.pos += 1;
        Some(c)
    }

    /// Returns the code unit whose `u` is at `pos`.
    fn unit(&self, pos: usize) -> Option<u16> {
        let digits =
            self.bytes.get(pos + 1..pos + 5).filter(|digits| digits.iter().all(u8::is_ascii_hexdigit))?;
        u16::from_str_radix(std::str::from_utf8(digits).ok()?, 16).ok()
    }

    /// Returns the rune of a code unit, with the second half of a pair if that follows.
    fn rune(&mut self, unit: u16) -> char {
        let second = self.bytes[self.pos..].starts_with(b"\\u").then(|| self.unit(self.pos + 1)).flatten();
        let mut pair = char::decode_utf16([unit, second.unwrap_or_default()]);
        match pair.next() {
            Some(Ok(c)) => {
                if c.len_utf16() == 2 {
                    self.pos += 6;
                }
                c
            }
            _ => char::REPLACEMENT_CHARACTER,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: impl AsRef<[u8]>) -> Result<Vec<String>, &'static str> {
        let bytes = text.as_ref();
        match array(bytes, 0..bytes.len()) {
            Array::Strings(items) => Ok(items.into_iter().map(|item| item.text).collect()),
            Array::Mixed => Err("mixed"),
            Array::Invalid => Err("invalid"),
        }
    }

    fn strings(texts: &[&str]) -> Vec<String> {
        texts.iter().map(|&text| text.to_owned()).collect()
    }

    #[test]
    fn arrays_of_strings_are_read() {
        assert_eq!(read("[]"), Ok(strings(&[])));
        assert_eq!(read("[ \"a b\"\t,\r\n\"\" ]"), Ok(strings(&["a b", ""])));
        assert_eq!(read(r#"["\"\\\/\b\f\n\r\t"]"#), Ok(strings(&["\"\\/\x08\x0c\n\r\t"])));
        assert_eq!(read("[\"é\x7f\"]"), Ok(strings(&["é\x7f"])));
    }

    #[test]
    fn places_cover_the_quotes() {
        let text = br#"COPY ["a", "\u0062"]"#;
        let Array::Strings(items) = array(text, 5..text.len()) else { panic!("it is an array") };
        assert_eq!(items.iter().map(|item| item.range.clone()).collect::<Vec<_>>(), [6..9, 11..19]);
        assert_eq!(items[1].text, "b");
    }

    #[test]
    fn what_is_no_unicode_is_replaced() {
        assert_eq!(read(br#"["\ud83d\ude00"]"#), Ok(strings(&["😀"])));
        assert_eq!(read(br#"["\ud83d"]"#), Ok(strings(&["\u{fffd}"])));
        assert_eq!(read(br#"["\ud83d\u0041"]"#), Ok(strings(&["\u{fffd}A"])));
        assert_eq!(read(br#"["\ude00\ud83d\ude00"]"#), Ok(strings(&["\u{fffd}😀"])));
        assert_eq!(read(br#"["\ud83d\x"]"#), Err("invalid"));
        assert_eq!(read(b"[\"\xff\xe2\x82\"]"), Ok(strings(&["\u{fffd}\u{fffd}\u{fffd}"])));
    }

    #[test]
    fn arrays_of_something_else_are_told_apart() {
        for text in
            ["[1]", "[\"a\", null]", "[true,false]", "[[\"a\"]]", "[{\"a\": [1, {}]}, []]", "[-0.5e+3]"]
        {
            assert_eq!(read(text), Err("mixed"), "{text}");
        }
    }

    #[test]
    fn what_go_refuses_is_no_array() {
        let refused = [
            "",
            "[",
            "[\"a\"",
            "[\"a\",]",
            "[,]",
            "[\"a\" \"b\"]",
            "['a']",
            "[\"a\"] b",
            "[\"a\nb\"]",
            "[\"\\'\"]",
            "[\"\\u12g4\"]",
            "[\"\\u+123\"]",
            "[01]",
            "[1.]",
            "[.5]",
            "[1e]",
            "[+1]",
            "[-]",
            "[1e999]",
            "[[1e999]]",
            "[{\"a\":1e999}]",
            "[tru]",
            "[{a:1}]",
            "[{\"a\" 1}]",
            "[{\"a\":1,}]",
            "[{]",
            "\u{a0}[]",
            "{}",
            "[{\"a\":}]",
            "[[}]",
            "[\"a",
            "[\"\\",
        ];
        for text in refused {
            assert_eq!(read(text), Err("invalid"), "{text}");
        }
        assert_eq!(read("[1e-999]"), Err("mixed"));
    }

    #[test]
    fn nesting_ends_where_go_s_does() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert_eq!(read(nested(10_000)), Err("mixed"));
        assert_eq!(read(nested(10_001)), Err("invalid"));
    }

    #[test]
    fn members_are_found_by_name() {
        let text = |text: &str| member(text.as_bytes(), "syntax").map(|item| item.text);
        assert_eq!(text(" {\"a\": [1], \"s\\u0079ntax\" : \"x\" }\n"), Some("x".to_owned()));
        assert_eq!(text(r#"{"syntax": "x", "syntax": "y"}"#), Some("y".to_owned()));
        assert_eq!(text(r#"{"syntax": "x", "syntax": 1}"#), None);
        for none in
            ["{}", r#"{"Syntax": "x"}"#, r#"{"syntax": "x"} y"#, r#"{"syntax": "x", "a": 1e999}"#, "[]", ""]
        {
            assert_eq!(text(none), None, "{none}");
        }
    }
}
