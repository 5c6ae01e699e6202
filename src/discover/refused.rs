//! The reasons why a Dockerfile cannot be read. It never reads one.

use bstr::ByteSlice;

use super::{MOST_BYTES, MOST_BYTES_IN_ALL, MOST_FILES, ReadError};
use crate::budget::Ended;
use crate::git::is_lfs_pointer;

/// The reason why a Dockerfile cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RefusedReason {
    /// More than [`MOST_BYTES`] bytes.
    #[error("it has {size} bytes; at most {MOST_BYTES} are read")]
    TooLarge {
        /// The size in bytes.
        size: u64,
    },
    /// A NUL byte.
    #[error("it has a NUL byte in line {line}, at offset {offset}")]
    Nul {
        /// The 1-based line.
        line: usize,
        /// The offset of the byte.
        offset: usize,
    },
    /// Content that is not UTF-8.
    #[error("it is not UTF-8 in line {line}, at offset {offset}")]
    NotUtf8 {
        /// The 1-based line.
        line: usize,
        /// The offset of the first invalid byte.
        offset: usize,
    },
    /// A Git LFS pointer instead of the content.
    #[error("it is a Git LFS pointer, not the file itself")]
    LfsPointer,
    /// More than [`MOST_FILES`] Dockerfiles, or more than [`MOST_BYTES_IN_ALL`] bytes, before it in the order of paths.
    #[error(
        "the Dockerfiles before it are too many; at most {MOST_FILES} are read, and {MOST_BYTES_IN_ALL} bytes of them"
    )]
    TooMany,
    /// A read error.
    #[error("{0}")]
    Unreadable(ReadError),
    /// The work on it ended early.
    #[error("{0}")]
    Ended(Ended),
}

impl RefusedReason {
    /// Returns the remedy.
    pub(crate) fn remedy(&self) -> &'static str {
        match self {
            Self::TooLarge { .. } => "exclude it in [files] of layerwright.toml if it is not a Dockerfile",
            Self::Nul { .. } => "save it as UTF-8 text, or exclude it in [files] of layerwright.toml",
            Self::NotUtf8 { .. } => "save it as UTF-8",
            Self::LfsPointer => "keep Dockerfiles out of Git LFS, in .gitattributes",
            Self::TooMany => "exclude those that need no plan in [files] of layerwright.toml",
            Self::Unreadable(_) | Self::Ended(_) => "the other files are not affected",
        }
    }
}

/// Returns the reason why builders and editors would disagree about these bytes.
pub(super) fn refusal(text: &[u8]) -> Option<RefusedReason> {
    let line = |offset: usize| memchr::memchr_iter(b'\n', &text[..offset]).count() + 1;
    if is_lfs_pointer(text) {
        return Some(RefusedReason::LfsPointer);
    }
    if let Some(offset) = text.find_byte(0) {
        return Some(RefusedReason::Nul { line: line(offset), offset });
    }
    let offset = std::str::from_utf8(text).err()?.valid_up_to();
    Some(RefusedReason::NotUtf8 { line: line(offset), offset })
}
