//! What builds images. [`Builder`] is the seam: [`DockerBuildx`](buildx::DockerBuildx) is the real one.

pub mod buildx;
mod failure;
pub(in crate::verify) mod process;
mod progress;
pub(super) mod tail;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use crate::campaign::evidence::BuilderFacts;
use crate::text::figures::duration;

pub use process::Interrupt;
pub(in crate::verify) use process::now;

/// Builds images with BuildKit.
pub trait Builder: Sync {
    /// What it is. Asked once; answers from then on.
    ///
    /// # Errors
    ///
    /// [`BuildError`] where there is no builder.
    fn facts(&self) -> Result<BuilderFacts, BuildError>;

    /// Builds; `watch` is told of each step. Nothing keeps running when it returns.
    ///
    /// # Errors
    ///
    /// [`BuildError`] tells apart a failed build, one that ran out of time, one that was interrupted and a builder that
    /// is gone.
    fn build(&self, request: &Request, watch: &(dyn Fn(&Vertex) + Sync)) -> Result<Built, BuildError>;
}

/// What is built.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The text of the Dockerfile.
    pub dockerfile: Vec<u8>,
    /// What stands in the Dockerfile's own ignore file, `<Dockerfile>.dockerignore`; `None` if there is none and the
    /// context's `.dockerignore` counts (BuildKit's `dockerui.Client.DockerIgnorePatterns`).
    pub ignore: Option<Vec<u8>>,
    /// The context: a folder of this machine.
    pub context: PathBuf,
    /// The stage; None for the last.
    pub target: Option<String>,
    /// The platform; None for the builder's own.
    pub platform: Option<String>,
    /// Build arguments.
    pub build_args: BTreeMap<String, String>,
    /// Named contexts: a folder of this machine, `docker-image://…` or a URL.
    pub contexts: BTreeMap<String, String>,
    /// Secrets, each as `--secret` takes it.
    pub secrets: Vec<String>,
    /// SSH agents, each as `--ssh` takes it.
    pub ssh: Vec<String>,
    /// Further arguments of `docker buildx build` that the user gave, as `--cache-from`, `--network` or `--allow`.
    pub passed: Vec<String>,
    /// The stages that are executed anew whatever the cache has, by name.
    pub anew: Vec<String>,
    /// What becomes of the image.
    pub output: Output,
    /// When it has to be done.
    pub deadline: Option<Instant>,
}

impl Request {
    /// A Dockerfile in a context and nothing else, of which nothing is kept.
    pub fn new(dockerfile: impl Into<Vec<u8>>, context: impl Into<PathBuf>) -> Self {
        Self {
            dockerfile: dockerfile.into(),
            ignore: None,
            context: context.into(),
            target: None,
            platform: None,
            build_args: BTreeMap::new(),
            contexts: BTreeMap::new(),
            secrets: Vec::new(),
            ssh: Vec::new(),
            passed: Vec::new(),
            anew: Vec::new(),
            output: Output::Nothing,
            deadline: None,
        }
    }
}

/// What becomes of an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// It is written into this folder as an OCI image layout: `type=oci,tar=false`. New layers are not compressed; those
    /// that the builder has compressed stay so.
    Layout(PathBuf),
    /// Nothing: `type=cacheonly`.
    Nothing,
    /// The engine gets it under this name: `--load`.
    Image(String),
}

/// A build that is done.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// Its steps, in the order in which BuildKit told of them.
    pub vertexes: Vec<Vertex>,
    /// How long it took, without the export.
    pub elapsed: Duration,
    /// How long it took with the export, in which layers are made of what was built.
    pub exported: Duration,
}

/// A step of a build: BuildKit's `client.Vertex`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vertex {
    /// Its digest.
    pub digest: String,
    /// Its name, as in `[build 2/3] LINK COPY --link a /b`.
    pub name: String,
    /// True if it came from the cache.
    pub cached: bool,
    /// True if it has begun.
    pub started: bool,
    /// True if it is done.
    pub completed: bool,
    /// Why it failed.
    pub error: Option<String>,
}

impl Vertex {
    /// Returns true if it puts a linked copy upon what is below: the vertex that BuildKit adds for `--link` where it merges
    /// (`dockerfile2llb.dispatchCopy`, `llb.Merge` with `] LINK `, and `] ONBUILD LINK ` in the child).
    pub fn is_link(&self) -> bool {
        let step = self.name.split_once("] ").map_or("", |(_, step)| step);
        step.strip_prefix("ONBUILD ").unwrap_or(step).starts_with("LINK ")
    }
}

/// Why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The client is not there.
    #[error("`docker` cannot be run ({0}): install Docker with buildx, or put it on PATH")]
    NoDocker(io::Error),
    /// The client cannot build with BuildKit.
    #[error("`docker buildx` does not answer ({said}): install the buildx plugin, 0.11 or newer")]
    NoBuildx {
        /// What it said.
        said: String,
    },
    /// No builder of this name, or none that runs.
    #[error("the builder cannot be used ({said}): start it, or choose one of `docker buildx ls`")]
    NoBuilder {
        /// What the client said.
        said: String,
    },
    /// The frontend that the header names cannot be had.
    #[error(
        "the frontend {image} cannot be had ({said}): verify where it can be pulled, or set `[verify] frontend = \
         \"builtin\"` to let the builder's own read the file"
    )]
    Frontend {
        /// The image that `# syntax` or `BUILDKIT_SYNTAX` names.
        image: String,
        /// What the builder said.
        said: String,
    },
    /// The build failed.
    #[error("the build failed{}: {said}", at(.step.as_deref()))]
    Failed {
        /// The step that failed, as the builder names it.
        step: Option<String>,
        /// What the builder said, and the last lines that the step printed.
        said: String,
    },
    /// It was built, and could not be exported.
    #[error(
        "what was built cannot be exported ({said}): see that there is room, or set TMPDIR to a disk with room"
    )]
    Export {
        /// What the builder said.
        said: String,
    },
    /// The builder went away in the midst of a build.
    #[error("the builder went away while it built ({said}): start it, then verify again")]
    Lost {
        /// What the client said.
        said: String,
    },
    /// It took too long and was stopped.
    #[error(
        "the build took longer than {} and was stopped: `[verify] budget` gives it more time",
        duration(*.after)
    )]
    TimedOut {
        /// How long it had run.
        after: Duration,
    },
    /// Somebody interrupted it.
    #[error("interrupted")]
    Interrupted,
    /// This machine cannot do it.
    #[error("{what}: {}", told(.source))]
    System {
        /// What was tried.
        what: &'static str,
        /// What the system says.
        source: io::Error,
    },
}

fn at(step: Option<&str>) -> String {
    step.map_or(String::new(), |step| format!(" at {step}"))
}

/// An error, and what helps where a disk is full.
fn told(error: &io::Error) -> String {
    let room = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; make room, or set TMPDIR to a disk with room"
        }
        _ => "",
    };
    format!("{error}{room}")
}
