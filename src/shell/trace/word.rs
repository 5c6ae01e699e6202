//! Words, expanded as far as they are known. What is not known becomes a hole that is named after where it comes
//! from.

use super::super::word::name_length;
use super::env::{Env, Value, lone_hole};
use super::path;
use super::scan::{end_of_quoted, split_backquoted, split_nested};
use super::walk::Walker;
use crate::text::glob::shell as glob;
use crate::text::pattern::{Part as Piece, Pattern};

/// How deep expansions may nest within a word.
const DEPTH: usize = 16;
/// The most words that one becomes.
const MOST: usize = 1024;
/// The hole of a wildcard.
pub(super) const WILDCARD: &str = "*";
/// The hole of the unknown arguments.
pub(super) const ARGUMENTS: &str = "@";

/// The characters that are special within a part of a word.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Part {
    /// Quotes, wildcards and blanks of values.
    Word,
    /// Quotes alone: the right side of an assignment.
    Value,
    /// Neither: within double quotes.
    Quoted,
}

#[derive(Default)]
struct Out {
    fields: Vec<Pattern>,
    current: Pattern,
    started: bool,
}

impl Out {
    fn end_field(&mut self) {
        let current = std::mem::take(&mut self.current);
        if std::mem::take(&mut self.started) && self.fields.len() < MOST {
            self.fields.push(current);
        }
    }

    fn text(&mut self, text: &str) {
        self.started = true;
        self.current.push_text(text);
    }

    fn hole(&mut self, name: &str) {
        self.started = true;
        self.current.push_hole(name);
    }

    fn value(&mut self, value: &Pattern, part: Part) {
        if part != Part::Word {
            self.started = true;
            return self.current.push(value);
        }
        for piece in value.parts() {
            match piece {
                Piece::Hole(name) => self.hole(name),
                Piece::Text(text) => {
                    for (at, word) in text.split([' ', '\t', '\n']).enumerate() {
                        if at > 0 {
                            self.end_field();
                        }
                        for (at, text) in word.split('*').enumerate() {
                            if at > 0 {
                                self.hole(WILDCARD);
                            }
                            if !text.is_empty() {
                                self.text(text);
                            }
                        }
                    }
                }
            }
        }
    }

    fn words(&mut self, words: &[Pattern], part: Part, apart: bool) {
        for (at, word) in words.iter().enumerate() {
            match (at, apart) {
                (0, _) => {}
                (_, true) => self.end_field(),
                (_, false) => self.value(&Pattern::text(" "), part),
            }
            self.value(word, part);
        }
    }
}

/// The value of a name.
enum Found {
    /// These words.
    Words(Vec<Pattern>),
    /// This text.
    Text(Pattern),
    /// Something unknown that has this name.
    Hole(String),
}

/// Expands the words of one command of one shell.
pub(super) struct Expander<'e, 'w, 'a> {
    pub(crate) walker: &'e mut Walker<'a>,
    pub(crate) env: &'w mut Env,
    pub(crate) line: usize,
}

impl Expander<'_, '_, '_> {
    /// The arguments that a word becomes.
    pub(crate) fn fields(&mut self, word: &str) -> Vec<Pattern> {
        let mut out = Out::default();
        self.scan(word, Part::Word, &mut out, 0);
        out.end_field();
        out.fields
    }

    /// The value of a word where nothing is split.
    pub(crate) fn value(&mut self, word: &str) -> Pattern {
        let mut out = Out::default();
        self.scan(word, Part::Value, &mut out, 0);
        out.current
    }

    fn scan(&mut self, text: &str, part: Part, out: &mut Out, depth: usize) {
        if depth > DEPTH || !self.walker.spend(text.len()) {
            return out.hole(text);
        }
        let mut rest = text;
        while let Some(c) = rest.chars().next() {
            let after = &rest[c.len_utf8()..];
            rest = match c {
                '\\' => {
                    let next = after.chars().next();
                    match next {
                        Some('\n') => {}
                        Some(c) if part == Part::Quoted && !"$`\"\\".contains(c) => {
                            out.text("\\");
                            out.text(c.encode_utf8(&mut [0; 4]));
                        }
                        Some(c) => out.text(c.encode_utf8(&mut [0; 4])),
                        None => out.text("\\"),
                    }
                    &after[next.map_or(0, char::len_utf8)..]
                }
                '\'' if part != Part::Quoted => {
                    let (inner, after) = after.split_once('\'').unwrap_or((after, ""));
                    out.text(inner);
                    after
                }
                '"' if part != Part::Quoted => {
                    let (inner, after) = after.split_at(end_of_quoted(after));
                    // Arguments that are none leave nothing behind.
                    out.started |= !matches!(inner, "$@" | "${@}") && !inner.ends_with("[@]}");
                    self.scan(inner, Part::Quoted, out, depth + 1);
                    after.get(1..).unwrap_or("")
                }
                '$' => self.dollar(after, part, out, depth),
                '`' => {
                    let (inner, after) = split_backquoted(after);
                    let value = self.walker.substitute(self.env, &inner, self.line);
                    out.value(&value, part);
                    after
                }
                '~' if part != Part::Quoted && rest.len() == text.len() && depth == 0 => {
                    out.hole("HOME");
                    after
                }
                '*' if part == Part::Word => {
                    out.hole(WILDCARD);
                    after
                }
                '{' if part == Part::Word && after.contains('}') => braces(after, out),
                _ => {
                    let length = after.find(|c: char| "\\'\"$`*{".contains(c)).unwrap_or(after.len());
                    out.text(&rest[..c.len_utf8() + length]);
                    &after[length..]
                }
            };
        }
    }

    /// Reads what follows a `$` and returns the rest.
    fn dollar<'t>(&mut self, after: &'t str, part: Part, out: &mut Out, depth: usize) -> &'t str {
        if let Some(inner) = after.strip_prefix("((") {
            let (expression, rest) = split_nested(inner, '(', ')', 2).unwrap_or((inner, ""));
            out.hole(&format!("$(({}", expression.trim()));
            return rest;
        }
        if let Some(inner) = after.strip_prefix('(') {
            // A pattern of `case` closes a bracket that nothing opened, so the end is further on than it seems.
            let (script, rest) = split_nested(inner, '(', ')', 1)
                .filter(|(script, _)| !script.contains("case"))
                .or_else(|| inner.rsplit_once(')').map(|(script, _)| (script, "")))
                .unwrap_or((inner, ""));
            let value = self.walker.substitute(self.env, script, self.line);
            out.value(&value, part);
            return rest;
        }
        if let Some(inner) = after.strip_prefix('{') {
            let Some((expression, rest)) = split_nested(inner, '{', '}', 1) else {
                out.hole(inner);
                return "";
            };
            self.parameter(expression, part, out, depth);
            return rest;
        }
        let length = name_length(after);
        let special = after.chars().next().is_some_and(|c| c.is_ascii_digit() || "@*#?-$!".contains(c));
        let length = if length == 0 && special { 1 } else { length };
        if length > 0 {
            self.put(&after[..length], part, out);
            return &after[length..];
        }
        if !(part != Part::Quoted && after.starts_with(['\'', '"'])) {
            out.text("$");
        }
        after
    }

    fn put(&mut self, name: &str, part: Part, out: &mut Out) {
        match self.find(name) {
            Found::Words(words) => {
                let apart = part == Part::Word || (part == Part::Quoted && name != WILDCARD);
                self.spend(&words);
                out.words(&words, part, apart);
            }
            Found::Text(text) => {
                self.spend(std::slice::from_ref(&text));
                out.value(&text, part);
            }
            Found::Hole(name) => out.hole(&name),
        }
    }

    fn spend(&mut self, words: &[Pattern]) {
        let length = |word: &Pattern| word.parts().len() * 8 + word.known().map_or(64, str::len);
        self.walker.spend(words.iter().map(length).sum());
    }

    fn find(&self, name: &str) -> Found {
        let arguments = &self.env.arguments;
        if matches!(name, "@" | "*") {
            let open = arguments.open.map(|_| Pattern::hole(ARGUMENTS));
            return Found::Words(arguments.known.iter().cloned().chain(open).collect());
        }
        if let Ok(number) = name.parse::<usize>()
            && let Some(index) = number.checked_sub(1)
        {
            return match (arguments.known.get(index), arguments.open) {
                (Some(known), _) => Found::Text(known.clone()),
                (None, Some(first)) => Found::Hole((first + index - arguments.known.len()).to_string()),
                (None, None) => Found::Text(Pattern::default()),
            };
        }
        match self.env.get(name) {
            Some(Value::One(value)) => Found::Text(value.clone()),
            Some(Value::Many(values)) => Found::Text(values.first().cloned().unwrap_or_default()),
            None if name == "PWD" => Found::Text(self.env.folder.clone()),
            None => (self.walker.given)(name).map_or_else(|| Found::Hole(name.to_owned()), Found::Text),
        }
    }

    /// Expands the text within `${…}`.
    fn parameter(&mut self, inner: &str, part: Part, out: &mut Out, depth: usize) {
        let digits = inner.find(|c: char| !c.is_ascii_digit()).unwrap_or(inner.len());
        let length = match (name_length(inner), inner.chars().next()) {
            (0, Some('@' | '*')) => 1,
            (0, _) => digits,
            (length, _) => length,
        };
        let (name, mut operator) = inner.split_at(length);
        if let (0, Some(pointer)) = (length, inner.strip_prefix('!'))
            && let Found::Text(target) = self.find(pointer)
            && let Some(target) = target.known().filter(|target| name_length(target) == target.len())
        {
            return self.put(target, part, out);
        }
        if length == 0 {
            return out.hole(inner);
        }
        let mut found = self.find(name);
        if let Some((index, rest)) = operator.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
            operator = rest;
            found = self.element(name, index, inner);
        }
        if operator.is_empty() {
            return match found {
                Found::Words(words) => {
                    self.spend(&words);
                    out.words(&words, part, part != Part::Value && !inner.contains("[*]"));
                }
                Found::Text(text) => out.value(&text, part),
                Found::Hole(name) => out.hole(&name),
            };
        }
        if let Some(operator) =
            operator.strip_prefix(':').filter(|rest| rest.starts_with(['-', '=', '+', '?']))
        {
            return self.alternative(name, operator, found, part, out, depth);
        }
        if operator.starts_with(['-', '=', '+', '?']) {
            return self.alternative(name, operator, found, part, out, depth);
        }
        let changed = match &found {
            Found::Text(text) => self.changed(text, operator),
            Found::Hole(name) => self.changed(&Pattern::hole(name), operator),
            Found::Words(_) => None,
        };
        match changed {
            Some(changed) => out.value(&changed, part),
            None => out.hole(inner),
        }
    }

    fn element(&self, name: &str, index: &str, inner: &str) -> Found {
        match (self.env.get(name), index, index.parse::<usize>()) {
            (Some(Value::Many(values)), "@" | "*", _) => Found::Words(values.clone()),
            (Some(Value::Many(values)), _, Ok(index)) => match values.get(index) {
                Some(value) => Found::Text(value.clone()),
                None => Found::Hole(inner.to_owned()),
            },
            (Some(Value::One(value)), "@" | "*" | "0", _) => Found::Text(value.clone()),
            (None, "0", _) => self.find(name),
            _ => Found::Hole(inner.to_owned()),
        }
    }

    /// `${x:-word}` and its like.
    fn alternative(
        &mut self,
        name: &str,
        operator: &str,
        found: Found,
        part: Part,
        out: &mut Out,
        depth: usize,
    ) {
        let word = &operator[1..];
        let (value, hole) = match found {
            Found::Words(words) if words.is_empty() => (Some(Pattern::default()), None),
            Found::Words(words) => return out.words(&words, part, part != Part::Value),
            Found::Text(text) => match lone_hole(&text).map(str::to_owned) {
                Some(hole) if hole != super::ROOT && hole != super::START => (None, Some(hole)),
                _ => (Some(text), None),
            },
            Found::Hole(hole) => (None, Some(hole)),
        };
        let operator = operator.chars().next();
        match (operator, value, hole) {
            (Some('+'), Some(value), _) if value.is_empty() => {}
            (Some('+'), Some(_), _) | (Some('-' | '='), None, None) => self.scan(word, part, out, depth + 1),
            (Some('+'), None, _) => out.hole(&format!("{name}:+{word}")),
            (Some('-' | '='), Some(value), _) if value.is_empty() => {
                if operator == Some('=') {
                    let value = self.value(word);
                    self.env.set(name, Value::One(value), name);
                }
                self.scan(word, part, out, depth + 1);
            }
            (Some('-' | '='), None, Some(hole)) => {
                let mut default = Out::default();
                self.scan(word, Part::Value, &mut default, depth + 1);
                self.env.note_default(&hole, default.current);
                out.hole(&hole);
            }
            (_, Some(value), _) => out.value(&value, part),
            (_, None, hole) => out.hole(hole.as_deref().unwrap_or(name)),
        }
    }

    /// `${x%word}` and its like.
    fn changed(&mut self, text: &Pattern, operator: &str) -> Option<Pattern> {
        let kind = operator.chars().next()?;
        let word = operator.strip_prefix(kind)?;
        let longest = word.starts_with(kind);
        let word = self.value(word.strip_prefix(kind).unwrap_or(word));
        let word = word.known()?;
        match (kind, text.known()) {
            ('%', Some(text)) => glob::without_end(text, word, longest).map(Pattern::text),
            ('#', Some(text)) => glob::without_start(text, word, longest).map(Pattern::text),
            // A slash at the end changes nothing for whoever goes there.
            ('%', None) if word == "/" && lone_hole(text).is_some() => Some(text.clone()),
            ('%', None) if word == "/*" && !longest => path::split_name(text).map(|(folder, _)| folder),
            ('#', None) if word == "*/" && longest => path::split_name(text).map(|(_, name)| name),
            ('%', None) if !word.contains(['*', '?', '[']) => path::strip_end(text, word),
            ('#', None) if !word.contains(['*', '?', '[']) => path::strip(text, word),
            ('/', Some(text)) => {
                let (from, to) = word.split_once('/').unwrap_or((word, ""));
                let plain = !from.is_empty() && !from.contains(['*', '?', '[', '#', '%']);
                let changed = if longest { text.replace(from, to) } else { text.replacen(from, to, 1) };
                plain.then(|| Pattern::text(&changed))
            }
            ('^' | ',', Some(text)) if word.is_empty() && longest => {
                Some(Pattern::text(&if kind == '^' { text.to_uppercase() } else { text.to_lowercase() }))
            }
            _ => None,
        }
    }
}

/// `{a,b}`, which is not expanded; braces that mean nothing stand for themselves.
fn braces<'t>(after: &'t str, out: &mut Out) -> &'t str {
    let (inner, rest) = after.split_once('}').unwrap_or((after, ""));
    if inner.contains(',') || inner.contains("..") {
        out.hole(&format!("{{{inner}}}"));
        return rest;
    }
    out.text("{");
    after
}
