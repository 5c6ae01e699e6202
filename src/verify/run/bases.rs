//! The base images of a build, found in its steps. It never contacts a registry.

use std::collections::BTreeMap;

use crate::campaign::plan::file::Base;
use crate::images::ImageReference;
use crate::verify::builder::Vertex;

/// Returns the base images of a build by their names in the plan, with their digests if the builder reports them
/// (`FROM docker.io/library/debian:12@sha256:…`). The digests of the plan may be of a manifest, while the builder
/// reports that of an index.
pub(crate) fn bases(planned: &[Base], vertexes: &[Vertex]) -> BTreeMap<String, Option<String>> {
    let mut found = BTreeMap::new();
    for (image, digest) in vertexes.iter().filter_map(told) {
        let is_it =
            |base: &&Base| ImageReference::parse(&base.image).is_ok_and(|own| names(&own, image, digest));
        let base = planned.iter().find(is_it);
        let name = base.map_or_else(|| familiar(image), |base| base.image.clone());
        found.insert(name, digest.map(str::to_owned));
    }
    found
}

/// Returns the image and the digest of a step that pulls one.
fn told(vertex: &Vertex) -> Option<(&str, Option<&str>)> {
    let name = vertex
        .name
        .strip_prefix('[')
        .and_then(|rest| rest.split_once("] "))
        .map_or(vertex.name.as_str(), |(_, step)| step);
    let image = name.strip_prefix("FROM ")?.split_whitespace().next()?;
    Some(image.split_once('@').map_or((image, None), |(image, digest)| (image, Some(digest))))
}

/// Returns true if a reference is the image that the builder names.
fn names(reference: &ImageReference, image: &str, digest: Option<&str>) -> bool {
    let whole = digest.map(|digest| {
        format!(
            "{}@{digest}",
            image.rsplit_once(':').map_or(image, |(name, tag)| if tag.contains('/') { image } else { name })
        )
    });
    reference.normal() == image || whole.is_some_and(|whole| reference.normal() == whole)
}

/// Returns the familiar name: `docker.io/library/debian:12` becomes `debian:12`.
fn familiar(image: &str) -> String {
    let short = image.strip_prefix("docker.io/").unwrap_or(image);
    short.strip_prefix("library/").unwrap_or(short).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::Knowledge;

    fn vertex(name: &str) -> Vertex {
        Vertex { name: name.into(), ..Vertex::default() }
    }

    #[test]
    fn an_image_is_found_by_what_it_is_called_in_the_plan() {
        let base = |image: &str, digest: Option<&str>| Base {
            image: image.into(),
            known: true,
            source: Some(Knowledge::Rootfs),
            digest: digest.map(str::to_owned),
        };
        let digest = format!("sha256:{}", "a".repeat(64));
        let pinned = format!("debian@{digest}");
        let planned = [
            base("tiny:1", None),
            base("corp:5000/x", Some("sha256:plan")),
            base(&pinned, None),
            base("gone:1", None),
        ];
        let vertexes = [
            vertex(&format!("[stage-0 1/2] FROM docker.io/library/tiny:1@{digest}")),
            vertex("FROM corp:5000/x:latest"),
            vertex(&format!("[b 1/3] FROM docker.io/library/debian@{digest}")),
            vertex("[linux/amd64 c 1/3] FROM docker.io/library/alpine:3"),
            vertex("[c 2/3] COPY FROM /x"),
        ];
        let expected = [
            ("tiny:1", Some(digest.as_str())),
            ("corp:5000/x", None),
            (&pinned, Some(&digest)),
            ("alpine:3", None),
        ];
        let expected = expected.map(|(name, digest)| (name.to_owned(), digest.map(str::to_owned)));
        assert_eq!(bases(&planned, &vertexes), BTreeMap::from(expected));
    }
}
