//! `layerwright status`.

use super::campaign::check_repository;
use super::evidence::Verified;
use super::workspace::Workspace;
use super::{Error, Format, Kind, StatusArguments, human, plan as plan_command, write};
use crate::config::Config;
use crate::discover::Source;
use crate::plan::file::Plan;
use crate::status::{self, BranchStatus, Observed, Status};

/// Shows how far the campaign is, by the plan, its evidence and the repository alone.
pub fn run(arguments: &StatusArguments) -> Result<(), Error> {
    if !arguments.offline {
        return Err(Error::new(
            Kind::Usage,
            "pull requests can not be asked for yet: that comes with `report`",
        )
        .hint("layerwright status --offline tells what the plan and the repository say"));
    }
    let workspace = Workspace::open(&arguments.repository, arguments.rev.as_deref())?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let plan = plan(arguments, &workspace, &config)?;
    check_repository(&workspace, &plan)?;
    let status = observed(arguments, &workspace, &source, &config, &plan)?;
    match arguments.format {
        Format::Human => write::stdout(&human::status(&status)),
        Format::Json => {
            let json = serde_json::to_string_pretty(&status);
            let json = json.map_err(|error| Error::new(Kind::Environment, error.to_string()))?;
            write::raw(format!("{json}\n").as_bytes())
        }
    }
}

/// The plan that is named, or saved.
fn plan(arguments: &StatusArguments, workspace: &Workspace, config: &Config) -> Result<Plan, Error> {
    let saved = plan_command::saved_at(workspace, config)?;
    let there = arguments.plan.clone().or_else(|| saved.clone().filter(|path| path.is_file()));
    if let Some(path) = there {
        return plan_command::read(&path);
    }
    let place = saved.map_or("a bare repository".into(), |path| path.display().to_string());
    Err(Error::new(Kind::Usage, format!("there is no plan yet: {place} holds none"))
        .hint("make it with: layerwright plan --save; or name one with --plan FILE"))
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
    let campaign = config.campaign.name().to_owned();
    let branches = repository.heads(&format!("layerwright/{campaign}/"));
    let branches = branches.map_err(|error| Error::environment(&error))?;
    let Verified { standings, contradicted } = Verified::read(workspace, source, config, plan)?;
    let observed = Observed {
        listing: source.listing(),
        standings: &standings,
        trust: config.campaign.trust,
        contradicted: contradicted.as_deref(),
    };
    let waves = status::waves(plan, &observed);
    Ok(Status {
        schema: status::SCHEMA,
        campaign,
        revision: arguments.rev.clone().or_else(|| repository.head_branch()),
        commit: commit.as_str().to_owned(),
        next: waves.iter().find(|wave| !wave.is_done()).map(|wave| wave.number),
        contradicted,
        waves,
        branches: branches
            .into_iter()
            .map(|branch| BranchStatus { name: branch.name, commit: branch.commit.as_str().to_owned() })
            .collect(),
        skipped: status::skipped(plan),
        waivers: plan.waivers.clone(),
    })
}
