//! The builds whose results are named contexts. Each is built once, as its definition states, and both variants start from
//! the same image. It never edits their Dockerfiles.

use std::collections::BTreeMap;

use super::request::{Inputs, build_args, check_needs, own_ignore};
use super::{BuildVerification, bases, of_other};
use crate::campaign::plan::file::{Context, NeededBuild};
use crate::discover::MOST_BYTES;
use crate::dockerfile::Dockerfile;
use crate::git::RepoPath;
use crate::verify::builder::{BuildError, ImageFolder};
use crate::verify::image::Layout;
use crate::verify::run::{Event, NotCompared, Outcome, Phase, Stop, Trouble};
use crate::verify::variant_builds::{Failure, Workbench, stages};
use crate::verify::variants::texts;

/// The results that a build needs, by the names of its contexts.
pub(super) type Results = BTreeMap<String, BuiltResult>;

/// The image of a build that another one needs. It is removed when this is dropped.
#[derive(Debug)]
pub(super) struct BuiltResult {
    layout: Layout,
    /// The base images of this build, and of those that it needs, with their digests.
    pub(super) bases: BTreeMap<String, Option<String>>,
}

impl BuiltResult {
    /// Returns it as an input of a build.
    pub(super) fn image(&self) -> ImageFolder {
        self.layout.image()
    }
}

impl BuildVerification<'_> {
    /// Returns the results that this build needs, which are built once.
    pub(super) fn built_results(&self, bench: &mut Workbench<'_>) -> Result<&Results, Trouble> {
        if let Some(results) = self.results.get() {
            return Ok(results);
        }
        if !self.context.results.is_empty() {
            self.probe()?;
        }
        let built = self.results(bench, self.context)?;
        Ok(self.results.get_or_init(|| built))
    }

    /// Builds what a build needs.
    pub(super) fn results(&self, bench: &mut Workbench<'_>, context: &Context) -> Result<Results, Trouble> {
        let mut results = Results::new();
        for (name, needed) in &context.results {
            results.insert(name.clone(), self.result(bench, name, needed)?);
        }
        Ok(results)
    }

    fn result(
        &self,
        bench: &mut Workbench<'_>,
        name: &str,
        needed: &NeededBuild,
    ) -> Result<BuiltResult, Trouble> {
        let NeededBuild { dockerfile: path, build: context } = needed;
        let what = format!("the named context {name}, built from {path}");
        let blocked =
            |why: String| Trouble::NotCompared(NotCompared(Outcome::Blocked, format!("{what}: {why}")));
        let job = self.run.job;
        let own = job.config.build.get(path);
        if own.is_some_and(|own| !own.prepare.is_empty()) {
            return Err(blocked("the commands of its `prepare` run only when it is verified itself".into()));
        }
        let results = self.results(bench, context)?;
        let at = RepoPath::new(path).map_err(Stop::Path)?;
        let text = job.source.read(&at, MOST_BYTES)?;
        let text = texts(&text, &text, job.frontend).map_err(|error| blocked(error.to_string()))?.before;
        let read = Dockerfile::read(text.as_slice());
        let request = self.request(Inputs {
            dockerfile: text,
            ignore: own_ignore(job.source, path, context)?,
            context,
            target: context.target.as_deref(),
            results: &results,
        })?;
        let stages = stages(&read, &build_args(context, job.build_args));
        check_needs(&read, &stages, &request, own).map_err(blocked)?;
        (self.run.tell)(&Event::Phase(Phase::Original, &what));
        let (built, layout) = bench.layout(&request).map_err(|failure| match failure {
            Failure::Build(error @ BuildError::Failed { .. }) => blocked(error.to_string()),
            other => of_other(other),
        })?;
        let mut bases = bases::bases(&[], &built.vertexes);
        bases.extend(results.into_values().flat_map(|result| result.bases));
        Ok(BuiltResult { layout, bases })
    }
}
