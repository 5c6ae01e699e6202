//! The words of a RUN: what of them is certain whatever shell of the dialect reads them, and what their expansion does
//! besides.

use brush_parser::word::Parameter;

use super::Lookup;
use super::expanded::{Expanded, Piece};
use super::state::{Dialect, State};
use super::word::{self, Found, Reading, Values, name_length};
use crate::text::cut;
use crate::text::pattern::Pattern;

/// A word after expansion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Field {
    /// Exactly this argument.
    Literal(String),
    /// A pattern of file names: the paths that match, or the pattern itself.
    Glob(String),
    /// Any number of arguments, perhaps none, that start with this.
    Prefix(String),
}

impl Field {
    pub(crate) fn literal(&self) -> Option<&str> {
        match self {
            Self::Literal(text) => Some(text),
            Self::Glob(_) | Self::Prefix(_) => None,
        }
    }

    /// Returns the known start.
    pub(crate) fn known(&self) -> &str {
        match self {
            Self::Literal(text) | Self::Glob(text) | Self::Prefix(text) => text,
        }
    }

    /// Returns what is certain of a word: it is cut off where an unknown part begins.
    fn of(word: &Expanded, noglob: bool) -> Self {
        let (mut text, mut special, mut bracket) = (String::new(), None, false);
        let (mut is_glob, mut is_literal, mut is_cut) = (false, false, false);
        for piece in word.pieces() {
            match piece {
                Piece::Text(piece) => {
                    is_literal |= piece.contains(['*', '?', '[']);
                    // A bracket alone is the command `[`.
                    is_glob |= bracket && piece.contains(']');
                    special = special.or_else(|| Some(text.len() + piece.find(['*', '?', '['])?));
                    text.push_str(piece);
                }
                Piece::Wildcard(c) => {
                    bracket |= *c == '[';
                    is_glob |= *c != '[';
                    special = special.or(Some(text.len()));
                    text.push(*c);
                }
                Piece::Hole(_) => {
                    is_cut = true;
                    break;
                }
            }
        }
        // A pattern in which some wildcards are literal is not distinguishable.
        if is_cut || (is_glob && (is_literal || noglob)) {
            text.truncate(special.filter(|_| is_glob).unwrap_or(text.len()));
            Self::Prefix(text)
        } else if is_glob {
            Self::Glob(text)
        } else {
            Self::Literal(text)
        }
    }
}

/// Expands words, and collects what they do besides.
pub(super) struct Expander<'a> {
    pub(crate) state: &'a State,
    pub(crate) env: &'a dyn Fn(&str) -> Lookup,
    /// The scripts of command substitutions.
    pub(crate) substitutions: Vec<String>,
    /// Variables that the words may assign to.
    pub(crate) assigned: Vec<String>,
    /// Texts that may assign to any variable and run any command that they name.
    pub(crate) wild: Vec<String>,
}

impl Expander<'_> {
    /// Returns the arguments that `word` becomes.
    pub(crate) fn fields(&mut self, word: &str) -> Vec<Field> {
        let noglob = self.state.noglob;
        word::fields(self, word).iter().map(|word| Field::of(word, noglob)).collect()
    }

    /// Returns the value of `word` where nothing is split: in an assignment.
    pub(crate) fn value(&mut self, word: &str) -> Lookup {
        let value = word::value(self, word).pattern(None);
        match value.known() {
            // A tilde after a colon is expanded, by some shells behind quotes too.
            Some(value) if !word.contains(":~") => Lookup::Set(value.to_owned()),
            _ => Lookup::Unknown,
        }
    }

    /// Collects the substitutions in the body of a heredoc. Returns true if the body stays as it is.
    pub(crate) fn heredoc(&mut self, body: &str) -> bool {
        if !body.contains(['$', '`', '\\']) {
            return true;
        }
        self.unread(body);
        false
    }

    fn lookup(&self, name: &str) -> Lookup {
        if !self.wild.is_empty() || self.assigned.iter().any(|assigned| assigned == name) {
            return Lookup::Unknown;
        }
        self.state.variable(name, self.env)
    }

    /// Notes that an arithmetic expression may give any variable that it names a value. The value of a variable is an
    /// expression itself, so that one that is not a number makes every variable unknown.
    pub(crate) fn evaluate(&mut self, expression: &str) {
        if expression.contains(['$', '`', '[', '"', '\'', '\\', '{']) {
            return self.wild.push(expression.to_owned());
        }
        let (mut rest, mut is_wild) = (expression, false);
        while let Some(at) = rest.find(|c: char| c.is_ascii_alphabetic() || c == '_') {
            let found = cut::from(rest, at);
            let (name, after) = cut::split(found, name_length(found));
            let is_number = |value: &str| value.bytes().all(|byte| byte.is_ascii_digit());
            match self.state.variable(name, self.env) {
                Lookup::Set(value) if is_number(&value) => {}
                Lookup::Unset => {}
                _ => is_wild = true,
            }
            self.assigned.push(name.to_owned());
            rest = after;
        }
        if is_wild {
            self.wild.push(expression.to_owned());
        }
    }
}

impl Values for Expander<'_> {
    fn reading(&self) -> Reading {
        Reading::Certain { braces: self.state.dialect == Dialect::Bash }
    }

    fn parameter(&mut self, parameter: &Parameter) -> Found {
        let Parameter::Named(name) = parameter else { return Found::Unknown(parameter.to_string()) };
        match self.lookup(name) {
            Lookup::Set(value) => Found::Text(Pattern::text(&value)),
            Lookup::Unset => Found::Unset,
            Lookup::Unknown => Found::Unknown(name.clone()),
        }
    }

    fn splits_plainly(&self) -> bool {
        self.state.splits_plainly()
    }

    fn assign(&mut self, name: &str, _: Option<Pattern>) {
        self.assigned.push(name.to_owned());
    }

    fn default(&mut self, _: &str, _: Pattern) {}

    fn substitute(&mut self, script: &str) -> Pattern {
        self.substitutions.push(script.to_owned());
        Pattern::hole(script)
    }

    fn arithmetic(&mut self, expression: &str) -> Pattern {
        self.evaluate(expression);
        Pattern::hole(expression)
    }

    /// They may assign to any variable, and run their substitutions.
    fn unread(&mut self, text: &str) {
        if is_side_effect(text) {
            self.wild.push(text.to_owned());
        }
    }

    fn spend(&mut self, _: usize) -> bool {
        true
    }
}

/// Returns true if expanding a text may do more than give a value.
fn is_side_effect(raw: &str) -> bool {
    let in_braces =
        raw.contains("${") && (raw.contains(['=', '[', '@']) || raw.contains("++") || raw.contains("--"));
    in_braces || raw.contains('`') || ["$(", "$[", "<(", ">("].iter().any(|start| raw.contains(start))
}
