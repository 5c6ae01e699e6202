//! The machine of a build, as its files write it: the runner of a job, the images of its container and its services, the
//! variables, and the steps that set up a builder before it. It never says what a builder does with a flag.

mod github;
mod gitlab;
mod lines;

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap};

use self::lines::MachineLines;
use super::document::Node;
use super::{BuildFileKind, Place, names, yaml};
use crate::git::RepoPath;

/// A system that runs builds for a repository.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Ci {
    /// GitHub Actions.
    GitHub,
    /// GitLab CI.
    GitLab,
    /// Azure Pipelines.
    Azure,
    /// Google Cloud Build.
    CloudBuild,
    /// `CircleCI`.
    Circle,
    /// Bitbucket Pipelines.
    Bitbucket,
    /// AWS `CodeBuild`.
    CodeBuild,
    /// Another: Jenkins, Travis, Buildkite, Woodpecker, Drone.
    Other,
}

/// The machine of a build.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Machine {
    /// The system that starts the build. `None` if no file says that one does.
    pub(crate) ci: Option<Ci>,
    /// The labels of the runners, one for each row of a matrix; empty if they are not known.
    pub(crate) runners: Vec<String>,
    /// The image that the commands run in.
    pub(crate) image: Option<String>,
    /// The images of the services beside it.
    pub(crate) services: Vec<String>,
    /// The variables with plain values.
    pub(crate) env: BTreeMap<String, String>,
    /// The set-ups before the build, in order.
    pub(crate) setups: Vec<Setup>,
    /// The step of a workflow that builds.
    pub(crate) step: Option<StepPlace>,
}

impl Machine {
    /// Returns the bytes of its texts.
    pub(super) fn bytes(&self) -> usize {
        let lists: usize =
            self.runners.iter().chain(&self.services).chain(&self.image).map(String::len).sum();
        let env: usize = self.env.iter().map(|(name, value)| name.len() + value.len()).sum();
        let setups: usize = self.setups.iter().map(Setup::bytes).sum();
        lists + env + setups
    }
}

/// A step or a command that sets up a builder or an engine.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Setup {
    /// `docker/setup-buildx-action`.
    Buildx {
        /// Its driver.
        driver: String,
        /// True if `docker build` uses the builder too.
        install: bool,
    },
    /// `docker/setup-docker-action`, with its version and its configuration.
    Docker {
        /// `latest` by default.
        version: String,
        /// The text of `daemon-config`.
        config: String,
    },
    /// `docker buildx create`, with its driver.
    Create(String),
    /// An action that sets up a builder in a cloud.
    Cloud,
}

impl Setup {
    fn bytes(&self) -> usize {
        size_of::<Self>()
            + match self {
                Self::Buildx { driver, .. } | Self::Create(driver) => driver.len(),
                Self::Docker { version, config } => version.len() + config.len(),
                Self::Cloud => 0,
            }
    }
}

/// The place of a step of a workflow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct StepPlace {
    /// The workflow or action.
    pub(crate) path: RepoPath,
    /// The line of the job, 1-based.
    pub(crate) job: usize,
    /// The line of the step's dash, 1-based.
    pub(crate) line: usize,
    /// The blanks before the dash.
    pub(crate) indent: String,
    /// True if the image leaves the builder: it is pushed, loaded or written to a file.
    pub(crate) exports: bool,
}

impl Machine {
    /// Adds what is known of the machine further outside: a value of the inner file counts.
    fn within(mut self, outer: Self) -> Self {
        let Self { ci, runners, image, services, env, setups, step } = outer;
        self.ci = self.ci.or(ci);
        if self.runners.is_empty() {
            self.runners = runners;
        }
        self.image = self.image.or(image);
        if self.services.is_empty() {
            self.services = services;
        }
        for (name, value) in env {
            self.env.entry(name).or_insert(value);
        }
        self.setups = setups.into_iter().chain(self.setups).collect();
        self.step = self.step.or(step);
        self
    }
}

/// The texts of a repository's build files, each read at most once.
pub(super) struct Machines<'t> {
    texts: HashMap<&'t RepoPath, BuildText<'t>>,
}

/// A text, read as far as it was asked about.
struct BuildText<'t> {
    whole: &'t str,
    marks: OnceCell<MachineLines<'t>>,
    documents: OnceCell<Vec<Node>>,
    /// The set-ups of all steps of a workflow.
    setups: OnceCell<Vec<(usize, Setup)>>,
}

impl<'t> BuildText<'t> {
    fn marks(&self) -> &MachineLines<'t> {
        self.marks.get_or_init(|| MachineLines::of(self.whole))
    }

    fn documents(&self) -> &[Node] {
        self.documents.get_or_init(|| yaml::documents(self.whole).unwrap_or_default())
    }

    fn setups(&self) -> &[(usize, Setup)] {
        self.setups.get_or_init(|| github::setups(self.documents()))
    }
}

impl<'t> Machines<'t> {
    pub(crate) fn new(texts: impl Iterator<Item = (&'t RepoPath, &'t str)>) -> Self {
        let unread = |whole| BuildText {
            whole,
            marks: OnceCell::new(),
            documents: OnceCell::new(),
            setups: OnceCell::new(),
        };
        Self { texts: texts.map(|(path, text)| (path, unread(text))).collect() }
    }

    /// Returns the text of a line of a file, with the lines that a backslash joins to it.
    pub(crate) fn line(&self, path: &RepoPath, line: usize) -> String {
        self.texts.get(path).map(|text| text.marks().command(line)).unwrap_or_default()
    }

    /// Returns the machine of a build by the places that run it, the innermost first.
    pub(crate) fn of(&self, chain: &[Place]) -> Machine {
        chain.iter().fold(Machine::default(), |inner, place| {
            let outer = self.at(&place.path, place.kind, place.line);
            inner.within(outer)
        })
    }

    /// Returns the machine of a line that is not read as a build.
    pub(crate) fn of_line(&self, path: &RepoPath, line: usize) -> Machine {
        let Some(text) = self.texts.get(path) else { return Machine::default() };
        if let Some(kind) = names::kind_of(path) {
            return self.at(path, kind, line);
        }
        let found = match lines::ci(path) {
            Some(Ci::GitLab) => gitlab::machine(text.documents(), line),
            Some(Ci::Azure) => text.marks().azure(line),
            _ => Machine::default(),
        };
        let inside = Machine { env: text.marks().variables(1, line), ..Machine::default() };
        inside.within(Machine { ci: lines::ci(path), ..found })
    }

    fn at(&self, path: &RepoPath, kind: BuildFileKind, line: usize) -> Machine {
        let Some(text) = self.texts.get(path) else { return Machine::default() };
        let marks = text.marks();
        match kind {
            BuildFileKind::Workflow => github::machine(path, text.documents(), (text.setups(), marks), line),
            BuildFileKind::CloudBuild => Machine {
                ci: Some(Ci::CloudBuild),
                image: marks.step_image(line),
                env: marks.variables(1, line),
                ..Machine::default()
            },
            BuildFileKind::Woodpecker | BuildFileKind::Jenkinsfile => {
                Machine { ci: Some(Ci::Other), env: marks.variables(1, line), ..Machine::default() }
            }
            _ => Machine {
                env: marks.variables(1, line),
                setups: marks.created(1, line),
                ..Machine::default()
            },
        }
    }
}

/// Returns the plain values of a map of variables.
fn variables(node: Option<&Node>) -> BTreeMap<String, String> {
    let entries = node.map(Node::entries).unwrap_or_default().iter();
    entries.filter_map(|entry| Some((entry.key.clone(), entry.value.text()?.to_owned()))).collect()
}

/// Returns the item of a list in document order that a line lies in: the last that starts at the line or before.
fn last_before<T>(items: impl Iterator<Item = (usize, T)>, line: usize) -> Option<T> {
    items.take_while(|(start, _)| *start <= line).last().map(|(_, item)| item)
}

#[cfg(test)]
mod tests;
