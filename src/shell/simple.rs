//! Simple commands: their assignments, redirections and words.

use brush_parser::ast::SimpleCommand;

use super::analysis::{Analysis, Run};
use super::assign::assign;
use super::grammar::builtin::declares;
use super::parts::{CommandWord, Parts};
use super::redirect::{open, writing};
use super::state::Flow;
use super::walk::{line_of, list};

/// Runs a simple command.
pub(super) fn simple<A: Analysis>(shell: &mut A, simple: &SimpleCommand, flow: Flow) {
    let Parts { assignments, words, redirects } = Parts::of(simple);
    let name = words.iter().find_map(|word| word.word());
    let line = match (name, assignments.first()) {
        (Some(name), _) => line_of(shell, name),
        (None, Some(assignment)) => shell.line_at(assignment.loc.start.line),
        (None, None) => shell.current_line(),
    };
    if !shell.may_go_on(line) {
        return;
    }
    shell.starts_command();
    for word in &words {
        if let CommandWord::Process(commands) = word {
            shell.beside(|shell| list(shell, &commands.list, Flow::UNSURE));
        }
    }
    let name = name.map_or("", |name| &name.value);
    let is_declaration = declares(name) && !shell.has_function(name);
    if is_declaration && assignments.is_empty() {
        open(shell, &redirects, line, flow);
        return shell.declare(name, &words[1..], line, flow);
    }
    let mut fields = Vec::new();
    for word in &words {
        match word.word() {
            Some(word) => fields.append(&mut shell.fields(word, line)),
            None => fields.push(shell.process()),
        }
    }
    let input = open(shell, &redirects, line, flow);
    if fields.is_empty() {
        // Assignments stay then.
        return assignments.iter().for_each(|assignment| assign(shell, assignment, line, flow));
    }
    let run = Run { words: fields, input };
    writing(shell, &redirects, |shell| shell.run(run, &assignments, line, flow));
}
