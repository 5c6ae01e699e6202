//! Applies a plan to the text of a file.

use crate::campaign::plan::file::File;
use crate::campaign::plan::line_plans;
use crate::config::Config;
use crate::dockerfile::Dockerfile;
use crate::edit::header::Header;
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
    /// The plan writes another header than the configuration.
    #[error("{path}: the plan writes the header `{value}`, but [syntax] write is `{allowed}`")]
    Header {
        /// The file.
        path: String,
        /// The header of the plan.
        value: String,
        /// The header of the configuration.
        allowed: String,
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

/// Applies a plan to the text that it judged, as [`written_text`], with the header of the configuration alone.
pub(super) fn planned_text(
    file: &File,
    original: &Dockerfile,
    config: &Config,
) -> Result<Vec<u8>, PlannedTextError> {
    check_header(file, config)?;
    written_text(file, original)
}

/// Returns an error if a plan writes another header than the configuration: it is an image that the builder runs.
pub(super) fn check_header(file: &File, config: &Config) -> Result<(), PlannedTextError> {
    let (Header::Insert { value } | Header::Raise { value }) = &file.header else { return Ok(()) };
    if *value == config.syntax.write {
        return Ok(());
    }
    let (path, value, allowed) = (file.path.clone(), value.clone(), config.syntax.write.clone());
    Err(PlannedTextError::Header { path, value, allowed })
}

/// Returns the text that a plan gives, which may be older than the configuration. It has to have the id that the plan
/// states.
pub(super) fn written_text(file: &File, original: &Dockerfile) -> Result<Vec<u8>, PlannedTextError> {
    let rewrite = edit::rewrite(original, &line_plans(file.selected()), &file.header)
        .map_err(|source| PlannedTextError::Rewrite { path: file.path.clone(), source })?;
    let blob = hash_blob(&rewrite.text)?;
    if file.done_blob() == Some(blob.as_str()) {
        return Ok(rewrite.text);
    }
    Err(PlannedTextError::OtherText { path: file.path.clone() })
}
