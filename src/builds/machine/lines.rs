//! The machine of a line as the lines above it say, in files of any language: variables, `docker buildx create`, and the
//! image of a step. It never parses the file.

use std::collections::BTreeMap;

use super::{Ci, Machine, Setup};
use crate::git::RepoPath;

/// The variables that change the builder of a command.
const VARIABLES: [&str; 6] = [
    "DOCKER_BUILDKIT",
    "DOCKER_DRIVER",
    "BUILDX_BUILDER",
    "BUILDAH_LAYERS",
    "COMPOSE_DOCKER_CLI_BUILD",
    "BUILDKIT_SYNTAX",
];
/// The most lines that one command takes.
const LONGEST: usize = 40;

/// Returns the system that reads a file by its name.
pub(super) fn ci(path: &RepoPath) -> Option<Ci> {
    let name = path.file_name().to_ascii_lowercase();
    let first = path.components().next().unwrap_or_default();
    let is_yaml = |(_, ending)| matches!(ending, "yml" | "yaml");
    if !name.rsplit_once('.').is_some_and(is_yaml) {
        return None;
    }
    Some(match first {
        ".gitlab" => Ci::GitLab,
        ".circleci" => Ci::Circle,
        ".azure" => Ci::Azure,
        ".buildkite" => Ci::Other,
        _ if name.contains("gitlab-ci") => Ci::GitLab,
        _ if name.starts_with("azure-pipelines") => Ci::Azure,
        _ if name.starts_with("bitbucket-pipelines") => Ci::Bitbucket,
        _ if name.starts_with("buildspec") => Ci::CodeBuild,
        _ if name.starts_with(".travis") => Ci::Other,
        _ => return None,
    })
}

/// Returns a command that starts on a line, with the lines that end in a backslash joined.
pub(super) fn command(text: &str, line: usize) -> String {
    let mut whole = String::new();
    for part in text.lines().skip(line.saturating_sub(1)).take(LONGEST) {
        let part = part.trim();
        let Some(joined) = part.strip_suffix('\\') else {
            whole.push_str(part);
            break;
        };
        whole.extend([joined, " "]);
    }
    whole
}

/// Returns the variables of [`VARIABLES`] that a line or one above it sets: `NAME=value`, `NAME: value`. A prefix of a
/// command counts for that command alone.
pub(super) fn variables(text: &str, line: usize) -> BTreeMap<String, String> {
    variables_from(text, 1, line)
}

/// Returns the same for the lines from `first` on.
pub(super) fn variables_from(text: &str, first: usize, line: usize) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (at, written) in text.lines().enumerate().take(line).skip(first.saturating_sub(1)) {
        for name in VARIABLES {
            let Some(value) = value_of(written, name) else { continue };
            if value.is_alone || at + 1 == line {
                found.insert(name.to_owned(), value.text);
            }
        }
    }
    found
}

/// The value that a line gives to a variable.
struct Assigned {
    text: String,
    /// True if no command follows on the line.
    is_alone: bool,
}

fn value_of(line: &str, name: &str) -> Option<Assigned> {
    if line.trim_start().starts_with('#') {
        return None;
    }
    let (before, after) = line.split_once(name)?;
    if before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_' || c == '$' || c == '{') {
        return None;
    }
    let after = after.trim_start_matches(['"', '\'']).trim_start();
    let value = after.strip_prefix([':', '=']).or_else(|| after.strip_prefix("?="))?.trim_start();
    let (text, rest) = match value.chars().next()? {
        quote @ ('"' | '\'') => value.get(1..)?.split_once(quote)?,
        _ => value.split_at(value.find([' ', ';', '&', '#']).unwrap_or(value.len())),
    };
    let is_exported = before.trim_end().ends_with("export");
    let is_alone = is_exported || rest.trim_start().is_empty() || rest.trim_start().starts_with(['#', ';']);
    Some(Assigned { text: text.to_owned(), is_alone })
}

/// Returns the builders that `docker buildx create --use` creates above a line.
pub(super) fn created(text: &str, line: usize) -> Vec<Setup> {
    created_from(text, 1, line)
}

/// Returns the same for the lines from `first` on.
pub(super) fn created_from(text: &str, first: usize, line: usize) -> Vec<Setup> {
    let lines = text.lines().enumerate().take(line).skip(first.saturating_sub(1));
    let creates =
        lines.filter(|(_, line)| line.contains("buildx create") && !line.trim_start().starts_with('#'));
    creates.map(|(at, _)| Setup::Create(driver(&command(text, at + 1)))).collect()
}

/// Returns the driver of `docker buildx create`: a container by default.
fn driver(command: &str) -> String {
    let mut words = command.split_whitespace();
    while let Some(word) = words.next() {
        if let Some(driver) = word.strip_prefix("--driver=") {
            return driver.to_owned();
        }
        if word == "--driver" {
            return words.next().unwrap_or_default().to_owned();
        }
    }
    "docker-container".to_owned()
}

/// Returns the image of the step that a line of Cloud Build lies in: its `name`.
pub(super) fn step_image(text: &str, line: usize) -> Option<String> {
    let lines: Vec<&str> = text.lines().collect();
    let value = |line: &str| {
        let line = line.trim_start().trim_start_matches("- ").trim_start();
        let value = line.strip_prefix("name:").or_else(|| line.strip_prefix("\"name\":"))?;
        Some(value.trim().trim_matches(['"', '\'', ',']).to_owned())
    };
    let above = lines.iter().take(line).rev().find_map(|line| value(line));
    above.or_else(|| lines.iter().skip(line).take(LONGEST).find_map(|line| value(line)))
}

/// Returns the label of the agent: the last `vmImage` above a line.
pub(super) fn azure(text: &str, line: usize) -> Machine {
    let value = |line: &str| {
        let (_, value) = line.split_once("vmImage:")?;
        Some(value.trim().trim_matches(['"', '\'', '}', ' ']).to_owned())
    };
    let label = text.lines().take(line).filter_map(value).last();
    Machine { runners: label.into_iter().collect(), ..Machine::default() }
}
