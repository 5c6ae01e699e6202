//! Writes scripts: expands the templates of the grammar.
//!
//! Within quotes a placeholder becomes plain words, since nothing there may end the quotes.

use super::grammar::{Grammar, Tool, weighted};
use super::manual::Manual;
use super::random::Random;
use super::root::Tools;
use super::words::{self, quoted};

/// How deep templates nest before plain commands take their place.
const DEPTH: usize = 3;

/// What stands between statements.
const SEPARATORS: [&str; 14] =
    [" && ", " && ", " && ", " && ", " && ", " && ", " && ", " && ", "; ", "; ", "\n", "\n", " || ", " & "];

/// What scripts are drawn from.
pub struct Sources<'s> {
    pub grammar: &'s Grammar,
    pub manual: &'s Manual,
    pub tools: Tools,
    pub workdir: &'s str,
}

/// Writes one script.
pub struct Writer<'s, 'r> {
    random: &'r mut Random,
    sources: &'s Sources<'s>,
    depth: usize,
    is_plain: bool,
}

impl<'s, 'r> Writer<'s, 'r> {
    pub fn new(random: &'r mut Random, sources: &'s Sources<'s>) -> Self {
        Self { random, sources, depth: 0, is_plain: false }
    }

    /// A script of a few statements.
    pub fn script(&mut self) -> String {
        let statements = self.random.one(&[1, 1, 1, 2, 2, 2, 2, 3, 3, 4]);
        let errexit = if self.random.chance(20) { "set -e; " } else { "" };
        let script = format!("{errexit}{}", self.list(statements));
        // An operator cannot start a line, where a heredoc ended the one before.
        ["; ", " && ", " || ", " | ", ";"]
            .iter()
            .fold(script, |text, operator| text.replace(&format!("\n{operator}"), "\n"))
    }

    fn list(&mut self, statements: usize) -> String {
        let mut text = String::new();
        for number in 0..statements {
            if number > 0 && !text.ends_with('\n') {
                text.push_str(self.random.one(&SEPARATORS));
            }
            text.push_str(&self.placeholder("statement"));
        }
        text
    }

    fn expand(&mut self, template: &str) -> String {
        let mut text = String::new();
        let mut rest = template;
        while let Some((before, after)) = rest.split_once('<') {
            text.push_str(before);
            let name = after.split_once('>').map_or("", |(name, _)| name);
            if name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_lowercase()) {
                text.push('<');
                rest = after;
                continue;
            }
            rest = &after[name.len() + 1..];
            let outer = self.is_plain;
            self.is_plain |= is_quoted(&template[..template.len() - rest.len()]);
            self.depth += 1;
            text.push_str(&self.placeholder(name));
            self.depth -= 1;
            self.is_plain = outer;
        }
        text + rest
    }

    fn placeholder(&mut self, name: &str) -> String {
        match name {
            "cmd" => self.command(),
            "cmdq" => self.in_quotes(Self::command),
            "stmt" => self.nested(1),
            "list" | "scriptq" => {
                let statements = 1 + self.random.below(2);
                if name == "list" {
                    return self.nested(statements);
                }
                self.in_quotes(|writer| writer.nested(statements))
            }
            "settings" => {
                let (name, value) = setting(self.sources.grammar, self.random);
                format!("{name}={}", quoted(&value))
            }
            "word" => {
                let kind = self.random.one(&["path", "val"]);
                self.placeholder(kind)
            }
            section => {
                let grammar = self.sources.grammar;
                match grammar.template(self.random, section) {
                    Some(template) => self.expand(template),
                    None => self.word(section),
                }
            }
        }
    }

    fn word(&mut self, kind: &str) -> String {
        let Sources { grammar, workdir, .. } = self.sources;
        match words::path(grammar, self.random, kind, workdir) {
            Some(path) if self.is_plain => path,
            Some(path) => words::written(self.random, &path, kind == "new"),
            None => {
                let drawn = grammar.word(self.random, kind);
                if drawn.is_quotable && !self.is_plain {
                    return words::written(self.random, drawn.text, false);
                }
                drawn.text.to_owned()
            }
        }
    }

    fn nested(&mut self, statements: usize) -> String {
        if self.depth <= DEPTH && !self.is_plain {
            return self.list(statements);
        }
        let command = self.placeholder("plain");
        if statements > 1 { format!("{command}; {}", self.placeholder("plain")) } else { command }
    }

    fn in_quotes(&mut self, write: impl FnOnce(&mut Self) -> String) -> String {
        if self.is_plain { "true".to_owned() } else { quoted(&write(self)) }
    }

    fn command(&mut self) -> String {
        if self.is_plain || self.random.chance(25) {
            return self.placeholder("plain");
        }
        let missing = self.sources.tools.missing();
        let weight = |tool: &Tool| if missing.contains(&tool.name) { 0 } else { tool.weight };
        let grammar = self.sources.grammar;
        weighted(self.random, &grammar.tools, weight).map_or_else(String::new, |tool| self.call(tool))
    }

    /// A call with some of its options, mostly before the operands.
    fn call(&mut self, tool: &Tool) -> String {
        let operands = self.random.one(&tool.operands);
        let operands = self.expand(operands);
        let count = self.random.one(&[0, 0, 0, 0, 1, 1, 1, 1, 2, 3]);
        let (mut before, mut after) = (String::new(), String::new());
        for _ in 0..count {
            let option = self.random.one(&tool.options);
            let option = self.expand(option);
            if !self.sources.manual.knows(self.sources.tools, tool.name, &option) && self.random.chance(92) {
                continue;
            }
            let place = if self.random.chance(88) { &mut before } else { &mut after };
            place.push(' ');
            place.push_str(&option);
        }
        let call = format!("{}{before} {operands}{after}", tool.name);
        if self.random.chance(4) { format!("{call} {}", self.placeholder("redirect")) } else { call }
    }
}

/// A variable that changes what a shell or a tool does, with its value.
pub fn setting(grammar: &Grammar, random: &mut Random) -> (String, String) {
    let drawn = grammar.word(random, "settings").text;
    let (name, value) = drawn.split_once('=').unwrap_or((drawn, ""));
    (name.to_owned(), value.to_owned())
}

/// Whether quotes are open at the end of a text.
fn is_quoted(text: &str) -> bool {
    let (mut single, mut double) = (false, false);
    for c in text.chars() {
        match c {
            '\'' if !double => single = !single,
            '"' if !single => double = !double,
            _ => {}
        }
    }
    single || double
}
