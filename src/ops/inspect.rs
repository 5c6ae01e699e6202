//! Judges single Dockerfiles. It needs no repository.

use std::path::PathBuf;

use super::Knowledge;
use crate::builds::{FolderContext, RefusedIgnoreFile};
use crate::campaign::plan::file::Inspection;
use crate::campaign::plan::{self, Waivers};
use crate::config::Config;
use crate::images::ImageError;
use crate::images::asked::AskedImages;

/// The options of [`inspect`].
#[derive(Debug)]
pub struct InspectOptions {
    /// The Dockerfiles.
    pub files: Vec<NamedText>,
    /// The folder that is the build context of all files. `None` if the sources are unknown.
    pub context: Option<PathBuf>,
    /// The facts that are known in addition to the files.
    pub knowledge: Knowledge,
}

/// A Dockerfile with its text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedText {
    /// The path, as the result shows it. The ignore file next to it applies.
    pub path: PathBuf,
    /// The text.
    pub text: Vec<u8>,
}

/// An error of [`inspect`].
#[derive(Debug, thiserror::Error)]
pub enum InspectError {
    /// The build context is not a folder.
    #[error("--context {}: there is no such folder", .0.display())]
    NoContext(PathBuf),
    /// An ignore file is invalid for the builder.
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
    let Knowledge { images: given, .. } = &options.knowledge;
    given.check()?;
    let (config, images) = (Config::default(), AskedImages::new(given));
    let inspection = plan::inspect(&files, &options.knowledge.options(&config, &images), &Waivers::none());
    given.check_used(&images.references())?;
    Ok(inspection)
}
