//! Shows and clears what is kept of registries.

use std::io;
use std::path::{Path, PathBuf};

use crate::images::registry::{self, Cached};

/// The cache cannot be read or cleared.
#[derive(Debug, thiserror::Error)]
#[error("{}: {source}", path.display())]
pub struct CacheError {
    /// The folder.
    pub path: PathBuf,
    /// The cause.
    pub source: io::Error,
}

/// Returns what a folder keeps of registries. One that does not exist keeps nothing.
///
/// # Errors
///
/// [`CacheError`]
pub fn cache(folder: &Path) -> Result<Cached, CacheError> {
    registry::kept(folder).map_err(|source| CacheError { path: folder.to_owned(), source })
}

/// Removes what a folder keeps of registries.
///
/// # Errors
///
/// [`CacheError`]
pub fn clear_cache(folder: &Path) -> Result<(), CacheError> {
    registry::clear(folder).map_err(|source| CacheError { path: folder.to_owned(), source })
}
