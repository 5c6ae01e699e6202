//! The values of a bake file's expressions. It never evaluates an expression.

use std::collections::BTreeMap;

use crate::budget::STORED_BYTES;
use crate::text::pattern::Pattern;

/// The value of an expression.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Value {
    Null,
    Bool(bool),
    Text(Pattern),
    /// A number, as it is printed.
    Number(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
    /// Known only in a run; with the text of the expression.
    Unknown(String),
}

impl Value {
    /// Returns the value as part of a text.
    pub(crate) fn pattern(&self) -> Pattern {
        match self {
            Self::Null => Pattern::default(),
            Self::Bool(truth) => Pattern::text(&truth.to_string()),
            Self::Text(text) => text.clone(),
            Self::Number(number) => Pattern::text(number),
            Self::Unknown(words) => Pattern::hole(words),
            Self::List(_) => Pattern::hole("a list"),
            Self::Map(_) => Pattern::hole("a map"),
        }
    }

    /// Returns the number of values that it holds, with one more for each [`STORED_BYTES`] of their texts.
    pub(crate) fn size(&self) -> usize {
        let bytes = match self {
            Self::Null | Self::Bool(_) => 0,
            Self::Text(text) => text.len(),
            Self::Number(text) | Self::Unknown(text) => text.len(),
            Self::List(items) => return items.iter().fold(1, |size, item| size + item.size()),
            Self::Map(entries) => {
                let size = |(key, value): &(String, Self)| key.len() / STORED_BYTES + value.size();
                return entries.iter().fold(1, |all, entry| all + size(entry));
            }
        };
        1 + bytes / STORED_BYTES
    }

    /// Returns the items of a list; empty for anything else.
    pub(crate) fn items(&self) -> &[Self] {
        match self {
            Self::List(items) => items,
            _ => &[],
        }
    }

    /// Returns the keys of a map; empty for anything else.
    pub(crate) fn entries(&self) -> &[(String, Self)] {
        match self {
            Self::Map(entries) => entries,
            _ => &[],
        }
    }

    /// Returns a map in the order of its keys, each with its last value.
    pub(crate) fn map(entries: Vec<(String, Self)>) -> Self {
        let by_key: BTreeMap<String, Self> = entries.into_iter().collect();
        Self::Map(by_key.into_iter().collect())
    }

    /// Returns a whole number.
    pub(crate) fn integer(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.parse().ok(),
            _ => None,
        }
    }

    /// Returns the value of a whole number.
    pub(crate) fn of_integer(number: i64) -> Self {
        Self::Number(number.to_string())
    }

    /// Returns the value of a key or an index.
    pub(crate) fn get(&self, key: &str) -> Option<&Self> {
        match self {
            Self::Map(entries) => entries.iter().rev().find(|(name, _)| name == key).map(|(_, value)| value),
            Self::List(items) => items.get(key.parse::<usize>().ok()?),
            _ => None,
        }
    }

    /// Returns true if two values are equal, if both are known. Values of different types are not.
    pub(crate) fn equals(&self, other: &Self) -> Option<bool> {
        match (self, other) {
            (Self::Text(one), Self::Text(other)) => Some(one.known()? == other.known()?),
            (Self::Unknown(_) | Self::List(_) | Self::Map(_), _)
            | (_, Self::Unknown(_) | Self::List(_) | Self::Map(_)) => None,
            (one, other) => Some(one == other),
        }
    }
}
