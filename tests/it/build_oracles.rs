//! Compose, bake and make as oracles: of generated projects, a build that is called stated is the one that `docker compose
//! config`, `docker buildx bake --print` or `make -n` says. None needs an engine.
//!
//! `LAYERWRIGHT_ORACLE_CORPUS` is a folder of repositories, of which the compose and bake files are compared too.
//! `LAYERWRIGHT_ORACLE_RUNS` is how many projects of each tool are made, `LAYERWRIGHT_ORACLE_SEED` the first seed;
//! `LAYERWRIGHT_REQUIRE_ORACLES=1` makes a missing tool a failure.

mod bake;
mod compose;
mod corpus;
mod make;
mod random;

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use layerwright::ops::{self, PlanOptions};
use serde_json::Value;

use crate::support::{is_set, left_out, say};
use random::Random;

/// How many projects of each tool a run of the tests makes.
const RUNS: u64 = 60;
/// The Dockerfiles of each project.
const DOCKERFILES: [&str; 8] = [
    "Dockerfile",
    "Dockerfile.dev",
    "docker/web.Dockerfile",
    "svc/Dockerfile",
    "svc/Dockerfile.dev",
    "lib/x/Dockerfile",
    "common/Dockerfile",
    "common/svc/Dockerfile",
];

/// A build.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Said {
    dockerfile: String,
    context: String,
    target: Option<String>,
    args: BTreeMap<String, String>,
    contexts: BTreeMap<String, String>,
}

/// A value that only the build knows.
const UNKNOWN: &str = "?";
/// The arguments that the Dockerfiles declare.
const ARGS: [&str; 10] = ["A", "B", "C", "D", "E", "CTX", "M", "O", "J", "AGAIN"];

/// Writes the files of a project, by path and text, and returns the names of what it defines.
type Make = fn(&mut Random, &mut dyn FnMut(&str, String)) -> Vec<String>;

/// A tool that says what it would build.
struct Tool {
    name: &'static str,
    program: &'static str,
    version: &'static [&'static str],
    make: Make,
    /// Asks the tool about the project in a folder: its builds, or nothing if it refuses.
    ask: fn(&Path, &[String]) -> Option<BTreeSet<Said>>,
}

#[derive(Debug, Default)]
struct Counts {
    agreed: usize,
    possible: usize,
    refused: usize,
    disagreed: Vec<String>,
}

/// What the tool prints, if it succeeds.
fn output(program: &str, folder: &Path, args: &[&str]) -> Option<Vec<u8>> {
    let mut command = Command::new(program);
    command.args(args).current_dir(folder).env_remove("CI").env_remove("BUILDX_BAKE_FILE");
    let is_own =
        |name: &str| ["COMPOSE_", "MAKE"].iter().any(|start| name.starts_with(start)) || name == "MFLAGS";
    for (name, _) in std::env::vars().filter(|(name, _)| is_own(name)) {
        command.env_remove(name);
    }
    let output = command.output().ok()?;
    output.status.success().then_some(output.stdout)
}

/// A path without `.` and `..`.
fn clean(path: &str) -> String {
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if kept.last().is_some_and(|last| *last != "..") => drop(kept.pop()),
            part => kept.push(part),
        }
    }
    kept.join("/")
}

fn number(name: &str, default: u64) -> u64 {
    std::env::var(name).ok().and_then(|text| text.parse().ok()).unwrap_or(default)
}

/// True if a build is the one that the tool says. A value that only the build knows may be any.
fn fits(said: &Said, right: &Said) -> bool {
    let same = |((name, value), (other, right)): ((&String, &String), (&String, &String))| {
        name == other && (value == right || value == UNKNOWN)
    };
    let settings = |said: &Said| {
        let Said { dockerfile, context, target, args, contexts } = said.clone();
        (dockerfile, context, target, contexts, args.len())
    };
    settings(said) == settings(right) && said.args.iter().zip(&right.args).all(same)
}

/// True if the source of a context is not a folder.
fn is_remote(source: &str) -> bool {
    source.contains(':')
}

/// What the plan says of a project, by the certainty of each build.
fn said(plan: &Value, folder: &str) -> BTreeMap<String, BTreeSet<Said>> {
    let mut found: BTreeMap<String, BTreeSet<Said>> = BTreeMap::new();
    let prefix = format!("{folder}/");
    let inside = |path: &str| match path.strip_prefix(&prefix) {
        Some(path) => path.to_owned(),
        None if path == folder => String::new(),
        None if is_remote(path) => path.to_owned(),
        None => format!("(outside) {path}"),
    };
    for file in plan["files"].as_array().unwrap() {
        let path = file["path"].as_str().unwrap();
        if !path.starts_with(&prefix) {
            continue;
        }
        for context in file["contexts"].as_array().unwrap() {
            for target in targets(context) {
                let build = Said {
                    dockerfile: inside(path),
                    context: inside(context["root"].as_str().unwrap()),
                    target,
                    ..of_plan(context, &inside)
                };
                found.entry(context["level"].as_str().unwrap().to_owned()).or_default().insert(build);
            }
        }
    }
    found
}

/// The targets of a context of the plan, which has one build for each.
fn targets(context: &Value) -> impl Iterator<Item = Option<String>> {
    let further = context["further_targets"].as_array().into_iter().flatten();
    std::iter::once(&context["target"]).chain(further).map(|target| target.as_str().map(str::to_owned))
}

/// The arguments and named contexts of a context of the plan.
fn of_plan(context: &Value, inside: &dyn Fn(&str) -> String) -> Said {
    let pairs = |key: &str, read: &dyn Fn(&Value) -> String| {
        let pairs = context[key].as_object().unwrap().iter();
        pairs.map(|(name, value)| (name.clone(), read(value))).collect()
    };
    Said {
        dockerfile: String::new(),
        context: String::new(),
        target: None,
        args: pairs("build_args", &|value| value.as_str().unwrap_or(UNKNOWN).to_owned()),
        contexts: pairs("contexts", &|value| inside(value.as_str().unwrap())),
    }
}

#[expect(clippy::too_many_lines, reason = "the figures of one run")]
fn compare(tool: &Tool) {
    let required = is_set("LAYERWRIGHT_REQUIRE_ORACLES");
    let Some(version) = output(tool.program, Path::new("/"), tool.version) else {
        assert!(!required, "{} is missing", tool.name);
        return left_out(&format!("the comparison with {}", tool.name), "it is missing");
    };
    let (runs, seed) = (number("LAYERWRIGHT_ORACLE_RUNS", RUNS), number("LAYERWRIGHT_ORACLE_SEED", 1));
    let root = tempfile::tempdir().unwrap();
    let mut projects: Vec<(String, Vec<String>)> = Vec::new();
    for at in seed..seed + runs {
        let folder = format!("p{at}");
        let mut write = |path: &str, text: String| {
            let at = root.path().join(&folder).join(path);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, text).unwrap();
        };
        let names = (tool.make)(&mut Random::new(at), &mut write);
        let declared = ARGS.map(|name| format!("ARG {name}\n")).concat();
        for path in DOCKERFILES {
            write(path, format!("{declared}FROM scratch\n"));
        }
        projects.push((folder, names));
    }
    let planned = ops::plan(&PlanOptions::new(root.path()), &|_| {}).unwrap();
    let plan = serde_json::to_value(&planned.plan).unwrap();
    let mut counts = Counts::default();
    for (folder, names) in &projects {
        let mut levels = said(&plan, folder);
        let stated = levels.remove("stated").unwrap_or_default();
        let possible = levels.remove("possible").unwrap_or_default();
        let right = (tool.ask)(&root.path().join(folder), names);
        let known = |said: &Said| DOCKERFILES.contains(&said.dockerfile.as_str());
        match right {
            None if stated.is_empty() => counts.refused += 1,
            None => counts.disagreed.push(format!("{folder}: refused, but stated {stated:?}")),
            Some(right) => {
                let right: BTreeSet<Said> = right.into_iter().filter(known).collect();
                let extra: Vec<&Said> =
                    stated.iter().filter(|said| !right.iter().any(|right| fits(said, right))).collect();
                let missing: Vec<&Said> =
                    right.iter().filter(|right| !stated.iter().any(|said| fits(said, right))).collect();
                if !extra.is_empty() || (!missing.is_empty() && possible.is_empty()) {
                    counts.disagreed.push(format!("{folder}: wrong {extra:?}, missing {missing:?}"));
                } else if missing.is_empty() && possible.is_empty() {
                    counts.agreed += 1;
                } else {
                    counts.possible += 1;
                }
            }
        }
    }
    let version = String::from_utf8_lossy(&version).lines().next().unwrap_or_default().trim().to_owned();
    say(&format!(
        "{version}: {runs} projects from seed {seed}: {} agreed, {} possible, {} refused, {} disagreed",
        counts.agreed,
        counts.possible,
        counts.refused,
        counts.disagreed.len()
    ));
    if !counts.disagreed.is_empty() {
        let kept = root.keep();
        panic!("{version}, projects in {}:\n{}", kept.display(), counts.disagreed.join("\n"));
    }
    assert!(counts.agreed * 2 > projects.len(), "most projects are valid and settled: {counts:?}");
}

#[test]
fn what_is_stated_of_compose_is_what_compose_says() {
    compare(&compose::TOOL);
}

#[test]
fn what_is_stated_of_bake_is_what_bake_says() {
    compare(&bake::TOOL);
}

#[test]
fn what_is_stated_of_make_is_what_make_says() {
    compare(&make::TOOL);
}
