//! Archives that scripts unpack: directories with odd modes, one of which exists already, and a link.

use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

/// Directories with their modes, files without.
const ENTRIES: [(&str, Option<u32>); 5] =
    [("q", Some(0o700)), ("q/s", Some(0o2755)), ("d", Some(0o711)), ("q/f", None), ("q/s/g", None)];
const CONTENT: &[u8] = b"packed\n";

pub fn tar() -> Vec<u8> {
    let mut archive = tar::Builder::new(Vec::new());
    for (name, mode) in ENTRIES {
        let mut header = tar::Header::new_gnu();
        header.set_mode(mode.unwrap_or(0o640));
        header.set_uid(1000);
        header.set_gid(1001);
        let content = if mode.is_some() { &[] } else { CONTENT };
        header.set_entry_type(if mode.is_some() {
            tar::EntryType::Directory
        } else {
            tar::EntryType::Regular
        });
        header.set_size(content.len() as u64);
        archive.append_data(&mut header, name, content).unwrap();
    }
    let mut link = tar::Header::new_gnu();
    link.set_entry_type(tar::EntryType::Symlink);
    link.set_size(0);
    archive.append_link(&mut link, "q/l", "/opt").unwrap();
    archive.into_inner().unwrap()
}

pub fn gzipped(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The "newc" format of cpio.
pub fn cpio() -> Vec<u8> {
    let mut bytes = Vec::new();
    let entries = ENTRIES.iter().map(|(name, mode)| match mode {
        Some(mode) => (*name, 0o40_000 | mode, &[][..]),
        None => (*name, 0o100_640, CONTENT),
    });
    for (number, (name, mode, content)) in entries.chain([("TRAILER!!!", 0, &[][..])]).enumerate() {
        write!(
            bytes,
            "070701{number:08x}{mode:08x}{:08x}{:08x}{:08x}{:08x}{:08x}",
            1000,
            1001,
            1,
            0,
            content.len()
        )
        .unwrap();
        write!(bytes, "{:032x}{:08x}{:08x}{name}\0", 0, name.len() + 1, 0).unwrap();
        bytes.resize(bytes.len().next_multiple_of(4), 0);
        bytes.extend(content);
        bytes.resize(bytes.len().next_multiple_of(4), 0);
    }
    bytes
}

/// A zip whose members are stored.
pub fn zip() -> Vec<u8> {
    let (mut bytes, mut directory) = (Vec::new(), Vec::new());
    for (name, mode) in ENTRIES {
        let name = if mode.is_some() { format!("{name}/") } else { name.to_owned() };
        let content = if mode.is_some() { &[] } else { CONTENT };
        let mut checksum = flate2::Crc::new();
        checksum.update(content);
        let offset = u32::try_from(bytes.len()).unwrap();
        let common = |out: &mut Vec<u8>| {
            let length = u32::try_from(content.len()).unwrap();
            out.extend([10, 0, 0, 0, 0, 0, 0, 0, 0x21, 0x50]);
            for number in [checksum.sum(), length, length] {
                out.extend(number.to_le_bytes());
            }
            out.extend(u16::try_from(name.len()).unwrap().to_le_bytes());
            out.extend([0, 0]);
        };
        bytes.extend(b"PK\x03\x04");
        common(&mut bytes);
        bytes.extend(name.as_bytes());
        bytes.extend(content);
        // Made on Unix, so that the modes count.
        directory.extend(b"PK\x01\x02\x1e\x03");
        common(&mut directory);
        directory.extend([0; 6]);
        let kind = mode.map_or(0o100_640, |mode| 0o40_000 | mode);
        directory.extend((kind << 16).to_le_bytes());
        directory.extend(offset.to_le_bytes());
        directory.extend(name.as_bytes());
    }
    let (start, length) = (u32::try_from(bytes.len()).unwrap(), u32::try_from(directory.len()).unwrap());
    bytes.extend(directory);
    bytes.extend(b"PK\x05\x06\0\0\0\0");
    let count = u16::try_from(ENTRIES.len()).unwrap().to_le_bytes();
    bytes.extend([count, count].concat());
    bytes.extend(length.to_le_bytes());
    bytes.extend(start.to_le_bytes());
    bytes.extend([0, 0]);
    bytes
}
