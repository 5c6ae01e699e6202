//! Samples drawn from a seed: the same seed gives the same sample on every machine.

use super::grammar::Grammar;
use super::manual::Manual;
use super::random::Random;
use super::root::{ROOTS, Shell};
use super::sample::{Run, Sample};
use super::shrink::is_script;
use super::writer::{Sources, Writer, setting};

/// What `SHELL` says for `/bin/sh`.
const SH: [&[&str]; 8] = [
    &["/bin/sh", "-ec"],
    &["/bin/sh", "-e", "-c"],
    &["/bin/sh", "-exc"],
    &["sh", "-c"],
    &["/bin/sh", "-o", "errexit", "-c"],
    &["/bin/sh", "-uc"],
    &["/bin/sh", "-fc"],
    &["/usr/bin/env", "sh", "-c"],
];
/// What `SHELL` says for bash.
const BASH: [&[&str]; 12] = [
    &["/bin/bash", "-c"],
    &["/bin/bash", "-c"],
    &["/bin/bash", "-c"],
    &["/bin/bash", "-ec"],
    &["/bin/bash", "-o", "pipefail", "-c"],
    &["/bin/bash", "-eo", "pipefail", "-c"],
    &["/bin/bash", "-euxo", "pipefail", "-c"],
    &["/bin/bash", "-lc"],
    &["bash", "-c"],
    &["/bin/bash", "-O", "extglob", "-c"],
    &["/bin/bash", "--posix", "-c"],
    &["/usr/bin/env", "bash", "-c"],
];
/// Commands in exec form.
const EXEC: [&[&str]; 10] = [
    &["mkdir", "/n"],
    &["mkdir", "-p", "$X/n"],
    &["mkdir", "n", "/opt/{a,b}"],
    &["/bin/mkdir", "/opt/*"],
    &["sh", "-c", "mkdir $0", "/n"],
    &["/bin/sh", "-c", "mkdir n"],
    &["sh", "-ec", "cd /opt; mkdir q"],
    &["env", "mkdir", "~/q"],
    &["tool", "/n"],
    &["rm", "-rf", "/d/*"],
];

/// The sample of a seed.
pub fn sample(grammar: &Grammar, manual: &Manual, seed: u64) -> Sample {
    let mut random = Random::new(seed);
    let root = random.below(ROOTS.len());
    let shell = shell(&mut random, root);
    let mut env = Vec::new();
    for _ in 0..random.one(&[0, 0, 0, 0, 0, 0, 0, 1, 1, 2]) {
        let (name, value) = setting(grammar, &mut random);
        env.retain(|(other, _)| *other != name);
        env.push((name, value));
    }
    let workdir = random.one(&["/", "/", "/", "/w", "/w", "/w", "/w", "/w", "/d", "/l"]).to_owned();
    let user = match random.below(80) {
        0 => Some((1000, 1001)),
        1 => Some((1000, 1000)),
        2 => Some((5, 6)),
        3 => Some((0, 0)),
        _ => None,
    };
    let sources = Sources { grammar, manual, tools: ROOTS[root].tools, workdir: &workdir };
    let count = random.one(&[1, 1, 1, 1, 1, 1, 2, 2, 3]);
    let runs = (0..count).map(|_| run(&mut random, &sources)).collect();
    Sample { root, shell, env, workdir, user, runs }
}

fn shell(random: &mut Random, root: usize) -> Vec<String> {
    let words: &[&str] = match random.below(10) {
        0..3 => random.one(&SH),
        3..6 if ROOTS[root].has_bash => random.one(&BASH),
        6 if ROOTS[root].sh == Shell::Dash => &["/bin/dash", "-c"],
        _ => &[],
    };
    words.iter().map(|word| (*word).to_owned()).collect()
}

fn run(random: &mut Random, sources: &Sources) -> Run {
    if random.chance(2) {
        return Run::Exec(random.one(&EXEC).iter().map(|word| (*word).to_owned()).collect());
    }
    loop {
        let script = Writer::new(random, sources).script();
        if is_script(&script) {
            return Run::Script(script.trim_end().to_owned());
        }
    }
}
