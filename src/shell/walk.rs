//! The way of a script through its commands: lists, chains, pipelines and functions. Every node of brush-parser's syntax
//! tree is matched here, in `compound`, in `redirect` and in `simple`, and nowhere else. It knows no command by its name:
//! an [`Analysis`] says what it keeps of the shell and what it makes of a command.

use brush_parser::ast::{
    AndOr, AndOrList, Command, CompoundCommand, CompoundList, CompoundListItem, FunctionBody, Pipeline,
    Program, SeparatorOperator, SimpleCommand, Word,
};

use super::analysis::Analysis;
use super::compound::{compound, tested};
use super::parts::Parts;
use super::redirect::redirected;
use super::request::{Request, request};
use super::simple::simple;
use super::state::{Dialect, Flow};
use super::wrapped::Argument;

/// The deepest nesting of commands, through functions and substitutions too.
const DEPTH: usize = 40;

/// Runs a whole script.
pub(super) fn program<A: Analysis>(shell: &mut A, program: &Program, flow: Flow) {
    items(shell, &program.complete_commands.iter().flat_map(|list| &list.0).collect::<Vec<_>>(), flow);
}

/// Runs a list of commands.
pub(super) fn list<A: Analysis>(shell: &mut A, list: &CompoundList, flow: Flow) {
    items(shell, &list.0.iter().collect::<Vec<_>>(), flow);
}

fn items<A: Analysis>(shell: &mut A, items: &[&CompoundListItem], flow: Flow) {
    for (index, CompoundListItem(commands, separator)) in items.iter().enumerate() {
        if shell.is_over() {
            return;
        }
        match separator {
            SeparatorOperator::Async => shell.beside(|shell| chain(shell, commands, Flow::UNSURE)),
            SeparatorOperator::Sequence => {
                let is_last = index + 1 == items.len();
                let enforced = shell.errexit()
                    && !flow.suspended
                    && commands.additional.is_empty()
                    && errexit_applies(&commands.first);
                chain(shell, commands, Flow { must: (is_last && flow.must) || enforced, ..flow });
            }
        }
    }
}

/// Runs `a && b || c`.
fn chain<A: Analysis>(shell: &mut A, chain: &AndOrList, flow: Flow) {
    let mut flows = Vec::with_capacity(chain.additional.len());
    let mut must = flow.must;
    for (index, link) in chain.additional.iter().enumerate().rev() {
        let suspended = flow.suspended || index + 1 < chain.additional.len();
        flows.push(match link {
            AndOr::And(_) => Flow { reached: flow.reached && must, must, suspended, ..flow },
            AndOr::Or(alternative) => {
                // `cd /x || exit 1` goes on only where `cd` succeeded.
                must = shell.stops_at_exit() && surely_fails(alternative);
                Flow { reached: false, must: false, suspended, ..flow }
            }
        });
    }
    let suspended = flow.suspended || !chain.additional.is_empty();
    pipeline(shell, &chain.first, Flow { must, suspended, ..flow });
    let mut may_fail = shell.may_fail(&chain.first);
    for (link, flow) in chain.additional.iter().zip(flows.into_iter().rev()) {
        let (AndOr::And(next) | AndOr::Or(next)) = link;
        match link {
            _ if may_fail => shell.perhaps(|shell| pipeline(shell, next, flow)),
            AndOr::And(_) => pipeline(shell, next, flow),
            AndOr::Or(_) => shell.beside(|shell| pipeline(shell, next, flow)),
        }
        may_fail |= shell.may_fail(next);
    }
}

fn pipeline<A: Analysis>(shell: &mut A, pipeline: &Pipeline, flow: Flow) {
    let flow = if pipeline.bang { flow.tested() } else { flow };
    // `time` is a keyword in bash, a program elsewhere.
    if pipeline.timed.is_some() && shell.dialect() == Dialect::Posix {
        shell.lose();
    }
    let commands = &pipeline.seq[..];
    if let [only] = commands {
        return command(shell, only, flow);
    }
    shell.each_way(|shell| {
        shell.pipe(commands, |shell, index| {
            let is_last = index + 1 == commands.len();
            let flow = Flow { must: flow.must && (is_last || shell.pipefail()), ..flow };
            shell.subshell(flow, |shell| command(shell, &commands[index], flow));
        });
    });
}

/// Runs one command of a pipeline.
pub(super) fn command<A: Analysis>(shell: &mut A, command: &Command, flow: Flow) {
    let line = shell.current_line();
    match command {
        Command::Simple(command) => shell.each_way(|shell| simple(shell, command, flow)),
        Command::Compound(body, redirects) => redirected(shell, redirects.as_ref(), line, flow, |shell| {
            nested(shell, line, |shell| compound(shell, body, flow));
        }),
        Command::Function(function) => shell.define(function),
        Command::ExtendedTest(test, redirects) => {
            redirected(shell, redirects.as_ref(), line, flow, |shell| match shell.dialect() {
                // dash has no `[[`: it runs a program of that name, and reads `&&` and `>` within as its own.
                Dialect::Posix => shell.unreadable(&test.to_string(), line),
                Dialect::Bash => {
                    shell.each_way(|shell| tested(shell, &test.expr, line));
                    shell.extended_test(test, line, flow);
                }
            });
        }
    }
}

/// Runs the body of a function.
pub(super) fn function<A: Analysis>(shell: &mut A, body: &FunctionBody, line: usize, flow: Flow) {
    let FunctionBody(body, redirects) = body;
    shell.called(|shell| {
        nested(shell, line, |shell| {
            redirected(shell, redirects.as_ref(), line, flow, |shell| compound(shell, body, flow));
        });
    });
}

/// Returns the line to report for a command with this word.
pub(super) fn line_of<A: Analysis>(shell: &A, word: &Word) -> usize {
    // A word that follows a continued line starts at the backslash, for the parser.
    shell.line_at(word.loc.as_ref().map_or(1, |span| span.end.line))
}

/// Runs something that stands within a command, if it is not too deep.
pub(super) fn nested<A: Analysis>(shell: &mut A, line: usize, run: impl FnOnce(&mut A)) {
    if !shell.may_go_on(line) {
        return;
    }
    if *shell.depth() >= DEPTH {
        return shell.unreadable("commands nested too deeply", line);
    }
    *shell.depth() += 1;
    run(shell);
    *shell.depth() -= 1;
}

/// Returns true if a failure of the pipeline is one that `set -e` acts on. A compound command may fail by a command for
/// which it was suspended.
fn errexit_applies(pipeline: &Pipeline) -> bool {
    let applies = |command: &Command| match command {
        Command::Simple(_) | Command::Compound(CompoundCommand::Subshell(_), _) => true,
        Command::Compound(..) | Command::Function(_) | Command::ExtendedTest(..) => false,
    };
    !pipeline.bang && pipeline.seq.iter().all(applies)
}

/// Returns true if the pipeline ends the shell with a failure: `exit 1`, `{ echo no; exit 1; }`.
fn surely_fails(pipeline: &Pipeline) -> bool {
    let [command] = &pipeline.seq[..] else { return false };
    if pipeline.bang {
        return false;
    }
    match command {
        Command::Simple(simple) => exits_with_failure(simple),
        Command::Compound(CompoundCommand::BraceGroup(group), None) => {
            group.list.0.split_last().is_some_and(|(CompoundListItem(last, separator), before)| {
                let is_exit =
                    matches!(&last.first.seq[..], [Command::Simple(simple)] if exits_with_failure(simple));
                matches!(separator, SeparatorOperator::Sequence)
                    && last.additional.is_empty()
                    && is_exit
                    && before.iter().all(|CompoundListItem(chain, _)| is_message(chain))
            })
        }
        Command::Compound(..) | Command::Function(_) | Command::ExtendedTest(..) => false,
    }
}

/// Returns true if the chain only prints something, so that what follows is reached.
fn is_message(chain: &AndOrList) -> bool {
    chain.additional.is_empty()
        && matches!(&chain.first.seq[..], [Command::Simple(simple)]
            if simple.word_or_name.as_ref().is_some_and(|name| matches!(&*name.value, "echo" | "printf")))
}

fn exits_with_failure(simple: &SimpleCommand) -> bool {
    let Parts { assignments, words, redirects } = Parts::of(simple);
    let Some((name, args)) = words.split_first() else { return false };
    name.literal() == Some("exit")
        && assignments.is_empty()
        && redirects.is_empty()
        && matches!(request("exit", args), Some(Request::Exits(Some(status))) if status != 0)
}
