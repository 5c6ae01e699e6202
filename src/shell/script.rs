//! From an invocation to its script: which text which shell reads, and the bounds within which it is read. It
//! never judges a command.

use brush_parser::ast::Program;
use brush_parser::{Parser, ParserOptions};

use super::control::Walker;
use super::field::Field;
use super::state::{Dialect, Flow, State};
use super::{Effect, Invocation, Script, ScriptHeredoc, Step};
use crate::text::words;

/// How long a script may be.
const LENGTH: usize = 256 << 10;
/// How many things may open in a script that the parser follows by recursion.
const OPENINGS: usize = 1_000;
/// Up to how many of them any thread's stack is enough.
pub(super) const SHALLOW: usize = 24;
/// What one of them may take of the stack.
const FRAME: usize = 64 << 10;
/// What is left for everything else.
const STACK: usize = 2 << 20;

const SURE: Flow = Flow { reached: true, must: true, suspended: false };

pub(super) fn effects(invocation: &Invocation) -> Vec<Step> {
    let openings = match invocation.script {
        Script::Shell(text) => openings(text),
        Script::Exec(words) => words.iter().map(|word| openings(word)).sum(),
    } + invocation.heredocs.iter().map(|heredoc| openings(heredoc.body)).sum::<usize>();
    let (script, heredocs, shell) = (invocation.script, invocation.heredocs, invocation.shell);
    let (workdir, user, env, first_line) =
        (invocation.workdir, invocation.user, invocation.env, invocation.first_line);
    with_stack(openings, move || {
        let invocation = Invocation { script, heredocs, shell, workdir, user, env, first_line };
        run(&invocation, openings.max(SHALLOW))
    })
    .unwrap_or_else(|| vec![anything(invocation)])
}

/// Runs something that parses scripts in which `openings` things open. `None` if that is too many.
pub(super) fn with_stack<T: Send>(openings: usize, run: impl FnOnce() -> T + Send) -> Option<T> {
    if openings > OPENINGS {
        return None;
    }
    if openings <= SHALLOW {
        return Some(run());
    }
    // The parser goes down one call for each thing that opens: the stack must be as deep as the script.
    std::thread::scope(|scope| {
        std::thread::Builder::new()
            .stack_size(STACK + openings * FRAME)
            .spawn_scoped(scope, run)
            .ok()
            .and_then(|thread| thread.join().ok())
    })
}

/// How many things open in a text, at most: brackets, substitutions and the words that start compound commands.
pub(super) fn openings(text: &str) -> usize {
    let bytes = text.as_bytes();
    let brackets = bytes.iter().filter(|byte| matches!(byte, b'(' | b'{' | b'`')).count();
    let words = bytes.split(|byte| !byte.is_ascii_alphabetic());
    brackets
        + words
            .filter(|word| matches!(*word, b"if" | b"case" | b"for" | b"while" | b"until" | b"select"))
            .count()
}

/// Runs it on a stack that is deep enough for scripts in which `allowed` things open: variables may bring more.
fn run(invocation: &Invocation, allowed: usize) -> Vec<Step> {
    let state = State::new(invocation.workdir, invocation.user);
    let mut walker = Walker::new(invocation.env, state, invocation.first_line, allowed);
    let (text, shell) = match invocation.script {
        Script::Exec(words) => {
            let fields: Vec<Field> = words.iter().cloned().map(Field::Literal).collect();
            walker.invoke(&fields, invocation.first_line, SURE);
            return walker.steps;
        }
        Script::Shell(text) => (text, invocation.shell),
    };
    let (shell, text) = match invocation.heredocs.first() {
        Some(heredoc) if is_heredoc_alone(text, heredoc.name) => {
            walker.set_first_line(heredoc.line);
            let body = dedented(heredoc);
            match body.strip_prefix("#!") {
                // It is a program of its own then; what reads it need not be a shell.
                Some(rest) => (interpreter(rest.lines().next().unwrap_or("")), body),
                None => (shell.to_vec(), body),
            }
        }
        _ => {
            let bodies =
                invocation.heredocs.iter().map(|heredoc| format!("\n{}{}", heredoc.body, heredoc.name));
            (shell.to_vec(), std::iter::once(text.to_owned()).chain(bodies).collect())
        }
    };
    let fields: Vec<Field> = shell.into_iter().chain([text]).map(Field::Literal).collect();
    walker.start(&fields, invocation.first_line, SURE);
    walker.steps
}

fn dedented(heredoc: &ScriptHeredoc) -> String {
    if heredoc.chomp {
        heredoc.body.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
    } else {
        heredoc.body.to_owned()
    }
}

/// The command that reads a script with this `#!` line, as if the script were an argument.
fn interpreter(line: &str) -> Vec<String> {
    let mut words = line.split_whitespace().peekable();
    if words.peek().is_some_and(|word| word.ends_with("/env")) {
        words.next();
        words.next_if(|word| *word == "-S");
    }
    words.chain(["-c"]).map(str::to_owned).collect()
}

/// Returns true if the command is a heredoc and nothing else.
fn is_heredoc_alone(text: &str, name: &str) -> bool {
    text.trim().strip_prefix("<<").is_some_and(|word| {
        let word = word.strip_prefix('-').unwrap_or(word).trim();
        word.trim_matches(['"', '\'']) == name
    })
}

fn anything(invocation: &Invocation) -> Step {
    let command = match invocation.script {
        Script::Shell(text) => shortened(text),
        Script::Exec(words) => words.first().map_or_else(String::new, |word| shortened(word)),
    };
    Step {
        command,
        line: invocation.first_line,
        certain: false,
        user: invocation.user,
        effect: Effect::Anything,
    }
}

/// Reads a script; `None` if it cannot be read within bounds. More than `allowed` things that open are too many
/// for the stack.
pub(super) fn parse(text: &str, dialect: Dialect, allowed: usize) -> Option<Program> {
    if text.len() > LENGTH || openings(text) > allowed {
        return None;
    }
    let options = ParserOptions {
        sh_mode: dialect == Dialect::Posix,
        enable_extended_globbing: dialect == Dialect::Bash,
        ..ParserOptions::default()
    };
    Parser::new(text.as_bytes(), &options).parse_program().ok()
}

/// The start of a command, on one line.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 61;
    words::shortened(&text.split_whitespace().take(LONGEST).collect::<Vec<_>>().join(" "), LONGEST)
}
