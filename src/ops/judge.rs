//! The steps from the files of a workspace to a plan, shared by `plan`, `check` and `migrate`.

use super::base_images::BaseImages;
use super::notice::during;
use super::workspace::Workspace;
use super::{Activity, Knowledge, Notice, Watch};
use crate::builds::{self, Builds};
use crate::campaign::plan::file::Plan;
use crate::campaign::plan::{self, Options, UnknownRule, Waivers};
use crate::config::Config;
use crate::discover::{self, DiscoverError, Discovery, List, SourceTree};
use crate::git::RepoPath;
use crate::images::ImageError;
use crate::images::asked::AskedImages;
use crate::images::engine::EngineError;

/// The reason why Dockerfiles cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// A base image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// The engine that the user asks for does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// A waiver names a rule that does not exist.
    #[error(transparent)]
    Waiver(#[from] UnknownRule),
    /// A pattern of `[files]` is invalid.
    #[error(transparent)]
    Pattern(#[from] DiscoverError),
}

/// Finds and judges the Dockerfiles of a workspace, with the facts that its campaign remembers about base images.
pub(super) fn judge_all(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
    knowledge: &Knowledge,
    watch: &Watch<'_>,
) -> Result<Plan, JudgeError> {
    let images = BaseImages::of(knowledge, workspace, source, config, watch)?;
    judge_with(&images, workspace, source, config, knowledge, watch)
}

/// As [`judge_all`], with these base images.
pub(super) fn judge_with(
    images: &BaseImages<'_>,
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
    knowledge: &Knowledge,
    watch: &Watch<'_>,
) -> Result<Plan, JudgeError> {
    knowledge.images.check()?;
    let waivers = Waivers::new(config)?;
    let found = find(source, config, None, watch)?;
    let asked = AskedImages::new(images);
    let plan = judge(workspace, source, &found, &knowledge.options(config, &asked), &waivers, watch);
    images.report_failures(watch);
    images.check_used(&asked.references())?;
    Ok(plan)
}

/// The Dockerfiles of a workspace, and their builds.
pub(super) struct Found {
    pub(super) discovery: Discovery,
    pub(super) builds: Builds,
}

/// Finds the Dockerfiles and their builds. Files of a list, and those that a build states, are included with any name.
pub(super) fn find(
    source: &SourceTree<'_>,
    config: &Config,
    list: Option<&List>,
    watch: &Watch<'_>,
) -> Result<Found, DiscoverError> {
    let options = discover::Options::new(&config.files.include, &config.files.exclude)?;
    let listed = list.iter().flat_map(|list| list.paths.iter().map(|listed| listed.path.clone()));
    let options = options.listed(listed);
    let scan = during(watch, Activity::Builds, || builds::scan(source));
    let options = options.listed(scan.dockerfiles(config));
    let discovery = during(watch, Activity::Discovery, || discover::discover(source, &options));
    let dockerfiles: Vec<&RepoPath> = discovery.files.iter().map(|file| &file.path).collect();
    let builds = scan.builds(&dockerfiles, config);
    Ok(Found { discovery, builds })
}

/// Makes the plan for what was found.
pub(super) fn judge(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    found: &Found,
    options: &Options<'_>,
    waivers: &Waivers,
    watch: &Watch<'_>,
) -> Plan {
    let Found { discovery, builds } = found;
    let mut plan = during(watch, Activity::Judging { files: discovery.files.len() }, || {
        plan::plan(source, discovery, builds, options, waivers, &|| watch(&Notice::Judged))
    });
    if let Workspace::Git(_, commit) = workspace {
        plan.commit = Some(commit.as_str().to_owned());
    }
    plan
}
