//! Layers of an image and root filesystem tars, put into a [`Tree`]. It never writes a file, and what it keeps of
//! file contents is `/etc/passwd` and `/etc/group`.

use std::collections::BTreeMap;
use std::io::{self, Read};

use super::tree::{Entry, Metadata, Tree};
use member::{Kind, Member, Members};

pub use input::{Compression, ReadAt};

pub(crate) mod input;
pub(crate) mod member;
pub(crate) mod overlay;
mod parts;
mod upper;

/// Prefix of a whiteout's name: OCI `layer.md`, "Whiteouts".
pub(crate) const WHITEOUT: &str = ".wh.";
/// Prefix of names that AUFS kept its own books under; containerd's `whiteoutMetaPrefix`.
const WHITEOUT_META: &str = ".wh..wh.";
/// Name of an opaque whiteout: OCI `layer.md`, "Opaque Whiteout".
const OPAQUE: &str = ".wh..wh..opq";

/// Linux's `PATH_MAX`: a longer path cannot be unpacked.
const MAX_PATH: usize = 4096;
/// The most that is kept of `/etc/passwd` or `/etc/group`.
const MAX_ACCOUNTS: u64 = 1024 * 1024;

const PASSWD: &[u8] = b"etc/passwd";
const GROUP: &[u8] = b"etc/group";

/// What a layer held.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LayerSummary {
    /// Paths that it wrote.
    pub entries: usize,
    /// Paths that it removed, opaque whiteouts not counted.
    pub whiteouts: usize,
    /// Directories whose lower content it hid.
    pub opaque: usize,
    /// Names that are no UTF-8 and so are not in the tree.
    pub not_utf8: usize,
    /// How the tar was compressed.
    pub compression: Compression,
    /// True if the marker that ends a tar is there. Some builders leave it out, so a layer without it is one; but
    /// where no digest or size vouches for the tar, it may have been cut off between two members.
    pub has_end_marker: bool,
}

/// Why a layer could not be read. Offsets count from the start of the uncompressed tar.
#[derive(Debug, thiserror::Error)]
pub enum LayerError {
    /// The first block is no tar header.
    #[error(
        "this is not a tar archive: give a root filesystem tar (`docker export`), plain or with gzip or zstd"
    )]
    NotTar,
    /// A compression that is known by its first bytes and not read.
    #[error(
        "compressed with {name}, which is not read here: decompress it with `{command}` or use gzip or zstd"
    )]
    Compression {
        /// Name of the format.
        name: &'static str,
        /// The command that undoes it.
        command: &'static str,
    },
    /// The archive ends inside a member.
    #[error("the tar is cut off at byte {offset}, after entry `{after}`: copy or export it again")]
    Truncated {
        /// How far it could be read.
        offset: u64,
        /// The last entry that could be read.
        after: String,
    },
    /// The compressed data is damaged.
    #[error(
        "the {compression} data is damaged at byte {offset} of the tar ({source}): copy or export it again"
    )]
    Corrupt {
        /// What it is compressed with.
        compression: Compression,
        /// How far it could be read.
        offset: u64,
        /// What the decoder says.
        source: io::Error,
    },
    /// The operating system could not read.
    #[error("could not read at byte {offset} of the tar: {source}")]
    Read {
        /// How far it could be read.
        offset: u64,
        /// What the system says.
        source: io::Error,
    },
    /// A header that cannot be.
    #[error(
        "the tar header at byte {offset} is unusable: {problem}; write the tar again with GNU tar or Docker"
    )]
    Header {
        /// Where the header is.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A path that no image may have.
    #[error(
        "entry `{entry}` at byte {offset} {problem}: make the tar again from inside the root folder (`-C ROOT .`)"
    )]
    Path {
        /// The name as written.
        entry: String,
        /// Where its header is.
        offset: u64,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A hard link to nothing.
    #[error(
        "entry `{entry}` at byte {offset} is a hard link to `{target}`, which is not there: make the tar without leaving files out"
    )]
    HardLink {
        /// The name as written.
        entry: String,
        /// Where its header is.
        offset: u64,
        /// What it links to.
        target: String,
    },
}

/// Applies one layer to `tree`, or a root filesystem tar to an empty one. The reader may be a pipe; see
/// [`apply_layer_at`] for files.
///
/// # Errors
///
/// [`LayerError`]; the tree is as it was, since nothing is applied before the whole layer is read, except where a
/// hard link or a symlink leads nowhere.
pub fn apply_layer(tree: &mut Tree, reader: impl Read) -> Result<LayerSummary, LayerError> {
    apply(tree, input::stream(reader)?)
}

/// As [`apply_layer`]; contents of files in an uncompressed tar are not read, and its parts are read in parallel.
///
/// # Errors
///
/// As [`apply_layer`].
pub fn apply_layer_at(tree: &mut Tree, file: &(impl ReadAt + ?Sized)) -> Result<LayerSummary, LayerError> {
    match input::compression_at(file)? {
        Compression::None => {
            let (parts, end) = parts::read(file, parts::LEAST)?;
            finish(tree, parts, LayerSummary { has_end_marker: end, ..LayerSummary::default() })
        }
        _ => apply(tree, input::stream(input::Reader::new(file))?),
    }
}

fn apply(tree: &mut Tree, blocks: input::Blocks<'_>) -> Result<LayerSummary, LayerError> {
    let compression = blocks.1;
    let mut layer = Layer::default();
    let mut members = Members::new(blocks);
    while let Some(member) = members.next()? {
        layer.take(&mut members, member)?;
    }
    let has_end_marker = members.has_end_marker();
    finish(tree, vec![layer], LayerSummary { compression, has_end_marker, ..LayerSummary::default() })
}

fn finish(tree: &mut Tree, parts: Vec<Layer>, mut summary: LayerSummary) -> Result<LayerSummary, LayerError> {
    for part in &parts {
        summary.entries += part.writes.len();
        summary.whiteouts += part.removed.len();
        summary.opaque += part.opaque.len();
        summary.not_utf8 += part.not_utf8;
    }
    upper::apply(tree, parts)?;
    Ok(summary)
}

/// A layer as it was read, or a part of one. It is applied only when all of it is known: whiteouts must see nothing
/// but lower layers.
#[derive(Default)]
struct Layer {
    removed: Vec<String>,
    opaque: Vec<String>,
    writes: Vec<Write>,
    /// The paths of the writes, one after the other.
    paths: String,
    /// Contents of `/etc/passwd` and `/etc/group`, by index of the write.
    contents: BTreeMap<usize, Vec<u8>>,
    not_utf8: usize,
}

struct Write {
    /// Where its path ends.
    end: usize,
    offset: u64,
    what: What,
}

enum What {
    Entry(Entry),
    /// A hard link to a path.
    Link(String),
}

impl Layer {
    fn take(&mut self, members: &mut Members<'_>, member: Member) -> Result<(), LayerError> {
        if member.kind == Kind::Note {
            return Ok(());
        }
        let start = self.paths.len();
        if !clean(&mut self.paths, &member.name, &member)? {
            self.not_utf8 += 1;
            return Ok(());
        }
        let path = &self.paths[start..];
        if let Some(mark) = mark(path.as_bytes(), &member)? {
            let (parent, name) = path.rsplit_once('/').unwrap_or(("", path));
            match mark {
                Mark::Book => {}
                Mark::Opaque => self.opaque.push(parent.into()),
                Mark::Removed => self.removed.push(join(parent, &name[WHITEOUT.len()..])),
            }
            self.paths.truncate(start);
            return Ok(());
        }
        if path.is_empty() && member.kind != Kind::Dir {
            return Err(refused(&member, "is the root and no directory"));
        }
        if member.kind == Kind::File
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
        if member.kind == Kind::HardLink {
            let mut target = String::new();
            if clean(&mut target, &member.link, &member)? {
                return Ok(Self::Link(target));
            }
        }
        let Member { mode, uid, gid, xattrs, .. } = member;
        let names = xattrs.iter().map(|(name, _)| String::from_utf8_lossy(name).into_owned());
        let metadata = Metadata { mode, uid, gid, xattrs: names.collect() };
        Ok(Self::Entry(match member.kind {
            Kind::Dir => Entry::Dir(metadata),
            // A hard link to a name that is not in the tree is what the link itself says.
            Kind::File | Kind::HardLink => Entry::File(metadata),
            // The target of a symlink is kept even where it is no UTF-8: that something is a symlink matters more
            // than where it leads, and no path in the tree has a replacement character.
            Kind::Symlink => Entry::Symlink(String::from_utf8_lossy(&member.link).into_owned()),
            Kind::CharDevice | Kind::BlockDevice | Kind::Fifo | Kind::Note => Entry::Other,
        }))
    }
}

/// What a member says about lower layers, instead of being there itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Mark {
    /// The directory that it is in hides what lower layers have there.
    Opaque,
    /// The path without [`WHITEOUT`] is gone.
    Removed,
    /// One of AUFS's own books: nothing.
    Book,
}

/// What the path of a member marks: OCI `layer.md`, "Whiteouts".
pub(crate) fn mark(path: &[u8], member: &Member) -> Result<Option<Mark>, LayerError> {
    let name = &path[memchr::memrchr(b'/', path).map_or(0, |at| at + 1)..];
    if path.starts_with(WHITEOUT_META.as_bytes()) {
        return Ok(Some(Mark::Book));
    }
    let Some(removed) = name.strip_prefix(WHITEOUT.as_bytes()) else { return Ok(None) };
    match removed {
        _ if name == OPAQUE.as_bytes() => Ok(Some(Mark::Opaque)),
        b"" | b"." | b".." => Err(refused(member, "removes what is no name")),
        _ => Ok(Some(Mark::Removed)),
    }
}

/// Returns true if a name may be that of a path in a layer.
pub(crate) fn check_name(name: &[u8], member: &Member) -> Result<(), LayerError> {
    if name.len() > MAX_PATH {
        return Err(refused(member, "is longer than 4096 bytes"));
    }
    if memchr::memmem::find(name, b"..").is_some()
        && name.split(|byte| *byte == b'/').any(|part| part == b"..")
    {
        return Err(refused(member, "has `..` in its path"));
    }
    if memchr::memchr(0, name).is_some() {
        return Err(refused(member, "has a NUL byte in its path"));
    }
    Ok(())
}

/// Appends a name as a path of the tree; false where it is no UTF-8.
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
    let entry: String = String::from_utf8_lossy(&member.name).chars().take(MAX_PATH).collect();
    LayerError::Path { entry, offset: member.offset, problem }
}

fn join(parent: &str, name: &str) -> String {
    if parent.is_empty() { name.into() } else { format!("{parent}/{name}") }
}

#[cfg(test)]
mod tests;
