//! Makes the plan of a campaign.

pub(super) mod list;

use std::collections::BTreeSet;
use std::io;
use std::path::{Path, PathBuf};

use self::list::CampaignList;
use super::atomic::{self, WriteError};
use super::base_images::{self, BaseImages, IncompleteBase, RememberedError};
use super::evidence::{Assessed, EvidenceFolderError};
use super::judge::Judged;
use super::notice::{BaseImagesNotice, during};
use super::saved_plan::{is_uncommitted, saved_at};
use super::workspace::{Workspace, WorkspaceError, bases_path, place_in, plan_path};
use super::{Activity, JudgeError, Knowledge, Notice, Watch, judge, local_progress};
use crate::budget::{self, MOST_INPUT};
use crate::campaign::base_facts::BaseFacts;
use crate::campaign::evidence::EvidenceStates;
use crate::campaign::plan::file::{ListReport, Plan};
use crate::campaign::plan::{Earlier, Options, PlanError, Waivers, without_effect};
use crate::campaign::progress::Step;
use crate::config::{BaseSource, Config};
use crate::discover::SourceTree;
use crate::git::{GitError, RepoPath};
use crate::github::IssueAddress;
use crate::images::asked::AskedImages;
use crate::images::{ImageError, ImageSource};

/// The options of [`plan`].
#[derive(Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is an independent choice")]
pub struct PlanOptions {
    /// A folder of the repository, or a folder without git.
    pub path: PathBuf,
    /// The path of the repository to which the plan is limited. `None` for all files.
    pub below: Option<RepoPath>,
    /// The revision that is read. `None` for HEAD.
    pub rev: Option<String>,
    /// A text that lists the files to plan. `None` for those of the list that the saved plan was made from, or else for all
    /// files.
    pub list: Option<ListText>,
    /// True if files that the list does not name are also planned.
    pub all: bool,
    /// The facts that are known in addition to the files.
    pub knowledge: Knowledge,
    /// True if generated files are also edited.
    pub edit_generated: bool,
    /// True if the earlier plan is ignored, with its waves and the decisions in it.
    pub afresh: bool,
    /// The place to write the plan to.
    pub save: Save,
    /// True if the evidence of the campaign is also read.
    pub evidence: bool,
    /// Folders with evidence that counts before that of the campaign.
    pub evidence_folders: Vec<PathBuf>,
}

/// A text or Markdown in which each path that looks like a Dockerfile is an entry.
#[derive(Clone, Debug)]
pub struct ListText {
    /// The name of the list in messages.
    pub name: String,
    /// The text.
    pub text: String,
    /// The issue, if it is one.
    pub issue: Option<IssueAddress>,
}

/// The place to write a plan to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Save {
    /// Nowhere.
    No,
    /// To its place in the repository.
    InPlace,
    /// To a file. If it has a plan, that is the earlier plan.
    To(PathBuf),
}

/// The place that a plan was written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Saved {
    /// Nowhere.
    No,
    /// To its place in the repository, where [`migrate`](super::migrate()) finds it.
    InPlace(PathBuf),
    /// To another file.
    Elsewhere(PathBuf),
}

/// The result of [`plan`].
#[derive(Debug)]
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The place that the plan was written to.
    pub saved: Saved,
    /// The evidence states of its files. Empty unless [`PlanOptions::evidence`] is true.
    pub evidence_states: EvidenceStates,
    /// The next step of the campaign. `None` for a folder without git, and without [`PlanOptions::evidence`].
    pub step: Option<Step>,
    /// The folder of the plan, if it was saved in a git repository whose commit has another plan or none.
    pub uncommitted: Option<String>,
    /// The places that base images were read from, beside files and what is remembered.
    pub sources: Vec<BaseSource>,
    /// The base images of which `bases.json` has too few facts for a question, each with the option that reads it again.
    pub incomplete: Vec<IncompleteBase>,
    /// An image that was given and that no Dockerfile uses: a name that is mistyped, perhaps. The verdicts stand without it,
    /// and the plan was not written.
    pub unused: Option<ImageError>,
}

/// An error of [`plan`].
#[derive(Debug, thiserror::Error)]
pub enum PlanningError {
    /// The list has no entry.
    #[error("{name} lists no Dockerfile")]
    EmptyList {
        /// The name of the list.
        name: String,
    },
    /// The file to explain is not a Dockerfile that a plan has.
    #[error("no Dockerfile was found at {path}; write its path from the repository's root")]
    NoDockerfile {
        /// The path.
        path: String,
    },
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The Dockerfiles cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The earlier plan cannot be opened.
    #[error("{} cannot be read: {source}", path.display())]
    EarlierUnreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The earlier plan is invalid. The decisions in it would be lost.
    #[error("{}: {source}", path.display())]
    Earlier {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: PlanError,
    },
    /// The facts that are remembered about base images are invalid. They would be lost.
    #[error(transparent)]
    Remembered(RememberedError),
    /// A bare repository has no place for a plan.
    #[error("a bare repository has no place for the plan")]
    NoPlace,
    /// The plan cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceFolderError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl PlanOptions {
    /// Creates options that plan all files of a repository or folder and write nothing.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            below: None,
            rev: None,
            list: None,
            all: false,
            knowledge: Knowledge::default(),
            edit_generated: false,
            afresh: false,
            save: Save::No,
            evidence: false,
            evidence_folders: Vec::new(),
        }
    }
}

impl Saved {
    /// The file.
    pub fn path(&self) -> Option<&Path> {
        match self {
            Saved::No => None,
            Saved::InPlace(path) | Saved::Elsewhere(path) => Some(path),
        }
    }
}

/// Makes a plan, and writes it to the place of [`PlanOptions::save`].
///
/// # Errors
///
/// [`PlanningError`]
pub fn plan(options: &PlanOptions, watch: &Watch<'_>) -> Result<Planned, PlanningError> {
    // All of it is on the threads that share its work: another one would wait for them in every step.
    rayon::scope(|_| planned(options, watch))
}

fn planned(options: &PlanOptions, watch: &Watch<'_>) -> Result<Planned, PlanningError> {
    let given = &options.knowledge.images;
    given.check().map_err(JudgeError::from)?;
    let workspace = Workspace::open(&options.path, options.rev.as_deref())?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let saved = if options.afresh { None } else { earlier(options, &workspace, &config)? };
    let list = list::given_or_kept(options, saved.as_ref(), &config)?;
    let remembered = match base_images::remembered(&workspace, &source, &config) {
        Ok(remembered) => remembered,
        Err(error) if options.save == Save::InPlace => return Err(PlanningError::Remembered(error)),
        Err(error) => {
            watch(&Notice::BaseImages(BaseImagesNotice::NotRemembered(&error)));
            None
        }
    };
    let images = BaseImages::with(given, remembered.as_ref(), &config);
    let images = images.and_sources(&options.knowledge, &config, watch).map_err(JudgeError::from)?;
    let earlier = saved.as_ref().map(Earlier::new);
    let basis = Basis { earlier: earlier.as_ref(), list: list.as_ref() };
    let (plan, asked) = make(options, &workspace, &source, &config, &basis, &images, watch)?;
    images.report_failures(watch);
    let incomplete = base_images::incomplete(&asked);
    let unused = match (images.check_used(&asked.references()), &options.save) {
        (Ok(()), _) => None,
        (Err(error), Save::No) => Some(error),
        (Err(error), Save::InPlace | Save::To(_)) => return Err(JudgeError::from(error).into()),
    };
    if options.save == Save::InPlace {
        let keeps_others = list.is_some_and(|list| !list.with_others);
        remember(&asked, remembered.as_ref(), keeps_others, &workspace, &config, watch)?;
    }
    // A part replaces these files of the saved plan alone.
    let plan = match (&options.below, saved) {
        (Some(below), Some(saved)) if options.save != Save::No => plan.replacing_below(below, saved),
        (Some(below), _) => plan.below(below),
        (None, _) => plan,
    };
    let saved = save(options, &workspace, &config, &plan)?;
    let uncommitted = uncommitted(&saved, &workspace, &config)?;
    let (mut evidence_states, mut step) = (EvidenceStates::new(), None);
    if options.evidence {
        let assessed = Assessed::read(&workspace, &source, &config, &plan, &options.evidence_folders, watch)?;
        if matches!(workspace, Workspace::Git(..)) {
            let progress = local_progress::progress(&workspace, &source, &config, &plan, &assessed)?;
            step = Some(progress.next_step(config.report.max_open));
        }
        evidence_states = assessed.states;
    }
    Ok(Planned {
        plan,
        saved,
        uncommitted,
        evidence_states,
        step,
        sources: images.sources(),
        incomplete,
        unused,
    })
}

/// The earlier decisions that a plan starts from.
struct Basis<'b> {
    earlier: Option<&'b Earlier>,
    list: Option<&'b CampaignList>,
}

fn make<'i>(
    options: &PlanOptions,
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
    basis: &Basis<'_>,
    images: &'i BaseImages<'_>,
    watch: &Watch<'_>,
) -> Result<(Plan, AskedImages<'i>), PlanningError> {
    let waivers = Waivers::new(config).map_err(JudgeError::from)?;
    let list = basis.list;
    let all = judge::find(source, config, list.map(|list| &list.list), watch).map_err(JudgeError::from)?;
    let discovery = &all.discovery;
    let report = list.map(|list| {
        during(watch, Activity::Reconciliation, || list::reconciled(workspace, source, &list.list, discovery))
    });
    let report = report.transpose()?;
    let config = &list::without_struck(config, report.as_ref());
    let only = report.as_ref().filter(|_| list.is_some_and(|list| !list.with_others)).map(found);
    let judged_by = Options {
        edit_generated: options.edit_generated || config.files.edit_generated,
        earlier: basis.earlier,
        only: only.as_ref(),
        ..options.knowledge.options(config, images)
    };
    let uncommitted = || match options.rev {
        None => workspace.uncommitted(discovery, source),
        Some(_) => BTreeSet::new(),
    };
    let judged = Judged { workspace, source, found: &all, options: &judged_by, waivers: &waivers };
    let ask = |images: &'i (dyn ImageSource + Sync)| match options.save {
        Save::InPlace => AskedImages::recording(images),
        Save::No | Save::To(_) => AskedImages::new(images),
    };
    let (uncommitted, (mut plan, asked)) =
        rayon::join(uncommitted, || judge::judge(&judged, images, ask, watch));
    if let (false, Workspace::Git(_, commit)) = (uncommitted.is_empty(), workspace) {
        watch(&Notice::Uncommitted { files: &uncommitted, commit });
    }
    for note in without_effect(config, discovery) {
        watch(&Notice::WithoutEffect(&note));
    }
    let issue = list.and_then(|list| list.issue.clone());
    plan.list = report.map(|report| ListReport { issue, ..report });
    Ok((plan, asked))
}

/// Returns the listed files that were found, also those in struck-out text.
fn found(report: &ListReport) -> BTreeSet<RepoPath> {
    report.found.iter().chain(&report.struck).filter_map(|path| RepoPath::new(path).ok()).collect()
}

/// Returns the plan that this one replaces, or else the saved plan.
fn earlier(
    options: &PlanOptions,
    workspace: &Workspace,
    config: &Config,
) -> Result<Option<Plan>, PlanningError> {
    let replaced = match &options.save {
        Save::To(path) if path.is_file() => Some(path.clone()),
        _ => saved_at(workspace, config)?.filter(|path| path.is_file()),
    };
    let Some(path) = replaced else { return Ok(None) };
    let bytes = match budget::read_file(&path, MOST_INPUT) {
        Ok(bytes) => bytes,
        Err(source) => return Err(PlanningError::EarlierUnreadable { path, source }),
    };
    match Plan::read(&bytes) {
        Ok(plan) => Ok(Some(plan)),
        Err(source) => Err(PlanningError::Earlier { path, source }),
    }
}

/// Writes what was asked of base images, and their answers, beside the plan. Nothing is written if there is nothing to
/// remember, and nothing was remembered.
fn remember(
    asked: &AskedImages<'_>,
    earlier: Option<&BaseFacts>,
    keeps_others: bool,
    workspace: &Workspace,
    config: &Config,
    watch: &Watch<'_>,
) -> Result<(), PlanningError> {
    for (reference, image) in asked.found() {
        for path in &image.rootfs.recorded().too_large {
            let image = &*reference.to_string();
            watch(&Notice::BaseImages(BaseImagesNotice::TooManyFacts { image, path }));
        }
    }
    let facts = BaseFacts::of_asked(asked, earlier, keeps_others).map_err(JudgeError::from)?;
    if facts.is_empty() && earlier.is_none() {
        return Ok(());
    }
    let folder = workspace.folder().ok_or(PlanningError::NoPlace)?;
    let path = bases_path(config)?;
    let place = place_in(folder, &path).map_err(WorkspaceError::from)?;
    Ok(atomic::write_by(&place, &|out| facts.write(out))?)
}

/// Returns the folder of a saved plan that the commit does not have as it is.
fn uncommitted(
    saved: &Saved,
    workspace: &Workspace,
    config: &Config,
) -> Result<Option<String>, PlanningError> {
    let (Saved::InPlace(_), Workspace::Git(repository, commit), Some(folder)) =
        (saved, workspace, workspace.folder())
    else {
        return Ok(None);
    };
    for path in [plan_path(config)?, bases_path(config)?] {
        let place = place_in(folder, &path).map_err(WorkspaceError::from)?;
        if is_uncommitted(repository, commit, &path, &place)? {
            return Ok(Some(config.campaign.dir.trim_end_matches('/').to_owned()));
        }
    }
    Ok(None)
}

fn save(
    options: &PlanOptions,
    workspace: &Workspace,
    config: &Config,
    plan: &Plan,
) -> Result<Saved, PlanningError> {
    let saved = match &options.save {
        Save::No => Saved::No,
        Save::InPlace => Saved::InPlace(saved_at(workspace, config)?.ok_or(PlanningError::NoPlace)?),
        Save::To(path) => Saved::Elsewhere(path.clone()),
    };
    if let Some(path) = saved.path() {
        atomic::write_by(path, &|out| plan.write(out))?;
    }
    Ok(saved)
}
