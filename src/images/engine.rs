//! The images of a local engine, read from the archives that it saves. This module never pulls an image.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::{fmt, io, panic, thread};

use super::{BaseImage, ImageError, ImageOrigin, ImageReference, ImageSource, file};

/// A client of an engine.
pub trait EngineClient: Sync {
    /// Returns an error unless the engine answers.
    ///
    /// # Errors
    ///
    /// [`EngineError`]
    fn check(&self) -> Result<(), EngineError>;

    /// Returns the id of an image, `sha256:…`. `None` if the engine does not have it.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if the client cannot be run.
    fn id(&self, image: &str) -> Result<Option<String>, EngineError>;

    /// Writes the archive of the image with this id, as `docker save` does.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if the archive is not complete.
    fn save(&self, id: &str, to: &mut File) -> Result<(), EngineError>;
}

/// An engine does not do what it is asked.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{problem}: {said}")]
pub struct EngineError {
    /// The problem.
    pub problem: &'static str,
    /// The message of the client.
    pub said: String,
}

/// The images of an engine, each read once, when it is first asked for.
pub(crate) struct EngineSource {
    client: Box<dyn EngineClient>,
    read: Mutex<BTreeMap<String, Option<Arc<BaseImage>>>>,
    /// The images that the engine has and that cannot be read.
    failed: Mutex<Vec<(ImageReference, ImageError)>>,
}

impl EngineSource {
    /// Returns the images of an engine that answers.
    ///
    /// # Errors
    ///
    /// [`EngineError`] if it does not.
    pub(crate) fn new(client: Box<dyn EngineClient>) -> Result<Self, EngineError> {
        client.check()?;
        Ok(Self { client, read: Mutex::default(), failed: Mutex::default() })
    }

    /// Returns the images that could not be read since the last call.
    pub(crate) fn failed(&self) -> Vec<(ImageReference, ImageError)> {
        std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn open(&self, reference: &ImageReference) -> Result<Option<BaseImage>, ImageError> {
        let label = Path::new("the archive of the engine");
        let failed = |source: io::Error| ImageError::Read { path: label.into(), source };
        let Some(id) = self.client.id(reference.normal())? else { return Ok(None) };
        // An archive is not read in the order in which it is written, and memory must not grow with it.
        let mut spool = tempfile::tempfile().map_err(failed)?;
        // By its id, so that a tag that moves in the meantime changes nothing.
        self.client.save(&id, &mut spool)?;
        spool.seek(SeekFrom::Start(0)).map_err(failed)?;
        let image = file::open_file(label, spool, reference)?;
        if matches!(image.source, ImageOrigin::RootfsTar(_)) {
            return Err(ImageError::NoImage { path: label.into(), problem: "it has no manifest" });
        }
        let indexes = image.digest.into_iter().chain(image.indexes).collect();
        Ok(Some(BaseImage { digest: Some(id), indexes, source: ImageOrigin::Engine, ..image }))
    }
}

impl ImageSource for EngineSource {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = read.get(reference.normal()) {
            return Ok(image.clone());
        }
        // On a thread of its own: reading an image is not part of the work on the first file that names it.
        let opened = thread::scope(|scope| scope.spawn(|| self.open(reference)).join());
        let image = match opened.unwrap_or_else(|defect| panic::resume_unwind(defect)) {
            Ok(image) => image.map(Arc::new),
            Err(error) => {
                let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
                failed.push((reference.clone(), error));
                None
            }
        };
        read.insert(reference.normal().to_owned(), image.clone());
        Ok(image)
    }
}

impl fmt::Debug for EngineSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EngineSource").field("read", &self.read).finish_non_exhaustive()
    }
}
