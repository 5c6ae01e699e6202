//! The variables that a target gets from those that need it. It never expands a recipe.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::Makefile;
use super::expand::Expander;
use crate::budget::{STORED, spend};

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

/// The targets that each target needs, in order.
pub(super) type Needs = BTreeMap<String, Vec<String>>;

/// The walk of one run of make, which makes each target once.
struct Walk<'w> {
    needs: &'w Needs,
    /// The targets that are not made: what they need is not reached.
    old: &'w [String],
    /// The variables of some targets, each with the expanded names and patterns of these.
    own: &'w [(String, TargetVariable)],
    seen: BTreeSet<String>,
}

/// Returns some targets and all that they need. What `old` targets need is not made for them.
pub(super) fn needed(needs: &Needs, targets: &[String], old: &[String]) -> BTreeSet<String> {
    let mut needed: BTreeSet<String> = BTreeSet::new();
    let mut pending: Vec<&String> = targets.iter().collect();
    while let Some(name) = pending.pop() {
        if !old.contains(name) && needed.insert(name.clone()) {
            pending.extend(needs.get(name).into_iter().flatten());
        }
    }
    needed
}

/// Returns the variables that are set for a target itself, of those with their expanded patterns.
pub(super) fn own_settings(own: &[(String, TargetVariable)], target: &str) -> Vec<TargetVariable> {
    let fits = |name: &str| match name.split_once('%') {
        Some((start, end)) => {
            target.strip_prefix(start).is_some_and(|rest| rest.len() > end.len() && rest.ends_with(end))
        }
        None => name == target,
    };
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
            None => needs.keys().filter(|name| !old.contains(name)).map(|name| vec![name]).collect(),
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
        let mut pending: Vec<(&str, Rc<[TargetVariable]>)> = vec![(goal, Rc::default())];
        while let Some((target, inherited)) = pending.pop() {
            spend(STORED + inherited.len());
            if !self.seen.insert(target.to_owned()) {
                continue;
            }
            let mut settings = inherited.to_vec();
            settings.extend(own_settings(self.own, target));
            let ways = found.entry(target.to_owned()).or_default();
            if ways.len() < MOST && !ways.contains(&settings) {
                ways.push(settings.clone());
            }
            settings.retain(|variable| !variable.is_private);
            let settings: Rc<[TargetVariable]> = settings.into();
            let is_old = self.old.iter().any(|old| old == target);
            let needs = self.needs.get(target).filter(|_| !is_old).into_iter().flatten().rev();
            pending.extend(needs.map(|needed| (needed.as_str(), Rc::clone(&settings))));
        }
    }
}
