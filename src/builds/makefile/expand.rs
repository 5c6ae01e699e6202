//! The expansion of a Makefile's text into shell text: an unknown value becomes a shell variable. It never runs
//! anything.

use super::{Makefile, Target, condition, function, split_outside};
use crate::budget::{self, spend};
use crate::text::cut;

/// The shell variable for the folder that make runs in.
pub(super) const CURDIR: &str = "_make_curdir";
/// The shell variable for the folder of the Makefile.
pub(super) const FOLDER: &str = "_make_folder";
/// The shell variable for the value of `%`.
pub(super) const STEM: &str = "_make_stem";

/// The deepest nesting of variables.
const DEPTH: usize = 24;
/// The most bytes that one expansion adds to a text.
const BYTES: usize = 64 << 10;

pub(super) struct Expander<'m> {
    makefile: &'m Makefile,
    target: Option<&'m Target>,
    /// The arguments of the `$(call …)`s that are being expanded.
    calls: Vec<Vec<String>>,
    /// The variables of the `$(foreach …)`s that are being expanded, with their values.
    loops: Vec<(String, String)>,
    depth: usize,
    bytes: usize,
}

impl<'m> Expander<'m> {
    pub(crate) fn new(makefile: &'m Makefile, target: Option<&'m Target>) -> Self {
        Self { makefile, target, calls: Vec::new(), loops: Vec::new(), depth: 0, bytes: BYTES }
    }

    pub(crate) fn expand(&mut self, text: &str) -> String {
        spend(1 + text.len() / budget::BYTES);
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, after)) = rest.split_once('$') {
            out.push_str(before);
            let Some((c, behind)) = cut::first(after) else { break };
            rest = match c {
                '$' => {
                    out.push('$');
                    behind
                }
                '(' | '{' => {
                    let (inner, behind) = closed(behind, c);
                    let value = self.reference(inner);
                    out.push_str(&value);
                    behind
                }
                c => {
                    let value = self.variable(cut::before(after, c.len_utf8()));
                    out.push_str(&value);
                    behind
                }
            };
            if out.len() > text.len() + BYTES {
                return unknown("a long text");
            }
        }
        out.push_str(rest);
        self.bytes = self.bytes.saturating_sub(out.len());
        spend(out.len() / budget::STORED_BYTES);
        out
    }

    /// Expands a nested text.
    fn inner(&mut self, text: &str) -> String {
        if self.depth >= DEPTH || self.bytes == 0 {
            return String::new();
        }
        // An expansion to nothing takes time too.
        self.bytes = self.bytes.saturating_sub(16);
        spend(1);
        self.depth += 1;
        let expanded = self.expand(text);
        self.depth -= 1;
        expanded
    }

    /// Expands the text inside of `$(…)`.
    fn reference(&mut self, inner: &str) -> String {
        let Some((function, args)) = inner.split_once(char::is_whitespace) else {
            if let Some((name, _, change)) = split_outside(inner, |c| c == ':') {
                return self.substituted(name, change);
            }
            return self.variable(inner);
        };
        if inner.contains("MAKEFILE_LIST") && function != "shell" {
            let end = match function {
                "dir" => "/",
                _ if inner.contains("(dir ") => "",
                _ => "/Makefile",
            };
            return format!("${{{FOLDER}}}{end}");
        }
        let args = args.trim();
        match function {
            "shell" if matches!(args, "pwd" | "PWD") => format!("${{{CURDIR}}}"),
            "shell" => format!("$({})", self.inner(args)),
            "abspath" | "realpath" | "strip" => self.inner(args).trim().to_owned(),
            "notdir" => {
                let path = self.inner(args);
                path.rsplit_once('/')
                    .filter(|_| is_flat(&path))
                    .map_or(path.clone(), |(_, name)| name.to_owned())
            }
            "dir" => {
                let path = self.inner(args);
                let folder = path.rsplit_once('/').filter(|_| is_flat(&path));
                folder.map_or_else(|| "./".to_owned(), |(folder, _)| format!("{folder}/"))
            }
            "subst" => {
                let parts: Vec<String> =
                    arguments(args, 3).into_iter().map(|part| self.inner(part)).collect();
                match parts.as_slice() {
                    [from, to, text] if !text.contains('$') && !from.is_empty() => {
                        cut::replaced(text, from, to, BYTES).unwrap_or_else(|| unknown(inner))
                    }
                    _ => unknown(inner),
                }
            }
            "or" | "and" => self.first_or_last(function == "or", args),
            "if" => {
                let parts = arguments(args, 3);
                let condition = self.inner(parts.first().unwrap_or(&"").trim());
                let taken = if self.holds(&condition) { 1 } else { 2 };
                self.inner(parts.get(taken).unwrap_or(&""))
            }
            "foreach" => self.each(args).unwrap_or_else(|| unknown(inner)),
            "call" => {
                let mut parts = arguments(args, usize::MAX).into_iter();
                let name = parts.next().unwrap_or("").trim().to_owned();
                let values = parts.map(|part| self.inner(part.trim())).collect();
                self.calls.push(values);
                let value = self.variable(&name);
                self.calls.pop();
                value
            }
            _ => self.of_words(function, args).unwrap_or_else(|| unknown(inner)),
        }
    }

    /// Expands a function that works on words. `None` if it is another one, or if a word is not known.
    fn of_words(&mut self, name: &str, args: &str) -> Option<String> {
        let parts = arguments(args, function::arguments(name)?);
        let parts: Vec<String> = parts.into_iter().map(|part| self.inner(part)).collect();
        let length: usize = parts.iter().map(String::len).sum();
        let is_known = parts.iter().all(|part| !part.contains('$'));
        // A word may be repeated for each of the others.
        let is_short = length.saturating_mul(length) <= BYTES.saturating_mul(16);
        if !is_known || !is_short {
            return None;
        }
        function::value(name, &parts)
    }

    /// Expands `$(foreach NAME,WORDS,TEXT)`. `None` if a word is not known.
    fn each(&mut self, args: &str) -> Option<String> {
        let [name, words, text] = arguments(args, 3)[..] else { return None };
        let (name, words) = (self.inner(name).trim().to_owned(), self.inner(words));
        if words.contains('$') {
            return None;
        }
        let mut found: Vec<String> = Vec::new();
        for word in words.split_whitespace() {
            self.loops.push((name.clone(), word.to_owned()));
            let value = self.inner(text);
            self.loops.pop();
            found.push(value);
        }
        Some(found.join(" "))
    }

    /// Returns true if an expanded condition is not empty, or if that is not settled and this reading takes it.
    fn holds(&self, expanded: &str) -> bool {
        match condition::settled(expanded) {
            Some(value) => !value.is_empty(),
            None => self.makefile.choose(&format!("if {expanded}")),
        }
    }

    /// Expands `$(or …)`, the first that is not empty, or `$(and …)`, the last if none is empty.
    fn first_or_last(&mut self, first: bool, args: &str) -> String {
        let mut value = String::new();
        for part in arguments(args, usize::MAX) {
            value = self.inner(part.trim());
            if self.holds(&value) == first {
                return if first { value } else { String::new() };
            }
        }
        if first { String::new() } else { value }
    }

    /// Expands `$(NAME:.o=.c)`.
    fn substituted(&mut self, name: &str, change: &str) -> String {
        let value = self.variable(name);
        let Some((from, to)) = change.split_once('=') else { return unknown(name) };
        let (from, to) = (from.strip_prefix('%').unwrap_or(from), to.strip_prefix('%').unwrap_or(to));
        let length = value.len().saturating_add(to.len().saturating_mul(value.split_whitespace().count()));
        if value.contains('$') || from.contains('%') || to.contains('%') || length > BYTES {
            return unknown(name);
        }
        let words = value.split_whitespace();
        let changed =
            words.map(|word| word.strip_suffix(from).map_or(word.to_owned(), |word| format!("{word}{to}")));
        changed.collect::<Vec<_>>().join(" ")
    }

    fn variable(&mut self, name: &str) -> String {
        let argument = name.parse::<usize>().ok().and_then(|number| number.checked_sub(1));
        if let (Some(values), Some(index)) = (self.calls.last(), argument) {
            return values.get(index).cloned().unwrap_or_default();
        }
        if let Some((_, value)) = self.loops.iter().rev().find(|(own, _)| own == name) {
            return value.clone();
        }
        if let Some(target) = self.target {
            match name {
                "@" => return target.name.clone(),
                "*" => return target.stem.clone().unwrap_or_else(|| format!("${{{STEM}}}")),
                "<" => return target.first.clone(),
                "@F" => return target.name.rsplit('/').next().unwrap_or("").to_owned(),
                "@D" => return target.name.rsplit_once('/').map_or(".", |(folder, _)| folder).to_owned(),
                _ => {}
            }
        }
        let value = self.makefile.given.get(name).or_else(|| self.makefile.variables.get(name));
        match (value, name) {
            (Some(value), _) => {
                let expanded = self.inner(value);
                let is_version = self.makefile.versions.contains(name) && is_name(name);
                if is_version { format!("${{{name}:-{expanded}}}") } else { expanded }
            }
            (None, "CURDIR" | "PWD") => format!("${{{CURDIR}}}"),
            (None, "MAKE") => "make".to_owned(),
            (None, name) => unknown(name),
        }
    }
}

/// Returns a shell variable for an unknown value.
fn unknown(what: &str) -> String {
    let name: String = what.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    if is_name(what) { format!("${{{what}}}") } else { format!("${{_{name}}}") }
}

fn is_name(name: &str) -> bool {
    !name.is_empty()
        && !name.starts_with(|c: char| c.is_ascii_digit())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
}

/// Returns true if the slashes of a path are its own, not those of a default inside of it.
fn is_flat(path: &str) -> bool {
    !path.contains(":-") && !path.contains("$(")
}

/// Returns the text before the closing bracket of the one that was opened before `text`, and the text after it.
fn closed(text: &str, open: char) -> (&str, &str) {
    let close = if open == '(' { ')' } else { '}' };
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            if depth == 0 {
                return (cut::before(text, at), cut::from(text, at + 1));
            }
            depth -= 1;
        }
    }
    (text, "")
}

/// Returns up to `most` arguments, separated by commas.
fn arguments(text: &str, most: usize) -> Vec<&str> {
    let mut found = Vec::new();
    let mut rest = text;
    while found.len() + 1 < most
        && let Some((argument, _, after)) = split_outside(rest, |c| c == ',')
    {
        found.push(argument);
        rest = after;
    }
    found.push(rest);
    found
}
