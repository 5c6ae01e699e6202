//! The output of `docker save`: a `manifest.json` that names configurations and layers by their paths in the archive.
//! Engines since 25 write an OCI layout beside it, and then that is read.

use std::sync::Arc;

use serde::Deserialize;

use super::store::Store;
use crate::images::{
    BaseImage, ImageConfig, ImageError, ImageOrigin, ImageReference, Platform, digest as digests,
};

pub(super) const MANIFEST: &str = "manifest.json";

/// Moby's `image/tarexport.manifestItem`.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Item {
    config: String,
    repo_tags: Option<Vec<String>>,
    layers: Vec<String>,
}

struct Image {
    item: Item,
    config: ImageConfig,
    platform: Option<Platform>,
    digest: String,
}

pub(super) fn open(store: &Store, reference: &ImageReference) -> Result<BaseImage, ImageError> {
    let (_, items): (_, Vec<Item>) = store.document(MANIFEST)?;
    let mut images = items.into_iter().map(|item| read(store, item)).collect::<Result<Vec<_>, _>>()?;
    let tagged =
        |tag: &String| ImageReference::parse(tag).is_ok_and(|tag| tag.normal() == reference.normal());
    if images.iter().any(|image| image.names().iter().any(tagged)) {
        images.retain(|image| image.names().iter().any(tagged));
    }
    if images.len() > 1 && images.iter().any(|image| super::layout::is_wanted(image.platform.as_ref())) {
        images.retain(|image| super::layout::is_wanted(image.platform.as_ref()));
    }
    let image = match <[Image; 1]>::try_from(images) {
        Ok([image]) => image,
        Err(images) if images.is_empty() => {
            let problem = "its manifest.json names no image";
            return Err(ImageError::NoImage { path: store.path.clone(), problem });
        }
        Err(images) => {
            return Err(ImageError::Ambiguous {
                path: store.path.clone(),
                reference: reference.to_string(),
                candidates: images.iter().map(Image::describe).collect(),
            });
        }
    };
    let rootfs = store.rootfs(image.item.layers.iter().map(|name| (name.as_str(), None)))?;
    Ok(BaseImage {
        rootfs: Arc::new(rootfs.into()),
        config: Some(image.config),
        digest: Some(image.digest),
        indexes: Vec::new(),
        platform: image.platform,
        source: ImageOrigin::DockerArchive(store.path.clone()),
    })
}

/// The configuration's file is named for its digest, so it can be verified.
fn read(store: &Store, item: Item) -> Result<Image, ImageError> {
    let (bytes, _): (_, serde::de::IgnoredAny) = store.document(&item.config)?;
    let digest = digests::of(&bytes);
    let stem = item.config.rsplit_once('/').map_or(item.config.as_str(), |(_, name)| name);
    let stated = format!("sha256:{}", stem.strip_suffix(".json").unwrap_or(stem));
    if crate::images::reference::is_digest(&stated) && stated != digest {
        return Err(ImageError::DigestMismatch {
            path: store.path.clone(),
            blob: item.config,
            actual: digest,
        });
    }
    let (config, platform) = store.config(&item.config, &bytes)?;
    Ok(Image { item, config, platform, digest })
}

impl Image {
    fn names(&self) -> &[String] {
        self.item.repo_tags.as_deref().unwrap_or_default()
    }

    fn describe(&self) -> String {
        let platform = self.platform.as_ref().map(|platform| format!(" ({platform})")).unwrap_or_default();
        format!("{}{platform}", self.names().first().unwrap_or(&self.digest))
    }
}
