//! The texts of the files to verify, before and after the change.

use crate::campaign::evidence::Depth;
use crate::campaign::plan::file::File;
use crate::config;
use crate::dockerfile::Dockerfile;
use crate::git::{BlobId, RepoPath, hash_blob};
use crate::ops::change::{ChangeError, StaleText};
use crate::ops::planned_text::planned_text;
use crate::ops::present::PresentFiles;
use crate::ops::workspace::Workspace;
use crate::verify::run::Edit;

/// Returns the texts of the files, and an error for each stale file.
pub(super) fn edits<'p>(
    files: Vec<&'p File>,
    depth: Option<Depth>,
    present: &PresentFiles<'_>,
) -> Result<(Vec<Edit<'p>>, Vec<ChangeError>), ChangeError> {
    let (mut edits, mut stale) = (Vec::new(), Vec::new());
    for file in files {
        match edit(file, depth, present) {
            Ok(edit) => edits.push(edit),
            Err(error) if error.is_stale() => stale.push(error),
            Err(error) => return Err(error),
        }
    }
    Ok((edits, stale))
}

fn edit<'p>(
    file: &'p File,
    depth: Option<Depth>,
    present: &PresentFiles<'_>,
) -> Result<Edit<'p>, ChangeError> {
    let path = RepoPath::new(&file.path)?;
    let stale = |how| ChangeError::Stale { path: file.path.clone(), how };
    if present.source.listing().get(&path).is_none() {
        return Err(stale(StaleText::Gone));
    }
    let now = present.text(&path)?;
    let blob = hash_blob(&now)?;
    let before = match present.workspace {
        _ if blob.as_str() == file.blob => now,
        // The commit already has the edit, and the repository still has the earlier text.
        Workspace::Git(repository, _) if file.rewritten.as_deref() == Some(blob.as_str()) => {
            repository.blob(&BlobId::new(&file.blob)?).map_err(|_| stale(StaleText::NoOriginal))?
        }
        _ => return Err(stale(StaleText::other(&file.blob, blob.as_str()))),
    };
    let after = planned_text(file, &Dockerfile::read(before.clone()), present.config)?;
    let configured = present.config.verify.depth.map(|depth| match depth {
        config::Depth::Line => Depth::Line,
        config::Depth::Full => Depth::Full,
    });
    let usual = if file.wave == Some(0) { Depth::Full } else { Depth::Line };
    Ok(Edit { file, before, after, depth: depth.or(configured).unwrap_or(usual) })
}
