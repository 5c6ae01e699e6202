//! Campaigns in a simulated world: random repositories, people who do anything at any time, calls that fail before they
//! take effect, after it and half-way, and reports that are killed anywhere.
//!
//! `LAYERWRIGHT_SEED` is the seed of the first campaign, the next ones count on from it, and `LAYERWRIGHT_CAMPAIGNS` says
//! how many there are. A failure prints the seed that makes it again.

mod cases;
mod forge;
mod people;
mod random;
mod replay;
mod repository;
mod state;
mod texts;
mod told;
mod trace;
mod world;

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};

use layerwright::campaign::evidence::EvidenceState;
use layerwright::campaign::plan::file::Plan;
use layerwright::campaign::policy::Policy;
use layerwright::campaign::progress::Base;
use layerwright::config::{Config, Trust};
use layerwright::report::{Report, ReportError};
use rayon::prelude::*;

use crate::support::say;
use forge::{Planted, Wire};
use random::Random;
use state::State;
use texts::Simple;
use told::Told;
use world::{MAIN, World};

/// How many campaigns the suite runs.
const CAMPAIGNS: u64 = 3_000;

/// Within how many campaigns a planted mistake has to show.
const MOST_CAMPAIGNS: u64 = 2_000;

/// A mistake that the simulation has to find.
#[derive(Clone, Copy, Debug)]
struct Mistake {
    forge: Planted,
    /// Whether a wave goes out with the one before it.
    early: bool,
    /// The state of files that are taken for ones that people asked for again.
    pretends: Option<&'static str>,
}

const NO_MISTAKE: Mistake = Mistake { forge: Planted::Nothing, early: false, pretends: None };

struct Simulation {
    state: RefCell<State>,
    mistake: Mistake,
    named_issue: Option<u64>,
}

impl Simulation {
    fn new(seed: u64, mistake: Mistake) -> Self {
        let mut random = Random::new(seed);
        let (tree, mut known) = repository::new(&mut random);
        let mut world = World::new(tree, !random.once_in(2));
        let policy = policy(&mut random);
        let named_issue = random
            .once_in(2)
            .then(|| world.create_issue("Links", "What this is about\n\n- [ ] s0/Dockerfile\n"));
        let plan = repository::plan(&world.commits[0].tree.clone(), &mut known, &mut random);
        let faults = [0, 30, 8][random.below(3)];
        let mut state = State {
            start: world.clone(),
            world,
            random,
            known,
            plan,
            policy,
            branches: BTreeMap::new(),
            faults,
            busy: 0,
            killed: false,
            writes: 0,
            tokens: 0,
            clone_at: 0,
            broken: Vec::new(),
            trace: None,
            seen: BTreeMap::new(),
        };
        name_branches(&mut state);
        Self { state: RefCell::new(state), mistake, named_issue }
    }

    /// What comes of a campaign: the rules that were broken.
    fn run(&self) -> Vec<String> {
        let rounds = 6 + self.state.borrow_mut().random.below(12);
        for _ in 0..rounds {
            self.let_people_act();
            match self.report() {
                Ok(()) | Err(ReportError::Forge(_)) => {}
                Err(error) => self.state.borrow_mut().breaks(error.to_string()),
            }
            if !self.state.borrow().broken.is_empty() {
                break;
            }
        }
        self.state.borrow_mut().faults = 0;
        self.settle();
        self.finish();
        std::mem::take(&mut self.state.borrow_mut().broken)
    }

    fn let_people_act(&self) {
        let state = &mut *self.state.borrow_mut();
        for _ in 0..state.random.below(4) {
            people::act(state);
            state.note_people();
        }
        if state.random.once_in(3) {
            plan_again(state);
        }
        if state.random.once_in(4) {
            let paths: Vec<String> = state.known.keys().cloned().collect();
            if let Some(path) = state.random.choose(&paths) {
                let evidence = repository::evidence_state(&mut state.random);
                let known = state.known.get_mut(path).unwrap();
                known.evidence = evidence;
                known.verified += 1;
            }
        }
        state.world.now += [0, 600, 4_000][state.random.below(3)];
        state.busy = if state.random.once_in(3) { 12 } else { 0 };
        state.clone_at = state.world.main();
        if state.random.once_in(8) {
            // A clone that is behind.
            let parents = &state.world.commits[state.clone_at].parents;
            state.clone_at = parents.first().copied().unwrap_or(state.clone_at);
        }
    }

    /// One run of the report.
    fn report(&self) -> Result<(), ReportError> {
        let (base, plan, evidence, policy, now) = {
            let state = &mut *self.state.borrow_mut();
            (state.killed, state.writes) = (false, 0);
            state.start = state.world.clone();
            let blobs = state.plan.files.iter().filter_map(|file| {
                let text = state.world.text(state.clone_at, &file.path)?;
                Some((file.path.clone(), world::id(text)))
            });
            let base =
                Base { branch: MAIN.into(), commit: world::name(state.clone_at), blobs: blobs.collect() };
            let plan = if self.mistake.early { early(&state.plan) } else { state.plan.clone() };
            let evidence = repository::evidence(&state.plan, &state.known);
            state.note_run();
            (base, plan, evidence, state.policy.clone(), state.world.now)
        };
        let wire = Wire::new(&self.state, self.mistake.forge);
        let told = Told { forge: &wire, onlooker: &self.state };
        let is_told = self.state.borrow().trace.is_some();
        let report = Report {
            forge: if is_told { &told } else { &wire },
            clone: &wire,
            plan: &plan,
            evidence: &evidence,
            policy: &policy,
            texts: &Simple { pretends: self.mistake.pretends },
            base: &base,
            issue: self.named_issue,
            now,
            tell: &|_| {},
        };
        let result = report.run().map(drop);
        self.state.borrow_mut().note_end(result.is_ok());
        result
    }

    /// With nobody at work and nothing failing, reports come to an end, and the one after them writes nothing.
    fn settle(&self) {
        for _ in 0..40 {
            {
                let state = &mut *self.state.borrow_mut();
                state.world.now += 3_601;
                (state.busy, state.clone_at) = (0, state.world.main());
            }
            let result = self.report();
            let state = &mut *self.state.borrow_mut();
            if let Err(error) = result {
                return state.breaks(format!("a report fails by itself: {error}"));
            }
            if state.writes == 0 || !state.broken.is_empty() {
                return;
            }
        }
        self.state.borrow_mut().breaks("reports never come to an end".into());
    }

    /// People merge what is open, verify and plan again, until nothing moves. Then each file is done, or people or the
    /// rules stand against it.
    fn finish(&self) {
        for _ in 0..40 {
            if !self.state.borrow().broken.is_empty() {
                return;
            }
            let before = self.state.borrow().world.main();
            {
                let state = &mut *self.state.borrow_mut();
                for known in
                    state.known.values_mut().filter(|known| known.evidence != EvidenceState::Verified)
                {
                    (known.evidence, known.verified) = (EvidenceState::Verified, known.verified + 1);
                }
                plan_again(state);
                for known in state.known.values_mut() {
                    known.evidence = EvidenceState::Verified;
                }
                for pull in &mut state.world.pulls {
                    (pull.queued, pull.pending) = (false, false);
                }
                state.note_people();
            }
            self.settle();
            let state = &mut *self.state.borrow_mut();
            let open: Vec<u64> =
                state.world.pulls.iter().filter(|pull| pull.open).map(|pull| pull.number).collect();
            for &number in &open {
                state.world.merge(number, true, true);
                state.note_people();
                // Somebody has to look after what the campaign leaves to people.
                if state.world.pull(number).is_some_and(|pull| pull.open) {
                    state.world.close(number);
                    state.note_people();
                }
            }
            if open.is_empty() && state.world.main() == before {
                break;
            }
        }
        let left = self.left();
        self.state.borrow_mut().broken.extend(left);
    }

    /// The files that are neither done nor stopped by anybody.
    fn left(&self) -> Vec<String> {
        let state = self.state.borrow();
        let world = &state.world;
        let is_left = |file: &&layerwright::campaign::plan::file::File| {
            let path = &file.path;
            let is_done = world.text(world.main(), path).is_none_or(|text| repository::linked(text) == *text);
            let is_over =
                state.latest(world, path).is_some_and(|pull| !state::is_asked(world, path, pull.number));
            let head = state.branches.get(path).and_then(|branch| world.branches.get(branch));
            let is_theirs = head.is_some_and(|head| {
                let above = world.above(world.main(), *head);
                above.iter().any(|at| world.commits[*at].who == world::Who::Person)
            });
            !is_done && !is_over && !is_theirs && state.shut_by(path).is_empty()
        };
        let left = state.plan.files.iter().filter(is_left);
        left.map(|file| format!("{} is never proposed", file.path)).collect()
    }
}

fn policy(random: &mut Random) -> Policy {
    let mut policy = Policy::new(&Config::default());
    policy.trust = Trust::Verified;
    policy.create_issue = !random.once_in(4);
    let report = &mut policy.report;
    report.max_open = 1 + random.below(5);
    report.max_open_per_owner = 1 + random.below(3);
    report.per_hour = 1 + random.below(5);
    report.pause_when_pending_checks = 1 + random.below(5);
    report.reviewers = if random.once_in(2) { vec!["her".into()] } else { Vec::new() };
    report.assignees = if random.once_in(3) { vec!["him".into()] } else { Vec::new() };
    report.labels = if random.once_in(2) { vec!["docker".into()] } else { Vec::new() };
    policy
}

fn plan_again(state: &mut State) {
    let tree = state.world.commits[state.world.main()].tree.clone();
    state.plan = repository::plan(&tree, &mut state.known, &mut state.random);
    name_branches(state);
}

fn name_branches(state: &mut State) {
    for file in &state.plan.files {
        let branch = state.policy.names.branch_of(&file.path).unwrap().unwrap().present;
        state.branches.insert(file.path.clone(), branch);
    }
}

/// The plan with each wave taken for the one before it.
fn early(plan: &Plan) -> Plan {
    let mut early = plan.clone();
    let mut waves = early.waves.drain(..);
    let mut joined = waves.next();
    let mut rest: Vec<_> = waves.collect();
    if let (Some(first), false) = (&mut joined, rest.is_empty()) {
        first.files.extend(rest.remove(0).files);
    }
    early.waves = joined.into_iter().chain(rest).collect();
    early
}

fn number(variable: &str) -> Option<u64> {
    std::env::var(variable).ok().map(|value| value.parse().unwrap())
}

/// What happens in enough campaigns, if the simulation is worth anything.
const HAPPENS: [&str; 7] =
    ["opened", "opened again", "brought up to date", "ticked", "issue written", "comment added", "pushed"];

#[test]
fn no_campaign_breaks_a_rule() {
    let first = number("LAYERWRIGHT_SEED").unwrap_or(1);
    let many = number("LAYERWRIGHT_CAMPAIGNS").unwrap_or(CAMPAIGNS);
    let seen: Vec<AtomicUsize> = HAPPENS.iter().map(|_| AtomicUsize::new(0)).collect();
    let broken = |seed: u64| {
        let simulation = Simulation::new(seed, NO_MISTAKE);
        let broken = simulation.run();
        for (what, seen) in HAPPENS.iter().zip(&seen) {
            let times = simulation.state.borrow().seen.get(what).copied().unwrap_or_default();
            seen.fetch_add(times, Ordering::Relaxed);
        }
        (!broken.is_empty()).then_some((seed, broken))
    };
    if let Some((seed, broken)) = (first..first + many).into_par_iter().find_map_first(broken) {
        panic!("LAYERWRIGHT_SEED={seed} LAYERWRIGHT_CAMPAIGNS=1 makes it again: {broken:#?}");
    }
    for (what, seen) in HAPPENS.iter().zip(&seen) {
        let times = seen.load(Ordering::Relaxed);
        say(&format!("{what}: {times}"));
        assert!(many < CAMPAIGNS || times > 100, "`{what}` happens {times} times in {many} campaigns");
    }
}

#[test]
fn planted_mistakes_are_found() {
    for (mistake, words) in [
        (Mistake { forge: Planted::CreatedAgain, ..NO_MISTAKE }, "two pull requests for"),
        (Mistake { forge: Planted::IssueNotReadAgain, ..NO_MISTAKE }, "the tick of"),
        (Mistake { forge: Planted::IssueNotReadAgain, ..NO_MISTAKE }, "what people wrote is lost"),
        (Mistake { forge: Planted::Forced, ..NO_MISTAKE }, "a person's commit is written over"),
        (Mistake { early: true, ..NO_MISTAKE }, "goes out ahead of"),
        (Mistake { pretends: Some("Declined"), ..NO_MISTAKE }, "is proposed again unasked"),
        (Mistake { pretends: Some("Reverted"), ..NO_MISTAKE }, "is proposed again unasked"),
    ] {
        let is_found = |seed: u64| {
            let broken = Simulation::new(seed, mistake).run();
            broken.iter().any(|what| what.contains(words))
        };
        let found = (1..=MOST_CAMPAIGNS).into_par_iter().find_any(|seed| is_found(*seed));
        assert!(found.is_some(), "{mistake:?} does not show as `{words}` in {MOST_CAMPAIGNS} campaigns");
    }
}
