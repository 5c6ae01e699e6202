//! OCI image layouts: `image-layout.md`, with indexes of indexes as Docker and BuildKit write them.

use std::sync::Arc;

use super::store::Store;
use crate::images::config::PlatformFields;
use crate::images::document::{ATTESTATION, Descriptor, Document};
use crate::images::{BaseImage, ImageError, ImageOrigin, ImageReference, Platform};

/// The file that marks a layout: OCI `image-layout.md`, "oci-layout file".
pub(super) const MARK: &str = "oci-layout";
/// The entry point: OCI `image-layout.md`, "index.json file".
pub(crate) const INDEX: &str = "index.json";

/// The most levels of nested indexes; real layouts have two.
pub(crate) const MAX_DEPTH: usize = 8;
/// The most descriptors that are read in one layout.
const MAX_DESCRIPTORS: usize = 10_000;

/// The full name that containerd and Docker give an image.
const IMAGE_NAME: &str = "io.containerd.image.name";
/// OCI `annotations.md`: a name or only a tag.
const REF_NAME: &str = "org.opencontainers.image.ref.name";

/// An image of the layout. Its manifest may be missing: Docker saves an index whole, and of its images only those
/// of the platforms that it has.
struct Candidate {
    names: Vec<String>,
    digest: String,
    /// The digests of the indexes that lead to it, the outermost first.
    indexes: Vec<String>,
    platform: Option<Platform>,
    manifest: Option<(Descriptor, Vec<Descriptor>)>,
}

pub(super) fn open(store: &Store, reference: &ImageReference) -> Result<BaseImage, ImageError> {
    let (_, index): (_, Document) = store.document(INDEX)?;
    let mut search = Search { store, found: Vec::new(), seen: 0 };
    search.descend(index.manifests.unwrap_or_default(), &[], &[])?;
    let Candidate { digest, indexes, platform, manifest, .. } = choose(store, search.found, reference)?;
    let Some((config, layers)) = manifest else {
        return Err(ImageError::MissingBlob { path: store.path.clone(), blob: digest });
    };
    let (config, stated) = store.config(&config.digest, &store.blob(&config.digest)?)?;
    let layers = layers
        .into_iter()
        .map(|layer| Ok((store.blob_name(&layer.digest)?, layer.size)))
        .collect::<Result<Vec<_>, ImageError>>()?;
    let rootfs = store.rootfs(layers.iter().map(|(name, size)| (name.as_str(), Some(*size))))?;
    Ok(BaseImage {
        rootfs: Arc::new(rootfs.into()),
        config: Some(config),
        digest: Some(digest),
        indexes,
        platform: stated.or(platform),
        source: ImageOrigin::OciLayout(store.path.clone()),
    })
}

struct Search<'a> {
    store: &'a Store,
    found: Vec<Candidate>,
    seen: usize,
}

impl Search<'_> {
    fn descend(
        &mut self,
        from: Vec<Descriptor>,
        names: &[String],
        indexes: &[String],
    ) -> Result<(), ImageError> {
        self.seen += from.len();
        if indexes.len() > MAX_DEPTH || self.seen > MAX_DESCRIPTORS {
            let problem = "its index is nested too deeply or too large";
            return Err(ImageError::NoImage { path: self.store.path.clone(), problem });
        }
        for descriptor in from {
            let annotations = descriptor.annotations.unwrap_or_default();
            if annotations.contains_key(ATTESTATION) {
                continue;
            }
            let own = [IMAGE_NAME, REF_NAME].into_iter().filter_map(|key| annotations.get(key).cloned());
            let names: Vec<String> = names.iter().cloned().chain(own).collect();
            let platform = descriptor.platform.and_then(PlatformFields::platform);
            let digest = descriptor.digest;
            let indexes = indexes.to_vec();
            let mut candidate = Candidate { names, digest, indexes, platform, manifest: None };
            if !self.store.has(&self.store.blob_name(&candidate.digest)?) {
                self.found.push(candidate);
                continue;
            }
            let bytes = self.store.blob(&candidate.digest)?;
            let document: Document = self.store.parsed(&candidate.digest, &bytes)?;
            match document {
                Document { manifests: Some(manifests), .. } => {
                    candidate.indexes.push(candidate.digest);
                    self.descend(manifests, &candidate.names, &candidate.indexes)?;
                }
                Document { config: Some(config), layers: Some(layers), .. } if config.is_image_config() => {
                    if candidate.platform.is_none() {
                        candidate.platform = self.stated_platform(&config)?;
                    }
                    candidate.manifest = Some((config, layers));
                    self.found.push(candidate);
                }
                // A signature, a chart or another artifact.
                _ => {}
            }
        }
        Ok(())
    }

    /// The platform that the configuration states; a descriptor need not, and an image of `docker import` has none
    /// in its index.
    fn stated_platform(&self, config: &Descriptor) -> Result<Option<Platform>, ImageError> {
        if !self.store.has(&self.store.blob_name(&config.digest)?) {
            return Ok(None);
        }
        let bytes = self.store.blob(&config.digest)?;
        self.store.config(&config.digest, &bytes).map(|(_, platform)| platform)
    }
}

/// Returns true for the default platform, linux/amd64.
pub(super) fn is_wanted(platform: Option<&Platform>) -> bool {
    platform.is_some_and(|platform| platform.os == "linux" && platform.architecture == "amd64")
}

/// Filters by name, then by presence, then by platform; a filter that would leave nothing is skipped.
fn choose(
    store: &Store,
    mut found: Vec<Candidate>,
    reference: &ImageReference,
) -> Result<Candidate, ImageError> {
    // An image with two tags is listed twice.
    let mut digests = std::collections::BTreeSet::new();
    narrow(&mut found, |candidate| candidate.is_named(reference));
    found.retain(|candidate| digests.insert(candidate.digest.clone()));
    narrow(&mut found, |candidate| candidate.manifest.is_some());
    narrow(&mut found, |candidate| is_wanted(candidate.platform.as_ref()));
    match <[Candidate; 1]>::try_from(found) {
        Ok([candidate]) => Ok(candidate),
        Err(none) if none.is_empty() => {
            Err(ImageError::NoImage { path: store.path.clone(), problem: "its index names no image" })
        }
        Err(several) => Err(ImageError::Ambiguous {
            path: store.path.clone(),
            reference: reference.to_string(),
            candidates: several.iter().map(Candidate::describe).collect(),
        }),
    }
}

fn narrow(found: &mut Vec<Candidate>, fits: impl Fn(&Candidate) -> bool) {
    if found.len() > 1 && found.iter().any(&fits) {
        found.retain(fits);
    }
}

impl Candidate {
    fn is_named(&self, reference: &ImageReference) -> bool {
        reference
            .digest()
            .is_some_and(|digest| self.digest == digest || self.indexes.iter().any(|index| index == digest))
            || self.names.iter().any(|name| {
                let parsed = ImageReference::parse(name);
                parsed.is_ok_and(|name| name.normal() == reference.normal())
            })
    }

    fn describe(&self) -> String {
        let platform = self.platform.as_ref().map(|platform| format!(" ({platform})")).unwrap_or_default();
        format!("{}{platform}", self.names.first().unwrap_or(&self.digest))
    }
}
