//! `layerwright status`.

use super::report::job::{self, Job};
use super::{Error, Format, Kind, StatusArguments, github, human, input, report, write};
use crate::campaign::names::Names;
use crate::campaign::plan::file::Plan;
use crate::campaign::status::{self, BranchStatus, Observed, Status};
use crate::config::Config;
use crate::discover::Source;
use crate::git::Repository;
use crate::github::GitHubForge;
use crate::ops::evidence::Assessed;
use crate::ops::saved_plan;
use crate::ops::workspace::Workspace;
use crate::report::ReportError;

/// Shows how far the campaign is, by the plan, its evidence and the repository, and by its pull requests unless nobody is
/// to be asked.
pub fn run(arguments: &StatusArguments) -> Result<(), Error> {
    let workspace = Workspace::open(&arguments.repository, arguments.rev.as_deref())?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let given = input::plan(arguments.plan.as_deref())?;
    let plan = saved_plan::required(&workspace, &config, given.as_ref())?;
    let status = match (&workspace, arguments.offline) {
        (Workspace::Git(repository, _), false) => asked(arguments, &workspace, repository, &config, &plan)?,
        _ => observed(arguments, &workspace, &source, &config, &plan)?,
    };
    match arguments.format {
        Format::Human => write::stdout(&human::status(&status)),
        Format::Json => {
            let json = serde_json::to_string_pretty(&status);
            let json = json.map_err(|error| Error::new(Kind::Environment, error.to_string()))?;
            write::raw(format!("{json}\n").as_bytes())
        }
    }
}

/// The same of the base branch as GitHub has it, with the pull requests.
fn asked(
    arguments: &StatusArguments,
    place: &Workspace,
    repository: &Repository,
    config: &Config,
    plan: &Plan,
) -> Result<Status, Error> {
    let name = report::repository_name(&arguments.github, repository)?;
    let client = github::client(&arguments.github, &name)?.keeping(repository.git_dir().join(report::KEPT));
    let (branch, found) = report::base_branch(&client, &name, config)?;
    let commit = report::in_clone(repository, &found.commit, &name)?;
    let job = Job {
        place,
        repository,
        config,
        plan,
        branch: branch.clone(),
        commit,
        issue: None,
        create_issue: false,
    };
    let files = job.with(&GitHubForge::new(&client, name, repository), |report, _, _| {
        let failed = |error: ReportError| Error::environment(&error);
        let mut observed = report.observe().map_err(failed)?;
        report.answer_all(&mut observed).map_err(failed)?;
        job::progress(report, &observed).map(|progress| job::files(&progress))
    })?;
    let there = Workspace::open(&arguments.repository, Some(&found.commit))?;
    let source = there.source()?;
    let status = observed(arguments, &there, &source, config, plan)?;
    Ok(Status { revision: Some(branch), files: Some(files), ..status })
}

/// The plan and its evidence against the commit, and the branches that there are.
fn observed(
    arguments: &StatusArguments,
    workspace: &Workspace,
    source: &Source<'_>,
    config: &Config,
    plan: &Plan,
) -> Result<Status, Error> {
    let Workspace::Git(repository, commit) = workspace else {
        return Err(Error::new(
            Kind::Usage,
            "this folder is no git repository, so no branch says what is done",
        )
        .hint("run it in a clone, or name one with --repository DIR"));
    };
    let names = Names::new(&config.campaign.dir);
    let branches = repository.heads(&names.branch_prefix());
    let branches = branches.map_err(|error| Error::environment(&error))?;
    let Assessed { standings, contradicted } = Assessed::read(workspace, source, config, plan)?;
    let observed = Observed {
        listing: source.listing(),
        standings: &standings,
        trust: config.campaign.trust,
        contradicted: contradicted.as_deref(),
    };
    let waves = status::waves(plan, &observed);
    Ok(Status {
        schema: status::SCHEMA,
        campaign: names.campaign().to_owned(),
        revision: arguments.rev.clone().or_else(|| repository.head_branch()),
        commit: commit.as_str().to_owned(),
        next: waves.iter().find(|wave| !wave.is_done()).map(|wave| wave.number),
        contradicted,
        waves,
        branches: branches
            .into_iter()
            .map(|branch| BranchStatus { name: branch.name, commit: branch.commit.as_str().to_owned() })
            .collect(),
        files: None,
        skipped: status::skipped(plan),
        waivers: plan.waivers.clone(),
    })
}
