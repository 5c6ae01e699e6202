//! Keys, lists and texts with their lines, as in both YAML and JSON. It never reads a file.

/// A value and its line.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Node {
    /// The line, 1-based; for a YAML block the first line of its text.
    pub(crate) line: usize,
    pub(crate) value: Value,
    /// The local tag of a YAML value, such as `!reset`.
    pub(crate) tag: Option<String>,
}

/// The content of a [`Node`].
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    /// A text, a number or a Boolean, as a template would print it.
    Text(String),
    List(Vec<Node>),
    Map(Vec<KeyValue>),
}

/// A key and its value.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct KeyValue {
    pub(crate) key: String,
    /// The line of the key, 1-based.
    pub(crate) line: usize,
    pub(crate) value: Node,
}

impl Node {
    /// Returns a value without a tag.
    pub(crate) fn new(line: usize, value: Value) -> Self {
        Self { line, value, tag: None }
    }

    /// Returns about the bytes that it takes.
    pub(crate) fn bytes(&self) -> usize {
        let below = match &self.value {
            Value::Null => 0,
            Value::Text(text) => text.len(),
            Value::List(items) => items.iter().map(Self::bytes).sum(),
            Value::Map(entries) => entries.iter().map(|entry| entry.key.len() + entry.value.bytes()).sum(),
        };
        size_of::<Self>() + below
    }

    /// Returns the keys of a map; empty for anything else.
    pub(crate) fn entries(&self) -> &[KeyValue] {
        match &self.value {
            Value::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns the items of a list; empty for anything else.
    pub(crate) fn items(&self) -> &[Node] {
        match &self.value {
            Value::List(items) => items,
            _ => &[],
        }
    }

    /// Returns a text; `None` for anything else.
    pub(crate) fn text(&self) -> Option<&str> {
        match &self.value {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Returns the entry of a key; the last if there are several.
    pub(crate) fn entry(&self, key: &str) -> Option<&KeyValue> {
        self.entries().iter().rev().find(|entry| entry.key == key)
    }

    /// Returns the value of a key, to change it.
    pub(crate) fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Value::Map(entries) = &mut self.value else { return None };
        entries.iter_mut().rev().find(|entry| entry.key == key).map(|entry| &mut entry.value)
    }

    /// Returns the value of a key.
    pub(crate) fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|entry| &entry.value)
    }

    /// Returns the value of a key in any letter case.
    pub(crate) fn get_in_any_case(&self, key: &str) -> Option<&Node> {
        let found = self.entries().iter().rev().find(|entry| entry.key.eq_ignore_ascii_case(key));
        found.map(|entry| &entry.value)
    }

    /// Returns the value at a path of keys.
    pub(crate) fn at(&self, keys: &[&str]) -> Option<&Node> {
        keys.iter().try_fold(self, |node, key| node.get(key))
    }
}

/// Returns an unquoted text as YAML and JSON readers print its value: `1.10` is the number 1.1.
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
