//! Builds files before and after their change, and compares the images. No other operation executes anything from a
//! repository. The evidence of a file is written when the file is done: after a run that was stopped, the next one goes on with
//! the files of the wave that are not verified yet, or verifies those that are named.

mod chosen;
mod dry_run;
mod edits;
mod evidence_files;
mod files;
mod shard;

use std::collections::BTreeMap;
use std::io;
use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::SystemTime;

use super::change::{ChangeError, Mode};
use super::evidence::{Assessed, EvidenceFolderError, Place, move_left};
use super::notice::during;
use super::present::PresentFiles;
use super::saved_plan::{SavedPlanError, given_or_saved};
use super::selection::{Selection, SelectionError};
use super::workspace::{Workspace, WorkspaceError};
use super::{Activity, Notice, Watch, local_progress};
use crate::campaign::evidence::{self, ContextTrees, Depth, Evidence, EvidenceKey};
use crate::campaign::plan::file::{Context, Plan};
use crate::campaign::progress::Step;
use crate::config::{self, Config, FILE_NAME, Frontend};
use crate::git::{CommitId, GitError};
use crate::text::secret::Secrets;
use crate::verify::builder::{BuildError, Builder, Interrupt};
use crate::verify::context::{self, ContextError};
use crate::verify::image::Layers;
use crate::verify::probe::Probes;
use crate::verify::run::{self, Edit, Job, Stop};
use crate::verify::temporary::remove_leftovers;

use chosen::chosen;
pub use dry_run::{DryRun, PlannedBuild, PlannedFile, PlannedStep, dry_run};
use files::Files;
pub use shard::Shard;

/// The number of files that one job of a workflow verifies, and the maximum number of jobs.
const FILES_A_SHARD: usize = 4;
const MOST_SHARDS: usize = 20;

/// The files that are verified.
#[derive(Debug)]
pub struct FilesToVerify {
    /// A folder of the repository, or a folder without git.
    pub repository: PathBuf,
    /// The files. `None` for the first wave that is not done.
    pub selection: Option<Selection>,
    /// The plan. `None` for the saved plan.
    pub plan: Option<Plan>,
}

/// The options of [`verify`].
pub struct VerifyOptions<'a> {
    /// The files.
    pub files: FilesToVerify,
    /// The part of the files that is verified. `None` for all files.
    pub shard: Option<Shard>,
    /// The number of files that are verified at the same time.
    pub jobs: NonZeroUsize,
    /// The builder.
    pub builder: &'a dyn Builder,
    /// Stops the verification. The builder has to stop on it too.
    pub interrupt: Interrupt,
    /// The extent of the verification. `None` for full in wave 0 and line in all others.
    pub depth: Option<Depth>,
    /// The frontend that reads the files. `None` for `[verify] frontend`.
    pub frontend: Option<Frontend>,
    /// The platforms. Empty for those of `[build]`.
    pub platforms: Vec<String>,
    /// The values of build arguments that the plan does not set.
    pub build_args: BTreeMap<String, String>,
    /// Secrets, each in the format of `--secret`.
    pub secrets: Vec<String>,
    /// SSH agents, each in the format of `--ssh`.
    pub ssh: Vec<String>,
    /// The values that the evidence never holds: those of the secrets, and the tokens of the user.
    pub hidden: Secrets,
    /// True if the commands of `layerwright.toml` may run although the commit is not part of the default branch.
    pub allow_commands: bool,
    /// Further arguments of `docker buildx build`.
    pub passed: Vec<String>,
    /// True if the steps before the edited instructions may be replayed from the builder's cache, or from the caches that
    /// `passed` names.
    pub reuse: bool,
    /// The folder of the evidence. `None` for that of this clone.
    pub out: Option<PathBuf>,
    /// The folder in which temporary folders are created.
    pub temporary: PathBuf,
    /// True if temporary folders are kept.
    pub keep: bool,
    /// The key that signs the evidence.
    pub key: Option<EvidenceKey>,
    /// Returns the time, which is used for the figures only.
    pub clock: &'a (dyn Fn() -> SystemTime + Sync),
}

/// The result of [`verify`].
#[derive(Debug)]
pub struct Verified {
    /// The plan.
    pub plan: Plan,
    /// The evidence of each file, in the order of the plan.
    pub evidence: Vec<Evidence>,
    /// The files that were left out because they differ from the planned ones.
    pub stale: Vec<ChangeError>,
    /// The reason for an early end. `None` if all files were verified.
    pub end: Option<VerifyEnd>,
    /// The next step of the campaign. `None` without git, and for a shard: the others have their evidence elsewhere.
    pub step: Option<Step>,
}

/// The reason for an early end of a verification. The evidence of the earlier files is written.
#[derive(Debug)]
pub enum VerifyEnd {
    /// It was interrupted.
    Interrupted,
    /// It failed.
    Failed(VerifyError),
}

/// An error of [`verify`].
#[derive(Debug, thiserror::Error)]
pub enum VerifyError {
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The plan cannot be used.
    #[error(transparent)]
    SavedPlan(#[from] SavedPlanError),
    /// There is no plan.
    #[error("there is no plan yet")]
    NoPlan,
    /// The files cannot be selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A file cannot be read or edited.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// Without git, the evidence has no place of its own.
    #[error("without git, the evidence has no place of its own")]
    NoPlace,
    /// The folder of the evidence cannot be written to.
    #[error("the evidence cannot be written to {}: {source}", folder.display())]
    ReadOnly {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The earlier evidence cannot be read, or evidence cannot be written.
    #[error(transparent)]
    Evidence(#[from] EvidenceFolderError),
    /// Another verification of the repository is running.
    #[error("another verification of this repository is running")]
    Busy,
    /// The build contexts cannot be exported.
    #[error(transparent)]
    Context(#[from] ContextError),
    /// `[verify] budget` is not a valid duration.
    #[error(transparent)]
    Budget(#[from] humantime::DurationError),
    /// The verification cannot continue.
    #[error(transparent)]
    Stop(#[from] Stop),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl From<Stop> for VerifyEnd {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Builder(BuildError::Interrupted) => Self::Interrupted,
            stop => Self::Failed(stop.into()),
        }
    }
}

/// Returns the number of shards into which a workflow divides these files.
///
/// # Errors
///
/// [`VerifyError`]
pub fn shards(files: &FilesToVerify) -> Result<usize, VerifyError> {
    let workspace = Workspace::open(&files.repository, None)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let present =
        PresentFiles { workspace: &workspace, source: &source, config: &config, mode: Mode::Commit };
    let plan = given_or_saved(&workspace, &config, files.plan.as_ref())?.ok_or(VerifyError::NoPlan)?;
    let assessed = Assessed::read(&workspace, &source, &config, &plan, &[], &|_| {})?;
    let files = chosen(files, None, &present, &plan, &assessed)?.0;
    Ok(files.len().div_ceil(FILES_A_SHARD).clamp(1, MOST_SHARDS))
}

/// Builds the files of a wave before and after their change, compares the images, and writes the evidence.
///
/// ```no_run
/// use std::{collections::BTreeMap, num::NonZeroUsize, time::SystemTime};
///
/// use layerwright::ops::{self, FilesToVerify, VerifyOptions};
/// use layerwright::verify::builder::{Interrupt, buildx::DockerBuildx};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let verified = ops::verify(
///     &VerifyOptions {
///         files: FilesToVerify { repository: ".".into(), selection: None, plan: None },
///         shard: None,
///         jobs: NonZeroUsize::MIN,
///         builder: &DockerBuildx::new(Default::default()),
///         interrupt: Interrupt::new(),
///         depth: None,
///         frontend: None,
///         platforms: Vec::new(),
///         build_args: BTreeMap::new(),
///         secrets: Vec::new(),
///         ssh: Vec::new(),
///         hidden: Default::default(),
///         allow_commands: false,
///         passed: Vec::new(),
///         reuse: false,
///         out: None,
///         temporary: std::env::temp_dir(),
///         keep: false,
///         key: None,
///         clock: &SystemTime::now,
///     },
///     &|notice| eprintln!("{notice:?}"),
/// )?;
/// for evidence in &verified.evidence {
///     println!("{}: {:?}", evidence.path, evidence.outcome);
/// }
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`VerifyError`] if it cannot start. The reason for an early end is part of the result.
pub fn verify(options: &VerifyOptions<'_>, watch: &Watch<'_>) -> Result<Verified, VerifyError> {
    let files = &options.files;
    let workspace = Workspace::open(&files.repository, None)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let present =
        PresentFiles { workspace: &workspace, source: &source, config: &config, mode: Mode::Commit };
    let plan = given_or_saved(&workspace, &config, files.plan.as_ref())?.ok_or(VerifyError::NoPlan)?;
    let earlier = Assessed::read(&workspace, &source, &config, &plan, &options.earlier_folders(), watch)?;
    let (chosen, verified) = chosen(files, Some(options), &present, &plan, &earlier)?;
    if verified > 0 {
        watch(&Notice::AlreadyVerified(verified));
    }
    let (edits, stale) = edits::edits(chosen, options.depth, &present)?;
    if !stale.is_empty() {
        watch(&Notice::Stale(&stale));
    }
    let (evidence, end) = if edits.is_empty() {
        (Vec::new(), None)
    } else {
        watch(&Notice::Executes);
        show_commands(&config, &edits, watch);
        let _lock = evidence_files::lock(&workspace)?;
        let place = evidence_files::place(options.out.as_deref(), &workspace, &config)?;
        move_left(&workspace, &config, watch)?;
        build_all(options, &present, &plan, &edits, (&place, &earlier), watch)?
    };
    drop(edits);
    // What was verified is not lost with it.
    let step = next_step(options, &present, &plan).unwrap_or_default();
    Ok(Verified { plan: plan.into_owned(), evidence, stale, end, step })
}

/// Returns the next step of the campaign, with the evidence that is written now.
fn next_step(
    options: &VerifyOptions<'_>,
    present: &PresentFiles<'_>,
    plan: &Plan,
) -> Result<Option<Step>, VerifyError> {
    let PresentFiles { workspace, source, config, .. } = *present;
    if options.shard.is_some() || matches!(workspace, Workspace::Folder(_)) {
        return Ok(None);
    }
    // What cannot be read of it was reported before.
    let assessed = Assessed::read(workspace, source, config, plan, &options.earlier_folders(), &|_| {})?;
    let progress = local_progress::progress(workspace, source, config, plan, &assessed)?;
    Ok(Some(progress.next_step(config.report.max_open)))
}

impl VerifyOptions<'_> {
    /// Returns the folders to which an earlier run with the same options wrote evidence.
    fn earlier_folders(&self) -> Vec<PathBuf> {
        self.out.iter().filter(|folder| folder.exists()).cloned().collect()
    }
}

type Built = (Vec<Evidence>, Option<VerifyEnd>);

/// Verifies the files, several at a time, and writes the evidence of each file when it is complete.
fn build_all(
    options: &VerifyOptions<'_>,
    present: &PresentFiles<'_>,
    plan: &Plan,
    edits: &[Edit<'_>],
    (place, earlier): (&Place, &Assessed),
    watch: &Watch<'_>,
) -> Result<Built, VerifyError> {
    let config = present.config;
    let probes = Probes::new(options.builder);
    remove_leftovers(&options.temporary);
    let checkout = export(options, present, edits, watch)?;
    let (repository, commit) = match present.workspace {
        Workspace::Git(repository, commit) => (Some(repository), Some(commit)),
        Workspace::Folder(_) => (None, None),
    };
    let own = evidence::own_paths(plan, config);
    let tree = |context: &Context| match (repository, commit) {
        (Some(repository), Some(commit)) => {
            let trees = ContextTrees { repository, commit, listing: present.source.listing(), own: &own };
            trees.of_build(&context.root, &context.contexts, &context.results)
        }
        _ => Ok(None),
    };
    let refuses_commands = refuses_commands(options, present.workspace)?;
    let job = Job {
        builder: options.builder,
        probes: &probes,
        layers: &Layers::default(),
        interrupt: &options.interrupt,
        source: present.source,
        commit: commit.map(CommitId::as_str),
        tree: &tree,
        config,
        waivers: &plan.waivers,
        budget: humantime::parse_duration(&config.verify.budget)?,
        frontend: options.frontend.unwrap_or(config.verify.frontend),
        platforms: &options.platforms,
        build_args: &options.build_args,
        secrets: &options.secrets,
        ssh: &options.ssh,
        hidden: &options.hidden,
        refuses_commands: refuses_commands.as_deref(),
        passed: &options.passed,
        reuse: options.reuse,
        temporary: options.temporary.clone(),
        keep: options.keep,
        checkout: &checkout,
    };
    Ok(Files { job: &job, edits, place, earlier, clock: options.clock, key: options.key.as_ref(), watch }
        .all(options.jobs))
}

/// Names the commands of `layerwright.toml` that the verification of these files runs.
fn show_commands(config: &Config, edits: &[Edit<'_>], watch: &Watch<'_>) {
    for edit in edits {
        let path = edit.file.path.as_str();
        for command in config.build.get(path).into_iter().flat_map(config::BuildSettings::commands) {
            watch(&Notice::Command { path, command });
        }
    }
}

/// Returns the reason why the commands of `layerwright.toml` may not run. A tree that is not part of the default branch
/// may be anyone's, as the branch of a pull request is.
fn refuses_commands(
    options: &VerifyOptions<'_>,
    workspace: &Workspace,
) -> Result<Option<String>, VerifyError> {
    let what = match workspace {
        _ if options.allow_commands => return Ok(None),
        Workspace::Git(repository, commit) if repository.is_on_default_branch(commit)? => return Ok(None),
        Workspace::Git(_, commit) => format!("commit {commit} is not part of the default branch"),
        Workspace::Folder(_) => "the folder is not a git repository".to_owned(),
    };
    Ok(Some(format!("{what}: check the commands of {FILE_NAME}, and pass --allow-commands to run them")))
}

/// Exports the build contexts of all files without a `prepare` command.
fn export(
    options: &VerifyOptions<'_>,
    present: &PresentFiles<'_>,
    edits: &[Edit<'_>],
    watch: &Watch<'_>,
) -> Result<context::Checkout, ContextError> {
    let prepares_nothing = |path: &str| {
        present.config.build.get(path).is_none_or(|own: &crate::config::BuildSettings| own.prepare.is_empty())
    };
    let files = edits.iter().map(|edit| edit.file).filter(|file| prepares_nothing(&file.path));
    let mut checkout = during(watch, Activity::Export, || {
        context::export(present.source, &run::folders(files), &options.temporary)
    })?;
    if options.keep {
        checkout.keep();
    }
    Ok(checkout)
}
