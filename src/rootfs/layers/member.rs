//! The members of a tar in order, as Go's `archive/tar` reads them: containerd and Docker are built on it, so its
//! reading of a header decides what ends up in an image. It never knows what a member is for.
//!
//! The `tar` crate's own iterator is not used: it splits extended headers at line ends, so that a binary attribute
//! (`security.capability`) hides the records after it, and it does not report where in the archive it failed.

use std::borrow::Cow;
use std::io::{self, Read};

use tar::Header;

use super::LayerError;
use super::field::{checksum_holds, number};
use super::input::{Blocks, Compression, LayerSource, ends_early};

/// The block size of a tar.
pub(super) const BLOCK: u64 = 512;

/// The largest extended header or long name; Go's `maxSpecialFileSize`.
const MAX_SPECIAL: u64 = 1024 * 1024;

/// The records that mark a file as sparse: of format 1.0, 0.1 and 0.0 (GNU tar's manual, "Storing Sparse Files").
const SPARSE: [&str; 3] = ["GNU.sparse.major", "GNU.sparse.map", "GNU.sparse.numblocks"];

/// The kind of a member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MemberKind {
    File,
    HardLink,
    Symlink,
    Dir,
    CharDevice,
    BlockDevice,
    Fifo,
    /// A volume label, which adds nothing to the filesystem.
    Note,
}

/// One member, with its extended headers and long names applied.
#[derive(Clone, Debug)]
pub(crate) struct Member {
    pub(crate) name: Vec<u8>,
    pub(crate) link: Vec<u8>,
    pub(crate) kind: MemberKind,
    pub(crate) mode: u32,
    pub(crate) uid: u32,
    pub(crate) gid: u32,
    /// Names and values of the extended attributes, sorted by name, each value as the tar dialect encodes it.
    pub(crate) xattrs: Vec<(Vec<u8>, Vec<u8>)>,
    /// Major and minor number; devices only.
    pub(crate) device: (u32, u32),
    /// The number of content bytes in the archive; a sparse file has fewer than its size.
    pub(crate) size: u64,
    /// True if the content is stored as a sparse file.
    pub(crate) sparse: bool,
    /// The offset of its header in the uncompressed archive.
    pub(crate) offset: u64,
    /// The offset of its content in the uncompressed archive.
    pub(crate) content: u64,
}

/// The extended headers and long names before a member.
#[derive(Default)]
struct Extensions {
    long_name: Option<Vec<u8>>,
    long_link: Option<Vec<u8>>,
    pax: Vec<(Vec<u8>, Vec<u8>)>,
}

/// Reads the members of a tar.
pub(crate) struct Members<'a> {
    source: Box<dyn LayerSource + 'a>,
    compression: Compression,
    /// The number of bytes read so far.
    at: u64,
    /// The offset of the next header.
    next: u64,
    last: Vec<u8>,
    marked: bool,
}

impl<'a> Members<'a> {
    pub(crate) fn new((source, compression): Blocks<'a>) -> Self {
        Self { source, compression, at: 0, next: 0, last: Vec::new(), marked: false }
    }

    /// Continues at a header, `offset` bytes into the tar, after a member named `last`.
    pub(super) fn resume((source, compression): Blocks<'a>, offset: u64, last: Vec<u8>) -> Self {
        Self { source, compression, at: offset, next: offset, last, marked: false }
    }

    /// Returns the offset of the next header, and the name of the member before it.
    pub(crate) fn position(&self) -> (u64, &[u8]) {
        (self.next, &self.last)
    }

    /// Returns the next member, `None` at the end.
    pub(crate) fn next(&mut self) -> Result<Option<Member>, LayerError> {
        let mut extensions = Extensions::default();
        while let Some(header) = self.header()? {
            let offset = self.at - BLOCK;
            let kind = header.as_old().linkflag[0];
            if !matches!(kind, b'x' | b'X' | b'L' | b'K' | b'g') {
                return self.member(&header, offset, &extensions).map(Some);
            }
            let size = number(&header.as_old().size).ok_or(bad(offset, "its size is not a number"))?;
            self.next = self.at + size.min(MAX_SPECIAL).next_multiple_of(BLOCK);
            let mut bytes = self.take(size, offset)?;
            if matches!(kind, b'x' | b'X' | b'g') {
                let records = pax(&bytes).ok_or(bad(offset, "its extended header is malformed"))?;
                // Go returns a global header as a member of its own, which ends the headers before it.
                extensions = match kind {
                    b'g' => Extensions::default(),
                    _ => Extensions { pax: records, ..extensions },
                };
                continue;
            }
            bytes.truncate(bytes.iter().position(|byte| *byte == 0).unwrap_or(bytes.len()));
            *(if kind == b'L' { &mut extensions.long_name } else { &mut extensions.long_link }) = Some(bytes);
        }
        let unused = extensions.long_name.is_some() || extensions.long_link.is_some();
        if unused || !extensions.pax.is_empty() {
            return Err(self.truncated());
        }
        Ok(None)
    }

    /// Returns true if the tar ended with zero blocks, not only with the end of the file.
    pub(crate) fn has_end_marker(&self) -> bool {
        self.marked
    }

    /// Returns the content of the last member that was read, if it is not longer than `limit`.
    pub(crate) fn content(&mut self, member: &Member, limit: u64) -> Result<Option<Vec<u8>>, LayerError> {
        if member.sparse || member.size > limit {
            return Ok(None);
        }
        self.take(member.size, member.offset).map(Some)
    }

    /// Returns a reader of the stored content of the last member that was read.
    pub(crate) fn stored(&mut self, member: &Member) -> Stored<'_, 'a> {
        Stored { left: member.size, members: self }
    }

    /// Converts an error of [`stored`](Self::stored).
    pub(crate) fn failed(&self, source: io::Error) -> LayerError {
        match self.compression {
            _ if ends_early(&source) => self.truncated(),
            Compression::None => LayerError::Read { offset: self.at, source },
            compression => LayerError::Corrupt { compression, offset: self.at, source },
        }
    }

    /// Returns the next header; `None` at the end, which two zero blocks mark. Go also accepts the end of the file at
    /// the start of a block, since some builders leave the zero blocks out.
    fn header(&mut self) -> Result<Option<Header>, LayerError> {
        let gap = self.next - self.at;
        if !self.source.skip(gap).map_err(|error| self.failed(error))? {
            return Err(self.truncated());
        }
        self.at = self.next;
        let mut block = [0; 512];
        let filled = match self.source.fill(&mut block) {
            Ok(filled) => filled as u64,
            Err(error) => return Err(self.failed(error)),
        };
        let zero = block[0] == 0 && block.iter().all(|byte| *byte == 0);
        if filled == 0 && self.at > 0 || filled == BLOCK && zero {
            self.marked = filled == BLOCK;
            return Ok(None);
        }
        if filled < BLOCK {
            return Err(if self.at == 0 { LayerError::NotTar } else { self.truncated() });
        }
        let header = Header::from_byte_slice(&block);
        if !checksum_holds(header.as_bytes()) {
            return Err(match self.at {
                0 => LayerError::NotTar,
                at => bad(at, "its checksum is wrong"),
            });
        }
        self.at += BLOCK;
        self.next = self.at;
        Ok(Some(header.clone()))
    }

    fn member(&mut self, header: &Header, offset: u64, known: &Extensions) -> Result<Member, LayerError> {
        let record = |key: &str| {
            let last = known.pax.iter().rev().find(|(name, _)| name == key.as_bytes());
            last.map(|(_, value)| value.as_slice()).filter(|value| !value.is_empty())
        };
        let field = |key: &str, field: &[u8]| match record(key) {
            Some(value) => std::str::from_utf8(value).ok()?.parse().ok(),
            None => number(field),
        };
        let old = header.as_old();
        let id = |key, bytes: &[u8]| field(key, bytes).and_then(|id| u32::try_from(id).ok());
        let name = record("GNU.sparse.name").or(record("path")).map(Cow::Borrowed);
        let name = known.long_name.as_deref().map(Cow::Borrowed).or(name).unwrap_or(header.path_bytes());
        let link = known.long_link.as_deref().or(record("linkpath")).map(Cow::Borrowed);
        let kind = kind(header.as_old().linkflag[0], &name);
        let mut times = ["mtime", "atime", "ctime"].into_iter().filter_map(record);
        if !numbers_hold(header) || !times.all(is_time) {
            return Err(bad(offset, "a number in it is malformed"));
        }
        let mode = number(&old.mode).ok_or(bad(offset, "its mode is not a number"))?;
        let size = field("size", &old.size).ok_or(bad(offset, "its size is not a number"))?;
        // Go's isHeaderOnlyType: no content follows, whatever size the header states.
        let has_content = !matches!(header.as_old().linkflag[0], b'1'..=b'6');
        let mut member = Member {
            kind: kind.ok_or(bad(offset, "its type is not one of a filesystem"))?,
            mode: (mode & 0o7777) as u32,
            uid: id("uid", &old.uid).ok_or(bad(offset, "its owner is not a 32-bit number"))?,
            gid: id("gid", &old.gid).ok_or(bad(offset, "its group is not a 32-bit number"))?,
            xattrs: xattrs(&known.pax),
            size: if has_content { size } else { 0 },
            sparse: header.entry_type().is_gnu_sparse()
                || SPARSE.into_iter().any(|key| record(key).is_some()),
            device: match kind {
                Some(MemberKind::CharDevice | MemberKind::BlockDevice) => {
                    device(header).ok_or(bad(offset, "its device numbers are not 32-bit numbers"))?
                }
                _ => (0, 0),
            },
            link: link.or(header.link_name_bytes()).unwrap_or_default().into_owned(),
            name: name.into_owned(),
            offset,
            content: 0,
        };
        self.last.clone_from(&member.name);
        if header.as_gnu().is_some_and(|gnu| header.entry_type().is_gnu_sparse() && gnu.is_extended()) {
            self.pass_sparse_map()?;
        }
        member.content = self.at;
        let padded = member.size.checked_next_multiple_of(BLOCK);
        let next = padded.and_then(|padded| self.at.checked_add(padded));
        self.next = next.ok_or(bad(offset, "its size is impossible"))?;
        Ok(member)
    }

    /// Skips the blocks in which GNU's old sparse format continues its map; no size includes them.
    fn pass_sparse_map(&mut self) -> Result<(), LayerError> {
        loop {
            let block = self.take(BLOCK, self.at)?;
            if block[504] == 0 {
                return Ok(());
            }
        }
    }

    fn take(&mut self, size: u64, offset: u64) -> Result<Vec<u8>, LayerError> {
        let size = usize::try_from(size).ok().filter(|size| *size as u64 <= MAX_SPECIAL);
        let mut bytes = vec![0; size.ok_or(bad(offset, "its extended header is over 1 MiB"))?];
        match self.source.fill(&mut bytes) {
            Ok(filled) if filled == bytes.len() => self.at += filled as u64,
            Ok(_) => return Err(self.truncated()),
            Err(error) => return Err(self.failed(error)),
        }
        Ok(bytes)
    }

    fn truncated(&self) -> LayerError {
        LayerError::Truncated { offset: self.at, after: String::from_utf8_lossy(&self.last).into_owned() }
    }
}

/// A reader of the stored content of a member. An archive that ends too early gives [`io::ErrorKind::UnexpectedEof`].
pub(crate) struct Stored<'m, 'a> {
    members: &'m mut Members<'a>,
    left: u64,
}

impl Read for Stored<'_, '_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let wanted = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let filled = self.members.source.fill(&mut buffer[..wanted])?;
        self.members.at += filled as u64;
        self.left -= filled as u64;
        if filled < wanted { Err(io::ErrorKind::UnexpectedEof.into()) } else { Ok(filled) }
    }
}

fn bad(offset: u64, problem: &'static str) -> LayerError {
    LayerError::Header { offset, problem }
}

fn kind(flag: u8, name: &[u8]) -> Option<MemberKind> {
    Some(match flag {
        // Before POSIX a directory was a file with a slash at its end; Go still reads it so.
        0 if name.ends_with(b"/") => MemberKind::Dir,
        b'0' | 0 | b'7' | b'S' => MemberKind::File,
        b'1' => MemberKind::HardLink,
        b'2' => MemberKind::Symlink,
        b'3' => MemberKind::CharDevice,
        b'4' => MemberKind::BlockDevice,
        b'6' => MemberKind::Fifo,
        b'5' => MemberKind::Dir,
        b'V' => MemberKind::Note,
        _ => return None,
    })
}

/// The numbers of a device. The format before POSIX has no place for them.
fn device(header: &Header) -> Option<(u32, u32)> {
    let (major, minor) = match (header.as_ustar(), header.as_gnu()) {
        (Some(ustar), _) => (&ustar.dev_major, &ustar.dev_minor),
        (None, Some(gnu)) => (&gnu.dev_major, &gnu.dev_minor),
        (None, None) => return Some((0, 0)),
    };
    Some((number(major)?.try_into().ok()?, number(minor)?.try_into().ok()?))
}

/// Returns true if every number of a header can be read: Go's `tar.Reader` refuses the whole archive if one cannot.
fn numbers_hold(header: &Header) -> bool {
    let old = header.as_old();
    let fields: [&[u8]; 5] = [&old.mode, &old.uid, &old.gid, &old.size, &old.mtime];
    fields.into_iter().all(|field| number(field).is_some()) && device(header).is_some()
}

/// Returns true if a time can be read: seconds with an optional fraction (Go's `parsePAXTime`).
fn is_time(value: &[u8]) -> bool {
    let value = value.strip_prefix(b"-").unwrap_or(value);
    let mut parts = value.splitn(2, |byte| *byte == b'.');
    let seconds = parts.next().unwrap_or_default();
    !seconds.is_empty() && seconds.iter().chain(parts.next().unwrap_or_default()).all(u8::is_ascii_digit)
}

/// Parses the records of a PAX extended header, `LENGTH KEY=VALUE\n`. A value may hold any byte, so the length decides
/// where it ends.
fn pax(mut bytes: &[u8]) -> Option<Vec<(Vec<u8>, Vec<u8>)>> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let space = bytes.iter().take(10).position(|byte| *byte == b' ')?;
        let length: usize = std::str::from_utf8(&bytes[..space]).ok()?.parse().ok()?;
        let record = bytes.get(space + 1..length)?.strip_suffix(b"\n")?;
        let equals = record.iter().position(|byte| *byte == b'=')?;
        let (key, value) = (&record[..equals], &record[equals + 1..]);
        // Go's `validPAXRecord`.
        let text = if matches!(key, b"path" | b"linkpath" | b"uname" | b"gname") { value } else { key };
        if key.is_empty() || text.contains(&0) {
            return None;
        }
        records.push((key.to_vec(), value.to_vec()));
        bytes = &bytes[length..];
    }
    Some(records)
}

/// Returns the extended attributes by name, each once. `SCHILY.xattr.` is the prefix that containerd applies
/// (`archive.paxSchilyXattr`); bsdtar writes `LIBARCHIVE.xattr.` with the name percent-encoded, and GNU tar and star
/// write ACLs and labels under keys of their own.
fn xattrs(pax: &[(Vec<u8>, Vec<u8>)]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let name = |key: &[u8]| match key {
        b"SCHILY.acl.access" => Some(b"system.posix_acl_access".to_vec()),
        b"SCHILY.acl.default" => Some(b"system.posix_acl_default".to_vec()),
        b"RHT.security.selinux" => Some(b"security.selinux".to_vec()),
        key => key
            .strip_prefix(b"SCHILY.xattr.")
            .map(<[u8]>::to_vec)
            .or_else(|| key.strip_prefix(b"LIBARCHIVE.xattr.").map(percent_decoded)),
    };
    let applied = |key: &[u8]| key.starts_with(b"SCHILY.xattr.");
    // Of several records for a name, the last one that containerd applies counts, else the last.
    let mut found: Vec<_> =
        pax.iter().filter_map(|(key, value)| Some((name(key)?, applied(key), value))).collect();
    found.sort_by(|(a, first, _), (b, second, _)| a.cmp(b).then(first.cmp(second)));
    let mut kept: Vec<(Vec<u8>, Vec<u8>)> = Vec::with_capacity(found.len());
    for (name, _, value) in found {
        match kept.last_mut().filter(|(last, _)| *last == name) {
            Some((_, last)) => last.clone_from(value),
            None => kept.push((name, value.clone())),
        }
    }
    kept
}

fn percent_decoded(name: &[u8]) -> Vec<u8> {
    let mut decoded = Vec::with_capacity(name.len());
    let mut rest = name;
    while let [first, tail @ ..] = rest {
        let code = tail.get(..2).filter(|_| *first == b'%').and_then(|hex| std::str::from_utf8(hex).ok());
        let byte = code.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        decoded.push(byte.unwrap_or(*first));
        rest = if byte.is_some() { &tail[2..] } else { tail };
    }
    decoded
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_binary_value_does_not_hide_the_records_behind_it() {
        let records = pax(b"25 SCHILY.xattr.a.b=1\n2\n\n11 path=xy\n").unwrap();
        assert_eq!(records[0], (b"SCHILY.xattr.a.b".to_vec(), b"1\n2\n".to_vec()));
        assert_eq!(records[1], (b"path".to_vec(), b"xy".to_vec()));
        for malformed in
            [&b"99 path=x\n"[..], b"x path=x\n", b"9 path=xy", b"7 path\n", b"0 =\n", b"7 =abc\n", b"\0"]
        {
            assert_eq!(pax(malformed), None);
        }
    }

    #[test]
    fn attribute_names_come_from_every_dialect_once() {
        let keys = ["LIBARCHIVE.xattr.user.a%25b", "SCHILY.xattr.user.a%b", "SCHILY.acl.default", "mtime"];
        let pax: Vec<_> =
            keys.iter().zip(1..).map(|(key, value)| (key.as_bytes().to_vec(), vec![value])).collect();
        let expected = [(b"system.posix_acl_default".to_vec(), vec![3]), (b"user.a%b".to_vec(), vec![2])];
        assert_eq!(xattrs(&pax), expected, "the value of the record that containerd applies");
        assert_eq!(xattrs(&pax[..1]), [(b"user.a%b".to_vec(), vec![1])]);
    }
}
