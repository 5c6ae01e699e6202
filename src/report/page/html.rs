//! HTML that is escaped by construction: markup is a literal of this program, and everything else is text. It never
//! writes text of the repository as markup.

use std::fmt::Display;
use std::fmt::Write as _;

use crate::text::escape::{is_hidden, shown};

/// HTML that is being written.
#[derive(Default)]
pub struct Html {
    out: String,
}

/// The place of a figure in the data of the page: a JSON pointer.
#[derive(Clone, Default)]
pub struct At(String);

impl At {
    /// Returns the place of a key of this object.
    pub fn key(&self, name: &'static str) -> Self {
        Self(format!("{}/{name}", self.0))
    }

    /// Returns the place of an item in the list under a key of this object.
    pub fn item(&self, name: &'static str, index: usize) -> Self {
        Self(format!("{}/{name}/{index}", self.0))
    }
}

impl Html {
    /// Writes an element with the content that `content` writes.
    pub fn element(
        &mut self,
        name: &'static str,
        attributes: &[(&'static str, &str)],
        content: impl FnOnce(&mut Self),
    ) -> &mut Self {
        self.out.extend(["<", name]);
        for (attribute, value) in attributes {
            self.out.extend([" ", attribute, "=\""]);
            self.text(value);
            self.out.push('"');
        }
        self.out.push('>');
        content(self);
        self.out.extend(["</", name, ">"]);
        self
    }

    /// Writes an element with a class and text.
    pub fn words(&mut self, name: &'static str, class: &'static str, text: &str) -> &mut Self {
        self.element(name, &[("class", class)], |html| {
            html.text(text);
        })
    }

    /// Writes an element with text.
    pub fn plain(&mut self, name: &'static str, text: &str) -> &mut Self {
        self.element(name, &[], |html| {
            html.text(text);
        })
    }

    /// Writes text. Markup characters and invisible characters are escaped.
    pub fn text(&mut self, text: &str) -> &mut Self {
        for c in shown(text).chars() {
            match c {
                '<' => self.out.push_str("&lt;"),
                '>' => self.out.push_str("&gt;"),
                '&' => self.out.push_str("&amp;"),
                '"' => self.out.push_str("&quot;"),
                '\'' => self.out.push_str("&#39;"),
                c => self.out.push(c),
            }
        }
        self
    }

    /// Writes a formatted figure, with the number itself and its place in the data.
    pub fn figure(&mut self, at: &At, value: impl Display, text: &str) -> &mut Self {
        self.element("data", &[("value", &value.to_string()), ("data-at", &at.0)], |html| {
            html.text(text);
        })
    }

    /// Writes a link if the address is one of the web; otherwise only its content.
    pub fn anchor(&mut self, address: &str, content: impl FnOnce(&mut Self)) -> &mut Self {
        if address.starts_with("https://") || address.starts_with("http://") {
            self.element("a", &[("href", address), ("rel", "noreferrer")], content)
        } else {
            self.element("span", &[], content)
        }
    }

    /// Writes text as a link.
    pub fn link(&mut self, address: &str, text: &str) -> &mut Self {
        self.anchor(address, |html| {
            html.text(text);
        })
    }

    /// Returns the HTML.
    pub fn into_string(self) -> String {
        self.out
    }
}

/// Returns JSON for a script element that people may also read in the source: characters that could end the element,
/// and invisible characters, are escaped.
pub fn inline_json(json: &str) -> String {
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
    out
}

/// Fills the slots `{{name}}` of a template. The values are not searched for slots.
///
/// # Panics
///
/// If the template, which is part of this program, has a slot that `slots` does not name.
pub fn fill(template: &'static str, slots: &[(&'static str, &str)]) -> String {
    let mut parts = template.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").unwrap_or_else(|| panic!("a slot does not end: {part}"));
        let slot = slots.iter().find(|(slot, _)| *slot == name);
        let (_, value) = slot.unwrap_or_else(|| panic!("nothing fills the slot {name}"));
        out.extend([*value, rest]);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_attributes_are_escaped() {
        let mut html = Html::default();
        html.element("p", &[("title", "\"><script>'&\u{202e}")], |html| {
            html.text("--></p><script>alert(1)</script>\n\u{200b}é");
        });
        assert_eq!(
            html.into_string(),
            "<p title=\"&quot;&gt;&lt;script&gt;&#39;&amp;\\u{202e}\">--&gt;&lt;/p&gt;&lt;script&gt;alert(1)\
             &lt;/script&gt;\\n\\u{200b}é</p>"
        );
    }

    #[test]
    fn only_addresses_of_the_web_are_links() {
        let mut html = Html::default();
        html.link("javascript:alert(1)", "#1").link("https://forge/a\"b", "#2");
        let expected = "<span>#1</span><a href=\"https://forge/a&quot;b\" rel=\"noreferrer\">#2</a>";
        assert_eq!(html.into_string(), expected);
    }

    #[test]
    fn json_can_not_end_its_element_and_hides_nothing() {
        let value = "</script><!--&\u{202e}\u{e0041}é";
        let json = serde_json::to_string(value).unwrap();
        let inline = inline_json(&json);
        assert_eq!(inline, "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u202e\\udb40\\udc41é\"");
        assert_eq!(serde_json::from_str::<String>(&inline).unwrap(), value);
    }

    #[test]
    fn what_fills_a_slot_is_not_a_template() {
        assert_eq!(fill("a{{x}}b{{y}}", &[("x", "{{y}}"), ("y", "2")]), "a{{y}}b2");
    }
}
