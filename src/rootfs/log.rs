//! The disturbances of a filesystem in their order, and the run of them that leaves a path as it is. A fact names such
//! a run as a whole: no sentence is made before a person reads it.

use std::cmp::Ordering;
use std::mem;
use std::sync::Arc;

use super::disturbance::Outcome;
use super::{Assumption, Disturbance, Fact, Known};
use crate::shell::Mention;

/// The disturbances so far. Clones share what they have in common.
#[derive(Clone, Debug, Default)]
pub(super) struct Log(Vec<Arc<Logged>>);

/// A disturbance, with those before it.
#[derive(Debug)]
struct Logged {
    disturbance: Arc<Disturbance>,
    at: usize,
    before: Option<Arc<Logged>>,
}

impl Drop for Logged {
    /// Drops those before it one after the other, since there may be more than the stack holds.
    fn drop(&mut self) {
        let mut before = self.before.take();
        while let Some(logged) = before {
            before = Arc::into_inner(logged).and_then(|mut logged| logged.before.take());
        }
    }
}

impl Log {
    /// Returns the number of disturbances.
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }

    /// Returns the disturbances from a number on.
    pub(super) fn since(&self, since: usize) -> impl Iterator<Item = &Disturbance> {
        self.0.get(since..).unwrap_or_default().iter().map(|logged| &*logged.disturbance)
    }

    /// Adds a disturbance.
    pub(super) fn push(&mut self, disturbance: impl Into<Arc<Disturbance>>) {
        let disturbance = disturbance.into();
        let before = self.0.last().cloned();
        self.0.push(Arc::new(Logged { disturbance, at: self.0.len(), before }));
    }

    /// Changes the disturbances from a number on. Facts that name them keep them as they were.
    pub(super) fn change_since(&mut self, since: usize, change: impl Fn(&mut Disturbance)) {
        // From the last one on, so that those that no fact names are not copied.
        let mut changed = Vec::new();
        while self.0.len() > since
            && let Some(logged) = self.0.pop()
        {
            changed.push(Arc::clone(&logged.disturbance));
        }
        for mut disturbance in changed.into_iter().rev() {
            change(Arc::make_mut(&mut disturbance));
            self.push(disturbance);
        }
    }

    /// Applies the disturbances from a number on to a fact about `path`.
    pub(super) fn disturb(&self, path: &str, fact: &mut Fact, since: usize) {
        let how = if fact.known == Known::Absent { How::Absent } else { How::Alone };
        let mut spared = false;
        let mut end = self.0.last();
        for logged in self.0.get(since..).unwrap_or_default() {
            let Logged { disturbance, before, .. } = &**logged;
            if let Some(assumption) = disturbance.assumed(path) {
                fact.leans.add(Arc::clone(assumption));
            }
            match disturbance.outcome(path, &fact.known) {
                Outcome::Nothing => {}
                Outcome::Spared => spared = true,
                Outcome::Blurred(what) => {
                    end = before.as_ref();
                    let Disturbance { command, line, .. } = &**disturbance;
                    fact.known = Known::Unknown(format!("`{command}` (line {line}) {what}").into());
                }
            }
        }
        if let (true, Some(last)) = (spared, end) {
            fact.leans.add_run(Spared { path: path.into(), how, since, last: Arc::clone(last) });
        }
    }

    /// Returns the assumption that no disturbance adds anything below a directory. `None` if that is certain.
    pub(super) fn adds_nothing_below(&self, path: &str) -> Option<Spared> {
        let last = self.0.last()?;
        let run = Spared { path: path.into(), how: How::Below, since: 0, last: Arc::clone(last) };
        let is_assumed = run.commands().next().is_some();
        is_assumed.then_some(run)
    }
}

/// How commands leave a path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    /// It stays absent.
    Absent,
    /// It stays as it is.
    Alone,
    /// Nothing new is below it.
    Below,
}

/// The assumption that each command of a run leaves a path as it is. At least one of them could do otherwise.
#[derive(Clone, Debug)]
pub(super) struct Spared {
    path: Arc<str>,
    how: How,
    /// The number of disturbances before the run.
    since: usize,
    last: Arc<Logged>,
}

impl Spared {
    /// Returns the commands of the run that could do otherwise, the last one first.
    fn commands(&self) -> impl Iterator<Item = &Disturbance> {
        let run = std::iter::successors(Some(&self.last), |logged| logged.before.as_ref());
        let run = run.take_while(|logged| logged.at >= self.since).map(|logged| &*logged.disturbance);
        run.filter(|disturbance| match self.how {
            How::Below => disturbance.mention(&self.path) != Mention::No,
            How::Absent | How::Alone => {
                matches!(disturbance.mention(&self.path), Mention::Spared | Mention::Grows)
            }
        })
    }

    /// Returns the number of commands of the run.
    pub(super) fn len(&self) -> usize {
        (self.last.at + 1).saturating_sub(self.since)
    }

    /// Returns the lines of the commands that could do otherwise.
    pub(super) fn lines(&self) -> impl Iterator<Item = usize> {
        self.commands().map(|disturbance| disturbance.line)
    }

    /// Returns an assumption for each command that could do otherwise.
    pub(super) fn assumptions(&self) -> impl Iterator<Item = Assumption> {
        self.commands().map(|disturbance| {
            let line = disturbance.line;
            let path = Arc::clone(&self.path);
            match self.how {
                How::Absent => Assumption::naming(line, Arc::clone(disturbance.leaves()), path, " absent"),
                How::Alone => Assumption::naming(line, Arc::clone(disturbance.leaves()), path, " alone"),
                How::Below => {
                    let before = format!("`{}` (line {line}) adds nothing below ", disturbance.command);
                    Assumption::naming(line, before, path, "")
                }
            }
        })
    }

    /// Merges another run about the same path into this one, if they are of one log and leave no gap. Returns true if it
    /// did. `other` does not start earlier.
    pub(super) fn join(&mut self, other: &mut Self) -> bool {
        let is_gap = other.since > self.last.at + 1;
        if self.path != other.path || self.how != other.how || is_gap {
            return false;
        }
        let (shorter, longer) =
            if self.last.at <= other.last.at { (&self.last, &other.last) } else { (&other.last, &self.last) };
        let mut on_the_way = std::iter::successors(Some(longer), |logged| logged.before.as_ref());
        let is_one_log = on_the_way
            .find(|logged| logged.at <= shorter.at)
            .is_some_and(|logged| Arc::ptr_eq(logged, shorter));
        if is_one_log && self.last.at < other.last.at {
            mem::swap(&mut self.last, &mut other.last);
        }
        is_one_log
    }

    /// Orders runs by their path, those about the same one by their start. Equal ones are the same run.
    pub(super) fn compare(&self, other: &Self) -> Ordering {
        let path =
            if Arc::ptr_eq(&self.path, &other.path) { Ordering::Equal } else { self.path.cmp(&other.path) };
        path.then(self.how.cmp(&other.how))
            .then(self.since.cmp(&other.since))
            .then_with(|| Arc::as_ptr(&self.last).cmp(&Arc::as_ptr(&other.last)))
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Leans, Reach};
    use super::*;

    fn named(command: &str, line: usize, path: &str) -> Disturbance {
        Disturbance::new(command, line, Reach::Names(vec![path.to_owned()]))
    }

    fn fact() -> Fact {
        Fact { known: Known::File, leans: Leans::default() }
    }

    fn said(fact: &Fact) -> Vec<String> {
        fact.leans.sorted().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_run_ends_before_the_command_that_may_have_changed_the_path() {
        let mut log = Log::default();
        log.push(named("a", 1, "/x"));
        log.push(named("b", 2, "/app"));
        log.push(named("c", 3, "/y"));
        let mut of = fact();
        log.disturb("/app/f", &mut of, 0);
        assert!(matches!(&of.known, Known::Unknown(why) if **why == *"`b` (line 2) may have changed it"));
        assert_eq!(said(&of), ["`a` (line 1) leaves /app/f alone"]);
    }

    #[test]
    fn runs_of_one_log_are_joined_and_those_of_another_are_not() {
        let mut log = Log::default();
        log.push(named("a", 1, "/x"));
        let mut of = fact();
        log.disturb("/app", &mut of, 0);
        let mut other = log.clone();
        log.push(named("b", 2, "/x"));
        other.push(named("c", 3, "/x"));
        let mut elsewhere = of.clone();
        log.disturb("/app", &mut of, 1);
        other.disturb("/app", &mut elsewhere, 1);
        of.leans.merge(&elsewhere.leans);
        let expected = ["`a` (line 1)", "`b` (line 2)", "`c` (line 3)"];
        assert_eq!(said(&of), expected.map(|command| format!("{command} leaves /app alone")));
    }

    #[test]
    fn a_fact_keeps_commands_as_they_were_when_it_became_known() {
        let mut log = Log::default();
        log.push(named("a", 1, "/x"));
        log.push(named("b", 2, "/x"));
        let mut before = fact();
        log.disturb("/app", &mut before, 0);
        log.change_since(1, |disturbance| disturbance.hide("/app"));
        let mut after = fact();
        log.disturb("/app", &mut after, 0);
        assert_eq!(said(&before).len(), 2);
        assert_eq!(said(&after), ["`a` (line 1) leaves /app alone"]);
    }

    #[test]
    fn a_long_log_is_dropped_without_recursion() {
        let mut log = Log::default();
        for line in 0..300_000 {
            log.push(named("a", line, "/x"));
        }
        assert_eq!(log.len(), 300_000);
    }
}
