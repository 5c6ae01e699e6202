//! From an invocation to its script: the text that a shell reads, and the bounds within which it is read. It never judges
//! a command.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::Arc;

use brush_parser::ast::Program;
use brush_parser::{Parser, ParserOptions};
use hashbrown::HashMap;

use super::effects::Walker;
use super::field::Field;
use super::grammar::wrapper::is_interpreter;
use super::invoke::Invoked;
use super::path::{PathPattern, join};
use super::path_set::PathSet;
use super::state::{Dialect, Flow, State};
use super::{Effect, Invocation, Script, Step};
use crate::budget;
use crate::text::cut;
use crate::text::words;

/// The longest script, in bytes.
const LENGTH: usize = 256 << 10;
/// The most things that open in a script, which the parser follows by recursion.
const OPENINGS: usize = 1_000;
/// The most of them in a script on disk that is read. One is parsed at a time.
pub(super) const ON_DISK: usize = 400;
/// The number of them for which any thread's stack is enough.
pub(super) const SHALLOW: usize = 24;
/// The most stack that one of them takes.
const FRAME: usize = 64 << 10;
/// The number of `&&` and `||` in `[[ … ]]` that take as much of it.
const JOINS: usize = 16;
/// The stack for everything else.
const STACK: usize = 2 << 20;

/// The most names that are taken from a text.
const NAMES: usize = 2_000;

pub(super) fn effects(invocation: &Invocation) -> Vec<Step> {
    let openings = match invocation.script {
        Script::Shell(text) => openings(text),
        Script::Exec(words) => words.iter().map(|word| openings(word)).sum(),
    } + invocation.heredocs.iter().map(|heredoc| openings(heredoc.body)).sum::<usize>()
        + invocation.files.values().map(|file| openings(&file.text)).sum::<usize>().min(ON_DISK);
    let (script, heredocs, shell) = (invocation.script, invocation.heredocs, invocation.shell);
    let (workdir, user, env, files, first_line) =
        (invocation.workdir, invocation.user, invocation.env, invocation.files, invocation.first_line);
    with_stack(openings, move || {
        let invocation = Invocation { script, heredocs, shell, workdir, user, env, files, first_line };
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
    budget::on_stack(STACK + openings * FRAME, run)
}

/// Returns the most things that open in a text: brackets, substitutions, the words that start compound commands, and the
/// operators of `[[ … ]]`.
pub(super) fn openings(text: &str) -> usize {
    let bytes = text.as_bytes();
    let brackets = bytes.iter().filter(|byte| matches!(byte, b'(' | b'{' | b'`')).count();
    let words = bytes.split(|byte| !byte.is_ascii_alphabetic());
    brackets
        + words
            .filter(|word| {
                matches!(*word, b"if" | b"case" | b"for" | b"while" | b"until" | b"select" | b"coproc")
            })
            .count()
        + conditions(text)
}

/// Returns the things that open in all `[[ … ]]` of a text: the parser goes down one call for each `!`, and a short one for
/// each `&&` and `||`.
fn conditions(text: &str) -> usize {
    let bodies = text.split("[[").skip(1).map(|rest| rest.split("]]").next().unwrap_or_default());
    let count = |body: &str| {
        let joins = body.matches("&&").count() + body.matches("||").count();
        body.matches('!').count() + joins / JOINS
    };
    bodies.map(count).sum()
}

/// Runs it on a stack that is deep enough for scripts in which `allowed` things open: variables may bring more.
fn run(invocation: &Invocation, allowed: usize) -> Vec<Step> {
    let mut state = State::new(invocation.workdir, invocation.user);
    state.opaque = State::is_steered(invocation.env);
    let mut walker = Walker::new(invocation, state, allowed);
    match invocation.script {
        Script::Exec(words) => {
            let fields: Vec<Field> = words.iter().cloned().map(Field::Literal).collect();
            walker.invoke(&Invoked { fields: &fields, stdin: None }, invocation.first_line, Flow::SURE);
        }
        Script::Shell(text) => shell_form(&mut walker, invocation, text),
    }
    let mut steps = walker.finish();
    if let (Script::Shell(_), true) = (invocation.script, steps.is_empty()) {
        steps.push(nothing(invocation));
    }
    name_all(&mut steps, invocation);
    steps
}

fn shell_form(walker: &mut Walker, invocation: &Invocation, text: &str) {
    let (mut shell, mut script) = (invocation.shell.to_vec(), String::new());
    match invocation.heredocs.first() {
        Some(heredoc) if is_heredoc_alone(text, heredoc.name) => {
            walker.set_first_line(heredoc.line);
            script = dedented(heredoc.body, heredoc.chomp);
            if let Some(rest) = script.strip_prefix("#!") {
                // It is a program of its own then; its interpreter need not be a shell.
                shell = interpreter(rest.lines().next().unwrap_or(""));
                shell.push("-c".to_owned());
            }
        }
        _ => {
            script.push_str(text);
            for heredoc in invocation.heredocs {
                script.extend(["\n", heredoc.body, heredoc.name]);
            }
        }
    }
    let fields: Vec<Field> = shell.into_iter().chain([script]).map(Field::Literal).collect();
    walker.start(&fields, invocation.first_line);
}

/// Returns a heredoc's body, without leading tabs for `<<-`.
pub(super) fn dedented(body: &str, chomp: bool) -> String {
    if chomp {
        body.split_inclusive('\n').map(|line| line.trim_start_matches('\t')).collect()
    } else {
        body.to_owned()
    }
}

/// Commands that change files and whose operands another word of the RUN may hold: `mk() { mkdir "$1"; }; mk /x`.
const CHANGES_OPERANDS: [&str; 18] = [
    "ash", "bash", "chgrp", "chmod", "chown", "cp", "dash", "eval", "install", "ln", "mkdir", "mv", "rm",
    "rmdir", "sh", "tee", "touch", "xargs",
];

/// Adds every path that the text of a RUN names to its steps whose operands are not read, so that no assumption
/// contradicts the text.
fn name_all(steps: &mut [Step], invocation: &Invocation) {
    let is_blind = |step: &Step| {
        let program = step.command.split(' ').next().unwrap_or("");
        let program = program.rsplit('/').next().unwrap_or(program);
        let names = CHANGES_OPERANDS.contains(&program)
            || is_interpreter(program)
            || program == "$…"
            || program.starts_with('>');
        matches!(step.effect, Effect::Touches { unread: true, .. }) && names
    };
    if !steps.iter().any(is_blind) {
        return;
    }
    let directories: Vec<String> =
        invocation.workdir.map(|directory| join("/", directory).0).into_iter().collect();
    let texts = match invocation.script {
        Script::Shell(text) => vec![text],
        Script::Exec(words) => words.iter().map(String::as_str).collect(),
    };
    let files = invocation.files.values().map(|file| &*file.text);
    let bodies = invocation.heredocs.iter().map(|heredoc| heredoc.body).chain(files);
    let all: PathSet = texts.into_iter().chain(bodies).flat_map(|text| named(text, &directories)).collect();
    for step in steps.iter_mut().filter(|step| is_blind(step)) {
        if let Effect::Touches { paths, .. } = &mut step.effect {
            paths.share(&all);
        }
    }
}

/// Returns the paths that a text in any language names, relative ones in each of `directories`.
pub(super) fn named(text: &str, directories: &[String]) -> Vec<PathPattern> {
    let is_path = |c: char| c.is_alphanumeric() || "/._-+".contains(c);
    let mut paths = Vec::new();
    let words = text.split_inclusive(|c| !is_path(c)).scan('\0', |before, piece| {
        let word = piece.trim_end_matches(|c| !is_path(c));
        let end = piece.chars().next_back().unwrap_or('\0');
        Some((std::mem::replace(before, end), word))
    });
    let words = words.map(|(before, word)| match word.find('/') {
        // The variable may be empty: `$X/opt`.
        Some(at) if before == '$' => cut::from(word, at),
        _ => word,
    });
    for word in words.filter(|word| word.contains(char::is_alphanumeric)).take(NAMES) {
        let absolute = word.find('/').filter(|at| *at == 0 || word.starts_with('-'));
        if let Some(at) = absolute {
            paths.push(PathPattern::At(join("/", cut::from(word, at)).0));
        } else if !word.starts_with('-') {
            paths.extend(directories.iter().map(|directory| PathPattern::At(join(directory, word).0)));
        }
    }
    paths.sort_unstable();
    paths.dedup();
    paths
}

/// Returns the command that reads a script with this `#!` line, without the script.
pub(super) fn interpreter(line: &str) -> Vec<String> {
    let mut words = line.split_whitespace().peekable();
    if words.peek().is_some_and(|word| word.ends_with("/env")) {
        words.next();
        words.next_if(|word| *word == "-S");
    }
    words.map(str::to_owned).collect()
}

/// Returns true if the command is a heredoc and nothing else.
fn is_heredoc_alone(text: &str, name: &str) -> bool {
    text.trim().strip_prefix("<<").is_some_and(|word| {
        let word = word.strip_prefix('-').unwrap_or(word).trim();
        word.trim_matches(['"', '\'']) == name
    })
}

/// Returns the step of a shell that runs no command.
fn nothing(invocation: &Invocation) -> Step {
    let command = invocation.shell.first().cloned().unwrap_or_default();
    Step { command, certain: true, keeps_content: true, effect: Effect::None, ..anything(invocation) }
}

fn anything(invocation: &Invocation) -> Step {
    let command = match invocation.script {
        Script::Shell(text) => shortened(text),
        Script::Exec(words) => words.first().map_or_else(String::new, |word| shortened(word)),
    };
    Step {
        command,
        directory: None,
        programs: Arc::default(),
        script: None,
        line: invocation.first_line,
        certain: false,
        keeps_content: false,
        user: invocation.user,
        effect: Effect::Anything,
    }
}

/// The most bytes of scripts whose programs a thread keeps, and of one of them. Many files run the same commands.
const KEPT: usize = 64 << 10;
const KEPT_EACH: usize = 2 << 10;

/// The programs of scripts that a thread has read.
#[derive(Default)]
struct Programs {
    of: HashMap<(Dialect, String), Option<Rc<Program>>>,
    bytes: usize,
}

thread_local! {
    static PROGRAMS: RefCell<Programs> = RefCell::default();
}

/// Reads a script; `None` if it cannot be read within bounds. More than `allowed` things that open are too many
/// for the stack.
pub(super) fn parse(text: &str, dialect: Dialect, allowed: usize) -> Option<Rc<Program>> {
    if text.len() > LENGTH {
        return None;
    }
    let openings = openings(text);
    if openings > allowed {
        return None;
    }
    let read = || {
        let options = ParserOptions {
            sh_mode: dialect == Dialect::Posix,
            enable_extended_globbing: false,
            ..ParserOptions::default()
        };
        Parser::new(text.as_bytes(), &options).parse_program().ok().map(Rc::new)
    };
    if text.len() > KEPT_EACH || openings > SHALLOW {
        return read();
    }
    let key = (dialect, text.to_owned());
    if let Some(known) = PROGRAMS.with_borrow(|programs| programs.of.get(&key).cloned()) {
        return known;
    }
    let program = read();
    PROGRAMS.with_borrow_mut(|programs| {
        if programs.bytes + text.len() > KEPT {
            *programs = Programs::default();
        }
        programs.bytes += text.len();
        programs.of.insert(key, program.clone());
    });
    program
}

/// Reads a script as [`parse`] does; `None` also if a shell may read it in another way than the parser.
pub(super) fn parse_exactly(text: &str, dialect: Dialect, allowed: usize) -> Option<Rc<Program>> {
    let has_arithmetic = text.matches("((").count() > text.matches("$((").count();
    let is_different = has_arithmetic || DIFFERENT.iter().any(|mark| text.contains(mark));
    if (dialect == Dialect::Posix && is_different) || !text.lines().all(reads_heredoc) {
        return None;
    }
    parse(text, dialect, allowed)
}

/// Texts that dash, ash and bash read differently: redirections and keywords that dash does not have.
const DIFFERENT: [&str; 10] = ["&>", "<<<", "<(", ">(", "|&", ";&", "[[ ", "function ", "select ", "coproc "];

/// Returns true if the parser reads the words of a line behind a heredoc's delimiter as a shell does: quotes and
/// expansions there it may divide.
fn reads_heredoc(line: &str) -> bool {
    let Some((_, rest)) = line.split_once("<<").filter(|(_, rest)| !rest.starts_with('<')) else {
        return true;
    };
    let rest = rest.trim_start_matches(['-', ' ']);
    let (_, behind) = cut::where_ends(rest, |c| " \t;|&><)".contains(c));
    !behind.contains(['$', '`', '"', '\'', '\\', '{', '}', '<'])
}

/// Returns the start of a command, on one line.
pub(super) fn shortened(text: &str) -> String {
    const LONGEST: usize = 61;
    words::shortened(&text.split_whitespace().take(LONGEST).collect::<Vec<_>>().join(" "), LONGEST)
}
