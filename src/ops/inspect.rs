//! Judges single Dockerfiles. It needs no repository, and uses what the campaign of one remembers.

use std::path::{Path, PathBuf};

use super::base_images::{BaseImages, SourceError};
use super::workspace::Workspace;
use super::{Knowledge, Watch};
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

/// The result of [`inspect`].
#[derive(Debug)]
pub struct Inspected {
    /// The files with their instructions.
    pub inspection: Inspection,
    /// An image that was given and that no file uses: a name that is mistyped, perhaps. The verdicts stand without it.
    pub unused: Option<ImageError>,
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
    /// A source of base images that the user asks for cannot be used.
    #[error(transparent)]
    Source(#[from] SourceError),
    /// A base image cannot be read.
    #[error(transparent)]
    Image(#[from] ImageError),
}

/// Judges the COPY and ADD instructions of single files. The facts that the campaign of the first file's repository
/// remembers about base images count.
///
/// # Errors
///
/// [`InspectError`]
pub fn inspect(options: &InspectOptions, watch: &Watch<'_>) -> Result<Inspected, InspectError> {
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
    let images = known_images(options, watch)?;
    let (config, waivers) = (Config::default(), Waivers::none());
    let judge =
        |asked: &AskedImages<'_>| plan::inspect(&files, &options.knowledge.options(&config, asked), &waivers);
    let mut asked = AskedImages::new(&images);
    let mut inspection = judge(&asked);
    while images.read_missing(&asked, |_| 1, watch) {
        asked = AskedImages::new(&images);
        inspection = judge(&asked);
    }
    images.report_failures(watch);
    Ok(Inspected { inspection, unused: images.check_used(&asked.references()).err() })
}

/// Returns the given images, and those that the campaign of the first file's repository remembers.
fn known_images<'o>(
    options: &'o InspectOptions,
    watch: &'o Watch<'o>,
) -> Result<BaseImages<'o>, SourceError> {
    let knowledge = &options.knowledge;
    let folder = options.files.first().and_then(|file| file.path.parent()).unwrap_or(Path::new(""));
    let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
    let of_campaign = || {
        let workspace = Workspace::open(folder, None).ok()?;
        let (Workspace::Git(..), Ok(source)) = (&workspace, workspace.source()) else { return None };
        let config = workspace.config(&source).ok()?;
        Some(BaseImages::of(knowledge, &workspace, &source, &config, watch))
    };
    let config = Config::default();
    let without =
        || BaseImages::with(&knowledge.images, None, &config).and_sources(knowledge, &config, watch);
    of_campaign().unwrap_or_else(without)
}
