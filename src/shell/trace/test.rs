//! Conditions, where what they compare is known.

use brush_parser::ast::{
    BinaryPredicate, Command, CommandPrefixOrSuffixItem, CompoundCommand, CompoundList, ExtendedTestExpr,
    Pipeline, UnaryPredicate,
};

use super::super::walk::line_of;
use super::env::Env;
use super::walk::Walker;
use super::word::Expander;
use crate::text::glob::shell as glob;

/// Commands that are run for their status.
const TESTS: [&str; 12] =
    ["[", "test", "grep", "egrep", "command", "which", "type", "hash", "true", "false", "declare", "getopts"];

/// Returns true if a pipeline asks a question: its failure is an answer.
pub(super) fn is_test(pipeline: &Pipeline) -> bool {
    pipeline.bang
        || match pipeline.seq.last() {
            Some(Command::Simple(simple)) => {
                simple.word_or_name.as_ref().is_some_and(|name| TESTS.contains(&name.value.as_str()))
            }
            Some(Command::ExtendedTest(..) | Command::Compound(CompoundCommand::Arithmetic(_), _)) => true,
            _ => false,
        }
}

impl Walker<'_> {
    /// Returns true if a condition holds in a shell, where that is known.
    pub(crate) fn holds(&mut self, condition: &CompoundList, env: &mut Env) -> Option<bool> {
        let [item] = &condition.0[..] else { return None };
        let pipeline = &item.0.first;
        let ([command], true) = (&pipeline.seq[..], item.0.additional.is_empty()) else { return None };
        let truth = match command {
            Command::Simple(simple) => {
                let name = simple.word_or_name.as_ref()?;
                if !matches!(name.value.as_str(), "[" | "test") {
                    return None;
                }
                let line = line_of(self, name);
                let mut words = Vec::new();
                for item in simple.suffix.iter().flat_map(|suffix| &suffix.0) {
                    let CommandPrefixOrSuffixItem::Word(word) = item else { return None };
                    let mut expander = Expander { walker: self, env, line };
                    words.extend(expander.fields(&word.value));
                }
                let words: Option<Vec<&str>> = words.iter().map(|word| word.known()).collect();
                holds(words?.strip_suffix(&["]"])?)
            }
            Command::ExtendedTest(test, _) => self.extended(&test.expr, env),
            _ => None,
        };
        truth.map(|truth| truth != pipeline.bang)
    }

    fn extended(&mut self, test: &ExtendedTestExpr, env: &mut Env) -> Option<bool> {
        let mut value = |word: &brush_parser::ast::Word| {
            let line = line_of(self, word);
            let value = Expander { walker: self, env, line }.value(&word.value);
            value.known().map(str::to_owned)
        };
        match test {
            ExtendedTestExpr::UnaryTest(UnaryPredicate::StringHasZeroLength, word) => {
                value(word).map(|text| text.is_empty())
            }
            ExtendedTestExpr::UnaryTest(UnaryPredicate::StringHasNonZeroLength, word) => {
                value(word).map(|text| !text.is_empty())
            }
            ExtendedTestExpr::BinaryTest(predicate, one, other) => {
                let (text, pattern) = (value(one)?, value(other)?);
                match predicate {
                    BinaryPredicate::StringExactlyMatchesPattern
                    | BinaryPredicate::StringExactlyMatchesString => glob::matches(&pattern, &text),
                    BinaryPredicate::StringDoesNotExactlyMatchPattern
                    | BinaryPredicate::StringDoesNotExactlyMatchString => {
                        glob::matches(&pattern, &text).map(|matches| !matches)
                    }
                    _ => None,
                }
            }
            _ => None,
        }
    }
}

/// `[ … ]` of known words.
fn holds(words: &[&str]) -> Option<bool> {
    match words {
        ["!", rest @ ..] => holds(rest).map(|holds| !holds),
        [] | ["-z", ""] => Some(words.len() == 2),
        ["-z", _] => Some(false),
        ["-n", text] | [text] => Some(!text.is_empty()),
        [one, "=" | "==", other] => Some(one == other),
        [one, "!=", other] => Some(one != other),
        _ => None,
    }
}
