//! The documents of an OCI image that layouts, registries and exports of a builder share.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::config::PlatformFields;

/// The annotation by which BuildKit marks an attestation.
pub(crate) const ATTESTATION: &str = "vnd.docker.reference.type";

/// OCI `descriptor.md`, "Properties".
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct Descriptor {
    pub(crate) media_type: Option<String>,
    pub(crate) digest: String,
    pub(crate) size: u64,
    pub(super) platform: Option<PlatformFields>,
    #[serde(default)]
    pub(crate) annotations: Option<BTreeMap<String, String>>,
}

/// OCI `image-index.md`, "manifests", and `manifest.md`, "config" and "layers". The fields tell the two
/// apart; media types are Docker's or OCI's, and may be missing.
#[derive(Deserialize)]
pub(crate) struct Document {
    pub(crate) manifests: Option<Vec<Descriptor>>,
    pub(crate) config: Option<Descriptor>,
    pub(crate) layers: Option<Vec<Descriptor>>,
}

impl Descriptor {
    /// Returns true if a manifest with this config is the manifest of an image.
    pub(crate) fn is_image_config(&self) -> bool {
        self.media_type.as_ref().is_none_or(|media_type| {
            media_type.starts_with("application/vnd.oci.image.config.")
                || media_type.starts_with("application/vnd.docker.container.image.")
        })
    }
}

/// The most bytes of a manifest or of a configuration; registries refuse larger ones.
pub(crate) const MAX_DOCUMENT: u64 = 4 * 1024 * 1024;
