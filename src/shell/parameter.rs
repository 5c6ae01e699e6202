//! Expansions of parameters: `$x`, `${x}` and their operators.

use brush_parser::word::{Parameter, ParameterExpr, ParameterTestType};

use super::Lookup;
use super::word::{Expander, Output, Part};

impl Expander<'_> {
    pub(crate) fn parameter(
        &mut self,
        expression: &ParameterExpr,
        raw: &str,
        part: Part,
        out: &mut Output,
        depth: usize,
    ) {
        match expression {
            ParameterExpr::Parameter { parameter: Parameter::Named(name), indirect: false } => {
                match self.lookup(name) {
                    Lookup::Set(value) => out.push_value(&value, part, self.state.splits_plainly()),
                    Lookup::Unset => out.started |= part != Part::Word,
                    Lookup::Unknown => out.cut(),
                }
            }
            ParameterExpr::UseDefaultValues {
                parameter: Parameter::Named(name),
                indirect: false,
                test_type,
                default_value: word,
            } => match self.is_set(name, test_type) {
                Some(true) => self.set_value(name, part, out),
                Some(false) => self.nested(word.as_deref(), part, out, depth),
                None => self.unread(word.as_deref(), out),
            },
            ParameterExpr::UseAlternativeValue {
                parameter: Parameter::Named(name),
                indirect: false,
                test_type,
                alternative_value: word,
            } => match self.is_set(name, test_type) {
                Some(true) => self.nested(word.as_deref(), part, out, depth),
                Some(false) => out.started |= part != Part::Word,
                None => self.unread(word.as_deref(), out),
            },
            ParameterExpr::AssignDefaultValues {
                parameter: Parameter::Named(name),
                indirect: false,
                test_type,
                default_value: word,
            }
            // The shell ends with a failure where the variable is not set.
            | ParameterExpr::IndicateErrorIfNullOrUnset {
                parameter: Parameter::Named(name),
                indirect: false,
                test_type,
                error_message: word,
            } => {
                if self.is_set(name, test_type) == Some(true) {
                    return self.set_value(name, part, out);
                }
                self.unread(word.as_deref(), out);
                self.assigned.push(name.clone());
            }
            other => self.unknown_parameter(other, raw, out),
        }
    }

    /// Positional and special parameters, and what only bash has.
    fn unknown_parameter(&mut self, expression: &ParameterExpr, raw: &str, out: &mut Output) {
        match expression {
            ParameterExpr::Parameter { .. }
            | ParameterExpr::UseDefaultValues { .. }
            | ParameterExpr::AssignDefaultValues { .. }
            | ParameterExpr::IndicateErrorIfNullOrUnset { .. }
            | ParameterExpr::UseAlternativeValue { .. }
            | ParameterExpr::ParameterLength { .. }
            | ParameterExpr::RemoveSmallestSuffixPattern { .. }
            | ParameterExpr::RemoveLargestSuffixPattern { .. }
            | ParameterExpr::RemoveSmallestPrefixPattern { .. }
            | ParameterExpr::RemoveLargestPrefixPattern { .. }
            | ParameterExpr::Substring { .. }
            | ParameterExpr::Transform { .. }
            | ParameterExpr::UppercaseFirstChar { .. }
            | ParameterExpr::UppercasePattern { .. }
            | ParameterExpr::LowercaseFirstChar { .. }
            | ParameterExpr::LowercasePattern { .. }
            | ParameterExpr::ReplaceSubstring { .. }
            | ParameterExpr::VariableNames { .. }
            | ParameterExpr::MemberKeys { .. } => {
                out.cut();
                self.aside(raw);
            }
        }
    }

    fn set_value(&self, name: &str, part: Part, out: &mut Output) {
        match self.lookup(name) {
            Lookup::Set(value) => out.push_value(&value, part, self.state.splits_plainly()),
            Lookup::Unset | Lookup::Unknown => out.cut(),
        }
    }

    fn is_set(&self, name: &str, test: &ParameterTestType) -> Option<bool> {
        match (self.lookup(name), test) {
            (Lookup::Set(value), ParameterTestType::UnsetOrNull) => Some(!value.is_empty()),
            (Lookup::Set(_), ParameterTestType::Unset) => Some(true),
            (Lookup::Unset, _) => Some(false),
            (Lookup::Unknown, _) => None,
        }
    }

    /// Expands the word of `${x:-word}`. Within quotes, shells differ in how they read quotes in it.
    fn nested(&mut self, word: Option<&str>, part: Part, out: &mut Output, depth: usize) {
        let Some(word) = word else {
            out.started |= part != Part::Word;
            return;
        };
        if word.contains(['\'', '"', '\\', '~']) && part != Part::Value || word.contains('\'') {
            out.cut();
            return self.aside(word);
        }
        out.started |= part != Part::Word;
        self.text(word, part, out, depth + 1);
    }

    /// Cuts the word, and notes what the part that is not read may do.
    fn unread(&mut self, word: Option<&str>, out: &mut Output) {
        out.cut();
        self.aside(word.unwrap_or(""));
    }
}
