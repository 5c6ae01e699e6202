//! Applies the layers of an image, or a root filesystem tar, to a [`Tree`]. It never writes a file, and the only file
//! contents it keeps are `/etc/passwd` and `/etc/group`.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::tree::{Entry, Metadata, Tree};
use crate::text::cut;
use crate::text::words::shortened;
use member::{Member, MemberKind, Members};

pub(crate) use input::{Compression, ReadAt};

pub(crate) mod field;
pub(crate) mod input;
pub(crate) mod member;
pub(crate) mod overlay;
mod parts;
mod stored;
mod upper;

/// Prefix of a whiteout's name: OCI `layer.md`, "Whiteouts".
pub(crate) const WHITEOUT: &str = ".wh.";
/// Prefix of the names of AUFS metadata; containerd's `whiteoutMetaPrefix`.
const WHITEOUT_META: &str = ".wh..wh.";
/// Name of an opaque whiteout: OCI `layer.md`, "Opaque Whiteout".
const OPAQUE: &str = ".wh..wh..opq";

/// Linux's `PATH_MAX`: a longer path cannot be unpacked.
const MAX_PATH: usize = 4096;
/// The largest `/etc/passwd` or `/etc/group` that is kept.
const MAX_ACCOUNTS: u64 = 1024 * 1024;
/// The most entries of all layers of an image.
const MAX_ENTRIES: usize = if cfg!(test) { 10_000 } else { 1_200_000 };
/// The most bytes of their paths.
const MAX_PATHS: usize = 128 << 20;
/// The most bytes of a layer that is read as a stream, unpacked: each is passed over one by one.
const MAX_UNPACKED: u64 = if cfg!(test) { 1 << 20 } else { 64 << 30 };

const PASSWD: &[u8] = b"etc/passwd";
const GROUP: &[u8] = b"etc/group";

/// The content of a layer, in numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct LayerSummary {
    /// The number of paths that it wrote.
    pub(crate) entries: usize,
    /// The number of paths that it removed, not counting opaque whiteouts.
    pub(crate) whiteouts: usize,
    /// The number of opaque directories.
    pub(crate) opaque: usize,
    /// The number of names that are not valid UTF-8 and so are not in the tree.
    pub(crate) not_utf8: usize,
    /// The compression of the tar.
    pub(crate) compression: Compression,
    /// True if the tar has its end marker. Some builders leave it out, so a layer without it is valid; but if no digest
    /// or size was checked, the tar may have been cut off between two members.
    pub(crate) has_end_marker: bool,
}

/// The reason why a layer could not be read. Offsets count from the start of the uncompressed tar.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The first block is not a tar header.
    #[error(
        "this is not a tar archive: give a root filesystem tar (`docker export`), plain or with gzip or zstd"
    )]
    NotTar,
    /// A compression that is recognized by its first bytes but not supported.
    #[error(
        "compressed with {name}, which is not supported: decompress it with `{command}` or use gzip or zstd"
    )]
    Compression {
        /// The name of the format.
        name: &'static str,
        /// The command that decompresses it.
        command: &'static str,
    },
    /// The archive ends inside a member.
    #[error("the tar is cut off at byte {offset}, after entry `{after}`: copy or export it again")]
    Truncated {
        /// The offset up to which it could be read.
        offset: u64,
        /// The last entry that could be read.
        after: String,
    },
    /// The compressed data is damaged.
    #[error(
        "the {compression} data is damaged at byte {offset} of the tar ({source}): copy or export it again"
    )]
    Corrupt {
        /// The compression.
        compression: Compression,
        /// The offset up to which it could be read.
        offset: u64,
        /// The error of the decoder.
        source: io::Error,
    },
    /// The operating system could not read.
    #[error("could not read at byte {offset} of the tar: {source}")]
    Read {
        /// The offset up to which it could be read.
        offset: u64,
        /// The error of the operating system.
        source: io::Error,
    },
    /// An invalid header.
    #[error(
        "the tar header at byte {offset} is unusable: {problem}; write the tar again with GNU tar or Docker"
    )]
    Header {
        /// The offset of the header.
        offset: u64,
        /// The problem.
        problem: &'static str,
    },
    /// A path that an image must not have.
    #[error(
        "entry `{entry}` at byte {offset} {problem}: make the tar again from inside the root folder (`-C ROOT .`)"
    )]
    Path {
        /// The name as written.
        entry: String,
        /// The offset of its header.
        offset: u64,
        /// The problem.
        problem: &'static str,
    },
    /// More entries, or longer paths, than are stored.
    #[error("it has more than {MAX_ENTRIES} entries, or the layers of its image have")]
    TooMany,
    /// More bytes than are read.
    #[error("it has more than {} GiB unpacked", MAX_UNPACKED >> 30)]
    TooLarge,
    /// A hard link whose target does not exist.
    #[error(
        "entry `{entry}` at byte {offset} is a hard link to `{target}`, which is not there: make the tar without leaving files out"
    )]
    HardLink {
        /// The name as written.
        entry: String,
        /// The offset of its header.
        offset: u64,
        /// The target of the link.
        target: String,
    },
}

/// Applies one layer to `tree`, or a root filesystem tar to an empty one. File contents in an uncompressed tar are not
/// read, and its parts are read in parallel.
///
/// # Errors
///
/// [`LayerError`]; the tree is unchanged, since nothing is applied before the whole layer is read, except if a hard
/// link or a symlink leads nowhere.
pub(crate) fn apply_layer_at(
    tree: &mut Tree,
    file: &(impl ReadAt + ?Sized),
) -> Result<LayerSummary, LayerError> {
    match input::compression_at(file)? {
        Compression::None => {
            let (parts, end) = parts::read(file, parts::LEAST)?;
            finish(tree, &parts, LayerSummary { has_end_marker: end, ..LayerSummary::default() })
        }
        _ => apply(tree, input::stream(input::Reader::new(file))?),
    }
}

/// Reads one layer from its start to the end of its tar.
///
/// # Errors
///
/// [`LayerError`]
pub(crate) fn read_layer(reader: impl Read) -> Result<Layer, LayerError> {
    let mut layer = Layer::default();
    let mut members = Members::new(input::stream(reader)?);
    while let Some(member) = members.next()? {
        if members.position().0 > MAX_UNPACKED {
            return Err(LayerError::TooLarge);
        }
        layer.take(&mut members, member)?;
    }
    Ok(layer)
}

/// Applies one layer that was read to `tree`.
///
/// # Errors
///
/// [`LayerError`] if a link leads nowhere, or the layers have too many entries.
pub(crate) fn apply_layer(tree: &mut Tree, layer: &Layer) -> Result<(), LayerError> {
    let parts = std::slice::from_ref(layer);
    count(tree, parts)?;
    upper::apply(tree, parts)
}

fn apply(tree: &mut Tree, blocks: input::Blocks<'_>) -> Result<LayerSummary, LayerError> {
    let compression = blocks.1;
    let mut layer = Layer::default();
    let mut members = Members::new(blocks);
    while let Some(member) = members.next()? {
        layer.take(&mut members, member)?;
    }
    let has_end_marker = members.has_end_marker();
    finish(tree, &[layer], LayerSummary { compression, has_end_marker, ..LayerSummary::default() })
}

fn finish(tree: &mut Tree, parts: &[Layer], mut summary: LayerSummary) -> Result<LayerSummary, LayerError> {
    count(tree, parts)?;
    for part in parts {
        summary.entries += part.writes.len();
        summary.whiteouts += part.removed.len();
        summary.opaque += part.opaque.len();
        summary.not_utf8 += part.not_utf8;
    }
    upper::apply(tree, parts)?;
    Ok(summary)
}

/// Counts the entries of a layer with those of the layers below it.
fn count(tree: &mut Tree, parts: &[Layer]) -> Result<(), LayerError> {
    tree.applied += parts.iter().map(Layer::entries).sum::<usize>();
    if tree.applied > MAX_ENTRIES { Err(LayerError::TooMany) } else { Ok(()) }
}

/// A layer as it was read, or a part of one. It is applied only when all of it is known: whiteouts must affect only
/// lower layers.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Layer {
    removed: Vec<String>,
    opaque: Vec<String>,
    writes: Vec<Write>,
    /// The paths of the writes, concatenated.
    paths: String,
    /// Contents of `/etc/passwd` and `/etc/group`, by index of the write.
    contents: BTreeMap<usize, Vec<u8>>,
    not_utf8: usize,
}

#[derive(Debug, PartialEq, Eq)]
struct Write {
    /// The end of its path.
    end: usize,
    offset: u64,
    what: What,
}

#[derive(Debug, PartialEq, Eq)]
enum What {
    Entry(Entry),
    /// A hard link to a path.
    Link(String),
}

impl Layer {
    fn entries(&self) -> usize {
        self.writes.len() + self.removed.len() + self.opaque.len()
    }

    fn take(&mut self, members: &mut Members<'_>, member: Member) -> Result<(), LayerError> {
        if member.kind == MemberKind::Note {
            return Ok(());
        }
        let start = self.paths.len();
        if self.entries() >= MAX_ENTRIES || start > MAX_PATHS {
            return Err(LayerError::TooMany);
        }
        if !clean(&mut self.paths, &member.name, &member)? {
            self.not_utf8 += 1;
            return Ok(());
        }
        let path = cut::from(&self.paths, start);
        if let Some(mark) = mark(path.as_bytes(), &member)? {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            match mark {
                Mark::Book => {}
                Mark::Opaque => self.opaque.push(parent.into()),
                Mark::Removed => {
                    self.removed.push(join(parent, name.strip_prefix(WHITEOUT).unwrap_or_default()));
                }
            }
            self.paths.truncate(start);
            return Ok(());
        }
        if path.is_empty() && member.kind != MemberKind::Dir {
            return Err(refused(&member, "is the root but not a directory"));
        }
        if member.kind == MemberKind::File
            && (path.as_bytes() == PASSWD || path.as_bytes() == GROUP)
            && let Some(bytes) = members.content(&member, MAX_ACCOUNTS)?
        {
            self.contents.insert(self.writes.len(), bytes);
        }
        let (end, offset) = (self.paths.len(), member.offset);
        self.writes.push(Write { end, offset, what: What::of(member)? });
        Ok(())
    }
}

impl What {
    fn of(member: Member) -> Result<Self, LayerError> {
        if member.kind == MemberKind::HardLink {
            let mut target = String::new();
            if clean(&mut target, &member.link, &member)? {
                return Ok(Self::Link(target));
            }
        }
        let Member { mode, uid, gid, xattrs, .. } = member;
        let names = xattrs.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned());
        let metadata = Metadata { mode, uid, gid, xattrs: names.collect() };
        Ok(Self::Entry(match member.kind {
            MemberKind::Dir => Entry::Dir(metadata),
            // The metadata of a hard link to a name that is not in the tree comes from the link itself.
            MemberKind::File | MemberKind::HardLink => Entry::File(metadata),
            // The target of a symlink is kept even if it is not valid UTF-8: it matters more that the path is a symlink
            // than where it leads, and no path in the tree has a replacement character.
            MemberKind::Symlink => Entry::Symlink(String::from_utf8_lossy(&member.link).into_owned()),
            MemberKind::CharDevice | MemberKind::BlockDevice | MemberKind::Fifo | MemberKind::Note => {
                Entry::Other
            }
        }))
    }
}

/// The effect of a marker member on lower layers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// Its directory hides the content of lower layers.
    Opaque,
    /// The path without [`WHITEOUT`] is removed.
    Removed,
    /// AUFS metadata: no effect.
    Book,
}

/// Returns the marker that the path of a member is: OCI `layer.md`, "Whiteouts".
pub(crate) fn mark(path: &[u8], member: &Member) -> Result<Option<Mark>, LayerError> {
    let name = &path[memchr::memrchr(b'/', path).map_or(0, |at| at + 1)..];
    if path.starts_with(WHITEOUT_META.as_bytes()) {
        return Ok(Some(Mark::Book));
    }
    let Some(removed) = name.strip_prefix(WHITEOUT.as_bytes()) else { return Ok(None) };
    match removed {
        _ if name == OPAQUE.as_bytes() => Ok(Some(Mark::Opaque)),
        b"" | b"." | b".." => Err(refused(member, "is a whiteout without a valid name")),
        _ => Ok(Some(Mark::Removed)),
    }
}

/// Returns an error if a name is not allowed for a path in a layer.
pub(crate) fn check_name(name: &[u8], member: &Member) -> Result<(), LayerError> {
    if name.len() > MAX_PATH {
        return Err(refused(member, "is longer than 4096 bytes"));
    }
    if memchr::memchr(b'.', name).is_some() && name.split(|byte| *byte == b'/').any(|part| part == b"..") {
        return Err(refused(member, "has `..` in its path"));
    }
    if memchr::memchr(0, name).is_some() {
        return Err(refused(member, "has a NUL byte in its path"));
    }
    Ok(())
}

/// Appends a name as a path of the tree; returns false if it is not valid UTF-8.
fn clean(to: &mut String, name: &[u8], member: &Member) -> Result<bool, LayerError> {
    check_name(name, member)?;
    let Ok(name) = std::str::from_utf8(name) else { return Ok(false) };
    let start = to.len();
    for part in name.split('/').filter(|part| !matches!(*part, "" | ".")) {
        if to.len() > start {
            to.push('/');
        }
        to.push_str(part);
    }
    Ok(true)
}

pub(crate) fn refused(member: &Member, problem: &'static str) -> LayerError {
    let entry = shortened(&String::from_utf8_lossy(&member.name), MAX_PATH);
    LayerError::Path { entry, offset: member.offset, problem }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.into() } else { format!("{parent}/{name}") }
}

#[cfg(test)]
mod tests;
