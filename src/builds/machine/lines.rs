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

/// The most builders that are created above a line and count: the last ones.
const MOST_CREATED: usize = 16;

/// The lines of a text that say something of the machine, found once: a file may have many builds.
#[derive(Default)]
pub(super) struct MachineLines<'t> {
    lines: Vec<&'t str>,
    variables: [AssignedLines; VARIABLES.len()],
    /// The builders that `docker buildx create` creates, each with its line, from 0.
    created: Vec<(usize, Setup)>,
    /// The images of steps, by `name`.
    images: Vec<(usize, String)>,
    /// The labels of agents, by `vmImage`.
    labels: Vec<(usize, String)>,
}

/// The values of a variable, each with its line, from 0.
#[derive(Default)]
struct AssignedLines {
    /// Those for all lines below.
    alone: Vec<(usize, String)>,
    /// Those for the command of the line.
    of_command: Vec<(usize, String)>,
}

impl<'t> MachineLines<'t> {
    /// Finds the lines of a text.
    pub(super) fn of(text: &'t str) -> Self {
        let mut marks = Self { lines: text.lines().collect(), ..Self::default() };
        for (at, written) in text.lines().enumerate() {
            for (name, settings) in VARIABLES.iter().zip(&mut marks.variables) {
                match value_of(written, name) {
                    Some(value) if value.is_alone => settings.alone.push((at, value.text)),
                    Some(value) => settings.of_command.push((at, value.text)),
                    None => {}
                }
            }
            if written.contains("buildx create") && !written.trim_start().starts_with('#') {
                let driver = driver(&command(&marks.lines, at));
                marks.created.push((at, Setup::Create(driver)));
            }
            marks.images.extend(step_name(written).map(|image| (at, image)));
            marks.labels.extend(agent(written).map(|label| (at, label)));
        }
        marks
    }

    /// Returns all lines of the text.
    pub(super) fn lines(&self) -> &[&'t str] {
        &self.lines
    }

    /// Returns a command that starts on a line, with the lines that end in a backslash joined.
    pub(super) fn command(&self, line: usize) -> String {
        command(&self.lines, line.saturating_sub(1))
    }

    /// Returns the variables of [`VARIABLES`] that a line or one from `first` on sets: `NAME=value`, `NAME: value`. A prefix
    /// of a command counts for that command alone.
    pub(super) fn variables(&self, first: usize, line: usize) -> BTreeMap<String, String> {
        let mut found = BTreeMap::new();
        for (name, settings) in VARIABLES.iter().zip(&self.variables) {
            let own = from(&settings.of_command, line, line).last();
            let value = own.or_else(|| from(&settings.alone, first, line).last());
            found.extend(value.map(|(_, value)| ((*name).to_owned(), value.clone())));
        }
        found
    }

    /// Returns the builders that `docker buildx create --use` creates above a line, from `first` on.
    pub(super) fn created(&self, first: usize, line: usize) -> Vec<Setup> {
        let all = from(&self.created, first, line);
        let last = all.get(all.len().saturating_sub(MOST_CREATED)..).unwrap_or_default();
        last.iter().map(|(_, setup)| setup.clone()).collect()
    }

    /// Returns the image of the step that a line of Cloud Build lies in: its `name`.
    pub(super) fn step_image(&self, line: usize) -> Option<String> {
        let above = from(&self.images, 1, line).last();
        let found = above.or_else(|| from(&self.images, line + 1, line + LONGEST).first());
        found.map(|(_, image)| image.clone())
    }

    /// Returns the label of the agent: the last `vmImage` above a line.
    pub(super) fn azure(&self, line: usize) -> Machine {
        let label = from(&self.labels, 1, line).last().map(|(_, label)| label.clone());
        Machine { runners: label.into_iter().collect(), ..Machine::default() }
    }
}

/// Returns the marks of the lines from `first` to `last`, 1-based.
fn from<T>(marks: &[(usize, T)], first: usize, last: usize) -> &[(usize, T)] {
    let start = marks.partition_point(|(at, _)| at + 1 < first);
    let end = marks.partition_point(|(at, _)| *at < last);
    marks.get(start..end).unwrap_or_default()
}

/// Returns the command that starts on a line, from 0, with the lines that end in a backslash joined.
fn command(lines: &[&str], at: usize) -> String {
    let mut whole = String::new();
    for part in lines.iter().skip(at).take(LONGEST) {
        let part = part.trim();
        let Some(joined) = part.strip_suffix('\\') else {
            whole.push_str(part);
            break;
        };
        whole.extend([joined, " "]);
    }
    whole
}

/// Returns the image that a line of Cloud Build gives a step.
fn step_name(line: &str) -> Option<String> {
    let line = line.trim_start().trim_start_matches("- ").trim_start();
    let value = line.strip_prefix("name:").or_else(|| line.strip_prefix("\"name\":"))?;
    Some(value.trim().trim_matches(['"', '\'', ',']).to_owned())
}

/// Returns the label that a line of Azure Pipelines gives the agent.
fn agent(line: &str) -> Option<String> {
    let (_, value) = line.split_once("vmImage:")?;
    Some(value.trim().trim_matches(['"', '\'', '}', ' ']).to_owned())
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
