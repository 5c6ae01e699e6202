//! Source text as it can be shown, with the places of its bytes.

use crate::text::Span;
use crate::text::display::{is_hidden, push_hidden};

pub use crate::text::display::{shown, shown_lines};

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
                    c if is_hidden(c) => push_hidden(&mut text, c),
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
    fn source_keeps_its_lines_and_knows_its_places() {
        let source = Source::new(b"a\x1bb\xff\r\n\tc");
        assert_eq!(source.text, "a\\x1bb\\xff\n\tc");
        assert_eq!(source.span(Span::new(2, 3)), Span::new(5, 6));
        assert_eq!(source.span(Span::new(7, 8)), Span::new(12, 13));
    }
}
