//! Campaigns of the simulation, done again on a GitHub that others wrote, through the client that GitHub gets: every act
//! of people, every report with what it is given, and whatever hits its calls. Both have to agree on every call and
//! answer of every report, and on all that is there after each of them.
//!
//! The emulator has gaps, which [`github`] fills: it says there what and how. Of what the simulation does, nothing is left
//! out. Numbers of pull requests and issues are the same on both sides, ids of commits are not: those of the simulation
//! are replaced by the emulator's wherever they stand.
//!
//! `LAYERWRIGHT_TRACES` says how many campaigns there are, and `LAYERWRIGHT_SEED` is the seed of the first one that is
//! looked at.

mod acts;
mod clone;
mod compare;
mod github;

use std::cell::{Cell, RefCell};
use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use layerwright::campaign::progress::Base;
use layerwright::github::{Client, Clock, GitHubForge};
use layerwright::report::{Report, ReportError};
use secrecy::SecretString;
use serde_json::json;

use super::forge::Fault;
use super::texts::Simple;
use super::told::{Onlooker, Told};
use super::trace::{Run, Trace, Tracer};
use super::world::MAIN;
use super::{NO_MISTAKE, Simulation, number, repository};
use crate::report::emulator;
use crate::support::say;
use clone::Local;
use github::GitHub;

/// How many traces the suite replays.
const TRACES: u64 = 24;

/// Of so many campaigns, the one is replayed in which most happens.
const CANDIDATES: u64 = 32;

/// How many are replayed at once: one emulator has one thread.
const LANES: usize = 2;

/// One trace on the emulator.
struct Replay<'a> {
    trace: &'a Trace,
    simulation: &'a Simulation,
    github: &'a GitHub,
    local: Local,
    /// The emulator's ids of the simulation's commits.
    ids: RefCell<BTreeMap<usize, String>>,
    /// The commits that the emulator's merges made, and what stands for them: see [`acts`].
    merges: RefCell<BTreeMap<String, String>>,
    /// The branches by which the merge queue tries pull requests.
    queue: RefCell<BTreeMap<u64, String>>,
    /// The commits that were compared.
    compared: RefCell<Vec<String>>,
}

/// A clock that stands still.
struct Still(u64);

impl Clock for Still {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0)
    }

    fn wait(&self, _: Duration, why: &str) {
        panic!("the emulator limits nothing and fails never: {why}");
    }

    fn pace(&self, _: Duration) {}
}

/// Holds a report's calls against those of the simulation.
struct Watch<'a> {
    replay: &'a Replay<'a>,
    run: &'a Run,
    at: Cell<usize>,
    killed: Cell<bool>,
}

impl Onlooker for Watch<'_> {
    fn before(&self, what: String) -> Fault {
        let Some(call) = self.run.calls.get(self.at.get()) else { panic!("one call more: {what}") };
        self.replay.assert_same(&what, &call.what, &format!("call {}", self.at.get()));
        if self.killed.get() {
            return Fault::KilledBefore;
        }
        for act in &call.acts {
            self.replay.act(act, &self.run.after.commits);
        }
        self.killed.set(call.fault.kills());
        self.replay.github.refuse_people(call.answer == "refused");
        call.fault
    }

    fn made(&self, commit: &str) {
        let made = self.run.calls[self.at.get()].made.expect("the simulation writes a commit too");
        self.replay.ids.borrow_mut().insert(made, commit.to_owned());
    }

    fn after(&self, answer: String) {
        let call = &self.run.calls[self.at.get()];
        self.at.set(self.at.get() + 1);
        let place = format!("the answer to call {}, {}", self.at.get() - 1, call.what);
        self.replay.assert_same(&answer, &call.answer, &place);
    }
}

impl<'a> Replay<'a> {
    /// Makes the repository and what it begins with.
    fn new(simulation: &'a Simulation, trace: &'a Trace, github: &'a GitHub, name: &str) -> Self {
        github.begin(name, trace.start.strict);
        let replay = Self {
            trace,
            simulation,
            github,
            local: Local::new(),
            ids: RefCell::default(),
            merges: RefCell::default(),
            queue: RefCell::default(),
            compared: RefCell::default(),
        };
        let commits = &trace.start.commits;
        replay.commit(0, &commits[0], commits, None);
        github.api("POST", "/git/refs", &json!({"ref": "refs/heads/main", "sha": replay.id(0)}));
        for issue in &trace.start.issues {
            let made = github.api("POST", "/issues", &json!({"title": issue.title, "body": issue.body}));
            assert_eq!(made["number"], issue.number);
        }
        replay
    }

    /// The emulator's id of one of the simulation's commits.
    fn id(&self, commit: usize) -> String {
        self.ids.borrow()[&commit].clone()
    }

    /// A text of the simulation with the emulator's ids.
    fn there(&self, text: &str) -> String {
        let ids = self.ids.borrow();
        with_ids(text, |id| ids.get(&usize::from_str_radix(id, 16).ok()?).cloned())
    }

    /// A text of the emulator's, with one id for each commit.
    fn here(&self, text: &str) -> String {
        let merges = self.merges.borrow();
        with_ids(text, |id| merges.get(id).cloned())
    }

    fn assert_same(&self, real: &str, simulated: &str, place: &str) {
        let (real, simulated) = (self.here(real), self.there(simulated));
        assert!(real == simulated, "{place}:\non the emulator {real}\nin the simulation {simulated}");
    }

    /// One report, after what people did before it.
    fn report(&self, run: &Run) {
        for act in &run.acts {
            self.act(act, &run.after.commits);
        }
        self.github.at(run.now);
        let commit = self.id(run.clone_at);
        self.local.fetch(self.github, &commit);
        let policy = self.simulation.state.borrow().policy.clone();
        let evidence = repository::evidence(&run.plan, &run.known);
        let base = Base { branch: MAIN.into(), blobs: self.local.blobs(&commit, &run.plan), commit };
        let clock = Box::new(Still(run.now));
        let token = Some(SecretString::from("of-a-report"));
        let client = Client::new(self.github.url().parse().unwrap(), token, clock, Duration::from_mins(1));
        let client = client.unwrap().keeping(self.local.kept());
        let forge = GitHubForge::new(&client, self.github.repository(), &self.local.repository);
        let watch = Watch { replay: self, run, at: Cell::new(0), killed: Cell::new(false) };
        let report = Report {
            forge: &Told { forge: &forge, onlooker: &watch },
            clone: &self.local.at(&run.known),
            plan: &run.plan,
            evidence: &evidence,
            policy: &policy,
            texts: &Simple { pretends: None },
            base: &base,
            issue: self.simulation.named_issue,
            now: run.now,
            tell: &|_| {},
        };
        let result = report.run();
        assert!(matches!(&result, Ok(_) | Err(ReportError::Forge(_))), "{result:?}");
        assert_eq!(result.is_ok(), run.is_done, "{:?}", result.err());
        assert_eq!(watch.at.get(), run.calls.len(), "the simulation calls more often");
        let writes = self.github.writes();
        assert!(run.writes > 0 || writes.is_empty(), "nothing is to be written: {writes:?}");
        self.compare(&run.after);
    }
}

/// A text with other ids in the place of those that are known.
fn with_ids(text: &str, other: impl Fn(&str) -> Option<String>) -> String {
    const LENGTH: usize = 40;
    let mut replaced = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(start) = rest.find(|c: char| c.is_ascii_hexdigit()) {
        replaced.push_str(&rest[..start]);
        rest = &rest[start..];
        let end = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let word = &rest[..end];
        let found = if word.len() == LENGTH { other(word) } else { None };
        replaced.push_str(found.as_deref().unwrap_or(word));
        rest = &rest[end..];
    }
    replaced + rest
}

/// Of the campaigns from a seed on, the one in which most happens that is rare.
fn richest(first: u64) -> u64 {
    let happens = |seed: &u64| {
        let simulation = Simulation::new(*seed, NO_MISTAKE);
        simulation.run();
        let seen = &simulation.state.borrow().seen;
        // The rarest first.
        ["brought up to date", "opened again", "ticked"].map(|what| seen.get(what).copied())
    };
    (first..first + CANDIDATES).max_by_key(happens).unwrap()
}

/// Simulates a campaign, and does it again on the emulator. Gives how many reports it had.
fn replay(seed: u64, github: &GitHub) -> usize {
    let simulation = Simulation::new(seed, NO_MISTAKE);
    {
        let state = &mut *simulation.state.borrow_mut();
        state.trace = Some(Tracer::new(&state.world));
    }
    let broken = simulation.run();
    assert!(broken.is_empty(), "{broken:#?}");
    let trace = simulation.state.borrow_mut().trace.take().unwrap().trace;
    let replay = Replay::new(&simulation, &trace, github, &format!("trace-{}-{seed}", std::process::id()));
    for (at, run) in trace.runs.iter().enumerate() {
        let reported = catch_unwind(AssertUnwindSafe(|| replay.report(run)));
        if let Err(why) = reported {
            let why = why.downcast::<String>().map_or_else(|_| String::new(), |why| *why);
            panic!("report {at} of {}: {why}", replay.trace.runs.len());
        }
    }
    assert_eq!(trace.runs.last().unwrap().writes, 0, "a campaign that is done writes nothing");
    github.end();
    trace.runs.len()
}

#[test]
fn traces_come_out_the_same_on_the_emulator() {
    let Some(emulator) = emulator() else { return };
    let first = number("LAYERWRIGHT_SEED").unwrap_or(1);
    let many = number("LAYERWRIGHT_TRACES").unwrap_or(TRACES);
    let (next, runs) = (AtomicU64::new(0), AtomicU64::new(0));
    let failed: Mutex<BTreeMap<u64, String>> = Mutex::default();
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                let github = GitHub::before(emulator.trim_start_matches("http://"));
                loop {
                    let at = next.fetch_add(1, Ordering::Relaxed);
                    if at >= many || !failed.lock().unwrap().is_empty() {
                        return;
                    }
                    let seed = first + at * CANDIDATES;
                    match catch_unwind(AssertUnwindSafe(|| replay(richest(seed), &github))) {
                        Ok(reports) => drop(runs.fetch_add(reports as u64, Ordering::Relaxed)),
                        Err(why) => {
                            let why = why.downcast::<String>().map_or_else(|_| String::new(), |why| *why);
                            failed.lock().unwrap().insert(seed, why);
                        }
                    }
                }
            });
        }
    });
    if let Some((seed, why)) = failed.into_inner().unwrap().first_key_value() {
        panic!("LAYERWRIGHT_SEED={seed} LAYERWRIGHT_TRACES=1 makes it again: {why}");
    }
    let runs = runs.into_inner();
    assert!(runs > 0, "no trace was replayed");
    say(&format!(
        "{many} traces from seed {first} on, with {runs} reports, came out the same on the emulator"
    ));
}
