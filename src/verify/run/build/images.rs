//! The comparison of the whole images of one build, with nondeterminism, smoke commands and the cost of changes.

use super::{BuildVerification, of_original, of_other, platform};
use crate::campaign::evidence::{
    BuildEvidence, BuildFigures, Cause, Depth, Difference, Outcome, Reached, SiteEvidence,
};
use crate::verify::attribution::{Predictions, attribute, cause_of_failure};
use crate::verify::builder::{BuildError, Request, Vertex};
use crate::verify::cache;
use crate::verify::image::Image;
use crate::verify::noise::settle;
use crate::verify::run::{NotCompared, Phase, Trouble, bases, millis, onbuild};
use crate::verify::smoke;
use crate::verify::variant_builds::{Exported, Failure, Variants, Workbench};
use crate::verify::vertices::reached;

impl BuildVerification<'_> {
    /// Builds both texts as a whole and compares the images.
    pub(super) fn images(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        build: &mut BuildEvidence,
        figures: &mut BuildFigures,
    ) -> Result<(), Trouble> {
        let target = variants.original.target.as_deref();
        self.tell(Phase::Original, target);
        let pair = bench.pair(variants, || self.tell(Phase::Edited, target));
        let (original, edited) = pair.map_err(of_original)?;
        build.platform = platform(&original.image).unwrap_or_else(|| build.platform.clone());
        figures.before_ms = millis(original.built.elapsed);
        build.bases.extend(bases::bases(&self.run.edit.file.bases, &original.built.vertexes));
        let mut edited = match edited {
            Err(Failure::Build(error @ BuildError::Failed { .. })) => {
                match self.again(bench, variants, target, error)? {
                    Ok(edited) => edited,
                    Err(error) => return self.refuted(bench, variants, &error, build),
                }
            }
            edited => edited.map_err(of_other)?,
        };
        figures.after_ms = Some(millis(edited.built.elapsed));
        figures.merge_ms = Some(millis(edited.built.merging));
        self.note_reached(&edited.built.vertexes, &mut build.sites);
        onbuild::leave_out(&original.image, &mut edited.image, &self.before, &self.after);
        self.differences(bench, variants, original.image, &edited.image, build)?;
        self.smoke(bench, variants, build)?;
        self.cache(bench, variants, build, figures)
    }

    /// Records how the build of the edited file executed each edited line that was not compared alone.
    fn note_reached(&self, vertexes: &[Vertex], sites: &mut [SiteEvidence]) {
        let shown = reached(vertexes, &self.after, &self.stages);
        let instructions = self.before.instructions();
        for site in sites.iter_mut().filter(|site| site.reached == Reached::NotExercised) {
            let at = instructions.iter().position(|instruction| instruction.start_line == site.line);
            let found = shown.iter().find(|(place, _)| Some(*place) == at);
            site.reached = found.map_or(Reached::NotExercised, |(_, reached)| *reached);
        }
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
        let predictions = self.predictions(build);
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

    /// Returns the predictions for whole images, after the edited instructions were compared.
    fn predictions(&self, build: &BuildEvidence) -> Predictions<'_> {
        let is_same = |site: &SiteEvidence| {
            site.compared.as_ref().is_some_and(|compared| compared.outcome == Outcome::Same)
        };
        let mut unproved = self.sites.iter().filter(|site| site.proved != Some(true));
        let observed = unproved.next().filter(|_| build.sites.iter().all(is_same)).map(|site| site.line);
        Predictions {
            path: &self.run.edit.file.path,
            sites: &self.sites,
            waivers: self.run.job.waivers,
            observed,
        }
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
}
