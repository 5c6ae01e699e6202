//! The verification of one build of a file: a build context with its target and arguments, on one platform.

mod request;
mod results;

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};

use self::results::Results;
use super::{Depth, Event, NotCompared, Outcome, Phase, Run, Stop, Trouble, bases, millis, onbuild};
use crate::campaign::evidence::{BuildEvidence, BuildFigures, Cause, Difference, Reached, SiteEvidence};
use crate::campaign::plan::file::{Context, Site};
use crate::dockerfile::{Dockerfile, Stages};
use crate::verify::attribution::{Predictions, attribute, cause_of_failure};
use crate::verify::builder::{BuildError, Request, Vertex};
use crate::verify::cache;
use crate::verify::context::Checkout;
use crate::verify::image::Image;
use crate::verify::noise::settle;
use crate::verify::probe::{Probe, Probed};
use crate::verify::smoke;
use crate::verify::variant_builds::{Exported, Failure, Variants, Workbench, stages};
use crate::verify::variants::Texts;
use crate::verify::vertices::reached;

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
            outcome: Outcome::Same,
            reason: None,
            sites: self
                .sites
                .iter()
                .map(|site| SiteEvidence { line: site.line, reached: Reached::NotExercised })
                .collect(),
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

    fn judge(
        &self,
        bench: &mut Workbench<'_>,
        target: Option<&str>,
        build: &mut BuildEvidence,
        figures: &mut BuildFigures,
    ) -> Result<(), Trouble> {
        let results = self.built_results(bench)?;
        let variants = self.variants(target, results)?;
        self.keep(&variants)?;
        self.probe()?;
        self.tell(Phase::Original, target);
        let pair = bench.pair(&variants, || self.tell(Phase::Edited, target));
        let (original, edited) = pair.map_err(of_original)?;
        build.platform = platform(&original.image).unwrap_or_else(|| build.platform.clone());
        figures.before_ms = millis(original.built.elapsed);
        build.bases = bases::bases(&self.run.edit.file.bases, &original.built.vertexes);
        build.bases.extend(results.values().flat_map(|result| result.bases.clone()));
        let mut edited = match edited {
            Err(Failure::Build(error @ BuildError::Failed { .. })) => {
                match self.again(bench, &variants, target, error)? {
                    Ok(edited) => edited,
                    Err(error) => return self.refuted(bench, &variants, &error, build),
                }
            }
            edited => edited.map_err(of_other)?,
        };
        figures.after_ms = Some(millis(edited.built.elapsed));
        build.sites = self.reached(&edited.built.vertexes);
        onbuild::leave_out(&original.image, &mut edited.image, &self.before, &self.after);
        self.differences(bench, &variants, original.image, &edited.image, build)?;
        self.smoke(bench, &variants, build)?;
        self.cache(bench, &variants, build, figures)
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

    /// Returns the edited lines, each with how the build of the edited file executed it.
    fn reached(&self, vertexes: &[Vertex]) -> Vec<SiteEvidence> {
        let shown = reached(vertexes, &self.after, &self.stages);
        let instructions = self.before.instructions();
        let of = |site: &&Site| {
            let at = instructions.iter().position(|instruction| instruction.start_line == site.line);
            let found = shown.iter().find(|(place, _)| Some(*place) == at);
            SiteEvidence {
                line: site.line,
                reached: found.map_or(Reached::NotExercised, |(_, reached)| *reached),
            }
        };
        self.sites.iter().map(of).collect()
    }

    /// Removes nondeterminism from the differences, and attributes the others to their causes.
    fn differences(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        original: Image,
        edited: &Image,
        build: &mut BuildEvidence,
    ) -> Result<(), Trouble> {
        self.tell(Phase::Differences, variants.original.target.as_deref());
        let settled = settle(bench, variants, original, edited).map_err(of_other)?;
        build.noise = settled.noise;
        build.assumptions.extend(settled.assumptions);
        let predictions = self.predictions();
        let header_only =
            (self.texts.header_only != self.texts.before).then_some(self.texts.header_only.as_slice());
        let differences =
            attribute(bench, variants, header_only, &settled.differences, &settled.samples, &predictions);
        build.differences = differences.map_err(of_other)?;
        if !build.differences.is_empty() {
            build.outcome = Outcome::Different;
        }
        Ok(())
    }

    /// Runs the smoke commands in the configured target; they do not run in further stages.
    fn smoke(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        build: &mut BuildEvidence,
    ) -> Result<(), Trouble> {
        let commands = self.run.own.map(|own| own.smoke.as_slice()).unwrap_or_default();
        if commands.is_empty() || variants.original.target != self.context.target {
            return Ok(());
        }
        self.tell(Phase::Smoke, build.target.as_deref());
        build.smoke = smoke::run(bench, variants, commands).map_err(of_other)?;
        if build.smoke.iter().any(|smoke| !smoke.agrees) {
            build.outcome = Outcome::Different;
        }
        Ok(())
    }

    /// Measures the cost of changes at full depth. A failure here does not change the result of the comparison.
    fn cache(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        build: &mut BuildEvidence,
        figures: &mut BuildFigures,
    ) -> Result<(), Trouble> {
        if self.run.edit.depth < Depth::Full || variants.original.target != self.context.target {
            return Ok(());
        }
        self.tell(Phase::Cache, build.target.as_deref());
        match cache::measure(bench, variants).map_err(of_other) {
            Ok(Some(measured)) => {
                let pair = |(before, after)| (millis(before), millis(after));
                figures.moved_base_ms = Some(pair(measured.moved_base));
                figures.early_step_ms = measured.early_step.map(pair);
                build.cache = Some(measured.figures);
                Ok(())
            }
            Ok(None) => Ok(()),
            Err(Trouble::NotCompared(NotCompared(_, why))) => {
                build.assumptions.push(format!("the cost of changes was not measured: {why}"));
                Ok(())
            }
            Err(stop) => Err(stop),
        }
    }

    fn predictions(&self) -> Predictions<'_> {
        Predictions { path: &self.run.edit.file.path, sites: &self.sites, waivers: self.run.job.waivers }
    }

    /// Builds both again after the edited file failed to build and the original did not, because a network may fail
    /// at any time.
    fn again(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        target: Option<&str>,
        error: BuildError,
    ) -> Result<Result<Exported, BuildError>, Trouble> {
        self.tell(Phase::Original, target);
        bench.image(&variants.original).map_err(|error| match of_original(error) {
            Trouble::NotCompared(NotCompared(outcome, reason)) => Trouble::NotCompared(NotCompared(
                outcome,
                format!("the original builds only sometimes: {reason}"),
            )),
            stop @ Trouble::Stop(_) => stop,
        })?;
        self.tell(Phase::Edited, target);
        match bench.image(&variants.edited) {
            Ok(edited) => Ok(Ok(edited)),
            Err(Failure::Build(BuildError::Failed { .. })) => Ok(Err(error)),
            Err(other) => Err(of_other(other)),
        }
    }

    /// Records that the edited file does not build although the original does.
    fn refuted(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        error: &BuildError,
        build: &mut BuildEvidence,
    ) -> Result<(), Trouble> {
        let header_only = Request { dockerfile: self.texts.header_only.clone(), ..variants.original.clone() };
        let by_header = header_only != variants.original
            && match bench.image(&header_only) {
                Ok(_) => false,
                Err(Failure::Build(BuildError::Failed { .. })) => true,
                Err(other) => return Err(of_other(other)),
            };
        build.outcome = Outcome::Different;
        build.reason = Some(format!("the edited file does not build: {error}"));
        let cause = if by_header { Cause::Header } else { cause_of_failure(&self.sites) };
        build.differences = vec![Difference {
            path: None,
            aspect: "build".into(),
            before: Some("builds".into()),
            after: Some("fails".into()),
            cause,
        }];
        Ok(())
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
