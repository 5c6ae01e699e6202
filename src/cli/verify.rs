//! `layerwright verify`: the only command that executes anything of a repository.

mod arguments;
mod files;
mod watch;

use std::num::NonZeroUsize;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime};

use serde::Serialize;

use super::progress::spinner;
use super::{Error, Kind, human, input, write};
use crate::campaign::evidence::assess;
use crate::campaign::evidence::{Evidence, Outcome};
use crate::campaign::plan::file::{Context, Plan};
use crate::config::Config;
use crate::git::CommitId;
use crate::ops::Mode;
use crate::ops::present::PresentFiles;
use crate::ops::saved_plan;
use crate::ops::workspace::Workspace;
use crate::verify::builder::buildx::{DockerBuildx, Options};
use crate::verify::builder::{BuildError, Interrupt};
use crate::verify::context;
use crate::verify::image::Layers;
use crate::verify::probe::Probes;
use crate::verify::run::{self, Edit, Job, Stop};
use watch::Watch;

pub use arguments::VerifyArguments;

/// The version of what `--format json` prints.
const SCHEMA: u32 = 1;

/// How many files one job of a workflow verifies, and how many jobs there are at most.
const FILES_A_SHARD: usize = 4;
const MOST_SHARDS: usize = 20;

/// What is said before anything is executed.
const WARNING: &str = "verify builds the files and so executes what they say, and the commands of `prepare`; \
                       no other command executes anything of a repository";

/// What `--format json` prints.
#[derive(Serialize)]
struct Printed<'a> {
    schema: u32,
    files: &'a [Evidence],
}

/// Builds the files of a wave before and after, compares, and writes the evidence.
pub fn run(arguments: &VerifyArguments) -> Result<ExitCode, Error> {
    let workspace = Workspace::open(&arguments.repository, None)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let campaign =
        PresentFiles { workspace: &workspace, source: &source, config: &config, mode: Mode::Commit };
    let given = input::plan(arguments.plan.as_deref())?;
    let plan = saved_plan::given_or_saved(&workspace, &config, given.as_ref())?.ok_or_else(|| {
        Error::new(Kind::Usage, "there is no plan yet")
            .hint("make it with: layerwright plan --save; or name one with --plan FILE")
    })?;
    let files = files::chosen(arguments, &campaign, &plan)?;
    if arguments.format == arguments::Format::GithubMatrix {
        return matrix(files.len()).map(|()| ExitCode::SUCCESS);
    }
    let files = match arguments.shard {
        Some(shard) => shard.of(files),
        None => files,
    };
    let (edits, stale) = files::edits(arguments, &campaign, files)?;
    let is_stale = Error::all(stale).is_some_and(|error| {
        error.report();
        true
    });
    let verified = match edits.as_slice() {
        [] => Verified { evidence: Vec::new(), end: None },
        edits => {
            write::remark(WARNING);
            let _lock = files::lock(&workspace)?;
            let place = files::place(arguments, &workspace, &config)?;
            verify(arguments, &campaign, &plan, edits, &place)?
        }
    };
    if verified.evidence.is_empty() && verified.end.is_none() && !is_stale {
        write::remark("nothing is left to verify: no file that was asked for waits for --link");
    }
    print(arguments, &plan, &verified.evidence)?;
    Ok(match verified.end {
        Some(End::Interrupted) => {
            write::remark("interrupted: no build is left running, and what was verified before is written");
            ExitCode::from(130)
        }
        Some(End::Error(error)) => error.report(),
        None => ExitCode::from(code(arguments, &verified.evidence, is_stale)),
    })
}

/// What became of the files.
struct Verified {
    evidence: Vec<Evidence>,
    /// Why it ended early.
    end: Option<End>,
}

/// Why a verification ended early.
enum End {
    /// Somebody asked for it.
    Interrupted,
    /// It could not go on.
    Error(Error),
}

impl From<Stop> for End {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Builder(BuildError::Interrupted) => Self::Interrupted,
            stop => Self::Error(Error::environment(&stop)),
        }
    }
}

/// The exit code: 1 for differences that nobody accepted, 2 for what shows nothing, 3 for a plan that is stale.
fn code(arguments: &VerifyArguments, evidence: &[Evidence], is_stale: bool) -> u8 {
    let is = |outcome: Outcome| evidence.iter().any(|one| one.open_outcome() == outcome);
    if is(Outcome::Different) {
        1
    } else if is(Outcome::Void) {
        2
    } else if is_stale {
        3
    } else {
        u8::from(arguments.strict && (is(Outcome::Blocked) || is(Outcome::Deferred)))
    }
}

fn print(arguments: &VerifyArguments, plan: &Plan, evidence: &[Evidence]) -> Result<(), Error> {
    if arguments.format != arguments::Format::Json {
        return write::stdout(&human::verified(plan, evidence));
    }
    let json = serde_json::to_string_pretty(&Printed { schema: SCHEMA, files: evidence });
    let json = json.map_err(|error| Error::new(Kind::Environment, error.to_string()))?;
    write::raw(format!("{json}\n").as_bytes())
}

/// Verifies the files, several at a time, and writes the evidence of each as soon as it is there.
fn verify(
    arguments: &VerifyArguments,
    campaign: &PresentFiles<'_>,
    plan: &Plan,
    edits: &[Edit<'_>],
    place: &Path,
) -> Result<Verified, Error> {
    let interrupt = Interrupt::new();
    interrupt.listen().map_err(|error| Error::environment(&error))?;
    let options = Options {
        builder: arguments.build.builder.clone(),
        interrupt: interrupt.clone(),
        ..Options::default()
    };
    let builder = DockerBuildx::new(options);
    let probes = Probes::new(&builder);
    let files = edits.iter().map(|edit| edit.file);
    let plain =
        files.filter(|file| campaign.config.build.get(&file.path).is_none_or(|own| own.prepare.is_empty()));
    let temporary = std::env::temp_dir();
    let phase = spinner("Exporting what the builds see");
    let checkout = context::export(campaign.source, &run::folders(plain), &temporary);
    phase.finish_and_clear();
    let mut checkout = checkout.map_err(|error| Error::environment(&error))?;
    if arguments.keep {
        checkout.keep();
    }
    let (repository, commit) = match campaign.workspace {
        Workspace::Git(repository, commit) => (Some(repository), Some(commit)),
        Workspace::Folder(_) => (None, None),
    };
    let own = assess::own_paths(plan, campaign.config);
    let tree = |context: &Context| match (repository, commit) {
        (Some(repository), Some(commit)) => {
            assess::tree_of_context(repository, commit, &context.root, &context.contexts, &own)
        }
        _ => Ok(None),
    };
    let build_args = super::build_args(&arguments.build.build_args)?;
    let passed = arguments.build.passed();
    let job = Job {
        builder: &builder,
        probes: &probes,
        layers: &Layers::default(),
        interrupt: &interrupt,
        source: campaign.source,
        commit: commit.map(CommitId::as_str),
        tree: &tree,
        config: campaign.config,
        waivers: &plan.waivers,
        budget: budget(campaign.config)?,
        frontend: arguments.frontend.map_or(campaign.config.verify.frontend, Into::into),
        platforms: &arguments.build.platform,
        build_args: &build_args,
        secrets: &arguments.build.secret,
        ssh: &arguments.build.ssh,
        passed: &passed,
        temporary,
        keep: arguments.keep,
        checkout: &checkout,
    };
    let watch = Watch::new(edits.len());
    Ok(all(&job, edits, arguments.jobs, &watch, place))
}

/// Works through the files with some threads. The first that stops keeps the others from taking more.
fn all(job: &Job<'_>, edits: &[Edit<'_>], jobs: NonZeroUsize, watch: &Watch, place: &Path) -> Verified {
    let next = AtomicUsize::new(0);
    let done: Mutex<Vec<(usize, Evidence)>> = Mutex::default();
    let ended: Mutex<Option<End>> = Mutex::default();
    let one = |at: usize, edit: &Edit<'_>| -> Result<Evidence, End> {
        let earlier = files::earlier(place, edit.file);
        let line = watch.begin(at + 1, &edit.file.path, earlier.as_ref());
        let evidence = run::verify(job, edit, clock(), &|event| line.tell(event))?;
        line.end(&evidence);
        files::write(place, &evidence, earlier.as_ref()).map_err(End::Error)?;
        Ok(evidence)
    };
    let work = || {
        loop {
            let at = next.fetch_add(1, Ordering::SeqCst);
            let Some(edit) = edits.get(at).filter(|_| locked(&ended).is_none()) else { return };
            match one(at, edit) {
                Ok(evidence) => locked(&done).push((at, evidence)),
                Err(end) => drop(locked(&ended).get_or_insert(end)),
            }
        }
    };
    std::thread::scope(|scope| {
        for _ in 0..jobs.get().min(edits.len()) {
            scope.spawn(work);
        }
    });
    let mut done = std::mem::take(&mut *locked(&done));
    done.sort_by_key(|(at, _)| *at);
    let evidence = done.into_iter().map(|(_, evidence)| evidence).collect();
    let end = locked(&ended).take();
    Verified { evidence, end }
}

/// What a mutex holds. A thread that panicked leaves it whole.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time now, for the figures alone.
#[expect(clippy::disallowed_methods, reason = "evidence says when it was made")]
fn clock() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}

fn budget(config: &Config) -> Result<Duration, Error> {
    let budget = &config.verify.budget;
    humantime::parse_duration(budget).map_err(|error| Error::usage(&error))
}

/// The shards of a workflow's matrix.
fn matrix(files: usize) -> Result<(), Error> {
    let count = files.div_ceil(FILES_A_SHARD).clamp(1, MOST_SHARDS);
    let include: Vec<_> =
        (1..=count).map(|number| serde_json::json!({ "shard": format!("{number}/{count}") })).collect();
    write::raw(format!("{}\n", serde_json::json!({ "include": include })).as_bytes())
}
