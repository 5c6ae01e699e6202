//! Makefiles whose recipes build images. It never runs any of them: it parses the few parts that a recipe needs, which
//! are rules, variables and their expansion. Of a condition it reads both branches.

mod expand;

use std::collections::{BTreeMap, BTreeSet};

use super::script::{self, Origin};
use super::{Declared, Kind};
use crate::git::RepoPath;
use crate::shell;
use crate::text::pattern::Pattern;
use expand::{CURDIR, Expander, FOLDER, STEM};

/// The largest Makefile, in bytes.
const LENGTH: usize = 256 << 10;
/// The most targets of one rule that are followed.
const TARGETS: usize = 32;
/// The most builds of one Makefile that are kept.
const MOST: usize = 512;
/// Words before an assignment.
const MODIFIERS: [&str; 4] = ["export", "override", "private", "unexport"];
/// The first words of conditions and of other lines without builds.
const PASSED: [&str; 10] =
    ["ifeq", "ifneq", "ifdef", "ifndef", "else", "endif", "include", "-include", "sinclude", "vpath"];

/// Returns the builds that a file runs, if it is a Makefile. Paths are relative to its folder, where `make -C` goes, or
/// else to the root, from which others include it.
pub(crate) fn declared(path: &RepoPath, text: &str) -> Vec<Declared> {
    if !is_makefile(path.file_name()) || text.len() > LENGTH || !script::may_build(text) {
        return Vec::new();
    }
    let makefile = Makefile::read(text);
    let folder = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    let mut own = shell::root();
    own.push_text(if folder.is_empty() { "" } else { "/" });
    own.push_text(&folder);
    let mut folders = vec![Pattern::text(&folder), Pattern::default()];
    folders.dedup();
    let given = |name: &str| match name {
        CURDIR => Some(shell::start()),
        FOLDER => Some(own.clone()),
        STEM => Some(Pattern::hole("*")),
        _ => None,
    };
    let mut found: Vec<Declared> = Vec::new();
    for rule in &makefile.rules {
        for target in makefile.targets(rule) {
            for (line, recipe) in &rule.recipe {
                let expanded = makefile.command(recipe, &target);
                let origin = Origin { kind: Kind::Makefile, path, first_line: *line };
                for declared in script::declared_in(&expanded, origin, &folders, &given) {
                    if found.len() < MOST && !found.contains(&declared) {
                        found.push(declared);
                    }
                }
            }
        }
    }
    found
}

fn is_makefile(name: &str) -> bool {
    matches!(name, "Makefile" | "makefile" | "GNUmakefile")
        || name.rsplit_once('.').is_some_and(|(_, ending)| ending == "mk")
        || name.starts_with("Makefile.")
}

/// A rule with a recipe.
#[derive(Debug, Default)]
struct Rule {
    targets: String,
    /// The pattern of a static pattern rule.
    pattern: Option<String>,
    prerequisites: String,
    /// Each command with the line on which it starts.
    recipe: Vec<(usize, String)>,
}

/// A target as its recipe sees it.
#[derive(Debug, Default)]
struct Target {
    name: String,
    stem: Option<String>,
    first: String,
}

#[derive(Debug, Default)]
struct Makefile {
    variables: BTreeMap<String, String>,
    /// The variables that only `?=` sets: they may be set elsewhere.
    usual: BTreeSet<String>,
    rules: Vec<Rule>,
}

impl Makefile {
    fn read(text: &str) -> Self {
        let text = text.replace("\r\n", "\n");
        let mut makefile = Self::default();
        let mut lines = text.lines().enumerate().peekable();
        let mut define: Option<(String, String)> = None;
        let mut in_rule = false;
        while let Some((at, line)) = lines.next() {
            let mut whole = line.to_owned();
            while whole.ends_with('\\')
                && let Some((_, next)) = lines.next()
            {
                whole.push('\n');
                whole.push_str(next.strip_prefix('\t').unwrap_or(next));
            }
            let trimmed = whole.trim();
            if let Some((name, mut body)) = define.take() {
                if trimmed == "endef" {
                    makefile.assign(&name, "=", &body);
                } else {
                    body.push_str(if body.is_empty() { "" } else { "\n" });
                    body.push_str(&whole);
                    define = Some((name, body));
                }
            } else if let (Some(command), true) = (whole.strip_prefix('\t'), in_rule) {
                if let Some(rule) = makefile.rules.last_mut() {
                    rule.recipe.push((at + 1, command.to_owned()));
                }
            } else if let Some(name) = trimmed.strip_prefix("define ") {
                define = Some((name.trim_end_matches(['=', ':', '?', ' ']).trim().to_owned(), String::new()));
            } else if !trimmed.is_empty() && !trimmed.starts_with('#') {
                let first = trimmed.split_whitespace().next().unwrap_or("");
                let first = first.split('(').next().unwrap_or("");
                if !PASSED.contains(&first) {
                    in_rule = makefile.statement(&trimmed.replace("\\\n", " "), at + 1) || in_rule;
                }
            }
        }
        makefile
    }

    /// Parses an assignment or the head of a rule. Returns true if it was a rule.
    fn statement(&mut self, line: &str, number: usize) -> bool {
        let mut line = without_comment(line).trim();
        while let Some((first, rest)) = line.split_once(char::is_whitespace)
            && MODIFIERS.contains(&first)
        {
            line = rest.trim_start();
        }
        match Statement::of(line) {
            Some(Statement::Assignment(name, operator, value)) => {
                self.assign(name, operator, value);
                false
            }
            Some(Statement::Rule(targets, rest)) => {
                let (rest, command) =
                    rest.split_once(';').map_or((rest, None), |(rest, cmd)| (rest, Some(cmd)));
                // A variable of this target.
                if let Some(Statement::Assignment(name, operator, value)) = Statement::of(rest.trim()) {
                    self.assign(name, operator, value);
                    return true;
                }
                let (pattern, prerequisites) = match split_outside(rest, ':') {
                    Some((pattern, rest)) => (Some(pattern.trim().to_owned()), rest),
                    None => (None, rest),
                };
                let recipe = command.map(|command| (number, command.to_owned())).into_iter().collect();
                self.rules.push(Rule {
                    targets: targets.trim().to_owned(),
                    pattern,
                    prerequisites: prerequisites.trim().to_owned(),
                    recipe,
                });
                true
            }
            None => false,
        }
    }

    fn assign(&mut self, name: &str, operator: &str, value: &str) {
        let name = name.trim().to_owned();
        let value = value.trim();
        let before = self.variables.get(&name).cloned();
        let value = match (operator, before) {
            ("?=", Some(_)) => return,
            ("+=", Some(before)) => format!("{before} {value}"),
            ("!=", _) => format!("$(shell {value})"),
            (_, Some(before)) if before != value => {
                // Two branches of a condition, or two assignments: it is unknown which applies.
                self.usual.insert(name.clone());
                before
            }
            _ => value.to_owned(),
        };
        // A tag is mostly set from outside.
        let is_version = ["TAG", "VERSION"].iter().any(|word| name.to_uppercase().contains(word));
        if operator == "?=" && is_version {
            self.usual.insert(name.clone());
        }
        self.variables.insert(name, value);
    }

    /// Returns the targets of a rule.
    fn targets(&self, rule: &Rule) -> Vec<Target> {
        let mut none = Expander::new(self, None);
        let words = none.expand(&rule.targets);
        let first = none.expand(&rule.prerequisites);
        let first = first.split_whitespace().next().unwrap_or("").to_owned();
        let pattern = rule.pattern.as_ref().map(|pattern| none.expand(pattern));
        let stem_hole = format!("${{{STEM}}}");
        let words = words.split_whitespace().take(TARGETS);
        words
            .map(|name| {
                let stem = match &pattern {
                    Some(pattern) => pattern.split_once('%').and_then(|(start, end)| {
                        Some(name.strip_prefix(start)?.strip_suffix(end)?.to_owned())
                    }),
                    None => name.contains('%').then(|| stem_hole.clone()),
                };
                let fill = |text: &str| match &stem {
                    Some(stem) => text.replacen('%', stem, 1),
                    None => text.to_owned(),
                };
                Target { name: fill(name), first: fill(&first), stem }
            })
            .collect()
    }

    /// Returns a command of a recipe as the shell gets it.
    fn command(&self, recipe: &str, target: &Target) -> String {
        let mut recipe = recipe.trim_start_matches(['@', '-', '+', ' ', '\t']);
        // Some recipes turn their echo on and off with `$(Q)docker …`.
        if let Some((_, rest)) = recipe.strip_prefix("$(").and_then(|rest| rest.split_once(')'))
            && rest.starts_with(|c: char| c.is_ascii_alphabetic())
        {
            recipe = rest;
        }
        let expanded = Expander::new(self, Some(target)).expand(recipe);
        expanded.trim_start_matches(['@', '-', '+', ' ', '\t']).to_owned()
    }
}

enum Statement<'l> {
    Assignment(&'l str, &'static str, &'l str),
    Rule(&'l str, &'l str),
}

impl<'l> Statement<'l> {
    fn of(line: &'l str) -> Option<Self> {
        let at = find_outside(line, |c| matches!(c, ':' | '='))?;
        let (before, after) = (&line[..at], &line[at + 1..]);
        if line[at..].starts_with('=') {
            for (mark, operator) in [('?', "?="), ('+', "+="), ('!', "!=")] {
                if let Some(name) = before.strip_suffix(mark) {
                    return Some(Self::Assignment(name, operator, after));
                }
            }
            return Some(Self::Assignment(before, "=", after));
        }
        let simple = after.trim_start_matches(':');
        match simple.strip_prefix('=') {
            Some(value) => Some(Self::Assignment(before, "=", value)),
            None => Some(Self::Rule(before, simple)),
        }
    }
}

/// Returns the position of a character outside of `$(…)` and `${…}`.
fn find_outside(text: &str, is: impl Fn(char) -> bool) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            c if depth == 0 && is(c) => return Some(at),
            _ => {}
        }
    }
    None
}

fn split_outside(text: &str, separator: char) -> Option<(&str, &str)> {
    let at = find_outside(text, |c| c == separator)?;
    Some((&text[..at], &text[at + separator.len_utf8()..]))
}

fn without_comment(line: &str) -> &str {
    let starts = line.match_indices('#').map(|(at, _)| at);
    let at = starts.into_iter().find(|at| !line[..*at].ends_with('\\'));
    at.map_or(line, |at| &line[..at])
}

#[cfg(test)]
mod tests;
