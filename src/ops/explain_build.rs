//! Explains how a Dockerfile is built: the chain from its builds to what runs them.

use std::path::Path;

use serde::Serialize;

use super::judge::{self, Found};
use super::workspace::Workspace;
use super::{JudgeError, PlanningError, Watch};
use crate::builds::{Build, Level, Place};
use crate::git::RepoPath;

/// One build of a Dockerfile.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(crate) struct ExplainedBuild {
    /// The certainty of the build.
    pub(crate) level: Level,
    /// The context, relative to the repository's root.
    pub(crate) context: String,
    /// True if the builder fetches the context from git.
    pub(crate) from_git: bool,
    /// The target; null for the last stage.
    pub(crate) target: Option<String>,
    /// The place that states the build, then those that run it, the nearest first: `path:line (kind)`.
    pub(crate) chain: Vec<String>,
    /// The things that are not settled.
    pub(crate) unsettled: Vec<String>,
}

/// How a Dockerfile is built.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct ExplainedBuilds {
    /// The builds that something states.
    pub(crate) builds: Vec<ExplainedBuild>,
    /// The places that may build it in a way that is not read, `path:line`.
    pub(crate) mentions: Vec<String>,
}

/// Returns the builds of a Dockerfile of a repository.
///
/// # Errors
///
/// [`PlanningError`]
pub(crate) fn explain_build(
    path: &Path,
    rev: Option<&str>,
    file: &str,
    watch: &Watch<'_>,
) -> Result<ExplainedBuilds, PlanningError> {
    let workspace = Workspace::open(path, rev)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let Found { discovery, builds: found } =
        judge::find(&source, &config, None, watch).map_err(JudgeError::from)?;
    let dockerfiles: Vec<&RepoPath> = discovery.files.iter().map(|file| &file.path).collect();
    let Some(dockerfile) = dockerfiles.iter().find(|path| path.as_str() == file) else {
        return Err(PlanningError::NoDockerfile { path: file.to_owned() });
    };
    let mentions = found.may_build(dockerfile).iter().map(ToString::to_string).collect();
    Ok(ExplainedBuilds { builds: found.of(dockerfile).iter().map(explained).collect(), mentions })
}

fn explained(build: &Build) -> ExplainedBuild {
    let place = |place: &Place| format!("{place} ({})", place.kind);
    ExplainedBuild {
        level: build.level(),
        context: build.context.to_string(),
        from_git: build.from_git,
        target: build.target.as_ref().map(ToString::to_string),
        chain: std::iter::once(&build.place).chain(&build.callers).map(place).collect(),
        unsettled: build.unsettled.clone(),
    }
}
