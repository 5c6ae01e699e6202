//! The compose and bake files of real repositories. Run by hand, with the folder that holds the repositories.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;
use std::process::Command;

use layerwright::ops::{self, PlanOptions};
use serde_json::Value;

use super::{Said, bake, clean, compose, fits, is_remote, of_plan, targets};
use crate::support::{left_out, say};

/// The names of the files that compose and bake load by themselves.
const COMPOSE: [&str; 4] = ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
const BAKE: [&str; 4] =
    ["docker-bake.hcl", "docker-bake.json", "docker-bake.override.hcl", "docker-bake.override.json"];

/// A build that the plan gives, with its level and the place that states it.
struct Planned {
    said: Said,
    level: String,
    evidence: String,
}

/// The comparison of one tool with all repositories.
#[derive(Debug, Default)]
struct Counts {
    folders: usize,
    refused: usize,
    agreed: usize,
    possible: usize,
    /// The builds that a call states, with other files or variables than the tool has by itself.
    called: usize,
    disagreed: Vec<String>,
}

#[test]
fn what_is_stated_of_real_files_is_what_the_tools_say() {
    let Some(corpus) = std::env::var_os("LAYERWRIGHT_ORACLE_CORPUS") else {
        return left_out("the comparison with real files", "LAYERWRIGHT_ORACLE_CORPUS is not set");
    };
    let mut repositories: Vec<_> = fs::read_dir(corpus).unwrap().map(|entry| entry.unwrap().path()).collect();
    repositories.sort();
    assert!(!repositories.is_empty());
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    for repository in &repositories {
        compare(repository, &mut counts);
    }
    let mut disagreed = Vec::new();
    for (tool, counts) in counts {
        say(&format!(
            "{tool}: {} folders, {} refused; builds: {} agreed, {} possible, {} by a call, {} disagreed",
            counts.folders,
            counts.refused,
            counts.agreed,
            counts.possible,
            counts.called,
            counts.disagreed.len()
        ));
        disagreed.extend(counts.disagreed);
    }
    assert!(disagreed.is_empty(), "{}", disagreed.join("\n"));
}

#[expect(clippy::too_many_lines, reason = "the figures of one repository")]
fn compare(root: &Path, counts: &mut BTreeMap<&str, Counts>) {
    let listed = Command::new("git").arg("-C").arg(root).args(["ls-files", "-z"]).output().unwrap().stdout;
    let listed = String::from_utf8_lossy(&listed).into_owned();
    let is_own = |path: &&str| !path.split('/').any(|name| matches!(name, "node_modules" | "vendor"));
    let listed: Vec<&str> = listed.split('\0').filter(is_own).collect();
    let folders = |names: &[&str]| -> BTreeSet<String> {
        let files = listed.iter().map(|path| path.rsplit_once('/').unwrap_or(("", path)));
        files.filter(|(_, name)| names.contains(name)).map(|(folder, _)| folder.to_owned()).collect()
    };
    let planned = ops::plan(&PlanOptions::new(root), &|_| {}).unwrap();
    let plan = serde_json::to_value(&planned.plan).unwrap();
    let repository = root.file_name().unwrap().to_string_lossy().into_owned();
    for (tool, names) in [("compose", COMPOSE), ("bake", BAKE)] {
        let counts = counts.entry(tool).or_default();
        let own = planned_by(&plan, tool);
        let mut all: Vec<Said> = Vec::new();
        for folder in folders(&names) {
            let at = root.join(&folder);
            let right = if tool == "compose" { compose::printed(&at, root) } else { baked(&at, &folder) };
            counts.folders += 1;
            let Some(right) = right else {
                counts.refused += 1;
                let of_folder = |planned: &&Planned| {
                    planned.level == "stated"
                        && names.iter().any(|name| planned.is_in(&clean(&format!("{folder}/{name}"))))
                };
                let stated = own.iter().filter(of_folder);
                counts.disagreed.extend(stated.map(|planned| {
                    format!(
                        "{repository}/{folder}: refused, but {} states {:?}",
                        planned.evidence, planned.said
                    )
                }));
                continue;
            };
            for said in right {
                let Ok(text) = fs::read_to_string(root.join(&said.dockerfile)) else { continue };
                let file = |file: &&Value| file["path"].as_str() == Some(said.dockerfile.as_str());
                if !plan["files"].as_array().unwrap().iter().any(|one| file(&one)) {
                    continue;
                }
                let said = said.with_declared(&text);
                let fitting = |level: &str| {
                    own.iter().any(|planned| planned.level == level && fits(&planned.said, &said))
                };
                if fitting("stated") {
                    counts.agreed += 1;
                } else if fitting("possible") || is_remote(&said.context) {
                    counts.possible += 1;
                } else {
                    counts.disagreed.push(format!("{repository}/{folder}: missing {said:?}"));
                }
                all.push(said);
            }
        }
        for planned in own.iter().filter(|planned| planned.level == "stated") {
            if !all.iter().any(|right| fits(&planned.said, right)) {
                counts.called += 1;
                say(&format!("{repository}: by a call: {} {:?}", planned.evidence, planned.said));
            }
        }
    }
}

/// Returns the builds of bake in a folder: of all targets that its files name, but for those that others only inherit.
fn baked(at: &Path, folder: &str) -> Option<BTreeSet<Said>> {
    let (mut names, mut listed) = (Vec::new(), [BTreeSet::new(), BTreeSet::new()]);
    for name in BAKE {
        let text = fs::read_to_string(at.join(name)).unwrap_or_default();
        if let Ok(json) = serde_json::from_str::<Value>(&text) {
            names.extend(json["target"].as_object().into_iter().flatten().map(|(name, _)| name.clone()));
        }
        // A target also has an attribute of that name.
        let labels = text.lines().filter_map(|line| line.trim_start().strip_prefix("target "));
        let labels = labels.filter(|label| label.trim_start().starts_with('"'));
        names.extend(labels.filter_map(|label| Some(label.split('"').nth(1)?.to_owned())));
        for (words, listed) in ["inherits", "targets"].into_iter().zip(&mut listed) {
            let lists = text.split(words).skip(1).filter_map(|rest| rest.split(']').next());
            listed.extend(lists.flat_map(|list| list.split('"').skip(1).step_by(2)).map(str::to_owned));
        }
    }
    let [inherited, grouped] = listed;
    names.retain(|name| !inherited.contains(name) || grouped.contains(name));
    let inside =
        |path: &str| if is_remote(path) { path.to_owned() } else { clean(&format!("{folder}/{path}")) };
    let builds = bake::printed(at, &names)?.into_iter().map(|said| Said {
        dockerfile: inside(&said.dockerfile),
        context: inside(&said.context),
        contexts: said.contexts.iter().map(|(name, path)| (name.clone(), inside(path))).collect(),
        ..said
    });
    Some(builds.collect())
}

impl Planned {
    fn is_in(&self, file: &str) -> bool {
        self.evidence
            .split_whitespace()
            .any(|word| word.rsplit_once(':').is_some_and(|(path, _)| path == file))
    }
}

impl Said {
    /// Returns the build without the arguments that a Dockerfile does not declare.
    fn with_declared(mut self, dockerfile: &str) -> Self {
        let lines =
            dockerfile.lines().filter(|line| line.trim_start().to_ascii_uppercase().starts_with("ARG "));
        let declared: BTreeSet<&str> = lines
            .flat_map(|line| line.split_whitespace().skip(1))
            .filter_map(|word| word.split('=').next())
            .collect();
        self.args.retain(|name, _| declared.contains(name.as_str()));
        self
    }
}

/// Returns the builds that the files of a tool give.
fn planned_by(plan: &Value, tool: &str) -> Vec<Planned> {
    let root = |path: &str| if path == "." { String::new() } else { path.to_owned() };
    let mut found = Vec::new();
    for file in plan["files"].as_array().unwrap() {
        for context in file["contexts"].as_array().unwrap() {
            let evidence = context["evidence"].as_str().unwrap();
            if !evidence.starts_with(&format!("{tool} file ")) {
                continue;
            }
            for target in targets(context) {
                let said = Said {
                    dockerfile: file["path"].as_str().unwrap().to_owned(),
                    context: root(context["root"].as_str().unwrap()),
                    target,
                    ..of_plan(context, &root)
                };
                let level = context["level"].as_str().unwrap().to_owned();
                found.push(Planned { said, level, evidence: evidence.to_owned() });
            }
        }
    }
    found
}
