//! Opens and updates the pull requests and the tracking issue of a campaign.

mod clone;
mod cloned;
mod output;
pub(super) mod page;
mod proposals;
mod trust;

use std::path::PathBuf;
use std::time::SystemTime;

use super::atomic::WriteError;
use super::evidence::{self, EvidenceFolderError};
use super::github::{ChecksNeverRun, Credentials, GitHubAccess, GitHubAccessError, base_branch, in_clone};
use super::plan::list;
use super::saved_plan::{self, SavedPlanError};
use super::workspace::{Workspace, WorkspaceError, plan_path};
use super::{JudgeError, Notice, PlannedTextError, Watch, atomic};
use crate::campaign::evidence::Signatures;
use crate::campaign::plan::file::Plan;
use crate::campaign::policy::Policy;
use crate::campaign::progress::{Base, Progress, Step};
use crate::git::{CommitId, GitError};
use crate::github::{BaseBranch, GitHubForge, IssueAddress, RepositoryName};
use crate::report::ReportError;
use crate::report::recorder::{RecordedWrite, Recorder};
use crate::rollout::Forge;
use crate::text::secret::Secrets;

pub use clone::TemplateError;
pub(super) use cloned::{ClonedCampaign, files, progress, remember};
pub use output::{PerformedAction, ReportOutput};

/// The options of [`report`].
#[derive(Debug)]
pub struct ReportOptions {
    /// A folder of the repository.
    pub repository: PathBuf,
    /// The plan. `None` for the saved plan.
    pub plan: Option<Plan>,
    /// The destination of pull requests.
    pub target: ReportTarget,
    /// True if nothing is written to GitHub, and the result lists the actions that would be performed.
    pub dry_run: bool,
    /// True if a tracking issue is opened when there is none.
    pub create_issue: bool,
    /// The file to write the status page to.
    pub status_page: Option<PathBuf>,
    /// The values that the status page never holds.
    pub hidden: Secrets,
    /// Folders with evidence that counts before that of the campaign.
    pub evidence: Vec<PathBuf>,
    /// The trust in signatures of evidence.
    pub signatures: Signatures,
    /// The present time.
    pub now: SystemTime,
}

/// The destination of pull requests.
#[derive(Debug)]
pub enum ReportTarget {
    /// GitHub.
    GitHub(Box<GitHubReport>),
    /// A folder, with a patch and a text for each pull request, for other forges.
    Folder(PathBuf),
}

/// The options of a report on GitHub.
#[derive(Debug)]
pub struct GitHubReport {
    /// The access to GitHub.
    pub access: GitHubAccess,
    /// The tracking issue. `None` to find it by the label of the campaign.
    pub issue: Option<IssueAddress>,
    /// True if the token is the one that GitHub Actions gives to a workflow. Its actions start no other workflow.
    pub workflow_token: bool,
    /// True if pull requests are opened even if their required checks never run.
    pub allow_no_checks: bool,
}

/// The result of [`report`].
#[derive(Debug)]
pub struct Reported {
    /// The campaign.
    pub campaign: String,
    /// The repository on GitHub. `None` for another forge.
    pub repository: Option<RepositoryName>,
    /// The base branch of the pull requests.
    pub base: Base,
    /// True if nothing was written to a forge.
    pub rehearsal: bool,
    /// The number of the tracking issue; a placeholder in a rehearsal that would open it.
    pub issue: Option<u64>,
    /// The actions that were, or would be, performed, in order.
    pub actions: Vec<RecordedWrite>,
    /// The progress of the campaign after the actions.
    pub progress: Progress,
    /// The next step.
    pub step: Step,
    /// The changes that the forge refused, with its reasons.
    pub refused: Vec<String>,
}

/// An error of [`report`].
#[derive(Debug, thiserror::Error)]
pub enum ReportingError {
    /// The plan edits an instruction that a fresh analysis of the base branch proves to be unsafe.
    #[error("{path}:{line}: the plan edits this instruction, and `--link` would change the image: {why}")]
    Unsafe {
        /// The file.
        path: String,
        /// The line.
        line: usize,
        /// The reason.
        why: String,
    },
    /// The plan cannot be applied.
    #[error(transparent)]
    Planned(#[from] PlannedTextError),
    /// The Dockerfiles of the base branch cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// A folder without git has no branches.
    #[error("this folder is not a git repository, so there is nothing to propose")]
    NoRepository,
    /// Evidence has to be signed, and no key can check it.
    #[error("there is no key to check signatures with")]
    NoKey,
    /// The repository cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The plan cannot be used.
    #[error(transparent)]
    SavedPlan(#[from] SavedPlanError),
    /// GitHub cannot be accessed.
    #[error(transparent)]
    GitHub(#[from] GitHubAccessError),
    /// The tracking issue is in another repository.
    #[error("the tracking issue {issue} is not in {repository}")]
    IssueElsewhere {
        /// The issue.
        issue: IssueAddress,
        /// The repository on GitHub.
        repository: RepositoryName,
    },
    /// Required checks would never run.
    #[error(transparent)]
    ChecksNeverRun(#[from] ChecksNeverRun),
    /// The evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceFolderError),
    /// The template for the texts of pull requests cannot be used.
    #[error(transparent)]
    Template(#[from] TemplateError),
    /// The pull requests cannot be read.
    #[error(transparent)]
    Report(#[from] ReportError),
    /// An action failed. The earlier actions are not undone.
    #[error("{source}")]
    Stopped {
        /// The earlier actions.
        actions: Vec<RecordedWrite>,
        /// The cause.
        source: ReportError,
    },
    /// The status page cannot be made.
    #[error(transparent)]
    Page(#[from] serde_json::Error),
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Opens the next pull requests, updates the open ones and the tracking issue. It is safe to run again.
///
/// ```no_run
/// use std::time::SystemTime;
///
/// use layerwright::ops::{self, ReportOptions, ReportTarget};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let options = ReportOptions {
///     repository: ".".into(),
///     plan: None,
///     target: ReportTarget::Folder("proposals".into()),
///     dry_run: false,
///     create_issue: false,
///     status_page: None,
///     hidden: Default::default(),
///     evidence: Vec::new(),
///     signatures: Default::default(),
///     now: SystemTime::now(),
/// };
/// println!("{}", serde_json::to_string(&ops::report(&options, &|_| {})?.output())?);
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`ReportingError`]. Earlier actions are not undone.
pub fn report(options: &ReportOptions, watch: &Watch<'_>) -> Result<Reported, ReportingError> {
    let workspace = Workspace::open(&options.repository, None)?;
    let Workspace::Git(repository, head) = &workspace else { return Err(ReportingError::NoRepository) };
    let config = workspace.config(&workspace.source()?)?;
    let plan = saved_plan::required(&workspace, &config, options.plan.as_ref())?;
    let mut signatures = options.signatures.clone();
    signatures.required |= config.report.require_signed;
    if signatures.required && signatures.key.is_none() {
        return Err(ReportingError::NoKey);
    }
    if !options.dry_run {
        evidence::move_left(&workspace, &config, watch)?;
    }
    let campaign = ClonedCampaign {
        workspace: &workspace,
        repository,
        config: &config,
        plan: &plan,
        branch: String::new(),
        commit: head.clone(),
        issue: None,
        create_issue: options.create_issue,
        page: None,
        folders: &options.evidence,
        signatures: &signatures,
        now: options.now,
    };
    match &options.target {
        ReportTarget::Folder(_) => {
            let branch = config.report.base.clone().or_else(|| repository.head_branch());
            let branch = branch.unwrap_or_else(|| "HEAD".to_owned());
            rehearse_or_write(&ClonedCampaign { branch, ..campaign }, options, None, watch)
        }
        ReportTarget::GitHub(target) => on_github(&campaign, options, target, watch),
    }
}

fn on_github(
    campaign: &ClonedCampaign<'_>,
    options: &ReportOptions,
    target: &GitHubReport,
    watch: &Watch<'_>,
) -> Result<Reported, ReportingError> {
    let (repository, config) = (campaign.repository, campaign.config);
    let name = target.access.repository_name(repository, config)?;
    let planned = planned_issue(campaign.plan, &name).filter(|_| !options.create_issue);
    let issue = issue_in(target.issue.as_ref(), &name)?.or(planned);
    let client = target.access.client(&name, repository)?;
    let (branch, found) = base_branch(&client, &name, config, watch).map_err(GitHubAccessError::from)?;
    refuse_without_checks(target, &branch, &found, watch)?;
    let commit = in_clone(repository, &found.commit, &name)?;
    if options.plan.is_none() {
        note_other_plan(campaign, &commit, &branch, watch)?;
    }
    let forge = GitHubForge::new(&client, name.clone(), repository);
    let campaign = ClonedCampaign { branch, commit, issue, page: forge.page(), ..campaign.clone() };
    rehearse_or_write(&campaign, options, Some((&forge, &name)), watch)
}

/// Says that the saved plan is not that of the base branch: people would read pull requests of a plan that they cannot see.
fn note_other_plan(
    campaign: &ClonedCampaign<'_>,
    commit: &CommitId,
    branch: &str,
    watch: &Watch<'_>,
) -> Result<(), ReportingError> {
    let place = plan_path(campaign.config)?;
    let saved = saved_plan::saved_at(campaign.workspace, campaign.config)?;
    let Some(saved) = saved else { return Ok(()) };
    if saved_plan::is_uncommitted(campaign.repository, commit, &place, &saved)? {
        let what = format!("note: {branch} has another plan than {place}, or none: commit and push it");
        watch(&Notice::PassedOver(&what));
    }
    Ok(())
}

/// Returns the number of the named tracking issue. Returns an error if it is in another repository.
fn issue_in(issue: Option<&IssueAddress>, name: &RepositoryName) -> Result<Option<u64>, ReportingError> {
    let Some(issue) = issue else { return Ok(None) };
    if issue.repository.to_string().eq_ignore_ascii_case(&name.to_string()) {
        return Ok(Some(issue.number));
    }
    Err(ReportingError::IssueElsewhere { issue: issue.clone(), repository: name.clone() })
}

/// Returns the number of the issue that the plan was made from, if it is in the repository.
fn planned_issue(plan: &Plan, name: &RepositoryName) -> Option<u64> {
    let issue: IssueAddress = plan.list.as_ref()?.issue.as_ref()?.parse().ok()?;
    issue_in(Some(&issue), name).ok().flatten()
}

/// Returns an error if required checks would never run: actions with `GITHUB_TOKEN` start no workflow.
fn refuse_without_checks(
    target: &GitHubReport,
    branch: &str,
    found: &BaseBranch,
    watch: &Watch<'_>,
) -> Result<(), ReportingError> {
    let starts_workflows =
        !target.workflow_token || matches!(target.access.credentials, Some(Credentials::App(_)));
    if found.required_checks.is_empty() || starts_workflows {
        return Ok(());
    }
    let checks = found.required_checks.clone();
    let error = ChecksNeverRun { branch: branch.to_owned(), checks };
    if target.allow_no_checks {
        watch(&Notice::ChecksNeverRun(&error));
        return Ok(());
    }
    Err(error.into())
}

/// Reports through a forge, or rehearses the report.
fn rehearse_or_write(
    campaign: &ClonedCampaign<'_>,
    options: &ReportOptions,
    forge: Option<(&GitHubForge<'_>, &RepositoryName)>,
    watch: &Watch<'_>,
) -> Result<Reported, ReportingError> {
    let confirmed = trust::confirmed(campaign, watch)?;
    let recorder = match forge {
        Some((forge, _)) if !options.dry_run => Recorder::new(forge),
        Some((forge, _)) => Recorder::rehearsal(Some(forge)),
        None => Recorder::rehearsal(None),
    };
    campaign.with(&confirmed, &recorder, watch, |report, source, texts| {
        let done = adopt(&recorder, report.policy, campaign.issue).and_then(|()| report.run());
        let stopped = |source| ReportingError::Stopped { actions: recorder.deeds(), source };
        let (observed, refused) = done.map_err(stopped)?;
        let progress = progress(report, &observed)?;
        if forge.is_some() && !options.dry_run {
            remember(campaign, report, &observed);
        }
        if let Some(path) = &options.status_page {
            let on_forge = forge.map(|(forge, name)| (forge.page(), name.to_string()));
            let page = page::render(campaign, report, texts, &progress, &observed, on_forge)?;
            atomic::write(path, options.hidden.hide(&page).as_bytes())?;
        }
        let actions = recorder.deeds();
        let step = match &options.target {
            ReportTarget::Folder(_) if !actions.is_empty() => Step::by_hand(actions.len()),
            ReportTarget::GitHub(_) if options.dry_run && !actions.is_empty() => {
                Step::rehearsed(actions.len())
            }
            _ => progress.next_step(report.policy.report.max_open),
        };
        let planned = forge.and_then(|(_, name)| planned_issue(campaign.plan, name));
        let issue = observed.issue.as_ref().filter(|issue| Some(issue.number) == planned);
        let listed = issue.map(|issue| list::changed(campaign.plan, &issue.body, campaign.config, source));
        let address = campaign.plan.list.as_ref().and_then(|list| list.issue.as_deref());
        let step = match (address, listed) {
            (Some(address), Some(listed)) if !listed.is_empty() => step.after_list(address, listed),
            _ => step,
        };
        if let (ReportTarget::Folder(folder), false) = (&options.target, options.dry_run) {
            proposals::write(&actions, folder, campaign.workspace, source)?;
        }
        Ok(Reported {
            campaign: texts.names.campaign().to_owned(),
            repository: forge.map(|(_, name)| name.clone()),
            base: report.base.clone(),
            rehearsal: options.dry_run || forge.is_none(),
            issue: observed.issue.as_ref().map(|issue| issue.number),
            actions,
            step,
            refused,
            progress,
        })
    })
}

/// Adds the label of the campaign to a named issue. Later runs find the issue by it.
fn adopt(forge: &dyn Forge, policy: &Policy, issue: Option<u64>) -> Result<(), ReportError> {
    let Some(number) = issue else { return Ok(()) };
    let label = policy.names.label();
    if !forge.issues_labelled(&label)?.contains(&number) {
        forge.add_labels(number, std::slice::from_ref(&label))?;
    }
    Ok(())
}
