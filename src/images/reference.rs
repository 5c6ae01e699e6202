//! Image references. This module never contacts a registry.

use std::fmt;

use dockerfile_parser::ImageRef;

use super::ImageError;

const DEFAULT_REGISTRY: &str = "docker.io";

/// A reference to an image, as Docker reads it (`reference.ParseNormalizedNamed`): `debian` is
/// `docker.io/library/debian:latest`. It is displayed as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ImageReference {
    written: String,
    normal: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

impl ImageReference {
    /// Parses a reference.
    ///
    /// # Errors
    ///
    /// [`ImageError::Reference`] if Docker would refuse it.
    pub fn parse(written: &str) -> Result<Self, ImageError> {
        let refused = |problem| Err(ImageError::Reference { reference: written.into(), problem });
        let ImageRef { registry, image, tag, hash } = ImageRef::parse(written);
        // The parser leaves the tag of `NAME:TAG@DIGEST` in the name.
        let (image, tag) = match image.rsplit_once(':') {
            Some((image, tag)) if hash.is_some() => (image.into(), Some(tag.into())),
            _ => (image, tag),
        };
        // An upper-case first part is a registry: repositories are lower-case.
        let (registry, image) = match (registry, image.split_once('/')) {
            (None, Some((first, rest))) if first.chars().any(char::is_uppercase) => {
                (Some(first.to_string()), rest.to_string())
            }
            (registry, _) => (registry, image),
        };
        if !image.split('/').all(is_name) {
            return refused(
                "a name has lower-case letters, digits and single separators `.`, `_`, `__`, `-`",
            );
        }
        if tag.as_ref().is_some_and(|tag| !is_tag(tag)) {
            return refused("a tag has at most 128 letters, digits, `_`, `.` and `-`");
        }
        if hash.as_ref().is_some_and(|hash| !is_digest(hash)) {
            return refused("a digest is `sha256:` and 64 hexadecimal digits");
        }
        let registry = match registry.as_deref() {
            None | Some("index.docker.io") => DEFAULT_REGISTRY,
            Some(registry) => registry,
        };
        let library = if registry == DEFAULT_REGISTRY && !image.contains('/') { "library/" } else { "" };
        let repository = format!("{registry}/{library}{image}");
        let tag = if hash.is_none() { tag.or(Some("latest".into())) } else { tag };
        let normal = match (&hash, &tag) {
            (Some(digest), _) => format!("{repository}@{digest}"),
            (None, tag) => format!("{repository}:{}", tag.as_deref().unwrap_or("latest")),
        };
        Ok(Self { written: written.into(), normal, repository, tag, digest: hash })
    }

    /// Returns the canonical form, which all spellings of this reference share. A tag beside a digest is left out, since
    /// Docker ignores it.
    pub(crate) fn normal(&self) -> &str {
        &self.normal
    }

    /// Returns registry and path: `docker.io/library/debian`.
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// Returns the tag; `latest` if the reference has neither tag nor digest.
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Returns the digest, if the reference has one.
    pub(crate) fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }
}

impl fmt::Display for ImageReference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.written)
    }
}

/// A path component of `distribution/reference`: `[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*`.
fn is_name(name: &str) -> bool {
    let word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
    let ends = name.starts_with(word) && name.ends_with(word);
    let separators = name.split(word).filter(|separator| !separator.is_empty());
    ends && separators.into_iter().all(|s| matches!(s, "." | "_" | "__") || s.bytes().all(|b| b == b'-'))
}

fn is_tag(tag: &str) -> bool {
    let word = |b: u8| b.is_ascii_alphanumeric() || b == b'_';
    tag.len() <= 128
        && tag.bytes().next().is_some_and(word)
        && tag.bytes().all(|b| word(b) || matches!(b, b'.' | b'-'))
}

/// OCI `descriptor.md`, "Digests", with the algorithm that is in use.
pub(crate) fn is_digest(digest: &str) -> bool {
    digest
        .strip_prefix("sha256:")
        .is_some_and(|hex| hex.len() == 64 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_have_one_normal_form() {
        let digest = format!("sha256:{}", "a".repeat(64));
        let pinned = format!("docker.io/library/debian@{digest}");
        for (written, normal) in [
            ("debian", "docker.io/library/debian:latest"),
            ("library/debian:12", "docker.io/library/debian:12"),
            ("docker.io/debian", "docker.io/library/debian:latest"),
            ("index.docker.io/a/b", "docker.io/a/b:latest"),
            ("y-scope/clp__core.x--y", "docker.io/y-scope/clp__core.x--y:latest"),
            ("localhost/x", "localhost/x:latest"),
            ("Host/x", "Host/x:latest"),
            ("registry.corp:5000/a/b/c:1.2_x-Y", "registry.corp:5000/a/b/c:1.2_x-Y"),
            (&format!("debian@{digest}"), &pinned),
            (&format!("debian:12@{digest}"), &pinned),
            (&format!("host:5000/x:1@{digest}"), &format!("host:5000/x@{digest}")),
        ] {
            let reference = ImageReference::parse(written).unwrap();
            assert_eq!(reference.normal(), normal);
            assert_eq!(reference.to_string(), written);
        }
        let both = ImageReference::parse(&format!("debian:12@{digest}")).unwrap();
        assert_eq!((both.tag(), both.digest()), (Some("12"), Some(digest.as_str())));
        assert_eq!(both.repository(), "docker.io/library/debian");
        assert_eq!(ImageReference::parse(&format!("x@{digest}")).unwrap().tag(), None);
    }

    #[test]
    fn what_docker_refuses_is_refused() {
        for bad in [
            "",
            "Debian",
            "a b",
            "a//b",
            "a/",
            "-a",
            "a___b",
            "a:",
            "a:-x",
            "a@sha256:12",
            "a@b",
            "$X",
            "a:b:c",
        ] {
            let error = ImageReference::parse(bad).unwrap_err();
            assert!(error.to_string().contains("write `[REGISTRY/]NAME[:TAG][@DIGEST]`"), "{bad}: {error}");
        }
    }
}
