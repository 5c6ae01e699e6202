//! Named contexts: the inputs of a build in addition to its build context (`--build-context`, `additional_contexts` of
//! compose, `contexts` of bake), and the names that they replace. It never reads one.

use std::collections::BTreeMap;

use crate::analysis::end_state::BuiltHere;
use crate::builds::BuildContext;
use crate::images::ImageReference;

/// The separator before the platform of a key.
const PLATFORM: &str = "::";

/// Platforms in the form in which `platforms.FormatAll` writes them. Another platform may normalize to one of these.
const CANONICAL: [&str; 9] = [
    "linux/386",
    "linux/amd64",
    "linux/arm/v6",
    "linux/arm/v7",
    "linux/arm64",
    "linux/loong64",
    "linux/ppc64le",
    "linux/riscv64",
    "linux/s390x",
];

/// The meaning of a name.
#[derive(Clone)]
pub enum NamedContext<'a> {
    /// A folder.
    Folder(&'a dyn BuildContext),
    /// An image, by the text after `docker-image://`.
    Image(String),
    /// The result of another build of the repository.
    Result(BuiltHere),
    /// A repository, a URL, an OCI layout or the result of an unknown build; the text describes it in messages.
    Elsewhere(String),
}

/// The named contexts of a build.
#[derive(Clone, Default)]
pub struct NamedContexts<'a> {
    contexts: BTreeMap<(Name, Option<String>), NamedContext<'a>>,
}

/// A name as BuildKit compares it: `reference.FamiliarString`, with the tag `latest` if it has none.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name {
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl Name {
    /// Returns the name; `None` if BuildKit refuses it.
    fn new(written: &str) -> Option<Self> {
        let reference = ImageReference::parse(written).ok()?;
        let owned = |text: Option<&str>| text.map(str::to_owned);
        Some(Self {
            repository: reference.repository().to_owned(),
            tag: owned(reference.tag()),
            digest: owned(reference.digest()),
        })
    }
}

impl<'a> NamedContexts<'a> {
    /// Returns no named contexts.
    pub const fn none() -> Self {
        Self { contexts: BTreeMap::new() }
    }

    /// Adds a named context; `name::linux/amd64` applies to one platform only. A name that is not a valid image name is
    /// left out, because nothing in a Dockerfile can refer to it.
    pub fn insert(&mut self, name: &str, context: NamedContext<'a>) {
        let (name, platform) =
            name.split_once(PLATFORM).map_or((name, None), |(name, platform)| (name, Some(platform)));
        if let Some(name) = Name::new(name) {
            self.contexts.insert((name, platform.map(str::to_owned)), context);
        }
    }

    /// Returns the context that a name stands for (`dockerui.Client.NamedContext`): the context for the platform comes
    /// first. `None` if the name is not a named context. `platform` is `None` if it is not known.
    pub(crate) fn lookup(&self, name: &str, platform: Option<&str>) -> Option<NamedContext<'a>> {
        let name = Name::new(name)?;
        let for_one = self.contexts.keys().any(|(other, platform)| *other == name && platform.is_some());
        let known = platform.filter(|platform| CANONICAL.contains(platform));
        if for_one && known.is_none() {
            return Some(NamedContext::Elsewhere("which one it is depends on the platform".into()));
        }
        let with = |platform: Option<&str>| self.contexts.get(&(name.clone(), platform.map(str::to_owned)));
        known.and_then(|platform| with(Some(platform))).or_else(|| with(None)).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_compared_as_docker_normalises_them() {
        let mut contexts = NamedContexts::none();
        contexts.insert("alpine", NamedContext::Image("plain".into()));
        contexts.insert("ghcr.io/a/b:1", NamedContext::Image("tagged".into()));
        contexts.insert("web::linux/arm64", NamedContext::Image("arm".into()));
        contexts.insert("web", NamedContext::Image("any".into()));
        contexts.insert("No", NamedContext::Image("never".into()));
        let image = |name: &str, platform| match contexts.lookup(name, platform) {
            Some(NamedContext::Image(image)) => image,
            Some(NamedContext::Elsewhere(_)) => "elsewhere".into(),
            Some(NamedContext::Folder(_) | NamedContext::Result(_)) | None => String::new(),
        };
        for name in ["alpine", "alpine:latest", "docker.io/alpine", "docker.io/library/alpine:latest"] {
            assert_eq!(image(name, None), "plain", "{name}");
        }
        for name in ["alpine:3", "ghcr.io/a/b", "a/alpine", "No", "no"] {
            assert_eq!(image(name, None), "", "{name}");
        }
        assert_eq!(image("ghcr.io/a/b:1", None), "tagged");
        assert_eq!(image("web", Some("linux/arm64")), "arm");
        assert_eq!(image("web", Some("linux/amd64")), "any");
        // It may be normalized to linux/arm64, and the platform of the build is not known.
        assert_eq!(image("web", Some("linux/aarch64")), "elsewhere");
        assert_eq!(image("web", None), "elsewhere");
        assert_eq!(image("alpine", Some("linux/aarch64")), "plain");
    }
}
