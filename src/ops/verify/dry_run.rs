//! The steps that a verification would execute. It builds nothing, and asks the builder for its name and versions alone.

use serde::Serialize;

use super::{VerifyError, VerifyOptions, chosen, edits};
use crate::campaign::evidence::{BuilderFacts, Depth};
use crate::campaign::plan::file::Context;
use crate::dockerfile::Dockerfile;
use crate::ops::Watch;
use crate::ops::change::Mode;
use crate::ops::evidence::Assessed;
use crate::ops::present::PresentFiles;
use crate::ops::saved_plan::given_or_saved;
use crate::ops::workspace::Workspace;
use crate::verify::line::steps::planned_steps;
use crate::verify::run::{Edit, Stop, build_args};

pub use crate::verify::line::steps::PlannedStep;

/// The steps of a verification, as planned.
#[derive(Debug, Serialize)]
pub struct DryRun {
    /// The builder.
    pub builder: BuilderFacts,
    /// The files, in order.
    pub files: Vec<PlannedFile>,
}

/// A file that would be verified.
#[derive(Debug, Serialize)]
pub struct PlannedFile {
    /// Its path.
    pub path: String,
    /// The extent.
    pub depth: Depth,
    /// The duration of the verification that its evidence is of; null without evidence.
    pub earlier_ms: Option<u64>,
    /// The platforms; empty for the builder's own.
    pub platforms: Vec<String>,
    /// The builds on each platform.
    pub builds: Vec<PlannedBuild>,
}

/// A build of a file.
#[derive(Debug, Serialize)]
pub struct PlannedBuild {
    /// The build context.
    pub context: String,
    /// The stage; null for the last.
    pub target: Option<String>,
    /// The steps of the original that are executed.
    pub steps: Vec<PlannedStep>,
}

/// Returns the steps that [`verify`](super::verify) would execute with the same options.
///
/// # Errors
///
/// [`VerifyError`] as of [`verify`](super::verify) before it builds.
pub fn dry_run(options: &VerifyOptions<'_>, watch: &Watch<'_>) -> Result<DryRun, VerifyError> {
    let files = &options.files;
    let workspace = Workspace::open(&files.repository, None)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let present =
        PresentFiles { workspace: &workspace, source: &source, config: &config, mode: Mode::Commit };
    let plan = given_or_saved(&workspace, &config, files.plan.as_ref())?.ok_or(VerifyError::NoPlan)?;
    let earlier = Assessed::read(&workspace, &source, &config, &plan, &options.earlier_folders(), watch)?;
    let (chosen, _) = chosen(files, Some(options), &present, &plan, &earlier)?;
    let (edits, _) = edits::edits(chosen, options.depth, &present)?;
    let builder = options.builder.facts().map_err(Stop::from)?;
    let file = |edit: &Edit<'_>| {
        let path = edit.file.path.clone();
        let own = config.build.get(&path).map_or(&[][..], |own| &own.platforms);
        let platforms = if options.platforms.is_empty() { own } else { &options.platforms };
        let earlier_ms = earlier.evidence.get(&path).map(|evidence| evidence.figures.total_ms);
        let builds = edit.file.contexts.iter().map(|context| build(options, edit, context)).collect();
        PlannedFile { path, depth: edit.depth, earlier_ms, platforms: platforms.to_vec(), builds }
    };
    Ok(DryRun { builder, files: edits.iter().map(file).collect() })
}

fn build(options: &VerifyOptions<'_>, edit: &Edit<'_>, context: &Context) -> PlannedBuild {
    let [original, edited] = [&edit.before, &edit.after].map(|text| Dockerfile::read(text.as_slice()));
    let target = context.target.as_deref();
    let build_args = build_args(context, &options.build_args);
    let steps = planned_steps([&original, &edited], &build_args, target, edit.depth);
    PlannedBuild { context: context.root.clone(), target: context.target.clone(), steps }
}
