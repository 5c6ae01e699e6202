//! Checks the linked instructions, the builders and the advice of a repository.

mod fix;
mod staged;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use globset::Glob;
use rayon::prelude::*;

use super::atomic::{self, WriteError};
use super::saved_plan;
use super::workspace::{Workspace, WorkspaceError};
use super::{JudgeError, Knowledge, Watch, judge};
use crate::analysis::rule;
use crate::budget::{MOST_INPUT, read_file};
use crate::campaign::check::{self, Baseline, BaselineError, Question, Report, Texts};
use crate::campaign::plan::file::Plan;
use crate::config::{Config, FILE_NAME, Waiver};
use crate::discover::SourceTree;
use crate::git::{GitError, RepoPath};

pub use fix::{FixError, Fixed, Fixes, fix};

/// The most bytes of a file in which advice is looked for.
const MOST_BYTES: u64 = 1 << 20;

/// The options of [`check()`].
#[derive(Debug)]
pub struct CheckOptions {
    /// A folder of the repository, or a folder without git.
    pub path: PathBuf,
    /// The path of the repository to which the check is limited. `None` for all files.
    pub below: Option<RepoPath>,
    /// The files that are read.
    pub read: CheckedFiles,
    /// The facts that are known in addition to the files.
    pub knowledge: Knowledge,
    /// A revision whose findings are known and not reported.
    pub since: Option<String>,
    /// A file with findings that are known and not reported.
    pub baseline: Option<PathBuf>,
    /// True if an instruction that could be linked and is not is a finding.
    pub ratchet: bool,
}

/// The files that [`check()`] reads. A folder without git has only one kind.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum CheckedFiles {
    /// The tracked files of the working tree; in a bare repository, those of HEAD.
    #[default]
    WorkingTree,
    /// The index: what the next commit adds to HEAD.
    Index,
    /// A revision.
    Revision(String),
}

/// An error of [`check()`].
#[derive(Debug, thiserror::Error)]
pub enum CheckError {
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// The Dockerfiles cannot be judged.
    #[error(transparent)]
    Judge(#[from] JudgeError),
    /// The repository cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The revision of `--since` is not in the repository.
    #[error(
        "{rev} is not in this clone ({source}): a shallow checkout has only its newest commit; in GitHub Actions, set \
         `fetch-depth: 0` of actions/checkout"
    )]
    Since {
        /// The revision.
        rev: String,
        /// The cause.
        source: GitError,
    },
    /// A folder without git has no revisions.
    #[error("{} is not in a git repository, so it has no revisions", path.display())]
    NoRepository {
        /// The folder.
        path: PathBuf,
    },
    /// The baseline cannot be opened.
    #[error("the baseline {} cannot be read: {source}; write it with --write-baseline", path.display())]
    NoBaseline {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The baseline is invalid.
    #[error("{}: {source}", path.display())]
    Baseline {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: BaselineError,
    },
}

impl CheckOptions {
    /// Creates options that check all files of a repository or folder.
    pub fn new(path: impl Into<PathBuf>) -> Self {
        Self {
            path: path.into(),
            below: None,
            read: CheckedFiles::default(),
            knowledge: Knowledge::default(),
            since: None,
            baseline: None,
            ratchet: false,
        }
    }
}

/// Checks the linked instructions of a repository or folder.
///
/// ```
/// use layerwright::ops::{self, CheckOptions};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// # let folder = tempfile::tempdir()?;
/// std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY --link --chmod=0644 a /a\n")?;
/// let report = ops::check(&CheckOptions::new(folder.path()), &|_| {})?;
/// assert_eq!((report.linked, report.findings[0].line), (1, 2));
/// # Ok(())
/// # }
/// ```
///
/// # Errors
///
/// [`CheckError`]
pub fn check(options: &CheckOptions, watch: &Watch<'_>) -> Result<Report, CheckError> {
    let revision = match &options.read {
        CheckedFiles::Revision(revision) => Some(revision.as_str()),
        CheckedFiles::WorkingTree | CheckedFiles::Index => None,
    };
    let workspace = Workspace::open(&options.path, revision)?;
    let (source, read) = match (&workspace, &options.read) {
        (Workspace::Git(repository, _), CheckedFiles::WorkingTree) if repository.working_tree().is_some() => {
            (SourceTree::working_tree(repository)?, "the working tree".to_owned())
        }
        (Workspace::Git(repository, _), CheckedFiles::Index) => {
            (SourceTree::index(repository)?, "the index".to_owned())
        }
        (Workspace::Git(_, commit), _) => (workspace.source()?, format!("commit {commit}")),
        (Workspace::Folder(_), _) => (workspace.source()?, "the folder".to_owned()),
    };
    let earlier = earlier(options, &workspace)?;
    if let (CheckedFiles::Index, Some(head)) = (&options.read, &earlier)
        && !staged::concerns_links(&source, head)
    {
        return Ok(Report::empty(read));
    }
    let one = |source: &SourceTree<'_>, read: String| report(options, &workspace, source, read, watch);
    let mut report = one(&source, read)?;
    if let Some(earlier) = earlier {
        let earlier = one(&earlier, String::new())?;
        Baseline::of(&earlier).subtract(&mut report);
        report.leave_out_unknown(&earlier);
    }
    if let Some(path) = &options.baseline {
        report.resolved = baseline(path)?.subtract(&mut report);
    }
    Ok(report)
}

/// Returns the files whose findings are known: those of `--since`, or HEAD for the index.
fn earlier<'w>(
    options: &CheckOptions,
    workspace: &'w Workspace,
) -> Result<Option<SourceTree<'w>>, CheckError> {
    let Workspace::Git(repository, head) = workspace else {
        return match &options.since {
            Some(_) => Err(CheckError::NoRepository { path: options.path.clone() }),
            None => Ok(None),
        };
    };
    let commit = match (&options.since, &options.read) {
        (Some(rev), _) => {
            repository.resolve(Some(rev)).map_err(|source| CheckError::Since { rev: rev.clone(), source })?
        }
        (None, CheckedFiles::Index) => head.clone(),
        (None, _) => return Ok(None),
    };
    Ok(Some(SourceTree::commit(repository, &commit)?))
}

fn baseline(path: &Path) -> Result<Baseline, CheckError> {
    let bytes = read_file(path, MOST_INPUT)
        .map_err(|source| CheckError::NoBaseline { path: path.to_owned(), source })?;
    Baseline::read(&bytes).map_err(|source| CheckError::Baseline { path: path.to_owned(), source })
}

/// Writes the findings of a report as a baseline.
///
/// # Errors
///
/// [`WriteError`] if the file cannot be written.
pub fn write_baseline(path: &std::path::Path, report: &Report) -> Result<(), WriteError> {
    atomic::write(path, Baseline::of(report).write().as_bytes())
}

/// Judges the files of a source, and reports what is found.
fn report(
    options: &CheckOptions,
    workspace: &Workspace,
    source: &SourceTree<'_>,
    read: String,
    watch: &Watch<'_>,
) -> Result<Report, CheckError> {
    let config = workspace.config(source)?;
    // A waiver that accepts nothing, and an argument that names no base image, show only where all files are judged.
    let linked_only = !options.ratchet && config.waivers.is_empty() && options.knowledge.images.is_empty();
    let (mut plan, all) =
        judge::judge_for_check(workspace, source, &config, &options.knowledge, linked_only, watch)?;
    if options.ratchet {
        leave_out(&mut plan, workspace, &config);
    }
    let files = all.iter().filter(|path| is_below(path, options.below.as_ref())).count();
    let idle_waivers = if options.below.is_none() { idle_waivers(&plan, &config) } else { Vec::new() };
    let plan = match &options.below {
        Some(below) => plan.below(below),
        None => plan,
    };
    let texts = texts(source, &plan, options.below.as_ref());
    Ok(check::check(Question {
        plan: &plan,
        files,
        texts: &texts,
        idle_waivers: &idle_waivers,
        read,
        ratchet: options.ratchet,
    }))
}

/// Leaves out the files that people left out of the campaign. A plan that cannot be read says nothing of them.
fn leave_out(plan: &mut Plan, workspace: &Workspace, config: &Config) {
    let Ok(Some(saved)) = saved_plan::given_or_saved(workspace, config, None) else { return };
    for file in &mut plan.files {
        let decided = saved.file(&file.path).and_then(|saved| saved.decided.as_ref());
        if let Some(why) = decided.and_then(|decided| decided.skip.as_ref()) {
            file.skip.get_or_insert_with(|| why.clone());
        }
    }
}

/// Returns the texts of the Dockerfiles, of the files that run builds, and of those that may give advice.
fn texts(source: &SourceTree<'_>, plan: &Plan, below: Option<&RepoPath>) -> Texts {
    let named: BTreeSet<&str> = plan
        .files
        .iter()
        .map(|file| file.path.as_str())
        .chain(plan.builders.iter().map(|used| used.path.as_str()))
        .chain([FILE_NAME])
        .collect();
    let entries = source.listing().entries().par_iter();
    let read = entries.filter_map(|entry| {
        let path = entry.path.as_str();
        let is_named = named.contains(path);
        if !(is_named || is_below(&entry.path, below) && check::is_read_for_advice(&entry.path)) {
            return None;
        }
        let bytes = source.read(&entry.path, MOST_BYTES).ok()?;
        if !is_named && !check::may_advise(&bytes) {
            return None;
        }
        Some((path.to_owned(), String::from_utf8_lossy(&bytes).into_owned()))
    });
    read.collect()
}

/// Returns true if a path is in the part of the repository to which the check is limited.
fn is_below(path: &RepoPath, below: Option<&RepoPath>) -> bool {
    below.is_none_or(|below| path == below || path.relative_to(Some(below)).is_some())
}

/// Returns the waivers that accept nothing, each with its rule and its line.
fn idle_waivers(plan: &Plan, config: &Config) -> Vec<(String, usize)> {
    let waivers = config.waivers.iter().enumerate();
    let idle = waivers.filter(|(_, waiver)| !accepts_something(waiver, plan));
    idle.map(|(at, waiver)| (waiver.rule.clone(), config.line(&format!("waivers[{at}].rule")))).collect()
}

/// Returns true if a waiver accepts a difference of an instruction, or a builder.
fn accepts_something(waiver: &Waiver, plan: &Plan) -> bool {
    // Only a build shows what a later step observes.
    if waiver.rule == rule::OBSERVED.as_str() {
        return true;
    }
    let Ok(glob) = Glob::new(&waiver.file).map(|glob| glob.compile_matcher()) else { return true };
    let files = plan.files.iter().filter(|file| glob.is_match(&file.path));
    let mut reasons = files.flat_map(|file| &file.sites).flat_map(|site| &site.reasons);
    let accepts = reasons.any(|reason| {
        reason.rule.as_str() == waiver.rule
            && (waiver.path.is_empty() || waiver.path == reason.path)
            && reason.message.contains("; accepted: ")
    });
    let mut builders = plan.builders.iter().filter(|used| used.waived.is_some());
    accepts || builders.any(|used| used.rule.to_string() == waiver.rule && glob.is_match(&used.path))
}
