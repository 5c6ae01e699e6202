//! The documents of an export: the image and the list of its layers. It never reads a layer.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use sha2::{Digest as _, Sha256};

use super::export::{missing, name_of};
use super::{Digest, ExportError, file};
use crate::images::document::{ATTESTATION, Descriptor, Document, MAX_DOCUMENT};
use crate::images::file::layout::{INDEX, MAX_DEPTH};

/// The documents of a layout. Blobs are checked against their digests.
pub(super) struct Documents<'a> {
    folder: &'a Path,
}

/// The documents' statements about an image.
#[derive(Debug)]
pub(super) struct Stated {
    pub(crate) digest: Digest,
    pub(crate) config: serde_json::Map<String, serde_json::Value>,
    /// The layers, the lowest first.
    pub(crate) layers: Vec<StatedLayer>,
}

/// A layer as the manifest and the configuration name it.
#[derive(Debug)]
pub(super) struct StatedLayer {
    /// The digest of the blob.
    pub(crate) digest: Digest,
    /// The bytes of the blob.
    pub(crate) size: u64,
    /// The digest of the uncompressed tar.
    pub(crate) diff_id: Digest,
}

/// A manifest with the parts that it refers to.
struct Manifest {
    config: Descriptor,
    layers: Vec<Descriptor>,
}

/// OCI `config.md`, "rootfs".
#[derive(Deserialize)]
struct Rootfs {
    diff_ids: Vec<String>,
}

impl<'a> Documents<'a> {
    pub(crate) fn new(folder: &'a Path) -> Self {
        Self { folder }
    }

    /// Returns the only image of the layout.
    pub(crate) fn image(&self) -> Result<Stated, ExportError> {
        let index = self.document(INDEX)?.ok_or_else(|| ExportError::Missing { name: INDEX.into() })?;
        let Document { manifests, .. } = parsed(&index, INDEX)?;
        let mut images = BTreeMap::new();
        self.descend(manifests.unwrap_or_default(), &mut images, &mut BTreeSet::new(), 0)?;
        let count = images.len();
        let (1, Some((digest, manifest))) = (count, images.pop_first()) else {
            return Err(ExportError::Images { count });
        };
        let (_, bytes) = self.blob(&manifest.config)?;
        let config: serde_json::Map<_, _> = parsed(&bytes, &manifest.config.digest)?;
        let rootfs = config.get("rootfs").cloned().unwrap_or_default();
        let failed = |source| ExportError::Json { name: manifest.config.digest.clone(), source };
        let Rootfs { diff_ids } = Rootfs::deserialize(rootfs).map_err(failed)?;
        if diff_ids.len() != manifest.layers.len() {
            return Err(file(&manifest.config.digest, "states another number of layers than its manifest"));
        }
        let layers = manifest.layers.iter().zip(&diff_ids).map(|(layer, diff_id)| {
            Ok(StatedLayer { digest: parse(&layer.digest)?, size: layer.size, diff_id: parse(diff_id)? })
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
            match parsed(&bytes, &descriptor.digest)? {
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

    fn blob(&self, descriptor: &Descriptor) -> Result<(Digest, Vec<u8>), ExportError> {
        let digest = parse(&descriptor.digest)?;
        let bytes = self.document(&name_of(digest))?.ok_or_else(|| missing(digest))?;
        let actual = Digest(Sha256::digest(&bytes).into());
        if actual != digest {
            return Err(ExportError::Digest { digest, actual });
        }
        if bytes.len() as u64 != descriptor.size {
            return Err(file(&descriptor.digest, "has another size than its descriptor says"));
        }
        Ok((digest, bytes))
    }

    /// A file of the layout; `None` if it is not there.
    fn document(&self, name: &str) -> Result<Option<Vec<u8>>, ExportError> {
        let failed = |source| ExportError::Read { name: name.into(), source };
        let from = match File::open(self.folder.join(name)) {
            Ok(from) => from,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(failed(error)),
        };
        let mut bytes = Vec::new();
        match from.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes).map_err(failed)? as u64 {
            0..=MAX_DOCUMENT => Ok(Some(bytes)),
            _ => Err(file(name, "is over 4 MiB, the size limit of a manifest or configuration")),
        }
    }
}

fn parsed<T: DeserializeOwned>(bytes: &[u8], name: &str) -> Result<T, ExportError> {
    serde_json::from_slice(bytes).map_err(|source| ExportError::Json { name: name.into(), source })
}

fn parse(digest: &str) -> Result<Digest, ExportError> {
    let digested = digest.strip_prefix("sha256:").and_then(Digest::from_hex);
    digested.ok_or_else(|| file(digest, "is not a sha256 digest; other algorithms are not supported"))
}
