//! Base images from files that the user names: `--rootfs IMAGE=PATH`. This module never looks for images by itself, and
//! recognises a file by its content, never by its name.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::{BaseImage, ImageError, ImageOrigin, ImageReference, ImageSource};
use crate::rootfs::layers::{self, Compression, apply_layer_at};
use crate::rootfs::{Entry, Tree};
use store::Store;

mod config;
mod docker;
pub(crate) mod document;
pub(crate) mod layout;
mod store;

/// Images in files, by the names that the user gives them. Each file is read once, on first use.
#[derive(Debug, Default)]
pub struct FileSource {
    images: BTreeMap<String, Given>,
}

#[derive(Debug)]
struct Given {
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
            let given = Given { path: path.into(), read: Mutex::default() };
            if images.insert(reference.normal().to_string(), given).is_some() {
                return Err(refused(&format!("`{image}` is given twice")));
            }
        }
        Ok(Self { images })
    }

    /// Reads every file, so that an invalid one is reported before any other work.
    ///
    /// # Errors
    ///
    /// [`ImageError`] of the first file that cannot be read.
    pub fn check(&self) -> Result<(), ImageError> {
        self.images.keys().try_for_each(|name| self.lookup(&ImageReference::parse(name)?).map(|_| ()))
    }
}

impl ImageSource for FileSource {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        let Some(given) = self.images.get(reference.normal()) else { return Ok(None) };
        // A thread that panicked while it held the lock left `None` or a complete image.
        let mut read = given.read.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(image) = &*read {
            return Ok(Some(Arc::clone(image)));
        }
        let image = Arc::new(open(&given.path, reference)?);
        *read = Some(Arc::clone(&image));
        Ok(Some(image))
    }
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
    let damaged = |source| ImageError::Layer { path: path.into(), member: None, source };
    let file = File::open(path).map_err(failed)?;
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
    Ok(BaseImage { rootfs: Arc::new(rootfs), config: None, digest: None, platform: None, source })
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
