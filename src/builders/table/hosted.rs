//! Systems that run builds, and the engines that they have.

use crate::builders::{BuilderRule, Effect};

/// The day on which the sources were read.
const READ: &str = "2026-11-30";

pub(crate) static BITBUCKET: BuilderRule = BuilderRule {
    name: "builder-bitbucket",
    effect: Effect::Unknown,
    summary: "The Docker service of Bitbucket Pipelines",
    explanation: "Atlassian chooses the version of the engine and its store.",
    remedy: Some(
        "print `docker info` in a pipeline: the flag takes effect only with the containerd image store",
    ),
    sources: &[
        "<https://support.atlassian.com/bitbucket-cloud/docs/run-docker-commands-in-bitbucket-pipelines/>",
    ],
    read: READ,
};

pub(crate) static CIRCLECI: BuilderRule = BuilderRule {
    name: "builder-circleci",
    effect: Effect::Unknown,
    summary: "The remote Docker of CircleCI (setup_remote_docker), or its machines",
    explanation: "CircleCI chooses the version of the engine unless `version` names one, and its store.",
    remedy: Some("print `docker info` in a job: the flag takes effect only with the containerd image store"),
    sources: &["<https://circleci.com/docs/guides/execution-managed/building-docker-images/>"],
    read: READ,
};

pub(crate) static CLOUD_BUILD: BuilderRule = BuilderRule {
    name: "builder-cloud-build",
    effect: Effect::Unknown,
    summary: "Docker on a worker of Google Cloud Build",
    explanation: "The image `gcr.io/cloud-builders/docker` is only the client. The engine of the worker builds, and \
Google does not say its version.",
    remedy: Some(
        "build with a builder in a container: `docker buildx create --use`, then `docker buildx build`",
    ),
    sources: &["GoogleCloudPlatform/cloud-builders `docker/README.md`"],
    read: READ,
};

pub(crate) static CODEBUILD: BuilderRule = BuilderRule {
    name: "builder-codebuild",
    effect: Effect::Ignores,
    summary: "Docker of AWS CodeBuild",
    explanation: "The images of CodeBuild start the engine with `--storage-driver=overlay2`, a graph driver, whatever \
its version.",
    remedy: Some(
        "build with a builder in a container: `docker buildx create --use`, then `docker buildx build`",
    ),
    sources: &["aws/aws-codebuild-docker-images `al/x86_64/standard/6.0/dockerd-entrypoint.sh`"],
    read: READ,
};

pub(crate) static GITHUB_UBUNTU_22_24: BuilderRule = BuilderRule {
    name: "builder-github-ubuntu-22-24",
    effect: Effect::Ignores,
    summary: "Docker 28 of the runners ubuntu-22.04, ubuntu-24.04 and ubuntu-latest",
    explanation: "The images of these runners have Docker 28.0.4 with overlay2; an update to Docker 29 was taken back. \
Azure Pipelines uses the same images.",
    remedy: Some(
        "for `docker buildx`, `docker compose` and actions: add docker/setup-buildx-action before the build; for \
`docker build`: add docker/setup-docker-action, or build on ubuntu-26.04",
    ),
    sources: &[
        "actions/runner-images `images/ubuntu/toolsets/toolset-2404.json` and `toolset-2204.json`, 2026-08-21",
        "actions/runner-images#14105",
        "docker/setup-docker-action `README.md`",
    ],
    read: READ,
};

pub(crate) static GITHUB_UBUNTU_26: BuilderRule = BuilderRule {
    name: "builder-github-ubuntu-26",
    effect: Effect::Links,
    summary: "Docker 29 of the runner ubuntu-26.04",
    explanation: "The image of this runner has a fresh installation of Docker 29.4, which stores images in containerd.",
    remedy: None,
    sources: &["actions/runner-images `images/ubuntu/toolsets/toolset-2604.json`, 2026-08-21"],
    read: READ,
};

pub(crate) static GITLAB_RUNNER: BuilderRule = BuilderRule {
    name: "builder-gitlab-runner",
    effect: Effect::Unknown,
    summary: "The engine of a GitLab runner",
    explanation: "No service `docker:dind` is named, or its version is a variable. The image of the job is only the \
client; the engine of the runner builds.",
    remedy: Some("name the service: `docker:29-dind` links, and `docker:28-dind` ignores the flag"),
    sources: &["<https://docs.gitlab.com/ci/docker/using_docker_build/>"],
    read: READ,
};

pub(crate) static RUNNER: BuilderRule = BuilderRule {
    name: "builder-runner",
    effect: Effect::Unknown,
    summary: "A runner whose engine no file states",
    explanation: "The runner is self-hosted, has another system, or its label is an expression.",
    remedy: Some("print `docker info` in a job: the flag takes effect only with the containerd image store"),
    sources: &["<https://docs.github.com/en/actions/reference/runners/github-hosted-runners>"],
    read: READ,
};
