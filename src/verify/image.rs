//! An image as a builder exports it, read from a stream. It never keeps the content of a file, nor writes one.
//!
//! The stream is what `docker buildx build -o type=oci,dest=-` writes: an OCI image layout in a tar (`image-layout.md`).
//! BuildKit puts blobs in the order of their digests, so that layers come before the manifest that says what they are:
//! what a blob is shows in its first bytes.

use std::collections::{BTreeMap, HashMap};
use std::fmt;
use std::io::{self, Cursor, Read};
use std::sync::Arc;

use bstr::BStr;
use sha2::{Digest as _, Sha256};

use crate::images::file::layout::INDEX;
use crate::rootfs::layers::member::{Kind, Members};
use crate::rootfs::layers::{LayerError, input};
use documents::Documents;
use layer::Layer;

mod documents;
mod layer;
mod tree;

/// The most that a manifest or configuration may hold; registries refuse more.
const MAX_DOCUMENT: u64 = 4 * 1024 * 1024;

/// The folder of the blobs: OCI `image-layout.md`, "Blobs".
const BLOBS: &str = "blobs/sha256/";

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
    /// Bytes of the blob.
    pub size: u64,
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

/// The layers that were read so far: what two exports share is read once.
#[derive(Debug, Default)]
pub struct Blobs {
    layers: HashMap<Digest, Layer>,
}

/// Why an export could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// It is something else.
    #[error("the builder wrote no tar: export with `type=oci,dest=-`")]
    NotTar,
    /// The tar breaks off, or is damaged.
    #[error("what the builder wrote can not be read: {0}")]
    Stream(LayerError),
    /// The stream breaks off in a file of it.
    #[error("what the builder wrote breaks off in `{name}` ({source}): build it again")]
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
    #[error("{name} is missing in what the builder wrote: export with `type=oci`")]
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

/// Reads an export, a tar that may be a pipe. Blobs that are `known` are passed over.
///
/// # Errors
///
/// [`ExportError`]. Layers that were read whole before it are known from then on.
pub fn read_export(reader: impl Read, known: &mut Blobs) -> Result<Image, ExportError> {
    let failed = |error| match error {
        LayerError::NotTar => ExportError::NotTar,
        error => ExportError::Stream(error),
    };
    let mut members = Members::new(input::stream(reader).map_err(failed)?);
    let mut documents = Documents::default();
    while let Some(member) = members.next().map_err(failed)? {
        let Ok(name) = std::str::from_utf8(&member.name) else { continue };
        let name = name.trim_start_matches("./");
        if member.kind != Kind::File {
            continue;
        }
        let mut stored = members.stored(&member);
        if name == INDEX {
            documents.index = Some(document(&mut stored, name)?);
        } else if let Some(hex) = name.strip_prefix(BLOBS) {
            let digest = Digest::from_hex(hex).ok_or_else(|| file(name, "is no name of a blob"))?;
            if known.layers.contains_key(&digest) {
                continue;
            }
            match blob(&mut stored, digest, name)? {
                Blob::Layer(layer) => drop(known.layers.insert(digest, Layer { size: member.size, ..layer })),
                Blob::Document(bytes) => drop(documents.blobs.insert(digest, bytes)),
            }
        }
    }
    let stated = documents.image()?;
    let mut tree = tree::Tree::default();
    for descriptor in &stated.layers {
        let missing = || ExportError::Missing { name: format!("layer {}", descriptor.digest) };
        let layer = known.layers.get(&descriptor.digest).ok_or_else(missing)?;
        if layer.size != descriptor.size {
            return Err(file(&descriptor.digest.to_string(), "has another size than its manifest says"));
        }
        tree.apply(layer).map_err(|source| ExportError::Layer { digest: descriptor.digest, source })?;
    }
    let documents::Stated { digest, config, layers } = stated;
    Ok(Image { entries: tree.entries, config, layers, digest })
}

enum Blob {
    Layer(Layer),
    Document(Vec<u8>),
}

/// Reads a blob to its end, and checks it against its name.
fn blob(stored: &mut impl Read, digest: Digest, name: &str) -> Result<Blob, ExportError> {
    let failed = |source| ExportError::Read { name: name.into(), source };
    let mut hashed = Hashed { from: stored, hash: Sha256::new() };
    let mut head = Vec::new();
    (&mut hashed).take(512).read_to_end(&mut head).map_err(failed)?;
    let blob = if input::is_tar(&head) {
        let whole = Cursor::new(head).chain(&mut hashed);
        layer::read(whole, digest).map(Blob::Layer).map_err(|source| ExportError::Layer { digest, source })
    } else if head.trim_ascii_start().starts_with(b"{") {
        document(&mut Cursor::new(head).chain(&mut hashed), name).map(Blob::Document)
    } else {
        Err(file(name, "is neither a layer nor a document"))
    };
    io::copy(&mut hashed, &mut io::sink()).map_err(failed)?;
    let actual = Digest(hashed.hash.finalize().into());
    // Of damaged data the digest is told, not what it looks like.
    if actual == digest { blob } else { Err(ExportError::Digest { digest, actual }) }
}

fn document(from: &mut impl Read, name: &str) -> Result<Vec<u8>, ExportError> {
    let mut bytes = Vec::new();
    let read = from.take(MAX_DOCUMENT + 1).read_to_end(&mut bytes);
    match read.map_err(|source| ExportError::Read { name: name.into(), source })? as u64 {
        0..=MAX_DOCUMENT => Ok(bytes),
        _ => Err(file(name, "is over 4 MiB, which no manifest or configuration is")),
    }
}

fn file(name: &str, problem: &'static str) -> ExportError {
    ExportError::File { name: name.into(), problem }
}

/// A reader that hashes what is read.
struct Hashed<R> {
    from: R,
    hash: Sha256,
}

impl<R: Read> Read for Hashed<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.from.read(buffer)?;
        self.hash.update(&buffer[..count]);
        Ok(count)
    }
}

#[cfg(test)]
pub(in crate::verify) mod tests;
