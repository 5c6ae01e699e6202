//! The base images that one run asks for, and what it asks of them. It never decides which image a name means.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::{BaseImage, ImageError, ImageOrigin, ImageReference, ImageSource, ImageUse};

/// The images of a source, with the references that were asked for.
pub struct AskedImages<'s> {
    source: &'s (dyn ImageSource + Sync),
    /// True if each image records what it is asked.
    records: bool,
    /// By the normal form of the reference.
    asked: Mutex<BTreeMap<String, Asked>>,
}

struct Asked {
    /// Of several spellings, the shortest, and of these the first in order.
    reference: ImageReference,
    /// `None` if the source does not have it.
    image: Option<Arc<BaseImage>>,
    /// The platforms that it is used for, as they are written.
    platforms: BTreeSet<String>,
    /// True if it is used and no other Dockerfile of the repository builds it.
    is_used: bool,
}

/// An image that is used, and that the source does not have or only remembers.
#[derive(Clone, Debug)]
pub(crate) struct Missing {
    /// The image.
    pub(crate) reference: ImageReference,
    /// The platforms that it is used for, as they are written.
    pub(crate) platforms: BTreeSet<String>,
    /// The image as it is remembered.
    pub(crate) remembered: Option<Arc<BaseImage>>,
}

impl<'s> AskedImages<'s> {
    /// Returns the images of a source, of which none was asked for.
    pub(crate) fn new(source: &'s (dyn ImageSource + Sync)) -> Self {
        Self { source, records: false, asked: Mutex::default() }
    }

    /// As [`new`](Self::new). Each image records what it is asked.
    pub fn recording(source: &'s (dyn ImageSource + Sync)) -> Self {
        Self { records: true, ..Self::new(source) }
    }

    fn asked(&self) -> MutexGuard<'_, BTreeMap<String, Asked>> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the references that were asked for, in order of their normal forms.
    pub(crate) fn references(&self) -> Vec<ImageReference> {
        self.asked().values().map(|asked| asked.reference.clone()).collect()
    }

    /// Returns the images that are used, and that the source does not have or only remembers, in order of their normal forms. An image that
    /// another Dockerfile of the repository builds is not one of them: its name may mean another one elsewhere.
    pub(crate) fn missing(&self) -> Vec<Missing> {
        let asked = self.asked();
        let is_remembered = |image: &Arc<BaseImage>| matches!(image.source, ImageOrigin::Remembered(_));
        let is_missing = |asked: &&Asked| asked.is_used && asked.image.as_ref().is_none_or(is_remembered);
        let missing = asked.values().filter(is_missing);
        let told = |asked: &Asked| Missing {
            reference: asked.reference.clone(),
            platforms: asked.platforms.clone(),
            remembered: asked.image.clone(),
        };
        missing.map(told).collect()
    }

    /// Returns the images that were asked for and found, in order of their normal forms.
    pub(crate) fn found(&self) -> Vec<(ImageReference, Arc<BaseImage>)> {
        let asked = self.asked();
        let found = asked.values().filter_map(|asked| Some((asked.reference.clone(), asked.image.clone()?)));
        found.collect()
    }
}

impl ImageSource for AskedImages<'_> {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let spelled = |reference: &ImageReference| (reference.to_string().len(), reference.to_string());
        if let Some(asked) = self.asked().get_mut(reference.normal()) {
            if spelled(reference) < spelled(&asked.reference) {
                asked.reference = reference.clone();
            }
            return Ok(asked.image.clone());
        }
        let recording = |image: Arc<BaseImage>| {
            let rootfs = Arc::new(image.rootfs.recording());
            Arc::new(BaseImage { rootfs, ..(*image).clone() })
        };
        let image = self.source.lookup(reference)?;
        let image = if self.records { image.map(recording) } else { image };
        // Another thread may have found the image in the meantime; what it asks is recorded in the first one.
        let mut all = self.asked();
        let first = all.entry(reference.normal().to_owned());
        let first = first.or_insert_with(|| Asked {
            reference: reference.clone(),
            image,
            platforms: BTreeSet::new(),
            is_used: false,
        });
        Ok(first.image.clone())
    }

    fn note_use(&self, reference: &ImageReference, used: ImageUse<'_>) {
        if let Some(asked) = self.asked().get_mut(reference.normal()) {
            asked.platforms.extend(used.platforms.iter().map(|&platform| platform.to_owned()));
            asked.is_used |= !used.is_built_here;
        }
    }
}
