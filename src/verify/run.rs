//! The verification of one file: it is built before and after the edit, in each build context and for each platform,
//! and the images are compared. Only this module and the commands of `prepare` ever execute anything of a repository.

mod bases;
mod build;
mod onbuild;
mod prepare;

use std::collections::{BTreeMap, BTreeSet};
use std::hash::{DefaultHasher, Hash as _, Hasher as _};
use std::path::PathBuf;
use std::time::{Duration, Instant};

pub(crate) use self::build::build_args;
use super::builder::{BuildError, Builder, Interrupt, Vertex, now};
use super::context::{Checkout, ContextError};
use super::image::Layers;
use super::probe::Probes;
use super::variant_builds::{Exports, Workbench};
use super::variants::{TextError, texts};
use crate::builds::ContextSource;
use crate::campaign::evidence::{self, BuildEvidence, Depth, Evidence, Figures, Outcome};
use crate::campaign::plan::file::{Context, File, Waiver};
use crate::config::{BuildSettings as Configured, Config, Frontend};
use crate::discover::{ReadError, SourceTree};
use crate::git::{GitError, PathError, RepoPath};
use crate::text::secret::Secrets;

/// The inputs that all files of a verification share.
pub(crate) struct Job<'a> {
    /// The builder.
    pub(crate) builder: &'a dyn Builder,
    /// The probes of the builder.
    pub(crate) probes: &'a Probes<'a>,
    /// The known layers of earlier exports.
    pub(crate) layers: &'a Layers,
    /// The interrupt.
    pub(crate) interrupt: &'a Interrupt,
    /// The files of the repository.
    pub(crate) source: &'a SourceTree<'a>,
    /// The commit of the files; `None` for a folder without git.
    pub(crate) commit: Option<&'a str>,
    /// Returns [`BuildEvidence::tree`] of a build context.
    pub(crate) tree: &'a (dyn Fn(&Context) -> Result<Option<String>, GitError> + Sync),
    /// The configuration, `layerwright.toml`.
    pub(crate) config: &'a Config,
    /// The waivers of the plan.
    pub(crate) waivers: &'a [Waiver],
    /// The time limit of one file.
    pub(crate) budget: Duration,
    /// The frontend that reads the files.
    pub(crate) frontend: Frontend,
    /// The platforms, instead of those of the configuration.
    pub(crate) platforms: &'a [String],
    /// The values of build arguments that only the real build knows.
    pub(crate) build_args: &'a BTreeMap<String, String>,
    /// The secrets. Those of the configuration are not used: a repository does not choose files of this machine.
    pub(crate) secrets: &'a [String],
    /// The SSH agents. Those of the configuration are not used either.
    pub(crate) ssh: &'a [String],
    /// The values that the evidence never holds.
    pub(crate) hidden: &'a Secrets,
    /// The reason why the commands of `prepare` and `smoke` may not run; `None` if they may.
    pub(crate) refuses_commands: Option<&'a str>,
    /// Additional arguments of the builder.
    pub(crate) passed: &'a [String],
    /// True if the steps before the edited instructions may be replayed from a cache.
    pub(crate) reuse: bool,
    /// The parent of the temporary folders.
    pub(crate) temporary: PathBuf,
    /// True if temporary folders are not removed.
    pub(crate) keep: bool,
    /// The build contexts of all files without `prepare`.
    pub(crate) checkout: &'a Checkout,
}

impl Job<'_> {
    /// Returns true if steps may be replayed from a cache outside of the builder.
    pub(crate) fn replays_another_cache(&self) -> bool {
        self.reuse && build::imported(self.passed).next().is_some()
    }
}

/// A file and its two texts.
pub(crate) struct Edit<'a> {
    /// The file of the plan.
    pub(crate) file: &'a File,
    /// The text before.
    pub(crate) before: Vec<u8>,
    /// The text after.
    pub(crate) after: Vec<u8>,
    /// The extent of the verification.
    pub(crate) depth: Depth,
}

/// The current phase.
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
    /// The images differ: the original is built again, and the causes of the differences are determined.
    Differences,
    /// Smoke commands run.
    Smoke,
    /// The cost of changes is measured.
    Cache,
}

/// A progress event of a file.
#[derive(Clone, Debug)]
pub enum Event<'a> {
    /// A phase begins; the text names the build context, target and platform.
    Phase(Phase, &'a str),
    /// A step of a build changed.
    Step(&'a Vertex),
    /// The files of a build were kept: its build context and both Dockerfiles.
    Kept {
        /// The build context.
        context: PathBuf,
        /// The Dockerfile before and after the edit.
        dockerfiles: [PathBuf; 2],
    },
}

/// The receiver of progress events.
pub(crate) type Tell<'a> = dyn Fn(&Event<'_>) + Sync + 'a;

/// The reason why a verification ends without evidence: another file would fail in the same way.
#[derive(Debug, thiserror::Error)]
pub enum Stop {
    /// There is no builder, or the verification was interrupted.
    #[error(transparent)]
    Builder(#[from] BuildError),
    /// The files of the repository cannot be exported.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file of the repository cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// The plan has an invalid path.
    #[error(transparent)]
    Path(PathError),
    /// A kept file cannot be written.
    #[error("{} cannot be written: {source}", .at.display())]
    Keep {
        /// The file.
        at: PathBuf,
        /// The system's error.
        source: std::io::Error,
    },
}

/// An outcome without a comparison, and the reason.
#[derive(Debug)]
struct NotCompared(Outcome, String);

/// The reason why a build or a later step did not complete.
#[derive(Debug)]
enum Trouble {
    /// The verdict on this build alone.
    NotCompared(NotCompared),
    /// The end of the whole verification.
    Stop(Stop),
}

impl<E: Into<Stop>> From<E> for Trouble {
    fn from(error: E) -> Self {
        Self::Stop(error.into())
    }
}

/// Returns the folders of the build contexts of some files: those that [`export`](super::context::export) must write
/// for them.
pub(crate) fn folders<'f>(files: impl IntoIterator<Item = &'f File>) -> BTreeSet<Option<RepoPath>> {
    let mut open: Vec<&Context> = files.into_iter().flat_map(|file| &file.contexts).collect();
    let mut folders = BTreeSet::new();
    while let Some(context) = open.pop() {
        for root in std::iter::once(&context.root).chain(context.contexts.values()) {
            if let Ok(ContextSource::Folder(folder)) = ContextSource::parse(root) {
                folders.insert(folder);
            }
        }
        open.extend(context.results.values().map(|needed| &needed.build));
    }
    folders
}

/// Verifies one file. `clock` is the start time: RFC 3339, UTC, whole seconds.
///
/// # Errors
///
/// [`Stop`]. A failure of this file alone is part of its evidence.
pub(crate) fn verify(
    job: &Job<'_>,
    edit: &Edit<'_>,
    clock: String,
    tell: &Tell<'_>,
) -> Result<Evidence, Stop> {
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
        Err(Trouble::NotCompared(verdict)) => Some(verdict),
        Err(Trouble::Stop(stop)) => return Err(stop),
    };
    let Run { builds, mut figures, .. } = run;
    figures.began = clock;
    figures.total_ms = millis(now() - began);
    let weightiest = builds.iter().max_by_key(|build| build.outcome);
    let (outcome, reason) = match (verdict, weightiest) {
        (Some(NotCompared(outcome, reason)), _) => (outcome, Some(reason)),
        (None, Some(build)) => (build.outcome, build.reason.clone()),
        (None, None) => (Outcome::Blocked, Some("the plan has no build context for it".into())),
    };
    let evidence = Evidence {
        schema: evidence::SCHEMA,
        path: edit.file.path.clone(),
        commit: job.commit.map(str::to_owned),
        before: edit.file.blob.clone(),
        after: edit.file.rewritten.clone().unwrap_or_default(),
        outcome,
        reason,
        builds,
        figures,
        signature: None,
    };
    Ok(evidence.without(job.hidden))
}

/// The verification of one file so far.
struct Run<'a> {
    job: &'a Job<'a>,
    edit: &'a Edit<'a>,
    own: Option<&'a Configured>,
    tell: &'a Tell<'a>,
    deadline: Instant,
    builds: Vec<BuildEvidence>,
    figures: Figures,
}

impl Run<'_> {
    fn all(&mut self) -> Result<(), Trouble> {
        let unreadable = |error: TextError| NotCompared(Outcome::Blocked, error.to_string());
        let texts = texts(&self.edit.before, &self.edit.after, self.job.frontend);
        let texts = texts.map_err(|error| Trouble::NotCompared(unreadable(error)))?;
        self.check_commands()?;
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
                let (builds, figures) =
                    build::BuildVerification::new(self, checkout, &texts, context, platform.as_deref())?
                        .verify(&mut bench)?;
                self.builds.extend(builds);
                self.figures.builds.extend(figures);
                self.figures.written_bytes = checkout.written() + bench.written();
            }
        }
        Ok(())
    }

    /// Checks that the commands of the configuration may run, if the file has any.
    fn check_commands(&self) -> Result<(), Trouble> {
        let has_commands = self.own.is_some_and(|own| own.commands().next().is_some());
        match self.job.refuses_commands.filter(|_| has_commands) {
            None => Ok(()),
            Some(why) => Err(Trouble::NotCompared(NotCompared(Outcome::Blocked, why.to_owned()))),
        }
    }

    /// Returns the platforms to build for; `None` for the builder's own.
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
