//! Builders that are not Docker's: kaniko, buildah, podman, nerdctl, and those that no file states.

use crate::builders::{BuilderRule, Effect};

/// The day on which the sources were read.
const READ: &str = "2026-11-30";
const BUILDAH_LINK: &str = "containers/buildah#6240";
const STAGE_EXECUTOR: &str = "containers/buildah `imagebuildah/stage_executor.go`, `performCopy`";
const UBUNTU_BUILDAH: &str = "actions/runner-images: buildah 1.23.1 on ubuntu-22.04, 1.33.7 on ubuntu-24.04, 1.42.1 on \
ubuntu-26.04; podman 5.8.4, 5.8.4 and 5.7.0 (2026-08-21)";

pub(crate) static BUILDAH: BuilderRule = BuilderRule {
    name: "builder-buildah",
    effect: Effect::LinksNotCompared,
    summary: "Buildah 1.41 or later with --layers",
    explanation: "Buildah links by code of its own, which shares nothing with BuildKit's. A verification with BuildKit \
says nothing about the images that it makes.",
    remedy: None,
    sources: &[BUILDAH_LINK, STAGE_EXECUTOR, UBUNTU_BUILDAH],
    read: READ,
};

pub(crate) static BUILDAH_BEFORE_1_41: BuilderRule = BuilderRule {
    name: "builder-buildah-before-1-41",
    effect: Effect::Rejects,
    summary: "Buildah below 1.41",
    explanation: "The build fails: `COPY only supports the --chmod=<permissions> --chown=<uid:gid> and the \
--from=<image|stage> flags`.",
    remedy: Some("update to buildah 1.41 or later"),
    sources: &["containers/buildah#4325", "containers/buildah#5096", UBUNTU_BUILDAH],
    read: READ,
};

pub(crate) static BUILDAH_VERSION: BuilderRule = BuilderRule {
    name: "builder-buildah-version",
    effect: Effect::Unknown,
    summary: "Buildah of a version that no file states",
    explanation: "Below 1.41 it rejects the flag. From 1.41 on it links with `--layers`, and ignores the flag without.",
    remedy: Some("use buildah 1.41 or later, and state its version in the build's file"),
    sources: &["containers/buildah#4325", BUILDAH_LINK],
    read: READ,
};

pub(crate) static BUILDAH_WITHOUT_LAYERS: BuilderRule = BuilderRule {
    name: "builder-buildah-without-layers",
    effect: Effect::Ignores,
    summary: "Buildah 1.41 or later without --layers, its default",
    explanation: "Buildah warns that `--link` is not supported when building without `--layers`, and ignores it.",
    remedy: Some("add `--layers`; the images are then made by code that no verification compares"),
    sources: &[STAGE_EXECUTOR, UBUNTU_BUILDAH],
    read: READ,
};

pub(crate) static KANIKO: BuilderRule = BuilderRule {
    name: "builder-kaniko",
    effect: Effect::Ignores,
    summary: "kaniko 1.9.2 or later, and its forks",
    explanation: "Kaniko parses a Dockerfile with BuildKit's parser, which knows the flag from kaniko 1.9.2 on, and \
never looks at it. The forks of Chainguard and osscontainertools do the same. The project itself is archived.",
    remedy: Some("build with BuildKit, for example rootless in a container"),
    sources: &[
        "GoogleContainerTools/kaniko `go.mod`: v1.9.2 has moby/buildkit v0.11.4, v1.24.0 has v0.22.0",
        "osscontainertools/kaniko `go.mod`: moby/buildkit v0.25.1",
    ],
    read: READ,
};

pub(crate) static KANIKO_BEFORE_1_9_2: BuilderRule = BuilderRule {
    name: "builder-kaniko-before-1-9-2",
    effect: Effect::Rejects,
    summary: "kaniko up to 1.9.1",
    explanation: "The parser in these versions does not know the flag, and the build fails: `Unknown flag: link`.",
    remedy: Some("update to kaniko 1.9.2 or later, which ignores the flag"),
    sources: &[
        "GoogleContainerTools/kaniko v1.9.1 `go.mod`: moby/buildkit v0.8.3, whose `instructions/parse.go` has no flag `link`",
        "GoogleContainerTools/kaniko#2193",
    ],
    read: READ,
};

pub(crate) static KANIKO_VERSION: BuilderRule = BuilderRule {
    name: "builder-kaniko-version",
    effect: Effect::Unknown,
    summary: "kaniko of a version that no file states",
    explanation: "Up to 1.9.1 it rejects the flag, from 1.9.2 on it ignores it.",
    remedy: Some("use kaniko 1.9.2 or later, and state its version in the build's file"),
    sources: &["GoogleContainerTools/kaniko#2193"],
    read: READ,
};

pub(crate) static NERDCTL: BuilderRule = BuilderRule {
    name: "builder-nerdctl",
    effect: Effect::Links,
    summary: "nerdctl, finch and buildctl, which build with BuildKit",
    explanation: "These clients talk to a BuildKit daemon, which merges layers from 0.10 on.",
    remedy: None,
    sources: &["containerd/nerdctl `docs/build.md`", "moby/buildkit#2596"],
    read: READ,
};

pub(crate) static NOT_STATED: BuilderRule = BuilderRule {
    name: "builder-not-stated",
    effect: Effect::Unknown,
    summary: "A build that no file of a CI runs",
    explanation: "A person runs it, on a machine that no file describes: Docker Engine, Docker Desktop, Colima, OrbStack, \
Rancher Desktop or another. Docker Desktop installed afresh since 4.34, and Docker Engine since 29, link.",
    remedy: Some(
        "see `docker info` on that machine: the flag takes effect only with the containerd image store",
    ),
    sources: &["<https://docs.docker.com/engine/storage/containerd.md>"],
    read: READ,
};

pub(crate) static PODMAN: BuilderRule = BuilderRule {
    name: "builder-podman",
    effect: Effect::LinksNotCompared,
    summary: "Podman 5.6 or later",
    explanation: "Podman builds with buildah's code and with layers by default. It links by code that shares nothing with \
BuildKit's, so a verification with BuildKit says nothing about the images that it makes.",
    remedy: None,
    sources: &[BUILDAH_LINK, "api-platform/demo#567", UBUNTU_BUILDAH],
    read: READ,
};

pub(crate) static PODMAN_BEFORE_5_6: BuilderRule = BuilderRule {
    name: "builder-podman-before-5-6",
    effect: Effect::Rejects,
    summary: "Podman below 5.6",
    explanation: "The build fails: `COPY only supports the --chmod=<permissions> --chown=<uid:gid> and the \
--from=<image|stage> flags`.",
    remedy: Some("update to podman 5.6 or later"),
    sources: &["containers/podman#20436", "containers/buildah#4325"],
    read: READ,
};

pub(crate) static PODMAN_VERSION: BuilderRule = BuilderRule {
    name: "builder-podman-version",
    effect: Effect::Unknown,
    summary: "Podman of a version that no file states",
    explanation: "Below 5.6 it rejects the flag, from 5.6 on it links by code of its own.",
    remedy: Some("use podman 5.6 or later, and state its version in the build's file"),
    sources: &["containers/podman#20436", BUILDAH_LINK],
    read: READ,
};

pub(crate) static TOOL: BuilderRule = BuilderRule {
    name: "builder-tool",
    effect: Effect::Unknown,
    summary: "A tool that builds images in its own way: a plugin, a library, skaffold, Bazel",
    explanation: "No file says which builder the tool uses.",
    remedy: Some(
        "see the documentation of the tool: the flag takes effect only with BuildKit that can merge layers",
    ),
    sources: &["moby/buildkit#2596"],
    read: READ,
};
