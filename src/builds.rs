//! How the repository builds its Dockerfiles, by its own files: from which context, with which arguments and
//! under which tags. Nothing is run; what only a run would tell stays a hole in a [`Pattern`].

pub mod bake;
mod build_context;
pub mod compose;
mod context;
mod declared;
pub mod devcontainer;
mod docker_cli;
mod dockerignore;
mod document;
mod folder;
mod json;
pub mod makefile;
pub mod names;
mod resolve;
mod scan;
pub mod script;
pub mod workflow;
mod yaml;

use std::collections::BTreeMap;
use std::fmt;

use crate::git::RepoPath;
use crate::text::pattern::{Part, Pattern};

pub use build_context::{BuildContext, ContextEntry, ContextPath, NoContext};
pub use context::{Context, ContextError, ContextView, Evidence, Found};
pub use dockerignore::{IgnoreError, Ignored};
pub use folder::{FolderContext, RefusedIgnoreFile};
pub use resolve::resolve;
pub use scan::{Builds, Unread, find};

/// What kind of file says how something is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
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
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Config => "layerwright.toml",
            Self::Compose => "compose file",
            Self::Bake => "bake file",
            Self::Workflow => "workflow",
            Self::Script => "script",
            Self::Makefile => "Makefile",
            Self::Devcontainer => "devcontainer.json",
        })
    }
}

/// A place that says how something is built.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// What kind of file it is.
    pub kind: Kind,
    /// The file.
    pub path: RepoPath,
    /// The line, 1-based.
    pub line: usize,
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// A build as a file of the repository writes it, before anybody looked which Dockerfiles it means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Declared {
    /// Who says so.
    pub place: Place,
    /// The folders, from the repository's root, that relative paths may start in, the likeliest first: the root
    /// itself is the empty pattern.
    pub folders: Vec<Pattern>,
    /// The Dockerfile, relative to one of the folders.
    pub dockerfile: Pattern,
    /// The context: a folder relative to one of the folders, a URL or `-`. `None` if nothing says which.
    pub context: Option<Pattern>,
    /// `--target`.
    pub target: Option<Pattern>,
    /// Build arguments; None as the value where the environment of the build gives it.
    pub args: Vec<(String, Option<Pattern>)>,
    /// Named contexts as they are written: a folder relative to one of the folders, `docker-image://…`,
    /// `target:…`, `service:…`, `oci-layout://…` or a URL.
    pub contexts: Vec<(String, Pattern)>,
    /// Names that the image gets.
    pub tags: Vec<Pattern>,
    /// `--platform`.
    pub platforms: Vec<Pattern>,
}

impl Declared {
    /// A build of `dockerfile` with nothing else said.
    pub fn new(place: Place, folders: Vec<Pattern>, dockerfile: Pattern) -> Self {
        Self {
            place,
            folders,
            dockerfile,
            context: None,
            target: None,
            args: Vec::new(),
            contexts: Vec::new(),
            tags: Vec::new(),
            platforms: Vec::new(),
        }
    }
}

/// A file that says how something is built could not be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {message}")]
pub struct Unreadable {
    /// The line, 1-based.
    pub line: usize,
    /// Why.
    pub message: String,
}

/// Larger files are data that happens to have the name.
const LARGEST: usize = 1 << 20;
/// How much the builds of one file may say together, in arguments, names and the like. Inheritance and matrices
/// could make more than fits in memory of a few lines.
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
            return Err(Unreadable {
                line: build.place.line,
                message: "it makes more builds than can be read".into(),
            });
        }
        self.builds.push(build);
        Ok(())
    }
}

/// Returns true if a context is no folder of this machine: a URL, a repository as git names it, or standard input.
fn is_remote(context: &Pattern) -> bool {
    let remote = |text: &str| {
        text.contains("://") || text == "-" || text.starts_with("git@") || text.starts_with("github.com/")
    };
    matches!(context.parts().first(), Some(Part::Text(text)) if remote(text))
}

/// The folder of a file, as paths in it see it.
fn folder_of(path: &RepoPath) -> Pattern {
    path.parent().map_or_else(Pattern::default, |folder| Pattern::text(folder.as_str()))
}

/// Where a build takes a context from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContextRoot {
    /// A folder of the repository; None is its root.
    Folder(Option<RepoPath>),
    /// Somewhere else, as it is written: a URL, standard input, an image, another build, or a folder that only a
    /// run would tell.
    Elsewhere(String),
}

/// One way in which the repository builds a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Build {
    /// Who says so; the first in order of kind and path where several say the same.
    pub place: Place,
    /// The Dockerfile.
    pub dockerfile: RepoPath,
    /// The context.
    pub context: ContextRoot,
    /// The stage that is built; None for the last.
    pub target: Option<Pattern>,
    /// Build arguments; None as the value where only a run would tell.
    pub args: BTreeMap<String, Option<String>>,
    /// Named contexts.
    pub contexts: BTreeMap<String, ContextRoot>,
    /// Names that the image gets.
    pub tags: Vec<Pattern>,
    /// The platforms that it is built for, where that is said.
    pub platforms: Vec<String>,
}
