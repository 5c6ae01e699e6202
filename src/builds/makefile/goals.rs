//! The variables that a target gets from those that need it. It never expands a recipe.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::expand::Expander;
use super::{Makefile, Rule, Target};
use crate::budget::{STORED, spend};
use crate::builds::settled;
use crate::text::cut;

/// The most values of the variables of one target.
const MOST: usize = 16;

/// A variable of some targets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct TargetVariable {
    /// Names and patterns.
    pub(super) targets: String,
    pub(super) name: String,
    pub(super) operator: &'static str,
    pub(super) value: String,
    /// True if the targets that these need do not get it.
    pub(super) is_private: bool,
}

/// The variables of each target, once for each way in which make reaches it.
pub(super) type Settings = BTreeMap<String, Vec<Vec<TargetVariable>>>;

/// The most pattern rules that lead from one target to another.
const CHAIN: usize = 8;

/// The targets that each target needs, in order.
#[derive(Debug, Default)]
pub(super) struct Needs {
    named: BTreeMap<String, Vec<String>>,
    /// The targets with a recipe of their own, for which make looks for no pattern rule.
    made: BTreeSet<String>,
    /// The pattern rules, each with its pattern and what it needs, with `%`.
    patterns: Vec<(String, Vec<String>)>,
}

/// Returns the part of a name that `%` stands for (GNU make's manual, "How Patterns Match").
pub(super) fn stem<'n>(pattern: &str, name: &'n str) -> Option<&'n str> {
    let (start, end) = pattern.split_once('%')?;
    name.strip_prefix(start)?.strip_suffix(end).filter(|stem| !stem.is_empty())
}

/// Returns the stem of a name that a pattern fits, and before it the folder, with its slash, if the pattern has none and fits
/// only the last part: make compares it without the folder (GNU make's manual, "How Patterns Match").
fn fit<'n>(pattern: &str, name: &'n str) -> Option<(&'n str, &'n str)> {
    if let Some(stem) = stem(pattern, name) {
        return Some(("", stem));
    }
    let (folder, last) = cut::split(name, name.rfind('/').filter(|_| !pattern.contains('/'))? + 1);
    Some((folder, stem(pattern, last)?))
}

/// Returns true if a pattern fits only the last part of a name.
pub(super) fn fits_below_folder(pattern: &str, name: &str) -> bool {
    fit(pattern, name).is_some_and(|(folder, _)| !folder.is_empty())
}

/// Returns true if a part of a name is not known.
pub(super) fn is_open(name: &str) -> bool {
    name.contains('$') || settled::is_open(name)
}

/// Returns what is known of a name with an unknown part: its first and its last characters.
fn ends(name: &str) -> (&str, &str) {
    let head = name.split(['$', settled::OPEN]).next().unwrap_or_default();
    let tail = name.rsplit(['}', ')', settled::CLOSE]).next().unwrap_or_default();
    (head, if tail.contains('$') { "" } else { tail })
}

/// Returns true if a name with an unknown part may fit a pattern.
pub(super) fn may_fit(pattern: &str, name: &str) -> bool {
    let Some((start, end)) = pattern.split_once('%') else { return false };
    let (head, tail) = ends(name);
    let fits_head = head.starts_with(start) || start.starts_with(head);
    fits_head && (tail.ends_with(end) || end.ends_with(tail))
}

/// Returns true if a name with an unknown part may be that of a target.
fn may_be(target: &str, name: &str) -> bool {
    let (head, tail) = ends(name);
    target.strip_prefix(head).is_some_and(|rest| rest.ends_with(tail))
}

impl Needs {
    /// Adds what the targets of a rule need.
    pub(super) fn add(&mut self, rule: &Rule, targets: &[Target], prerequisites: &str) {
        let needed = || prerequisites.split_whitespace().filter(|name| *name != "|").map(str::to_owned);
        for target in targets {
            if let Some(pattern) = &target.pattern {
                self.patterns.push((pattern.clone(), needed().collect()));
                continue;
            }
            let filled = |name: String| match &target.stem {
                Some(stem) => name.replacen('%', stem, 1),
                None => name,
            };
            self.named.entry(target.name.clone()).or_default().extend(needed().map(filled));
            if !rule.recipe.is_empty() {
                self.made.insert(target.name.clone());
            }
        }
    }

    /// Returns true if a target has a recipe of its own.
    pub(super) fn is_made(&self, target: &str) -> bool {
        self.made.contains(target)
    }

    /// Returns true if at most one pattern rule fits a target.
    pub(super) fn fits_at_most_one(&self, target: &str) -> bool {
        spend(self.patterns.len());
        self.patterns.iter().filter(|(pattern, _)| fit(pattern, target).is_some()).nth(1).is_none()
    }

    /// Returns what a target needs; `chain` is the number of pattern rules that led to it, and to each of them.
    fn of(&self, target: &str, chain: usize) -> Vec<(String, usize)> {
        let named = self.named.get(target).into_iter().flatten();
        let mut found: Vec<(String, usize)> = named.map(|name| (name.clone(), chain)).collect();
        if !self.is_made(target) && chain < CHAIN {
            for (pattern, needed) in &self.patterns {
                spend(1);
                let Some((folder, stem)) = fit(pattern, target) else { continue };
                let filled = |name: &String| format!("{folder}{}", name.replacen('%', stem, 1));
                found.extend(needed.iter().map(|name| (filled(name), chain + 1)));
            }
        }
        found
    }
}

/// The walk of one run of make, which makes each target once.
struct Walk<'w> {
    needs: &'w Needs,
    /// The targets that are not made: what they need is not reached.
    old: &'w [String],
    /// The variables of some targets, each with the expanded names and patterns of these.
    own: &'w [(String, TargetVariable)],
    seen: BTreeSet<String>,
}

/// The targets that a call makes.
#[derive(Debug)]
pub(super) struct Wanted {
    certain: BTreeSet<String>,
    /// These, and those that a name with an unknown part may stand for, with what they need.
    pub(super) all: BTreeSet<String>,
}

impl Wanted {
    /// Returns some targets and all that they need. What `old` targets need is not made for them.
    pub(super) fn of(needs: &Needs, targets: &[String], old: &[String]) -> Self {
        let mut certain = BTreeSet::new();
        reach(needs, targets, old, &mut certain);
        let mut all = certain.clone();
        let mut open: BTreeSet<String> = BTreeSet::new();
        // A prerequisite of which nothing is known is mostly a list of sources.
        let may_be_one = |name: &String| is_open(name) && (ends(name) != ("", "") || targets.contains(name));
        loop {
            let further: Vec<String> =
                all.iter().filter(|name| may_be_one(name) && !open.contains(*name)).cloned().collect();
            if further.is_empty() {
                return Self { certain, all };
            }
            spend(further.len() * needs.named.len());
            let named = needs.named.keys().filter(|target| further.iter().any(|name| may_be(target, name)));
            let named: Vec<String> = named.cloned().collect();
            reach(needs, &named, old, &mut all);
            open.extend(further);
        }
    }

    /// Returns true if the call makes a target for certain.
    pub(super) fn is_certain(&self, target: &str) -> bool {
        self.certain.contains(target)
    }
}

/// Adds some targets and all that they need to those that are found.
fn reach(needs: &Needs, targets: &[String], old: &[String], found: &mut BTreeSet<String>) {
    let mut pending: Vec<(String, usize)> = targets.iter().map(|name| (name.clone(), 0)).collect();
    while let Some((name, chain)) = pending.pop() {
        if !old.contains(&name) && found.insert(name.clone()) {
            pending.extend(needs.of(&name, chain));
        }
    }
}

/// Returns the variables that are set for a target itself, of those with their expanded patterns.
pub(super) fn own_settings(own: &[(String, TargetVariable)], target: &str) -> Vec<TargetVariable> {
    let fits = |pattern: &str| pattern == target || stem(pattern, target).is_some();
    let of_target = own.iter().filter(|(patterns, _)| patterns.split_whitespace().any(fits));
    of_target.map(|(_, variable)| variable.clone()).collect()
}

impl Makefile {
    /// Returns the variables of some targets, each with the expanded names and patterns of these.
    pub(super) fn patterns_of_variables(&self) -> Vec<(String, TargetVariable)> {
        let patterns = |variable: &TargetVariable| Expander::new(self, None).expand(&variable.targets);
        self.of_targets.iter().map(|variable| (patterns(variable), variable.clone())).collect()
    }

    /// Returns the variables of the targets: those of the targets that need it, the outermost first, then its own (GNU
    /// make's manual, "Target-specific Variable Values"). A call makes its goals in one run; without one, each target may be
    /// the goal of a run. An `old` target is not made.
    pub(super) fn settings(
        &self,
        needs: &Needs,
        own: &[(String, TargetVariable)],
        goals: Option<&[String]>,
        old: &[String],
    ) -> Settings {
        let mut found = Settings::new();
        if self.of_targets.is_empty() {
            return found;
        }
        let runs: Vec<Vec<&String>> = match goals {
            Some(goals) => vec![goals.iter().collect()],
            None => needs.named.keys().filter(|name| !old.contains(name)).map(|name| vec![name]).collect(),
        };
        for goals in runs {
            let mut walk = Walk { needs, old, own, seen: BTreeSet::new() };
            for goal in goals {
                walk.reach(goal, &mut found);
            }
        }
        found
    }
}

impl Walk<'_> {
    /// Reaches a target and all that it needs, in the order in which make does. Chains of targets may be long.
    fn reach(&mut self, goal: &str, found: &mut Settings) {
        let mut pending = vec![((goal.to_owned(), 0), Rc::<[TargetVariable]>::default())];
        while let Some(((target, chain), inherited)) = pending.pop() {
            spend(STORED + inherited.len());
            if !self.seen.insert(target.clone()) {
                continue;
            }
            let mut settings = inherited.to_vec();
            settings.extend(own_settings(self.own, &target));
            let ways = found.entry(target.clone()).or_default();
            if ways.len() < MOST && !ways.contains(&settings) {
                ways.push(settings.clone());
            }
            settings.retain(|variable| !variable.is_private);
            let settings: Rc<[TargetVariable]> = settings.into();
            if self.old.contains(&target) {
                continue;
            }
            let needs = self.needs.of(&target, chain).into_iter().rev();
            pending.extend(needs.map(|needed| (needed, Rc::clone(&settings))));
        }
    }
}
