//! The steps from the files of a workspace to a plan, shared by `plan`, `check` and `migrate`.

use super::base_images::{BaseImages, SourceError};
use super::notice::during;
use super::workspace::Workspace;
use super::{Activity, Knowledge, Notice, Watch};
use crate::builds;
use crate::campaign::plan::file::Plan;
use crate::campaign::plan::{self, Options, UnknownRule, Waivers};
use crate::config::Config;
use crate::discover::{self, DiscoverError, Discovery, List, SourceTree};
use crate::git::RepoPath;
use crate::images::asked::AskedImages;
use crate::images::{ImageError, ImageReference, ImageSource};

/// The reason why Dockerfiles cannot be judged.
#[derive(Debug, thiserror::Error)]
pub enum JudgeError {
    /// A base image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
    /// A source of base images that the user asks for cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
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
    let discovery = find(source, config, None, watch)?;
    let options = knowledge.options(config, images);
    let judged = Judged { workspace, source, discovery: &discovery, options: &options, waivers: &waivers };
    let (plan, asked) = judge(&judged, images, AskedImages::new, watch);
    images.report_failures(watch);
    images.check_used(&asked.references())?;
    Ok(plan)
}

/// Finds the Dockerfiles. Files of a list are included with any name.
pub(super) fn find(
    source: &SourceTree<'_>,
    config: &Config,
    list: Option<&List>,
    watch: &Watch<'_>,
) -> Result<Discovery, DiscoverError> {
    let options = discover::Options::new(&config.files.include, &config.files.exclude)?;
    let listed = list.iter().flat_map(|list| list.paths.iter().map(|listed| listed.path.clone()));
    let options = options.listed(listed);
    Ok(during(watch, Activity::Discovery, || discover::discover(source, &options)))
}

/// The files of a plan, and how they are judged.
pub(super) struct Judged<'j> {
    pub(super) workspace: &'j Workspace,
    pub(super) source: &'j SourceTree<'j>,
    pub(super) discovery: &'j Discovery,
    pub(super) options: &'j Options<'j>,
    pub(super) waivers: &'j Waivers,
}

/// Makes the plan for a discovery, with the images that it asked for. It is made again as long as images that it asked for in
/// vain can be read. `ask` returns the images of a source, of which none was asked for.
pub(super) fn judge<'i>(
    judged: &Judged<'_>,
    images: &'i BaseImages<'_>,
    ask: impl Fn(&'i (dyn ImageSource + Sync)) -> AskedImages<'i>,
    watch: &Watch<'_>,
) -> (Plan, AskedImages<'i>) {
    let Judged { workspace, source, discovery, options, waivers } = *judged;
    let dockerfiles: Vec<&RepoPath> = discovery.files.iter().map(|file| &file.path).collect();
    let builds = during(watch, Activity::Builds, || builds::find(source, &dockerfiles, options.config));
    let judge_once = |asked: &AskedImages<'_>| {
        let options = Options { images: asked, ..*options };
        during(watch, Activity::Judging { files: discovery.files.len() }, || {
            plan::plan(source, discovery, &builds, &options, waivers, &|| watch(&Notice::Judged))
        })
    };
    let mut asked = ask(images);
    let mut plan = judge_once(&asked);
    while images.read_missing(&asked, |image| open_instructions(&plan, image), watch) {
        asked = ask(images);
        plan = judge_once(&asked);
    }
    if let Workspace::Git(_, commit) = workspace {
        plan.commit = Some(commit.as_str().to_owned());
    }
    (plan, asked)
}

/// Returns the number of instructions that are not proved in the files that start from an image.
fn open_instructions(plan: &Plan, image: &ImageReference) -> usize {
    let is_it = |name: &str| ImageReference::parse(name).is_ok_and(|named| named.normal() == image.normal());
    let files = plan.files.iter().filter(|file| file.bases.iter().any(|base| is_it(&base.image)));
    files.flat_map(|file| &file.sites).filter(|site| site.proved != Some(true)).count()
}
