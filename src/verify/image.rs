//! An image as a builder exports it: an OCI image layout in a folder (`image-layout.md`), each layer read in one pass. It
//! never keeps the content of a file.
//!
//! What is known of a layer stands in for it in the next export: containerd's local content store, which `docker buildx`
//! writes a layout with, takes a blob for written where there is a file of its name (`local.store.writer`). So a base
//! is exported and read once, not with each build.

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

pub use export::{Export, Layout};
pub use layers::{Known, Layers};

/// An absolute and clean path without its leading slash; the root is empty.
pub type ImagePath = Arc<BStr>;

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
    /// What is at each path. The root is always there; hard links are what they point to.
    pub entries: BTreeMap<ImagePath, Arc<Node>>,
    /// The configuration document: OCI `config.md`.
    pub config: serde_json::Map<String, serde_json::Value>,
    /// Its layers, the lowest first.
    pub layers: Vec<LayerDescriptor>,
    /// The digest of its manifest.
    pub digest: Digest,
}

/// A layer as the manifest and the configuration name it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerDescriptor {
    /// Of the blob.
    pub digest: Digest,
    /// Bytes of the tar, uncompressed, without what ends it.
    pub tar_size: u64,
    /// Of the uncompressed tar.
    pub diff_id: Digest,
}

/// What is at a path, times left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Node {
    /// Type, and what belongs to it.
    pub kind: NodeKind,
    /// Permission bits with setuid, setgid and sticky: `mode & 0o7777`. Of a symlink always 0777, as in Linux.
    pub mode: u32,
    /// Numeric owner.
    pub uid: u32,
    /// Numeric group.
    pub gid: u32,
    /// Names and values of the extended attributes, sorted. Capabilities, ACLs and labels are among them.
    pub xattrs: Box<[(Vec<u8>, Vec<u8>)]>,
}

/// Types of files.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A directory.
    Dir,
    /// A regular file.
    File {
        /// Bytes of its content.
        size: u64,
        /// Of its content. A file that the tar keeps in pieces has one that no other file has.
        content: Digest,
    },
    /// A symbolic link.
    Symlink {
        /// Where it leads, as written.
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

/// Why an export could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// A file of it.
    #[error("`{name}`, which the builder wrote, cannot be read ({source}): build it again")]
    Read {
        /// The file in the layout.
        name: String,
        /// What the system says.
        source: io::Error,
    },
    /// A layer that is no sound tar.
    #[error("layer {digest}: {source}")]
    Layer {
        /// Of the blob.
        digest: Digest,
        /// What is wrong with it.
        source: LayerError,
    },
    /// A blob that is not what its name says.
    #[error("blob {digest} has the digest {actual}: it was damaged on its way, build it again")]
    Digest {
        /// What it is called.
        digest: Digest,
        /// What it is.
        actual: Digest,
    },
    /// A document that is none.
    #[error("`{name}` is no document of an image layout: {source}")]
    Json {
        /// The file in the layout.
        name: String,
        /// Where it goes wrong.
        source: serde_json::Error,
    },
    /// A file that no image layout has.
    #[error("`{name}` {problem}")]
    File {
        /// The file in the layout, or a digest.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// Something is named and not there.
    #[error(
        "{name} is missing in what the builder wrote: build it again, with a TMPDIR that `docker` sees too"
    )]
    Missing {
        /// The file in the layout, or a digest.
        name: String,
    },
    /// Not one image.
    #[error("the builder wrote {count} images, not one: build for one platform, without attestations")]
    Images {
        /// How many there are.
        count: usize,
    },
}

fn file(name: &str, problem: &'static str) -> ExportError {
    ExportError::File { name: name.into(), problem }
}

#[cfg(test)]
pub(in crate::verify) mod tests;
