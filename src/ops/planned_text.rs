//! The text that a plan makes of a file.

use crate::campaign::plan::file::{File, Header};
use crate::campaign::plan::line_plans;
use crate::dockerfile::Dockerfile;
use crate::edit::{self, RewriteError, header};
use crate::git::{GitError, hash_blob};

/// Why a plan cannot be carried out.
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
    /// The lines of the plan make another text than its id says.
    #[error("the lines of the plan for {path} do not give the text that it foretells")]
    OtherText {
        /// The file.
        path: String,
    },
    /// The text cannot be hashed.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The text that a plan makes of the one that it judged. It has to be the one that the plan names by its id.
pub(super) fn planned_text(file: &File, original: &Dockerfile) -> Result<Vec<u8>, PlannedTextError> {
    let rewrite = edit::rewrite(original, &line_plans(file.selected()), &header(file))
        .map_err(|source| PlannedTextError::Rewrite { path: file.path.clone(), source })?;
    let blob = hash_blob(&rewrite.text)?;
    if file.done_blob() == Some(blob.as_str()) {
        return Ok(rewrite.text);
    }
    Err(PlannedTextError::OtherText { path: file.path.clone() })
}

/// The edit of a file's header.
pub(super) fn header(file: &File) -> header::Header {
    match &file.header {
        Header::Keep => header::Header::Keep,
        Header::Insert { value } => header::Header::Insert(value.clone()),
        Header::Raise { value } => header::Header::Raise(value.clone()),
        Header::Foreign { value } => header::Header::Foreign(value.clone()),
    }
}
