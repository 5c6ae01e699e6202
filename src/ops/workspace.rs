//! The repository or folder that an operation works in, and its configuration.

use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::campaign::names::Names;
use crate::config::{Config, ConfigError, FILE_NAME};
use crate::discover::{Discovery, SourceTree};
use crate::git::{CommitId, GitError, PathError, RepoPath, Repository};

/// The maximum size of a `layerwright.toml` in bytes.
const MOST_CONFIG: u64 = 1 << 20;

/// The place that an operation works in.
pub(crate) enum Workspace {
    /// A git repository and the commit that is read.
    Git(Box<Repository>, CommitId),
    /// A folder without git.
    Folder(PathBuf),
}

/// The reason why a repository or folder cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum WorkspaceError {
    /// The path cannot be accessed.
    #[error("{} cannot be opened: {source}", path.display())]
    Open {
        /// The path.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The path is a file.
    #[error("{} is not a folder", path.display())]
    NotAFolder {
        /// The path.
        path: PathBuf,
    },
    /// `layerwright.toml` cannot be read.
    #[error("{FILE_NAME} cannot be read: {0}")]
    ConfigFile(io::Error),
    /// `layerwright.toml` is a link or a device, or it is too large.
    #[error("{FILE_NAME} cannot be read: it is not a regular file, or it is too large")]
    OddConfigFile,
    /// `layerwright.toml` is invalid.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// `[campaign] dir` is not a path inside the repository.
    #[error("{FILE_NAME}: [campaign] dir = \"{dir}\": {source}")]
    CampaignDir {
        /// The value.
        dir: String,
        /// The cause.
        source: PathError,
    },
    /// The path of a file leads through a symbolic link.
    #[error(transparent)]
    LinkInTheWay(#[from] LinkInTheWay),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// A path of the repository leads through a symbolic link, which may point outside the repository.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{path}: {} is a symbolic link", at.display())]
pub struct LinkInTheWay {
    /// The path.
    pub path: RepoPath,
    /// The symbolic link.
    pub at: PathBuf,
}

impl Workspace {
    /// Opens `path` as a repository, or else as a folder.
    pub(super) fn open(path: &Path, rev: Option<&str>) -> Result<Self, WorkspaceError> {
        let metadata =
            fs::metadata(path).map_err(|source| WorkspaceError::Open { path: path.to_owned(), source })?;
        if !metadata.is_dir() {
            return Err(WorkspaceError::NotAFolder { path: path.to_owned() });
        }
        match Repository::open(path) {
            Ok(repository) => {
                let commit = repository.resolve(rev)?;
                Ok(Workspace::Git(Box::new(repository), commit))
            }
            Err(GitError::NotARepository { .. }) if rev.is_none() => Ok(Workspace::Folder(path.to_owned())),
            Err(error) => Err(error.into()),
        }
    }

    /// Returns the files of the commit or folder.
    pub(super) fn source(&self) -> Result<SourceTree<'_>, WorkspaceError> {
        match self {
            Workspace::Git(repository, commit) => Ok(SourceTree::commit(repository, commit)?),
            Workspace::Folder(path) => Ok(SourceTree::folder(path)),
        }
    }

    /// Returns the folder to write files to. `None` in a bare repository.
    pub(super) fn folder(&self) -> Option<&Path> {
        match self {
            Workspace::Git(repository, _) => repository.working_tree(),
            Workspace::Folder(path) => Some(path),
        }
    }

    /// Returns the bytes of `layerwright.toml` from the working tree or folder, where people edit it, or else from
    /// the commit. `None` if there is none.
    pub(super) fn config_bytes(&self, source: &SourceTree<'_>) -> Result<Option<Vec<u8>>, WorkspaceError> {
        match self.folder() {
            Some(folder) => config_in(folder),
            None => Ok(RepoPath::new(FILE_NAME).ok().and_then(|path| source.read(&path, MOST_CONFIG).ok())),
        }
    }

    /// Parses `layerwright.toml`.
    pub(super) fn config(&self, source: &SourceTree<'_>) -> Result<Config, WorkspaceError> {
        let bytes = self.config_bytes(source)?.unwrap_or_default();
        Ok(Config::read(&bytes)?)
    }

    /// Returns the number of Dockerfiles with uncommitted changes.
    pub(super) fn uncommitted(&self, discovery: &Discovery) -> usize {
        let Workspace::Git(repository, _) = self else { return 0 };
        if repository.working_tree().is_none() {
            return 0;
        }
        let files = discovery.files.iter().map(|file| (&file.path, &file.blob));
        repository.changed_files(files).map_or(0, |changed| changed.len())
    }
}

/// Reads `layerwright.toml` from a folder. Refuses links, which could lead anywhere, and devices, which never end.
fn config_in(folder: &Path) -> Result<Option<Vec<u8>>, WorkspaceError> {
    let path = folder.join(FILE_NAME);
    let metadata = match fs::symlink_metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(WorkspaceError::ConfigFile(error)),
    };
    if !metadata.is_file() || metadata.len() > MOST_CONFIG {
        return Err(WorkspaceError::OddConfigFile);
    }
    fs::read(path).map(Some).map_err(WorkspaceError::ConfigFile)
}

/// Returns the place of `path` in the working tree. Refuses a path through a symbolic link, so that nothing outside the
/// repository is written.
pub(super) fn place_in(folder: &Path, path: &RepoPath) -> Result<PathBuf, LinkInTheWay> {
    let mut at = folder.to_owned();
    for component in path.components() {
        at.push(component);
        if fs::symlink_metadata(&at).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(LinkInTheWay { path: path.clone(), at });
        }
    }
    Ok(at)
}

/// Returns the path of the plan of the campaign.
pub(super) fn plan_path(config: &Config) -> Result<RepoPath, WorkspaceError> {
    Names::new(&config.campaign.dir).plan().map_err(|source| bad_dir(config, source))
}

/// Returns the path of the facts that the campaign remembers about base images.
pub(super) fn bases_path(config: &Config) -> Result<RepoPath, WorkspaceError> {
    Names::new(&config.campaign.dir).bases().map_err(|source| bad_dir(config, source))
}

/// Returns the folder of the evidence of the campaign.
pub(super) fn evidence_dir(config: &Config) -> Result<RepoPath, WorkspaceError> {
    Names::new(&config.campaign.dir).evidence_dir().map_err(|source| bad_dir(config, source))
}

fn bad_dir(config: &Config, source: PathError) -> WorkspaceError {
    WorkspaceError::CampaignDir { dir: config.campaign.dir.clone(), source }
}
