//! The facts that `layerwright.toml` states about base images that cannot be read: `[base]`. It never reads an image.

use std::cmp::Reverse;

use globset::{Glob, GlobMatcher};

use crate::analysis::end_state::Like;
use crate::config::{self, Base, Config};
use crate::images::ImageReference;

/// The prefixes of the names of official images in their normal form, which no other image has.
const OFFICIAL: [&str; 2] = ["docker.io/library/", "docker.io/"];

/// The entries of `[base]`. If several match an image, the longest glob counts.
#[derive(Debug, Default)]
pub(crate) struct Bases(Vec<BaseEntry>);

#[derive(Debug)]
struct BaseEntry {
    glob: GlobMatcher,
    /// The place of the entry, `layerwright.toml:LINE`.
    place: String,
    base: Base,
}

/// The statement that a Dockerfile of the repository builds an image.
pub(crate) struct BuiltBy<'b> {
    /// The Dockerfile.
    pub(crate) dockerfile: &'b str,
    /// The stage of the Dockerfile; `None` for the last.
    pub(crate) target: Option<&'b str>,
    /// The place of the statement, `layerwright.toml:LINE`.
    pub(crate) place: &'b str,
}

impl Bases {
    /// Reads the entries.
    pub(crate) fn new(config: &Config) -> Self {
        let mut names: Vec<(&String, &Base)> = config.base.iter().collect();
        names.sort_by_key(|(name, _)| Reverse(name.len()));
        let entry = |(name, base): (&String, &Base)| {
            let key = if base.dockerfile.is_some() { "dockerfile" } else { "like" };
            let line = config.line_in("base", name, key);
            Some(BaseEntry {
                glob: Glob::new(name).ok()?.compile_matcher(),
                place: format!("{}:{line}", config::FILE_NAME),
                base: base.clone(),
            })
        };
        Self(names.into_iter().filter_map(entry).collect())
    }

    /// Returns true if there are none.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Returns the entries that match an image, as written or in its normal form.
    fn of(&self, reference: &ImageReference) -> impl Iterator<Item = &BaseEntry> {
        let normal = reference.normal();
        let short = OFFICIAL.iter().find_map(|prefix| normal.strip_prefix(prefix)).unwrap_or(normal);
        let written = reference.to_string();
        self.0.iter().filter(move |entry| {
            [written.as_str(), normal, short].iter().any(|name| entry.glob.is_match(name))
        })
    }

    /// Returns the Dockerfile that is stated to build an image.
    pub(crate) fn built_by(&self, reference: &ImageReference) -> Option<BuiltBy<'_>> {
        self.of(reference).find_map(|BaseEntry { place, base, .. }| {
            Some(BuiltBy { dockerfile: base.dockerfile.as_deref()?, target: base.target.as_deref(), place })
        })
    }

    /// Returns the image that an image is stated to be like.
    pub(crate) fn like(&self, reference: &ImageReference) -> Option<Like> {
        self.of(reference).find_map(|BaseEntry { place, base, .. }| {
            Some(Like { image: base.like.clone()?, place: place.as_str().into() })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_glob_means_the_name_as_written_and_in_its_normal_form() {
        let config = "[base.'debian:*']\nlike = 'debian:12'\n[base.'corp/*']\nlike = 'b'\n\
                      [base.'corp/java:*']\nlike = 'c'\n[base.'index.docker.io/x']\nlike = 'd'\n";
        let bases = Bases::new(&Config::read(config.as_bytes()).unwrap());
        let like = |name: &str| {
            let like = bases.like(&ImageReference::parse(name).unwrap());
            like.map_or_else(String::new, |like| format!("{} {}", like.image, like.place))
        };
        for (name, is) in [
            ("debian", "debian:12 layerwright.toml:2"),
            ("docker.io/library/debian:11", "debian:12 layerwright.toml:2"),
            ("ghcr.io/debian:11", ""),
            ("corp/java:1", "c layerwright.toml:6"),
            ("docker.io/corp/go", "b layerwright.toml:4"),
            ("registry.example/corp/go", ""),
            ("index.docker.io/x", "d layerwright.toml:8"),
            ("x", ""),
        ] {
            assert_eq!(like(name), is, "{name}");
        }
    }
}
