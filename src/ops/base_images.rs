//! The base images that an operation knows: the files that the user gives, and the facts that the campaign remembers.

use std::io;
use std::sync::Arc;

use super::notice::{Notice, Watch};
use super::workspace::{LinkInTheWay, Workspace, WorkspaceError, bases_path, place_in};
use crate::budget::{self, MOST_INPUT};
use crate::campaign::base_facts::{BaseFacts, BaseFactsError, RememberedImages};
use crate::config::Config;
use crate::discover::{ReadError, SourceTree};
use crate::git::RepoPath;
use crate::images::file::FileSource;
use crate::images::{BaseImage, ImageError, ImageReference, ImageSource};

/// The reason why the facts that a campaign remembers about base images cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum RememberedError {
    /// The file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: RepoPath,
        /// The cause.
        source: io::Error,
    },
    /// The file cannot be read from the commit.
    #[error(transparent)]
    Commit(#[from] ReadError),
    /// The file is invalid.
    #[error("{path}: {source}")]
    Invalid {
        /// The file.
        path: RepoPath,
        /// The cause.
        source: BaseFactsError,
    },
    /// The file is behind a symbolic link.
    #[error(transparent)]
    LinkInTheWay(#[from] LinkInTheWay),
    /// The configured place of the file is invalid.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
}

/// The base images of an operation, the best source first.
pub(super) struct BaseImages<'k> {
    given: &'k FileSource,
    remembered: RememberedImages,
}

impl<'k> BaseImages<'k> {
    /// Returns the given images, and those that the campaign of a workspace remembers. If its facts cannot be used, that
    /// is noticed, and none of them is.
    pub(super) fn of(
        given: &'k FileSource,
        workspace: &Workspace,
        source: &SourceTree<'_>,
        config: &Config,
        watch: &Watch<'_>,
    ) -> Self {
        let facts = remembered(workspace, source, config).unwrap_or_else(|error| {
            watch(&Notice::NotRemembered(&error));
            None
        });
        Self::with(given, facts.as_ref(), config)
    }

    /// Returns the given images, and those of remembered facts.
    pub(super) fn with(given: &'k FileSource, facts: Option<&BaseFacts>, config: &Config) -> Self {
        let place = bases_path(config).map(|path| path.to_string()).unwrap_or_default();
        let remembered = facts.map(|facts| RememberedImages::new(facts, &place)).unwrap_or_default();
        Self { given, remembered }
    }

    /// Returns an error if one of the given images is not used.
    pub(super) fn check_used(&self, asked: &[ImageReference]) -> Result<(), ImageError> {
        self.given.check_used(asked)
    }
}

impl ImageSource for BaseImages<'_> {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        match self.given.lookup(reference)? {
            Some(image) => Ok(Some(image)),
            None => self.remembered.lookup(reference),
        }
    }
}

/// Reads the facts that a campaign remembers: from the working tree or folder, or in a bare repository from the commit.
/// `None` if there are none.
pub(super) fn remembered(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
) -> Result<Option<BaseFacts>, RememberedError> {
    let Some(folder) = workspace.folder() else { return in_commit(source, config) };
    let path = bases_path(config)?;
    let at = place_in(folder, &path)?;
    match budget::read_file(&at, MOST_INPUT) {
        Ok(bytes) => read(&path, &bytes),
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(source) => Err(RememberedError::Unreadable { path, source }),
    }
}

/// Reads the facts that a campaign remembers from a commit.
pub(super) fn in_commit(
    source: &SourceTree<'_>,
    config: &Config,
) -> Result<Option<BaseFacts>, RememberedError> {
    let path = bases_path(config)?;
    if source.listing().get(&path).is_none() {
        return Ok(None);
    }
    read(&path, &source.read(&path, MOST_INPUT)?)
}

fn read(path: &RepoPath, bytes: &[u8]) -> Result<Option<BaseFacts>, RememberedError> {
    let facts = BaseFacts::read(bytes);
    facts.map(Some).map_err(|source| RememberedError::Invalid { path: path.clone(), source })
}
