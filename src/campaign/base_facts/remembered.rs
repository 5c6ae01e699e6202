//! The images of a `bases.json`, as far as their facts are known. A question that the file does not answer is unknown,
//! with the command that answers it.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::format::{Base, BaseFacts, Configuration};
use crate::images::{BaseImage, BoundTo, ImageError, ImageOrigin, ImageReference, ImageSource, Platform};
use crate::rootfs::ImageFilesystem;

/// The images of a `bases.json`.
#[derive(Debug, Default)]
pub struct RememberedImages(BTreeMap<String, Arc<BaseImage>>);

impl RememberedImages {
    /// Returns the images of the facts that were read from `place`.
    pub fn new(facts: &BaseFacts, place: &str) -> Self {
        let image = |base: &Base| {
            let reference = ImageReference::parse(&base.image).ok()?;
            Some((reference.normal().to_owned(), Arc::new(image(base, place))))
        };
        Self(facts.bases.iter().filter_map(image).collect())
    }
}

fn image(base: &Base, place: &str) -> BaseImage {
    let provenance = base.provenance();
    let option = provenance.read_from.option(&base.image).join(" ");
    let why = format!(
        "{place} has no fact of {} that answers it; `layerwright plan --save {option}` adds it",
        base.image
    );
    BaseImage {
        rootfs: Arc::new(ImageFilesystem::from_facts(base.facts(), why)),
        config: base.config.as_ref().map(Configuration::image_config),
        digest: (provenance.bound_to != BoundTo::Tar).then(|| provenance.digest.clone()),
        indexes: Vec::new(),
        platform: base.platform.as_deref().and_then(Platform::parse),
        source: ImageOrigin::Remembered(provenance),
    }
}

impl ImageSource for RememberedImages {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        Ok(self.0.get(reference.normal()).cloned())
    }
}
