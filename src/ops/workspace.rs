//! The repository or folder that an operation works in, and its configuration.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::{fs, io};

use crate::campaign::names::Names;
use crate::config::{Config, ConfigError, FILE_NAME};
use crate::discover::{Discovery, SourceTree, has_name_of_dockerfile};
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

/// The scope of a command: a repository or folder, and the path in it to which the files are limited.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scope {
    pub(crate) root: PathBuf,
    pub(crate) below: Option<RepoPath>,
}

impl Scope {
    /// Returns the scope of a command that is run in the folder `current` with a path. A path inside the repository of
    /// that folder limits the files, and one outside of it is a repository or folder of its own.
    pub(crate) fn of(current: &Path, path: Option<&Path>) -> Self {
        let whole = |root: &Path| Self { root: root.to_owned(), below: None };
        let Some(path) = path else { return whole(current) };
        let root_of = |path: &Path| Repository::open(path).ok()?.working_tree().map(Path::to_owned);
        let folder = if path.is_dir() { path } else { path.parent().unwrap_or(path) };
        // A repository within this one is another one.
        let folder = if folder.as_os_str().is_empty() { Path::new(".") } else { folder };
        let root = root_of(current).filter(|root| root_of(folder).as_ref() == Some(root));
        let Some(inside) = root.and_then(|root| below(&root, path)) else { return whole(path) };
        match inside.to_str().and_then(|inside| RepoPath::new(inside).ok()) {
            Some(below) => Self { root: current.to_owned(), below: Some(below) },
            // The root itself.
            None => whole(current),
        }
    }
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

    /// Returns the path of a folder below the root of the working tree; empty for the root itself. `None` if it is outside,
    /// or in a bare repository.
    pub(super) fn below_root(&self, folder: &Path) -> Option<PathBuf> {
        below(self.folder()?, folder)
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

    /// Returns the Dockerfiles with uncommitted changes, and the tracked ones that no commit has yet.
    pub(super) fn uncommitted(&self, discovery: &Discovery, source: &SourceTree<'_>) -> BTreeSet<RepoPath> {
        let Workspace::Git(repository, _) = self else { return BTreeSet::new() };
        if repository.working_tree().is_none() {
            return BTreeSet::new();
        }
        let files = discovery.files.iter().map(|file| (&file.path, &file.blob));
        let mut changed = repository.changed_files(files).unwrap_or_default();
        let staged = repository.staged().ok();
        let entries = staged.iter().flat_map(|staged| staged.below(None));
        let is_new = |path: &&RepoPath| has_name_of_dockerfile(path) && source.listing().get(path).is_none();
        changed.extend(entries.map(|entry| &entry.path).filter(is_new).cloned());
        changed
    }
}

fn below(root: &Path, path: &Path) -> Option<PathBuf> {
    let (root, path) = (fs::canonicalize(root).ok()?, fs::canonicalize(path).ok()?);
    path.strip_prefix(root).ok().map(Path::to_owned)
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

pub(super) fn bad_dir(config: &Config, source: PathError) -> WorkspaceError {
    WorkspaceError::CampaignDir { dir: config.campaign.dir.clone(), source }
}
