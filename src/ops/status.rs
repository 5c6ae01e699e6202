//! Reads the progress of a campaign.

use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::atomic::{self, WriteError};
use super::evidence::{Assessed, EvidenceFolderError};
use super::github::{GitHubAccessError, base_branch, in_clone};
use super::local_progress;
use super::report::{ClonedCampaign, ReportingError, files, page, progress, remember};
use super::saved_plan::{self, SavedPlanError};
use super::workspace::{Workspace, WorkspaceError};
use super::{GitHubAccess, Watch};
use crate::campaign::evidence::Signatures;
use crate::campaign::names::Names;
use crate::campaign::plan::file::Plan;
use crate::campaign::progress::status::{self, BranchStatus, Status, StatusInputs};
use crate::campaign::progress::{Observed, Progress};
use crate::config::Config;
use crate::discover::{self, DiscoverError, SourceTree};
use crate::git::{GitError, Repository};
use crate::github::{GitHubForge, RepositoryName};
use crate::report::recorder::Recorder;
use crate::text::secret::Secrets;

/// The options of [`status()`].
#[derive(Debug)]
pub struct StatusOptions {
    /// A folder of the repository.
    pub repository: PathBuf,
    /// The plan. `None` for the saved plan.
    pub plan: Option<Plan>,
    /// The access to GitHub. `None` to read only the plan and the repository.
    pub github: Option<GitHubAccess>,
    /// Without GitHub: the base branch, or a commit of it. `None` for HEAD.
    pub rev: Option<String>,
    /// Folders with evidence that counts before that of the campaign.
    pub evidence: Vec<PathBuf>,
    /// The file to write the status page to.
    pub page: Option<PathBuf>,
    /// The values that the page never holds.
    pub hidden: Secrets,
    /// The present time, which the page shows.
    pub now: SystemTime,
}

/// An error of [`status()`].
#[derive(Debug, thiserror::Error)]
pub enum StatusError {
    /// A folder without git has no base branch.
    #[error("this folder is not a git repository, so the progress is unknown")]
    NoRepository,
    /// The repository cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The plan cannot be used.
    #[error(transparent)]
    SavedPlan(#[from] SavedPlanError),
    /// The evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceFolderError),
    /// GitHub cannot be accessed.
    #[error(transparent)]
    GitHub(#[from] GitHubAccessError),
    /// The pull requests cannot be read.
    #[error(transparent)]
    Report(#[from] ReportingError),
    /// The page cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A glob of the configuration is invalid.
    #[error(transparent)]
    Discover(#[from] DiscoverError),
}

impl StatusOptions {
    /// Creates options that compare the saved plan with HEAD, without GitHub.
    pub fn new(repository: impl Into<PathBuf>) -> Self {
        Self {
            repository: repository.into(),
            plan: None,
            github: None,
            rev: None,
            evidence: Vec::new(),
            page: None,
            hidden: Secrets::default(),
            now: SystemTime::UNIX_EPOCH,
        }
    }
}

/// Reads the progress of a campaign from its plan, its evidence and the repository, and also from its pull requests if
/// [`StatusOptions::github`] is given.
///
/// # Errors
///
/// [`StatusError`]
pub fn status(options: &StatusOptions, watch: &Watch<'_>) -> Result<Status, StatusError> {
    let workspace = Workspace::open(&options.repository, options.rev.as_deref())?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let plan = saved_plan::required(&workspace, &config, options.plan.as_ref())?;
    if let (Workspace::Git(repository, _), Some(access)) = (&workspace, &options.github) {
        return on_github(options, access, &workspace, repository, &config, &plan, watch);
    }
    let (status, progress) = in_repository(options, &workspace, &source, &config, &plan, None, watch)?;
    if let Some(path) = &options.page {
        write_page(path, options, &workspace, &config, &plan, &status, &progress)?;
    }
    Ok(status)
}

/// Writes the page of what the clone shows.
fn write_page(
    path: &Path,
    options: &StatusOptions,
    workspace: &Workspace,
    config: &Config,
    plan: &Plan,
    status: &Status,
    progress: &Progress,
) -> Result<(), StatusError> {
    let Workspace::Git(repository, commit) = workspace else { return Err(StatusError::NoRepository) };
    let campaign = ClonedCampaign {
        workspace,
        repository,
        config,
        plan,
        branch: status.revision.clone().unwrap_or_else(|| "HEAD".to_owned()),
        commit: commit.clone(),
        issue: None,
        create_issue: false,
        page: None,
        folders: &options.evidence,
        signatures: &Signatures::default(),
        now: options.now,
    };
    let origin = repository.remote_url("origin");
    let on_forge = origin.as_deref().and_then(RepositoryName::of_remote);
    let on_forge = on_forge.map(|(host, name)| (Some(format!("https://{host}/{name}")), name.to_string()));
    let html = campaign.with(plan, &Recorder::rehearsal(None), &|_| {}, |report, _, texts| {
        page::render(&campaign, report, texts, progress, &Observed::default(), on_forge)
    })?;
    Ok(atomic::write(path, options.hidden.hide(&html).as_bytes())?)
}

/// Reads the progress from the base branch on GitHub and the pull requests.
fn on_github(
    options: &StatusOptions,
    access: &GitHubAccess,
    workspace: &Workspace,
    repository: &Repository,
    config: &Config,
    plan: &Plan,
    watch: &Watch<'_>,
) -> Result<Status, StatusError> {
    let name = access.repository_name(repository, config)?;
    let client = access.client(&name, repository)?;
    let (branch, found) = base_branch(&client, &name, config, watch).map_err(GitHubAccessError::from)?;
    let commit = in_clone(repository, &found.commit, &name)?;
    let forge = GitHubForge::new(&client, name.clone(), repository);
    let campaign = ClonedCampaign {
        workspace,
        repository,
        config,
        plan,
        branch: branch.clone(),
        commit,
        issue: None,
        create_issue: false,
        page: forge.page(),
        folders: &options.evidence,
        signatures: &Signatures::default(),
        now: access.clock.now(),
    };
    let (progress, html) = campaign.with(campaign.plan, &forge, watch, |report, _, texts| {
        let mut observed = report.observe()?;
        report.answer_all(&mut observed)?;
        remember(&campaign, report, &observed);
        let progress = progress(report, &observed)?;
        let on_forge = Some((forge.page(), name.to_string()));
        let html = match options.page {
            Some(_) => Some(page::render(&campaign, report, texts, &progress, &observed, on_forge)?),
            None => None,
        };
        Ok((progress, html))
    })?;
    if let (Some(path), Some(html)) = (&options.page, html) {
        atomic::write(path, options.hidden.hide(&html).as_bytes())?;
    }
    let on_base = Workspace::open(&options.repository, Some(&found.commit))?;
    let source = on_base.source()?;
    let (status, _) =
        in_repository(options, &on_base, &source, config, plan, Some(progress.clone()), &|_| {})?;
    Ok(Status { revision: Some(branch), files: Some(files(&progress)), ..status })
}

/// Compares the plan and its evidence with the commit, and reads the local branches. Without `progress`, it is that which
/// the clone shows.
fn in_repository(
    options: &StatusOptions,
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
    plan: &Plan,
    progress: Option<Progress>,
    watch: &Watch<'_>,
) -> Result<(Status, Progress), StatusError> {
    let Workspace::Git(repository, commit) = workspace else { return Err(StatusError::NoRepository) };
    let names = Names::new(&config.campaign.dir);
    let branches = repository.heads(&names.branch_prefix())?;
    let assessed = Assessed::read(workspace, source, config, plan, &options.evidence, watch)?;
    let progress = match progress {
        Some(progress) => progress,
        None => local_progress::progress(workspace, source, config, plan, &assessed)?,
    };
    let step = progress.next_step(config.report.max_open);
    let Assessed { states, contradicted, .. } = assessed;
    let new = match plan.list {
        Some(_) => Vec::new(),
        None => discover::unknown_files(
            source,
            &discover::Options::new(&config.files.include, &config.files.exclude)?,
            &plan.paths(),
        ),
    };
    let inputs = StatusInputs {
        listing: source.listing(),
        evidence: &states,
        trust: config.campaign.trust,
        contradicted: contradicted.as_deref(),
    };
    let waves = status::waves(plan, &inputs);
    let status = Status {
        schema: status::SCHEMA,
        campaign: names.campaign().to_owned(),
        revision: options.rev.clone().or_else(|| repository.head_branch()),
        commit: commit.as_str().to_owned(),
        next: step.wave.or_else(|| progress.unfinished_wave()),
        step,
        finished: progress.finished(),
        new: new.into_iter().map(|path| path.to_string()).collect(),
        contradicted,
        waves,
        branches: branches
            .into_iter()
            .map(|branch| BranchStatus { name: branch.name, commit: branch.commit.as_str().to_owned() })
            .collect(),
        files: None,
        skipped: status::skipped(plan),
        waivers: plan.waivers.clone(),
    };
    Ok((status, progress))
}
