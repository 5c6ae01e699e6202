//! Changes the files of a wave, or single files.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::path::PathBuf;

use super::change::{self, Change, ChangeError, Changed, Mode, ModeError, StaleText};
use super::evidence::{Assessed, EvidenceFolderError};
use super::planned_text::planned_text;
use super::present::PresentFiles;
use super::saved_plan::{SavedPlanError, given_or_saved};
use super::selection::{self, Selection, SelectionError};
use super::workspace::{Workspace, WorkspaceError};
use super::{JudgeError, Knowledge, Notice, Watch, judge, local_progress};
use crate::campaign::evidence::EvidenceState;
use crate::campaign::message;
use crate::campaign::names::Purpose;
use crate::campaign::plan::file::{File, Plan};
use crate::dockerfile::Dockerfile;
use crate::git::{GitError, RepoPath, hash_blob};

/// The options of [`migrate`].
#[derive(Debug)]
pub struct MigrateOptions {
    /// A folder of the repository, or a folder without git.
    pub repository: PathBuf,
    /// The files. `None` for the first wave that is not done.
    pub selection: Option<Selection>,
    /// The use of the change.
    pub mode: Mode,
    /// The revision at which the branches start. `None` for HEAD.
    pub base: Option<String>,
    /// True if a wave is written or committed even if an earlier wave is not finished.
    pub ahead_of_waves: bool,
    /// The plan. `None` for the saved plan, or a new one if none is saved.
    pub plan: Option<Plan>,
    /// The facts that are known in addition to the files, for a new plan.
    pub knowledge: Knowledge,
}

/// An error of [`migrate`].
#[derive(Debug, thiserror::Error)]
pub enum MigrateError {
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The repository or folder does not allow the mode.
    #[error(transparent)]
    Mode(#[from] ModeError),
    /// The plan cannot be used.
    #[error(transparent)]
    SavedPlan(#[from] SavedPlanError),
    /// No plan can be made.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The files cannot be selected.
    #[error(transparent)]
    Selection(#[from] SelectionError),
    /// An earlier wave is not finished.
    #[error("wave {wave} is not finished")]
    Unfinished {
        /// The wave.
        wave: usize,
        /// The mode that requires the wave to be finished.
        mode: Mode,
    },
    /// The evidence cannot be read.
    #[error(transparent)]
    Evidence(#[from] EvidenceFolderError),
    /// A verification contradicts a proof.
    #[error("the verification of {path} contradicts a proof, which stops the campaign")]
    Contradiction {
        /// The file that was verified.
        path: String,
    },
    /// A file cannot be changed.
    #[error(transparent)]
    Change(#[from] ChangeError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

impl MigrateOptions {
    /// Creates options that show the first wave that is not done and write nothing.
    pub fn new(repository: impl Into<PathBuf>) -> Self {
        Self {
            repository: repository.into(),
            selection: None,
            mode: Mode::Diff,
            base: None,
            ahead_of_waves: false,
            plan: None,
            knowledge: Knowledge::default(),
        }
    }
}

/// Makes the changes to a wave or to single files, and writes or commits them.
///
/// A written or committed change is not published yet, so a file without evidence is reported and not refused: pull
/// requests are opened only if [`may_go_out`](crate::campaign::policy::may_go_out) allows it. If a verification
/// contradicts a proof, nothing is written. A diff is always made.
///
/// ```
/// use layerwright::ops::{self, MigrateOptions, Mode};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// let dockerfile = folder.path().join("Dockerfile");
/// std::fs::write(&dockerfile, "FROM scratch\nCOPY a /a\nCOPY b /b/\n")?;
/// let options = MigrateOptions { mode: Mode::Write, ..MigrateOptions::new(folder.path()) };
/// let changed = ops::migrate(&options, &|_| {})?;
/// assert_eq!(changed.changes[0].new, std::fs::read(&dockerfile)?);
/// assert!(changed.changes[0].diff().contains("+COPY --link b /b/"));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`MigrateError`]
pub fn migrate(options: &MigrateOptions, watch: &Watch<'_>) -> Result<Changed, MigrateError> {
    let workspace = Workspace::open(&options.repository, options.base.as_deref())?;
    options.mode.check(&workspace)?;
    let source = workspace.source()?;
    let config = workspace.config(&source)?;
    let present =
        PresentFiles { workspace: &workspace, source: &source, config: &config, mode: options.mode };
    let saved = given_or_saved(&workspace, &config, options.plan.as_ref())?;
    let is_saved = saved.is_some();
    let plan = match saved {
        Some(plan) => plan,
        None => Cow::Owned(judge::judge_all(&workspace, &source, &config, &options.knowledge, watch)?),
    };
    let against = local_progress::decided_against(&workspace, &source, &config, &plan)?;
    let chosen = chosen(options, &present, &plan, &against)?;
    let mut step = None;
    if options.mode != Mode::Diff {
        let assessed = Assessed::read(&workspace, &source, &config, &plan, &[], watch)?;
        if let Some(path) = assessed.contradicted {
            return Err(MigrateError::Contradiction { path });
        }
        let state = |file: &&File| {
            let state = assessed.states.get(&file.path).unwrap_or(&EvidenceState::Missing);
            (file.path.clone(), state.clone())
        };
        let unverified: Vec<(String, EvidenceState)> =
            chosen.iter().map(state).filter(|(_, state)| *state != EvidenceState::Verified).collect();
        if !unverified.is_empty() {
            watch(&Notice::Unverified(&unverified));
        }
        if is_saved {
            let progress = local_progress::progress(&workspace, &source, &config, &plan, &assessed)?;
            step = Some(progress.next_step(config.report.max_open));
        }
    }
    let mut changed = change::changes(options.mode, &chosen, watch, |file| change(&present, file))?;
    if changed.is_empty() {
        watch(&Notice::NothingToDo);
    }
    change::carry_out(&present, &mut changed, Purpose::Migrate, watch)?;
    Ok(Changed { step, ..changed })
}

/// Returns the requested files: named files, or those of a wave that people did not decide against; by default, of the
/// first wave that is not finished.
fn chosen<'p>(
    options: &MigrateOptions,
    present: &PresentFiles<'_>,
    plan: &'p Plan,
    against: &BTreeSet<String>,
) -> Result<Vec<&'p File>, MigrateError> {
    let selection = options.selection.as_ref();
    let selection =
        selection.map(|selection| selection.in_plan(plan, present.workspace, &options.repository));
    if let Some(Selection::Files(paths)) = &selection {
        let files: Result<_, _> = paths.iter().map(|path| selection::edited(plan, path)).collect();
        return Ok(files?);
    }
    let Some(next) = present.next_wave(plan, against) else { return Ok(Vec::new()) };
    let number = match selection {
        Some(Selection::Wave(number)) => number,
        _ => next,
    };
    let files = selection::wave(plan, number)?;
    if options.mode != Mode::Diff && number > next && !options.ahead_of_waves {
        return Err(MigrateError::Unfinished { wave: next, mode: options.mode });
    }
    Ok(files.into_iter().filter(|file| !against.contains(&file.path)).collect())
}

/// Returns the change of one file. `None` if the file is already done.
fn change(present: &PresentFiles<'_>, file: &File) -> Result<Option<Change>, ChangeError> {
    let path = RepoPath::new(&file.path)?;
    let stale = |how| ChangeError::Stale { path: file.path.clone(), how };
    if present.source.listing().get(&path).is_none() {
        return Err(stale(StaleText::Gone));
    }
    let old = present.text(&path)?;
    let blob = hash_blob(&old)?;
    if file.done_blob() == Some(blob.as_str()) {
        return Ok(None);
    }
    present.refuse_uncommitted(&path)?;
    if blob.as_str() != file.blob {
        return Err(stale(StaleText::other(&file.blob, blob.as_str())));
    }
    let new = planned_text(file, &Dockerfile::read(old.clone()), present.config)?;
    let message = message::migrate(&present.config.migrate.message, file)?;
    Ok(Some(Change { path: file.path.clone(), old, new, lines: file.selected().count(), message }))
}
