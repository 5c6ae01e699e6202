//! Plans repositories whose files are changed at random, in process.
//!
//! `repository_fuzzer [FIRST_SEED]` does as many runs as `LAYERWRIGHT_FUZZER_RUNS` says. Each takes a small repository with
//! every kind of file that Layerwright reads, changes some of the files, and plans it, checks it and reads its plan, its
//! evidence, a list and an archive. A panic, also one that was contained, and a run over 5 s of processor time or 1 GB are
//! printed with their seed, and the exit code is 1 if there is one.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "it is a test tool")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

#[path = "mod.rs"]
mod fuzzer;
#[path = "../measured.rs"]
mod measured;

use std::process::ExitCode;
use std::time::Instant;

const RUNS: u64 = 1_000;

/// The most processor time of a run, in seconds: other work on the machine does not count.
const MOST_TIME: f64 = 5.0;
/// The most memory, in bytes.
const MOST_MEMORY: u64 = 1 << 30;

fn main() -> ExitCode {
    let first = std::env::args().nth(1).map_or(Ok(1), |seed| seed.parse::<u64>());
    let runs = std::env::var("LAYERWRIGHT_FUZZER_RUNS").map_or(Ok(RUNS), |runs| runs.parse::<u64>());
    let (Ok(first), Ok(runs)) = (first, runs) else {
        eprintln!("usage: repository_fuzzer [FIRST_SEED]");
        return ExitCode::from(2);
    };
    let started = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let mut failures = 0;
    let mut slowest = 0.0_f64;
    let spent = || measured::processor_seconds().unwrap_or_default();
    for seed in first..first + runs {
        let began = spent();
        let mut done = fuzzer::run(folder.path(), seed);
        let took = spent() - began;
        slowest = slowest.max(took);
        if took > MOST_TIME {
            done = done.and(Err(format!("it took {took:.1} s")));
        }
        if measured::most_memory().is_some_and(|most| most > MOST_MEMORY) {
            println!("seed {seed}: more than {MOST_MEMORY} bytes of memory");
            return ExitCode::FAILURE;
        }
        if let Err(why) = done {
            failures += 1;
            println!("seed {seed}: {why}");
        }
    }
    println!(
        "{runs} runs in {} s, {failures} failures, the slowest {slowest:.1} s, {} MB of memory",
        started.elapsed().as_secs(),
        measured::most_memory().unwrap_or_default() >> 20
    );
    if failures == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
