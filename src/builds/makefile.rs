//! Makefiles whose recipes build images. It never runs any of them: it parses the few parts that a recipe needs, which
//! are rules, variables, conditions and their expansion. Of a condition that is not settled it reads both branches.

mod condition;
mod expand;
mod exports;
mod function;
mod goals;
mod read;
mod reading;
mod target;

use std::collections::{BTreeMap, BTreeSet};

use super::invocation::Make;
use super::script::{self, Origin, Repository, Runs, Starts};
use super::{BuildFileKind, Unreadable, settled};
use crate::budget::{STORED, replaced, spend, store};
use crate::git::RepoPath;
use crate::shell;
use crate::text::cut;
use crate::text::pattern::Pattern;
use condition::{Choices, ChoicesOfReading};
use expand::{CURDIR, Expander, FOLDER, STEM};
use exports::Exports;
use goals::{TargetVariable, Wanted};
use reading::{Reading, Setting};
use target::Target;

pub(super) use reading::ReadMakefiles;

/// The largest Makefile, in bytes.
const LENGTH: usize = 256 << 10;
/// The most targets of one rule that are followed.
const TARGETS: usize = 32;
/// The most readings of one Makefile, by the branches of its conditions.
const READINGS: usize = 16;

/// The builds and calls of the recipes of a Makefile.
#[derive(Debug, Default)]
pub(super) struct Recipes {
    pub(crate) runs: Runs,
    /// The files that it includes.
    pub(crate) included: BTreeSet<String>,
}

/// Returns what a Makefile runs. Without a call, make runs in the folder of a file of its own name; a file by another name
/// is included by others, and the folder is not settled.
pub(super) fn recipes(
    repository: Repository<'_>,
    path: &RepoPath,
    text: &str,
    call: Option<&Make>,
    read: &ReadMakefiles,
) -> Recipes {
    let mut recipes = Recipes::default();
    if !is_makefile(path.file_name()) && call.is_none()
        || text.len() > LENGTH
        || !may_matter(repository, text)
    {
        return recipes;
    }
    let folder = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    let starts = match call {
        Some(call) => Starts::at(&call.folder),
        None if is_own(path.file_name()) => Starts::at(&folder),
        None => {
            let mut folders = vec![folder.clone(), String::new()];
            folders.dedup();
            Starts { folders, unsettled: Some(format!("nothing says which make reads {path}")) }
        }
    };
    let mut choices = Choices::default();
    for reading in 0..READINGS {
        let setting = Setting::new(path, starts.folders.first().map_or("", String::as_str), call, choices);
        let found = read.get(repository.files, setting, text);
        recipes.included.extend(found.makefile.included.iter().cloned());
        let mut makefile = found.makefile.clone();
        let mut runs = makefile.runs(&found, repository, path, &starts, call);
        choices = makefile.choices.made().clone();
        let is_last = !choices.next();
        let too_many =
            (reading + 1 == READINGS && !is_last).then(|| format!("{path} has too many conditions"));
        for why in makefile.missing.take().into_iter().chain(too_many) {
            runs.doubt(&why);
        }
        recipes.runs.add(runs);
        if is_last {
            break;
        }
    }
    recipes
}

/// Checks that a Makefile is not too large to be read.
pub(super) fn check(text: &str) -> Result<(), Unreadable> {
    if text.len() > LENGTH {
        return Err(Unreadable { line: 1, message: format!("it is larger than {} KiB", LENGTH >> 10) });
    }
    Ok(())
}

/// Returns true if a Makefile may build an image, or includes one that may.
fn may_matter(repository: Repository<'_>, text: &str) -> bool {
    repository.interests(text) || text.contains("include ")
}

fn is_makefile(name: &str) -> bool {
    is_own(name)
        || name.rsplit_once('.').is_some_and(|(_, ending)| ending == "mk")
        || name.starts_with("Makefile.")
}

/// Returns true if make reads a file of this name without options.
fn is_own(name: &str) -> bool {
    matches!(name, "Makefile" | "makefile" | "GNUmakefile")
}

/// A rule with a recipe.
#[derive(Clone, Debug, Default)]
struct Rule {
    targets: String,
    /// The pattern of a static pattern rule.
    pattern: Option<String>,
    prerequisites: String,
    /// Its file.
    path: Option<RepoPath>,
    /// Each command with the line on which it starts.
    recipe: Vec<(usize, String)>,
}

#[derive(Clone, Debug, Default)]
struct Makefile {
    variables: BTreeMap<String, String>,
    /// The versions that only `?=` sets: tags have them as unknown parts, because they are mostly set from outside.
    versions: BTreeSet<String>,
    /// The variables of the command line, which replace those of the file.
    given: BTreeMap<String, String>,
    of_targets: Vec<TargetVariable>,
    /// The variables that the commands of recipes get.
    exports: Exports,
    rules: Vec<Rule>,
    included: BTreeSet<String>,
    /// A file that it includes and that is not read, so that its variables and rules are not known.
    missing: Option<String>,
    choices: ChoicesOfReading,
    /// True if a recipe is one script (`.ONESHELL`).
    is_one_shell: bool,
}

impl Makefile {
    /// Returns what the recipes run. It is a copy of the Makefile of `reading`.
    fn runs(
        &mut self,
        reading: &Reading,
        repository: Repository<'_>,
        path: &RepoPath,
        starts: &Starts,
        call: Option<&Make>,
    ) -> Runs {
        let mut found = Runs::default();
        let own = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
        let mut folder = shell::root();
        folder.push_text(if own.is_empty() { "" } else { "/" });
        folder.push_text(&own);
        let default = call.and_then(|_| reading.default_goal());
        let goals = match call {
            Some(call) if !call.targets.is_empty() => Some(call.targets.as_slice()),
            _ => default.as_ref().map(std::slice::from_ref),
        };
        let old = call.map_or(&[][..], |call| call.old.as_slice());
        let wanted = goals.map(|goals| Wanted::of(&reading.needs, goals, old));
        let own = &reading.of_targets;
        let settings = self.settings(&reading.needs, own, goals, old);
        for (rule, targets) in &reading.rules {
            for target in targets.iter().flat_map(|target| target.made(wanted.as_ref(), &reading.needs)) {
                let path = rule.path.as_ref().unwrap_or(path);
                let doubt = target.doubt(wanted.as_ref(), path);
                if old.contains(&target.name) {
                    continue;
                }
                let ways = settings.get(&target.name).cloned();
                for way in ways.unwrap_or_else(|| vec![goals::own_settings(own, &target.name)]) {
                    spend(STORED * way.len().min(1) * self.variables.len());
                    let variables = (!way.is_empty()).then(|| self.variables.clone());
                    for set in &way {
                        self.assign(&set.name, set.operator, &set.value);
                    }
                    let of_recipe = self.of_recipe(rule, &target);
                    for (line, script) in of_recipe {
                        let origin = Origin { kind: BuildFileKind::Makefile, path, first_line: line };
                        let given = |name: &str| self.in_shell(name, &folder);
                        let mut runs = script::declared_in(repository, &script, origin, starts, &given);
                        if let Some(doubt) = &doubt {
                            runs.doubt(doubt);
                        }
                        if runs.invocations.is_empty() {
                            found.add(runs);
                            continue;
                        }
                        let exported = self.environment(call);
                        let is_open = |(_, value): &(&String, &String)| settled::is_open(value);
                        let open = exported.iter().filter(is_open).map(|(name, _)| name.clone()).collect();
                        for invocation in &mut runs.invocations {
                            invocation.pass_on(&exported, &open);
                        }
                        found.add(runs);
                    }
                    self.variables = variables.unwrap_or_else(|| std::mem::take(&mut self.variables));
                }
            }
        }
        found
    }

    /// Returns the scripts of a recipe, each with its line.
    fn of_recipe(&self, rule: &Rule, target: &Target) -> Vec<(usize, String)> {
        let commands: Vec<(usize, String)> =
            rule.recipe.iter().map(|(line, recipe)| (*line, self.command(recipe, target))).collect();
        match commands.first() {
            Some((line, _)) if self.is_one_shell => {
                let lines: Vec<&str> = commands.iter().map(|(_, line)| line.as_str()).collect();
                vec![(*line, lines.join("\n"))]
            }
            _ => commands,
        }
    }

    /// Returns the value of a variable of the shell of a recipe; `folder` is that of the Makefile.
    fn in_shell(&self, name: &str, folder: &Pattern) -> Option<Pattern> {
        match name {
            CURDIR => Some(shell::start()),
            FOLDER => Some(folder.clone()),
            STEM => Some(Pattern::hole("*")),
            name => self.exported(name),
        }
    }

    /// Returns the branch that this reading takes of a condition that is not settled.
    fn choose(&self, condition: &str) -> bool {
        self.choices.made().take(condition)
    }

    /// Returns the value of a variable of the Makefile in the shell of a recipe, if it may be there.
    fn exported(&self, name: &str) -> Option<Pattern> {
        let value = self.given.get(name).or_else(|| self.variables.get(name));
        let value = value.filter(|_| !self.versions.contains(name))?;
        let value = Expander::new(self, None).expand(value);
        Some(if value.contains('$') { Pattern::hole(name) } else { Pattern::text(&value) })
    }

    fn assign(&mut self, name: &str, operator: &str, value: &str) {
        let name = name.trim().to_owned();
        let value = value.trim();
        let before = self.variables.get(&name).cloned();
        let itself = |before: &str| {
            let reference = [format!("$({name})"), format!("${{{name}}}")];
            reference.iter().fold(value.to_owned(), |value, reference| replaced(&value, reference, before))
        };
        let value = match (operator, before) {
            ("?=", Some(_)) => return,
            ("+=", Some(before)) => {
                store(before.len() + value.len());
                format!("{before} {value}")
            }
            ("!=", _) => format!("$(shell {value})"),
            (":=", before) => itself(before.as_deref().unwrap_or("")),
            _ => value.to_owned(),
        };
        let is_version = ["TAG", "VERSION"].iter().any(|word| name.to_uppercase().contains(word));
        if operator == "?=" && is_version {
            self.versions.insert(name.clone());
        }
        self.variables.insert(name, value);
    }

    /// Returns the targets of a rule; `prerequisites` are the expanded ones.
    fn targets(&self, rule: &Rule, prerequisites: &str) -> Vec<Target> {
        let mut none = Expander::new(self, None);
        let words = none.expand(&rule.targets);
        let first = prerequisites.split_whitespace().next().unwrap_or("").to_owned();
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
                let own = pattern.is_none().then(|| name.to_owned()).filter(|name| name.contains('%'));
                Target { name: fill(name), first: fill(&first), stem, pattern: own }
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
        let (before, separator, after) = split_outside(line, |c| matches!(c, ':' | '='))?;
        if separator == '=' {
            for (mark, operator) in [('?', "?="), ('+', "+="), ('!', "!=")] {
                if let Some(name) = before.strip_suffix(mark) {
                    return Some(Self::Assignment(name, operator, after));
                }
            }
            return Some(Self::Assignment(before, "=", after));
        }
        let simple = after.trim_start_matches(':');
        match simple.strip_prefix('=') {
            Some(value) => Some(Self::Assignment(before, ":=", value)),
            None => Some(Self::Rule(before, simple)),
        }
    }
}

/// Words before an assignment.
const MODIFIERS: [&str; 4] = ["export", "override", "private", "unexport"];

/// Returns a line without the words before its assignment.
fn without_modifiers(line: &str) -> &str {
    let mut line = line.trim();
    while let Some((first, rest)) = line.split_once(char::is_whitespace)
        && MODIFIERS.contains(&first)
    {
        line = rest.trim_start();
    }
    line
}

/// Divides a text at the first of some characters outside of `$(…)` and `${…}`.
fn split_outside(text: &str, is: impl Fn(char) -> bool) -> Option<(&str, char, &str)> {
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '(' | '{' => depth += 1,
            ')' | '}' => depth = depth.saturating_sub(1),
            c if depth == 0 && is(c) => {
                return Some((cut::before(text, at), c, cut::from(text, at + c.len_utf8())));
            }
            _ => {}
        }
    }
    None
}

fn without_comment(line: &str) -> &str {
    let mut ends = line.match_indices('#').map(|(at, _)| cut::before(line, at));
    ends.find(|before| !before.ends_with('\\')).unwrap_or(line)
}

#[cfg(test)]
mod tests;
