//! The images of registries, read by the OCI distribution specification. It asks only for images that it is told to read,
//! and keeps nothing of a layer but which paths it has.

mod access;
mod blob;
mod cache;
mod challenge;
mod client;
mod credentials;
mod error;
mod image;
mod layers;
mod request;

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{fmt, panic, thread};

pub use access::{Access, HostSettings};
pub(crate) use cache::{clear, kept};
pub use error::RegistryError;

use super::{BaseImage, ImageError, ImageOrigin, ImageReference, ImageSource, Platform};
use crate::rootfs::Tree;
use crate::rootfs::layers::apply_layer;
use client::Client;
use image::Described;
use layers::Layers;

/// The images that are read at once.
const THREADS: usize = 4;

/// A function that receives what happens, from any thread.
pub type Tells<'a> = dyn Fn(&Event<'_>) + Sync + 'a;

/// Something that happens while images of registries are read.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// Layers are about to be read.
    Reading {
        /// The number of images.
        images: usize,
        /// The bytes of their layers.
        bytes: u64,
    },
    /// A request is sent again later.
    Waiting {
        /// The server.
        host: &'a str,
        /// The time until then.
        pause: Duration,
        /// The reason.
        why: &'a str,
    },
    /// A program of the user's configuration is about to be asked for credentials.
    Helper {
        /// The program.
        program: &'a str,
        /// The registry.
        registry: &'a str,
    },
    /// A file with credentials, or a part of it, cannot be used.
    BadCredentials {
        /// The file.
        path: &'a Path,
        /// The reason.
        why: &'a str,
    },
    /// The registry says how many pulls are left.
    Pulls {
        /// The registry.
        host: &'a str,
        /// The number of pulls.
        left: u64,
    },
}

/// The content of a cache, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Cached {
    /// The number of layers.
    pub layers: usize,
    /// The number of manifests and configurations.
    pub documents: usize,
    /// The number of tags with their digests.
    pub tags: usize,
    /// The bytes of all of them.
    pub bytes: u64,
}

/// An image whose digest is another one than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Moved {
    /// The image.
    pub(crate) reference: ImageReference,
    /// The digest that it had.
    pub(crate) from: String,
    /// The digest that it has.
    pub(crate) to: String,
}

/// An image to read.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The image.
    pub(crate) reference: ImageReference,
    /// The platform.
    pub(crate) platform: Platform,
    /// The number of instructions that depend on it.
    pub(crate) weight: usize,
    /// The facts that are known already.
    pub(crate) known: Option<Known>,
}

/// The facts that are known of an image already.
#[derive(Clone, Debug)]
pub(crate) struct Known {
    /// The digest of the manifest that they are true of.
    pub(crate) digest: String,
    /// True if they answer all that was asked: the image is not read unless it has another digest.
    pub(crate) is_enough: bool,
}

/// The images of registries that were read.
pub(crate) struct RegistrySource<'w> {
    client: Client<'w>,
    /// By normal form of the reference; `None` for those that could not be read, or need not.
    images: Mutex<BTreeMap<String, Option<Arc<BaseImage>>>>,
    failed: Mutex<Vec<(ImageReference, ImageError)>>,
    moved: Mutex<Vec<Moved>>,
}

impl<'w> RegistrySource<'w> {
    /// Returns a source that has not read an image yet.
    ///
    /// # Errors
    ///
    /// [`RegistryError`] if the settings cannot be used.
    pub(crate) fn new(access: &'w Access, tells: Box<Tells<'w>>) -> Result<Self, RegistryError> {
        let client = Client::new(access, tells)?;
        Ok(Self { client, images: Mutex::default(), failed: Mutex::default(), moved: Mutex::default() })
    }

    fn images(&self) -> MutexGuard<'_, BTreeMap<String, Option<Arc<BaseImage>>>> {
        self.images.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns the images that could not be read since the last call, in order of their names.
    pub(crate) fn failed(&self) -> Vec<(ImageReference, ImageError)> {
        let mut failed = std::mem::take(&mut *self.failed.lock().unwrap_or_else(PoisonError::into_inner));
        failed.sort_by(|(one, _), (other, _)| one.normal().cmp(other.normal()));
        failed
    }

    /// Returns the images that have another digest than before.
    pub(crate) fn moved(&self) -> Vec<Moved> {
        self.moved.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Returns true unless it was tried to read an image.
    pub(crate) fn is_new(&self, reference: &ImageReference) -> bool {
        !self.images().contains_key(reference.normal())
    }

    /// Reads images: those first on which most instructions depend for each byte. Returns true if one of them is known now.
    pub(crate) fn read(&self, mut wanted: Vec<Wanted>) -> bool {
        wanted.retain(|wanted| self.is_new(&wanted.reference));
        wanted.sort_by(|one, other| {
            other.weight.cmp(&one.weight).then_with(|| one.reference.normal().cmp(other.reference.normal()))
        });
        let described = in_parallel(&wanted, |wanted| image::describe(&self.client, wanted));
        let mut images = Vec::new();
        for (wanted, described) in wanted.into_iter().zip(described) {
            match described {
                Ok(Some(described)) => {
                    self.note_move(&wanted, &described.digest);
                    images.push((wanted, described));
                }
                Ok(None) => {
                    self.images().insert(wanted.reference.normal().to_owned(), None);
                }
                Err(error) => self.fail(&wanted.reference, error),
            }
        }
        if let Some((host, left)) = self.client.pulls() {
            (self.client.tells)(&Event::Pulls { host: &host, left });
        }
        let (layers, images) =
            Layers::within(&self.client, images, |reference, error| self.fail(reference, error));
        if layers.bytes() > 0 {
            (self.client.tells)(&Event::Reading { images: images.len(), bytes: layers.bytes() });
        }
        let read = in_parallel(&images, |(_, described)| Self::open(described, &layers));
        let mut is_any = false;
        for ((wanted, _), read) in images.iter().zip(read) {
            match read {
                Ok(image) => {
                    is_any = true;
                    self.images().insert(wanted.reference.normal().to_owned(), Some(Arc::new(image)));
                }
                Err(error) => self.fail(&wanted.reference, error),
            }
        }
        is_any
    }

    fn note_move(&self, wanted: &Wanted, to: &str) {
        if let Some(known) = wanted.known.as_ref().filter(|known| known.digest != to) {
            let (reference, from, to) = (wanted.reference.clone(), known.digest.clone(), to.to_owned());
            self.moved.lock().unwrap_or_else(PoisonError::into_inner).push(Moved { reference, from, to });
        }
    }

    fn fail(&self, reference: &ImageReference, error: RegistryError) {
        self.images().insert(reference.normal().to_owned(), None);
        let mut failed = self.failed.lock().unwrap_or_else(PoisonError::into_inner);
        failed.push((reference.clone(), ImageError::Registry(Box::new(error))));
    }

    fn open(described: &Described, layers: &Layers<'_>) -> Result<BaseImage, RegistryError> {
        let mut tree = Tree::default();
        for descriptor in &described.layers {
            let layer = layers.read(&described.place, descriptor)?;
            let applied = apply_layer(&mut tree, &layer);
            let broken = |source| RegistryError::Layer { digest: descriptor.digest.clone(), source };
            applied.map_err(broken)?;
        }
        Ok(BaseImage {
            rootfs: Arc::new(tree.into()),
            config: Some(described.config.clone()),
            digest: Some(described.digest.clone()),
            indexes: described.indexes.clone(),
            platform: described.platform.clone(),
            source: ImageOrigin::Registry,
        })
    }
}

impl ImageSource for RegistrySource<'_> {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        Ok(self.images().get(reference.normal()).cloned().flatten())
    }
}

impl fmt::Debug for RegistrySource<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RegistrySource").field("images", &self.images).finish_non_exhaustive()
    }
}

/// Returns the result of each item, in order, with a few threads.
fn in_parallel<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let mut results: Vec<(usize, R)> = thread::scope(|scope| {
        let worker = || {
            let mut done = Vec::new();
            loop {
                let at = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(at) else { return done };
                done.push((at, work(item)));
            }
        };
        let workers: Vec<_> = (0..THREADS.min(items.len())).map(|_| scope.spawn(worker)).collect();
        let joined = workers
            .into_iter()
            .map(|worker| worker.join().unwrap_or_else(|panic| panic::resume_unwind(panic)));
        joined.flatten().collect()
    });
    results.sort_by_key(|(at, _)| *at);
    results.into_iter().map(|(_, result)| result).collect()
}
