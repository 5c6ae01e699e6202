//! The job and the steps around a line of a workflow, or of an action. It never reads what an action does.

use super::lines::MachineLines;
use super::{Ci, Machine, Setup, StepPlace, last_before, variables};
use crate::budget::{BYTES, spend};
use crate::builds::document::{KeyValue, Node};
use crate::builds::workflow::matrix;
use crate::git::RepoPath;

/// The most set-ups of the steps before a line that count: the last ones.
const MOST_SETUPS: usize = 64;
/// Actions that set up a builder in a cloud.
const CLOUDS: [&str; 3] =
    ["depot/setup-action", "useblacksmith/setup-docker-builder", "namespacelabs/nscloud-setup-buildx-action"];
/// The inputs of an action that take the image out of the builder.
const EXPORTS: [&str; 3] = ["push", "load", "outputs"];
/// The options of a command line that do.
const EXPORT_OPTIONS: [&str; 5] = ["--push", "--load", "--output", "-o ", "-o="];

/// Returns what a workflow says of the machine that runs a line.
pub(super) fn machine(
    path: &RepoPath,
    documents: &[Node],
    (setups, marks): (&[(usize, Setup)], &MachineLines<'_>),
    line: usize,
) -> Machine {
    let Some(document) = documents.first() else { return Machine::default() };
    let jobs = document.get("jobs").map(Node::entries).unwrap_or_default();
    let job = last_before(jobs.iter().map(|job| (job.line, job)), line).map(|job: &KeyValue| &job.value);
    let steps = job.or_else(|| document.get("runs")).and_then(|holder| holder.get("steps"));
    let steps = steps.map(Node::items).unwrap_or_default();
    let own = last_before(steps.iter().map(|step| (step.line, step)), line);
    let first = steps.first().map_or(0, |step| step.line);
    let end = own.or(steps.last()).map_or(0, |step| step.line + usize::from(own.is_none()));
    let start = own.map_or(line, |own| own.line);
    let mut machine = Machine {
        ci: job.is_some().then_some(Ci::GitHub),
        runners: job.map(runners).unwrap_or_default(),
        setups: between(setups, first, end).chain(marks.created(start, line)).collect(),
        step: own.map(|step| place(path, job.map_or(0, |job| job.line), step, marks)),
        env: marks.variables(start, line),
        ..Machine::default()
    };
    for scope in [own, job, Some(document)].into_iter().flatten() {
        for (name, value) in variables(scope.get("env")) {
            machine.env.entry(name).or_insert(value);
        }
    }
    machine
}

/// Returns the labels of `runs-on`, those of a matrix too. Empty if one is not known.
fn runners(job: &Node) -> Vec<String> {
    let Some(written) = job.get("runs-on") else { return Vec::new() };
    let labels = written.get("labels").unwrap_or(written);
    let label = labels.text().or_else(|| match labels.items() {
        [only] => only.text(),
        _ => None,
    });
    let Some(label) = label else { return Vec::new() };
    let Some(expression) = label.strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}")) else {
        return vec![label.to_owned()];
    };
    let Some(key) = expression.trim().strip_prefix("matrix.") else { return Vec::new() };
    let rows = matrix::rows(job.get("strategy").and_then(|strategy| strategy.get("matrix")));
    let labels: Option<Vec<String>> =
        rows.iter().map(|row| row.get(key).and_then(Node::text).map(str::to_owned)).collect();
    let mut labels = labels.unwrap_or_default();
    labels.sort();
    labels.dedup();
    labels
}

/// Returns the set-ups of the steps on the lines from `first` to before `end`: the last ones.
fn between(setups: &[(usize, Setup)], first: usize, end: usize) -> impl Iterator<Item = Setup> {
    let from = setups.partition_point(|(line, _)| *line < first);
    let to = setups.partition_point(|(line, _)| *line < end);
    let found = setups.get(from.max(to.saturating_sub(MOST_SETUPS))..to).unwrap_or_default();
    found.iter().map(|(_, setup)| setup.clone())
}

/// Returns the set-ups of all steps of a workflow or an action, each with the line of its step, in order of lines.
pub(super) fn setups(documents: &[Node]) -> Vec<(usize, Setup)> {
    let Some(document) = documents.first() else { return Vec::new() };
    let jobs = document.get("jobs").map(Node::entries).unwrap_or_default();
    let holders = jobs.iter().map(|job| &job.value).chain(document.get("runs"));
    let steps = holders.filter_map(|holder| holder.get("steps")).flat_map(Node::items);
    let found = steps.flat_map(|step| setups_of(step).into_iter().map(|setup| (step.line, setup)));
    let mut found: Vec<_> = found.collect();
    found.sort_by_key(|(line, _)| *line);
    found
}

/// Returns the set-ups of a step.
fn setups_of(step: &Node) -> Vec<Setup> {
    if let Some(script) = step.get("run").and_then(Node::text) {
        spend(1 + script.len() / BYTES);
        return MachineLines::of(script).created(1, usize::MAX);
    }
    let uses = step.get("uses").and_then(Node::text).unwrap_or_default();
    let name = uses.split('@').next().unwrap_or_default().to_ascii_lowercase();
    let input = |key: &str, default: &str| {
        let given = step.get("with").and_then(|with| with.get_in_any_case(key)).and_then(Node::text);
        given.unwrap_or(default).to_owned()
    };
    match name.as_str() {
        "docker/setup-buildx-action" if input("use", "true") == "true" => vec![Setup::Buildx {
            driver: input("driver", "docker-container"),
            install: input("install", "false") == "true",
        }],
        "docker/setup-docker-action" | "crazy-max/ghaction-setup-docker" => {
            vec![Setup::Docker { version: input("version", "latest"), config: input("daemon-config", "") }]
        }
        name if CLOUDS.contains(&name) => vec![Setup::Cloud],
        _ => Vec::new(),
    }
}

/// Returns the place of a step. Its line is that of the dash, which may stand alone above its first key.
fn place(path: &RepoPath, job: usize, step: &Node, marks: &MachineLines<'_>) -> StepPlace {
    let lines = marks.lines();
    let dash = (0..step.line.min(lines.len())).rev().find(|&at| lines[at].trim_start().starts_with('-'));
    let with = step.get("with");
    let given = |key: &&str| with.and_then(|with| with.get_in_any_case(key)).and_then(Node::text);
    let by_input = EXPORTS.iter().filter_map(given).any(|value| value != "false" && !value.is_empty());
    let script = step.get("run").and_then(Node::text).unwrap_or_default();
    let exports = by_input || EXPORT_OPTIONS.iter().any(|option| script.contains(option));
    let indent = dash.map(|at| lines[at].chars().take_while(|c| c.is_whitespace()).collect());
    let line = dash.map_or(step.line, |at| at + 1);
    StepPlace { path: path.clone(), job, line, indent: indent.unwrap_or_default(), exports }
}
