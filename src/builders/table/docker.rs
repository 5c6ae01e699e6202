//! Docker Engine, BuildKit, and their clients.

use crate::builders::{BuilderRule, Effect};

/// The day on which the sources were read.
const READ: &str = "2026-11-30";
const CONTAINERD: &str = "<https://docs.docker.com/engine/storage/containerd.md>";
const CONTROLLER: &str = "moby/moby `daemon/internal/builder-next/controller.go`, `newGraphDriverController`";
const CHOICE: &str = "moby/moby `daemon/image_store_choice.go`, `determineImageStoreChoice`";

pub(crate) static BUILDKIT: BuilderRule = BuilderRule {
    name: "builder-buildkit",
    effect: Effect::Links,
    summary: "BuildKit in a container, in Kubernetes or at a remote address",
    explanation: "BuildKit merges layers by itself, whatever the engine that starts it stores its images in. \
`docker/setup-buildx-action` and `docker buildx create` create such a builder and choose it. `docker build` does \
not use it: without `--builder`, `BUILDX_BUILDER` or the input `install`, it builds with the engine.",
    remedy: None,
    sources: &[
        "moby/buildkit#2596",
        "docker/setup-buildx-action `action.yml`: `driver` is `docker-container`, `install` is `false`",
        "docker/cli `cmd/docker/builder.go`, `processBuilder`",
    ],
    read: READ,
};

pub(crate) static BUILDKIT_20_10: BuilderRule = BuilderRule {
    name: "builder-buildkit-20-10",
    effect: Effect::Rejects,
    summary: "BuildKit of Docker 20.10, for a Dockerfile without a header",
    explanation: "The frontend in the engine is older than `docker/dockerfile:1.4` and does not know the flag: \
`unknown flag: link`. The header that a migration writes changes the effect: the engine then fetches a newer \
frontend, finds that it cannot merge layers, and ignores the flag.",
    remedy: Some("write `# syntax=docker/dockerfile:1` into the Dockerfile, or update to Docker 29"),
    sources: &["dunglas/symfony-docker#356", "moby/moby#45153"],
    read: READ,
};

pub(crate) static BUILDKIT_20_10_HEADER: BuilderRule = BuilderRule {
    name: "builder-buildkit-20-10-header",
    effect: Effect::Ignores,
    summary: "BuildKit of Docker 20.10, for a Dockerfile whose header names a newer frontend",
    explanation: "The frontend that the header names knows the flag. The engine cannot merge layers, so the \
frontend copies as without the flag.",
    remedy: Some("update to Docker 29, or build with a builder in a container"),
    sources: &["moby/moby#45153", CONTROLLER],
    read: READ,
};

pub(crate) static CLOUD: BuilderRule = BuilderRule {
    name: "builder-cloud",
    effect: Effect::Links,
    summary: "BuildKit in a cloud: Depot, Blacksmith, Namespace, Docker Build Cloud",
    explanation: "These services run BuildKit at a remote address.",
    remedy: None,
    sources: &["depot/build-push-action", "useblacksmith/build-push-action"],
    read: READ,
};

pub(crate) static COMMAND: BuilderRule = BuilderRule {
    name: "builder-command",
    effect: Effect::Unknown,
    summary: "A command whose builder is chosen elsewhere",
    explanation: "The command is a variable, or it names a builder by `--builder` that no file creates.",
    remedy: Some(
        "see `docker buildx inspect` on the machine that builds: the driver `docker` links only if its store is containerd's",
    ),
    sources: &["docker/cli `cmd/docker/builder.go`, `hasBuilderName`"],
    read: READ,
};

pub(crate) static COMPOSE_V1: BuilderRule = BuilderRule {
    name: "builder-compose-v1",
    effect: Effect::Unknown,
    summary: "The command `docker-compose`, of version 1 or 2",
    explanation: "Version 1 of compose builds through the legacy builder unless `COMPOSE_DOCKER_CLI_BUILD=1` is set, \
and so rejects the flag below Docker 23. Version 2 has the same name where it is installed alone. No file says which \
one it is.",
    remedy: Some("call `docker compose`, which is always version 2"),
    sources: &["misskey-dev/misskey#9974", "actions/runner-images#9692"],
    read: READ,
};

pub(crate) static DESKTOP: BuilderRule = BuilderRule {
    name: "builder-desktop",
    effect: Effect::Links,
    summary: "Docker Desktop 4.34 or later, installed afresh",
    explanation: "A fresh installation stores images in containerd and links. An earlier installation that was \
updated keeps its store and ignores the flag until it is switched on in the settings. No file of a repository says \
which one a person has.",
    remedy: None,
    sources: &["docker/docs#20802"],
    read: READ,
};

pub(crate) static DOCKER_CONTAINERD: BuilderRule = BuilderRule {
    name: "builder-docker-containerd",
    effect: Effect::Links,
    summary: "Docker Engine with the containerd image store: Docker 29, installed afresh",
    explanation: "From Docker 29 on, a fresh installation stores images in containerd, and its BuildKit merges layers. \
An installation that was updated keeps its graph driver. A graph driver that is named, by `--storage-driver`, by \
`DOCKER_DRIVER` or in `daemon.json`, is kept too.",
    remedy: None,
    sources: &[CONTAINERD, CHOICE],
    read: READ,
};

pub(crate) static DOCKER_GRAPHDRIVER: BuilderRule = BuilderRule {
    name: "builder-docker-graphdriver",
    effect: Effect::Ignores,
    summary: "Docker Engine with a graph driver: Docker 23 to 28, or one that was updated",
    explanation: "BuildKit is the default builder since Docker 23. That does not mean that linked copies take effect: \
with a graph driver such as overlay2 the engine switches merging off, and the frontend copies as without the flag. The \
same holds for `userns-remap` in every version.",
    remedy: Some(
        "update to Docker 29 with the containerd image store, or build with a builder in a container: `docker buildx create --use`",
    ),
    sources: &[CONTROLLER, "moby/moby#45153", CONTAINERD],
    read: READ,
};

pub(crate) static FRONTEND_BEFORE_1_4: BuilderRule = BuilderRule {
    name: "builder-frontend-before-1-4",
    effect: Effect::Rejects,
    summary: "A frontend below docker/dockerfile:1.4, set by BUILDKIT_SYNTAX",
    explanation: "`BUILDKIT_SYNTAX` overrides the header of the Dockerfile. A frontend below 1.4 does not know the flag.",
    remedy: Some("set `BUILDKIT_SYNTAX` to docker/dockerfile:1, or remove it"),
    sources: &["moby/buildkit `frontend/dockerfile/docs/reference.md`, COPY --link"],
    read: READ,
};

pub(crate) static LEGACY: BuilderRule = BuilderRule {
    name: "builder-legacy",
    effect: Effect::Ignores,
    summary: "The legacy builder of Docker 23 or later (DOCKER_BUILDKIT=0)",
    explanation: "The legacy builder parses a Dockerfile with BuildKit's parser, which knows the flag from Docker 23 on, \
and copies as without it. It rejects `--chmod`, `--mount` and heredocs.",
    remedy: Some("remove `DOCKER_BUILDKIT=0`"),
    sources: &[
        "moby/moby `builder/dockerfile/dispatchers.go`, `dispatchCopy`",
        "moby/moby v23.0.0 release notes",
    ],
    read: READ,
};

pub(crate) static LEGACY_BEFORE_23: BuilderRule = BuilderRule {
    name: "builder-legacy-before-23",
    effect: Effect::Rejects,
    summary: "The legacy builder of Docker 20.10 or earlier, which is its default",
    explanation: "The build fails: `dockerfile parse error: Unknown flag: link`.",
    remedy: Some("update to Docker 23 or later; Docker 29 links"),
    sources: &["dunglas/symfony-docker#356", "jim60105/docker-whisperX#25"],
    read: READ,
};
