//! Writes pull requests as patches and texts, for forges that Layerwright does not support.

use std::path::Path;

use super::ReportingError;
use crate::discover::{MOST_BYTES, SourceTree};
use crate::git::RepoPath;
use crate::ops::atomic;
use crate::ops::workspace::{Workspace, WorkspaceError, place_in};
use crate::report::recorder::RecordedWrite;
use crate::text::patch::patch_text;

/// Writes each branch as a patch that `git apply` accepts, and each text as a file. A folder of the repository is never
/// reached through a link in it: the repository would choose the place.
pub(super) fn write(
    deeds: &[RecordedWrite],
    folder: &Path,
    workspace: &Workspace,
    source: &SourceTree<'_>,
) -> Result<(), ReportingError> {
    if let Some(path) = in_repository(folder, workspace) {
        place_in(workspace.folder().unwrap_or(folder), &path).map_err(WorkspaceError::from)?;
    }
    let write = |name: &str, ending: &str, text: &str| {
        atomic::write(&folder.join(format!("{name}.{ending}")), text.as_bytes())
    };
    for deed in deeds {
        match deed {
            RecordedWrite::Branch { name, message, texts, .. } => {
                write(last_part(name), "patch", &patches(texts, source))?;
                write(last_part(name), "txt", message)?;
            }
            RecordedWrite::Pull { branch, title, body, .. } => {
                write(last_part(branch), "md", &format!("# {title}\n\n{body}"))?;
            }
            RecordedWrite::Issue { title, body, .. } => {
                write("issue", "md", &format!("# {title}\n\n{body}"))?;
            }
            _ => {}
        }
    }
    Ok(())
}

/// Returns the path of a folder in the repository, before links are followed; `None` if it is outside of it.
fn in_repository(folder: &Path, workspace: &Workspace) -> Option<RepoPath> {
    let root = workspace.folder()?.canonicalize().ok()?;
    let given = std::path::absolute(folder).ok()?;
    // The folders above the repository may be links.
    let inside = given.ancestors().find(|above| above.canonicalize().is_ok_and(|above| above == root))?;
    RepoPath::new(given.strip_prefix(inside).ok()?.to_str()?).ok()
}

/// Returns the last part of the name of a branch, which is unique for its file.
fn last_part(branch: &str) -> &str {
    branch.rsplit('/').next().unwrap_or(branch)
}

/// Returns the patch for these new texts.
fn patches(texts: &[(String, Vec<u8>)], source: &SourceTree<'_>) -> String {
    let old = |path: &str| RepoPath::new(path).ok().and_then(|path| source.read(&path, MOST_BYTES).ok());
    let patch = |(path, new): &(String, Vec<u8>)| {
        let old = old(path).unwrap_or_default();
        patch_text(path, &String::from_utf8_lossy(&old), &String::from_utf8_lossy(new))
    };
    texts.iter().map(patch).collect()
}
