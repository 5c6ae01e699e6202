//! A Makefile, read for one set of variables and for any target. It never expands a recipe.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::rc::Rc;

use super::condition::Choices;
use super::expand::Expander;
use super::goals::{Needs, TargetVariable};
use super::{Makefile, Rule, Target};
use crate::budget::{STORED, spend};
use crate::builds::files::Files;
use crate::builds::invocation::Make;
use crate::builds::settled;
use crate::git::RepoPath;

/// The most bytes of Makefiles that are kept for other calls. Beyond that, those that were read before are dropped.
const MOST_KEPT: usize = if cfg!(test) { 256 } else { 4 << 20 };

/// The things that decide how a Makefile is read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) struct Setting {
    path: RepoPath,
    /// The folder that make runs in.
    folder: String,
    variables: Vec<(String, String)>,
    environment: BTreeMap<String, String>,
    /// The branches of the conditions that are not settled.
    choices: Choices,
}

/// A Makefile with the files that it includes.
#[derive(Debug)]
pub(super) struct Reading {
    /// All of it but the rules.
    pub(super) makefile: Makefile,
    /// The rules, each with its targets.
    pub(super) rules: Vec<(Rule, Vec<Target>)>,
    pub(super) needs: Needs,
    /// The variables of some targets, each with the expanded names and patterns of these.
    pub(super) of_targets: Vec<(String, TargetVariable)>,
}

/// The Makefiles of a repository, each read once for the calls that set the same: many calls may make other targets.
#[derive(Debug, Default)]
pub(in crate::builds) struct ReadMakefiles(RefCell<HashMap<Setting, Rc<Reading>>>);

impl Setting {
    pub(super) fn new(path: &RepoPath, folder: &str, call: Option<&Make>, choices: Choices) -> Self {
        Self {
            path: path.clone(),
            folder: folder.to_owned(),
            variables: call.map(|call| call.variables.clone()).unwrap_or_default(),
            environment: call.map(|call| call.environment.clone()).unwrap_or_default(),
            choices,
        }
    }
}

impl ReadMakefiles {
    /// Returns a Makefile with the text `text`, read in a setting.
    pub(super) fn get(&self, files: Files<'_>, setting: Setting, text: &str) -> Rc<Reading> {
        if let Some(reading) = self.0.borrow().get(&setting) {
            spend(STORED * reading.makefile.variables.len());
            return Rc::clone(reading);
        }
        let reading = Rc::new(Reading::new(files, &setting, text));
        let mut kept = self.0.borrow_mut();
        let bytes: usize = kept.values().map(|reading| reading.bytes()).sum();
        if bytes + reading.bytes() > MOST_KEPT {
            kept.clear();
        }
        kept.insert(setting, Rc::clone(&reading));
        reading
    }
}

impl Reading {
    fn new(files: Files<'_>, setting: &Setting, text: &str) -> Self {
        let mut makefile = Makefile { choices: setting.choices.clone().into(), ..Makefile::default() };
        for (name, value) in &setting.variables {
            let value = if settled::is_open(value) { format!("${{_given_{name}}}") } else { value.clone() };
            makefile.given.insert(name.clone(), value);
        }
        for (name, value) in &setting.environment {
            // What is not known has a name that nothing sets.
            let value = if settled::is_open(value) { format!("${{_env_{name}}}") } else { value.clone() };
            makefile.variables.insert(name.clone(), value);
        }
        makefile.read(files, &setting.path, text, &setting.folder, 0);
        let (mut rules, mut needs) = (Vec::new(), Needs::default());
        for rule in std::mem::take(&mut makefile.rules) {
            let needed = Expander::new(&makefile, None).expand(&rule.prerequisites);
            let targets = makefile.targets(&rule, &needed);
            needs.add(&rule, &targets, &needed);
            rules.push((rule, targets));
        }
        let of_targets = makefile.patterns_of_variables();
        Self { makefile, rules, needs, of_targets }
    }

    /// Returns the goal of a call that names none: the first target that is not a pattern and does not start with a dot, but
    /// for one with a slash (GNU make's manual, "How make Processes a Makefile"). It is not known where the Makefile
    /// empties `.DEFAULT_GOAL`, since the first target from there on is the goal (its manual, "Other Special Variables").
    pub(super) fn default_goal(&self) -> Option<String> {
        if let Some(goal) = self.makefile.variables.get(".DEFAULT_GOAL") {
            let goal = Expander::new(&self.makefile, None).expand(goal).trim().to_owned();
            return Some(if goal.is_empty() { "${_default_goal}".to_owned() } else { goal });
        }
        let mut targets = self.rules.iter().flat_map(|(_, targets)| targets);
        let is_goal = |name: &str| !name.starts_with('.') || name.contains('/');
        let first = targets.find(|target| target.pattern.is_none() && is_goal(&target.name));
        first.map(|target| target.name.clone())
    }

    /// Returns about how many bytes it takes.
    fn bytes(&self) -> usize {
        let variables = self.makefile.variables.iter().map(|(name, value)| name.len() + value.len());
        let rules = self.rules.iter().map(|(rule, targets)| {
            let recipe: usize = rule.recipe.iter().map(|(_, line)| line.len()).sum();
            let targets: usize = targets.iter().map(|target| target.name.len() + target.first.len()).sum();
            rule.targets.len() + rule.prerequisites.len() + recipe + targets
        });
        variables.sum::<usize>() + rules.sum::<usize>()
    }
}
