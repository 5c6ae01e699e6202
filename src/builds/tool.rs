//! The tools that run builds, by the words of a command line. It never looks at versions or machines.

use super::docker_cli;
use crate::text::pattern::Pattern;

/// A tool that runs a build.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Tool {
    /// `docker build`.
    Docker,
    /// `docker buildx build` and `bake`, and the actions that run them.
    Buildx,
    /// `docker compose`.
    Compose,
    /// `docker-compose`, of the first version or a later one.
    DockerCompose,
    /// `podman build`.
    Podman,
    /// `buildah build`.
    Buildah,
    /// `buildah build --layers`.
    BuildahLayers,
    /// `nerdctl build` and `finch build`.
    Nerdctl,
    /// `buildctl build`.
    Buildctl,
    /// kaniko's executor.
    Kaniko,
    /// An action whose BuildKit runs in a cloud.
    Cloud,
    /// A tool that is not known: a variable, a plugin, a library.
    #[default]
    Other,
}

/// The words of a line that name its tool, the first that a line has counts.
const BY_WORDS: [(&str, Tool); 14] = [
    ("kaniko", Tool::Kaniko),
    ("docker buildx", Tool::Buildx),
    ("docker-buildx", Tool::Buildx),
    ("docker-compose", Tool::DockerCompose),
    ("docker compose", Tool::Compose),
    ("podman", Tool::Podman),
    ("buildah", Tool::Buildah),
    ("nerdctl", Tool::Nerdctl),
    ("finch build", Tool::Nerdctl),
    ("buildctl", Tool::Buildctl),
    ("depot build", Tool::Cloud),
    ("docker build", Tool::Docker),
    ("docker image build", Tool::Docker),
    ("Docker@", Tool::Docker),
];

impl Tool {
    /// Returns the tool of a build that [`docker_cli::declared`] reads.
    pub(super) fn of_words(words: &[Pattern]) -> Self {
        let has = |word: &str| words.iter().any(|given| given.known() == Some(word));
        match docker_cli::tool_of(words) {
            Some("docker-buildx") => Self::Buildx,
            Some("docker") if has("buildx") => Self::Buildx,
            Some("docker") => Self::Docker,
            Some("podman") => Self::Podman,
            Some("buildah") if has("--layers") || has("--layers=true") => Self::BuildahLayers,
            Some("buildah") => Self::Buildah,
            Some("nerdctl" | "finch") => Self::Nerdctl,
            _ => Self::Other,
        }
    }

    /// Returns the tool of a line in a language that is not interpreted.
    pub(super) fn of_line(line: &str) -> Self {
        let found = BY_WORDS.iter().find(|(words, _)| line.contains(words)).map(|(_, tool)| *tool);
        match found {
            Some(Self::Buildah) if line.contains("--layers") => Self::BuildahLayers,
            found => found.unwrap_or_default(),
        }
    }
}
