//! The rule of one run of a build: by its tool, then by the builder that the tool uses on its machine.

use super::BuilderRule;
use super::table::{docker, hosted, others};
use super::version::{Tagged, Version};
use crate::builds::{BuildRun, Ci, Setup, Tool};
use crate::edit::header::{Frontend, LINK, Version as FrontendVersion};

/// The graph drivers that Docker 29 keeps if they are named (moby `daemon/image_store_choice.go`).
const GRAPH_DRIVERS: [&str; 3] = ["overlay2", "vfs", "btrfs"];
/// The first version of kaniko whose parser knows the flag.
const KANIKO: Version = Version([1, 9, 2]);
/// The first version of buildah that links.
const BUILDAH: Version = Version([1, 41, 0]);
/// The first version of podman that links.
const PODMAN: Version = Version([5, 6, 0]);
/// The first version of Docker with the containerd image store by default.
const DOCKER_CONTAINERD: Version = Version([29, 0, 0]);
/// The first version of Docker with BuildKit by default.
const DOCKER_BUILDKIT: Version = Version([23, 0, 0]);

/// A runner of GitHub with its versions of buildah and podman (actions/runner-images, 2026-08-21).
const RUNNERS: [(&str, &BuilderRule, &str, &str); 4] = [
    ("ubuntu-22.04", &hosted::GITHUB_UBUNTU_22_24, "1.23.1", "5.8.4"),
    ("ubuntu-24.04", &hosted::GITHUB_UBUNTU_22_24, "1.33.7", "5.8.4"),
    ("ubuntu-latest", &hosted::GITHUB_UBUNTU_22_24, "1.33.7", "5.8.4"),
    ("ubuntu-26.04", &hosted::GITHUB_UBUNTU_26, "1.42.1", "5.7.0"),
];

/// The rule of a run, with the version that the files say.
pub(super) struct Judged {
    pub(super) rule: &'static BuilderRule,
    pub(super) version: Option<String>,
}

impl From<&'static BuilderRule> for Judged {
    fn from(rule: &'static BuilderRule) -> Self {
        Self { rule, version: None }
    }
}

/// Judges a run. `has_header` is true if the headers of its Dockerfiles name a frontend that knows the flag.
pub(super) fn judge(run: &BuildRun, has_header: bool) -> Judged {
    let syntax = run.syntax.as_ref().or_else(|| run.machine.env.get("BUILDKIT_SYNTAX"));
    if let Some(Frontend::Docker(FrontendVersion { major, minor })) = syntax.map(|name| Frontend::read(name))
        && (FrontendVersion { major, minor }) < LINK
    {
        return Judged::from(&docker::FRONTEND_BEFORE_1_4);
    }
    match run.tool {
        Tool::Kaniko => kaniko(run),
        Tool::Podman => podman(run),
        Tool::Buildah | Tool::BuildahLayers => buildah(run),
        Tool::Nerdctl | Tool::Buildctl => Judged::from(&others::NERDCTL),
        Tool::Cloud => Judged::from(&docker::CLOUD),
        Tool::DockerCompose => Judged::from(&docker::COMPOSE_V1),
        Tool::Docker | Tool::Buildx | Tool::Compose => Engine { run, has_header }.judge(),
        Tool::Other => Judged::from(other(run)),
    }
}

/// Returns the rule of a tool that is not known.
fn other(run: &BuildRun) -> &'static BuilderRule {
    if run.command.is_empty() && run.machine.ci.is_none() {
        &others::NOT_STATED
    } else if run.command.contains(" build") {
        &docker::COMMAND
    } else {
        &others::TOOL
    }
}

fn kaniko(run: &BuildRun) -> Judged {
    let words = run.command.split([' ', '"', '\'', '=']);
    let images = run.machine.image.as_deref().into_iter().chain(words);
    let Some(image) = images.filter(|word| word.contains("kaniko") && !word.starts_with('/')).find(|word| {
        word.contains(':') || word.contains("executor") || run.machine.image.as_deref() == Some(word)
    }) else {
        return Judged::from(&others::KANIKO_VERSION);
    };
    let tagged = Tagged::of_image(image.trim_matches(','));
    let is_original = image.contains("kaniko-project/executor");
    let rule = match tagged.is_from(KANIKO) {
        Some(false) if is_original => &others::KANIKO_BEFORE_1_9_2,
        // The forks began after 1.24.
        Some(_) => &others::KANIKO,
        None => &others::KANIKO_VERSION,
    };
    Judged { rule, version: tagged.text().map(str::to_owned) }
}

fn podman(run: &BuildRun) -> Judged {
    let tagged = of_machine(run, "podman", |(_, _, _, podman)| podman);
    let rule = match tagged.as_ref().and_then(|tagged| tagged.is_from(PODMAN)) {
        Some(true) => &others::PODMAN,
        Some(false) => &others::PODMAN_BEFORE_5_6,
        None => &others::PODMAN_VERSION,
    };
    Judged { rule, version: tagged.and_then(|tagged| tagged.text().map(str::to_owned)) }
}

fn buildah(run: &BuildRun) -> Judged {
    let tagged = of_machine(run, "buildah", |(_, _, buildah, _)| buildah);
    let by_env = run.machine.env.get("BUILDAH_LAYERS").is_some_and(|value| value == "true");
    let has_layers = run.tool == Tool::BuildahLayers || by_env;
    let rule = match tagged.as_ref().and_then(|tagged| tagged.is_from(BUILDAH)) {
        Some(true) if has_layers => &others::BUILDAH,
        Some(true) => &others::BUILDAH_WITHOUT_LAYERS,
        Some(false) => &others::BUILDAH_BEFORE_1_41,
        None => &others::BUILDAH_VERSION,
    };
    Judged { rule, version: tagged.and_then(|tagged| tagged.text().map(str::to_owned)) }
}

type Runner = (&'static str, &'static BuilderRule, &'static str, &'static str);

/// Returns the version of a tool by the image that it runs in, or else by the runner.
fn of_machine(run: &BuildRun, tool: &str, column: fn(Runner) -> &'static str) -> Option<Tagged> {
    if let Some(image) = run.machine.image.as_deref() {
        return image.contains(tool).then(|| Tagged::of_image(image));
    }
    let runner = one_runner(&run.machine.runners)?;
    Some(Tagged::of_tag(column(runner)))
}

/// Returns the row of the runners, if all labels have the same.
fn one_runner(labels: &[String]) -> Option<Runner> {
    let row = |label: &String| {
        let label = label.strip_suffix("-arm").unwrap_or(label);
        RUNNERS.into_iter().find(|(name, ..)| *name == label)
    };
    let first = row(labels.first()?)?;
    let same = |label: &String| row(label).is_some_and(|(_, rule, ..)| rule.name == first.1.name);
    labels.iter().all(same).then_some(first)
}

/// A run of a client of Docker.
struct Engine<'r> {
    run: &'r BuildRun,
    has_header: bool,
}

impl Engine<'_> {
    fn env(&self, name: &str) -> Option<&str> {
        self.run.machine.env.get(name).map(String::as_str)
    }

    fn judge(&self) -> Judged {
        if self.is_legacy() || !self.uses_chosen_builder() {
            return self.engine();
        }
        let chosen = self.run.machine.setups.iter().rev().find_map(|setup| match setup {
            Setup::Buildx { driver, .. } | Setup::Create(driver) => Some(driver.as_str()),
            Setup::Cloud => Some("cloud"),
            Setup::Docker { .. } => None,
        });
        match chosen {
            Some("docker") => self.engine(),
            Some("cloud") => Judged::from(&docker::CLOUD),
            Some(_) => Judged::from(&docker::BUILDKIT),
            None if self.names_builder() => Judged::from(&docker::COMMAND),
            None => self.engine(),
        }
    }

    /// Returns true if `DOCKER_BUILDKIT=0` chooses the legacy builder. `docker buildx` never uses it.
    fn is_legacy(&self) -> bool {
        self.run.tool != Tool::Buildx && matches!(self.env("DOCKER_BUILDKIT"), Some("0" | "false"))
    }

    fn names_builder(&self) -> bool {
        self.run.command.contains("--builder") || self.env("BUILDX_BUILDER").is_some()
    }

    /// Returns true if the command uses the builder that `docker buildx use` chose. `docker build` does not
    /// (docker/cli `processBuilder`).
    fn uses_chosen_builder(&self) -> bool {
        let is_installed = |setup: &Setup| matches!(setup, Setup::Buildx { install: true, .. });
        self.run.tool != Tool::Docker
            || self.names_builder()
            || self.run.machine.setups.iter().any(is_installed)
    }

    /// Returns the rule of the engine.
    fn engine(&self) -> Judged {
        let machine = &self.run.machine;
        let installed = machine.setups.iter().rev().find_map(|setup| match setup {
            Setup::Docker { version, config } => Some((version, config)),
            _ => None,
        });
        if let Some((version, config)) = installed {
            return self.installed(version, config);
        }
        match machine.ci {
            Some(Ci::GitHub | Ci::Azure) => self.hosted(),
            Some(Ci::GitLab) => self.gitlab(),
            Some(Ci::CloudBuild) => Judged::from(&hosted::CLOUD_BUILD),
            Some(Ci::Circle) => Judged::from(&hosted::CIRCLECI),
            Some(Ci::Bitbucket) => Judged::from(&hosted::BITBUCKET),
            Some(Ci::CodeBuild) => Judged::from(&hosted::CODEBUILD),
            Some(Ci::Other) => Judged::from(&hosted::RUNNER),
            None => Judged::from(&others::NOT_STATED),
        }
    }

    fn installed(&self, version: &str, config: &str) -> Judged {
        let config: String = config.split_whitespace().collect();
        if config.contains("\"containerd-snapshotter\":true") {
            return Judged::from(&docker::DOCKER_CONTAINERD);
        }
        let is_graph = config.contains("\"containerd-snapshotter\":false")
            || GRAPH_DRIVERS
                .iter()
                .any(|driver| config.contains(&format!("\"storage-driver\":\"{driver}\"")));
        self.of_version(&Tagged::of_tag(version.rsplit('=').next().unwrap_or(version)), is_graph)
    }

    fn hosted(&self) -> Judged {
        match one_runner(&self.run.machine.runners) {
            Some(_) if self.is_legacy() => Judged::from(&docker::LEGACY),
            Some((_, rule, ..)) => Judged::from(rule),
            None => Judged::from(&hosted::RUNNER),
        }
    }

    fn gitlab(&self) -> Judged {
        let is_engine = |image: &&String| image.contains("dind") || image.contains("docker:");
        let Some(service) = self.run.machine.services.iter().find(is_engine) else {
            return Judged::from(&hosted::GITLAB_RUNNER);
        };
        let is_graph = self.env("DOCKER_DRIVER").is_some_and(|driver| GRAPH_DRIVERS.contains(&driver));
        match Tagged::of_image(service) {
            Tagged::Unknown => Judged::from(&hosted::GITLAB_RUNNER),
            tagged => self.of_version(&tagged, is_graph),
        }
    }

    /// Returns the rule of an engine of a version, freshly installed.
    fn of_version(&self, tagged: &Tagged, is_graph: bool) -> Judged {
        let from = |version| tagged.is_from(version).unwrap_or_default();
        let rule = if from(DOCKER_CONTAINERD) && !is_graph && !self.is_legacy() {
            &docker::DOCKER_CONTAINERD
        } else if from(DOCKER_BUILDKIT) {
            if self.is_legacy() { &docker::LEGACY } else { &docker::DOCKER_GRAPHDRIVER }
        } else if self.is_legacy() || !self.client_has_buildkit() {
            &docker::LEGACY_BEFORE_23
        } else if self.has_header {
            &docker::BUILDKIT_20_10_HEADER
        } else {
            &docker::BUILDKIT_20_10
        };
        Judged { rule, version: tagged.text().map(str::to_owned) }
    }

    /// Returns true if the client asks an old engine for BuildKit: by a variable, as buildx, or by default from Docker 23 on.
    fn client_has_buildkit(&self) -> bool {
        let image = self.run.machine.image.as_deref().filter(|image| image.contains("docker"));
        let is_new = image.map(Tagged::of_image).and_then(|client| client.is_from(DOCKER_BUILDKIT));
        self.run.tool == Tool::Buildx
            || matches!(self.env("DOCKER_BUILDKIT"), Some("1" | "true"))
            || is_new == Some(true)
    }
}
