//! Conditions, where what they compare is known.

use brush_parser::ast::{
    AndOrList, Command, CompoundCommand, CompoundList, CompoundListItem, Pipeline, Word,
};

use super::super::analysis::Analysis;
use super::super::parts::Parts;
use super::super::truth;
use super::super::walk::line_of;
use super::walk::Walker;

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
    /// Returns true if a condition holds in the one shell that is here, where that is known.
    pub(crate) fn holds(&mut self, condition: &CompoundList) -> Option<bool> {
        let [CompoundListItem(AndOrList { first, additional }, _)] = &condition.0[..] else { return None };
        let ([command], true) = (&first.seq[..], additional.is_empty()) else { return None };
        let truth = match command {
            Command::Simple(simple) => {
                let parts = Parts::of(simple);
                let words: Vec<&Word> = parts.words.iter().map(|word| word.word()).collect::<Option<_>>()?;
                let (name, args) = words.split_first()?;
                if !matches!(name.value.as_str(), "[" | "test") {
                    return None;
                }
                let line = line_of(self, name);
                let args: Vec<_> = args.iter().flat_map(|word| self.fields(word, line)).collect();
                truth::test(&name.value, &args)
            }
            Command::ExtendedTest(test, _) => truth::extended(&test.expr, &mut |word| {
                let line = line_of(self, word);
                self.value(word, line).known().map(str::to_owned)
            }),
            _ => None,
        };
        truth.map(|truth| truth != first.bang)
    }
}
