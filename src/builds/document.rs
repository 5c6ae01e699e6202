//! Keys, lists and texts with their lines: what YAML and JSON have in common. Nothing here reads a file.

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// The line, 1-based; of a YAML block the first of its text.
    pub line: usize,
    pub value: Value,
}

/// What a [`Node`] holds.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    /// A text, a number or a truth value, as a template would print it.
    Text(String),
    List(Vec<Node>),
    Map(Vec<Entry>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Entry {
    pub key: String,
    /// The line of the key, 1-based.
    pub line: usize,
    pub value: Node,
}

impl Node {
    /// The keys of a map; none of anything else.
    pub fn entries(&self) -> &[Entry] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; none of anything else.
    pub fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// A text; None for anything else.
    pub fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// What stands under a key; of several the last.
    pub fn entry(&self, key: &str) -> Option<&Entry> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// The value under a key, and under a key of that, and so on.
    pub fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }
}

/// An unquoted text as YAML and JSON readers print what they take it for: `1.10` is the number 1.1.
pub(super) fn printed(plain: &str) -> Value {
    match plain {
        "" | "~" | "null" | "Null" | "NULL" => return Value::Null,
        "True" | "TRUE" => return Value::Text("true".into()),
        "False" | "FALSE" => return Value::Text("false".into()),
        _ => {}
    }
    let digits = plain.strip_prefix('-').unwrap_or(plain);
    let number = digits.split_once('.').filter(|(whole, fraction)| {
        let all_digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
        all_digits(whole) && all_digits(fraction)
    });
    let text = if number.is_some() { plain.trim_end_matches('0').trim_end_matches('.') } else { plain };
    Value::Text(text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_printed_as_its_value() {
        let cases = [
            ("1.10", "1.1"),
            ("3.0", "3"),
            ("10", "10"),
            ("1.20.0", "1.20.0"),
            ("v1.10", "v1.10"),
            ("-0.50", "-0.5"),
            ("True", "true"),
        ];
        for (plain, shown) in cases {
            assert_eq!(printed(plain), Value::Text(shown.into()), "{plain}");
        }
        assert_eq!(printed("~"), Value::Null);
    }
}
