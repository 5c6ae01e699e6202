//! `layerwright plan`.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use super::evidence::Verified;
use super::human::Saved;
use super::workspace::{self, Workspace};
use super::{Error, Format, Kind, PlanArguments, human, write};
use crate::analysis::rule;
use crate::builds;
use crate::campaign::names::Names;
use crate::campaign::plan::file::{Gone, ListReport, Plan, Refused};
use crate::campaign::plan::{self, Earlier, Options, PlanError, Waivers, without_effect};
use crate::config::{self, Config};
use crate::discover::{Discovery, List, Reconciliation, Source, reconcile};
use crate::git::RepoPath;
use crate::text::escape::shown;
use crate::text::words::{count, form};

/// Plans and shows, or writes, the plan.
pub fn run(arguments: &PlanArguments) -> Result<(), Error> {
    if arguments.print_config {
        return print_config(arguments);
    }
    let images = arguments.knowledge.images()?;
    images.check().map_err(|error| Error::usage(&error))?;
    let list = workspace::list(arguments)?;
    let workspace = Workspace::open(&arguments.path, arguments.rev.as_deref())?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let waivers = Waivers::new(&config).map_err(|error| Error::usage(&error))?;
    let discovery = workspace::discover(&source, &config, list.as_ref())?;
    let phase = workspace::phase("Looking up what became of listed files");
    let report = list.as_ref().map(|list| reconciled(&workspace, &source, list, &discovery)).transpose();
    phase.finish_and_clear();
    let report = report?;
    let only: Option<BTreeSet<RepoPath>> = match (&report, arguments.all) {
        (Some(report), false) => {
            Some(report.found.iter().filter_map(|path| RepoPath::new(path).ok()).collect())
        }
        _ => None,
    };
    let earlier = if arguments.afresh { None } else { earlier(arguments, &workspace, &config)? };
    let build_args = arguments.knowledge.build_args()?;
    let selects = arguments.knowledge.selects();
    let options = Options {
        config: &config,
        images: &images,
        build_args: &build_args,
        selects: &selects,
        keep_add: arguments.knowledge.keep_add,
        edit_generated: arguments.edit_generated,
        earlier: earlier.as_ref(),
        only: only.as_ref(),
        rules: rule::ALL,
    };
    let looks = arguments.rev.is_none();
    let (dirty, mut plan) = rayon::join(
        || if looks { workspace.dirty(&discovery) } else { 0 },
        || make(&workspace, &source, &discovery, &options, &waivers),
    );
    if dirty > 0 {
        let (files, have) = (count(dirty, "Dockerfile"), form(dirty, "has", "have"));
        write::remark(&format!("note: {files} {have} uncommitted changes, which the plan does not see"));
    }
    for note in without_effect(&config, &discovery) {
        write::remark(&format!("note: {note}"));
    }
    plan.list = report;
    show(arguments, &workspace, &source, &config, &plan)
}

/// What the plan that this one takes the place of decided, or the saved one.
fn earlier(
    arguments: &PlanArguments,
    workspace: &Workspace,
    config: &Config,
) -> Result<Option<Earlier>, Error> {
    let replaced = arguments.output.clone().filter(|path| path.is_file());
    let path = match replaced {
        Some(path) => Some(path),
        None => saved_at(workspace, config)?.filter(|path| path.is_file()),
    };
    let Some(path) = path else { return Ok(None) };
    let bytes = workspace::read(&path)?;
    Plan::read(&bytes).map(|plan| Some(Earlier::new(&plan))).map_err(|error| {
        Error::new(Kind::Refused, format!("{}: {error}", path.display()))
            .hint("what people decided in it would be lost; repair it, or pass --afresh to plan without it")
    })
}

fn print_config(arguments: &PlanArguments) -> Result<(), Error> {
    let workspace = Workspace::open(&arguments.path, arguments.rev.as_deref())?;
    let source = workspace.source()?;
    let bytes = workspace.config_bytes(&source)?.unwrap_or_default();
    match arguments.format {
        Format::Human => {
            let shown = config::effective(&bytes).map_err(|error| Error::usage(&error))?;
            write::stdout(&shown)
        }
        Format::Json => {
            let config = Config::read(&bytes).map_err(|error| Error::usage(&error))?;
            let json = serde_json::to_string_pretty(&config);
            let json = json.map_err(|error| Error::new(Kind::Environment, error.to_string()))?;
            write::raw(format!("{json}\n").as_bytes())
        }
    }
}

/// Makes the plan of a discovery, with progress on a terminal.
pub fn make(
    workspace: &Workspace,
    source: &Source<'_>,
    discovery: &Discovery,
    options: &Options<'_>,
    waivers: &Waivers,
) -> Plan {
    let bar = workspace::progress("Judging Dockerfiles", discovery.files.len());
    let phase = workspace::phase("Looking how Dockerfiles are built");
    let dockerfiles: Vec<&RepoPath> = discovery.files.iter().map(|file| &file.path).collect();
    let builds = builds::find(source, &dockerfiles, options.config);
    phase.finish_and_clear();
    let mut plan = plan::plan(source, discovery, &builds, options, waivers, &|| bar.inc(1));
    bar.finish_and_clear();
    if let Workspace::Git(_, commit) = workspace {
        plan.commit = Some(commit.as_str().to_owned());
    }
    plan
}

fn show(
    arguments: &PlanArguments,
    workspace: &Workspace,
    source: &Source<'_>,
    config: &Config,
    plan: &Plan,
) -> Result<(), Error> {
    let saved = match (&arguments.output, arguments.save) {
        (Some(path), _) => Saved::Elsewhere(path.clone()),
        (None, true) => Saved::InPlace(saved_at(workspace, config)?.ok_or_else(|| {
            Error::new(Kind::Usage, "a bare repository has no place for the plan")
                .hint("write it elsewhere: layerwright plan -o FILE")
        })?),
        (None, false) => Saved::No,
    };
    if let Some(path) = saved.path() {
        write::file_by(path, &|out| plan.write(out))?;
    }
    match arguments.format {
        Format::Json => write::raw_by(&|out| plan.write(out)),
        Format::Human => {
            let verified = Verified::read(workspace, source, config, plan)?;
            write::stdout(&human::first_screen(plan, &verified.standings, &saved, arguments.verbose))
        }
    }
}

/// Reads a plan that is to be followed.
pub fn read(path: &Path) -> Result<Plan, Error> {
    let bytes = workspace::read(path)?;
    Plan::read(&bytes).map_err(|error| match error {
        PlanError::Json { line, column, message } => {
            let place = format!("{}:{line}:{column}", path.display());
            Error::new(Kind::Usage, format!("{place}: this is no plan: {message}"))
                .hint("plan again: layerwright plan --save")
        }
        other => Error::new(Kind::Usage, format!("{}: {other}", path.display())),
    })
}

/// The plan that is named, or saved.
pub fn saved(workspace: &Workspace, config: &Config, named: Option<&Path>) -> Result<Plan, Error> {
    let saved = saved_at(workspace, config)?;
    let there = named.map(Path::to_owned).or_else(|| saved.clone().filter(|path| path.is_file()));
    if let Some(path) = there {
        return read(&path);
    }
    let place = saved.map_or("a bare repository".into(), |path| path.display().to_string());
    Err(Error::new(Kind::Usage, format!("there is no plan yet: {place} holds none"))
        .hint("make it with: layerwright plan --save; or name one with --plan FILE"))
}

/// Where a repository keeps its plan. None in a bare one.
pub fn saved_at(workspace: &Workspace, config: &Config) -> Result<Option<PathBuf>, Error> {
    let Some(folder) = workspace.folder() else { return Ok(None) };
    let path = Names::new(&config.campaign.dir).plan().map_err(|why| workspace::bad_dir(config, why))?;
    workspace::place_in(folder, &path).map(Some)
}

/// The list against what is there.
fn reconciled(
    workspace: &Workspace,
    source: &Source<'_>,
    list: &List,
    discovery: &Discovery,
) -> Result<ListReport, Error> {
    let removals = |gone: &[RepoPath]| match workspace {
        Workspace::Git(repository, commit) => repository.removals(commit, gone),
        Workspace::Folder(_) => Ok(Vec::new()),
    };
    let Reconciliation { found, unusable, gone, unlisted } =
        reconcile(list, source.listing(), discovery, removals).map_err(|error| Error::environment(&error))?;
    let text = |path: &RepoPath| path.as_str().to_owned();
    Ok(ListReport {
        found: found.iter().map(text).collect(),
        unusable: unusable
            .iter()
            .map(|path| Refused { path: text(path), reason: unusable_reason(discovery, path) })
            .collect(),
        gone: gone
            .into_iter()
            .map(|gone| Gone {
                path: text(&gone.path),
                removed_in: gone.removed_in.map(|removed| removed.to_string()),
                why: gone.guess.as_ref().map(|guess| guess.why.to_string()),
                guess: gone.guess.map(|guess| text(&guess.path)),
            })
            .collect(),
        unlisted: unlisted.iter().map(text).collect(),
        refused: list
            .refused
            .iter()
            .map(|entry| Refused {
                path: shown(&entry.text).into_owned(),
                reason: format!("line {}: {}", entry.line, entry.why),
            })
            .collect(),
    })
}

/// Why a listed file that is there can not be used.
fn unusable_reason(discovery: &Discovery, path: &RepoPath) -> String {
    let refused = discovery.refused.iter().find(|refused| refused.path == *path);
    let left_out = discovery.left_out.iter().find(|(left_out, _)| left_out == path);
    refused
        .map(|refused| refused.reason.to_string())
        .or_else(|| left_out.map(|(_, why)| why.to_string()))
        .unwrap_or_else(|| "it is no regular file".into())
}
