//! Expansions of parameters: `$x`, `${x}` and their operators. Every form of brush-parser's syntax tree is matched.

use brush_parser::word::{Parameter, ParameterExpr, ParameterTestType, SpecialParameter, SubstringMatchKind};

use super::word::{Found, Part, Reader, name_length};
use crate::text::glob::shell as glob;
use crate::text::pattern::Pattern;

/// The operation of an expansion.
enum Operation<'e> {
    /// `${x}`.
    Value,
    /// `${x-word}` and its like.
    Test(Test, &'e ParameterTestType, Option<&'e str>),
    /// `${x#word}`, `${x%word}`.
    Trim { end: bool, longest: bool, word: &'e str },
    /// `${x/from/to}`.
    Replace { all: bool, from: &'e str, to: &'e str },
    /// `${x^^}`, `${x,,}`.
    Case { upper: bool },
}

/// The operators that depend on whether a parameter is set.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Test {
    /// `-`: its value, or the word.
    Default,
    /// `=`: the same; the word is assigned.
    Assign,
    /// `?`: the shell ends with a failure where it is not set.
    Error,
    /// `+`: the word, or nothing.
    Alternative,
}

impl Reader<'_> {
    /// Expands a parameter. `raw` is the text of the expansion.
    pub(crate) fn parameter(&mut self, expression: &ParameterExpr, raw: &str, part: Part, depth: usize) {
        let Some((parameter, indirect, operation)) = operation(expression) else {
            return self.unknown(raw);
        };
        // Positional and special parameters, and what only bash has.
        let is_shared = matches!(parameter, Parameter::Named(_))
            && !indirect
            && matches!(operation, Operation::Value | Operation::Test(..));
        if self.is_certain() && !is_shared {
            return self.unknown(raw);
        }
        let found = if indirect { self.indirect(parameter) } else { Some(self.values.parameter(parameter)) };
        let Some(found) = found else { return self.unknown(raw) };
        match operation {
            Operation::Value => self.found(found, parameter, part),
            Operation::Test(test, kind, word) => {
                self.tested(parameter, found, (test, kind, word), part, depth);
            }
            operation => {
                let changed = match found {
                    Found::Text(text) => self.changed(&text, &operation, depth),
                    Found::Unknown(name) => self.changed(&Pattern::hole(&name), &operation, depth),
                    Found::Unset => Some(Pattern::default()),
                    Found::Words(_) => None,
                };
                match changed {
                    Some(changed) => self.put(&changed, part),
                    None => self.unknown(raw),
                }
            }
        }
    }

    /// Leaves an expansion unknown, under the text in its braces.
    fn unknown(&mut self, raw: &str) {
        let inner = raw.strip_prefix("${").and_then(|raw| raw.strip_suffix('}'));
        self.out.hole(inner.unwrap_or(raw));
        self.values.unread(raw);
    }

    /// The parameter that the value of another one names.
    fn indirect(&mut self, pointer: &Parameter) -> Option<Found> {
        let Found::Text(target) = self.values.parameter(pointer) else { return None };
        let target = target.known().filter(|name| !name.is_empty() && name_length(name) == name.len())?;
        Some(self.values.parameter(&Parameter::Named(target.to_owned())))
    }

    fn found(&mut self, found: Found, parameter: &Parameter, part: Part) {
        match found {
            Found::Text(text) => self.put(&text, part),
            Found::Unknown(name) => self.out.hole(&name),
            Found::Unset => self.out.started |= part != Part::Word,
            Found::Words(words) => {
                let is_joined = matches!(
                    parameter,
                    Parameter::Special(SpecialParameter::AllPositionalParameters { concatenate: true })
                        | Parameter::NamedWithAllIndices { concatenate: true, .. }
                );
                let apart = part == Part::Word || (part == Part::Quoted && !is_joined);
                self.put_words(&words, part, apart);
            }
        }
    }

    /// `${x:-word}` and its like.
    fn tested(
        &mut self,
        parameter: &Parameter,
        found: Found,
        (test, kind, word): (Test, &ParameterTestType, Option<&str>),
        part: Part,
        depth: usize,
    ) {
        let name = match parameter {
            Parameter::Named(name) => name.clone(),
            other => other.to_string().trim_start_matches('$').to_owned(),
        };
        match (test, is_set(&found, kind)) {
            (Test::Alternative, Some(false)) => self.out.started |= part != Part::Word,
            (Test::Alternative, Some(true)) | (Test::Default, Some(false)) => self.nested(word, part, depth),
            (Test::Default | Test::Assign | Test::Error, Some(true)) => self.found(found, parameter, part),
            (Test::Assign, Some(false)) if !self.is_certain() => {
                let value = self.value_of(word.unwrap_or(""), depth + 1);
                self.values.assign(&name, Some(value));
                self.nested(word, part, depth);
            }
            // Not followed where every shell must agree.
            _ if self.is_certain() => {
                self.unread(word.unwrap_or(""));
                if matches!(test, Test::Assign | Test::Error) {
                    self.values.assign(&name, None);
                }
            }
            (Test::Alternative, None) => self.out.hole(&format!("{name}:+{}", word.unwrap_or(""))),
            (Test::Default | Test::Assign, None) => {
                let default = self.value_of(word.unwrap_or(""), depth + 1);
                if let Found::Unknown(hole) = &found {
                    self.values.default(hole, default);
                }
                self.found(found, parameter, part);
            }
            (Test::Error | Test::Assign, _) => match found {
                Found::Unset => self.out.hole(&name),
                found => self.found(found, parameter, part),
            },
        }
    }

    /// Expands the word of `${x:-word}`. Within quotes, shells differ in how they read quotes in it. Without them, it is
    /// split as a value is.
    fn nested(&mut self, word: Option<&str>, part: Part, depth: usize) {
        self.out.started |= part != Part::Word;
        let Some(word) = word else { return };
        let is_quoted = word.contains(['\'', '"', '\\', '~']) && part != Part::Value || word.contains('\'');
        let is_split = part == Part::Word && !self.values.splits_plainly();
        if self.is_certain() && (is_quoted || is_split) {
            return self.unread(word);
        }
        self.text(word, part, depth + 1);
    }

    /// `${x%word}` and its like.
    fn changed(&mut self, text: &Pattern, operation: &Operation, depth: usize) -> Option<Pattern> {
        match *operation {
            Operation::Value | Operation::Test(..) => None,
            Operation::Trim { end, longest, word } => {
                let word = self.value_of(word, depth + 1);
                trimmed(text, end, longest, word.known()?)
            }
            Operation::Replace { all, from, to } => {
                let (from, to) = (self.value_of(from, depth + 1), self.value_of(to, depth + 1));
                let (text, from, to) = (text.known()?, from.known()?, to.known()?);
                let is_plain = !from.is_empty() && !from.contains(['*', '?', '[']);
                let changed = if all { text.replace(from, to) } else { text.replacen(from, to, 1) };
                is_plain.then(|| Pattern::text(&changed))
            }
            Operation::Case { upper } => {
                let text = text.known()?;
                Some(Pattern::text(&if upper { text.to_uppercase() } else { text.to_lowercase() }))
            }
        }
    }
}

/// Returns true if a parameter is set, where that is known.
fn is_set(found: &Found, test: &ParameterTestType) -> Option<bool> {
    match (found, test) {
        (Found::Unset, _) => Some(false),
        (Found::Words(words), _) => Some(!words.is_empty()),
        (Found::Unknown(_), _) => None,
        (Found::Text(_), ParameterTestType::Unset) => Some(true),
        (Found::Text(text), ParameterTestType::UnsetOrNull) => Some(!text.is_empty()),
    }
}

/// `${x#word}` and `${x%word}`.
fn trimmed(text: &Pattern, end: bool, longest: bool, word: &str) -> Option<Pattern> {
    match (end, text.known()) {
        (true, Some(text)) => glob::without_end(text, word, longest).map(Pattern::text),
        (false, Some(text)) => glob::without_start(text, word, longest).map(Pattern::text),
        // A slash at the end changes nothing for whoever goes there.
        (true, None) if word == "/" && text.as_hole().is_some() => Some(text.clone()),
        (true, None) if word == "/*" && !longest => text.rsplit_slash().map(|(folder, _)| folder),
        (false, None) if word == "*/" && longest => text.rsplit_slash().map(|(_, name)| name),
        (true, None) if !word.contains(['*', '?', '[']) => text.strip_suffix(word),
        (false, None) if !word.contains(['*', '?', '[']) => text.strip_prefix(word),
        _ => None,
    }
}

/// Divides an expansion into its parameter, whether it names another one, and its operation. `None` for what no shell is
/// followed in.
fn operation(expression: &ParameterExpr) -> Option<(&Parameter, bool, Operation<'_>)> {
    use ParameterExpr as Expr;
    Some(match expression {
        Expr::Parameter { parameter, indirect } => (parameter, *indirect, Operation::Value),
        Expr::UseDefaultValues { parameter, indirect, test_type, default_value } => {
            (parameter, *indirect, test_of(Test::Default, test_type, default_value.as_ref()))
        }
        Expr::AssignDefaultValues { parameter, indirect, test_type, default_value } => {
            (parameter, *indirect, test_of(Test::Assign, test_type, default_value.as_ref()))
        }
        Expr::IndicateErrorIfNullOrUnset { parameter, indirect, test_type, error_message } => {
            (parameter, *indirect, test_of(Test::Error, test_type, error_message.as_ref()))
        }
        Expr::UseAlternativeValue { parameter, indirect, test_type, alternative_value } => {
            (parameter, *indirect, test_of(Test::Alternative, test_type, alternative_value.as_ref()))
        }
        Expr::RemoveSmallestSuffixPattern { parameter, indirect, pattern } => {
            (parameter, *indirect, trim(true, false, pattern.as_ref()))
        }
        Expr::RemoveLargestSuffixPattern { parameter, indirect, pattern } => {
            (parameter, *indirect, trim(true, true, pattern.as_ref()))
        }
        Expr::RemoveSmallestPrefixPattern { parameter, indirect, pattern } => {
            (parameter, *indirect, trim(false, false, pattern.as_ref()))
        }
        Expr::RemoveLargestPrefixPattern { parameter, indirect, pattern } => {
            (parameter, *indirect, trim(false, true, pattern.as_ref()))
        }
        Expr::ReplaceSubstring { parameter, indirect, pattern, replacement, match_kind } => {
            let all = match match_kind {
                SubstringMatchKind::FirstOccurrence => false,
                SubstringMatchKind::Anywhere => true,
                SubstringMatchKind::Prefix | SubstringMatchKind::Suffix => return None,
            };
            let to = replacement.as_deref().unwrap_or("");
            (parameter, *indirect, Operation::Replace { all, from: pattern, to })
        }
        Expr::UppercasePattern { parameter, indirect, pattern: None } => {
            (parameter, *indirect, Operation::Case { upper: true })
        }
        Expr::LowercasePattern { parameter, indirect, pattern: None } => {
            (parameter, *indirect, Operation::Case { upper: false })
        }
        Expr::UppercasePattern { .. }
        | Expr::LowercasePattern { .. }
        | Expr::UppercaseFirstChar { .. }
        | Expr::LowercaseFirstChar { .. }
        | Expr::ParameterLength { .. }
        | Expr::Substring { .. }
        | Expr::Transform { .. }
        | Expr::VariableNames { .. }
        | Expr::MemberKeys { .. } => return None,
    })
}

fn test_of<'e>(test: Test, kind: &'e ParameterTestType, word: Option<&'e String>) -> Operation<'e> {
    Operation::Test(test, kind, word.map(String::as_str))
}

fn trim(end: bool, longest: bool, word: Option<&String>) -> Operation<'_> {
    Operation::Trim { end, longest, word: word.map_or("", String::as_str) }
}
