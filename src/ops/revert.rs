//! Reverts the changes to a wave or to single files.

use std::borrow::Cow;
use std::cell::Cell;
use std::path::PathBuf;

use super::change::{self, Change, ChangeError, Changed, Mode, ModeError};
use super::planned_text::written_text;
use super::present::PresentFiles;
use super::saved_plan::{SavedPlanError, earlier_edit, given_or_saved};
use super::selection::{self, Selection, SelectionError};
use super::workspace::{Workspace, WorkspaceError};
use super::{Notice, Watch};
use crate::campaign::message;
use crate::campaign::names::Purpose;
use crate::campaign::plan::file::{File, Plan};
use crate::campaign::plan::line_plans;
use crate::dockerfile::Dockerfile;
use crate::edit::revert::{Reverted, revert as restore};
use crate::git::{BlobId, RepoPath};

/// The options of [`revert`].
#[derive(Debug)]
pub struct RevertOptions {
    /// A folder of the repository.
    pub repository: PathBuf,
    /// The files.
    pub selection: Selection,
    /// The use of the change.
    pub mode: Mode,
    /// The revision at which the branches start. `None` for HEAD.
    pub base: Option<String>,
    /// The plan that linked the lines. `None` for the saved plan.
    pub plan: Option<Plan>,
}

/// The result of [`revert`].
#[derive(Debug)]
pub struct RevertResult {
    /// The changes, and their result.
    pub changed: Changed,
    /// The number of lines that changed after the migration and are not touched.
    pub lines_left: usize,
}

/// An error of [`revert`].
#[derive(Debug, thiserror::Error)]
pub enum RevertError {
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The repository or folder does not allow the mode.
    #[error(transparent)]
    Mode(#[from] ModeError),
    /// The plan cannot be used.
    #[error(transparent)]
    SavedPlan(#[from] SavedPlanError),
    /// There is no plan.
    #[error("there is no plan to revert")]
    NoPlan,
    /// The files cannot be selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// A file cannot be changed.
    #[error(transparent)]
    Change(#[from] ChangeError),
}

/// Restores the lines that a plan changed and that have not changed since, and writes or commits the result.
///
/// # Errors
///
/// [`RevertError`]
pub fn revert(options: &RevertOptions, watch: &Watch<'_>) -> Result<RevertResult, RevertError> {
    let workspace = Workspace::open(&options.repository, options.base.as_deref())?;
    options.mode.check(&workspace)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let present =
        PresentFiles { workspace: &workspace, source: &source, config: &config, mode: options.mode };
    let plan = given_or_saved(&workspace, &config, options.plan.as_ref())?.ok_or(RevertError::NoPlan)?;
    let selection = options.selection.in_plan(&plan, &workspace, &options.repository);
    let files = match &selection {
        Selection::Wave(number) => selection::wave(&plan, *number)?,
        Selection::Files(paths) => {
            paths.iter().map(|path| selection::named(&plan, path)).collect::<Result<_, _>>()?
        }
    };
    // A plan that was made after the merge of a file edits it no more.
    let as_edited = |file| match file {
        file if File::is_edited(file) => Ok(Cow::Borrowed(file)),
        file => {
            let earlier = earlier_edit(&workspace, &config, &file.path)?;
            Ok::<_, SavedPlanError>(earlier.map_or(Cow::Borrowed(file), Cow::Owned))
        }
    };
    let files = files.into_iter().map(as_edited).collect::<Result<Vec<Cow<'_, File>>, _>>()?;
    let files: Vec<&File> = files.iter().map(AsRef::as_ref).collect();
    let lines_left = Cell::new(0);
    let mut changed = change::changes(options.mode, &files, watch, |file| {
        let (change, left) = change(&present, file)?;
        lines_left.set(lines_left.get() + left.len());
        for line in left {
            watch(&Notice::LineLeft { path: &file.path, line });
        }
        Ok(change)
    })?;
    if !changed.is_empty() {
        change::carry_out(&present, &mut changed, Purpose::Revert, watch)?;
    }
    Ok(RevertResult { changed, lines_left: lines_left.get() })
}

/// Returns the change that reverts the plan for a file, and the lines that cannot be reverted.
fn change(present: &PresentFiles<'_>, file: &File) -> Result<(Option<Change>, Vec<usize>), ChangeError> {
    let path = RepoPath::new(&file.path)?;
    if !file.is_edited() {
        return Err(ChangeError::NothingLinked { path });
    }
    let original = Dockerfile::read(original(present, file)?);
    let written = Dockerfile::read(written_text(file, &original)?);
    let old = present.text(&path)?;
    let lines = line_plans(file.selected());
    let now = Dockerfile::read(old.clone());
    let Reverted { text: new, restored, left } = restore(&original, &written, &now, &lines, &file.header)
        .map_err(|source| ChangeError::Revert { path: path.clone(), source })?;
    if new == old {
        return Ok((None, left));
    }
    present.refuse_uncommitted(&path)?;
    let message = message::revert(&file.path, &restored);
    Ok((Some(Change { path: file.path.clone(), old, new, lines: restored.len(), message }), left))
}

/// Returns the text that the plan judged, from the objects of git.
fn original(present: &PresentFiles<'_>, file: &File) -> Result<Vec<u8>, ChangeError> {
    let Workspace::Git(repository, _) = present.workspace else { return Err(ChangeError::NoHistory) };
    let blob = BlobId::new(&file.blob)?;
    repository.blob(&blob).map_err(|source| ChangeError::Original { path: file.path.clone(), source })
}
