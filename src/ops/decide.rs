//! Writes a decision about one file into the saved plan, and plans that file again.

use std::path::PathBuf;

use super::Watch;
use super::atomic::{self, WriteError};
use super::plan::{PlanOptions, Planned, PlanningError, Save, plan};
use super::saved_plan::{self, SavedPlanError, saved_at};
use super::selection::{self, Selection, SelectionError};
use super::workspace::{Workspace, WorkspaceError};
use crate::campaign::plan::file::Decided;
use crate::git::{PathError, RepoPath};

/// The options of [`decide`].
#[derive(Debug)]
pub struct DecideOptions {
    /// A folder of the repository.
    pub repository: PathBuf,
    /// The file.
    pub file: String,
    /// The decision.
    pub decided: Decided,
}

/// An error of [`decide`].
#[derive(Debug, thiserror::Error)]
pub enum DecideError {
    /// The repository cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The plan cannot be used.
    #[error(transparent)]
    SavedPlan(#[from] SavedPlanError),
    /// The file cannot be selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A bare repository has no saved plan.
    #[error("a bare repository has no saved plan")]
    Bare,
    /// The path of the file is invalid.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The plan cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
    /// The file cannot be planned again.
    #[error(transparent)]
    Planning(#[from] PlanningError),
}

/// The result of [`decide`].
#[derive(Debug)]
pub struct DecidedFile {
    /// The plan.
    pub planned: Planned,
    /// The reason for which people had left the file out until now.
    pub left_out: Option<String>,
    /// True if the file has nothing to link, and is in no wave until it has.
    pub is_idle: bool,
}

/// Writes a decision about one file into the saved plan, and plans that file again; the others stay as they are.
///
/// # Errors
///
/// [`DecideError`]
pub fn decide(options: &DecideOptions, watch: &Watch<'_>) -> Result<DecidedFile, DecideError> {
    let workspace = Workspace::open(&options.repository, None)?;
    let config = workspace.config(&workspace.source()?)?;
    let mut saved = saved_plan::required(&workspace, &config, None)?.into_owned();
    let place = saved_at(&workspace, &config)?.ok_or(DecideError::Bare)?;
    let selection =
        Selection::Files(vec![options.file.clone()]).in_plan(&saved, &workspace, &options.repository);
    let Selection::Files(paths) = selection else { return Err(DecideError::Bare) };
    let path = paths.into_iter().next().unwrap_or_default();
    selection::named(&saved, &path)?;
    let mut left_out = None;
    for file in saved.files.iter_mut().filter(|file| file.path == path) {
        left_out = file.decided.replace(options.decided.clone()).and_then(|decided| decided.skip);
    }
    atomic::write_by(&place, &|out| saved.write(out))?;
    let planned = PlanOptions {
        below: Some(RepoPath::new(&path)?),
        save: Save::InPlace,
        evidence: true,
        ..PlanOptions::new(&options.repository)
    };
    let planned = plan(&planned, watch)?;
    let is_idle = planned.plan.file(&path).is_some_and(|file| file.wave.is_none());
    Ok(DecidedFile { planned, left_out, is_idle })
}
