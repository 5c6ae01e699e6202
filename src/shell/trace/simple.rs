//! Simple commands: assignments, what changes the shell, what prints something known, and the commands that run
//! others. Everything else is written down.

use std::collections::BTreeMap;

use super::super::analysis::{Analysis, Ways};
use super::super::grammar::wrapper::shell;
use super::super::request::{Directory, Options, Request, request};
use super::super::wrapped::shell_call;
use super::env::{Arguments, Env, Value, fits};
use super::walk::{Function, Walker};
use super::word::ARGUMENTS;
use super::wrapper::{printed, unwrap};
use super::{Command, path};
use crate::text::pattern::{Part, Pattern};

/// A command with its arguments, where it runs.
pub(super) struct Call {
    pub(crate) words: Vec<Pattern>,
    pub(crate) stdin: Option<Pattern>,
    pub(crate) line: usize,
}

impl Walker<'_> {
    /// Runs a command with its arguments.
    pub(crate) fn call(&mut self, mut call: Call) {
        let Some(env) = self.ways.first_mut() else { return };
        // A command that a variable holds.
        if let Some(hole) = call.words.first().and_then(Pattern::as_hole)
            && let Some(default) = env.default_of(hole).and_then(Pattern::known)
        {
            let words: Vec<Pattern> = default.split_whitespace().map(Pattern::text).collect();
            call.words.splice(..1, words);
        }
        let is_unwrapped = unwrap(&mut call.words);
        let Some(name) = call.words.first().and_then(Pattern::known).map(str::to_owned) else {
            return self.note(&call);
        };
        if let Some(function) = self.functions.get(&name).filter(|_| !is_unwrapped).cloned() {
            return self.function(&name, &function, &call);
        }
        let args = &call.words[1..];
        if let Some(request) = request(&name, args) {
            return self.builtin(&name, request, &call);
        }
        match &*name {
            "dirname" | "basename" | "realpath" | "readlink" | "git" | "cygpath" => {
                env.write(printed(&name, args, &env.folder).as_ref());
            }
            "mkdir" | "rm" => {}
            _ if matches!(&*name, "zsh" | "ksh") || shell(&name).is_some() => {
                match shell_call(args).filter(|call| call.is_command).and_then(|call| call.operand) {
                    Some(script) => self.started(script, call.line),
                    None => self.note(&call),
                }
            }
            _ => self.note(&call),
        }
    }

    /// Runs a builtin.
    fn builtin(&mut self, name: &str, request: Request<Pattern>, call: &Call) {
        let Some(env) = self.ways.first_mut() else { return };
        match request {
            Request::Reads => env.write(printed(name, &call.words[1..], &env.folder).as_ref()),
            Request::ChangesDirectory(to, _) => env.folder = target(&to, env),
            Request::PushesDirectory(to) => {
                let folder = target(&to, env);
                env.folders.push(std::mem::replace(&mut env.folder, folder));
            }
            Request::PopsDirectory => {
                env.folder = env.folders.pop().unwrap_or_else(lost);
            }
            Request::SetsOptions(Options { rest: Some(words), .. })
                if !matches!(words.first().and_then(Pattern::known), Some("-" | "+")) =>
            {
                env.arguments = arguments(words, env);
            }
            Request::Shifts(count) => {
                let count = count.unwrap_or(1);
                let known = &mut env.arguments.known;
                let dropped = known.len().min(count);
                known.drain(..dropped);
                env.arguments.open = env.arguments.open.map(|first| first + count - dropped);
            }
            Request::Unsets(names) => {
                names.known.iter().for_each(|name| env.set(name, Value::Unset, name));
            }
            Request::Assigns(names) => {
                for name in names.known {
                    let hole = self.name(name, call.line);
                    self.bind(name, Some(&Pattern::hole(&hole)));
                }
            }
            Request::Exits(_) => self.ended = self.ways.pop(),
            Request::Returns => self.returned.append(&mut self.ways),
            Request::Breaks(_) => self.broke.append(&mut self.ways),
            Request::Continues(_) => self.continued.append(&mut self.ways),
            Request::Sources(Some(file)) => {
                let file = path::join(&env.folder, file);
                self.source(&file, call.line);
            }
            Request::Evaluates(words) => self.inner(words, call.line),
            Request::SetsOptions(_)
            | Request::SetsUmask(_)
            | Request::Sources(None)
            | Request::Traps(_)
            | Request::Nothing => {}
            Request::ListsDirectories | Request::Runs(_) | Request::Changes => self.note(call),
        }
    }

    /// Runs a script in a shell of its own.
    fn started(&mut self, script: &Pattern, line: usize) {
        self.beside(|walker| {
            for way in &mut walker.ways {
                way.arguments = Arguments { known: Vec::new(), open: None };
            }
            walker.inner(std::slice::from_ref(script), line);
        });
    }

    /// Runs words as a script: what is unknown in them is what a variable of the new script holds.
    fn inner(&mut self, words: &[Pattern], line: usize) {
        let mut text = String::new();
        let mut holes = 0;
        for (at, word) in words.iter().enumerate() {
            text.push_str(if at == 0 { "" } else { " " });
            for part in word.parts() {
                match part {
                    Part::Text(part) => text.push_str(part),
                    Part::Hole(hole) => {
                        holes += 1;
                        let variable = format!("_hole_{holes}");
                        let value = Value::One(Pattern::hole(hole));
                        self.ways.iter_mut().for_each(|way| way.set(&variable, value.clone(), hole));
                        text.extend(["${", &variable, "}"]);
                    }
                }
            }
        }
        self.text(&text, line);
    }

    fn function(&mut self, name: &str, function: &Function, call: &Call) {
        let Some(env) = self.ways.first_mut() else { return };
        self.called.insert(name.to_owned());
        let before = env.arguments.clone();
        let hidden = env.hidden();
        env.arguments = arguments(&call.words[1..], env);
        self.call_body(function, call.line);
        for end in &mut self.ways {
            end.reveal(hidden);
            end.arguments = before.clone();
        }
    }

    /// Writes a command down. What it prints is unknown.
    fn note(&mut self, call: &Call) {
        let Some(env) = self.ways.first_mut() else { return };
        env.write(None);
        let mut defaults = BTreeMap::new();
        for part in call.words.iter().chain([&env.folder]).flat_map(Pattern::parts) {
            if let Part::Hole(hole) = part
                && let Some(default) = env.default_of(hole)
            {
                defaults.insert(hole.clone(), default.clone());
            }
        }
        let folder = env.folder.clone();
        let (words, stdin) = (call.words.clone(), call.stdin.clone());
        self.record(Command { words, folder, stdin, defaults, line: call.line });
    }
}

/// A folder of which nothing is known.
fn lost() -> Pattern {
    Pattern::hole("OLDPWD")
}

/// The folder to which `cd` goes.
fn target(to: &Directory<Pattern>, env: &mut Env) -> Pattern {
    match to {
        // One of which too much is unknown, after one `cd` to somewhere after the other, is lost.
        Directory::To(folder) => Some(path::join(&env.folder, folder)).filter(fits).unwrap_or_else(lost),
        Directory::Home => Pattern::hole("HOME"),
        Directory::Last | Directory::Unclear => env.folders.pop().unwrap_or_else(lost),
    }
}

/// The positional parameters that words become: what follows unknown ones is unknown.
fn arguments(words: &[Pattern], env: &Env) -> Arguments {
    let known = words.iter().position(|word| word.as_hole() == Some(ARGUMENTS));
    let open = known.and(env.arguments.open);
    Arguments { known: words[..known.unwrap_or(words.len())].to_vec(), open }
}
