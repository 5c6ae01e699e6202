//! The builds of a group, and those that compare both headers.

use super::Lines;
use crate::campaign::evidence::Reached;
use crate::dockerfile::Dockerfile;
use crate::verify::builder::{BuildError, Request, Vertex};
use crate::verify::line::group::Group;
use crate::verify::line::state::{self, compared};
use crate::verify::line::text::{GroupText, GroupTexts, PIN, Pins};
use crate::verify::run::build::{of_original, of_other, platform};
use crate::verify::run::{NotCompared, Outcome, Phase, Trouble, bases, millis};
use crate::verify::variant_builds::{Exported, Failure, Variants, stages};
use crate::verify::vertices::reached;

/// A failure of the original.
pub(super) struct Failed {
    /// The stage of the step that failed, if the builder names it.
    pub(super) stage: Option<String>,
    pub(super) verdict: NotCompared,
}

/// The result of building both texts of a group.
pub(super) enum Tried {
    OriginalFails(Failed),
    EditedFails(BuildError),
    Compared(Box<Comparison>),
}

/// The filesystems after a group.
pub(super) struct Comparison {
    pub(super) state: state::Compared,
    pub(super) original: Exported,
    /// How the edited instructions were executed, in order.
    pub(super) reached: Vec<Reached>,
}

impl Lines<'_, '_, '_> {
    /// Builds and compares both texts of a group.
    pub(super) fn tried(&mut self, group: &Group, pins: Pins) -> Result<Tried, Trouble> {
        let nonce = self.bench.nonce();
        let texts =
            GroupTexts { original: &self.original, edited: &self.build.after, stages: &self.build.stages };
        let Some(texts) = texts.pair(group, &self.child, pins, &nonce) else {
            let why = "the stage has no name".to_owned();
            return Err(Trouble::NotCompared(NotCompared(Outcome::CouldNotTest, why)));
        };
        let variants = self.variants(group, &texts);
        let target = self.build.stages.name(group.stage);
        self.build.tell(Phase::Original, target);
        let pair = self.bench.pair(&variants, || self.build.tell(Phase::Edited, target));
        let (original, edited) = match pair {
            Ok(pair) => pair,
            Err(failure) => return self.failed(group, failure).map(Tried::OriginalFails),
        };
        self.executed.extend(self.reach(group));
        self.note(&original);
        let edited = match edited {
            Ok(edited) => edited,
            Err(Failure::Build(error @ BuildError::Failed { .. })) => return Ok(Tried::EditedFails(error)),
            Err(other) => return Err(of_other(other)),
        };
        *self.figures.after_ms.get_or_insert_default() += millis(edited.built.elapsed);
        Ok(Tried::Compared(Box::new(self.comparison(&texts, original, edited))))
    }

    /// Returns both builds. The group is always executed; what precedes it is executed once in a verification.
    fn variants(&self, group: &Group, texts: &[GroupText; 2]) -> Variants {
        let [original, edited] = texts.each_ref().map(|text| Request {
            dockerfile: text.dockerfile.text().to_vec(),
            target: Some(self.child.clone()),
            uncached: vec![self.child.clone()],
            ..self.request.clone()
        });
        let uncached = [self.uncached(group.stage), original.uncached.clone()].concat();
        Variants { original: Request { uncached, ..original }, edited }
    }

    /// Returns the stages that a build of this stage executes without the cache.
    fn uncached(&self, stage: usize) -> Vec<String> {
        let stages = &self.build.stages;
        if self.build.run.job.reuse || self.executed.contains(&stage) {
            return Vec::new();
        }
        let is_open =
            |name: &&String| stages.of_target(Some(name)).is_none_or(|stage| !self.executed.contains(&stage));
        self.request.uncached.iter().filter(is_open).cloned().collect()
    }

    /// Compares the images of a group.
    fn comparison(&self, texts: &[GroupText; 2], mut original: Exported, mut edited: Exported) -> Comparison {
        let is_foreign = |vertex: &Vertex| {
            let stage = vertex.step().and_then(|step| step.stage);
            vertex.is_run() && vertex.is_executed() && stage != Some(self.child.as_str())
        };
        let read = &texts[1].dockerfile;
        let shown = reached(&edited.built.vertexes, read, &stages(read, &self.request.build_args));
        let of = |place: &usize| {
            let found = shown.iter().find(|(at, _)| at == place);
            found.map_or(Reached::NotExercised, |(_, reached)| *reached)
        };
        let reached = texts[1].sites.iter().map(of).collect();
        let is_pinned = texts[0].is_pinned;
        let below = [&original.image, &edited.image].map(|image| self.bench.layers_up_to(image, PIN));
        let state = if edited.built.vertexes.iter().any(is_foreign) || (is_pinned && below.contains(&0)) {
            state::Compared::OtherPrefix
        } else {
            compared(&mut original.image, &mut edited.image, below, is_pinned)
        };
        Comparison { state, original, reached }
    }

    /// Solves the original up to the end of a group with the old and the new header: if the second build executes no step,
    /// both read the file alike.
    pub(super) fn compare_headers(&mut self, group: &Group) -> Result<Option<Failed>, Trouble> {
        let texts = self.build.texts;
        let is_known = self.headers.get(&group.stage).is_some_and(|last| *last >= group.last());
        if texts.header_only == texts.before || is_known {
            return Ok(None);
        }
        let request = |dockerfile: &Dockerfile, uncached: Vec<String>| Request {
            dockerfile: GroupTexts::cut_off(dockerfile, group),
            target: self.build.stages.name(group.stage).map(str::to_owned),
            uncached,
            ..self.request.clone()
        };
        let old = request(&self.build.before, self.uncached(group.stage));
        let new = request(&self.original, Vec::new());
        self.build.tell(Phase::Original, old.target.as_deref());
        if let Err(failure) = self.bench.solve(&old) {
            return self.failed(group, failure).map(Some);
        }
        self.executed.extend(self.reach(group));
        let is_read_otherwise = match self.bench.solve(&new) {
            Ok(built) => built.vertexes.iter().any(is_file_step),
            Err(Failure::Build(BuildError::Failed { .. })) => true,
            Err(other) => return Err(of_other(other)),
        };
        self.outcome.needs_full |= is_read_otherwise;
        self.headers.insert(group.stage, group.last());
        Ok(None)
    }

    /// Returns the failure of an original, or the end of the verification. The steps before the failed one were executed.
    fn failed(&mut self, group: &Group, failure: Failure) -> Result<Failed, Trouble> {
        let Failure::Build(BuildError::Failed { step, .. }) = &failure else { return Err(of_other(failure)) };
        let vertex = Vertex { name: step.clone().unwrap_or_default(), ..Vertex::default() };
        let stage = vertex.step().and_then(|step| step.stage).map(str::to_owned);
        if stage.as_deref() == Some(self.child.as_str()) {
            self.executed.extend(self.reach(group));
        } else {
            self.executed.extend(self.build.stages.of_target(stage.as_deref()).filter(|_| stage.is_some()));
        }
        match of_original(failure) {
            Trouble::NotCompared(verdict) => Ok(Failed { stage, verdict }),
            stop @ Trouble::Stop(_) => Err(stop),
        }
    }

    /// Records what a build of the original tells of it.
    fn note(&mut self, original: &Exported) {
        self.figures.before_ms += millis(original.built.elapsed);
        self.evidence.bases.extend(bases::bases(&self.build.run.edit.file.bases, &original.built.vertexes));
        if let Some(platform) = platform(&original.image) {
            self.evidence.platform = platform;
        }
    }
}

/// Returns true if a step of the file was executed. The merge of a linked copy is done each time.
fn is_file_step(vertex: &Vertex) -> bool {
    let is_from = |step: &str| step.starts_with("FROM ");
    vertex.is_executed() && !vertex.is_link() && vertex.step().is_some_and(|step| !is_from(step.instruction))
}
