//! What a report works with: the plan, the clone and its evidence, put together for a forge.

use std::collections::BTreeMap;

use super::super::{Error, github, write};
use super::local::Local;
use crate::campaign::plan::file::Plan;
use crate::campaign::status::FileProgress;
use crate::config::Config;
use crate::discover::Source;
use crate::git::{CommitId, RepoPath, Repository};
use crate::ops::evidence;
use crate::ops::workspace::Workspace;
use crate::report::Report;
use crate::report::recorder::is_made_up;
use crate::report::texts::{Writer, state_name, state_words};
use crate::rollout::{Base, Forge, Observed, Policy, Progress};

/// What a report is about.
pub struct Job<'a> {
    pub place: &'a Workspace,
    pub repository: &'a Repository,
    pub config: &'a Config,
    pub plan: &'a Plan,
    /// The branch that pull requests are for.
    pub branch: String,
    /// The commit that it is at.
    pub commit: CommitId,
    /// The tracking issue that is named.
    pub issue: Option<u64>,
    /// Whether one is opened where there is none.
    pub create_issue: bool,
}

impl Job<'_> {
    /// Reads what the clone has, and works with a report on a forge.
    pub fn with<T>(
        &self,
        forge: &dyn Forge,
        work: impl FnOnce(&Report<'_>, &Source<'_>, &Writer<'_>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        let Self { place, repository, config, plan, ref branch, ref commit, issue, create_issue } = *self;
        let source = Source::commit(repository, commit).map_err(|error| Error::environment(&error))?;
        let measured = evidence::read(place, &source, config)?;
        let evidence = evidence::rollout(&measured, plan, config, &source, repository, commit)?;
        let local = Local { repository, commit, source: &source, config, measured: &measured };
        let template = local.template()?;
        let platforms =
            config.build.iter().map(|(path, build)| (path.clone(), build.platforms.clone())).collect();
        let policy = Policy { create_issue, ..Policy::new(config) };
        let texts = Writer {
            names: &policy.names,
            plan,
            measured: &measured,
            evidence: &evidence,
            template: &template,
            platforms: &platforms,
        };
        let commit = commit.as_str().to_owned();
        let base = Base { branch: branch.clone(), commit, blobs: blobs(plan, &source) };
        let report = Report {
            forge,
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
        work(&report, &source, &texts)
    }
}

/// How far the campaign is by what was observed.
pub fn progress(report: &Report<'_>, observed: &Observed) -> Result<Progress, Error> {
    Progress::new(&report.campaign(observed)).map_err(|error| Error::environment(&error))
}

/// The files with how far they are.
pub fn files(progress: &Progress) -> Vec<FileProgress> {
    let file = |file: &crate::rollout::FileProgress| FileProgress {
        path: file.path.clone(),
        wave: file.wave,
        state: state_name(&file.state).to_owned(),
        said: state_words(file),
        pull: file.pull.filter(|number| !is_made_up(*number)),
    };
    progress.files.iter().map(file).collect()
}

/// The ids of the texts of the plan's files.
fn blobs(plan: &Plan, source: &Source<'_>) -> BTreeMap<String, String> {
    let blob = |path: &String| {
        let entry = source.listing().get(&RepoPath::new(path).ok()?)?;
        Some((path.clone(), entry.blob.as_ref()?.as_str().to_owned()))
    };
    plan.files.iter().filter_map(|file| blob(&file.path)).collect()
}
