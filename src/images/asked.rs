//! The base images that one run asks for. It never decides which image a name means.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use super::{BaseImage, ImageError, ImageReference, ImageSource};

/// The images of a source, with the references that were asked for.
pub(crate) struct AskedImages<'s> {
    source: &'s (dyn ImageSource + Sync),
    /// By the normal form; of several spellings, the shortest, and of these the first in order.
    asked: Mutex<BTreeMap<String, ImageReference>>,
}

impl<'s> AskedImages<'s> {
    /// Returns the images of a source, of which none was asked for.
    pub(crate) fn new(source: &'s (dyn ImageSource + Sync)) -> Self {
        Self { source, asked: Mutex::default() }
    }

    /// Returns the references that were asked for, in order of their normal forms.
    pub(crate) fn references(&self) -> Vec<ImageReference> {
        self.asked.lock().unwrap_or_else(PoisonError::into_inner).values().cloned().collect()
    }
}

impl ImageSource for AskedImages<'_> {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let mut asked = self.asked.lock().unwrap_or_else(PoisonError::into_inner);
        let spelled = |reference: &ImageReference| (reference.to_string().len(), reference.to_string());
        let shortest = asked.entry(reference.normal().to_owned()).or_insert_with(|| reference.clone());
        if spelled(reference) < spelled(shortest) {
            *shortest = reference.clone();
        }
        drop(asked);
        self.source.lookup(reference)
    }
}
