//! The step that makes a build of a workflow link. It never reads a workflow; the run of the build has its step.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::table::hosted;
use super::{BuilderRule, BuilderUse, Effect};
use crate::builds::{BuildRun, Tool};

/// The step for commands that use the builder that is chosen.
const BUILDX: &str = "- uses: docker/setup-buildx-action@v4";
/// The step for `docker build`, which always uses the engine: an engine of the newest version, with its own store.
const DOCKER: &str = "- uses: docker/setup-docker-action@v4";

/// A step to insert into a workflow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Insertion {
    /// The workflow.
    pub(crate) path: String,
    /// The line before which the step is inserted, 1-based.
    pub(crate) line: usize,
    /// The step, with its indentation.
    pub(crate) text: String,
    /// True if no later step can miss anything: the image of the build is pushed, loaded or written to a file.
    pub(crate) safe: bool,
}

/// Returns the step that makes a run link. `None` if one step is not enough.
pub(super) fn insertion(run: &BuildRun, rule: &BuilderRule) -> Option<Insertion> {
    let step = run.machine.step.as_ref().filter(|_| rule.effect == Effect::Ignores)?;
    if rule.name != hosted::GITHUB_UBUNTU_22_24.name {
        return None;
    }
    let (text, safe) = match run.tool {
        Tool::Buildx => (BUILDX, step.exports),
        // Compose loads what it builds.
        Tool::Compose => (BUILDX, true),
        Tool::Docker => (DOCKER, false),
        _ => return None,
    };
    let text = format!("{}{text}", step.indent);
    Some(Insertion { path: step.path.to_string(), line: step.line, text, safe })
}

/// Gives the builds of one job the same edit: one step before the first of them is enough for all.
pub(super) fn join(runs: &[BuildRun], uses: &mut [BuilderUse]) {
    let mut first: BTreeMap<(String, usize, String), (usize, bool)> = BTreeMap::new();
    let key = |run: &BuildRun, edit: &Insertion| {
        let job = run.machine.step.as_ref().map_or(0, |step| step.job);
        (edit.path.clone(), job, edit.text.trim_start().to_owned())
    };
    for (run, used) in runs.iter().zip(uses.iter()) {
        let Some(edit) = &used.edit else { continue };
        let of_job = first.entry(key(run, edit)).or_insert((edit.line, true));
        *of_job = (of_job.0.min(edit.line), of_job.1 && edit.safe);
    }
    for (run, used) in runs.iter().zip(uses) {
        if let Some(edit) = &mut used.edit
            && let Some((line, safe)) = first.get(&key(run, edit))
        {
            (edit.line, edit.safe) = (*line, *safe);
        }
    }
}

impl Insertion {
    /// Returns the action that the step uses, without its version.
    pub(crate) fn action(&self) -> Option<&str> {
        self.text.trim_start().strip_prefix("- uses: ")?.split('@').next()
    }
}
