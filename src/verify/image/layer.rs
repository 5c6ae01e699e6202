//! One layer, read into what it writes and removes. It never looks at lower layers.

use std::io::{self, Read};
use std::sync::Arc;

use bstr::BStr;
use sha2::{Digest as _, Sha256};

use super::{Digest, ImagePath, Node, NodeKind};
use crate::rootfs::layers::member::{Member, MemberKind, Members};
use crate::rootfs::layers::{LayerError, Mark, WHITEOUT, check_name, input, mark, refused};

/// The size of the pieces in which a file is hashed.
const PIECE: usize = 64 * 1024;

/// The content of a layer.
#[derive(Debug, Default)]
pub(super) struct Layer {
    /// The bytes of the blob.
    pub(crate) size: u64,
    /// The bytes of the uncompressed tar, without its end-of-archive blocks.
    pub(crate) tar_size: u64,
    /// The paths that the layer removes from lower layers (whiteouts).
    pub(crate) removed: Vec<ImagePath>,
    /// The opaque directories, which hide their content in lower layers.
    pub(crate) opaque: Vec<ImagePath>,
    pub(crate) writes: Vec<Write>,
}

#[derive(Debug)]
pub(super) struct Write {
    pub(crate) path: ImagePath,
    /// The offset of its header in the tar.
    pub(crate) offset: u64,
    pub(crate) what: What,
}

#[derive(Debug)]
pub(super) enum What {
    Node(Arc<Node>),
    /// A hard link to a path.
    Link(ImagePath),
}

/// Reads a layer, with the digest of its blob.
pub(super) fn read(reader: impl Read, blob: Digest) -> Result<Layer, LayerError> {
    let mut members = Members::new(input::stream(reader)?);
    let mut layer = Layer::default();
    let mut piece = vec![0; PIECE];
    while let Some(member) = members.next()? {
        if member.kind != MemberKind::Note {
            layer.take(&mut members, member, blob, &mut piece)?;
        }
    }
    layer.tar_size = members.position().0;
    Ok(layer)
}

impl Layer {
    fn take(
        &mut self,
        members: &mut Members<'_>,
        member: Member,
        blob: Digest,
        piece: &mut [u8],
    ) -> Result<(), LayerError> {
        let path = clean(&member.name, &member)?;
        if let Some(mark) = mark(&path, &member)? {
            let name = memchr::memrchr(b'/', &path).map_or(0, |at| at + 1);
            match mark {
                Mark::Book => {}
                Mark::Opaque => self.opaque.push(shared(&path[..name.saturating_sub(1)])),
                Mark::Removed => {
                    let removed = [&path[..name], &path[name + WHITEOUT.len()..]].concat();
                    self.removed.push(shared(&removed));
                }
            }
            return Ok(());
        }
        if path.is_empty() && member.kind != MemberKind::Dir {
            return Err(refused(&member, "is the root but not a directory"));
        }
        let kind = match member.kind {
            MemberKind::Dir => NodeKind::Dir,
            MemberKind::File => {
                NodeKind::File { size: member.size, content: content(members, &member, blob, piece)? }
            }
            MemberKind::Symlink => NodeKind::Symlink { target: member.link },
            MemberKind::CharDevice => NodeKind::CharDevice { number: member.device },
            MemberKind::BlockDevice => NodeKind::BlockDevice { number: member.device },
            MemberKind::Fifo => NodeKind::Fifo,
            MemberKind::HardLink => {
                let what = What::Link(shared(&clean(&member.link, &member)?));
                self.writes.push(Write { path: shared(&path), offset: member.offset, what });
                return Ok(());
            }
            MemberKind::Note => return Ok(()),
        };
        // In Linux, a symlink has no other mode, whatever a tar states.
        let mode = if member.kind == MemberKind::Symlink { 0o777 } else { member.mode };
        let Member { uid, gid, xattrs, offset, .. } = member;
        let what = What::Node(Arc::new(Node { kind, mode, uid, gid, xattrs: xattrs.into() }));
        self.writes.push(Write { path: shared(&path), offset, what });
        Ok(())
    }
}

/// Returns the digest of a file's content.
///
/// The content of a sparse file is not assembled: its digest is computed from its place, which no other file shares.
fn content(
    members: &mut Members<'_>,
    member: &Member,
    blob: Digest,
    piece: &mut [u8],
) -> Result<Digest, LayerError> {
    let mut hash = Sha256::new();
    if member.sparse {
        hash.update(blob.0);
        hash.update(member.offset.to_le_bytes());
        return Ok(Digest(hash.finalize().into()));
    }
    let mut stored = members.stored(member);
    loop {
        match stored.read(piece) {
            Ok(0) => return Ok(Digest(hash.finalize().into())),
            Ok(count) => hash.update(&piece[..count]),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(members.failed(error)),
        }
    }
}

/// Returns a name as a path of an image.
fn clean(name: &[u8], member: &Member) -> Result<Vec<u8>, LayerError> {
    check_name(name, member)?;
    let mut path = Vec::with_capacity(name.len());
    for part in name.split(|byte| *byte == b'/').filter(|part| !matches!(*part, b"" | b".")) {
        if !path.is_empty() {
            path.push(b'/');
        }
        path.extend_from_slice(part);
    }
    Ok(path)
}

pub(super) fn shared(path: &[u8]) -> ImagePath {
    Arc::from(<Box<BStr>>::from(<Box<[u8]>>::from(path)))
}
