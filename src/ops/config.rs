//! The configuration of a repository or folder.

use std::path::Path;

use super::WorkspaceError;
use super::workspace::Workspace;

/// The bytes of the `layerwright.toml` that counts for `path`; empty without one. `rev` names the commit whose file
/// counts in a bare repository.
///
/// # Errors
///
/// [`WorkspaceError`] if the repository, folder or file cannot be read.
pub fn configuration(path: &Path, rev: Option<&str>) -> Result<Vec<u8>, WorkspaceError> {
    let workspace = Workspace::open(path, rev)?;
    let source = workspace.source()?;
    Ok(workspace.config_bytes(&source)?.unwrap_or_default())
}
