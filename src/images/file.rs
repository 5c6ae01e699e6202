//! Base images from files that the user names: `--rootfs IMAGE=PATH`. This module never looks for images by itself, and
//! recognises a file by its content, never by its name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{BaseImage, ImageError, ImageOrigin, ImageReference, ImageSource, digest};
use crate::rootfs::layers::{self, Compression, apply_layer_at};
use crate::rootfs::{Entry, Tree};
use crate::text::words;
use store::Store;

mod docker;
pub(crate) mod layout;
mod store;

/// Images in files, by the names that the user gives them. Each file is read once, on first use.
#[derive(Debug, Default)]
pub struct FileSource {
    images: BTreeMap<String, Given>,
}

#[derive(Debug)]
struct Given {
    reference: ImageReference,
    path: PathBuf,
    read: Mutex<Option<Arc<BaseImage>>>,
}

impl FileSource {
    /// Parses the values of `--rootfs`, each `IMAGE=PATH`. PATH is a tar of a root filesystem, or an OCI image
    /// layout or the output of `docker save`, each a folder or a tar; tars may be compressed with gzip or zstd.
    ///
    /// # Errors
    ///
    /// [`ImageError::Pair`] for a value without `=` or an image that is given twice, and
    /// [`ImageError::Reference`].
    pub fn new<'a>(pairs: impl IntoIterator<Item = &'a str>) -> Result<Self, ImageError> {
        let mut images = BTreeMap::new();
        for value in pairs {
            let refused = |problem: &str| ImageError::Pair { value: value.into(), problem: problem.into() };
            let (image, path) = value.split_once('=').ok_or_else(|| refused("it has no `=`"))?;
            if image.is_empty() || path.is_empty() {
                return Err(refused("the image or the path is empty"));
            }
            let reference = ImageReference::parse(image)?;
            let normal = reference.normal().to_string();
            let given = Given { reference, path: path.into(), read: Mutex::default() };
            if images.insert(normal, given).is_some() {
                return Err(refused(&format!("`{image}` is given twice")));
            }
        }
        Ok(Self { images })
    }

    /// Returns true if no image is given.
    pub(crate) fn is_empty(&self) -> bool {
        self.images.is_empty()
    }

    /// Reads every file, so that an invalid one is reported before any other work.
    ///
    /// # Errors
    ///
    /// [`ImageError`] of the first file that cannot be read.
    pub fn check(&self) -> Result<(), ImageError> {
        self.images.values().try_for_each(|given| given.open().map(drop))
    }

    /// Returns an error if one of the images was given in vain: none of the references in `asked` means it.
    ///
    /// # Errors
    ///
    /// [`ImageError::Unused`] of the first such image.
    pub(crate) fn check_used(&self, asked: &[ImageReference]) -> Result<(), ImageError> {
        let mut unused: BTreeMap<&str, &Given> =
            self.images.values().map(|given| (given.reference.normal(), given)).collect();
        for reference in asked {
            if let Some(given) = self.meant(reference)? {
                unused.remove(given.reference.normal());
            }
        }
        let Some(given) = unused.into_values().next() else { return Ok(()) };
        let used: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let image = given.reference.to_string();
        // A digest is not part of what people mistype, and is longer than the rest.
        let without_digest = |name: &'_ str| name.split_once('@').map_or(name, |(name, _)| name).to_owned();
        let shown: Vec<String> = used.iter().map(|name| without_digest(name)).collect();
        let meant = words::meant(&without_digest(&image), shown.iter().map(String::as_str));
        let meant = meant.and_then(|meant| used.iter().find(|name| without_digest(name) == meant)).cloned();
        Err(ImageError::Unused { image, meant, used })
    }

    /// Returns the image that a reference means: one that is given by this name, or of the same repository with the digest
    /// of the reference.
    fn meant(&self, reference: &ImageReference) -> Result<Option<&Given>, ImageError> {
        if let Some(given) = self.images.get(reference.normal()) {
            return Ok(Some(given));
        }
        let Some(digest) = reference.digest() else { return Ok(None) };
        for given in self.images.values() {
            if given.reference.repository() == reference.repository() && given.open()?.has_digest(digest) {
                return Ok(Some(given));
            }
        }
        Ok(None)
    }
}

impl Given {
    fn open(&self) -> Result<Arc<BaseImage>, ImageError> {
        // A thread that panicked while it held the lock left `None` or a complete image.
        let mut read = self.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = &*read {
            return Ok(Arc::clone(image));
        }
        let image = Arc::new(open(&self.path, &self.reference)?);
        *read = Some(Arc::clone(&image));
        Ok(image)
    }
}

impl ImageSource for FileSource {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        self.meant(reference)?.map(Given::open).transpose()
    }
}

/// Returns the digest of a file.
///
/// # Errors
///
/// [`ImageError::Read`]
pub(super) fn digest_of_file(path: &Path) -> Result<String, ImageError> {
    let digest = File::open(path).and_then(|file| digest::of_all(&file));
    digest.map_err(|source| ImageError::Read { path: path.into(), source })
}

fn open(path: &Path, reference: &ImageReference) -> Result<BaseImage, ImageError> {
    let failed = |source| ImageError::Read { path: path.into(), source };
    if fs::metadata(path).map_err(failed)?.is_dir() {
        let store = Store::folder(path)?;
        return if store.has(layout::INDEX) {
            layout::open(&store, reference)
        } else if store.has(docker::MANIFEST) {
            docker::open(&store, reference)
        } else {
            let problem = "the folder has neither an index.json nor a manifest.json";
            Err(ImageError::NoImage { path: path.into(), problem })
        };
    }
    open_file(path, File::open(path).map_err(failed)?, reference)
}

/// Reads an image from a file. Errors name `path`.
pub(super) fn open_file(
    path: &Path,
    file: File,
    reference: &ImageReference,
) -> Result<BaseImage, ImageError> {
    let damaged = |source| ImageError::Layer { path: path.into(), member: None, source };
    let mut rootfs = Tree::default();
    let summary = apply_layer_at(&mut rootfs, &file).map_err(damaged)?;
    if !summary.has_end_marker {
        return Err(ImageError::NoEnd { path: path.into(), member: None });
    }
    let is_file = |name| matches!(rootfs.get(name), Some(Entry::File(_)));
    let is_layout = is_file(layout::MARK) && is_file(layout::INDEX);
    // A root filesystem may have a file of this name; an archive of images does not have these folders.
    let is_root = ["bin", "etc", "usr"].into_iter().any(|name| rootfs.get(name).is_some());
    if is_layout || is_file(docker::MANIFEST) && !is_root {
        let file = if summary.compression == Compression::None { file } else { spooled(path, file)? };
        let store = Store::archive(path, file)?;
        return if is_layout { layout::open(&store, reference) } else { docker::open(&store, reference) };
    }
    if rootfs.is_empty() {
        return Err(ImageError::NoImage { path: path.into(), problem: "the tar is empty" });
    }
    let source = ImageOrigin::RootfsTar(path.into());
    Ok(BaseImage {
        rootfs: Arc::new(rootfs.into()),
        config: None,
        digest: None,
        indexes: Vec::new(),
        platform: None,
        source,
    })
}

/// Unpacks a compressed archive of images to an unnamed temporary file: its blobs are read in another order than
/// they stand in, and memory must not grow with them.
fn spooled(path: &Path, mut file: File) -> Result<File, ImageError> {
    let failed = |source| ImageError::Read { path: path.into(), source };
    let damaged = |source| ImageError::Layer { path: path.into(), member: None, source };
    file.seek(SeekFrom::Start(0)).map_err(failed)?;
    let mut spool = tempfile::tempfile().map_err(failed)?;
    if let Some(mut decoder) = layers::input::decoder(file).map_err(damaged)? {
        io::copy(&mut decoder, &mut spool).map_err(failed)?;
    }
    Ok(spool)
}

#[cfg(test)]
mod tests;
