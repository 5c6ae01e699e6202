//! The builds of a repository's Dockerfiles, read from its own files: the context, the arguments and the tags of
//! each. It never runs anything; a value that only a run knows is a hole in a [`Pattern`].
//!
//! A build is stated in a chain: *Dockerfile ← build ← definition ← invocation*. A definition declares builds: a compose
//! file, a bake file, a step of a workflow. An invocation runs them: `docker build`, `docker compose build`, `docker buildx
//! bake`, in a folder, with options and variables. Invocations stand in carriers: workflows and other files of CI, scripts,
//! Makefiles, justfiles and the scripts of `package.json`.
//!
//! A definition that an invocation names is read as that invocation loads it. Without one, only what the tool itself does
//! counts: `docker compose` in the folder of its own files, `docker buildx bake` in the folder of its own.
//!
//! A variable is not set unless a carrier or `.env` sets it. Those that a runner sets (`CI`, `GITHUB_*`, `RUNNER_*`) may be
//! set or not. What is not settled by these rules makes a build [`Level::Possible`].
//!
//! `scan` finds the files, the modules named after tools read them, `resolve` gives each build its Dockerfile, and `context`
//! its files as `dockerignore` leaves them.

mod bake;
mod build_context;
mod cloud_build;
mod compose;
mod context;
mod context_source;
mod contexts;
mod declared;
mod devcontainer;
mod docker_cli;
mod dockerignore;
mod document;
mod files;
mod folder;
mod invocation;
mod jenkinsfile;
mod json;
mod justfile;
mod level;
mod linked;
mod machine;
mod makefile;
mod mentions;
mod names;
mod package;
mod resolve;
mod running;
mod scan;
mod script;
mod settled;
mod skaffold;
mod taskfile;
mod tool;
mod unnamed;
mod woodpecker;
mod workflow;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::git::RepoPath;
use crate::text::pattern::{Part, Pattern};

pub use build_context::{BuildContext, ContextEntry, ContextPath, NoContext};
pub use context::{Context, ContextReason, Found};
pub(crate) use context::{ContextError, ContextView};
pub use context_source::{ContextSource, RefusedSource, RemoteUrl};
pub use contexts::Contexts;
pub(crate) use contexts::MOST_IGNORED;
pub(crate) use dockerignore::{IgnoreError, Ignored};
pub use folder::FolderContext;
pub(crate) use folder::RefusedIgnoreFile;
pub use level::Level;
pub(crate) use machine::{Ci, Setup};
pub(crate) use mentions::Mention;
pub(crate) use resolve::resolve;
pub(crate) use running::BuildRun;
pub(crate) use scan::{Builds, scan};
pub(crate) use tool::Tool;

/// The kind of file that states how something is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
#[schemars(rename = "SaidBy")]
pub enum BuildFileKind {
    /// `layerwright.toml`.
    Config,
    /// A compose file.
    Compose,
    /// A bake file.
    Bake,
    /// A workflow of GitHub Actions.
    Workflow,
    /// A shell script.
    Script,
    /// A Makefile.
    Makefile,
    /// `devcontainer.json`.
    Devcontainer,
    /// The scripts of `package.json`.
    Package,
    /// A justfile.
    Justfile,
    /// A Taskfile.
    Taskfile,
    /// A configuration of Cloud Build.
    CloudBuild,
    /// A skaffold file.
    Skaffold,
    /// A pipeline of Woodpecker or Drone.
    Woodpecker,
    /// A Jenkinsfile.
    Jenkinsfile,
}

impl fmt::Display for BuildFileKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "layerwright.toml",
            Self::Compose => "compose file",
            Self::Bake => "bake file",
            Self::Workflow => "workflow",
            Self::Script => "script",
            Self::Makefile => "Makefile",
            Self::Devcontainer => "devcontainer.json",
            Self::Package => "package.json",
            Self::Justfile => "justfile",
            Self::Taskfile => "Taskfile",
            Self::CloudBuild => "Cloud Build",
            Self::Skaffold => "skaffold file",
            Self::Woodpecker => "pipeline",
            Self::Jenkinsfile => "Jenkinsfile",
        })
    }
}

/// The place where a build is described.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// The kind of the file.
    pub(crate) kind: BuildFileKind,
    /// The file.
    pub(crate) path: RepoPath,
    /// The line, 1-based.
    pub(crate) line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// A build as a file of the repository writes it, before its paths are resolved to Dockerfiles.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Declared {
    /// The place where the build is written.
    pub(crate) place: Place,
    /// The folders that paths may be relative to, from the repository's root, which is the empty pattern. Several are as
    /// many builds, none of them settled.
    pub(crate) folders: Vec<Pattern>,
    /// The Dockerfile, relative to one of the folders.
    pub(crate) dockerfile: Pattern,
    /// The context: a folder relative to one of the folders, a URL or `-`. `None` if it is not stated.
    pub(crate) context: Option<Pattern>,
    /// `--target`.
    pub(crate) target: Option<Pattern>,
    /// Build arguments; a value is `None` if it comes from the environment of the build.
    pub(crate) args: Vec<(String, Option<Pattern>)>,
    /// Named contexts as written: a folder relative to one of the folders, `docker-image://…`,
    /// `target:…`, `service:…`, `oci-layout://…` or a URL.
    pub(crate) contexts: Vec<(String, Pattern)>,
    /// The builds of the same definition whose results are named contexts, by the name of the context.
    pub(crate) results: Vec<(String, Arc<Declared>)>,
    /// The names of the image.
    pub(crate) tags: Vec<Pattern>,
    /// `--platform`.
    pub(crate) platforms: Vec<Pattern>,
    /// The things that are not settled about it, apart from the holes of its paths.
    pub(crate) unsettled: Vec<String>,
    /// The places that run it, the nearest first.
    pub(crate) callers: Vec<Place>,
    /// True if the context comes from git, so that no ignore file applies to it.
    pub(crate) from_git: bool,
    /// The tool that runs it.
    pub(crate) tool: Tool,
}

impl Declared {
    /// Returns a build of `dockerfile` with nothing else stated.
    pub(crate) fn new(place: Place, folders: Vec<Pattern>, dockerfile: Pattern) -> Self {
        Self {
            place,
            folders,
            dockerfile,
            context: None,
            target: None,
            args: Vec::new(),
            contexts: Vec::new(),
            results: Vec::new(),
            tags: Vec::new(),
            platforms: Vec::new(),
            unsettled: Vec::new(),
            callers: Vec::new(),
            from_git: false,
            tool: Tool::Other,
        }
    }
}

impl Declared {
    /// Returns true if a value other than a tag has the value of this variable.
    pub(crate) fn uses(&self, variable: &str) -> bool {
        let has = |pattern: &Pattern| {
            pattern.parts().iter().any(|part| matches!(part, Part::Hole(name) if name == variable))
        };
        let args = self.args.iter().filter_map(|(_, value)| value.as_ref());
        let contexts = self.contexts.iter().map(|(_, context)| context);
        args.chain(contexts)
            .chain(&self.context)
            .chain(&self.target)
            .chain(&self.platforms)
            .chain([&self.dockerfile])
            .any(has)
    }
}

/// The error for a file with builds that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub(crate) struct Unreadable {
    /// The line, 1-based.
    pub(crate) line: usize,
    /// The reason.
    pub(crate) message: String,
}

/// Larger files are data that only has a matching name.
const LARGEST: usize = 1 << 20;
/// The most arguments, names and other values in all builds of one file. With inheritance and matrices, a few lines
/// could make more than fits in memory.
const MOST_SAID: usize = 100_000;

fn checked_size(text: &str) -> Result<(), Unreadable> {
    if text.len() > LARGEST {
        return Err(Unreadable { line: 1, message: "it is larger than 1 MiB".into() });
    }
    Ok(())
}

/// The builds of one file so far.
#[derive(Default)]
struct Collected {
    builds: Vec<Declared>,
    said: usize,
}

impl Collected {
    fn add(&mut self, build: Declared) -> Result<(), Unreadable> {
        self.said += 8 + build.args.len() + build.contexts.len() + build.tags.len() + build.platforms.len();
        if self.said > MOST_SAID {
            return Err(Unreadable { line: build.place.line, message: "too many builds in one file".into() });
        }
        self.builds.push(build);
        Ok(())
    }
}

/// Returns true if a file may run builds, by its name.
pub(crate) fn may_run_builds(path: &RepoPath) -> bool {
    names::kind_of(path).is_some() || mentions::is_read(path)
}

/// Returns true if a context is not a local folder: a URL, a git repository, or standard input.
fn is_remote(context: &Pattern) -> bool {
    let remote = |text: &str| {
        text.contains("://") || text == "-" || text.starts_with("git@") || text.starts_with("github.com/")
    };
    matches!(context.parts().first(), Some(Part::Text(text)) if remote(text))
}

/// Returns the folder of a file, to which its paths are relative.
fn folder_of(path: &RepoPath) -> Pattern {
    path.parent().map_or_else(Pattern::default, |folder| Pattern::text(folder.as_str()))
}

/// The source of a build context.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum ContextRoot {
    /// A folder of the repository; `None` is its root.
    Folder(Option<RepoPath>),
    /// Another source, as written: a URL, standard input, an image, another build, or a folder that only a run knows.
    Elsewhere(String),
    /// The result of another build of the same definition, with the source as written.
    Result(String, Arc<Build>),
}

impl fmt::Display for ContextRoot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Folder(None) => ".",
            Self::Folder(Some(folder)) => folder.as_str(),
            Self::Elsewhere(written) | Self::Result(written, _) => written,
        })
    }
}

/// One build of a Dockerfile of the repository.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Build {
    /// The place where it is written; if several are equal, the first in order of kind and path.
    pub(crate) place: Place,
    /// The Dockerfile.
    pub(crate) dockerfile: RepoPath,
    /// The context.
    pub(crate) context: ContextRoot,
    /// The stage that is built; `None` for the last.
    pub(crate) target: Option<Pattern>,
    /// Build arguments; a value is `None` if only a run knows it.
    pub(crate) args: BTreeMap<String, Option<String>>,
    /// Named contexts.
    pub(crate) contexts: BTreeMap<String, ContextRoot>,
    /// The names of the image.
    pub(crate) tags: Vec<Pattern>,
    /// The platforms that it is built for; empty if not stated.
    pub(crate) platforms: Vec<String>,
    /// The things that are not settled about it; empty if it is stated.
    pub(crate) unsettled: Vec<String>,
    /// The places that run it, the nearest first.
    pub(crate) callers: Vec<Place>,
    /// True if the context comes from git, so that no ignore file applies to it.
    pub(crate) from_git: bool,
}

impl Build {
    /// Returns how well the build is known.
    pub(crate) fn level(&self) -> Level {
        if self.unsettled.is_empty() { Level::Stated } else { Level::Possible }
    }
}
