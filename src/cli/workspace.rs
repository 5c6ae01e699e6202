//! The repository or folder that a command works in, its configuration and its Dockerfiles.

use std::fmt::Display;
use std::fs;
use std::io::{IsTerminal, Read};
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::{Error, Kind, PlanArguments, github};
use crate::config::{Config, FILE_NAME};
use crate::discover::{self, Discovery, List, Options, Source};
use crate::git::{CommitId, GitError, PathError, RepoPath, Repository};

/// How often a phase shows that it is alive.
const TICK: Duration = Duration::from_millis(100);

/// The most bytes of a `layerwright.toml`.
const MOST_CONFIG: u64 = 1 << 20;

/// Where a command works.
pub enum Workspace {
    /// A git repository and the commit that is read.
    Git(Box<Repository>, CommitId),
    /// A folder without git.
    Folder(PathBuf),
}

/// The error of a `[campaign] dir` that a repository cannot have.
pub fn bad_dir(config: &Config, why: PathError) -> Error {
    Error::new(Kind::Usage, format!("{FILE_NAME}: [campaign] dir = \"{}\": {why}", config.campaign.dir))
}

impl Workspace {
    /// Opens `path`: a repository, or else a folder.
    pub fn open(path: &Path, rev: Option<&str>) -> Result<Self, Error> {
        let metadata = fs::metadata(path).map_err(|error| {
            Error::new(Kind::Usage, format!("{} can not be opened: {error}", path.display()))
        })?;
        if !metadata.is_dir() {
            return Err(Error::new(Kind::Usage, format!("{} is no folder", path.display()))
                .hint("`layerwright inspect FILE` looks at single files"));
        }
        match Repository::open(path) {
            Ok(repository) => {
                let commit = repository.resolve(rev).map_err(|error| Error::environment(&error))?;
                Ok(Workspace::Git(Box::new(repository), commit))
            }
            Err(GitError::NotARepository { .. }) if rev.is_none() => Ok(Workspace::Folder(path.to_owned())),
            Err(error) => Err(Error::environment(&error)),
        }
    }

    /// What is read: the commit, or the folder as it is.
    pub fn source(&self) -> Result<Source<'_>, Error> {
        match self {
            Workspace::Git(repository, commit) => {
                Source::commit(repository, commit).map_err(|error| Error::environment(&error))
            }
            Workspace::Folder(path) => Ok(Source::folder(path)),
        }
    }

    /// The folder in which files can be written. None in a bare repository.
    pub fn folder(&self) -> Option<&Path> {
        match self {
            Workspace::Git(repository, _) => repository.working_tree(),
            Workspace::Folder(path) => Some(path),
        }
    }

    /// `layerwright.toml`: the one in the working tree or folder, which people edit, or else the commit's. None
    /// where there is none.
    pub fn config_bytes(&self, source: &Source<'_>) -> Result<Option<Vec<u8>>, Error> {
        match self.folder() {
            Some(folder) => config_in(folder),
            None => Ok(RepoPath::new(FILE_NAME).ok().and_then(|path| source.read(&path, MOST_CONFIG).ok())),
        }
    }

    /// What [`config_bytes`](Self::config_bytes) say.
    pub fn config(&self, source: &Source<'_>) -> Result<Config, Error> {
        let bytes = self.config_bytes(source)?.unwrap_or_default();
        Config::read(&bytes).map_err(|error| Error::usage(&error))
    }

    /// How many Dockerfiles have changes that the commit does not have.
    pub fn dirty(&self, discovery: &Discovery) -> usize {
        let Workspace::Git(repository, _) = self else { return 0 };
        if repository.working_tree().is_none() {
            return 0;
        }
        let files = discovery.files.iter().map(|file| (&file.path, &file.blob));
        repository.changed_files(files).map_or(0, |dirty| dirty.len())
    }
}

/// `layerwright.toml` of a folder. A link could lead anywhere, and a device would never end.
fn config_in(folder: &Path) -> Result<Option<Vec<u8>>, Error> {
    let path = folder.join(FILE_NAME);
    let unreadable =
        |why: &dyn Display| Error::new(Kind::Usage, format!("{FILE_NAME} can not be read: {why}"));
    let metadata = match fs::symlink_metadata(&path) {
        Ok(metadata) => metadata,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(unreadable(&error)),
    };
    if !metadata.is_file() || metadata.len() > MOST_CONFIG {
        return Err(unreadable(&"it is no file of moderate size").hint("write it as a file, or remove it"));
    }
    fs::read(path).map(Some).map_err(|error| unreadable(&error))
}

/// Where `path` is in the working tree, if no link leads there: nothing outside the repository is ever written.
pub fn place_in(folder: &Path, path: &RepoPath) -> Result<PathBuf, Error> {
    let mut at = folder.to_owned();
    for component in path.components() {
        at.push(component);
        if fs::symlink_metadata(&at).is_ok_and(|metadata| metadata.is_symlink()) {
            return Err(Error::new(Kind::Refused, format!("{path}: {} is a symbolic link", at.display()))
                .hint(
                    "only files of the repository itself are written; put a folder or a file in its place",
                ));
        }
    }
    Ok(at)
}

/// Finds the Dockerfiles; of a list, those that it names are taken whatever their names are.
pub fn discover(source: &Source<'_>, config: &Config, list: Option<&List>) -> Result<Discovery, Error> {
    let options =
        Options::new(&config.files.include, &config.files.exclude).map_err(|error| Error::usage(&error))?;
    let listed = list.iter().flat_map(|list| list.paths.iter().map(|listed| listed.path.clone()));
    let phase = phase("Finding Dockerfiles");
    let discovery = discover::discover(source, &options.listed(listed));
    phase.finish_and_clear();
    Ok(discovery)
}

/// The list that the arguments name: a file, or an issue.
pub fn list(arguments: &PlanArguments) -> Result<Option<List>, Error> {
    let (name, text) = match (&arguments.list, &arguments.issue) {
        (Some(path), _) => (path.display().to_string(), read_text(path)?),
        (None, Some(address)) => (address.to_string(), github::issue(address, &arguments.api)?.body),
        (None, None) => return Ok(None),
    };
    let list = discover::parse_list(&text);
    if list.paths.is_empty() && list.refused.is_empty() {
        return Err(Error::new(Kind::Usage, format!("{name} lists no Dockerfile"))
            .hint("each path that looks like a Dockerfile is an entry, in any text or Markdown"));
    }
    Ok(Some(list))
}

/// A text file, or standard input for `-`.
fn read_text(path: &Path) -> Result<String, Error> {
    let bytes = read(path)?;
    String::from_utf8(bytes).map_err(|error| {
        let at = error.utf8_error().valid_up_to();
        Error::new(Kind::Usage, format!("{} is not UTF-8 at byte {at}", path.display()))
    })
}

/// A file, or standard input for `-`.
pub fn read(path: &Path) -> Result<Vec<u8>, Error> {
    let unreadable = |error: std::io::Error| {
        Error::new(Kind::Usage, format!("{} can not be read: {error}", path.display()))
    };
    if path != Path::new("-") {
        return fs::read(path).map_err(unreadable);
    }
    let mut bytes = Vec::new();
    std::io::stdin().lock().read_to_end(&mut bytes).map_err(unreadable)?;
    Ok(bytes)
}

/// What is done now, shown on a terminal until it is dropped; nothing elsewhere.
pub fn phase(name: &'static str) -> indicatif::ProgressBar {
    let bar = indicatif::ProgressBar::hidden();
    if std::io::stderr().is_terminal() {
        bar.set_draw_target(indicatif::ProgressDrawTarget::stderr());
        bar.set_message(name);
        bar.set_style(indicatif::ProgressStyle::default_spinner());
        bar.enable_steady_tick(TICK);
    }
    bar
}

/// The same with a count of files.
pub fn progress(name: &'static str, files: usize) -> indicatif::ProgressBar {
    let bar = phase(name);
    bar.set_length(u64::try_from(files).unwrap_or(u64::MAX));
    let style =
        indicatif::ProgressStyle::with_template("{spinner} {msg} {human_pos} of {human_len}  {wide_bar}");
    if let Ok(style) = style {
        bar.set_style(style);
    }
    bar
}
