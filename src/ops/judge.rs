//! The steps from the files of a workspace to a plan, shared by `plan`, `check` and `migrate`.

use super::base_images::{BaseImages, SourceError};
use super::notice::{BaseImagesNotice, ChangedVerdict, during};
use super::workspace::Workspace;
use super::{Activity, Knowledge, Notice, Watch};
use crate::analysis::Verdict;
use crate::builds::{self, Builds};
use crate::campaign::plan::file::{File, Plan, Reason, Site};
use crate::campaign::plan::{self, Options, UnknownRule, Waivers};
use crate::config::Config;
use crate::discover::{self, DiscoverError, Discovery, List, SourceTree};
use crate::git::RepoPath;
use crate::images::asked::AskedImages;
use crate::images::registry::Moved;
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
    let options = knowledge.options(config, images);
    judge_by(&options, images, workspace, source, watch).map(|(plan, _)| plan)
}

/// As [`judge_all`], for a check: with `linked_only`, without the files in which it finds nothing. Also returns the paths of
/// all Dockerfiles.
pub(super) fn judge_for_check(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
    knowledge: &Knowledge,
    linked_only: bool,
    watch: &Watch<'_>,
) -> Result<(Plan, Vec<RepoPath>), JudgeError> {
    let images = BaseImages::of(knowledge, workspace, source, config, watch)?;
    knowledge.images.check()?;
    let options = Options { linked_only, ..knowledge.options(config, &images) };
    judge_by(&options, &images, workspace, source, watch)
}

fn judge_by(
    options: &Options<'_>,
    images: &BaseImages<'_>,
    workspace: &Workspace,
    source: &SourceTree<'_>,
    watch: &Watch<'_>,
) -> Result<(Plan, Vec<RepoPath>), JudgeError> {
    let waivers = Waivers::new(options.config)?;
    let found = find(source, options.config, None, watch)?;
    let judged = Judged { workspace, source, found: &found, options, waivers: &waivers };
    let (plan, asked) = judge(&judged, images, AskedImages::new, watch);
    images.report_failures(watch);
    images.check_used(&asked.references())?;
    Ok((plan, found.discovery.files.into_iter().map(|file| file.path).collect()))
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

/// The files of a plan, and how they are judged.
pub(super) struct Judged<'j> {
    pub(super) workspace: &'j Workspace,
    pub(super) source: &'j SourceTree<'j>,
    pub(super) found: &'j Found,
    pub(super) options: &'j Options<'j>,
    pub(super) waivers: &'j Waivers,
}

/// Makes the plan for what was found, with the images that it asked for. It is made again as long as images that it asked for in
/// vain can be read. `ask` returns the images of a source, of which none was asked for.
pub(super) fn judge<'i>(
    judged: &Judged<'_>,
    images: &'i BaseImages<'_>,
    ask: impl Fn(&'i (dyn ImageSource + Sync)) -> AskedImages<'i>,
    watch: &Watch<'_>,
) -> (Plan, AskedImages<'i>) {
    let Judged { workspace, source, found, options, waivers } = *judged;
    let Found { discovery, builds } = found;
    let judge_once = |asked: &AskedImages<'_>| {
        let options = Options { images: asked, ..*options };
        during(watch, Activity::Judging { files: discovery.files.len() }, || {
            plan::plan(source, discovery, builds, &options, waivers, &|| watch(&Notice::Judged))
        })
    };
    let mut asked = ask(images);
    let mut plan = judge_once(&asked);
    let mut first = None;
    while images.read_missing(&asked, |image| open_instructions(&plan, image), watch) {
        asked = ask(images);
        let before = std::mem::replace(&mut plan, judge_once(&asked));
        first.get_or_insert(before);
    }
    // The first one was made with what is remembered.
    if let Some(first) = first {
        report_moves(images, &first, &plan, watch);
    }
    if let Workspace::Git(_, commit) = workspace {
        plan.commit = Some(commit.as_str().to_owned());
    }
    (plan, asked)
}

/// Reports the images that have another digest than is remembered, with the instructions that are judged in another way.
fn report_moves(images: &BaseImages<'_>, before: &Plan, now: &Plan, watch: &Watch<'_>) {
    for Moved { reference, from, to } in images.moved() {
        let mut changed = Vec::new();
        for file in now.files.iter().filter(|file| starts_from(file, &reference)) {
            let sites = before.file(&file.path).map(|file| file.sites.as_slice()).unwrap_or_default();
            for (old, new) in sites.iter().zip(&file.sites) {
                let (old, new) = (audited(old), audited(new));
                if old.0 != new.0 {
                    let why = new.1.first().map(|reason| reason.message.clone()).unwrap_or_default();
                    let (path, line) = (file.path.clone(), new.2);
                    changed.push(ChangedVerdict { path, line, before: old.0, now: new.0, why });
                }
            }
        }
        let image = &*reference.to_string();
        watch(&Notice::BaseImages(BaseImagesNotice::Moved {
            image,
            from: &from,
            to: &to,
            changed: &changed,
        }));
    }
}

/// Returns the verdict of an instruction, with its reasons and its line: of one that is linked already, what it would be.
fn audited(site: &Site) -> (Verdict, &[Reason], usize) {
    match &site.audit {
        Some(audit) => (audit.verdict, &audit.reasons, site.line),
        None => (site.verdict, &site.reasons, site.line),
    }
}

/// Returns true if a file starts from an image.
fn starts_from(file: &File, image: &ImageReference) -> bool {
    let is_it = |name: &str| ImageReference::parse(name).is_ok_and(|named| named.normal() == image.normal());
    file.bases.iter().any(|base| is_it(&base.image))
}

/// Returns the number of instructions that are not proved in the files that start from an image.
fn open_instructions(plan: &Plan, image: &ImageReference) -> usize {
    let files = plan.files.iter().filter(|file| starts_from(file, image));
    files.flat_map(|file| &file.sites).filter(|site| site.proved != Some(true)).count()
}
