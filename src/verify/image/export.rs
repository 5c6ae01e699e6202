//! The folder that a builder exports to, and its content after the export.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::Path;
use std::sync::Arc;

use crate::verify::builder::ImageFolder;
use crate::verify::temporary::Temporary;
use sha2::{Digest as _, Sha256};

use super::documents::{Documents, Stated};
use super::layer::{self, Layer};
use super::tree;
use super::{Digest, ExportError, Image, Known, LayerDescriptor, file};

/// The folder of the blobs: OCI `image-layout.md`, "Blobs".
const BLOBS: &str = "blobs/sha256";

/// Smaller blobs are exported again: that costs less than a placeholder.
const SMALL: u64 = 64 * 1024;

/// A folder that a builder exports one image to, as `type=oci,tar=false,dest=…`. Removed when dropped.
#[derive(Debug)]
pub struct Export {
    folder: Temporary,
    stand_ins: HashSet<Digest>,
}

/// An image layout whose documents were read.
#[derive(Debug)]
pub struct Layout {
    export: Export,
    stated: Stated,
}

impl Export {
    /// Creates a folder below `parent`, with a placeholder for each larger blob that is known. A placeholder has the
    /// blob's name and size, and takes no space on filesystems with sparse files.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn new(parent: &Path, known: &Known) -> io::Result<Self> {
        let folder = Temporary::new(parent, "export")?;
        fs::create_dir_all(folder.path().join(BLOBS))?;
        let mut export = Self { folder, stand_ins: HashSet::new() };
        known.sizes().try_for_each(|(digest, size)| export.stand_in(digest, size))?;
        Ok(export)
    }

    /// Adds placeholders for the layers of another export, which are known when this one is read.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub(crate) fn stand_in_for(&mut self, other: &Layout) -> io::Result<()> {
        other.stated.layers.iter().try_for_each(|layer| self.stand_in(layer.digest, layer.size))
    }

    fn stand_in(&mut self, digest: Digest, size: u64) -> io::Result<()> {
        if size >= SMALL && self.stand_ins.insert(digest) {
            File::create(self.folder.path().join(name_of(digest)))?.set_len(size)?;
        }
        Ok(())
    }

    /// Returns the folder that the builder exports to.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Reads the documents of the export.
    ///
    /// # Errors
    ///
    /// [`ExportError`], if they are damaged, or describe no image or several.
    pub fn open(self) -> Result<Layout, ExportError> {
        let stated = Documents::new(self.path()).image()?;
        Ok(Layout { export: self, stated })
    }
}

impl Layout {
    /// Reads the layers that are not known, each in one pass, and applies all layers in order. The layers that were
    /// read are then known. Reading ends early as soon as `stop` returns true.
    ///
    /// # Errors
    ///
    /// [`ExportError`] of a layer.
    pub fn read(self, known: &mut Known, stop: &dyn Fn() -> bool) -> Result<Image, ExportError> {
        let mut entries = tree::empty();
        let mut descriptors = Vec::new();
        for stated in &self.stated.layers {
            let digest = stated.digest;
            let layer = match known.get(digest) {
                Some(layer) => Arc::clone(layer),
                None => Arc::new(layer_at(self.export.path(), digest, stop)?),
            };
            known.insert(digest, Arc::clone(&layer));
            if layer.size != stated.size {
                return Err(file(&digest.to_string(), "has another size than its manifest says"));
            }
            tree::apply(&mut entries, &layer).map_err(|source| ExportError::Layer { digest, source })?;
            descriptors.push(LayerDescriptor { digest, tar_size: layer.tar_size, diff_id: stated.diff_id });
        }
        let Stated { digest, config, .. } = self.stated;
        Ok(Image { entries, config, layers: descriptors, digest })
    }

    /// Returns the image as an input of other builds. It is there until this is dropped, and whole if no layer was known
    /// before the export.
    pub(crate) fn image(&self) -> ImageFolder {
        ImageFolder { folder: self.export.path().to_owned(), digest: self.stated.digest }
    }

    /// Returns the number of bytes that the builder wrote into the folder.
    ///
    /// # Errors
    ///
    /// [`ExportError::Read`], if the folder cannot be listed.
    pub(crate) fn written(&self) -> Result<u64, ExportError> {
        let stand_ins: HashSet<String> = self.export.stand_ins.iter().copied().map(name_of).collect();
        let own = |entry: &fs::DirEntry| {
            entry.file_name().to_str().is_none_or(|name| !stand_ins.contains(&format!("{BLOBS}/{name}")))
        };
        let count = || -> io::Result<u64> {
            let mut written = 0;
            for entry in fs::read_dir(self.export.path().join(BLOBS))? {
                let entry = entry?;
                written += if own(&entry) { entry.metadata()?.len() } else { 0 };
            }
            Ok(written)
        };
        count().map_err(|source| ExportError::Read { name: BLOBS.into(), source })
    }
}

/// Returns the name of a blob in a layout.
pub(super) fn name_of(digest: Digest) -> String {
    format!("{BLOBS}/{}", digest.to_string().trim_start_matches("sha256:"))
}

pub(super) fn missing(digest: Digest) -> ExportError {
    ExportError::Missing { name: format!("blob {digest}") }
}

/// Reads a layer, and checks its digest.
fn layer_at(folder: &Path, digest: Digest, stop: &dyn Fn() -> bool) -> Result<Layer, ExportError> {
    let name = name_of(digest);
    let failed = |source: io::Error| match source.kind() {
        io::ErrorKind::NotFound => missing(digest),
        _ => ExportError::Read { name: name.clone(), source },
    };
    let blob = File::open(folder.join(&name)).map_err(failed)?;
    let mut hashed = Hashed { from: blob, hash: Sha256::new(), size: 0, stop };
    let layer = layer::read(&mut hashed, digest).map_err(|source| ExportError::Layer { digest, source });
    io::copy(&mut hashed, &mut io::sink()).map_err(failed)?;
    let actual = Digest(hashed.hash.finalize().into());
    // For damaged data, the wrong digest is reported, not the parse error.
    if actual != digest {
        return Err(ExportError::Digest { digest, actual });
    }
    Ok(Layer { size: hashed.size, ..layer? })
}

/// A reader that hashes and counts what is read.
struct Hashed<'s, R> {
    from: R,
    hash: Sha256,
    size: u64,
    stop: &'s dyn Fn() -> bool,
}

impl<R: Read> Read for Hashed<'_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if (self.stop)() {
            return Err(io::Error::other("interrupted"));
        }
        let count = self.from.read(buffer)?;
        self.hash.update(&buffer[..count]);
        self.size += count as u64;
        Ok(count)
    }
}
