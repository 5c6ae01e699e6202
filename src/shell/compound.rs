//! Compound commands: branches, loops and groups. Every node of brush-parser's syntax tree is matched.

use brush_parser::ast::{
    BinaryPredicate, CaseClauseCommand, CompoundCommand, ExtendedTestExpr, ForClauseCommand, IfClauseCommand,
    Word,
};

use super::Lookup;
use super::field::{Expander, Field};
use super::state::{Dialect, Flow};
use super::walk::Walker;

/// The most values of a loop that are followed one by one.
const ROUNDS: usize = 16;

impl Walker<'_> {
    pub(crate) fn compound(&mut self, compound: &CompoundCommand, flow: Flow) {
        let line = self.current_line();
        match compound {
            CompoundCommand::Arithmetic(arithmetic) => match self.state.dialect {
                Dialect::Bash => self.expand(line, |expander| expander.evaluate(&arithmetic.expr.value)),
                // Two subshells.
                Dialect::Posix => self.unreadable(&arithmetic.expr.value, line),
            },
            CompoundCommand::BraceGroup(group) => self.list(&group.list, flow),
            CompoundCommand::Subshell(subshell) => {
                self.subshell(flow, |walker| walker.list(&subshell.list, flow));
            }
            CompoundCommand::ForClause(clause) => self.for_each(clause, flow),
            CompoundCommand::CaseClause(clause) => self.case(clause, flow),
            CompoundCommand::IfClause(clause) => self.branches(clause, flow),
            CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
                self.repeated(|walker| {
                    walker.list(&clause.0, flow.maybe().tested());
                    walker.list(&clause.1.list, flow.maybe());
                });
            }
            CompoundCommand::ArithmeticForClause(clause) => {
                let parts = [&clause.initializer, &clause.condition, &clause.updater];
                for part in parts.into_iter().flatten() {
                    self.expand(line, |expander| expander.evaluate(&part.value));
                }
                self.repeated(|walker| walker.list(&clause.body.list, flow.maybe()));
            }
            CompoundCommand::Coprocess(coprocess) => {
                if let Some(name) = &coprocess.name {
                    self.state.set(&name.value, Lookup::Unknown, false);
                }
                self.beside(|walker| walker.command(&coprocess.body, Flow::UNSURE));
            }
        }
    }

    fn branches(&mut self, clause: &IfClauseCommand, flow: Flow) {
        self.list(&clause.condition, flow.tested());
        self.list(&clause.then, flow.maybe());
        for branch in clause.elses.iter().flatten() {
            if let Some(condition) = &branch.condition {
                self.list(condition, flow.maybe().tested());
            }
            self.list(&branch.body, flow.maybe());
        }
    }

    fn case(&mut self, clause: &CaseClauseCommand, flow: Flow) {
        let line = self.line_of(&clause.value);
        self.expand(line, |expander| {
            expander.fields(&clause.value.value);
            for pattern in clause.cases.iter().flat_map(|case| &case.patterns) {
                expander.fields(&pattern.value);
            }
        });
        for list in clause.cases.iter().filter_map(|case| case.cmd.as_ref()) {
            self.list(list, flow.maybe());
        }
    }

    fn for_each(&mut self, clause: &ForClauseCommand, flow: Flow) {
        let words = clause.values.as_deref();
        let line = words.and_then(<[Word]>::first).map_or(self.current_line(), |word| self.line_of(word));
        let fields = words.map(|words| {
            self.expand(line, |expander| {
                words.iter().flat_map(|word| expander.fields(&word.value)).collect::<Vec<_>>()
            })
        });
        let known: Option<Vec<&str>> =
            fields.as_ref().and_then(|fields| fields.iter().map(Field::literal).collect());
        match known {
            Some(values) if values.len() <= ROUNDS => {
                let broke = self.state.broke;
                for (index, value) in values.iter().enumerate() {
                    // Within the body it has this value, whether or not the body runs.
                    self.state.set(&clause.variable_name, Lookup::Set((*value).to_owned()), true);
                    let must = flow.must && index + 1 == values.len();
                    self.list(&clause.body.list, Flow { must, ..flow });
                }
                if !flow.reached || !self.state.is_certain() {
                    self.state.set(&clause.variable_name, Lookup::Unknown, false);
                }
                self.state.broke = broke;
            }
            _ => self.repeated(|walker| {
                walker.state.set(&clause.variable_name, Lookup::Unknown, false);
                walker.list(&clause.body.list, flow.maybe());
            }),
        }
    }

    /// Runs a body that may run any number of times. The first pass is there for its effect on the shell, with which
    /// the second round of the loop starts.
    fn repeated(&mut self, run: impl Fn(&mut Self)) {
        let (broke, before) = (self.state.broke, self.steps.len());
        run(self);
        self.steps.truncate(before);
        run(self);
        self.state.broke = broke;
    }
}

/// Expands the words of `[[ … ]]`. Comparisons of numbers evaluate both sides.
pub(super) fn tested(test: &ExtendedTestExpr, expander: &mut Expander) {
    match test {
        ExtendedTestExpr::And(left, right) | ExtendedTestExpr::Or(left, right) => {
            tested(left, expander);
            tested(right, expander);
        }
        ExtendedTestExpr::Not(inner) | ExtendedTestExpr::Parenthesized(inner) => tested(inner, expander),
        ExtendedTestExpr::UnaryTest(_, word) => {
            if word.value.contains('[') {
                expander.wild.push(word.value.clone());
            }
            expander.fields(&word.value);
        }
        ExtendedTestExpr::BinaryTest(predicate, left, right) => {
            let evaluates = matches!(
                predicate,
                BinaryPredicate::ArithmeticEqualTo
                    | BinaryPredicate::ArithmeticNotEqualTo
                    | BinaryPredicate::ArithmeticLessThan
                    | BinaryPredicate::ArithmeticLessThanOrEqualTo
                    | BinaryPredicate::ArithmeticGreaterThan
                    | BinaryPredicate::ArithmeticGreaterThanOrEqualTo
            );
            for word in [left, right] {
                if evaluates {
                    expander.evaluate(&word.value);
                } else {
                    expander.fields(&word.value);
                }
            }
        }
    }
}
