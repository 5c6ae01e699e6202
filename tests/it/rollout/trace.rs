//! What happens in a campaign, written down so that it can be made to happen elsewhere: what people do, what each report
//! is given, asks and is answered, and what hits its calls.

use std::collections::BTreeMap;

use layerwright::campaign::plan::file::Plan;

use super::forge::Fault;
use super::repository::Known;
use super::state::State;
use super::told::Onlooker;
use super::world::{Commit, MAIN, World};

/// A campaign from its beginning.
pub struct Trace {
    pub start: World,
    pub runs: Vec<Run>,
}

/// One report.
pub struct Run {
    /// What people did since the one before.
    pub acts: Vec<Act>,
    pub plan: Plan,
    pub known: BTreeMap<String, Known>,
    /// The commit of the base branch that its clone is at.
    pub clone_at: usize,
    pub now: u64,
    pub calls: Vec<Call>,
    /// Whether it came to its end.
    pub is_done: bool,
    /// The calls that wrote.
    pub writes: usize,
    pub after: World,
}

/// One call of a report.
#[derive(Default)]
pub struct Call {
    pub what: String,
    /// What people did just before.
    pub acts: Vec<Act>,
    pub fault: Fault,
    /// The commit that it wrote.
    pub made: Option<usize>,
    pub answer: String,
}

/// What people did, as it took effect.
#[derive(Clone, Debug)]
pub enum Act {
    Commit {
        at: usize,
        commit: Commit,
    },
    /// The commit that a merge made.
    Merge {
        number: u64,
        at: usize,
        commit: Commit,
    },
    Close {
        number: u64,
    },
    Reopen {
        number: u64,
    },
    /// A branch is moved, by force where it has to be.
    Move {
        branch: String,
        to: usize,
    },
    Delete {
        branch: String,
    },
    Body {
        number: u64,
        body: String,
    },
    Unlabel {
        number: u64,
    },
    Queue {
        number: u64,
        on: bool,
    },
    /// All checks pass.
    Pass,
    Issue {
        number: u64,
        body: String,
    },
}

/// Writes a campaign down.
pub struct Tracer {
    pub trace: Trace,
    /// The world as it was last looked at.
    seen: World,
    acts: Vec<Act>,
}

impl Tracer {
    pub fn new(world: &World) -> Self {
        Self {
            trace: Trace { start: world.clone(), runs: Vec::new() },
            seen: world.clone(),
            acts: Vec::new(),
        }
    }

    fn call(&mut self) -> &mut Call {
        self.trace.runs.last_mut().unwrap().calls.last_mut().unwrap()
    }
}

impl State {
    /// Writes down what people did since somebody last looked.
    pub fn note_people(&mut self) {
        let Some(tracer) = &mut self.trace else { return };
        tracer.acts.extend(acts(&tracer.seen, &self.world));
        tracer.seen.clone_from(&self.world);
    }

    /// Writes down that a report begins.
    pub fn note_run(&mut self) {
        self.note_people();
        let Some(tracer) = &mut self.trace else { return };
        tracer.trace.runs.push(Run {
            acts: std::mem::take(&mut tracer.acts),
            plan: self.plan.clone(),
            known: self.known.clone(),
            clone_at: self.clone_at,
            now: self.world.now,
            calls: Vec::new(),
            is_done: false,
            writes: 0,
            after: self.world.clone(),
        });
    }

    /// Writes down what hits a call that was just announced, and what people did before it.
    pub fn note_call(&mut self, fault: Fault) {
        let Some(tracer) = &mut self.trace else { return };
        let acts = std::mem::take(&mut tracer.acts);
        let call = tracer.call();
        (call.acts, call.fault) = (acts, fault);
    }

    /// Takes note of what the report itself changed.
    pub fn note_forge(&mut self) {
        let Some(tracer) = &mut self.trace else { return };
        let commits = self.world.commits.len();
        tracer.call().made = (commits > tracer.seen.commits.len()).then(|| commits - 1);
        tracer.seen.clone_from(&self.world);
    }

    /// Writes down that a report ends.
    pub fn note_end(&mut self, is_done: bool) {
        let Some(tracer) = &mut self.trace else { return };
        let run = tracer.trace.runs.last_mut().unwrap();
        (run.is_done, run.writes) = (is_done, self.writes);
        run.after.clone_from(&self.world);
    }
}

/// Writes down what a report asks and is answered.
impl Onlooker for std::cell::RefCell<State> {
    fn before(&self, what: String) -> Fault {
        let state = &mut *self.borrow_mut();
        let run = state.trace.as_mut().unwrap().trace.runs.last_mut().unwrap();
        run.calls.push(Call { what, ..Call::default() });
        // What it is told of fails by itself.
        Fault::None
    }

    // The world shows it.
    fn made(&self, _: &str) {}

    fn after(&self, answer: String) {
        self.borrow_mut().trace.as_mut().unwrap().call().answer = answer;
    }
}

/// What a person did to a world, in an order in which it can be done again.
fn acts(before: &World, after: &World) -> Vec<Act> {
    let mut acts = Vec::new();
    let was = |number: u64| before.pull(number).unwrap();
    let merged = after.pulls.iter().filter(|pull| was(pull.number).merged.is_none());
    let merged: Vec<(u64, usize)> = merged.filter_map(|pull| Some((pull.number, pull.merged?))).collect();
    for (at, commit) in after.commits.iter().enumerate().skip(before.commits.len()) {
        let commit = commit.clone();
        match merged.iter().find(|(_, merge)| *merge == at) {
            Some(&(number, _)) => acts.push(Act::Merge { number, at, commit }),
            None => acts.push(Act::Commit { at, commit }),
        }
    }
    for pull in &after.pulls {
        let (number, was) = (pull.number, was(pull.number));
        if was.queued != pull.queued {
            acts.push(Act::Queue { number, on: pull.queued });
        }
        if was.open && !pull.open && pull.merged.is_none() {
            acts.push(Act::Close { number });
        }
    }
    for (branch, &to) in &after.branches {
        let is_merged = branch == MAIN && merged.iter().any(|(_, merge)| *merge == to);
        if before.branches.get(branch) != Some(&to) && !is_merged {
            acts.push(Act::Move { branch: branch.clone(), to });
        }
    }
    let gone = before.branches.keys().filter(|branch| !after.branches.contains_key(*branch));
    acts.extend(gone.map(|branch| Act::Delete { branch: branch.clone() }));
    for pull in &after.pulls {
        let (number, was) = (pull.number, was(pull.number));
        if !was.open && pull.open {
            acts.push(Act::Reopen { number });
        }
        if was.body != pull.body {
            acts.push(Act::Body { number, body: pull.body.clone() });
        }
        if was.labels != pull.labels {
            assert!(pull.labels.is_empty(), "people take all labels away");
            acts.push(Act::Unlabel { number });
        }
    }
    if after.pulls.iter().any(|pull| was(pull.number).pending && !pull.pending) {
        assert!(after.pulls.iter().all(|pull| !pull.pending), "all checks pass together");
        acts.push(Act::Pass);
    }
    for issue in &after.issues {
        if before.issue(issue.number).unwrap().body != issue.body {
            acts.push(Act::Issue { number: issue.number, body: issue.body.clone() });
        }
    }
    acts
}
