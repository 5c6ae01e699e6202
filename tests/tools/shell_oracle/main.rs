//! Compares what scripts do with what the analysis takes for certain after them.
//!
//! `shell_oracle [FIRST_SEED [JOBS]]` draws Dockerfiles from seeds until as many have run as `LAYERWRIGHT_SHELL_RUNS`
//! says. Their scripts run with a real shell and real tools, in a fresh root, in namespaces that hold nothing of the
//! machine. For every fact that is certain and wrong it prints the smallest Dockerfile that shows it. The exit code
//! is 1 if there is one, and 3 where this machine has no user namespaces, shells or tools to run them with.
#![allow(
    clippy::unwrap_used,
    clippy::disallowed_methods,
    clippy::string_slice,
    reason = "it is a test tool that runs commands"
)]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

mod archives;
mod campaign;
mod claims;
mod content;
mod generate;
mod grammar;
mod manual;
mod oracle;
mod overlay;
mod protocol;
#[path = "../../it/differential/random.rs"]
mod random;
mod root;
mod sample;
mod sandbox;
mod shrink;
mod tree;
mod words;
mod worker;
mod writer;

use std::io::Write;
use std::process::ExitCode;

use campaign::Plan;

const RUNS: usize = 1000;

/// Standard error and the code for a call that could not be done.
fn failed(error: &dyn std::fmt::Display) -> ExitCode {
    eprintln!("shell_oracle: {error}");
    ExitCode::from(2)
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == ["worker"] {
        return worker::run().map_or_else(|error| failed(&error), |()| ExitCode::SUCCESS);
    }
    if let Some(why) = sandbox::unavailable() {
        println!("{why}");
        return ExitCode::from(3);
    }
    let Some(plan) = plan(&arguments) else { return failed(&"usage: shell_oracle [FIRST_SEED [JOBS]]") };
    let ran = plan.run(|seed, finding| {
        println!("# seed {seed}\n{finding}");
        std::io::stdout().flush().ok();
    });
    match ran {
        Ok(figures) => {
            println!("{figures}");
            if figures.wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
        }
        Err(error) => failed(&error),
    }
}

fn plan(arguments: &[String]) -> Option<Plan> {
    let (seed, jobs) = match arguments {
        [] => ("1", "1"),
        [seed] => (seed.as_str(), "1"),
        [seed, jobs] => (seed.as_str(), jobs.as_str()),
        _ => return None,
    };
    let runs = std::env::var("LAYERWRIGHT_SHELL_RUNS").map_or(Some(RUNS), |runs| runs.parse().ok())?;
    Some(Plan { first_seed: seed.parse().ok()?, runs, jobs: jobs.parse().ok()? })
}
