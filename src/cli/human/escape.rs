//! Text of others, made harmless: control characters, marks of the reading direction and what takes no room are
//! shown as escapes.

use std::borrow::Cow;

use crate::text::Span;

/// Whether a character would act on the terminal, or hide, instead of being seen.
fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

/// How a hidden character is shown.
fn push(out: &mut String, c: char) {
    match c {
        '\t' | '\n' | '\r' => out.extend(c.escape_default()),
        c if c.is_ascii() => out.extend([format!("\\x{:02x}", u32::from(c))]),
        c => out.extend(c.escape_unicode()),
    }
}

/// One line of text that others wrote.
pub fn shown(text: &str) -> Cow<'_, str> {
    shown_but(text, &[])
}

/// Text of several lines that others may have had a hand in.
pub fn shown_lines(text: &str) -> Cow<'_, str> {
    shown_but(text, &['\n'])
}

fn shown_but<'t>(text: &'t str, kept: &[char]) -> Cow<'t, str> {
    let hides = |c: char| is_hidden(c) && !kept.contains(&c);
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) { push(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Source text as it can be shown, and where each of its bytes went.
pub struct Source {
    /// The text: line breaks and tabs stand, the carriage return before a line break is gone.
    pub text: String,
    places: Vec<usize>,
}

impl Source {
    /// Escapes `bytes`. What is no UTF-8 is shown byte by byte.
    pub fn new(bytes: &[u8]) -> Self {
        let mut text = String::with_capacity(bytes.len());
        let mut places = Vec::with_capacity(bytes.len() + 1);
        let mut at = 0;
        for chunk in bytes.utf8_chunks() {
            for c in chunk.valid().chars() {
                places.resize(places.len() + c.len_utf8(), text.len());
                at += c.len_utf8();
                match c {
                    '\n' | '\t' => text.push(c),
                    '\r' if bytes.get(at) == Some(&b'\n') => {}
                    c if is_hidden(c) => push(&mut text, c),
                    c => text.push(c),
                }
            }
            for byte in chunk.invalid() {
                places.push(text.len());
                at += 1;
                text.extend([format!("\\x{byte:02x}")]);
            }
        }
        places.push(text.len());
        Self { text, places }
    }

    /// Where a span of the bytes is shown.
    pub fn span(&self, span: Span) -> Span {
        let place = |at: usize| self.places.get(at).copied().unwrap_or(self.text.len());
        Span::new(place(span.start), place(span.end))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_acts_on_a_terminal_is_shown_as_an_escape() {
        assert_eq!(shown("plain ünïcode"), "plain ünïcode");
        assert_eq!(shown("a\u{1b}[2Jb\u{7f}"), "a\\x1b[2Jb\\x7f");
        assert_eq!(shown("a\r\nb\tc"), "a\\r\\nb\\tc");
        assert_eq!(shown("a\u{202e}b\u{9b}"), "a\\u{202e}b\\u{9b}");
        assert_eq!(shown_lines("a\nb\u{7}"), "a\nb\\x07");
    }

    #[test]
    fn source_keeps_its_lines_and_knows_its_places() {
        let source = Source::new(b"a\x1bb\xff\r\n\tc");
        assert_eq!(source.text, "a\\x1bb\\xff\n\tc");
        assert_eq!(source.span(Span::new(2, 3)), Span::new(5, 6));
        assert_eq!(source.span(Span::new(7, 8)), Span::new(12, 13));
    }
}
