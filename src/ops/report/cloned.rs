//! Reads a campaign from the clone, for a report on a forge.

use std::path::PathBuf;
use std::time::SystemTime;

use super::ReportingError;
use super::clone::LocalClone;
use crate::campaign::evidence::Signatures;
use crate::campaign::plan::file::Plan;
use crate::campaign::policy::Policy;
use crate::campaign::progress::status::PullProgress;
use crate::campaign::progress::{Base, FileProgress, Observed, Progress, SeenPulls, state_words};
use crate::config::Config;
use crate::discover::SourceTree;
use crate::git::{CommitId, Repository};
use crate::github::quoted;
use crate::ops::local_progress::{self, blobs};
use crate::ops::workspace::Workspace;
use crate::ops::{Notice, Watch, evidence};
use crate::report::recorder::is_made_up;
use crate::report::texts::{Writer, state_name};
use crate::report::{Report, ReportError};
use crate::rollout::Forge;

/// A campaign in the clone.
#[derive(Clone)]
pub(crate) struct ClonedCampaign<'a> {
    pub(crate) workspace: &'a Workspace,
    pub(crate) repository: &'a Repository,
    pub(crate) config: &'a Config,
    pub(crate) plan: &'a Plan,
    /// The base branch of the pull requests.
    pub(crate) branch: String,
    /// The commit of the base branch.
    pub(crate) commit: CommitId,
    /// The named tracking issue.
    pub(crate) issue: Option<u64>,
    /// True if a tracking issue is opened when there is none.
    pub(crate) create_issue: bool,
    /// The address of the repository's page on the forge, if it is known.
    pub(crate) page: Option<String>,
    /// Folders with evidence that counts before that of the campaign.
    pub(crate) folders: &'a [PathBuf],
    /// The trust in signatures of evidence.
    pub(crate) signatures: &'a Signatures,
    /// The present time.
    pub(crate) now: SystemTime,
}

impl ClonedCampaign<'_> {
    /// Reads the campaign from the clone, and calls the function with a report on a forge. The evidence is that of the
    /// plan; what goes out is decided by `confirmed`, the plan as far as it is trusted.
    pub(crate) fn with<T>(
        &self,
        confirmed: &Plan,
        forge: &dyn Forge,
        watch: &Watch<'_>,
        work: impl FnOnce(&Report<'_>, &SourceTree<'_>, &Writer<'_>) -> Result<T, ReportingError>,
    ) -> Result<T, ReportingError> {
        let Self { workspace, repository, config, plan, ref branch, ref commit, .. } = *self;
        let source = SourceTree::commit(repository, commit)?;
        let measured = evidence::read(workspace, &source, config, plan, self.folders, watch)?;
        let evidence =
            evidence::rollout(&measured, plan, config, &source, (repository, commit), self.signatures)?;
        let clone = LocalClone { repository, commit, source: &source, config, measured: &measured };
        let template = clone.template()?;
        let platforms =
            config.build.iter().map(|(path, build)| (path.clone(), build.platforms.clone())).collect();
        let mut policy = Policy::new(config);
        policy.create_issue |= self.create_issue;
        let texts = Writer {
            names: &policy.names,
            plan,
            measured: &measured,
            signatures: self.signatures,
            evidence: &evidence,
            template: &template,
            install: config.report.install.as_deref(),
            max_open: policy.report.max_open,
            issues: self.page.as_ref().map(|page| {
                // Letters of a label that a URL may not hold as they are.
                let label = quoted(&format!("label:\"{}\"", policy.names.label()));
                format!("{page}/issues?q={label}")
            }),
            platforms: &platforms,
        };
        let commit = commit.as_str().to_owned();
        let base = Base { branch: branch.clone(), commit, blobs: blobs(plan, &source) };
        let report = Report {
            forge,
            clone: &clone,
            plan: confirmed,
            evidence: &evidence,
            policy: &policy,
            texts: &texts,
            base: &base,
            issue: self.issue,
            now: self.now.duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default().as_secs(),
            tell: &|what| watch(&Notice::PassedOver(what)),
        };
        work(&report, &source, &texts)
    }
}

/// Returns the progress of a campaign from the observed state.
pub(crate) fn progress(report: &Report<'_>, observed: &Observed) -> Result<Progress, ReportError> {
    Ok(Progress::new(&report.campaign(observed))?)
}

/// Remembers the pull requests for commands that do not ask the forge.
pub(crate) fn remember(campaign: &ClonedCampaign<'_>, report: &Report<'_>, observed: &Observed) {
    let issue = observed.issue.as_ref().filter(|issue| issue.ticks_count);
    let asked = issue.map(|issue| report.texts.asked_in(issue)).unwrap_or_default();
    local_progress::remember(campaign.repository, campaign.config, &SeenPulls::new(observed, &asked));
}

/// Returns the progress of a file without the number of a pull request that a rehearsal made up.
pub(crate) fn real(file: &FileProgress) -> FileProgress {
    FileProgress { pull: file.pull.filter(|number| !is_made_up(*number)), ..file.clone() }
}

/// Returns the files with their progress.
pub(crate) fn files(progress: &Progress) -> Vec<PullProgress> {
    let file = |file: &FileProgress| PullProgress {
        path: file.path.clone(),
        wave: file.wave,
        state: state_name(&file.state).to_owned(),
        said: state_words(&real(file), &str::to_owned),
        pull: real(file).pull,
    };
    progress.files.iter().map(file).collect()
}
