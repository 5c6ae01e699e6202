//! The configuration of a repository or folder.

use std::path::Path;

use super::WorkspaceError;
use super::workspace::Workspace;

/// Returns the bytes of the `layerwright.toml` that applies to `path`; empty if there is none. In a bare repository,
/// the file of the commit `rev` applies.
///
/// # Errors
///
/// [`WorkspaceError`] if the repository, folder or file cannot be read.
pub fn configuration(path: &Path, rev: Option<&str>) -> Result<Vec<u8>, WorkspaceError> {
    let workspace = Workspace::open(path, rev)?;
    let source = workspace.source()?;
    Ok(workspace.config_bytes(&source)?.unwrap_or_default())
}
