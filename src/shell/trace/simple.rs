//! Simple commands: assignments, what changes the shell, what prints something known, and the commands that run
//! others. Everything else is written down.

use std::collections::BTreeMap;

use brush_parser::ast::{Assignment, AssignmentName, AssignmentValue};

use super::super::analysis::Ways;
use super::super::destination::{Directory, destination};
use super::super::grammar::builtin::{Builtin, builtin};
use super::super::grammar::wrapper::shell;
use super::super::parts::CommandWord;
use super::super::word::name_length;
use super::super::wrapped::shell_call;
use super::env::{Arguments, Env, Value};
use super::walk::{Function, Walker};
use super::word::{ARGUMENTS, Expander};
use super::{Command, path};
use crate::text::pattern::{Part, Pattern};

/// A command with its arguments, where it runs.
pub(super) struct Call {
    pub(crate) words: Vec<Pattern>,
    pub(crate) stdin: Option<Pattern>,
    pub(crate) line: usize,
}

impl Walker<'_> {
    pub(crate) fn assign_variable(&mut self, assignment: &Assignment, env: &mut Env, line: usize) {
        let AssignmentName::VariableName(name) = &assignment.name else { return };
        let before = env.get(name).cloned();
        let hole = self.name(name, line);
        let value = match &assignment.value {
            AssignmentValue::Scalar(word) => {
                let mut value = Expander { walker: self, env, line }.value(&word.value);
                // What a command prints is named after the variable that keeps it.
                if value.as_hole().is_some_and(|hole| hole.starts_with('$')) {
                    value = Pattern::hole(&hole);
                }
                match (assignment.append, before) {
                    (true, Some(Value::One(mut whole))) => {
                        whole.push(&value);
                        Value::One(whole)
                    }
                    (true, Some(Value::Many(values))) => Value::Many(values),
                    (true, None) => {
                        let mut whole = Pattern::hole(name);
                        whole.push(&value);
                        Value::One(whole)
                    }
                    (true, Some(Value::Unset)) | (false, _) => Value::One(value),
                }
            }
            AssignmentValue::Array(elements) => {
                let mut values = match before {
                    Some(Value::Many(values)) if assignment.append => values,
                    Some(Value::One(value)) if assignment.append => vec![value],
                    _ => Vec::new(),
                };
                for (_, word) in elements {
                    values.extend(Expander { walker: self, env, line }.fields(&word.value));
                }
                Value::Many(values)
            }
        };
        env.set(name, value, &hole);
    }

    /// `export NAME=value` and its like.
    pub(crate) fn declare_variables(
        &mut self,
        command: &str,
        words: &[CommandWord],
        env: &mut Env,
        line: usize,
    ) {
        for word in words {
            let (name, assignment) = match word {
                CommandWord::Assignment(assignment, _) => match &assignment.name {
                    AssignmentName::VariableName(name) => (name.clone(), Some(assignment)),
                    AssignmentName::ArrayElementName(..) => continue,
                },
                CommandWord::Plain(word) if name_length(&word.value) == word.value.len() => {
                    (word.value.clone(), None)
                }
                _ => continue,
            };
            if matches!(command, "local" | "declare" | "typeset") && self.within_function() {
                env.hide(&name);
                if assignment.is_none() {
                    env.unset(&name);
                }
            }
            if let Some(assignment) = assignment {
                self.assign_variable(assignment, env, line);
            }
        }
    }

    /// Runs a command with its arguments.
    pub(crate) fn call(&mut self, mut call: Call) {
        let Some(env) = self.ways.first() else { return };
        // A command that a variable holds.
        if let Some(hole) = call.words.first().and_then(Pattern::as_hole)
            && let Some(default) = env.default_of(hole).and_then(Pattern::known)
        {
            let words: Vec<Pattern> = default.split_whitespace().map(Pattern::text).collect();
            call.words.splice(..1, words);
        }
        super::wrapper::unwrap(&mut call.words);
        let Some(name) = call.words.first().and_then(Pattern::known).map(str::to_owned) else {
            return self.note(call);
        };
        if let Some(function) = self.functions.get(&name).cloned() {
            return self.function(&name, &function, &call);
        }
        let args = &call.words[1..];
        match builtin(&name) {
            Some(Builtin::Exits) => self.ended = self.ways.pop(),
            Some(Builtin::Returns) => self.returned.append(&mut self.ways),
            Some(Builtin::Breaks) => self.broke.append(&mut self.ways),
            Some(Builtin::Continues) => self.continued.append(&mut self.ways),
            Some(Builtin::Sources) => {
                if let Some(file) = args.first().map(|file| path::join(&env.folder, file)) {
                    self.source(&file, call.line);
                }
            }
            Some(Builtin::Evaluates) => self.inner(args, call.line),
            _ if matches!(&*name, "zsh" | "ksh") || shell(&name).is_some() => {
                match shell_call(args).filter(|call| call.is_command).and_then(|call| call.operand) {
                    Some(script) => self.started(script, call.line),
                    None => self.note(call),
                }
            }
            builtin => {
                if !self.alone(|walker, env| walker.prints(&name, builtin, args, env, call.line)) {
                    self.note(call);
                }
            }
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
    fn note(&mut self, call: Call) {
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
        self.record(Command { words: call.words, folder, stdin: call.stdin, defaults, line: call.line });
    }

    /// Runs what changes the shell or prints something known. False for any other command.
    fn prints(
        &mut self,
        name: &str,
        builtin: Option<Builtin>,
        args: &[Pattern],
        env: &mut Env,
        line: usize,
    ) -> bool {
        match builtin {
            Some(Builtin::ChangesDirectory) => env.folder = target(args, env),
            Some(Builtin::PushesDirectory) => {
                let folder = target(args, env);
                env.folders.push(std::mem::replace(&mut env.folder, folder));
            }
            Some(Builtin::PopsDirectory) => {
                env.folder = env.folders.pop().unwrap_or_else(|| Pattern::hole("OLDPWD"));
            }
            Some(Builtin::Shifts) => {
                let count = args.first().map_or(Some(1), |count| count.known()?.parse().ok()).unwrap_or(1);
                let known = &mut env.arguments.known;
                let dropped = known.len().min(count);
                known.drain(..dropped);
                env.arguments.open = env.arguments.open.map(|first| first + count - dropped);
            }
            Some(Builtin::SetsOptions) => {
                if let Some(at) = args.iter().position(|arg| arg.known() == Some("--")) {
                    env.arguments = arguments(&args[at + 1..], env);
                }
            }
            Some(Builtin::Unsets) => args.iter().filter_map(Pattern::known).for_each(|name| env.unset(name)),
            Some(Builtin::Assigns) => {
                for variable in args.iter().filter_map(Pattern::known).filter(|arg| !arg.starts_with('-')) {
                    if name_length(variable) == variable.len() && !variable.is_empty() {
                        let hole = self.name(variable, line);
                        env.set(variable, Value::One(Pattern::hole(&hole)), &hole);
                    }
                }
            }
            Some(Builtin::Traps) => {}
            Some(Builtin::Reads) => {
                let printed = super::wrapper::printed(name, args, &env.folder);
                env.write(printed.as_ref());
            }
            _ => match name {
                "dirname" | "basename" | "realpath" | "readlink" | "git" | "cygpath" => {
                    let printed = super::wrapper::printed(name, args, &env.folder);
                    env.write(printed.as_ref());
                }
                "mkdir" | "rm" => {}
                _ => return false,
            },
        }
        true
    }
}

/// The folder to which `cd` goes.
fn target(args: &[Pattern], env: &mut Env) -> Pattern {
    match destination(args).directory {
        Directory::To(folder) => path::join(&env.folder, folder),
        Directory::Home => Pattern::hole("HOME"),
        Directory::Last | Directory::Unclear => env.folders.pop().unwrap_or_else(|| Pattern::hole("OLDPWD")),
    }
}

/// The positional parameters that words become: what follows unknown ones is unknown.
fn arguments(words: &[Pattern], env: &Env) -> Arguments {
    let known = words.iter().position(|word| word.as_hole() == Some(ARGUMENTS));
    let open = known.and(env.arguments.open);
    Arguments { known: words[..known.unwrap_or(words.len())].to_vec(), open }
}
