//! The builder of images. [`Builder`] is the trait; [`DockerBuildx`](buildx::DockerBuildx) is the real one.

pub mod buildx;
mod engine;
mod failure;
pub(crate) mod fault;
pub(in crate::verify) mod process;
mod progress;
pub(crate) mod secret;
pub(super) mod tail;

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::context::ContextFolder;
use super::image::Digest;
use crate::builds::{ContextSource, RemoteUrl};
use crate::campaign::evidence::BuilderFacts;
use crate::text::figures::duration;

pub use process::Interrupt;
pub(in crate::verify) use process::now;

/// Builds images with BuildKit.
pub trait Builder: Sync {
    /// Returns the facts about the builder. The builder is asked once; later calls return the same answer.
    ///
    /// # Errors
    ///
    /// [`BuildError`] if there is no builder.
    fn facts(&self) -> Result<BuilderFacts, BuildError>;

    /// Builds, and reports each step to `watch`. No process is left running when it returns.
    ///
    /// # Errors
    ///
    /// [`BuildError`] distinguishes a failed build, a timeout, an interrupt and a lost builder.
    fn build(&self, request: &Request, watch: &(dyn Fn(&Vertex) + Sync)) -> Result<Built, BuildError>;
}

/// The input of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Request {
    /// The text of the Dockerfile.
    pub dockerfile: Vec<u8>,
    /// The content of the Dockerfile's own ignore file, `<Dockerfile>.dockerignore`; `None` if there is none and the
    /// build context's `.dockerignore` counts (BuildKit's `dockerui.Client.DockerIgnorePatterns`).
    pub ignore: Option<Vec<u8>>,
    /// The build context: a folder of this machine.
    pub context: PathBuf,
    /// The stage; `None` for the last.
    pub target: Option<String>,
    /// The platform; `None` for the builder's own.
    pub platform: Option<String>,
    /// The build arguments.
    pub build_args: BTreeMap<String, String>,
    /// The named contexts.
    pub contexts: BTreeMap<String, NamedContext>,
    /// The secrets, each in the form that `--secret` takes.
    pub secrets: Vec<String>,
    /// The SSH agents, each in the form that `--ssh` takes.
    pub ssh: Vec<String>,
    /// Additional arguments of `docker buildx build` from the user, such as `--cache-from`, `--network` or `--allow`.
    pub passed: Vec<String>,
    /// The names of the stages that are always executed, without the cache.
    pub uncached: Vec<String>,
    /// The output of the build.
    pub output: Output,
    /// The deadline.
    pub deadline: Option<Instant>,
}

/// The image in a folder that a builder exported to. Nothing else makes one, so no other folder of this machine enters a
/// build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageFolder {
    /// The folder.
    pub(in crate::verify) folder: PathBuf,
    /// The digest of the manifest.
    pub(in crate::verify) digest: Digest,
}

/// A named context of a request. It cannot be a folder of this machine that is not part of a checkout.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NamedContext {
    /// A folder of a checkout.
    Folder(ContextFolder),
    /// An image, by its name.
    Image(String),
    /// A remote repository or archive.
    Url(RemoteUrl),
    /// The image of another build of this verification.
    Result(ImageFolder),
}

impl fmt::Display for NamedContext {
    /// Writes it in the form that `--build-context` takes.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Folder(folder) => write!(f, "{}", folder.path().display()),
            Self::Image(image) => ContextSource::Image(image.clone()).fmt(f),
            Self::Url(url) => f.write_str(url.as_str()),
            Self::Result(image) => write!(f, "oci-layout://{}@{}", image.folder.display(), image.digest),
        }
    }
}

impl Request {
    /// Returns a request for a Dockerfile in a build context, with no output and no options.
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
            uncached: Vec::new(),
            output: Output::Nothing,
            deadline: None,
        }
    }
}

/// The output of a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Output {
    /// An OCI image layout, written into this folder: `type=oci,tar=false`. New layers are not compressed; layers
    /// that the builder has compressed stay compressed.
    Layout(PathBuf),
    /// No output: `type=cacheonly`.
    Nothing,
    /// An image of this name in the engine: `--load`.
    Image(String),
}

/// A successful build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Built {
    /// The steps, in the order in which BuildKit reported them.
    pub vertexes: Vec<Vertex>,
    /// The duration without the export.
    pub elapsed: Duration,
    /// The duration with the export, which makes layers of the build result.
    pub exported: Duration,
    /// The part of it that the merges of linked copies took, one after the other.
    pub merging: Duration,
}

/// A step of a build: BuildKit's `client.Vertex`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Vertex {
    /// The digest.
    pub digest: String,
    /// The name, as in `[build 2/3] LINK COPY --link a /b`.
    pub name: String,
    /// True if the step came from the cache.
    pub cached: bool,
    /// True if the step has started.
    pub started: bool,
    /// True if the step is done.
    pub completed: bool,
    /// The error, if the step failed.
    pub error: Option<String>,
}

impl Vertex {
    /// Returns true if the step merges a linked copy with the layers below: the vertex that BuildKit adds for
    /// `--link` if it merges (`dockerfile2llb.dispatchCopy`, `llb.Merge` with `] LINK `, and `] ONBUILD LINK ` in the
    /// child).
    pub(crate) fn is_link(&self) -> bool {
        let step = self.name.split_once("] ").map_or("", |(_, step)| step);
        step.strip_prefix("ONBUILD ").unwrap_or(step).starts_with("LINK ")
    }
}

/// The reason why there is no image.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The client is missing.
    #[error("`docker` cannot be run ({0}): install Docker with buildx, or put it on PATH")]
    NoDocker(io::Error),
    /// The client cannot build with BuildKit.
    #[error("`docker buildx` does not answer ({said}): install the buildx plugin, 0.11 or newer")]
    NoBuildx {
        /// The client's output.
        said: String,
    },
    /// There is no builder of this name, or none that runs.
    #[error("the builder cannot be used ({said}): start it, or choose one of `docker buildx ls`")]
    NoBuilder {
        /// The client's output.
        said: String,
    },
    /// The frontend that the header names cannot be loaded.
    #[error(
        "the frontend {image} cannot be loaded ({said}): verify where it can be pulled, or let the builder's own read the \
         file: --frontend builtin, or `[verify] frontend = \"builtin\"`"
    )]
    Frontend {
        /// The image named by `# syntax` or `BUILDKIT_SYNTAX`.
        image: String,
        /// The builder's error.
        said: String,
    },
    /// The build failed.
    #[error("the build failed{}: {said}", at(.step.as_deref()))]
    Failed {
        /// The step that failed, as the builder names it.
        step: Option<String>,
        /// The builder's error and the last lines that the step printed.
        said: String,
    },
    /// The build succeeded, but its result could not be exported.
    #[error(
        "the build result cannot be exported ({said}): free some space, or set TMPDIR to a disk with more space"
    )]
    Export {
        /// The builder's error.
        said: String,
    },
    /// The connection to the builder was lost during a build.
    #[error("the connection to the builder was lost during the build ({said}): start it, then verify again")]
    Lost {
        /// The client's output.
        said: String,
    },
    /// The build timed out and was stopped.
    #[error(
        "the build timed out after {} and was stopped: increase `[verify] budget`",
        duration(*.after)
    )]
    TimedOut {
        /// The time that it had run.
        after: Duration,
    },
    /// The build was interrupted.
    #[error("interrupted")]
    Interrupted,
    /// This machine refused an operation.
    #[error("{what}: {}", told(.source))]
    System {
        /// The operation that failed.
        what: &'static str,
        /// The system's error.
        source: io::Error,
    },
}

fn at(step: Option<&str>) -> String {
    step.map_or(String::new(), |step| format!(" at {step}"))
}

/// Returns an error's text, with the remedy if a disk is full.
fn told(error: &io::Error) -> String {
    let room = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => {
            "; free some space, or set TMPDIR to a disk with more space"
        }
        _ => "",
    };
    format!("{error}{room}")
}
