//! Judges single Dockerfiles. No repository is needed.

use std::path::PathBuf;

use super::Knowledge;
use crate::builds::{FolderContext, RefusedIgnoreFile};
use crate::campaign::plan::file::Inspection;
use crate::campaign::plan::{self, Waivers};
use crate::config::Config;
use crate::images::ImageError;

/// What is inspected.
#[derive(Debug)]
pub struct InspectOptions {
    /// The Dockerfiles.
    pub files: Vec<NamedText>,
    /// The folder that is the build context of all. Without it, sources are unknown.
    pub context: Option<PathBuf>,
    /// What is known beside the files.
    pub knowledge: Knowledge,
}

/// A Dockerfile with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedText {
    /// The path, as the result shows it. The ignore file beside it counts.
    pub path: PathBuf,
    /// The text.
    pub text: Vec<u8>,
}

/// Why nothing was inspected.
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The build context is not a folder.
    #[error("--context {}: there is no such folder", .0.display())]
    NoContext(PathBuf),
    /// A builder refuses an ignore file.
    #[error(transparent)]
    IgnoreFile(#[from] RefusedIgnoreFile),
    /// A base image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// Judges the COPY and ADD instructions of single files.
///
/// # Errors
///
/// [`InspectError`]
pub fn inspect(options: &InspectOptions) -> Result<Inspection, InspectError> {
    if let Some(context) = options.context.as_ref().filter(|context| !context.is_dir()) {
        return Err(InspectError::NoContext(context.clone()));
    }
    let mut files = Vec::new();
    for NamedText { path, text } in &options.files {
        let seen = options.context.as_deref().map(|root| FolderContext::seen_by(root, path));
        files.push((path.display().to_string(), text.as_slice(), seen.transpose()?));
    }
    options.knowledge.images.check()?;
    let config = Config::default();
    Ok(plan::inspect(&files, &options.knowledge.options(&config), &Waivers::none()))
}
