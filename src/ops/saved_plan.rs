//! Reads the plan of a campaign, and returns its place in the repository.

use std::borrow::Cow;
use std::io;
use std::path::{Path, PathBuf};

use super::workspace::{Workspace, WorkspaceError, place_in, plan_path};
use crate::budget::{self, MOST_INPUT};
use crate::campaign::plan::PlanError;
use crate::campaign::plan::file::{File, Plan};
use crate::config::Config;
use crate::git::{CommitId, GitError, RepoPath, Repository, hash_blob};

/// The reason why a plan cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum SavedPlanError {
    /// The file cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: io::Error,
    },
    /// The file is not JSON of the plan's format.
    #[error("{}:{line}:{column}: this is not a plan: {message}", path.display())]
    NotAPlan {
        /// The file.
        path: PathBuf,
        /// The 1-based line.
        line: usize,
        /// The 1-based column.
        column: usize,
        /// The cause.
        message: String,
    },
    /// The plan is invalid.
    #[error("{}: {source}", path.display())]
    Plan {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: PlanError,
    },
    /// The repository has no saved plan.
    #[error("there is no plan yet in {}", place.as_ref().map_or("a bare repository".into(), |at| at.to_string_lossy()))]
    Missing {
        /// The place of a saved plan. `None` in a bare repository.
        place: Option<PathBuf>,
    },
    /// The plan is for another repository.
    #[error("the plan was made for commit {commit}, which is not in this repository")]
    OtherRepository {
        /// The commit that was planned.
        commit: String,
    },
    /// The configured place of the plan is invalid.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// Parses the bytes of a plan. Errors name `path`.
///
/// # Errors
///
/// [`SavedPlanError`] if the plan cannot be used.
pub fn read_plan(path: &Path, bytes: &[u8]) -> Result<Plan, SavedPlanError> {
    Plan::read(bytes).map_err(|error| match error {
        PlanError::Json { line, column, message } => {
            SavedPlanError::NotAPlan { path: path.to_owned(), line, column, message }
        }
        source => SavedPlanError::Plan { path: path.to_owned(), source },
    })
}

/// Returns the given plan, or else the saved plan. `None` if there is neither. Refuses a plan for another repository.
pub(super) fn given_or_saved<'p>(
    workspace: &Workspace,
    config: &Config,
    given: Option<&'p Plan>,
) -> Result<Option<Cow<'p, Plan>>, SavedPlanError> {
    let place = saved_at(workspace, config)?;
    let plan = match (given, place.filter(|path| path.is_file())) {
        (Some(plan), _) => Cow::Borrowed(plan),
        (None, Some(path)) => match budget::read_file(&path, MOST_INPUT) {
            Ok(bytes) => Cow::Owned(read_plan(&path, &bytes)?),
            Err(source) => return Err(SavedPlanError::Unreadable { path, source }),
        },
        (None, None) => return Ok(None),
    };
    check_repository(workspace, &plan)?;
    Ok(Some(plan))
}

/// Returns an error unless the repository has the commit of the plan.
fn check_repository(workspace: &Workspace, plan: &Plan) -> Result<(), SavedPlanError> {
    let (Workspace::Git(repository, _), Some(commit)) = (workspace, &plan.commit) else { return Ok(()) };
    match repository.resolve(Some(commit)) {
        Ok(_) => Ok(()),
        Err(GitError::RevisionNotFound { .. }) => {
            Err(SavedPlanError::OtherRepository { commit: commit.clone() })
        }
        Err(error) => Err(error.into()),
    }
}

/// As [`given_or_saved`], but returns an error if there is no plan.
pub(super) fn required<'p>(
    workspace: &Workspace,
    config: &Config,
    given: Option<&'p Plan>,
) -> Result<Cow<'p, Plan>, SavedPlanError> {
    match given_or_saved(workspace, config, given)? {
        Some(plan) => Ok(plan),
        None => Err(SavedPlanError::Missing { place: saved_at(workspace, config)? }),
    }
}

/// Returns the place of the plan of a campaign. `None` in a bare repository.
pub(super) fn saved_at(workspace: &Workspace, config: &Config) -> Result<Option<PathBuf>, WorkspaceError> {
    let Some(folder) = workspace.folder() else { return Ok(None) };
    Ok(Some(place_in(folder, &plan_path(config)?)?))
}

/// Returns a file as the latest committed plan that edits it has it: a plan that was made after its merge does not. `None`
/// if there is none.
pub(super) fn earlier_edit(
    workspace: &Workspace,
    config: &Config,
    path: &str,
) -> Result<Option<File>, SavedPlanError> {
    let Workspace::Git(repository, commit) = workspace else { return Ok(None) };
    let place = plan_path(config)?;
    for id in repository.versions(commit, place.as_str())? {
        // A plan of another version of the program says nothing.
        let Ok(plan) = Plan::read(&repository.blob(&id)?) else { continue };
        if let Some(file) = plan.files.into_iter().find(|file| file.path == path && file.is_edited()) {
            return Ok(Some(file));
        }
    }
    Ok(None)
}

/// Returns true if a file of the working tree is there, and a commit has another content at its path or none.
pub(super) fn is_uncommitted(
    repository: &Repository,
    commit: &CommitId,
    path: &RepoPath,
    file: &Path,
) -> Result<bool, GitError> {
    let Ok(bytes) = budget::read_file(file, MOST_INPUT) else { return Ok(false) };
    let there = repository.id_at(commit, path.as_str(), false)?;
    Ok(there.as_deref() != Some(hash_blob(&bytes)?.as_str()))
}
