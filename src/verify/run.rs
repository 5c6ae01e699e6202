//! One file's verification: it is built as it was and as it will be, in each way and for each platform, and what comes
//! out is compared. This and the commands of `prepare` are all that ever executes something of a repository.

mod bases;
mod onbuild;
mod prepare;
mod way;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::builder::{BuildError, Builder, Interrupt, Vertex, now};
use super::context::{Checkout, ContextError};
use super::image::Layers;
use super::probe::Probes;
use super::variant_builds::{Exports, Workbench};
use super::variants::{TextError, texts};
use crate::campaign::evidence::{self, Build, Evidence, Figures, Outcome};
use crate::campaign::plan::file::{Context, File, Waiver};
use crate::config::{Build as Configured, Config, Frontend};
use crate::discover::{ReadError, Source};
use crate::git::{GitError, PathError, RepoPath};

/// The most of a Dockerfile's own ignore file that is read.
const MOST_IGNORED: u64 = 1 << 20;

/// How much is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Depth {
    /// Whether the images are the same.
    Quick,
    /// What changes cost, too.
    Full,
}

/// What all files of a verification share.
pub struct Job<'a> {
    /// What builds.
    pub builder: &'a dyn Builder,
    /// What is known of it.
    pub probes: &'a Probes<'a>,
    /// What is known of the layers that it exported.
    pub layers: &'a Layers,
    /// Who stops it.
    pub interrupt: &'a Interrupt,
    /// The files of the repository.
    pub source: &'a Source<'a>,
    /// Their commit; None for a folder without git.
    pub commit: Option<&'a str>,
    /// What [`Build::tree`] is of a context.
    pub tree: &'a (dyn Fn(&Context) -> Result<Option<String>, GitError> + Sync),
    /// `layerwright.toml`.
    pub config: &'a Config,
    /// Accepted differences of the plan.
    pub waivers: &'a [Waiver],
    /// How long one file may take.
    pub budget: Duration,
    /// Which frontend reads the files.
    pub frontend: Frontend,
    /// Platforms, instead of those that the configuration names.
    pub platforms: &'a [String],
    /// Values of arguments that only the build knows.
    pub build_args: &'a BTreeMap<String, String>,
    /// Secrets beside those of the configuration.
    pub secrets: &'a [String],
    /// SSH agents beside those of the configuration.
    pub ssh: &'a [String],
    /// Further arguments of the builder.
    pub passed: &'a [String],
    /// Where temporary folders are made.
    pub temporary: PathBuf,
    /// True if temporary folders stay.
    pub keep: bool,
    /// The contexts of all files that prepare nothing.
    pub checkout: &'a Checkout,
}

/// A file and its two texts.
pub struct Edit<'a> {
    /// The file of the plan.
    pub file: &'a File,
    /// The text before.
    pub before: Vec<u8>,
    /// The text after.
    pub after: Vec<u8>,
    /// How much is measured.
    pub depth: Depth,
}

/// What is done just now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// The context is exported.
    Export,
    /// The commands of `prepare` run.
    Prepare,
    /// The original is built.
    Original,
    /// The edited file is built.
    Edited,
    /// The images differ: the original is built again, and what the differences are put down to is looked for.
    Differences,
    /// Smoke commands run.
    Smoke,
    /// What changes cost is measured.
    Cache,
}

/// Something that happens to a file.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// Something else is done from now on, of a context, target and platform in words.
    Phase(Phase, &'a str),
    /// A step of a build changed.
    Step(&'a Vertex),
    /// A build was kept: its context and both Dockerfiles.
    Kept {
        /// The context.
        context: PathBuf,
        /// The Dockerfile as it was, and as it will be.
        dockerfiles: [PathBuf; 2],
    },
}

/// Whom a verification tells what happens.
pub type Tell<'a> = dyn Fn(&Event<'_>) + Sync + 'a;

/// Why a verification ends without evidence: nothing that another file would do better.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// There is no builder, or somebody interrupted it.
    #[error(transparent)]
    Builder(#[from] BuildError),
    /// The files of the repository cannot be had.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file of the repository cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The plan names a file by what is no path.
    #[error(transparent)]
    Path(PathError),
    /// A kept file cannot be written.
    #[error("{} cannot be written: {source}", .at.display())]
    Keep {
        /// The file.
        at: PathBuf,
        /// What the system says.
        source: std::io::Error,
    },
}

/// An outcome that is no comparison, and why.
#[derive(Debug)]
struct Verdict(Outcome, String);

/// Why a build, or what follows from it, did not come about.
#[derive(Debug)]
enum Trouble {
    /// It says something about this build alone.
    Verdict(Verdict),
    /// It ends everything.
    Stop(Stop),
}

impl<E: Into<Stop>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Stop(error.into())
    }
}

/// The folders of the contexts of some files: what [`export`](super::context::export) has to write for them.
pub fn folders<'f>(files: impl IntoIterator<Item = &'f File>) -> BTreeSet<Option<RepoPath>> {
    let roots = files.into_iter().flat_map(|file| &file.contexts);
    roots
        .flat_map(|context| std::iter::once(&context.root).chain(context.contexts.values()))
        .filter_map(|root| folder(root).ok())
        .collect()
}

/// A context that is no folder of the repository.
struct Elsewhere;

/// The folder of the repository that a context is; None is the root.
fn folder(root: &str) -> Result<Option<RepoPath>, Elsewhere> {
    match root {
        "." => Ok(None),
        "-" => Err(Elsewhere),
        at if at.contains("://") || at.contains("${") => Err(Elsewhere),
        path => RepoPath::new(path).map(Some).map_err(|_| Elsewhere),
    }
}

/// Verifies one file. `clock` is when that begins: RFC 3339, UTC, whole seconds.
///
/// # Errors
///
/// [`Stop`]. What hinders this file alone is part of its evidence.
pub fn verify(job: &Job<'_>, edit: &Edit<'_>, clock: String, tell: &Tell<'_>) -> Result<Evidence, Stop> {
    let began = now();
    let own = job.config.build.get(&edit.file.path);
    let mut run = Run {
        job,
        edit,
        own,
        tell,
        deadline: began + job.budget,
        builds: Vec::new(),
        figures: Figures::default(),
    };
    let verdict = match run.all() {
        Ok(()) => None,
        Err(Trouble::Verdict(verdict)) => Some(verdict),
        Err(Trouble::Stop(stop)) => return Err(stop),
    };
    let Run { builds, mut figures, .. } = run;
    figures.began = clock;
    figures.total_ms = millis(now() - began);
    let weightiest = builds.iter().max_by_key(|build| build.outcome);
    let (outcome, reason) = match (verdict, weightiest) {
        (Some(Verdict(outcome, reason)), _) => (outcome, Some(reason)),
        (None, Some(build)) => (build.outcome, build.reason.clone()),
        (None, None) => (Outcome::Blocked, Some("the plan knows no context of it".into())),
    };
    Ok(Evidence {
        schema: evidence::SCHEMA,
        path: edit.file.path.clone(),
        commit: job.commit.map(str::to_owned),
        before: edit.file.blob.clone(),
        after: edit.file.rewritten.clone().unwrap_or_default(),
        outcome,
        reason,
        builds,
        figures,
    })
}

/// The verification of one file, as far as it is.
struct Run<'a> {
    job: &'a Job<'a>,
    edit: &'a Edit<'a>,
    own: Option<&'a Configured>,
    tell: &'a Tell<'a>,
    deadline: Instant,
    builds: Vec<Build>,
    figures: Figures,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), Trouble> {
        let unreadable = |error: TextError| Verdict(Outcome::Blocked, error.to_string());
        let texts = texts(&self.edit.before, &self.edit.after, self.job.frontend);
        let texts = texts.map_err(|error| Trouble::Verdict(unreadable(error)))?;
        let prepared = self.prepared()?;
        let checkout = prepared.as_ref().unwrap_or(self.job.checkout);
        self.figures.written_bytes = checkout.written();
        let watch = |vertex: &Vertex| (self.tell)(&Event::Step(vertex));
        let (parent, layers, interrupt) = (&self.job.temporary, self.job.layers, self.job.interrupt);
        let mut file = DefaultHasher::new();
        self.edit.file.path.hash(&mut file);
        let nonce = format!("{}{:016x}", checkout.nonce(), file.finish());
        let exports = Exports { parent, layers, interrupt };
        let mut bench = Workbench::new(self.job.builder, &watch, nonce, exports);
        let platforms = self.platforms();
        for context in &self.edit.file.contexts {
            for platform in &platforms {
                let (builds, figures) = way::Way::new(self, checkout, &texts, context, platform.as_deref())?
                    .verify(&mut bench)?;
                self.builds.extend(builds);
                self.figures.builds.extend(figures);
                self.figures.written_bytes = checkout.written() + bench.written();
            }
        }
        Ok(())
    }

    /// The platforms that it is built for; None for the builder's own.
    fn platforms(&self) -> Vec<Option<String>> {
        let named = match (self.job.platforms, self.own) {
            ([], Some(own)) => own.platforms.as_slice(),
            (named, _) => named,
        };
        if named.is_empty() { vec![None] } else { named.iter().cloned().map(Some).collect() }
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
