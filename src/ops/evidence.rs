//! The evidence of a campaign: the files in its folder, and the resulting state of each file of the plan.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use super::workspace::{Workspace, WorkspaceError, evidence_dir, place_in};
use crate::campaign::evidence::{self, Evidence, EvidenceByPath, EvidenceError, EvidenceStates, Signatures};
use crate::campaign::names::{evidence_files, is_evidence_file};
use crate::campaign::plan::file::Plan;
use crate::campaign::progress::FileEvidence;
use crate::config::Config;
use crate::discover::{MOST_BYTES, ReadError, SourceTree};
use crate::git::{CommitId, GitError, RepoPath, Repository, hash_blob};

/// An error about the evidence of a campaign.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFolderError {
    /// The folder cannot be read.
    #[error("{folder} cannot be read: {source}")]
    Folder {
        /// The folder.
        folder: RepoPath,
        /// The cause.
        source: io::Error,
    },
    /// A file of the folder is not evidence.
    #[error("{folder}/{name}: {why}")]
    File {
        /// The folder.
        folder: RepoPath,
        /// The file's name.
        name: String,
        /// The cause.
        why: Box<BadFile>,
    },
    /// The configured place of the folder is invalid.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The evidence cannot be written as JSON.
    #[error(transparent)]
    Json(io::Error),
}

/// The reason why a file is not evidence.
#[derive(Debug, thiserror::Error)]
pub enum BadFile {
    /// The file is a link, a device or too large.
    #[error("it is not a regular file, or it is too large")]
    Odd,
    /// It cannot be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Its content is not evidence.
    #[error(transparent)]
    Evidence(#[from] EvidenceError),
}

/// The evidence of a campaign, compared with its plan.
pub(super) struct Assessed {
    /// The state of each file of the waves.
    pub(crate) states: EvidenceStates,
    /// The file whose verification contradicts a proof.
    pub(crate) contradicted: Option<String>,
}

impl Assessed {
    /// Reads the evidence of a campaign and compares it with a plan and the present files.
    pub(super) fn read(
        workspace: &Workspace,
        source: &SourceTree<'_>,
        config: &Config,
        plan: &Plan,
    ) -> Result<Self, EvidenceFolderError> {
        let evidence = read(workspace, source, config)?;
        let commit = match workspace {
            Workspace::Git(repository, commit) => Some((&**repository, commit)),
            Workspace::Folder(_) => None,
        };
        let states = evidence::states(plan, &evidence, config, source, commit)?;
        let contradicted = evidence::contradiction(plan, &evidence).map(|found| found.path.clone());
        Ok(Self { states, contradicted })
    }
}

/// Reads the evidence in the folder of the campaign: from the working tree, or in a bare repository from the commit.
pub(super) fn read(
    workspace: &Workspace,
    source: &SourceTree<'_>,
    config: &Config,
) -> Result<EvidenceByPath, EvidenceFolderError> {
    let folder = evidence_dir(config)?;
    match workspace.folder() {
        Some(root) => {
            let at = place_in(root, &folder).map_err(WorkspaceError::from)?;
            in_folder(&folder, &at)
        }
        None => in_commit(&folder, source),
    }
}

/// Returns the evidence of a file as it is committed with the change.
pub(super) fn bytes(evidence: &Evidence) -> Result<Vec<u8>, EvidenceFolderError> {
    let mut bytes = Vec::new();
    evidence.write(&mut bytes).map_err(EvidenceFolderError::Json)?;
    Ok(bytes)
}

/// Returns the evidence states of the files of the plan, for a campaign that starts at `commit`.
pub(super) fn rollout(
    measured: &EvidenceByPath,
    plan: &Plan,
    config: &Config,
    source: &SourceTree<'_>,
    (repository, commit): (&Repository, &CommitId),
    signatures: &Signatures,
) -> Result<BTreeMap<String, FileEvidence>, EvidenceFolderError> {
    let states = evidence::states(plan, measured, config, source, Some((repository, commit)))?;
    let mut found = BTreeMap::new();
    for (path, evidence) in measured {
        let Some(state) = states.get(path) else { continue };
        let id = hash_blob(&bytes(evidence)?)?.as_str().to_owned();
        let is_signed = !signatures.required || signatures.is_valid_for(evidence);
        found.insert(path.clone(), FileEvidence { state: state.clone().if_signed(is_signed), id });
    }
    Ok(found)
}

fn in_folder(folder: &RepoPath, at: &Path) -> Result<EvidenceByPath, EvidenceFolderError> {
    let unreadable = |source| EvidenceFolderError::Folder { folder: folder.clone(), source };
    let entries = match fs::read_dir(at) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(EvidenceByPath::new()),
        Err(error) => return Err(unreadable(error)),
    };
    let mut found = EvidenceByPath::new();
    for entry in entries {
        let entry = entry.map_err(unreadable)?;
        let name = entry.file_name().to_string_lossy().into_owned();
        if !is_evidence_file(&name) {
            continue;
        }
        let metadata = entry.metadata().map_err(unreadable)?;
        // A link could point outside the repository, and a pipe would never end.
        if !metadata.is_file() || metadata.len() > MOST_BYTES {
            return Err(bad(folder, &name, BadFile::Odd));
        }
        add(&mut found, folder, &name, &fs::read(entry.path()).map_err(unreadable)?)?;
    }
    Ok(found)
}

fn in_commit(folder: &RepoPath, source: &SourceTree<'_>) -> Result<EvidenceByPath, EvidenceFolderError> {
    let mut found = EvidenceByPath::new();
    for entry in source.listing().below(Some(folder)) {
        let name = entry.path.file_name();
        if entry.path.parent().as_ref() == Some(folder) && is_evidence_file(name) {
            let bytes = source.read(&entry.path, MOST_BYTES);
            let bytes = bytes.map_err(|error| bad(folder, name, error.into()))?;
            add(&mut found, folder, name, &bytes)?;
        }
    }
    Ok(found)
}

fn add(
    found: &mut EvidenceByPath,
    folder: &RepoPath,
    name: &str,
    bytes: &[u8],
) -> Result<(), EvidenceFolderError> {
    let evidence = Evidence::read(bytes, name).map_err(|error| bad(folder, name, error.into()))?;
    let names = RepoPath::new(&evidence.path).ok().and_then(|path| evidence_files(&path).ok());
    // Evidence of an earlier version counts as long as there is none of this one.
    if names.is_some_and(|names| names.present == name) || !found.contains_key(&evidence.path) {
        found.insert(evidence.path.clone(), evidence);
    }
    Ok(())
}

fn bad(folder: &RepoPath, name: &str, why: BadFile) -> EvidenceFolderError {
    EvidenceFolderError::File { folder: folder.clone(), name: name.to_owned(), why: Box::new(why) }
}
