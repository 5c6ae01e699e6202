//! Compares the verdicts of the analysis with a second implementation of COPY, small and in memory.
//!
//! `second_decider [FIRST_SEED]` draws as many states as `LAYERWRIGHT_DECIDER_STATES` says: a base image, a context, and a
//! Dockerfile with a few COPY lines. A proved link must leave the same filesystem, and a proved hold another one.
//! Contradictions are printed, and the exit code is 1 if there is one.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, clippy::string_slice, reason = "it is a test tool")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

#[path = "mod.rs"]
mod decider;

use std::process::ExitCode;
use std::time::Instant;

use decider::compare::{Compared, compare};
use decider::scenario::Scenario;

const STATES: u64 = 10_000;

fn main() -> ExitCode {
    let first = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse::<u64>());
    let states =
        std::env::var("LAYERWRIGHT_DECIDER_STATES").map_or(Ok(STATES), |states| states.parse::<u64>());
    let (Ok(first), Ok(states)) = (first, states) else {
        eprintln!("usage: second_decider [FIRST_SEED]");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let mut figures = Figures::default();
    for seed in first..first + states {
        let scenario = Scenario::new(seed);
        let compared = compare(&scenario);
        let contradictions: Vec<&String> = compared.unsound.iter().chain(&compared.false_holds).collect();
        if !contradictions.is_empty() {
            println!("# seed {seed}\n{scenario}");
            for contradiction in contradictions {
                println!("# {contradiction}");
            }
            println!();
        }
        figures.add(&compared);
    }
    println!("{states} states in {} s: {figures:?}", started.elapsed().as_secs());
    if figures.unsound + figures.false_holds == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// How often each thing was seen.
#[derive(Debug, Default)]
struct Figures {
    proved_links: usize,
    proved_edits: usize,
    proved_holds: usize,
    other_verdicts: usize,
    /// States that do not build as they are.
    failing: usize,
    unsound: usize,
    false_holds: usize,
}

impl Figures {
    fn add(&mut self, compared: &Compared) {
        self.proved_links += compared.links;
        self.proved_edits += compared.edits;
        self.proved_holds += compared.holds;
        self.other_verdicts += compared.open;
        self.failing += usize::from(compared.fails);
        self.unsound += compared.unsound.len();
        self.false_holds += compared.false_holds.len();
    }
}
