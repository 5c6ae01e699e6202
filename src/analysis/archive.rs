//! Archives that ADD extracts. They are recognized by content, never by name.

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

const XZ: &[u8] = b"\xfd7zXZ\0";
const BZIP2: &[u8] = b"BZh";
const GZIP: &[u8] = b"\x1f\x8b";
const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";

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
    if bytes.starts_with(GZIP) {
        return entries(flate2::read::MultiGzDecoder::new(bytes));
    }
    if bytes.starts_with(ZSTD) {
        let decoder = ruzstd::decoding::StreamingDecoder::new(bytes)
            .map_err(|error| ArchiveError::Broken(io::Error::other(error)))?;
        return entries(decoder);
    }
    entries(bytes)
}

fn entries(reader: impl Read) -> Result<Option<Archive>, ArchiveError> {
    let mut archive = tar::Archive::new(reader);
    let mut found = Vec::new();
    let mut is_archive = false;
    for entry in archive.entries()? {
        let mut entry = match entry {
            Ok(entry) => entry,
            Err(_) if !is_archive => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        is_archive = true;
        if entry.header().entry_type() == tar::EntryType::XGlobalHeader {
            continue;
        }
        let path = relative(&entry.path_bytes());
        found.push((path, describe(&mut entry)?));
    }
    Ok(is_archive.then_some(Archive { entries: found }))
}

fn describe<R: Read>(entry: &mut tar::Entry<'_, R>) -> Result<ArchiveEntry, ArchiveError> {
    let xattrs = names_xattrs(entry)?;
    let header = entry.header();
    let target = || entry.link_name_bytes().map(|name| String::from_utf8_lossy(&name).into_owned());
    Ok(match header.entry_type() {
        tar::EntryType::Directory => ArchiveEntry::Dir {
            mode: header.mode()? & 0o7777,
            owner: (id(header.uid()?)?, id(header.gid()?)?),
            xattrs,
        },
        tar::EntryType::Link => ArchiveEntry::HardLink(relative(target().unwrap_or_default().as_bytes())),
        tar::EntryType::Symlink => ArchiveEntry::Symlink(target().unwrap_or_default()),
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
