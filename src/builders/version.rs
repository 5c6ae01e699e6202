//! Versions of builders, as the tags of images write them. It never asks a registry.

/// The parts of a version; a part that is not written is 0.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Version(pub(super) [u32; 3]);

/// The version that a tag names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Tagged {
    /// This version, with its text.
    Version(Version, String),
    /// The newest: no tag, or one that moves, such as `latest`.
    Newest,
    /// It is a variable.
    Unknown,
}

impl Tagged {
    /// Returns the version of an image by its tag: `kaniko:v1.9.1-debug`, `docker:28-dind`.
    pub(super) fn of_image(image: &str) -> Self {
        let name = image.split('@').next().unwrap_or(image);
        let last = name.rsplit('/').next().unwrap_or(name);
        let Some((_, tag)) = last.split_once(':') else { return Self::Newest };
        Self::of_tag(tag)
    }

    /// Returns the version of a tag.
    pub(super) fn of_tag(tag: &str) -> Self {
        if tag.contains(['$', '{']) {
            return Self::Unknown;
        }
        let parts = tag.split('-').map(|part| part.strip_prefix('v').unwrap_or(part));
        let is_version = |part: &&str| part.starts_with(|c: char| c.is_ascii_digit());
        let Some(text) = parts.clone().find(is_version) else { return Self::Newest };
        let mut numbers = text.split('.').map_while(|part| part.parse::<u32>().ok());
        let version = Version(std::array::from_fn(|_| numbers.next().unwrap_or_default()));
        Self::Version(version, text.to_owned())
    }

    /// Returns true if it is this version or a later one, or `None` if that is not known.
    pub(super) fn is_from(&self, first: Version) -> Option<bool> {
        match self {
            Self::Version(version, _) => Some(*version >= first),
            Self::Newest => Some(true),
            Self::Unknown => None,
        }
    }

    /// Returns the text of the version.
    pub(super) fn text(&self) -> Option<&str> {
        match self {
            Self::Version(_, text) => Some(text),
            Self::Newest | Self::Unknown => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_name_versions() {
        let of = |image: &str| match Tagged::of_image(image) {
            Tagged::Version(Version(parts), _) => format!("{parts:?}"),
            other => format!("{other:?}"),
        };
        assert_eq!(of("gcr.io/kaniko-project/executor:v1.9.1-debug"), "[1, 9, 1]");
        assert_eq!(of("gcr.io/kaniko-project/executor:debug-v0.16.0"), "[0, 16, 0]");
        assert_eq!(of("docker:28-dind"), "[28, 0, 0]");
        assert_eq!(of("docker:20.10.16-dind@sha256:ab"), "[20, 10, 16]");
        assert_eq!(of("localhost:5000/docker:dind"), "Newest");
        assert_eq!(of("localhost:5000/docker"), "Newest");
        assert_eq!(of("docker:${DOCKER_VERSION}-dind"), "Unknown");
        assert_eq!(of("quay.io/buildah/stable:latest"), "Newest");
    }
}
