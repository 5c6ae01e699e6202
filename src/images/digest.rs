//! Digests, as OCI writes them: `descriptor.md`, "Digests".

use std::io;

use sha2::{Digest as _, Sha256};

use crate::rootfs::layers::ReadAt;

/// Returns the digest of some bytes.
pub(super) fn of(bytes: &[u8]) -> String {
    shown(&Sha256::digest(bytes))
}

/// Returns the digest of all bytes of a file.
pub(super) fn of_all(file: &impl ReadAt) -> io::Result<String> {
    let (mut hasher, mut buffer, mut at) = (Sha256::new(), vec![0; HASHED], 0);
    loop {
        let read = file.read_at(&mut buffer, at)?;
        let Some(bytes) = buffer.get(..read).filter(|bytes| !bytes.is_empty()) else { break };
        hasher.update(bytes);
        at += read as u64;
    }
    Ok(shown(&hasher.finalize()))
}

/// Returns a digest as OCI writes it.
pub(super) fn shown(digest: &[u8]) -> String {
    digest.iter().fold(String::from("sha256:"), |mut hex, byte| {
        let digit = |nibble: u8| char::from(b"0123456789abcdef"[usize::from(nibble)]);
        hex.extend([digit(byte >> 4), digit(byte & 15)]);
        hex
    })
}

/// The bytes of a file that are hashed at a time.
const HASHED: usize = 256 << 10;
