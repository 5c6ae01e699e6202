//! Simple commands: assignments, what changes the shell, what prints something known, and the commands that run
//! others. Everything else is written down.

use std::collections::BTreeMap;

use brush_parser::ast::{
    Assignment, AssignmentName, AssignmentValue, Command as Ast, IoFileRedirectKind, IoFileRedirectTarget,
    IoRedirect, SimpleCommand,
};

use super::super::grammar::wrapper::shell;
use super::super::parts::{CommandWord, Parts};
use super::super::word::name_length;
use super::env::{Arguments, Env, Value};
use super::walk::{Function, Walker};
use super::word::{ARGUMENTS, Expander};
use super::{Command, path};
use crate::text::pattern::{Part, Pattern};

/// Returns true if a redirection takes standard output away.
pub(super) fn is_output(redirect: &IoRedirect) -> bool {
    match redirect {
        IoRedirect::File(fd, kind, _) => {
            !matches!(kind, IoFileRedirectKind::Read | IoFileRedirectKind::DuplicateInput)
                && fd.is_none_or(|fd| fd == 1)
        }
        IoRedirect::OutputAndError(..) => true,
        IoRedirect::HereDocument(..) | IoRedirect::HereString(..) => false,
    }
}

/// A command with its arguments, where it runs.
pub(super) struct Call {
    pub(crate) words: Vec<Pattern>,
    pub(crate) stdin: Option<Pattern>,
    pub(crate) line: usize,
}

impl Walker<'_> {
    /// Runs a simple command.
    pub(crate) fn simple(&mut self, simple: &SimpleCommand, mut env: Env) -> Vec<Env> {
        if !self.step() {
            return vec![env];
        }
        let parts = Parts::of(simple);
        let line = simple.word_or_name.as_ref().map_or_else(
            || parts.assignments.first().map_or(1, |assignment| self.line_at(assignment.loc.start.line)),
            |name| self.line_of(name),
        );
        let name = simple.word_or_name.as_ref().map(|name| name.value.as_str());
        if let Some(name @ ("export" | "readonly" | "declare" | "typeset" | "local")) = name {
            self.declare(name, &parts.words[1..], &mut env, line);
            return vec![env];
        }
        let mut words = Vec::new();
        for word in &parts.words {
            match word {
                CommandWord::Plain(word) | CommandWord::Assignment(_, word) => {
                    words.extend(Expander { walker: self, env: &mut env, line }.fields(&word.value));
                }
                CommandWord::Process(subshell) => {
                    self.subshell(|walker| walker.list(&subshell.list, vec![env.clone()]));
                    words.push(Pattern::hole("<()"));
                }
            }
        }
        if words.is_empty() {
            for assignment in parts.assignments {
                self.assign(assignment, &mut env, line);
            }
            return vec![env];
        }
        let stdin = self.stdin(&parts.redirects, &mut env, line).or_else(|| self.piped.clone());
        let silent = parts.redirects.iter().any(|redirect| is_output(redirect));
        let output = env.output.clone();
        // What the command alone is given holds for what it runs.
        let hidden = env.hidden();
        for assignment in parts.assignments {
            if let AssignmentName::VariableName(name) = &assignment.name {
                env.hide(name);
            }
            self.assign(assignment, &mut env, line);
        }
        let mut ends = self.call(Call { words, stdin, line }, env);
        for end in &mut ends {
            end.reveal(hidden);
            if silent {
                end.output.clone_from(&output);
            }
        }
        ends
    }

    /// The file that a pipeline that starts with `command` hands to the next.
    pub(crate) fn handed(&mut self, command: &Ast, env: &Env) -> Option<Pattern> {
        let Ast::Simple(simple) = command else { return None };
        let parts = Parts::of(simple);
        let name = simple.word_or_name.as_ref()?;
        let ("cat", [_, CommandWord::Plain(file)]) = (name.value.as_str(), &parts.words[..]) else {
            return None;
        };
        let line = self.line_of(name);
        let value = Expander { walker: self, env: &mut env.clone(), line }.value(&file.value);
        Some(value)
    }

    fn stdin(&mut self, redirects: &[&IoRedirect], env: &mut Env, line: usize) -> Option<Pattern> {
        redirects.iter().find_map(|redirect| match redirect {
            IoRedirect::File(
                None | Some(0),
                IoFileRedirectKind::Read,
                IoFileRedirectTarget::Filename(word),
            ) => Some(Expander { walker: self, env, line }.value(&word.value)),
            _ => None,
        })
    }

    fn assign(&mut self, assignment: &Assignment, env: &mut Env, line: usize) {
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
    fn declare(&mut self, command: &str, words: &[CommandWord], env: &mut Env, line: usize) {
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
                self.assign(assignment, env, line);
            }
        }
    }

    /// Runs a command with its arguments.
    pub(crate) fn call(&mut self, mut call: Call, mut env: Env) -> Vec<Env> {
        // A command that a variable holds.
        if let Some(hole) = call.words.first().and_then(Pattern::as_hole)
            && let Some(default) = env.default_of(hole).and_then(Pattern::known)
        {
            let words: Vec<Pattern> = default.split_whitespace().map(Pattern::text).collect();
            call.words.splice(..1, words);
        }
        super::wrapper::unwrap(&mut call.words);
        let Some(name) = call.words.first().and_then(Pattern::known).map(str::to_owned) else {
            self.note(call, &mut env);
            return vec![env];
        };
        if let Some(function) = self.functions.get(&name).cloned() {
            return self.function(&name, &function, &call, env);
        }
        let args = &call.words[1..];
        match name.as_str() {
            "exit" | "return" | "break" | "continue" => {
                match name.as_str() {
                    "exit" => self.ended = Some(env),
                    "return" => self.returned.push(env),
                    "break" => self.broke.push(env),
                    _ => self.continued.push(env),
                }
                Vec::new()
            }
            "." | "source" => match args.first() {
                Some(file) => {
                    let file = path::join(&env.folder, file);
                    self.source(&file, env, call.line)
                }
                None => vec![env],
            },
            name if matches!(name, "eval" | "zsh" | "ksh") || shell(name).is_some() => {
                if let Some(words) = super::wrapper::script(name, args) {
                    return self.inner(name, &words, &call, env);
                }
                self.note(call, &mut env);
                vec![env]
            }
            _ => {
                if !self.builtin(&name, args, &mut env, call.line) {
                    self.note(call, &mut env);
                }
                vec![env]
            }
        }
    }

    /// Runs words as a script: what is unknown in them is what a variable of the new script holds.
    fn inner(&mut self, name: &str, words: &[Pattern], call: &Call, env: Env) -> Vec<Env> {
        let mut inner = env.clone();
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
                        inner.set(&variable, Value::One(Pattern::hole(hole)), hole);
                        text.extend(["${", &variable, "}"]);
                    }
                }
            }
        }
        if name == "eval" {
            return self.text(&text, inner, call.line);
        }
        inner.arguments = Arguments { known: Vec::new(), open: None };
        self.subshell(|walker| walker.text(&text, inner, call.line));
        vec![env]
    }

    fn function(&mut self, name: &str, function: &Function, call: &Call, mut env: Env) -> Vec<Env> {
        self.called.insert(name.to_owned());
        let before = env.arguments.clone();
        let hidden = env.hidden();
        let args = &call.words[1..];
        let known = args.iter().position(|word| word.as_hole() == Some(ARGUMENTS));
        env.arguments =
            Arguments { known: args[..known.unwrap_or(args.len())].to_vec(), open: known.and(before.open) };
        let mut ends = self.call_body(function, vec![env], call.line);
        for end in &mut ends {
            end.reveal(hidden);
            end.arguments = before.clone();
        }
        ends
    }

    /// Writes a command down. What it prints is unknown.
    fn note(&mut self, call: Call, env: &mut Env) {
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
    fn builtin(&mut self, name: &str, args: &[Pattern], env: &mut Env, line: usize) -> bool {
        let operand = || args.iter().find(|arg| !arg.known().is_some_and(|arg| arg.starts_with('-')));
        match name {
            "cd" | "pushd" => {
                if name == "pushd" {
                    env.folders.push(env.folder.clone());
                }
                env.folder = match operand() {
                    Some(folder) => path::join(&env.folder, folder),
                    None if args.is_empty() => Pattern::hole("HOME"),
                    None => env.folders.pop().unwrap_or_else(|| Pattern::hole("OLDPWD")),
                };
            }
            "popd" => env.folder = env.folders.pop().unwrap_or_else(|| Pattern::hole("OLDPWD")),
            "pwd" => env.write(Some(&env.folder.clone())),
            "shift" => {
                let count = operand().map_or(Some(1), |count| count.known()?.parse().ok()).unwrap_or(1);
                let known = &mut env.arguments.known;
                let dropped = known.len().min(count);
                known.drain(..dropped);
                env.arguments.open = env.arguments.open.map(|first| first + count - dropped);
            }
            "set" => {
                if let Some(at) = args.iter().position(|arg| arg.known() == Some("--")) {
                    let words = &args[at + 1..];
                    let known = words.iter().position(|word| word.as_hole() == Some(ARGUMENTS));
                    let open = known.and(env.arguments.open);
                    env.arguments = Arguments { known: words[..known.unwrap_or(words.len())].to_vec(), open };
                }
            }
            "unset" => args.iter().filter_map(Pattern::known).for_each(|name| env.unset(name)),
            "read" | "mapfile" | "readarray" | "getopts" => {
                for variable in args.iter().filter_map(Pattern::known).filter(|arg| !arg.starts_with('-')) {
                    if name_length(variable) == variable.len() && !variable.is_empty() {
                        let hole = self.name(variable, line);
                        env.set(variable, Value::One(Pattern::hole(&hole)), &hole);
                    }
                }
            }
            "echo" | "printf" | "dirname" | "basename" | "realpath" | "readlink" | "git" | "cygpath" => {
                let printed = super::wrapper::printed(name, args, &env.folder);
                env.write(printed.as_ref());
            }
            ":" | "true" | "false" | "[" | "test" | "mkdir" | "rm" | "trap" => {}
            _ => return false,
        }
        true
    }
}
