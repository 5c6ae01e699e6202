//! Reads an uncompressed tar in several parts in parallel. It never guesses: a part counts only if the headers before
//! it lead to its start.
//!
//! The place of a header is known only from the one before it. So a part starts at the first block that looks like a
//! header, which may also be inside a file, and it is accepted if the part before ends exactly at that place.

use std::panic::resume_unwind;
use std::thread;

use tar::Header;

use super::field::checksum_holds;
use super::input::{self, ReadAt};
use super::member::{BLOCK, Members};
use super::{Layer, LayerError};

/// The smallest part, in bytes.
pub(super) const LEAST: u64 = 4 * 1024 * 1024;
/// The largest number of parts: each is a thread.
const MOST: usize = 8;
/// The number of bytes that are searched for the start of a part: a large file has none, and reading all of it would
/// cost more.
const LOOKED_AT: u64 = 4 * 1024 * 1024;

/// Consecutive members.
struct Part {
    /// The offset of the first header.
    start: u64,
    /// The offset of the header after the last member, and the name of that member.
    end: (u64, Vec<u8>),
    layer: Layer,
}

/// Reads a tar in parts of at least `least` bytes. Returns their layers in order, and true if the tar has its end
/// marker.
pub(super) fn read(file: &(impl ReadAt + ?Sized), least: u64) -> Result<(Vec<Layer>, bool), LayerError> {
    let size = size(file)?;
    let threads = thread::available_parallelism().map_or(1, |count| count.get().min(MOST)) as u64;
    let count = threads.min(size / least).max(1);
    let bound = |at: u64| if at == count { size } else { size / count * at / BLOCK * BLOCK };
    let parts: Vec<Part> = thread::scope(|scope| {
        let part = |at: u64| scope.spawn(move || part(file, bound(at), bound(at + 1)));
        let others: Vec<_> = (1..count).map(part).collect();
        let first = from(file, 0, bound(1));
        // A part that cannot be read is read again after the one before it, and fails again.
        let joined = others.into_iter().map(|part| part.join().unwrap_or_else(|panic| resume_unwind(panic)));
        let others = joined.filter_map(|part| part.ok().flatten());
        first.into_iter().chain(others).collect()
    });
    let mut layers = Vec::new();
    let mut layer = Layer::default();
    let mut members = resume(file, (0, Vec::new()))?;
    for part in parts.into_iter().filter(|part| part.start < part.end.0) {
        take_until(&mut members, &mut layer, part.start)?;
        if members.position().0 == part.start {
            layers.extend([std::mem::take(&mut layer), part.layer]);
            members = resume(file, part.end)?;
        }
    }
    take_until(&mut members, &mut layer, u64::MAX)?;
    layers.push(layer);
    Ok((layers, members.has_end_marker()))
}

fn size(file: &(impl ReadAt + ?Sized)) -> Result<u64, LayerError> {
    file.size().map_err(|source| LayerError::Read { offset: 0, source })
}

fn resume(file: &(impl ReadAt + ?Sized), (at, last): (u64, Vec<u8>)) -> Result<Members<'_>, LayerError> {
    Ok(Members::resume(input::passing(file, at)?, at, last))
}

fn take_until(members: &mut Members<'_>, layer: &mut Layer, until: u64) -> Result<(), LayerError> {
    while members.position().0 < until
        && let Some(member) = members.next()?
    {
        layer.take(members, member)?;
    }
    Ok(())
}

/// Returns the members from the first header after `start` to `until`; `None` if none is found.
fn part(file: &(impl ReadAt + ?Sized), start: u64, until: u64) -> Result<Option<Part>, LayerError> {
    let mut blocks = input::passing(file, start)?.0;
    let failed = |source| LayerError::Read { offset: start, source };
    let mut header = Header::new_old();
    let mut at = start;
    while at < until.min(start + LOOKED_AT) {
        if blocks.fill(header.as_mut_bytes()).map_err(failed)? < header.as_bytes().len() {
            break;
        }
        let is_header =
            (header.as_ustar().is_some() || header.as_gnu().is_some()) && checksum_holds(header.as_bytes());
        if is_header {
            // An extended header before this one may belong to it; the next header is complete.
            let mut members = resume(file, (at, Vec::new()))?;
            members.next()?;
            return from(file, members.position().0, until).map(Some);
        }
        at += BLOCK;
    }
    Ok(None)
}

/// Returns the members from the header at `start` to `until`, as far as they can be read.
fn from(file: &(impl ReadAt + ?Sized), start: u64, until: u64) -> Result<Part, LayerError> {
    let size = size(file)?;
    let mut members = resume(file, (start, Vec::new()))?;
    let mut layer = Layer::default();
    let mut end = start;
    while end < until {
        let Ok(Some(member)) = members.next() else { break };
        let behind = members.position().0;
        // If the content is cut off, the reader that comes from the start reports the error.
        if behind > size || layer.take(&mut members, member).is_err() {
            break;
        }
        end = behind;
    }
    Ok(Part { start, end: (end, members.position().1.to_vec()), layer })
}
