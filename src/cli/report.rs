//! `layerwright report`.

mod arguments;
pub mod job;
mod local;
mod page;
mod patch;
mod shown;

use super::progress::spinner;
use super::{Error, Format, GitHubArguments, Kind, github, input, write};
use crate::config::Config;
use crate::git::{CommitId, GitError, Repository};
use crate::github::{BaseBranch, Client, GitHubForge, RepositoryName};
use crate::ops::saved_plan;
use crate::ops::workspace::Workspace;
use crate::report::ReportError;
use crate::report::recorder::Recorder;
use crate::rollout::{Forge, Policy};
pub use arguments::ReportArguments;
use job::Job;
use shown::Shown;
pub use shown::{Action, Printed};

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
    let given = input::plan(arguments.plan.as_deref())?;
    let plan = saved_plan::required(&place, &config, given.as_ref())?;
    let (config, plan) = (&config, &*plan);
    let job = |branch: String, commit: CommitId, issue: Option<u64>| {
        let create_issue = arguments.create_issue;
        Job { place: &place, repository, config, plan, branch, commit, issue, create_issue }
    };
    if arguments.out.is_some() {
        let branch = config.report.base.clone().or_else(|| repository.head_branch());
        return report(
            &job(branch.unwrap_or_else(|| "HEAD".to_owned()), head.clone(), None),
            arguments,
            None,
        );
    }
    let name = repository_name(&arguments.github, repository)?;
    let issue = issue_in(arguments, &name)?;
    let client = github::client(&arguments.github, &name)?.keeping(repository.git_dir().join(KEPT));
    let (branch, found) = base_branch(&client, &name, config)?;
    refuse_without_checks(arguments, &branch, &found)?;
    let commit = in_clone(repository, &found.commit, &name)?;
    let forge = GitHubForge::new(&client, name.clone(), repository);
    report(&job(branch, commit, issue), arguments, Some((&forge, &name)))
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
    let phase = spinner("Asking GitHub");
    let branch = match &config.report.base {
        Some(branch) => branch.clone(),
        None => client.default_branch(name).map_err(failed)?,
    };
    let found = client.base_branch(name, &branch).map_err(failed)?;
    phase.finish_and_clear();
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

/// Reports through a forge, or rehearses that.
fn report(
    job: &Job<'_>,
    arguments: &ReportArguments,
    forge: Option<(&GitHubForge<'_>, &RepositoryName)>,
) -> Result<(), Error> {
    let rehearses = arguments.dry_run || arguments.out.is_some();
    let recorder = match forge {
        Some((forge, _)) if !rehearses => Recorder::new(forge),
        Some((forge, _)) => Recorder::rehearsal(Some(forge)),
        None => Recorder::rehearsal(None),
    };
    job.with(&recorder, |report, source, texts| {
        let done = adopted(&recorder, report.policy, job.issue).and_then(|()| report.run());
        let observed = done.map_err(|error| failed(&error, &recorder))?;
        let progress = job::progress(report, &observed)?;
        if let Some(path) = &arguments.status_page {
            let on_forge = forge.map(|(forge, name)| (forge.page(), name.to_string()));
            page::write(path, job, report, texts, &progress, &observed, on_forge)?;
        }
        let shown = Shown {
            config: job.config,
            base: report.base,
            name: forge.map(|(_, name)| name.to_string()),
            rehearses,
            deeds: recorder.deeds(),
            progress: &progress,
            observed: &observed,
        };
        if let Some(folder) = &arguments.out {
            shown.write_to(folder, source)?;
        }
        match arguments.format {
            Format::Human => write::stdout(&shown.human(arguments.dry_run)),
            Format::Json => write::raw(shown.json()?.as_bytes()),
        }
    })
}

/// What was done before stays, and is told.
fn failed(error: &ReportError, recorder: &Recorder<'_>) -> Error {
    for line in shown::deeds(&recorder.deeds()) {
        write::remark(&line);
    }
    let error = Error::environment(error);
    error.hint("run the command again: it looks at what there is and goes on from there")
}

/// Gives an issue that people named the campaign's label, by which it is found from then on.
fn adopted(forge: &dyn Forge, policy: &Policy, issue: Option<u64>) -> Result<(), ReportError> {
    let Some(number) = issue else { return Ok(()) };
    let label = policy.names.label();
    if !forge.issues_labelled(&label)?.contains(&number) {
        forge.add_labels(number, std::slice::from_ref(&label))?;
    }
    Ok(())
}
