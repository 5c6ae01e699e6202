//! The documents of an export: which image it holds, and of which layers. It never reads a layer.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde::de::DeserializeOwned;

use super::{Digest, ExportError, LayerDescriptor, file};
use crate::images::file::document::{ATTESTATION, Descriptor, Document};
use crate::images::file::layout::{INDEX, MAX_DEPTH};

/// The documents that were found. Blobs are checked against their digests.
#[derive(Default)]
pub(super) struct Documents {
    pub index: Option<Vec<u8>>,
    pub blobs: BTreeMap<Digest, Vec<u8>>,
}

/// What the documents state about an image.
pub(super) struct Stated {
    pub digest: Digest,
    pub config: serde_json::Map<String, serde_json::Value>,
    pub layers: Vec<LayerDescriptor>,
}

/// A manifest with its parts.
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// OCI `config.md`, "rootfs".
#[derive(Deserialize)]
struct Rootfs {
    diff_ids: Vec<String>,
}

impl Documents {
    /// The one image of the export.
    pub fn image(&self) -> Result<Stated, ExportError> {
        let index = self.index.as_ref().ok_or_else(|| ExportError::Missing { name: INDEX.into() })?;
        let Document { manifests, .. } = parsed(index, INDEX)?;
        let mut images = BTreeMap::new();
        self.descend(manifests.unwrap_or_default(), &mut images, &mut BTreeSet::new(), 0)?;
        let count = images.len();
        let (1, Some((digest, manifest))) = (count, images.pop_first()) else {
            return Err(ExportError::Images { count });
        };
        let (_, bytes) = self.blob(&manifest.config)?;
        let config: serde_json::Map<_, _> = parsed(bytes, &manifest.config.digest)?;
        let rootfs = config.get("rootfs").cloned().unwrap_or_default();
        let failed = |source| ExportError::Json { name: manifest.config.digest.clone(), source };
        let Rootfs { diff_ids } = Rootfs::deserialize(rootfs).map_err(failed)?;
        if diff_ids.len() != manifest.layers.len() {
            return Err(file(&manifest.config.digest, "states another number of layers than its manifest"));
        }
        let layers = manifest.layers.iter().zip(&diff_ids).map(|(layer, diff_id)| {
            Ok(LayerDescriptor { digest: parse(&layer.digest)?, size: layer.size, diff_id: parse(diff_id)? })
        });
        let layers = layers.collect::<Result<_, ExportError>>()?;
        Ok(Stated { digest, config, layers })
    }

    /// Finds the images below an index.
    fn descend(
        &self,
        from: Vec<Descriptor>,
        images: &mut BTreeMap<Digest, Manifest>,
        seen: &mut BTreeSet<Digest>,
        depth: usize,
    ) -> Result<(), ExportError> {
        if depth > MAX_DEPTH {
            return Err(file(INDEX, "is nested too deeply"));
        }
        for descriptor in from {
            if descriptor.annotations.as_ref().is_some_and(|said| said.contains_key(ATTESTATION)) {
                continue;
            }
            let (digest, bytes) = self.blob(&descriptor)?;
            if !seen.insert(digest) {
                continue;
            }
            match parsed(bytes, &descriptor.digest)? {
                Document { manifests: Some(manifests), .. } => {
                    self.descend(manifests, images, seen, depth + 1)?;
                }
                Document { config: Some(config), layers: Some(layers), .. } if config.is_image_config() => {
                    images.insert(digest, Manifest { config, layers });
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn blob(&self, descriptor: &Descriptor) -> Result<(Digest, &[u8]), ExportError> {
        let digest = parse(&descriptor.digest)?;
        let missing = || ExportError::Missing { name: format!("document {digest}") };
        let bytes = self.blobs.get(&digest).ok_or_else(missing)?;
        if bytes.len() as u64 != descriptor.size {
            return Err(file(&descriptor.digest, "has another size than is said where it is named"));
        }
        Ok((digest, bytes))
    }
}

fn parsed<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T, ExportError> {
    serde_json::from_slice(bytes).map_err(|source| ExportError::Json { name: name.into(), source })
}

fn parse(digest: &str) -> Result<Digest, ExportError> {
    let digested = digest.strip_prefix("sha256:").and_then(Digest::from_hex);
    digested.ok_or_else(|| file(digest, "is no sha256 digest, and no other is read"))
}
