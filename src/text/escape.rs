//! Escapes untrusted text for display: characters that act on a terminal or a page, or that are invisible.
//!
//! This is the only table of such characters. Each output format adds its own escaping: a terminal needs nothing
//! more, Markdown has `markdown`, HTML has the status page's writer.

use std::borrow::Cow;

use super::Span;

/// Returns true if a character would act on a terminal or a page, or be invisible.
pub(crate) fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(
            c,
            '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
                | '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e007f}'
        )
}

fn push_escape(out: &mut String, c: char) {
    match c {
        '\t' | '\n' | '\r' => out.extend(c.escape_default()),
        c if c.is_ascii() => out.extend([format!("\\x{:02x}", u32::from(c))]),
        c => out.extend(c.escape_unicode()),
    }
}

/// Escapes one line of text.
pub fn shown(text: &str) -> Cow<'_, str> {
    shown_but(text, &[])
}

/// Escapes text of several lines; the line breaks are kept.
pub(crate) fn shown_lines(text: &str) -> Cow<'_, str> {
    shown_but(text, &['\n'])
}

fn shown_but<'t>(text: &'t str, kept: &[char]) -> Cow<'t, str> {
    let hides = |c: char| is_hidden(c) && !kept.contains(&c);
    if !text.chars().any(hides) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        if hides(c) { push_escape(&mut out, c) } else { out.push(c) }
    }
    Cow::Owned(out)
}

/// Source text escaped for display, and the place of each of its bytes in the result.
pub(crate) struct ShownSource {
    /// The text with its line breaks and tabs; a carriage return before a line break is removed.
    pub(crate) text: String,
    places: Vec<usize>,
}

impl ShownSource {
    /// Escapes `bytes`. Bytes that are not UTF-8 are shown one by one.
    pub(crate) fn new(bytes: &[u8]) -> Self {
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
                    c if is_hidden(c) => push_escape(&mut text, c),
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

    /// Returns the place of a span of the bytes in the shown text.
    pub(crate) fn span(&self, span: Span) -> Span {
        let place = |at: usize| self.places.get(at).copied().unwrap_or(self.text.len());
        Span::new(place(span.start), place(span.end))
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        let source = ShownSource::new(b"a\x1bb\xff\r\n\tc");
        assert_eq!(source.text, "a\\x1bb\\xff\n\tc");
        assert_eq!(source.span(Span::new(2, 3)), Span::new(5, 6));
        assert_eq!(source.span(Span::new(7, 8)), Span::new(12, 13));
    }

    proptest! {
        #[test]
        fn what_is_shown_acts_on_nothing_and_a_plain_text_stays(text in any::<String>()) {
            let out = shown(&text);
            prop_assert!(!out.chars().any(is_hidden), "{out:?}");
            prop_assert_eq!(text.chars().any(is_hidden), out != text);
            prop_assert_eq!(shown(&out), out.clone(), "it is escaped once");
            prop_assert_eq!(shown_lines(&text).matches('\n').count(), text.matches('\n').count());
        }
    }
}
