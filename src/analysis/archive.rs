//! Archives that ADD extracts. They are recognized by content, never by name.

use crate::rootfs::layers::member::{Member, MemberKind, Members};
use crate::rootfs::layers::{field, input};
use crate::text::cut;
use crate::text::path::clean;
use std::collections::BTreeMap;
use std::io::{self, Read};

/// The entries of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Archive {
    /// Its entries, by clean path relative to the destination, in the order of the archive.
    pub(crate) entries: Vec<(String, ArchiveEntry)>,
}

/// One entry of an archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ArchiveEntry {
    /// A directory with its permission bits and owner.
    Dir {
        /// Permission bits.
        mode: u32,
        /// Numeric owner and group.
        owner: (u32, u32),
        /// True if the entry names extended attributes; a builder sets those that it can.
        xattrs: bool,
    },
    /// A file.
    File,
    /// A hard link to another path in the archive or in the existing filesystem, clean and relative.
    HardLink(String),
    /// A symbolic link with its target.
    Symlink(String),
    /// A FIFO.
    Other,
}

/// The reason why an archive could not be read.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ArchiveError {
    /// It has a compression that is not read here.
    #[error("it is compressed with {0}; whether ADD extracts it depends on the builder")]
    Compression(&'static str),
    /// It starts as an archive, but is truncated or damaged.
    #[error("it cannot be read as an archive: {0}")]
    Broken(#[from] io::Error),
    /// It has an entry by which an extraction may do otherwise than its entries say.
    #[error("the effect of ADD is not known: {0}")]
    Odd(String),
}

/// `DetectCompression` of go-archive.
const XZ: &[u8] = b"\xfd7zXZ\0";
const BZIP2: &[u8] = b"BZh";
const GZIP: &[u8] = b"\x1f\x8b\x08";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
/// A skippable frame, with which a zstd stream may start as well. Its first byte is 0x50 to 0x5f.
const SKIPPABLE: &[u8] = b"\x2a\x4d\x18";

/// The extended attributes that overlayfs reads: they may hide what is below a layer, or lead elsewhere.
const OVERLAY: [&str; 2] = ["trusted.overlay.", "user.overlay."];

/// A block of a tar.
const BLOCK: usize = 512;

/// Reads the entries that ADD would extract. `None` if ADD would copy the file without extracting it.
///
/// `solver/llbsolver/file/unpack.go`, `isArchivePath`: a tar header must be readable after decompression.
///
/// # Errors
///
/// [`ArchiveError`] if the result is known only to the builder.
pub(crate) fn read(bytes: &[u8]) -> Result<Option<Archive>, ArchiveError> {
    if bytes.starts_with(XZ) {
        return Err(ArchiveError::Compression("xz"));
    }
    if bytes.starts_with(BZIP2) {
        return Err(ArchiveError::Compression("bzip2"));
    }
    let skips = bytes.first().is_some_and(|first| first & 0xf0 == 0x50) && bytes[1..].starts_with(SKIPPABLE);
    if bytes.starts_with(GZIP) || bytes.starts_with(ZSTD) || skips {
        let decoder = input::decoder(bytes).map_err(|error| doubt(error.to_string()))?;
        return decoder.map_or(Ok(None), entries);
    }
    entries(bytes)
}

/// Returns the error that Go's reader may read what is not read here, or the other way round.
fn doubt(why: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> ArchiveError {
    ArchiveError::Broken(io::Error::other(why))
}

/// Reads the entries of a tar. It is certainly no archive only where Go's `tar.Reader.Next` certainly fails: there is no
/// whole block, or the checksum of the first is wrong (a block of zeros has a wrong one too).
fn entries(mut reader: impl Read) -> Result<Option<Archive>, ArchiveError> {
    let mut first = Vec::with_capacity(BLOCK);
    (&mut reader).take(BLOCK as u64).read_to_end(&mut first)?;
    let Ok(header) = <[u8; BLOCK]>::try_from(&first[..]) else { return Ok(None) };
    if !field::checksum_holds(&header) {
        return Ok(None);
    }
    let mut members = Members::new(input::plain(first.as_slice().chain(reader)));
    let mut found = Vec::new();
    let mut kinds = BTreeMap::new();
    while let Some(member) = members.next().map_err(|error| doubt(error.to_string()))? {
        let path = relative(&text(&member.name)?);
        let entry = describe(&path, &member)?;
        for parent in cut::parents(&path) {
            kinds.entry(parent.to_owned()).or_insert(MemberKind::Dir);
        }
        if *kinds.entry(path.clone()).or_insert(member.kind) != member.kind {
            return Err(ArchiveError::Odd(format!("`{path}` comes more than once in it, with other types")));
        }
        found.push((path, entry));
    }
    if found.is_empty() { Err(doubt("it has no entry")) } else { Ok(Some(Archive { entries: found })) }
}

/// Returns a path or target of an entry as text.
fn text(bytes: &[u8]) -> Result<String, ArchiveError> {
    String::from_utf8(bytes.to_vec()).map_err(doubt)
}

fn describe(path: &str, member: &Member) -> Result<ArchiveEntry, ArchiveError> {
    let shown = if path.is_empty() { "." } else { path };
    let odd = |what: &str| Err(ArchiveError::Odd(format!("`{shown}` in it {what}")));
    let overlay = |name: &[u8]| OVERLAY.iter().any(|prefix| name.starts_with(prefix.as_bytes()));
    if member.xattrs.iter().any(|(name, _)| overlay(name)) {
        return odd("has an extended attribute of overlayfs");
    }
    Ok(match member.kind {
        MemberKind::Dir => ArchiveEntry::Dir {
            mode: member.mode,
            owner: (member.uid, member.gid),
            xattrs: !member.xattrs.is_empty(),
        },
        MemberKind::HardLink => ArchiveEntry::HardLink(relative(&text(&member.link)?)),
        MemberKind::Symlink => ArchiveEntry::Symlink(text(&member.link)?),
        MemberKind::File => ArchiveEntry::File,
        MemberKind::Fifo => ArchiveEntry::Other,
        MemberKind::CharDevice | MemberKind::BlockDevice => return odd("is a device"),
        MemberKind::Note => return odd("is a volume label"),
    })
}

/// Returns a path of an archive, clean and without the leading slash; empty for the root of the archive.
fn relative(path: &str) -> String {
    clean(path).trim_start_matches('/').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn tarball() -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        let mut header = tar::Header::new_ustar();
        header.set_size(1);
        header.set_mode(0o644);
        builder.append_data(&mut header, "bin/tool", &b"x"[..]).unwrap();
        let mut header = tar::Header::new_ustar();
        header.set_entry_type(tar::EntryType::Link);
        header.set_size(0);
        builder.append_link(&mut header, "bin/again", "./bin/tool").unwrap();
        builder.into_inner().unwrap()
    }

    fn members(pax: &[(&str, &str)], entries: &[(&str, tar::EntryType)]) -> Vec<u8> {
        let mut builder = tar::Builder::new(Vec::new());
        builder.append_pax_extensions(pax.iter().map(|(key, value)| (*key, value.as_bytes()))).unwrap();
        for (path, kind) in entries {
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(*kind);
            header.set_size(0);
            header.set_mode(0o755);
            builder.append_data(&mut header, path, &b""[..]).unwrap();
        }
        builder.into_inner().unwrap()
    }

    #[test]
    fn an_attribute_of_overlayfs_makes_the_effect_unknown() {
        let entries = [("p", tar::EntryType::Directory)];
        for odd in ["SCHILY.xattr.trusted.overlay.opaque", "LIBARCHIVE.xattr.user.overlay%2eredirect"] {
            let tar = members(&[("SCHILY.xattr.security.x", "1\n2"), (odd, "y")], &entries);
            assert!(matches!(read(&tar), Err(ArchiveError::Odd(_))), "{odd}");
        }
        assert!(read(&members(&[("SCHILY.xattr.user.x", "y")], &entries)).unwrap().is_some());
    }

    #[test]
    fn a_path_that_changes_its_type_makes_the_effect_unknown() {
        use tar::EntryType::{Directory, Regular, Symlink};
        let is_odd = |entries: &[_]| matches!(read(&members(&[], entries)), Err(ArchiveError::Odd(_)));
        assert!(is_odd(&[("p", Regular), ("p/", Directory)]));
        assert!(is_odd(&[("./p", Symlink), ("q", Regular), ("p", Directory)]));
        assert!(is_odd(&[("p/x", Regular), ("p", Regular)]), "p is implied first");
        assert!(!is_odd(&[("p", Directory), ("p/x", Regular), ("p", Directory), ("p/x", Regular)]));
    }

    #[test]
    fn a_device_makes_the_effect_unknown_and_an_unknown_type_is_not_read() {
        for kind in [tar::EntryType::Char, tar::EntryType::Block, tar::EntryType::new(b'V')] {
            assert!(matches!(read(&members(&[], &[("p", kind)])), Err(ArchiveError::Odd(_))), "{kind:?}");
        }
        let unknown = members(&[], &[("p", tar::EntryType::new(b'Z'))]);
        assert!(matches!(read(&unknown), Err(ArchiveError::Broken(_))));
    }

    #[test]
    fn a_malformed_global_header_may_make_a_plain_file() {
        let global = |records: &[u8]| {
            let mut builder = tar::Builder::new(Vec::new());
            let mut header = tar::Header::new_ustar();
            header.set_entry_type(tar::EntryType::XGlobalHeader);
            header.set_size(records.len() as u64);
            builder.append_data(&mut header, "pax_global_header", records).unwrap();
            [&builder.into_inner().unwrap()[..1024], &tarball()].concat()
        };
        assert!(matches!(read(&global(b"99 comment=x\n")), Err(ArchiveError::Broken(_))));
        assert_eq!(read(&global(b"13 comment=x\n")).unwrap(), read(&tarball()).unwrap());
    }

    #[test]
    fn archives_are_known_by_content() {
        let expected = Archive {
            entries: vec![
                ("bin/tool".into(), ArchiveEntry::File),
                ("bin/again".into(), ArchiveEntry::HardLink("bin/tool".into())),
            ],
        };
        assert_eq!(read(&tarball()).unwrap(), Some(expected.clone()));
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(&tarball()).unwrap();
        assert_eq!(read(&gzip.finish().unwrap()).unwrap(), Some(expected));
    }

    #[test]
    fn a_zstd_stream_may_start_with_a_frame_to_skip() {
        let zstd =
            ruzstd::encoding::compress_to_vec(&tarball()[..], ruzstd::encoding::CompressionLevel::Fastest);
        let whole = read(&zstd).unwrap();
        assert!(whole.is_some());
        let skippable = [&b"\x53\x2a\x4d\x18\x04\0\0\0skip"[..], &zstd].concat();
        assert_eq!(read(&skippable).unwrap(), whole);
    }

    #[test]
    fn a_checksum_of_signed_bytes_makes_an_archive_too() {
        let mut tar = tarball();
        tar[4] = 0xe9;
        let signed = |bytes: &[u8]| bytes.iter().map(|byte| i64::from(byte.cast_signed())).sum::<i64>();
        let sum = signed(&tar[..148]) + 8 * i64::from(b' ') + signed(&tar[156..512]);
        tar[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
        assert!(matches!(read(&tar), Err(ArchiveError::Broken(_))), "Go reads it");
        tar[155] = b'7';
        tar[148] = b'7';
        assert_eq!(read(&tar).unwrap(), None, "the sum is wrong");
    }

    #[test]
    fn what_is_no_archive_is_copied() {
        assert_eq!(read(b"").unwrap(), None);
        assert_eq!(read(b"#!/bin/sh\necho hello\n").unwrap(), None);
        assert_eq!(read(&[b'a'; 2000]).unwrap(), None);
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        gzip.write_all(b"no tar").unwrap();
        assert_eq!(read(&gzip.finish().unwrap()).unwrap(), None);
        assert!(matches!(read(b"\xfd7zXZ\0..."), Err(ArchiveError::Compression("xz"))));
    }
}
