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

/// The walk of one run of make, which makes each target once.
struct Walk<'w> {
    makefile: &'w Makefile,
    /// The targets that each target needs, in order.
    needs: &'w BTreeMap<String, Vec<String>>,
    seen: BTreeSet<String>,
}

impl Makefile {
    /// Returns the variables of the targets: those of the targets that need it, the outermost first, then its own (GNU
    /// make's manual, "Target-specific Variable Values"). A call makes its goals in one run; without one, each target may be
    /// the goal of a run. An `old` target is not made.
    pub(super) fn settings(&self, goals: Option<&[String]>, old: &[String]) -> Settings {
        let mut found = Settings::new();
        if self.of_targets.is_empty() {
            return found;
        }
        let mut needs: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for rule in &self.rules {
            let needed = Expander::new(self, None).expand(&rule.prerequisites);
            for target in self.targets(rule) {
                let needed = needed.split_whitespace().filter(|name| *name != "|").map(str::to_owned);
                needs.entry(target.name).or_default().extend(needed);
            }
        }
        needs.retain(|name, _| !old.contains(name));
        let runs: Vec<Vec<&String>> = match goals {
            Some(goals) => vec![goals.iter().collect()],
            None => needs.keys().map(|name| vec![name]).collect(),
        };
        for goals in runs {
            let mut walk = Walk { makefile: self, needs: &needs, seen: BTreeSet::new() };
            for goal in goals {
                walk.reach(goal, &mut found);
            }
        }
        found
    }

    /// Returns the variables that are set for a target itself.
    pub(super) fn own_settings(&self, target: &str) -> Vec<TargetVariable> {
        let fits = |name: &str| match name.split_once('%') {
            Some((start, end)) => {
                target.strip_prefix(start).is_some_and(|rest| rest.len() > end.len() && rest.ends_with(end))
            }
            None => name == target,
        };
        let of_target = |variable: &&TargetVariable| {
            Expander::new(self, None).expand(&variable.targets).split_whitespace().any(fits)
        };
        self.of_targets.iter().filter(of_target).cloned().collect()
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
            settings.extend(self.makefile.own_settings(target));
            let ways = found.entry(target.to_owned()).or_default();
            if ways.len() < MOST && !ways.contains(&settings) {
                ways.push(settings.clone());
            }
            settings.retain(|variable| !variable.is_private);
            let settings: Rc<[TargetVariable]> = settings.into();
            let needs = self.needs.get(target).into_iter().flatten().rev();
            pending.extend(needs.map(|needed| (needed.as_str(), Rc::clone(&settings))));
        }
    }
}
