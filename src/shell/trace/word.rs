//! The words of a build script, as bash reads them. What is not known becomes a hole that is named after where it comes
//! from.

use brush_parser::word::{Parameter, SpecialParameter};

use super::super::word::{self, Found, Reading, Values};
use super::env::{Env, Value};
use super::walk::Walker;
use crate::text::pattern::Pattern;

/// The hole of a wildcard.
pub(super) const WILDCARD: &str = "*";
/// The hole of the unknown arguments.
pub(super) const ARGUMENTS: &str = "@";

/// Expands the words of one command of one shell.
pub(super) struct Expander<'e, 'w, 'a> {
    pub(crate) walker: &'e mut Walker<'a>,
    pub(crate) env: &'w mut Env,
    pub(crate) line: usize,
}

impl Expander<'_, '_, '_> {
    /// The arguments that a word becomes.
    pub(crate) fn fields(&mut self, word: &str) -> Vec<Pattern> {
        word::fields(self, word).iter().map(|word| word.pattern(Some(WILDCARD))).collect()
    }

    /// The value of a word where nothing is split.
    pub(crate) fn value(&mut self, word: &str) -> Pattern {
        word::value(self, word).pattern(None)
    }

    fn find(&self, parameter: &Parameter) -> Found {
        let arguments = &self.env.arguments;
        match parameter {
            Parameter::Special(SpecialParameter::AllPositionalParameters { .. }) => {
                let open = arguments.open.map(|_| Pattern::hole(ARGUMENTS));
                Found::Words(arguments.known.iter().cloned().chain(open).collect())
            }
            Parameter::Positional(number) => {
                let index = *number as usize - 1;
                match (arguments.known.get(index), arguments.open) {
                    (Some(known), _) => text(known),
                    (None, Some(first)) => {
                        Found::Unknown((first + index - arguments.known.len()).to_string())
                    }
                    (None, None) => Found::Unset,
                }
            }
            Parameter::Special(special) => self.variable(&special.to_string()),
            Parameter::Named(name) => self.variable(name),
            Parameter::NamedWithIndex { name, index } => {
                let element = match (self.env.get(name), index.parse::<usize>()) {
                    (Some(Value::Many(values)), Ok(index)) => values.get(index).map(text),
                    (Some(Value::One(value)), Ok(0)) => Some(text(value)),
                    (None, Ok(0)) => Some(self.variable(name)),
                    _ => None,
                };
                element.unwrap_or_else(|| Found::Unknown(format!("{name}[{index}]")))
            }
            Parameter::NamedWithAllIndices { name, .. } => match self.env.get(name) {
                Some(Value::Many(values)) => Found::Words(values.clone()),
                Some(Value::One(value)) => text(value),
                Some(Value::Unset) => Found::Words(Vec::new()),
                None => Found::Unknown(format!("{name}[@]")),
            },
        }
    }

    fn variable(&self, name: &str) -> Found {
        match self.env.get(name) {
            Some(Value::One(value)) => text(value),
            Some(Value::Many(values)) => values.first().map_or(Found::Unset, text),
            Some(Value::Unset) => Found::Unset,
            None if name == "PWD" => Found::Text(self.env.folder.clone()),
            None if self.env.is_lost() && !matches!(name, "0" | "BASH_SOURCE") => {
                Found::Unknown(name.to_owned())
            }
            None => {
                let given = self.walker.surroundings.variable(name);
                given.map_or_else(|| Found::Unknown(name.to_owned()), |value| text(&value))
            }
        }
    }
}

/// A value. One of which nothing is known may not be set; a root is.
fn text(value: &Pattern) -> Found {
    match value.as_hole() {
        Some(hole) if hole != super::ROOT && hole != super::START => Found::Unknown(hole.to_owned()),
        _ => Found::Text(value.clone()),
    }
}

impl Values for Expander<'_, '_, '_> {
    fn reading(&self) -> Reading {
        Reading::Bash
    }

    fn parameter(&mut self, parameter: &Parameter) -> Found {
        let found = self.find(parameter);
        let length = |word: &Pattern| word.parts().len() * 8 + word.known().map_or(64, str::len);
        self.walker.spend(match &found {
            Found::Text(text) => length(text),
            Found::Words(words) => words.iter().map(length).sum(),
            Found::Unknown(_) | Found::Unset => 0,
        });
        found
    }

    fn splits_plainly(&self) -> bool {
        true
    }

    fn assign(&mut self, name: &str, value: Option<Pattern>) {
        self.env.set(name, Value::One(value.unwrap_or_else(|| Pattern::hole(name))), name);
    }

    fn default(&mut self, hole: &str, value: Pattern) {
        self.env.note_default(hole, value);
    }

    fn substitute(&mut self, script: &str) -> Pattern {
        self.walker.substitute(self.env, script, self.line)
    }

    fn arithmetic(&mut self, expression: &str) -> Pattern {
        Pattern::hole(&format!("$(({}", expression.trim()))
    }

    fn unread(&mut self, _: &str) {}

    fn spend(&mut self, bytes: usize) -> bool {
        self.walker.spend(bytes)
    }
}
