//! The steps of a GitHub workflow, or of an action, that build images. It never follows workflows and actions that it
//! uses: those are read by their own names.

mod expression;
mod matrix;
mod uses;

use self::expression::{Names, Piece, pieces};
use super::document::Node;
use super::script::{self, Origin};
use super::{Collected, Declared, Kind, Place, Unreadable, yaml};
use crate::git::RepoPath;
use crate::shell;
use crate::text::pattern::{Part, Pattern};

/// Returns the builds of a workflow or of an action. A step of a job with a matrix is one build for each row of it.
/// Paths are relative to the repository's root, or to the working directory of the step.
///
/// # Errors
///
/// If it is not valid YAML, is too large, or has too many builds.
pub(crate) fn declared(path: &RepoPath, text: &str) -> Result<Vec<Declared>, Unreadable> {
    let mut found = Collected::default();
    for document in yaml::documents(text)? {
        let outer = Names::default().with_env(document.get("env"));
        for job in document.get("jobs").map(Node::entries).unwrap_or_default() {
            let job = Job::of(&job.value, &document, &outer);
            steps(path, &job, &mut found)?;
        }
        if let Some(runs) = document.get("runs") {
            action(path, runs, &mut found)?;
        }
    }
    Ok(found.builds)
}

/// The data that the steps of a job or of a composite action share.
struct Job<'a> {
    steps: &'a [Node],
    /// The names of each row of the matrix.
    rows: Vec<Names<'a>>,
    /// The folder that scripts start in, as written.
    folder: Option<&'a str>,
    /// The shell that runs scripts.
    shell: Option<&'a str>,
}

impl<'a> Job<'a> {
    fn of(job: &'a Node, workflow: &'a Node, outer: &Names<'a>) -> Self {
        let default = |key| {
            let keys = ["defaults", "run", key];
            job.at(&keys).or_else(|| workflow.at(&keys)).and_then(Node::text)
        };
        let rows = matrix::rows(job.at(&["strategy", "matrix"])).into_iter();
        Self {
            steps: job.get("steps").map(Node::items).unwrap_or_default(),
            rows: rows.map(|row| Names { row, ..outer.clone() }.with_env(job.get("env"))).collect(),
            folder: default("working-directory"),
            shell: default("shell"),
        }
    }
}

/// Returns the builds of an action: those of its steps, or its own image, which the runner builds from the folder of
/// its Dockerfile.
fn action(path: &RepoPath, runs: &Node, found: &mut Collected) -> Result<(), Unreadable> {
    let folder = path.parent();
    let folder = folder.as_ref().map_or(".", RepoPath::as_str);
    let names = Names { action: Some(folder), ..Names::default() };
    let steps_of = runs.get("steps").map(Node::items).unwrap_or_default();
    steps(path, &Job { steps: steps_of, rows: vec![names], folder: None, shell: None }, found)?;
    let Some((entry, image)) = runs.entry("image").and_then(|entry| Some((entry, entry.value.text()?)))
    else {
        return Ok(());
    };
    if runs.get("using").and_then(Node::text) != Some("docker") || image.starts_with("docker://") {
        return Ok(());
    }
    let place = Place { kind: Kind::Workflow, path: path.clone(), line: entry.line };
    let image = image.strip_prefix("./").unwrap_or(image);
    let mut build = Declared::new(place, vec![Pattern::text(folder)], Pattern::text(image));
    build.context = Some(Pattern::text(image.rsplit_once('/').map_or(".", |(folder, _)| folder)));
    found.add(build)
}

fn steps(path: &RepoPath, job: &Job, found: &mut Collected) -> Result<(), Unreadable> {
    for step in job.steps {
        let mut of_step: Vec<Declared> = Vec::new();
        let mut scripts: Vec<Script> = Vec::new();
        for row in &job.rows {
            let names = row.with_env(step.get("env"));
            let mut builds = uses::declared(path, step, job.steps, &names);
            // Most scripts are the same in each row.
            if let Some(script) = Script::of(step, job, names).filter(|script| !scripts.contains(script)) {
                builds.extend(script.declared(path));
                scripts.push(script);
            }
            for build in builds {
                if !of_step.contains(&build) {
                    of_step.push(build);
                }
            }
        }
        of_step.into_iter().try_for_each(|build| found.add(build))?;
    }
    Ok(())
}

/// The script of a step in one row of the matrix.
#[derive(PartialEq)]
struct Script {
    /// Its text, with a [`placeholder`] for each unknown part.
    text: String,
    /// The expressions of the placeholders.
    holes: Vec<String>,
    first_line: usize,
    folder: Pattern,
    env: Vec<(String, Pattern)>,
}

/// Returns a word that scripts do not use, so that the shell parser reads it as text inside any quotes.
fn placeholder(at: usize) -> String {
    format!("\u{e000}{at}\u{e001}")
}

impl Script {
    /// Returns the script of a step, unless it is not for a POSIX shell.
    fn of(step: &Node, job: &Job, names: Names) -> Option<Self> {
        let run = step.get("run")?;
        let shell = step.get("shell").and_then(Node::text).or(job.shell).unwrap_or("bash");
        if !["bash", "sh"].contains(&shell.split_whitespace().next()?) {
            return None;
        }
        let folder = step.get("working-directory").and_then(Node::text).or(job.folder);
        let folder = folder.map(|folder| names.text(folder)).unwrap_or_default();
        let mut text = String::new();
        let mut holes: Vec<String> = Vec::new();
        for piece in pieces(run.text()?) {
            let words = match piece {
                Piece::Text(piece) => {
                    text.push_str(piece);
                    continue;
                }
                Piece::Expression(words) => words,
            };
            if words == "github.workspace" {
                text.push_str("$GITHUB_WORKSPACE");
                continue;
            }
            for part in names.expression(words).parts() {
                match part {
                    Part::Text(known) => text.push_str(known),
                    Part::Hole(name) => {
                        text.push_str(&placeholder(holes.len()));
                        holes.push(name.clone());
                    }
                }
            }
        }
        Some(Self { text, holes, first_line: run.line, folder, env: names.env })
    }

    fn declared(&self, path: &RepoPath) -> Vec<Declared> {
        let origin = Origin { kind: Kind::Workflow, path, first_line: self.first_line };
        let given = |name: &str| match name {
            "GITHUB_WORKSPACE" => Some(shell::root()),
            _ => self.env.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.clone()),
        };
        let mut builds = script::declared_in(&self.text, origin, std::slice::from_ref(&self.folder), &given);
        for build in &mut builds {
            self.restore(build);
        }
        builds
    }

    /// Replaces placeholders by holes.
    fn restore(&self, build: &mut Declared) {
        let values = build.args.iter_mut().filter_map(|(_, value)| value.as_mut());
        let all = (build.folders.iter_mut().chain([&mut build.dockerfile]))
            .chain(&mut build.context)
            .chain(&mut build.target)
            .chain(values)
            .chain(build.contexts.iter_mut().map(|(_, value)| value))
            .chain(&mut build.tags)
            .chain(&mut build.platforms);
        all.for_each(|pattern| *pattern = self.restored(pattern));
    }

    fn restored(&self, pattern: &Pattern) -> Pattern {
        let mut restored = Pattern::default();
        for part in pattern.parts() {
            let Part::Text(text) = part else {
                restored.push(&Pattern::from(part.clone()));
                continue;
            };
            let mut rest = text.as_str();
            while let Some((before, after)) = rest.split_once('\u{e000}') {
                restored.push_text(before);
                let (at, after) = after.split_once('\u{e001}').unwrap_or((after, ""));
                let hole = at.parse::<usize>().ok().and_then(|at| self.holes.get(at));
                restored.push_hole(hole.map_or("an expression", String::as_str));
                rest = after;
            }
            restored.push_text(rest);
        }
        restored
    }
}

#[cfg(test)]
mod tests;
