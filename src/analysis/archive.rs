//! Archives that ADD extracts. They are recognized by content, never by name.

use crate::rootfs::layers::{input, member};
use crate::text::path::clean;
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
    /// A device or a FIFO.
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
}

/// `DetectCompression` of go-archive.
const XZ: &[u8] = b"\xfd7zXZ\0";
const BZIP2: &[u8] = b"BZh";
const GZIP: &[u8] = b"\x1f\x8b\x08";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
/// A skippable frame, with which a zstd stream may start as well. Its first byte is 0x50 to 0x5f.
const SKIPPABLE: &[u8] = b"\x2a\x4d\x18";

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
    if !member::checksum_holds(&header) {
        return Ok(None);
    }
    let mut archive = tar::Archive::new(first.as_slice().chain(reader));
    let mut found = Vec::new();
    let mut is_archive = false;
    for entry in archive.entries()? {
        let mut entry = entry?;
        is_archive = true;
        if !member::numbers_hold(entry.header()) {
            return Err(doubt("a number in it is malformed"));
        }
        if entry.header().entry_type() == tar::EntryType::XGlobalHeader {
            continue;
        }
        let path = relative(text(entry.path_bytes())?.as_bytes());
        found.push((path, describe(&mut entry)?));
    }
    if is_archive { Ok(Some(Archive { entries: found })) } else { Err(doubt("it has no entry")) }
}

/// Returns a path or target of an entry as text.
fn text(bytes: std::borrow::Cow<'_, [u8]>) -> Result<String, ArchiveError> {
    String::from_utf8(bytes.into_owned()).map_err(doubt)
}

fn describe<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<ArchiveEntry, ArchiveError> {
    let xattrs = names_xattrs(entry)?;
    let header = entry.header();
    let target = || entry.link_name_bytes().map_or_else(|| Ok(String::new()), text);
    Ok(match header.entry_type() {
        tar::EntryType::Directory => ArchiveEntry::Dir {
            mode: header.mode()? & 0o7777,
            owner: (id(header.uid()?)?, id(header.gid()?)?),
            xattrs,
        },
        tar::EntryType::Link => ArchiveEntry::HardLink(relative(target()?.as_bytes())),
        tar::EntryType::Symlink => ArchiveEntry::Symlink(target()?),
        tar::EntryType::Regular | tar::EntryType::Continuous | tar::EntryType::GNUSparse => {
            ArchiveEntry::File
        }
        _ => ArchiveEntry::Other,
    })
}

/// Returns true if the extended header of an entry gives it extended attributes.
fn names_xattrs<R: Read>(entry: &mut tar::Entry<'_, R>) -> io::Result<bool> {
    for extension in entry.pax_extensions()?.into_iter().flatten() {
        if extension?.key_bytes().starts_with(b"SCHILY.xattr.") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn id(number: u64) -> Result<u32, ArchiveError> {
    u32::try_from(number).map_err(|error| ArchiveError::Broken(io::Error::other(error)))
}

/// Returns a path of an archive, clean and without the leading slash; empty for the root of the archive.
fn relative(path: &[u8]) -> String {
    clean(&String::from_utf8_lossy(path)).trim_start_matches('/').to_owned()
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
