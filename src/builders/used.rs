//! The builders that a repository uses, one entry a run of a build. It never judges a Dockerfile.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::edits::{self, Insertion};
use super::judge::{Judged, judge};
use super::{BuilderRuleId, Effect};
use crate::builds::{BuildRun, Ci, Tool};
use crate::git::RepoPath;

/// A builder that a file of the repository uses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct BuilderUse {
    /// The file that runs the build.
    pub(crate) path: String,
    /// Its line, 1-based.
    pub(crate) line: usize,
    /// The places that call that file, the nearest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) callers: Vec<String>,
    /// The tool and its machine, in a few words.
    pub(crate) what: String,
    /// The rule.
    #[schemars(with = "String")]
    pub(crate) rule: BuilderRuleId,
    /// The effect on `--link`.
    pub(crate) effect: Effect,
    /// The version, if the file says it.
    pub(crate) version: Option<String>,
    /// The Dockerfiles that it builds, or may build.
    pub(crate) dockerfiles: Vec<String>,
    /// The reason of the waiver that accepts it; null if there is none.
    pub(crate) waived: Option<String>,
    /// The step to insert so that the build links; null if no single step does that.
    pub(crate) edit: Option<Insertion>,
}

/// Judges the runs of builds. `has_header` says of a Dockerfile that its header names a frontend which knows the flag, and
/// `waived` returns the reason of the waiver for a rule at a file.
pub(crate) fn uses(
    runs: &[BuildRun],
    has_header: &dyn Fn(&RepoPath) -> bool,
    waived: &dyn Fn(BuilderRuleId, &str) -> Option<String>,
) -> Vec<BuilderUse> {
    let mut found: Vec<BuilderUse> = runs.iter().map(|run| of_run(run, has_header, waived)).collect();
    edits::join(runs, &mut found);
    found
}

fn of_run(
    run: &BuildRun,
    has_header: &dyn Fn(&RepoPath) -> bool,
    waived: &dyn Fn(BuilderRuleId, &str) -> Option<String>,
) -> BuilderUse {
    let Judged { rule, version } = judge(run, run.dockerfiles.iter().all(has_header));
    let id = BuilderRuleId(rule);
    BuilderUse {
        path: run.path.to_string(),
        line: run.line,
        callers: run.callers.iter().map(ToString::to_string).collect(),
        what: what(run, version.as_deref()),
        rule: id,
        effect: rule.effect,
        dockerfiles: run.dockerfiles.iter().map(ToString::to_string).collect(),
        waived: waived(id, run.path.as_str()),
        edit: edits::insertion(run, rule),
        version,
    }
}

/// Returns the tool, with its version or its machine.
fn what(run: &BuildRun, version: Option<&str>) -> String {
    let tool = match run.tool {
        Tool::Docker => "docker build",
        Tool::Buildx => "docker buildx",
        Tool::Compose => "docker compose",
        Tool::DockerCompose => "docker-compose",
        Tool::Podman => "podman",
        Tool::Buildah | Tool::BuildahLayers => "buildah",
        Tool::Nerdctl => "nerdctl",
        Tool::Buildctl => "buildctl",
        Tool::Kaniko => "kaniko",
        Tool::Cloud => "a cloud builder",
        Tool::Other => "a build",
    };
    let machine = &run.machine;
    match (version, machine.runners.as_slice(), machine.ci) {
        (Some(version), _, _) if matches!(run.tool, Tool::Docker | Tool::Buildx | Tool::Compose) => {
            format!("{tool} with Docker {version}")
        }
        (Some(version), _, _) => format!("{tool} {version}"),
        (None, [label], _) => format!("{tool} on {label}"),
        (None, _, Some(ci)) if ci != Ci::Other => format!("{tool} on {}", name(ci)),
        _ => tool.to_owned(),
    }
}

fn name(ci: Ci) -> &'static str {
    match ci {
        Ci::GitHub => "GitHub Actions",
        Ci::GitLab => "GitLab CI",
        Ci::Azure => "Azure Pipelines",
        Ci::CloudBuild => "Cloud Build",
        Ci::Circle => "CircleCI",
        Ci::Bitbucket => "Bitbucket",
        Ci::CodeBuild => "CodeBuild",
        Ci::Other => "a CI",
    }
}

impl BuilderUse {
    /// Returns the place and the tool: `.gitlab-ci.yml:14 kaniko 1.9`.
    pub(crate) fn place(&self) -> String {
        format!("{}:{} {}", self.path, self.line, self.what)
    }
}
