//! The evidence of a campaign: the files of evidence, and the resulting state of each file of the plan.

mod files;
mod places;

use std::collections::BTreeMap;
use std::io;
use std::path::PathBuf;

use super::Watch;
use super::atomic::WriteError;
use super::workspace::{Workspace, WorkspaceError};
use crate::campaign::evidence::{self, Evidence, EvidenceByPath, EvidenceError, EvidenceStates, Signatures};
use crate::campaign::plan::file::Plan;
use crate::campaign::progress::FileEvidence;
use crate::config::Config;
use crate::discover::{ReadError, SourceTree};
use crate::git::{CommitId, GitError, PathError, Repository, hash_blob};

pub(super) use places::{Place, local, move_left, read};

/// An error about the evidence of a campaign.
#[derive(Debug, thiserror::Error)]
pub enum EvidenceFolderError {
    /// The folder cannot be read.
    #[error("{} cannot be read: {source}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// A file of the folder is not evidence.
    #[error("{}: {why}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The cause.
        why: Box<BadFile>,
    },
    /// The configured place of the folder is invalid.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// A file has an invalid path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// A file of evidence cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
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
    /// The evidence of each file of the plan.
    pub(super) evidence: EvidenceByPath,
    /// The state of each file of the waves.
    pub(super) states: EvidenceStates,
    /// The file whose verification contradicts a proof.
    pub(super) contradicted: Option<String>,
}

impl Assessed {
    /// Reads the evidence of a campaign and compares it with a plan and the present files.
    pub(super) fn read(
        workspace: &Workspace,
        source: &SourceTree<'_>,
        config: &Config,
        plan: &Plan,
        folders: &[PathBuf],
        watch: &Watch<'_>,
    ) -> Result<Self, EvidenceFolderError> {
        let evidence = read(workspace, source, config, plan, folders, watch)?;
        let commit = match workspace {
            Workspace::Git(repository, commit) => Some((&**repository, commit)),
            Workspace::Folder(_) => None,
        };
        let states = evidence::states(plan, &evidence, config, source, commit)?;
        let contradicted = evidence::contradiction(plan, &evidence).map(|found| found.path.clone());
        Ok(Self { evidence, states, contradicted })
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
