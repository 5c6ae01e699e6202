//! The elements that the parts of the page share. Text is escaped by [`maud`]; it is never written as markup.

use std::fmt::Write as _;

use maud::{Markup, PreEscaped, Render, html};

use crate::text::escape::{is_hidden, shown};

/// The place of a figure in the data of the page: a JSON pointer.
#[derive(Clone, Default)]
pub(crate) struct At(String);

impl At {
    /// Returns the place of a key of this object.
    pub(crate) fn key(&self, name: &'static str) -> Self {
        Self(format!("{}/{name}", self.0))
    }

    /// Returns the place of an item in the list under a key of this object.
    pub(crate) fn item(&self, name: &'static str, index: usize) -> Self {
        Self(format!("{}/{name}/{index}", self.0))
    }
}

/// Returns a formatted figure, with the number itself and its place in the data.
pub(crate) fn figure(at: &At, value: impl Render, text: &str) -> Markup {
    html! { data value=(value) data-at=(at.0) { (text) } }
}

/// Returns a link if the address is one of the web; otherwise only its content.
pub(crate) fn link(address: &str, content: &Markup) -> Markup {
    let is_of_the_web = address.starts_with("https://") || address.starts_with("http://");
    html! {
        @if is_of_the_web { a href=(address) rel="noreferrer" { (content) } } @else { span { (content) } }
    }
}

/// Returns a sentence with its own text direction. Its code spans are marked as code.
pub(crate) fn prose(text: &str) -> Markup {
    let spans: Vec<&str> = text.split('`').collect();
    // With an odd number of backticks it is unknown which parts are code.
    if spans.len().is_multiple_of(2) {
        return html! { bdi { (text) } };
    }
    html! {
        bdi {
            @for (at, span) in spans.iter().enumerate() {
                @if at % 2 == 1 && !span.is_empty() { code dir="ltr" { (span) } } @else { (span) }
            }
        }
    }
}

/// Returns markup with invisible characters shown as escapes. Only text has them, since markup is literals of this
/// program.
pub(crate) fn visible(markup: Markup) -> Markup {
    PreEscaped(shown(&markup.into_string()).into_owned())
}

/// Returns JSON for a script element that people may also read in the source: characters that could end the element,
/// and invisible characters, are escaped.
pub(crate) fn inline_json(json: &str) -> Markup {
    let mut out = String::with_capacity(json.len());
    for c in json.chars() {
        if matches!(c, '<' | '>' | '&') || (is_hidden(c) && c != '\n') {
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
    PreEscaped(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let (title, text) = ("\"><script>&\u{202e}", "--></p><script>alert(1)</script>\n\u{200b}é");
        assert_eq!(
            visible(html! { p title=(title) { (text) } }).into_string(),
            "<p title=\"&quot;&gt;&lt;script&gt;&amp;\\u{202e}\">--&gt;&lt;/p&gt;&lt;script&gt;alert(1)\
             &lt;/script&gt;\\n\\u{200b}é</p>"
        );
    }

    /// The text of markup, as a browser reads it; `None` if it has another element than those of sentences.
    fn read(markup: &str) -> Option<String> {
        let mut out = String::new();
        let mut rest = markup;
        while let Some(at) = rest.find(['<', '&']) {
            out.push_str(&rest[..at]);
            let end = if rest[at..].starts_with('<') { '>' } else { ';' };
            let (found, after) = rest[at..].split_once(end)?;
            match found {
                "<bdi" | "</bdi" | "</code" | "<code dir=\"ltr\"" => {}
                "&lt" => out.push('<'),
                "&gt" => out.push('>'),
                "&amp" => out.push('&'),
                "&quot" => out.push('"'),
                _ => return None,
            }
            rest = after;
        }
        out.push_str(rest);
        Some(out)
    }

    proptest! {
        #[test]
        fn a_reader_sees_the_text_once_and_nothing_else(text in "([ -~]|\u{e4}|\u{1f600}|[\t\n\u{202e}\u{200b}`<&;])*") {
            let plain = visible(html! { (text) }).into_string();
            prop_assert_eq!(read(&plain), Some(shown(&text).into_owned()));
            let sentence = visible(prose(&text)).into_string();
            let is_even = text.matches('`').count() % 2 == 0;
            let spans = if is_even { text.replace('`', "") } else { text.clone() };
            prop_assert_eq!(read(&sentence), Some(shown(&spans).into_owned()));
        }

        #[test]
        fn the_json_of_a_page_is_the_value(text in any::<String>()) {
            let inline = inline_json(&serde_json::to_string(&text).unwrap()).into_string();
            prop_assert!(!inline.contains(['<', '>', '&']) && !inline.chars().any(is_hidden), "{inline:?}");
            prop_assert_eq!(serde_json::from_str::<String>(&inline).unwrap(), text);
        }
    }

    #[test]
    fn sentences_mark_their_code() {
        assert_eq!(
            prose("`/a` is <0700>").into_string(),
            "<bdi><code dir=\"ltr\">/a</code> is &lt;0700&gt;</bdi>"
        );
        assert_eq!(prose("a ` b").into_string(), "<bdi>a ` b</bdi>");
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        let links = html! {
            (link("javascript:alert(1)", &html! { "#1" }))
            (link("https://forge/a\"b", &html! { "#2" }))
        };
        let expected = "<span>#1</span><a href=\"https://forge/a&quot;b\" rel=\"noreferrer\">#2</a>";
        assert_eq!(links.into_string(), expected);
    }

    #[test]
    fn json_cannot_end_its_element_and_hides_nothing() {
        let value = "</script><!--&\u{202e}\u{e0041}é";
        let json = serde_json::to_string(value).unwrap();
        let inline = inline_json(&json).into_string();
        assert_eq!(inline, "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u202e\\udb40\\udc41é\"");
        assert_eq!(serde_json::from_str::<String>(&inline).unwrap(), value);
    }
}
