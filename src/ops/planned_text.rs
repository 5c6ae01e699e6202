//! Applies a plan to the text of a file.

use crate::campaign::plan::file::File;
use crate::campaign::plan::line_plans;
use crate::dockerfile::Dockerfile;
use crate::edit::{self, RewriteError};
use crate::git::{GitError, hash_blob};

/// The reason why a plan cannot be applied to a file.
#[derive(Debug, thiserror::Error)]
pub enum PlannedTextError {
    /// The file cannot be edited.
    #[error("{path}: {source}")]
    Rewrite {
        /// The file.
        path: String,
        /// The cause.
        source: RewriteError,
    },
    /// The lines of the plan give a text with another id than the plan states.
    #[error("the lines of the plan for {path} do not give the text that the plan states")]
    OtherText {
        /// The file.
        path: String,
    },
    /// The text cannot be hashed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Applies a plan to the text that it judged. The result has to have the id that the plan states.
pub(super) fn planned_text(file: &File, original: &Dockerfile) -> Result<Vec<u8>, PlannedTextError> {
    let rewrite = edit::rewrite(original, &line_plans(file.selected()), &file.header)
        .map_err(|source| PlannedTextError::Rewrite { path: file.path.clone(), source })?;
    let blob = hash_blob(&rewrite.text)?;
    if file.done_blob() == Some(blob.as_str()) {
        return Ok(rewrite.text);
    }
    Err(PlannedTextError::OtherText { path: file.path.clone() })
}
