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

/// The first lines of a script on disk.
const FIRST_LINES: [&str; 10] = [
    "#!/bin/sh\n",
    "#!/bin/sh -e\n",
    "#!/bin/sh -e\n",
    "#!/bin/sh\nset -e\n",
    "#!/bin/sh -eu\n",
    "#!/usr/bin/env sh\n",
    "#!/bin/bash\n",
    "#!/bin/bash -e\n",
    "#!/usr/bin/env bash\nset -euo pipefail\n",
    "",
];
/// Commands that run a script on disk.
const CALLS: [&str; 24] = [
    "/run.sh",
    "/run.sh",
    "/run.sh",
    "sh /run.sh",
    "sh -e /run.sh",
    "bash /run.sh",
    "bash -e /run.sh a b",
    ". /run.sh",
    ". /run.sh",
    "set -e; . /run.sh; mkdir /called",
    "cd / && ./run.sh",
    "cd /d && . ../run.sh && mkdir called",
    "/run.sh; mkdir /called",
    "/run.sh || true",
    "/run.sh && mkdir called",
    "env A=/a /run.sh",
    "nice /run.sh && rm /run.sh",
    "chmod 755 /run.sh && /run.sh",
    "chmod 644 /run.sh; /run.sh; true",
    "if /run.sh; then mkdir /called; fi",
    "(. /run.sh) && mkdir called",
    ". /run.sh; mkdir $X/called",
    "echo 'mkdir /called' >> /run.sh && /run.sh",
    "ln -s / /d/root && echo 'mkdir /called' > /d/root/run.sh && sh /run.sh",
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
    let mut runs: Vec<Run> = (0..count).map(|_| run(&mut random, &sources)).collect();
    let script = random.chance(15).then(|| {
        let call = random.below(runs.len() + 1);
        runs.insert(call, Run::Script(random.one(&CALLS).to_owned()));
        on_disk(&mut random, &sources)
    });
    Sample { root, shell, env, workdir, user, script, runs }
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

/// A script on disk. Now and then it changes itself, or ends early.
fn on_disk(random: &mut Random, sources: &Sources) -> String {
    let mut text = random.one(&FIRST_LINES).to_owned();
    for _ in 0..random.one(&[1, 1, 2, 3]) {
        text.push_str(match random.below(12) {
            0 => "[ -e /d ] && return\n",
            1 => "[ -e /d ] && exit 0\n",
            2 => "echo 'mkdir /appended' >> /run.sh\n",
            3 => "X=/opt\n",
            _ => "",
        });
        text.push_str(Writer::new(random, sources).script().trim_end());
        text.push('\n');
    }
    text
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
