//! The base images that an operation knows: the files that the user gives, the images of the local engine and of
//! registries, and the facts that the campaign remembers.

use std::io;
use std::sync::Arc;

use super::notice::{BaseImagesNotice, Notice, Watch, during};
use super::workspace::{LinkInTheWay, Workspace, WorkspaceError, bases_path, place_in};
use super::{Activity, Knowledge};
use crate::budget::{self, MOST_INPUT};
use crate::campaign::base_facts::{BaseFacts, BaseFactsError, RememberedImages};
use crate::config::{BaseSource, Config};
use crate::discover::{ReadError, SourceTree};
use crate::git::RepoPath;
use crate::images::asked::{AskedImages, Missing};
use crate::images::engine::{EngineError, EngineSource};
use crate::images::file::FileSource;
use crate::images::registry::{Event, Known, Moved, RegistryError, RegistrySource, Wanted};
use crate::images::{
    BaseImage, ImageError, ImageOrigin, ImageReference, ImageSource, Platform, Provenance, ReadFrom,
};
use crate::verify::builder::buildx::{self, DockerBuildx};

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

/// A source of base images that the user asks for cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The engine does not answer.
    #[error(transparent)]
    Engine(#[from] EngineError),
    /// The settings for registries cannot be used.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

/// The base images of an operation, the best source first.
pub(super) struct BaseImages<'k> {
    given: &'k FileSource,
    engine: Option<EngineSource>,
    registry: Option<RegistrySource<'k>>,
    /// The platform for which images of registries are read.
    platform: Option<&'k Platform>,
    remembered: RememberedImages,
}

impl<'k> BaseImages<'k> {
    /// Returns the given images, and those that the campaign of a workspace remembers. If its facts cannot be used, that
    /// is noticed, and none of them is.
    ///
    /// # Errors
    ///
    /// As for [`Self::and_sources`].
    pub(super) fn of(
        knowledge: &'k Knowledge,
        workspace: &Workspace,
        source: &SourceTree<'_>,
        config: &Config,
        watch: &'k Watch<'k>,
    ) -> Result<Self, SourceError> {
        let facts = remembered(workspace, source, config).unwrap_or_else(|error| {
            watch(&Notice::BaseImages(BaseImagesNotice::NotRemembered(&error)));
            None
        });
        Self::with(&knowledge.images, facts.as_ref(), config).and_sources(knowledge, config, watch)
    }

    /// Returns the given images, and those of remembered facts.
    pub(super) fn with(given: &'k FileSource, facts: Option<&BaseFacts>, config: &Config) -> Self {
        let place = bases_path(config).map(|path| path.to_string()).unwrap_or_default();
        let remembered = facts.map(|facts| RememberedImages::new(facts, &place)).unwrap_or_default();
        Self { given, engine: None, registry: None, platform: None, remembered }
    }

    /// Adds the images of the local engine and of registries, if the user or the configuration asks for them.
    ///
    /// # Errors
    ///
    /// [`SourceError`] if the engine that the user asks for does not answer, or the settings for registries cannot be used.
    /// An engine that the configuration asks for is left out, which is noticed: the same configuration is used on machines
    /// without an engine.
    pub(super) fn and_sources(
        mut self,
        knowledge: &'k Knowledge,
        config: &Config,
        watch: &'k Watch<'k>,
    ) -> Result<Self, SourceError> {
        let from = knowledge.bases.as_ref().or(knowledge.own_bases.as_ref()).unwrap_or(&config.bases.from);
        if from.contains(&BaseSource::Registry) && !knowledge.offline {
            let tells = Box::new(|event: &Event<'_>| {
                watch(&Notice::BaseImages(BaseImagesNotice::Registry(event)));
            });
            self.registry = Some(RegistrySource::new(&knowledge.registries, tells)?);
            self.platform = knowledge.platform.as_ref();
        }
        if !from.contains(&BaseSource::Engine) {
            return Ok(self);
        }
        let client = DockerBuildx::new(buildx::Options::default());
        match EngineSource::new(Box::new(client)) {
            Ok(engine) => Ok(Self { engine: Some(engine), ..self }),
            Err(error) if knowledge.bases.is_none() => {
                watch(&Notice::BaseImages(BaseImagesNotice::NoEngine(&error)));
                Ok(self)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the places that images are read from, beside files and what is remembered.
    pub(super) fn sources(&self) -> Vec<BaseSource> {
        let engine = self.engine.as_ref().map(|_| BaseSource::Engine);
        engine.into_iter().chain(self.registry.as_ref().map(|_| BaseSource::Registry)).collect()
    }

    /// Reads the images that a judgement asked for in vain. Returns true if one of them is known now: the next judgement may
    /// have another result, and ask for others. `weight` returns the number of instructions that depend on an image.
    pub(super) fn read_missing(
        &self,
        asked: &AskedImages<'_>,
        weight: impl Fn(&ImageReference) -> usize,
        watch: &Watch<'_>,
    ) -> bool {
        let Some(registry) = &self.registry else { return false };
        let missing = asked.missing().into_iter().filter(|missing| registry.is_new(&missing.reference));
        let wanted = missing.map(|missing| {
            let weight = weight(&missing.reference);
            self.wanted(missing, weight)
        });
        let wanted: Vec<Wanted> = wanted.collect();
        !wanted.is_empty() && during(watch, Activity::Registries, || registry.read(wanted))
    }

    /// Returns what a registry is asked for. What is remembered of an image of this registry and platform need not be read
    /// again as long as its digest is the same.
    fn wanted(&self, missing: Missing, weight: usize) -> Wanted {
        let Missing { reference, platforms, remembered } = missing;
        let read_before = remembered.as_ref().and_then(|image| image.platform.clone());
        let stated = || Platform::of_uses(platforms.iter().map(String::as_str));
        let platform = self.platform.cloned().or_else(|| read_before.clone()).unwrap_or_else(stated);
        let is_same = read_before.is_some_and(|before| before.is(&platform.to_string()));
        let known = remembered.filter(|_| is_same).and_then(|image| match &image.source {
            ImageOrigin::Remembered(Provenance { read_from: ReadFrom::Registry, digest, .. }) => {
                Some(Known { digest: digest.clone(), is_enough: !image.rootfs.is_open() })
            }
            _ => None,
        });
        Wanted { reference, platform, weight, known }
    }

    /// Returns the images that have another digest than the campaign remembers.
    pub(super) fn moved(&self) -> Vec<Moved> {
        self.registry.as_ref().map(RegistrySource::moved).unwrap_or_default()
    }

    /// Reports the images that the engine or a registry has and that cannot be read.
    pub(super) fn report_failures(&self, watch: &Watch<'_>) {
        let of_engine = self.engine.iter().flat_map(EngineSource::failed);
        let of_registry = self.registry.iter().flat_map(RegistrySource::failed);
        for (image, error) in of_engine.chain(of_registry) {
            let (image, error) = (&*image.to_string(), &error);
            watch(&Notice::BaseImages(BaseImagesNotice::Unread { image, error }));
        }
    }

    /// Returns an error if one of the given images is not used.
    pub(super) fn check_used(&self, asked: &[ImageReference]) -> Result<(), ImageError> {
        self.given.check_used(asked)
    }
}

impl ImageSource for BaseImages<'_> {
    fn lookup(&self, reference: &ImageReference) -> Result<Option<Arc<BaseImage>>, ImageError> {
        if let Some(image) = self.given.lookup(reference)? {
            return Ok(Some(image));
        }
        let of_engine = self.engine.as_ref().map(|engine| engine.lookup(reference)).transpose()?.flatten();
        if let Some(image) = of_engine {
            return Ok(Some(image));
        }
        let of_registry = self.registry.as_ref().map(|registry| registry.lookup(reference)).transpose()?;
        of_registry.flatten().map_or_else(|| self.remembered.lookup(reference), |image| Ok(Some(image)))
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

/// A base image of which too few facts are remembered.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct IncompleteBase {
    /// The image, as Dockerfiles name it.
    pub image: String,
    /// The option that reads it again, and its value.
    pub option: [String; 2],
}

/// Returns the remembered images that left a question open.
pub(super) fn incomplete(asked: &AskedImages<'_>) -> Vec<IncompleteBase> {
    let found = asked.found().into_iter();
    let open = found.filter(|(_, image)| image.rootfs.is_open());
    open.filter_map(|(reference, image)| match &image.source {
        ImageOrigin::Remembered(provenance) => {
            let image = reference.to_string();
            Some(IncompleteBase { option: provenance.read_from.option(&image), image })
        }
        _ => None,
    })
    .collect()
}
