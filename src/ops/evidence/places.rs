//! The places of evidence, in the order in which they count: the folders that the user names, the folder of this clone
//! in its git directory, files that earlier versions left in the working tree, and the commit of the base branch. Of
//! the evidence of one file, the first counts that is about its present texts, and else the first.
//!
//! Files of the working tree that git tracks are never read: they are as trustworthy as the branch that is checked out.

use std::fs;
use std::path::{Path, PathBuf};

use super::EvidenceFolderError;
use super::files::{Found, names_in};
use crate::campaign::evidence::{Evidence, EvidenceByPath};
use crate::campaign::names::{Names, evidence_files, evidence_of_texts};
use crate::campaign::plan::file::Plan;
use crate::config::Config;
use crate::discover::SourceTree;
use crate::git::RepoPath;
use crate::ops::atomic::{self, WriteError};
use crate::ops::workspace::{Workspace, WorkspaceError, bad_dir, evidence_dir, place_in};
use crate::ops::{Notice, Watch};

/// A folder that evidence is written to.
pub(crate) enum Place {
    /// A folder that the user names, with one file for each Dockerfile.
    Given(PathBuf),
    /// The folder of this clone, with one file for each pair of texts of a Dockerfile.
    Local(PathBuf),
}

impl Place {
    /// Returns the folder.
    pub(crate) fn folder(&self) -> &Path {
        match self {
            Self::Given(folder) | Self::Local(folder) => folder,
        }
    }

    /// Writes the evidence of a file, as a whole.
    pub(crate) fn write(&self, evidence: &Evidence) -> Result<(), EvidenceFolderError> {
        let path = RepoPath::new(&evidence.path)?;
        let name = match self {
            Self::Given(_) => evidence_files(&path)?.present,
            Self::Local(_) => evidence_of_texts(&path, &evidence.before, &evidence.after)?,
        };
        Ok(atomic::write_by(&self.folder().join(name), &|out| evidence.write(out))?)
    }
}

/// Returns the folder of the evidence of this clone. `None` without git.
pub(crate) fn local(workspace: &Workspace, config: &Config) -> Result<Option<PathBuf>, EvidenceFolderError> {
    let Workspace::Git(repository, _) = workspace else { return Ok(None) };
    let names = Names::new(&config.campaign.dir);
    let folder = names.local_evidence(&repository.common_dir()?);
    Ok(Some(folder.map_err(|source| bad_dir(config, source))?))
}

/// Reads the evidence of each file, from `folders` and from the other places.
pub(crate) fn read(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
    plan: &Plan,
    folders: &[PathBuf],
    watch: &Watch<'_>,
) -> Result<EvidenceByPath, EvidenceFolderError> {
    let mut found = Found::default();
    for folder in folders {
        if !folder.exists() {
            watch(&Notice::NoEvidenceFolder(folder));
        }
        found.add_folder(folder, folder, &|_| true)?;
    }
    if let Some(folder) = local(workspace, config)? {
        found.add_folder(&folder, &folder, &|_| true)?;
    }
    if let Some(left) = Left::find(workspace, config)? {
        found.add_folder(&left.at, Path::new(left.folder.as_str()), &|name| {
            left.names.iter().any(|it| it == name)
        })?;
    }
    found.add_commit(&evidence_dir(config)?, source)?;
    let chosen = found.0.into_iter().filter_map(|(path, mut all)| {
        let file = plan.file(&path);
        let at = file.and_then(|file| all.iter().position(|one| one.is_of(file))).unwrap_or_default();
        (at < all.len()).then(|| (path, all.swap_remove(at)))
    });
    Ok(chosen.collect())
}

/// Moves the evidence that earlier versions left in the working tree to the folder of this clone. Evidence that is there
/// already stays.
pub(crate) fn move_left(
    workspace: &Workspace,
    config: &Config,
    watch: &Watch<'_>,
) -> Result<(), EvidenceFolderError> {
    let Some(left) = Left::find(workspace, config)? else { return Ok(()) };
    let Some(local) = local(workspace, config)? else { return Ok(()) };
    let mut found = Found::default();
    found.add_folder(&left.at, Path::new(left.folder.as_str()), &|name| {
        left.names.iter().any(|it| it == name)
    })?;
    let place = Place::Local(local);
    // In a folder, the first counts: it is written last.
    for evidence in found.0.values().flat_map(|all| all.iter().rev()) {
        let path = RepoPath::new(&evidence.path)?;
        let name = evidence_of_texts(&path, &evidence.before, &evidence.after)?;
        if !place.folder().join(name).exists() {
            place.write(evidence)?;
        }
    }
    for name in &left.names {
        let file = left.at.join(name);
        fs::remove_file(&file).map_err(|source| WriteError { path: file, source })?;
    }
    // The folder may hold other files, or be that of the plan's evidence on this branch.
    let _ = fs::remove_dir(&left.at);
    watch(&Notice::EvidenceMoved { files: left.names.len(), to: place.folder() });
    Ok(())
}

/// Evidence in the working tree that git does not track.
struct Left {
    folder: RepoPath,
    at: PathBuf,
    names: Vec<String>,
}

impl Left {
    /// Returns `None` if there is none.
    fn find(workspace: &Workspace, config: &Config) -> Result<Option<Self>, EvidenceFolderError> {
        let Workspace::Git(repository, _) = workspace else { return Ok(None) };
        let Some(root) = repository.working_tree() else { return Ok(None) };
        let folder = evidence_dir(config)?;
        let at = place_in(root, &folder).map_err(WorkspaceError::from)?;
        let names = names_in(&at, Path::new(folder.as_str()))?;
        let paths = names.iter().filter_map(|name| RepoPath::new(&format!("{folder}/{name}")).ok()).collect();
        let names = repository.not_in_index(paths)?;
        let names: Vec<String> = names.iter().map(|path| path.file_name().to_owned()).collect();
        Ok((!names.is_empty()).then_some(Self { folder, at, names }))
    }
}
