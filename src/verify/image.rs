//! An image as a builder exports it: an OCI image layout in a folder (`image-layout.md`), each layer read in one
//! pass. It never keeps the content of a file.
//!
//! In the next export, a placeholder stands in for each known layer: containerd's local content store, which `docker
//! buildx` writes a layout with, treats a blob as written if there is a file of its name (`local.store.writer`). So a
//! base image is exported and read once, not with each build.

use std::collections::BTreeMap;
use std::fmt;
use std::io;
use std::sync::Arc;

use bstr::BStr;

use crate::rootfs::layers::LayerError;

mod documents;
mod export;
mod layer;
mod layers;
mod tree;

pub use export::Export;
pub(crate) use export::Layout;
pub(crate) use layers::Known;
pub use layers::Layers;

/// An absolute and clean path without its leading slash; the root is empty.
pub(crate) type ImagePath = Arc<BStr>;

/// A SHA-256 digest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// Reads 64 lower-case hexadecimal digits.
    fn from_hex(hex: &str) -> Option<Self> {
        let digit = |byte: u8| match byte {
            b'0'..=b'9' => Some(byte - b'0'),
            b'a'..=b'f' => Some(byte - b'a' + 10),
            _ => None,
        };
        let mut digest = [0; 32];
        let pairs = hex.as_bytes().chunks_exact(2);
        if hex.len() != 64 {
            return None;
        }
        for (byte, pair) in digest.iter_mut().zip(pairs) {
            *byte = digit(pair[0])? << 4 | digit(pair[1])?;
        }
        Some(Self(digest))
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("sha256:")?;
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// An image: its filesystem with all layers applied, and its configuration.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Image {
    /// The entry at each path. The root is always there; a hard link is the file that it points to.
    pub entries: BTreeMap<ImagePath, Arc<Node>>,
    /// The configuration document: OCI `config.md`.
    pub(crate) config: serde_json::Map<String, serde_json::Value>,
    /// The layers, the lowest first.
    pub layers: Vec<LayerDescriptor>,
    /// The digest of the manifest.
    pub(crate) digest: Digest,
}

/// A layer as the manifest and the configuration name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerDescriptor {
    /// The digest of the blob.
    pub(crate) digest: Digest,
    /// The bytes of the uncompressed tar, without its end-of-archive blocks.
    pub(crate) tar_size: u64,
    /// The digest of the uncompressed tar.
    pub(crate) diff_id: Digest,
}

/// The entry at a path, without its times.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// The type, with the data of that type.
    pub kind: NodeKind,
    /// The permission bits with setuid, setgid and sticky: `mode & 0o7777`. Always 0777 for a symlink, as in Linux.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// The names and values of the extended attributes, sorted. They include capabilities, ACLs and labels.
    pub xattrs: Box<[(Vec<u8>, Vec<u8>)]>,
}

/// Types of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A directory.
    Dir,
    /// A regular file.
    File {
        /// The size in bytes.
        size: u64,
        /// The digest of the content. A sparse file has a digest that no other file has.
        content: Digest,
    },
    /// A symbolic link.
    Symlink {
        /// The target, as written.
        target: Vec<u8>,
    },
    /// A character device.
    CharDevice {
        /// Major and minor number.
        number: (u32, u32),
    },
    /// A block device.
    BlockDevice {
        /// Major and minor number.
        number: (u32, u32),
    },
    /// A named pipe.
    Fifo,
}

/// The reason why an export could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file of the export is unreadable.
    #[error("`{name}` in the export cannot be read ({source}): build it again")]
    Read {
        /// The file in the layout.
        name: String,
        /// The system's error.
        source: io::Error,
    },
    /// A layer is not a valid tar.
    #[error("layer {digest}: {source}")]
    Layer {
        /// The digest of the blob.
        digest: Digest,
        /// The error in the tar.
        source: LayerError,
    },
    /// A blob does not have the digest in its name.
    #[error("blob {digest} has the digest {actual}: the export is damaged, build it again")]
    Digest {
        /// The digest in its name.
        digest: Digest,
        /// The digest of its content.
        actual: Digest,
    },
    /// A document is invalid.
    #[error("`{name}` is not a valid document of an image layout: {source}")]
    Json {
        /// The file in the layout.
        name: String,
        /// The parse error.
        source: serde_json::Error,
    },
    /// A file that no image layout has.
    #[error("`{name}` {problem}")]
    File {
        /// The file in the layout, or a digest.
        name: String,
        /// The problem.
        problem: &'static str,
    },
    /// A required file is missing.
    #[error("{name} is missing in the export: build it again, with a TMPDIR that `docker` sees too")]
    Missing {
        /// The file in the layout, or a digest.
        name: String,
    },
    /// The layout does not hold exactly one image.
    #[error("the builder wrote {count} images, not one: build for one platform, without attestations")]
    Images {
        /// The number of images.
        count: usize,
    },
}

fn file(name: &str, problem: &'static str) -> ExportError {
    ExportError::File { name: name.into(), problem }
}

#[cfg(test)]
pub(in crate::verify) mod tests;
