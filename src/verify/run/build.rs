//! The verification of one build of a file: a build context with its target and arguments, on one platform.

mod images;
mod lines;
mod request;
mod results;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

pub(crate) use self::request::build_args;
pub(super) use self::request::imported;
use self::results::Results;
use super::{Depth, Event, NotCompared, Outcome, Phase, Run, Stop, Trouble, bases};
use crate::campaign::evidence::{BuildEvidence, BuildFigures, Reached, SiteEvidence};
use crate::campaign::plan::file::{Context, Site};
use crate::dockerfile::{Dockerfile, Stages};
use crate::verify::builder::BuildError;
use crate::verify::context::Checkout;
use crate::verify::image::Image;
use crate::verify::probe::{Probe, Probed};
use crate::verify::variant_builds::{Failure, Workbench, stages};
use crate::verify::variants::Texts;

/// A build of a file: a build context with its target and arguments, on one platform.
pub(crate) struct BuildVerification<'a> {
    run: &'a Run<'a>,
    checkout: &'a Checkout,
    texts: &'a Texts,
    context: &'a Context,
    platform: Option<&'a str>,
    /// The original in the form in which it is built.
    before: Dockerfile,
    after: Dockerfile,
    stages: Stages,
    sites: Vec<&'a Site>,
    tree: Option<String>,
    ignore: Option<Vec<u8>>,
    /// The results of other builds that are named contexts, once they are built.
    results: OnceCell<Results>,
}

impl<'a> BuildVerification<'a> {
    /// Reads the inputs of the build.
    pub(crate) fn new(
        run: &'a Run<'a>,
        checkout: &'a Checkout,
        texts: &'a Texts,
        context: &'a Context,
        platform: Option<&'a str>,
    ) -> Result<Self, Stop> {
        let before = Dockerfile::read(texts.before.as_slice());
        let tree = (run.job.tree)(context)?;
        let ignore = request::own_ignore(run.job.source, &run.edit.file.path, context)?;
        Ok(Self {
            stages: stages(&before, &request::build_args(context, run.job.build_args)),
            before,
            after: Dockerfile::read(texts.after.as_slice()),
            sites: run.edit.file.selected().collect(),
            run,
            checkout,
            texts,
            context,
            platform,
            tree,
            ignore,
            results: OnceCell::new(),
        })
    }

    /// Builds and compares the target, and then the stages of edited lines that the target does not need.
    pub(crate) fn verify(
        &self,
        bench: &mut Workbench<'_>,
    ) -> Result<(Vec<BuildEvidence>, Vec<BuildFigures>), Stop> {
        let (mut build, figures) = self.build(bench, self.context.target.as_deref())?;
        let (mut further, mut all_figures) = (Vec::new(), vec![figures]);
        let mut open = self.open(&build);
        while build.outcome <= Outcome::Same
            && let Some(stage) = open.pop_last()
        {
            let Some(target) = self.stages.target(stage) else { continue };
            let (more, figures) = self.build(bench, Some(target))?;
            if more.outcome == Outcome::Blocked {
                // The user never builds this stage, so its failure blocks nothing.
                let why = more.reason.unwrap_or_default();
                build
                    .assumptions
                    .push(format!("stage {target}, which the target does not need, was not built: {why}"));
                continue;
            }
            let done = |line: usize| {
                more.sites.iter().any(|site| site.line == line && site.reached != Reached::NotExercised)
            };
            open.retain(|stage| self.lines_of(*stage).any(|line| !done(line)));
            further.push(more);
            all_figures.push(figures);
        }
        further.insert(0, build);
        Ok((further, all_figures))
    }

    /// Returns the stages with edited lines that a build did not execute. A line of an ONBUILD is executed in no
    /// build of this file, and one that only builds of another context need is left to that context.
    fn open(&self, build: &BuildEvidence) -> BTreeSet<usize> {
        let reached = |context: &Context, stage: usize| {
            let mut targets = context.targets().filter_map(|target| self.stages.of_target(target));
            targets.any(|target| self.stages.reached(target).contains(&stage))
        };
        let others = self.run.edit.file.contexts.iter().filter(|context| *context != self.context);
        let is_own = |stage: &usize| {
            reached(self.context, *stage) || !others.clone().any(|other| reached(other, *stage))
        };
        let is_open = |site: &&&Site| {
            !site.onbuild
                && build.sites.iter().any(|own| own.line == site.line && own.reached == Reached::NotExercised)
        };
        self.sites.iter().filter(is_open).filter_map(|site| site.stage).filter(is_own).collect()
    }

    fn lines_of(&self, stage: usize) -> impl Iterator<Item = usize> {
        self.sites.iter().filter(move |site| site.stage == Some(stage) && !site.onbuild).map(|site| site.line)
    }

    /// Builds and compares one target.
    fn build(
        &self,
        bench: &mut Workbench<'_>,
        target: Option<&str>,
    ) -> Result<(BuildEvidence, BuildFigures), Stop> {
        let job = self.run.job;
        let mut build = BuildEvidence {
            context: self.context.root.clone(),
            tree: self.tree.clone(),
            target: target.map(str::to_owned),
            platform: self.platform.map_or_else(likely_platform, str::to_owned),
            build_args: request::build_args(self.context, self.run.job.build_args),
            contexts: self.context.contexts.clone(),
            bases: BTreeMap::new(),
            builder: job.builder.facts()?,
            frontend: self.texts.frontend.clone().unwrap_or_else(|| "builtin".into()),
            assumptions: self.assumptions(),
            depth: self.run.edit.depth,
            outcome: Outcome::Same,
            reason: None,
            sites: self.sites.iter().map(|site| SiteEvidence::not_exercised(site.line)).collect(),
            differences: Vec::new(),
            noise: 0,
            smoke: Vec::new(),
            cache: None,
        };
        let mut figures = BuildFigures::default();
        match self.judge(bench, target, &mut build, &mut figures) {
            Ok(()) => {}
            Err(Trouble::NotCompared(NotCompared(outcome, reason))) => {
                (build.outcome, build.reason) = (outcome, Some(reason));
            }
            Err(Trouble::Stop(stop)) => return Err(stop),
        }
        Ok((build, figures))
    }

    /// Compares the filesystems right after each edited instruction, and the whole images if that is not enough.
    fn judge(
        &self,
        bench: &mut Workbench<'_>,
        target: Option<&str>,
        build: &mut BuildEvidence,
        figures: &mut BuildFigures,
    ) -> Result<(), Trouble> {
        if self.sites.is_empty() && self.texts.header_only == self.texts.before {
            let why = "only the header is edited, and the builder's own frontend does not read it".to_owned();
            return Err(Trouble::NotCompared(NotCompared(Outcome::CouldNotTest, why)));
        }
        let results = self.built_results(bench)?;
        let variants = self.variants(target, results)?;
        self.keep(&variants)?;
        self.probe()?;
        let lines = self.lines(bench, &variants, build, figures);
        build.bases.extend(results.values().flat_map(|result| result.bases.clone()));
        let lines = match (self.run.edit.depth, lines) {
            (Depth::Line, lines) => lines?,
            (Depth::Full, Err(stop @ Trouble::Stop(_))) => return Err(stop),
            (Depth::Full, lines) => lines.unwrap_or_default(),
        };
        // If only the header is edited, there is no instruction to compare.
        if self.run.edit.depth == Depth::Full || lines.needs_images() || self.sites.is_empty() {
            build.depth = Depth::Full;
            self.images(bench, &variants, build, figures)?;
        }
        lines.conclude(build)
    }

    /// Checks that the builder links: a build without links proves nothing.
    fn probe(&self) -> Result<(), Trouble> {
        let job = self.run.job;
        let probed = job.probes.of(&Probe {
            platform: self.platform,
            frontend: self.texts.frontend.as_deref(),
            passed: job.passed,
            deadline: Some(self.run.deadline),
        });
        let why = match probed.map_err(|error| of_other(error.into()))? {
            Probed::Links => return Ok(()),
            Probed::Ignores { why, remedy } => format!("the builder does not link: {why}; {remedy}"),
            Probed::Rejects { said } => format!("the frontend does not know --link: {said}"),
        };
        Err(Trouble::NotCompared(NotCompared(Outcome::CouldNotTest, why)))
    }

    fn tell(&self, phase: Phase, target: Option<&str>) {
        let mut way = format!("context {}", self.context.root);
        for (what, value) in [("target", target), ("platform", self.platform)] {
            way.extend(value.map(|value| format!(", {what} {value}")));
        }
        (self.run.tell)(&Event::Phase(phase, &way));
    }
}

/// Returns the platform of an image, from its configuration.
fn platform(image: &Image) -> Option<String> {
    let part = |key: &str| image.config.get(key)?.as_str().filter(|part| !part.is_empty());
    let variant = part("variant").map_or(String::new(), |variant| format!("/{variant}"));
    Some(format!("{}/{}{variant}", part("os")?, part("architecture")?))
}

/// Returns the likely platform of a builder that has not built anything yet: that of this machine.
fn likely_platform() -> String {
    let architecture = match std::env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    };
    format!("linux/{architecture}")
}

/// Returns the verdict on a failure of the original, which is not a failure of the migration.
fn of_original(failure: Failure) -> Trouble {
    match failure {
        Failure::Build(error @ BuildError::Failed { .. }) => {
            let (outcome, what) = if error.is_passing() {
                (Outcome::CouldNotTest, "the original was not built, for a reason that may pass")
            } else {
                (Outcome::Blocked, "the original does not build")
            };
            Trouble::NotCompared(NotCompared(outcome, format!("{what}: {error}")))
        }
        other => of_other(other),
    }
}

/// Returns the verdict on any other failure.
fn of_other(failure: Failure) -> Trouble {
    let outcome = match failure {
        Failure::Build(BuildError::TimedOut { .. }) => Outcome::TimedOut,
        Failure::Build(ref error @ BuildError::Failed { .. }) if error.is_passing() => Outcome::CouldNotTest,
        Failure::Build(BuildError::Failed { .. }) | Failure::Shell { .. } => Outcome::Blocked,
        Failure::Build(BuildError::Frontend { .. } | BuildError::Export { .. })
        | Failure::Export(_)
        | Failure::Control { .. } => Outcome::CouldNotTest,
        Failure::Build(error) => return error.into(),
    };
    Trouble::NotCompared(NotCompared(outcome, failure.to_string()))
}
