//! Many samples at once: one thread and one sandbox for each job.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{self, Sender};
use std::time::{Duration, Instant};

use super::generate;
use super::grammar::Grammar;
use super::manual::Manual;
use super::oracle::{Finding, Oracle, Verdict};

type Failure = Box<dyn std::error::Error>;

/// What is drawn.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    pub first_seed: u64,
    /// How many samples run; those of which nothing is certain do not.
    pub runs: usize,
    pub jobs: usize,
}

/// The figures of a campaign.
#[derive(Default)]
pub struct Figures {
    pub samples: usize,
    pub refused: usize,
    pub nothing_certain: usize,
    pub failed: usize,
    pub succeeded: usize,
    /// Those after which something is certain that the root does not have.
    pub certain: usize,
    /// Those that showed a false claim.
    pub wrong: usize,
    pub spent: Duration,
    /// How often each kind was found.
    pub kinds: BTreeMap<String, usize>,
}

struct Judged {
    seed: u64,
    verdict: Verdict,
    finding: Option<Finding>,
}

impl Plan {
    /// Draws samples and calls `found` with the first finding of each kind.
    pub fn run(self, mut found: impl FnMut(u64, &Finding)) -> Result<Figures, Failure> {
        let started = Instant::now();
        let grammar = Grammar::read();
        let (manual, seeds, runs) =
            (Manual::read(&grammar), AtomicU64::new(self.first_seed), AtomicUsize::new(0));
        let mut figures = Figures::default();
        let (sender, judged) = mpsc::channel();
        std::thread::scope(|scope| {
            for _ in 0..self.jobs {
                let (grammar, manual, seeds, runs, sender) =
                    (&grammar, &manual, &seeds, &runs, sender.clone());
                scope.spawn(move || self.work(grammar, manual, seeds, runs, &sender));
            }
            drop(sender);
            for judged in judged {
                figures.add(judged.map_err(|error| -> Failure { error.into() })?, &mut found);
            }
            Ok::<(), Failure>(())
        })?;
        figures.spent = started.elapsed();
        Ok(figures)
    }

    fn work(
        self,
        grammar: &Grammar,
        manual: &Manual,
        seeds: &AtomicU64,
        runs: &AtomicUsize,
        sender: &Sender<Result<Judged, String>>,
    ) {
        let judge = || -> Result<(), Failure> {
            let mut oracle = Oracle::start()?;
            while runs.load(Ordering::Relaxed) < self.runs {
                let seed = seeds.fetch_add(1, Ordering::Relaxed);
                let sample = generate::sample(grammar, manual, seed);
                let verdict = oracle.judge(&sample)?;
                if !matches!(verdict, Verdict::Refused | Verdict::NothingCertain) {
                    runs.fetch_add(1, Ordering::Relaxed);
                }
                let is_wrong = matches!(verdict, Verdict::False(_));
                let finding = if is_wrong { Some(oracle.shrunk(&sample)?) } else { None };
                sender.send(Ok(Judged { seed, verdict, finding }))?;
            }
            Ok(())
        };
        if let Err(error) = judge() {
            sender.send(Err(error.to_string())).ok();
        }
    }
}

impl Figures {
    fn add(&mut self, judged: Judged, found: &mut impl FnMut(u64, &Finding)) {
        self.samples += 1;
        match judged.verdict {
            Verdict::Refused => self.refused += 1,
            Verdict::NothingCertain => self.nothing_certain += 1,
            Verdict::Failed => self.failed += 1,
            Verdict::True(certain) => {
                self.succeeded += 1;
                self.certain += usize::from(certain > 0);
            }
            Verdict::False(_) => {
                self.succeeded += 1;
                self.wrong += 1;
            }
        }
        if let Some(finding) = judged.finding {
            let times = self.kinds.entry(finding.kind()).or_default();
            *times += 1;
            if *times == 1 {
                found(judged.seed, &finding);
            }
        }
    }
}

impl std::fmt::Display for Figures {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let runs = self.failed + self.succeeded;
        let seconds = self.spent.as_secs().max(1);
        write!(f, "{runs} runs in {seconds} s ({} a second): ", runs as u64 / seconds)?;
        write!(f, "{} succeeded, {} of them with new facts; ", self.succeeded, self.certain)?;
        write!(
            f,
            "{} samples, {} refused, {} without certain facts; ",
            self.samples, self.refused, self.nothing_certain
        )?;
        write!(f, "{} with false claims of {} kinds", self.wrong, self.kinds.len())
    }
}
