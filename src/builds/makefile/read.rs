//! The lines of a Makefile: rules, variables, conditions and the files that it includes. It never expands a recipe.

use super::condition::Branches;
use super::expand::{CURDIR, Expander, FOLDER};
use super::goals::TargetVariable;
use super::{Makefile, Rule, Statement, split_outside, without_comment, without_modifiers};
use crate::builds::compose;
use crate::builds::files::Files;
use crate::git::RepoPath;

/// The deepest nesting of includes.
const DEEPEST: usize = 8;

impl Makefile {
    /// Reads a file. `folder` is the one that make runs in.
    pub(super) fn read(&mut self, files: Files<'_>, path: &RepoPath, text: &str, folder: &str, depth: usize) {
        let text = text.replace("\r\n", "\n");
        let mut lines = text.lines().enumerate().peekable();
        let mut define: Option<(String, String)> = None;
        let mut branches = Branches::default();
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
                    if branches.are_taken() {
                        self.assign(&name, "=", &body);
                    }
                } else {
                    body.push_str(if body.is_empty() { "" } else { "\n" });
                    body.push_str(&whole);
                    define = Some((name, body));
                }
                continue;
            }
            if let (Some(command), true) = (whole.strip_prefix('\t'), in_rule) {
                if let Some(rule) = self.rules.last_mut().filter(|_| branches.are_taken()) {
                    rule.recipe.push((at + 1, command.to_owned()));
                }
                continue;
            }
            let line = trimmed.replace("\\\n", " ");
            let line = without_comment(&line).trim();
            if line.is_empty() || branches.read(line, self) || !branches.are_taken() {
                continue;
            }
            if let Some(name) = without_modifiers(line).strip_prefix("define ") {
                define = Some((name.trim_end_matches(['=', ':', '?', ' ']).trim().to_owned(), String::new()));
            } else if let Some((is_needed, names)) = included(line) {
                let missing = self.include(files, (path, names), folder, depth);
                if let Some(name) = missing.filter(|_| is_needed) {
                    self.missing
                        .get_or_insert(format!("{path}:{} includes {name}, which is not read", at + 1));
                }
            } else {
                in_rule = self.statement(line, path, at + 1) || in_rule;
            }
        }
    }

    /// Reads the files that a line of `from` includes. Returns the first that cannot be read.
    fn include(
        &mut self,
        files: Files<'_>,
        (from, names): (&RepoPath, &str),
        folder: &str,
        depth: usize,
    ) -> Option<String> {
        let names = Expander::new(self, None).expand(names);
        let own = compose::folder_of(from.as_str());
        let mut missing = None;
        for name in names.split_whitespace() {
            let complete = |variable: &str, folder: &str| {
                let rest = name.strip_prefix(&format!("${{{variable}}}"))?;
                Some(compose::below(folder, rest.trim_start_matches('/')))
            };
            let path = complete(CURDIR, folder).or_else(|| complete(FOLDER, own));
            let path = path.unwrap_or_else(|| compose::below(folder, name));
            let paths = if path.contains(['*', '?', '[']) { files.matching(&path) } else { vec![path] };
            for path in paths {
                let (Some(text), Ok(path), true) = (files.read(&path), RepoPath::new(&path), depth < DEEPEST)
                else {
                    missing.get_or_insert_with(|| name.to_owned());
                    continue;
                };
                if self.included.insert(path.as_str().to_owned()) {
                    self.read(files, &path, &text, folder, depth + 1);
                }
            }
        }
        missing
    }

    /// Reads an assignment or the head of a rule. Returns true if it was a rule.
    fn statement(&mut self, line: &str, path: &RepoPath, number: usize) -> bool {
        self.export(line);
        match Statement::of(without_modifiers(line)) {
            Some(Statement::Assignment(name, operator, value)) => {
                self.assign(name, operator, value);
                false
            }
            Some(Statement::Rule(targets, rest)) => {
                let (rest, command) =
                    rest.split_once(';').map_or((rest, None), |(rest, cmd)| (rest, Some(cmd)));
                // A variable of this target.
                if let Some(Statement::Assignment(name, operator, value)) =
                    Statement::of(without_modifiers(rest))
                {
                    let name = name.trim().to_owned();
                    let is_private = rest
                        .split_whitespace()
                        .take_while(|word| !word.contains('='))
                        .any(|word| word == "private");
                    let (targets, value) = (targets.trim().to_owned(), value.trim().to_owned());
                    self.of_targets.push(TargetVariable { targets, name, operator, value, is_private });
                    return true;
                }
                self.is_one_shell |= targets.split_whitespace().any(|target| target == ".ONESHELL");
                let (pattern, prerequisites) = match split_outside(rest, |c| c == ':') {
                    Some((pattern, _, rest)) => (Some(pattern.trim().to_owned()), rest),
                    None => (None, rest),
                };
                let recipe = command.map(|command| (number, command.to_owned())).into_iter().collect();
                self.rules.push(Rule {
                    targets: targets.trim().to_owned(),
                    pattern,
                    prerequisites: prerequisites.trim().to_owned(),
                    path: Some(path.clone()),
                    recipe,
                });
                true
            }
            None => false,
        }
    }
}

/// Returns the files that a line includes, and true if make fails without them.
fn included(line: &str) -> Option<(bool, &str)> {
    let (first, rest) = line.split_once(char::is_whitespace)?;
    matches!(first, "include" | "-include" | "sinclude").then_some((first == "include", rest))
}
