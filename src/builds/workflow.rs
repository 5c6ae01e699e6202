//! The steps of a GitHub workflow, or of an action, that build images. A workflow or an action that another one uses is read
//! once for each of its callers. It never reads what is not in the repository.

mod checkout;
mod expression;
pub(super) mod matrix;
mod uses;

use self::checkout::Checkout;
use self::expression::{Names, Piece, pieces};
use super::document::Node;
use super::invocation::Assigned;
use super::script::{self, Origin, Repository, Runs, Starts};
use super::{BuildFileKind, Declared, MOST_SAID, Place, Unreadable, settled, yaml};
use crate::budget::store;
use crate::git::RepoPath;
use crate::shell;
use crate::text::pattern::{Part, Pattern};

/// A workflow or an action, as read for one caller.
#[derive(Debug, Default)]
pub(super) struct Flow {
    pub(crate) runs: Runs,
    /// The workflows and actions of the repository that it uses.
    pub(crate) uses: Vec<Use>,
    /// The values of its inputs that a caller does not give.
    pub(crate) defaults: Vec<(String, Pattern)>,
    /// The values in all its builds.
    pub(crate) size: usize,
}

/// The use of a workflow or an action of the repository.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Use {
    pub(crate) place: Place,
    /// Its path: the file of a workflow, the folder of an action.
    pub(crate) path: String,
    pub(crate) with: Vec<(String, Pattern)>,
    /// The environment that an action gets from the job; a workflow gets none.
    pub(crate) env: Vec<(String, Pattern)>,
}

/// Returns what a workflow or an action runs. A step of a job with a matrix is one build for each row of it. `inputs` are
/// those of its caller; without one, they are not known. `env` is the environment of an action's caller.
///
/// # Errors
///
/// If it is not valid YAML, is too large, or has too many builds.
pub(super) fn read(
    repository: Repository<'_>,
    path: &RepoPath,
    text: &str,
    inputs: Option<&[(String, Pattern)]>,
    env: &[(String, Pattern)],
) -> Result<Flow, Unreadable> {
    let mut found = Flow::default();
    // A step may set variables for those after it.
    let sets_env = text.contains("GITHUB_ENV");
    let assigned = if sets_env { Assigned::of(text) } else { Assigned::default() };
    let file = File { repository, path, assigned };
    for document in yaml::documents(text)? {
        let outer = Names { inputs, ..Names::default() }.with_env(document.get("env"));
        let of_call = document.at(&["on", "workflow_call", "inputs"]).or_else(|| document.get("inputs"));
        for input in of_call.map(Node::entries).unwrap_or_default() {
            let default = input.value.get("default").and_then(Node::text).map(Pattern::text);
            found.defaults.push((input.key.clone(), default.unwrap_or_default()));
        }
        for job in document.get("jobs").map(Node::entries).unwrap_or_default() {
            let used = job.value.entry("uses").map(|entry| (entry.line, entry.value.text()));
            let job = Job::of(&job.value, &document, &outer);
            if let Some((line, Some(uses))) = used {
                let with = job.node.get("with");
                job.rows.iter().for_each(|names| found.uses.extend(file.used(uses, line, with, names)));
            }
            file.steps(&job, &mut found)?;
        }
        if let Some(runs) = document.get("runs") {
            file.action(runs, inputs, env, &mut found)?;
        }
    }
    Ok(found)
}

/// The data that the steps of a job or of a composite action share.
struct Job<'a> {
    node: &'a Node,
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
            node: job,
            steps: job.get("steps").map(Node::items).unwrap_or_default(),
            rows: rows.map(|row| Names { row, ..outer.clone() }.with_env(job.get("env"))).collect(),
            folder: default("working-directory"),
            shell: default("shell"),
        }
    }
}

/// A file, as it is read.
struct File<'a> {
    repository: Repository<'a>,
    path: &'a RepoPath,
    /// The variables that its steps may set for later ones.
    assigned: Assigned,
}

impl File<'_> {
    /// Adds the builds of an action: those of its steps, or its own image, which the runner builds from the folder of its
    /// Dockerfile.
    fn action(
        &self,
        runs: &Node,
        inputs: Option<&[(String, Pattern)]>,
        env: &[(String, Pattern)],
        found: &mut Flow,
    ) -> Result<(), Unreadable> {
        let folder = self.path.parent();
        let folder = folder.as_ref().map_or(".", RepoPath::as_str);
        let names = Names { action: Some(folder), inputs, env: env.to_vec(), ..Names::default() };
        let steps = runs.get("steps").map(Node::items).unwrap_or_default();
        self.steps(&Job { node: runs, steps, rows: vec![names], folder: None, shell: None }, found)?;
        let Some((entry, image)) = runs.entry("image").and_then(|entry| Some((entry, entry.value.text()?)))
        else {
            return Ok(());
        };
        if runs.get("using").and_then(Node::text) != Some("docker") || image.starts_with("docker://") {
            return Ok(());
        }
        let image = image.strip_prefix("./").unwrap_or(image);
        let mut build =
            Declared::new(self.place(entry.line), vec![Pattern::text(folder)], Pattern::text(image));
        build.context = Some(Pattern::text(image.rsplit_once('/').map_or(".", |(folder, _)| folder)));
        found.runs.builds.push(build);
        Ok(())
    }

    fn place(&self, line: usize) -> Place {
        Place { kind: BuildFileKind::Workflow, path: self.path.clone(), line }
    }

    fn steps(&self, job: &Job, found: &mut Flow) -> Result<(), Unreadable> {
        let checkout = Checkout::of(job.steps);
        for step in job.steps {
            let mut of_step = Runs::default();
            let mut scripts: Vec<Script> = Vec::new();
            for row in &job.rows {
                let names = row.with_env(step.get("env"));
                if let Some((line, uses)) =
                    step.entry("uses").and_then(|entry| Some((entry.line, entry.value.text()?)))
                {
                    found.uses.extend(self.used(uses, line, step.get("with"), &names));
                }
                let mut runs = uses::runs(self.path, step, job.steps, &names);
                // Most scripts are the same in each row.
                if let Some(script) = Script::of(step, job, names).filter(|script| !scripts.contains(script))
                {
                    runs.add(script.runs(self));
                    scripts.push(script);
                }
                of_step.add(runs);
            }
            for build in &mut of_step.builds {
                checkout.place(build);
            }
            checkout.place_invocations(&mut of_step.invocations);
            let size = |build: &Declared| {
                8 + build.args.len() + build.contexts.len() + build.tags.len() + build.platforms.len()
            };
            found.size += of_step.builds.iter().map(size).sum::<usize>();
            if found.size > MOST_SAID {
                return Err(Unreadable { line: step.line, message: "too many builds in one file".into() });
            }
            found.runs.builds.append(&mut of_step.builds);
            found.runs.invocations.append(&mut of_step.invocations);
        }
        Ok(())
    }

    /// Returns the use of a workflow or an action of the repository.
    fn used(&self, uses: &str, line: usize, with: Option<&Node>, names: &Names) -> Option<Use> {
        let path = uses.strip_prefix("./")?.trim_end_matches('/').to_owned();
        let given = with.map(Node::entries).unwrap_or_default().iter();
        let with = given.map(|entry| (entry.key.clone(), names.node(&entry.value).unwrap_or_default()));
        store(names.env_bytes());
        Some(Use { place: self.place(line), path, with: with.collect(), env: names.env.clone() })
    }
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
        let at = |folder: &str| names.text(&checkout::from_runner(folder, "."));
        let folder = folder.map(at).unwrap_or_default();
        let mut text = String::new();
        let mut holes: Vec<String> = Vec::new();
        for piece in pieces(run.text()?) {
            let words = match piece {
                Piece::Text(piece) => {
                    text.push_str(&checkout::from_runner(piece, "$GITHUB_WORKSPACE"));
                    continue;
                }
                Piece::Expression(words) => words,
            };
            if words == "github.workspace" {
                text.push_str("$GITHUB_WORKSPACE");
                continue;
            }
            let value = names.expression(words);
            store(value.len());
            for part in value.parts() {
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

    fn runs(&self, file: &File<'_>) -> Runs {
        let origin = Origin { kind: BuildFileKind::Workflow, path: file.path, first_line: self.first_line };
        let set_before = file.assigned.names();
        let given = |name: &str| {
            if name == "GITHUB_WORKSPACE" {
                return Some(shell::root());
            }
            let own = self.env.iter().rev().find(|(other, _)| other == name).map(|(_, value)| value.clone());
            own.or_else(|| set_before.contains(name).then(|| Pattern::hole(name)))
        };
        let starts = Starts::at(&settled::encoded(&self.folder));
        let mut runs = script::declared_in(file.repository, &self.text, origin, &starts, &given);
        for build in &mut runs.builds {
            self.restore(build);
        }
        for invocation in &mut runs.invocations {
            for (name, value) in self.env.iter().rev() {
                invocation.call.set_default(name, &settled::encoded(value));
            }
            invocation.assigned.extend(set_before.iter().cloned());
        }
        runs
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
