//! A folder that keeps, by its digest, what was read of registries. It only saves requests: a file that cannot be read or
//! written is as if it was not there, and each file is checked before it is believed.
//!
//! A file is written under another name and then renamed, so two runs at once, and one that is killed, leave whole files.

use std::fs;
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};

use super::Cached;
use crate::budget::read_file;
use crate::images::digest;
use crate::images::document::MAX_DOCUMENT;
use crate::images::reference::is_digest;
use crate::rootfs::layers::Layer;

/// The most bytes of a layer that is kept.
const MOST_LAYER: u64 = 512 << 20;
/// The length of a digest as it is written.
const DIGEST: usize = 71;

/// The folders: layers and documents by their digests, and the digests that tags had.
const LAYERS: &str = "layers";
const DOCUMENTS: &str = "documents";
const TAGS: &str = "tags";

/// A folder of what was read.
#[derive(Clone, Debug)]
pub(super) struct Cache {
    /// `None` if nothing is kept.
    folder: Option<PathBuf>,
}

impl Cache {
    pub(super) fn new(folder: Option<PathBuf>) -> Self {
        Self { folder }
    }

    fn at(&self, kind: &str, digest: &str) -> Option<PathBuf> {
        let name = digest.strip_prefix("sha256:").filter(|_| is_digest(digest))?;
        Some(self.folder.as_ref()?.join(kind).join(name))
    }

    /// Returns true if a layer is kept.
    pub(super) fn has_layer(&self, digest: &str) -> bool {
        self.at(LAYERS, digest).is_some_and(|path| path.is_file())
    }

    /// Returns a layer. Its file begins with the digest of the rest.
    pub(super) fn layer(&self, digest: &str) -> Option<Layer> {
        let bytes = read_file(&self.at(LAYERS, digest)?, MOST_LAYER).ok()?;
        let (stated, rest) = bytes.split_at_checked(DIGEST)?;
        (digest::of(rest).as_bytes() == stated).then(|| Layer::from_bytes(rest))?
    }

    /// Keeps a layer.
    pub(super) fn keep_layer(&self, digest: &str, layer: &Layer) {
        let Some(path) = self.at(LAYERS, digest) else { return };
        let bytes = layer.to_bytes();
        if bytes.len() as u64 + DIGEST as u64 <= MOST_LAYER {
            write(&path, &[digest::of(&bytes).as_bytes(), &bytes]);
        }
    }

    /// Returns a manifest or configuration.
    pub(super) fn document(&self, digest: &str) -> Option<Vec<u8>> {
        let bytes = read_file(&self.at(DOCUMENTS, digest)?, MAX_DOCUMENT).ok()?;
        (digest::of(&bytes) == digest).then_some(bytes)
    }

    /// Keeps a manifest or configuration.
    pub(super) fn keep_document(&self, digest: &str, bytes: &[u8]) {
        if let Some(path) = self.at(DOCUMENTS, digest) {
            write(&path, &[bytes]);
        }
    }

    /// Returns the digest that a tag had, as in `docker.io/library/debian:12`.
    pub(super) fn tag(&self, tag: &str) -> Option<String> {
        let path = self.at(TAGS, &digest::of(tag.as_bytes()))?;
        let text = String::from_utf8(read_file(&path, DIGEST as u64).ok()?).ok()?;
        is_digest(&text).then_some(text)
    }

    /// Keeps the digest that a tag has.
    pub(super) fn keep_tag(&self, tag: &str, digest: &str) {
        if let Some(path) = self.at(TAGS, &digest::of(tag.as_bytes())) {
            write(&path, &[digest.as_bytes()]);
        }
    }
}

/// Writes a file as a whole. A full disk only costs requests.
fn write(path: &Path, parts: &[&[u8]]) {
    let write = || -> io::Result<()> {
        let folder = path.parent().unwrap_or(Path::new("."));
        fs::create_dir_all(folder)?;
        let mut file = tempfile::NamedTempFile::new_in(folder)?;
        for part in parts {
            file.write_all(part)?;
        }
        file.persist(path)?;
        Ok(())
    };
    let _ = write();
}

/// Returns what a folder keeps.
///
/// # Errors
///
/// The error of the system. A folder that does not exist keeps nothing.
pub(crate) fn kept(folder: &Path) -> io::Result<Cached> {
    let mut kept = Cached::default();
    for (kind, count) in [(LAYERS, 0), (DOCUMENTS, 1), (TAGS, 2)] {
        let entries = match fs::read_dir(folder.join(kind)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        for entry in entries {
            kept.bytes += entry?.metadata()?.len();
            *[&mut kept.layers, &mut kept.documents, &mut kept.tags][count] += 1;
        }
    }
    Ok(kept)
}

/// Removes what a folder keeps, and no other file.
///
/// # Errors
///
/// The error of the system.
pub(crate) fn clear(folder: &Path) -> io::Result<()> {
    for kind in [LAYERS, DOCUMENTS, TAGS] {
        match fs::remove_dir_all(folder.join(kind)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    Ok(())
}
