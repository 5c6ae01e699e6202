//! `layerwright report`.

mod local;
mod patch;
mod shown;

use std::collections::BTreeMap;

use super::campaign::check_repository;
use super::workspace::Workspace;
use super::{
    Error, Format, GitHubArguments, Kind, ReportArguments, evidence, github, plan as plan_command, write,
};
use crate::config::Config;
use crate::discover::Source;
use crate::git::{CommitId, GitError, RepoPath, Repository};
use crate::github::{BaseBranch, Client, GitHubForge, RepositoryName};
use crate::plan::file::Plan;
use crate::report::recorder::Recorder;
use crate::report::texts::Writer;
use crate::report::{self, Report, ReportError};
use crate::rollout::{Base, Forge, Observed, Policy, Progress};
use local::Local;
use shown::Shown;

/// Opens the pull requests that are next, keeps those that there are, and writes the tracking issue.
pub fn run(arguments: &ReportArguments) -> Result<(), Error> {
    let place = Workspace::open(&arguments.repository, None)?;
    let Workspace::Git(repository, head) = &place else {
        return Err(Error::new(
            Kind::Usage,
            "this folder is no git repository, so there is nothing to propose",
        )
        .hint("run it in a clone, or name one with --repository DIR"));
    };
    let config = place.config(&place.source()?)?;
    let plan = plan_command::saved(&place, &config, arguments.plan.as_deref())?;
    check_repository(&place, &plan)?;
    if arguments.out.is_some() {
        let branch = config.report.base.clone().or_else(|| repository.head_branch());
        let base = (branch.unwrap_or_else(|| "HEAD".to_owned()), head.clone());
        return Job { arguments, config: &config, plan: &plan, base: &base, place: &place }
            .report(None, None);
    }
    let name = repository_name(&arguments.github, repository)?;
    let issue = issue_in(arguments, &name)?;
    let client = github::client(&arguments.github, &name)?.keeping(repository.git_dir().join(KEPT));
    let phase = super::workspace::phase("Asking GitHub");
    let base = base_branch(&client, &name, &config);
    phase.finish_and_clear();
    let (branch, found) = base?;
    refuse_without_checks(arguments, &branch, &found)?;
    let base = (branch, in_clone(repository, &found.commit, &name)?);
    let forge = GitHubForge::new(&client, name.clone(), repository);
    Job { arguments, config: &config, plan: &plan, base: &base, place: &place }
        .report(Some((&forge, &name)), issue)
}

/// Where answers of GitHub are kept, below the repository's git directory.
pub const KEPT: &str = "layerwright/github";

/// The repository on GitHub: the one that is named, or that of the remote `origin`.
pub fn repository_name(
    arguments: &GitHubArguments,
    repository: &Repository,
) -> Result<RepositoryName, Error> {
    if let Some(name) = &arguments.repo {
        return Ok(name.clone());
    }
    let url = repository.remote_url("origin");
    let found = url.as_deref().and_then(RepositoryName::of_remote).map(|(_, name)| name);
    found.ok_or_else(|| {
        Error::new(Kind::Usage, "the remote `origin` names no repository on GitHub")
            .hint("name it with --repo OWNER/REPO")
    })
}

/// The number of the tracking issue that is named, which has to be in the same repository.
fn issue_in(arguments: &ReportArguments, name: &RepositoryName) -> Result<Option<u64>, Error> {
    let Some(issue) = &arguments.issue else { return Ok(None) };
    if issue.repository.to_string().eq_ignore_ascii_case(&name.to_string()) {
        return Ok(Some(issue.number));
    }
    let message = format!("the tracking issue {issue} is in another repository than {name}");
    Err(Error::new(Kind::Usage, message)
        .hint("name an issue of the repository itself, or pass --create-issue"))
}

/// The branch that pull requests are for, as GitHub has it.
pub fn base_branch(
    client: &Client,
    name: &RepositoryName,
    config: &Config,
) -> Result<(String, BaseBranch), Error> {
    let failed = |error| Error::environment(&error);
    let branch = match &config.report.base {
        Some(branch) => branch.clone(),
        None => client.default_branch(name).map_err(failed)?,
    };
    let found = client.base_branch(name, &branch).map_err(failed)?;
    Ok((branch, found))
}

/// The commit, if the clone has it.
pub fn in_clone(repository: &Repository, commit: &str, name: &RepositoryName) -> Result<CommitId, Error> {
    repository.resolve(Some(commit)).map_err(|error| match error {
        GitError::RevisionNotFound { .. } | GitError::NotACommit { .. } => Error::new(
            Kind::Environment,
            format!("this clone does not have {commit}, at which the base branch of {name} is"),
        )
        .hint("fetch it: git fetch origin; or name the repository that this is a clone of with --repo"),
        error => Error::environment(&error),
    })
}

/// What `GITHUB_TOKEN` does starts no workflow, so required checks would never run on what it opens.
fn refuse_without_checks(arguments: &ReportArguments, branch: &str, found: &BaseBranch) -> Result<(), Error> {
    if found.required_checks.is_empty() || !github::is_actions_token() || arguments.github.app_id.is_some() {
        return Ok(());
    }
    let checks: Vec<&str> = found.required_checks.iter().map(String::as_str).collect();
    let message = format!(
        "{branch} requires checks ({}), and what GITHUB_TOKEN opens starts no workflow: they would never run",
        checks.join(", ")
    );
    if arguments.allow_no_checks {
        write::remark(&format!("note: {message}"));
        return Ok(());
    }
    Err(Error::new(Kind::Refused, message)
        .hint("give a GitHub App with --app-id and --app-key, whose pull requests start workflows")
        .hint("if people close and open each pull request to start them, pass --allow-no-checks"))
}

/// What a report is about.
struct Job<'a> {
    arguments: &'a ReportArguments,
    config: &'a Config,
    plan: &'a Plan,
    /// The branch that pull requests are for, and the commit that it is at.
    base: &'a (String, CommitId),
    place: &'a Workspace,
}

impl Job<'_> {
    fn report(
        &self,
        forge: Option<(&GitHubForge<'_>, &RepositoryName)>,
        issue: Option<u64>,
    ) -> Result<(), Error> {
        let Self { arguments, config, plan, base: (branch, commit), place } = *self;
        let Workspace::Git(repository, _) = place else { return Ok(()) };
        let source = Source::commit(repository, commit).map_err(|error| Error::environment(&error))?;
        let measured = evidence::read(place, &source, config)?;
        let evidence = evidence::rollout(&measured, plan, config, &source, repository, commit)?;
        let local = Local { repository, commit, source: &source, config, measured: &measured };
        let template = local.template()?;
        let platforms =
            config.build.iter().map(|(path, build)| (path.clone(), build.platforms.clone())).collect();
        let evidence_file = |path: &str| report::Clone::evidence_path(&local, path);
        let texts = Writer {
            campaign: config.campaign.name(),
            plan,
            measured: &measured,
            evidence: &evidence,
            evidence_file: &evidence_file,
            template: &template,
            platforms: &platforms,
        };
        let policy = Policy { create_issue: arguments.create_issue, ..Policy::new(config) };
        let base =
            Base { branch: branch.clone(), commit: commit.as_str().to_owned(), blobs: blobs(plan, &source) };
        let rehearses = arguments.dry_run || arguments.out.is_some();
        let through: Option<&dyn Forge> = forge.map(|(forge, _)| forge as &dyn Forge);
        let recorder = match through {
            Some(forge) if !rehearses => Recorder::new(forge),
            forge => Recorder::rehearsal(forge),
        };
        let report = Report {
            forge: &recorder,
            clone: &local,
            plan,
            evidence: &evidence,
            policy: &policy,
            texts: &texts,
            base: &base,
            issue,
            now: github::now(),
            tell: &|what| write::remark(what),
        };
        let done = adopted(&recorder, &policy, issue).and_then(|()| report.run());
        let observed = done.map_err(|error| failed(&error, &recorder))?;
        let progress = progress(&report, &observed)?;
        let name = forge.map(|(_, name)| name.to_string());
        let shown = Shown {
            config,
            base: &base,
            name,
            rehearses,
            deeds: recorder.deeds(),
            progress: &progress,
            observed: &observed,
        };
        if let Some(folder) = &arguments.out {
            shown.write_to(folder, &source)?;
        }
        match arguments.format {
            Format::Human => write::stdout(&shown.human(arguments.dry_run)),
            Format::Json => write::raw(shown.json()?.as_bytes()),
        }
    }
}

/// What was done before stays, and is told.
fn failed(error: &ReportError, recorder: &Recorder<'_>) -> Error {
    for line in shown::deeds(&recorder.deeds()) {
        write::remark(&line);
    }
    let error = Error::environment(error);
    error.hint("run the command again: it looks at what there is and goes on from there")
}

/// How far the campaign is by what was observed.
pub fn progress(report: &Report<'_>, observed: &Observed) -> Result<Progress, Error> {
    Progress::new(&report.campaign(observed)).map_err(|error| Error::environment(&error))
}

/// Gives an issue that people named the campaign's label, by which it is found from then on.
fn adopted(forge: &dyn Forge, policy: &Policy, issue: Option<u64>) -> Result<(), ReportError> {
    let Some(number) = issue else { return Ok(()) };
    if !forge.issues_labelled(&policy.label)?.contains(&number) {
        forge.add_labels(number, std::slice::from_ref(&policy.label))?;
    }
    Ok(())
}

/// The ids of the texts of the plan's files.
pub fn blobs(plan: &Plan, source: &Source<'_>) -> BTreeMap<String, String> {
    let blob = |path: &String| {
        let entry = source.listing().get(&RepoPath::new(path).ok()?)?;
        Some((path.clone(), entry.blob.as_ref()?.as_str().to_owned()))
    };
    plan.files.iter().filter_map(|file| blob(&file.path)).collect()
}
