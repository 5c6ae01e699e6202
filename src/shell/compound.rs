//! Compound commands: branches, loops and groups, and the test `[[ … ]]`.

use brush_parser::ast::{
    CaseClauseCommand, CaseItemPostAction, CompoundCommand, CompoundList, ExtendedTestExpr, ForClauseCommand,
    IfClauseCommand, Word,
};

use super::analysis::Analysis;
use super::state::{Dialect, Flow};
use super::truth::either;
use super::walk::{command, line_of, list, nested};

/// Runs a compound command.
pub(super) fn compound<A: Analysis>(shell: &mut A, compound: &CompoundCommand, flow: Flow) {
    let line = shell.current_line();
    match compound {
        CompoundCommand::Arithmetic(arithmetic) => match shell.dialect() {
            Dialect::Bash => shell.evaluate(&arithmetic.expr.value, line),
            // Two subshells.
            Dialect::Posix => shell.unreadable(&arithmetic.expr.value, line),
        },
        CompoundCommand::BraceGroup(group) => list(shell, &group.list, flow),
        CompoundCommand::Subshell(subshell) => {
            shell.each_way(|shell| shell.subshell(flow, |shell| list(shell, &subshell.list, flow)));
        }
        CompoundCommand::ForClause(clause) => shell.each_way(|shell| for_each(shell, clause, flow)),
        CompoundCommand::CaseClause(clause) => shell.each_way(|shell| case(shell, clause, flow)),
        CompoundCommand::IfClause(clause) => shell.each_way(|shell| branches(shell, clause, flow)),
        CompoundCommand::WhileClause(clause) | CompoundCommand::UntilClause(clause) => {
            repeated(shell, Some(&clause.0), &clause.1.list, flow);
        }
        CompoundCommand::ArithmeticForClause(clause) => {
            let parts = [&clause.initializer, &clause.condition, &clause.updater];
            for part in parts.into_iter().flatten() {
                shell.evaluate(&part.value, line);
            }
            repeated(shell, None, &clause.body.list, flow);
        }
        CompoundCommand::Coprocess(coprocess) => {
            if let Some(name) = &coprocess.name {
                shell.bind(&name.value, None);
            }
            shell.beside(|shell| command(shell, &coprocess.body, Flow::UNSURE));
        }
    }
}

fn branches<A: Analysis>(shell: &mut A, clause: &IfClauseCommand, flow: Flow) {
    let mut fork = A::Fork::default();
    let elses = clause.elses.iter().flatten().map(|branch| (branch.condition.as_ref(), &branch.body));
    let mut tested = flow.tested();
    for (condition, body) in std::iter::once((Some(&clause.condition), &clause.then)).chain(elses) {
        let known = match condition {
            Some(condition) => shell.condition(condition, |shell| list(shell, condition, tested)),
            None => Some(true),
        };
        tested = tested.maybe();
        if known.is_none() && clause.elses.is_none() {
            return shell.perhaps(|shell| list(shell, body, flow.maybe()));
        }
        if known != Some(false) {
            shell.branch(&mut fork, |shell| list(shell, body, flow.maybe()));
        }
        if known == Some(true) {
            return shell.join(fork, true);
        }
    }
    shell.join(fork, false);
}

fn case<A: Analysis>(shell: &mut A, clause: &CaseClauseCommand, flow: Flow) {
    let line = line_of(shell, &clause.value);
    let subject = shell.value(&clause.value, line);
    let mut fork = A::Fork::default();
    let mut falls = false;
    for case in &clause.cases {
        let mut known = Some(false);
        for pattern in &case.patterns {
            let matches = shell.matches(&subject, pattern, line);
            known = either(known, if pattern.value == "*" { Some(true) } else { matches });
        }
        let is_taken = falls || known != Some(false);
        if is_taken {
            shell.branch(&mut fork, |shell| {
                if let Some(body) = &case.cmd {
                    list(shell, body, flow.maybe());
                }
            });
        }
        let ends = matches!(case.post_action, CaseItemPostAction::ExitCase);
        if known == Some(true) && ends {
            return shell.join(fork, true);
        }
        falls =
            is_taken && matches!(case.post_action, CaseItemPostAction::UnconditionallyExecuteNextCaseItem);
    }
    shell.join(fork, false);
}

fn for_each<A: Analysis>(shell: &mut A, clause: &ForClauseCommand, flow: Flow) {
    let (variable, body) = (&clause.variable_name, &clause.body.list);
    let words = clause.values.as_deref();
    let line = words.and_then(<[Word]>::first).map_or(shell.current_line(), |word| line_of(shell, word));
    let Some(values) = shell.values(variable, words, line) else {
        return shell.repeated(|shell| {
            shell.bind(variable, None);
            round(shell, body, flow.maybe());
        });
    };
    shell.looping(|shell| {
        for (index, value) in values.iter().enumerate() {
            // Within the body it has this value, whether or not the body runs.
            shell.bind(variable, Some(value));
            let must = flow.must && index + 1 == values.len();
            round(shell, body, Flow { must, ..flow });
        }
        if !shell.is_sure(flow) {
            shell.bind(variable, None);
        }
    });
}

/// Runs a body any number of times, each time after its condition.
fn repeated<A: Analysis>(shell: &mut A, condition: Option<&CompoundList>, body: &CompoundList, flow: Flow) {
    shell.each_way(|shell| {
        shell.repeated(|shell| {
            if let Some(condition) = condition {
                list(shell, condition, flow.maybe().tested());
            }
            round(shell, body, flow.maybe());
        });
    });
}

/// Runs the body of a loop once.
fn round<A: Analysis>(shell: &mut A, body: &CompoundList, flow: Flow) {
    let line = shell.current_line();
    nested(shell, line, |shell| shell.round(|shell| list(shell, body, flow)));
}

/// Expands the words of `[[ … ]]`. Comparisons of numbers evaluate both sides.
pub(super) fn tested<A: Analysis>(shell: &mut A, test: &ExtendedTestExpr, line: usize) {
    match test {
        ExtendedTestExpr::And(left, right) | ExtendedTestExpr::Or(left, right) => {
            tested(shell, left, line);
            tested(shell, right, line);
        }
        ExtendedTestExpr::Not(inner) | ExtendedTestExpr::Parenthesized(inner) => tested(shell, inner, line),
        ExtendedTestExpr::UnaryTest(_, word) => {
            if word.value.contains('[') {
                shell.evaluate(&word.value, line);
            }
            shell.fields(word, line);
        }
        ExtendedTestExpr::BinaryTest(predicate, left, right) => {
            let operator = predicate.to_string();
            let evaluates = matches!(&*operator, "-eq" | "-ne" | "-lt" | "-le" | "-gt" | "-ge");
            for word in [left, right] {
                if evaluates {
                    shell.evaluate(&word.value, line);
                } else {
                    shell.fields(word, line);
                }
            }
        }
    }
}
