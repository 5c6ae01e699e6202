//! Applies the edits of findings to the files of the working tree. It never applies two edits of the same lines.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::Path;

use super::super::atomic::{self, WriteError};
use super::super::workspace::{LinkInTheWay, Workspace, WorkspaceError, place_in};
use crate::campaign::check::{Finding, Fix, Report};
use crate::discover::has_name_of_dockerfile;
use crate::dockerfile::Dockerfile;
use crate::git::{PathError, RepoPath};

/// The edits that are applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fixes {
    /// Those that are proved to keep the image.
    Safe,
    /// All.
    All,
}

/// The result of [`fix`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Fixed {
    /// The number of findings that the edits settle.
    pub findings: usize,
    /// The number of files that were written.
    pub files: usize,
}

/// An error of [`fix`].
#[derive(Debug, thiserror::Error)]
pub enum FixError {
    /// The repository or folder cannot be used.
    #[error(transparent)]
    Workspace(#[from] WorkspaceError),
    /// A bare repository has no files to write to.
    #[error("a bare repository has no working tree to write to")]
    Bare,
    /// The path of a finding is invalid.
    #[error(transparent)]
    Path(#[from] PathError),
    /// The path of a file leads through a symbolic link.
    #[error(transparent)]
    LinkInTheWay(#[from] LinkInTheWay),
    /// A file cannot be read.
    #[error("{path} cannot be read: {source}")]
    Unreadable {
        /// The file.
        path: String,
        /// The cause.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error(transparent)]
    Write(#[from] WriteError),
}

/// Applies edits of a report to the working tree, and removes the findings that they settle.
///
/// # Errors
///
/// [`FixError`]. Files before the failing one are written.
pub fn fix(path: &Path, report: &mut Report, fixes: Fixes) -> Result<Fixed, FixError> {
    let workspace = Workspace::open(path, None)?;
    let folder = workspace.folder().ok_or(FixError::Bare)?;
    let mut by_file: BTreeMap<String, Vec<Fix>> = BTreeMap::new();
    let applies = |fix: &&Fix| fix.safe || fixes == Fixes::All;
    for finding in &report.findings {
        if let Some(fix) = finding.fix.as_ref().filter(applies) {
            by_file.entry(finding.path.clone()).or_default().push(fix.clone());
        }
    }
    let mut done = Fixed::default();
    for (path, fixes) in by_file {
        let repo_path = RepoPath::new(&path)?;
        let place = place_in(folder, &repo_path)?;
        let old = std::fs::read_to_string(&place)
            .map_err(|source| FixError::Unreadable { path: path.clone(), source })?;
        let (new, applied) = applied(&old, &fixes);
        let is_broken = has_name_of_dockerfile(&repo_path)
            && !Dockerfile::read(new.clone().into_bytes()).errors().is_empty();
        if applied.is_empty() || is_broken {
            continue;
        }
        atomic::write(&place, new.as_bytes())?;
        let before = report.findings.len();
        let is_settled = |finding: &Finding| {
            finding.path == path && finding.fix.as_ref().is_some_and(|fix| applied.contains(&key(fix)))
        };
        report.findings.retain(|finding| !is_settled(finding));
        done.findings += before - report.findings.len();
        done.files += 1;
    }
    Ok(done)
}

/// The lines and the text of an edit.
type Key = (usize, usize, String);

fn key(fix: &Fix) -> Key {
    (fix.line, fix.lines, fix.text.clone())
}

/// Returns the text with the edits, from the last line to the first, and those that were applied.
fn applied(text: &str, fixes: &[Fix]) -> (String, BTreeSet<Key>) {
    let ordered: BTreeMap<Key, &Fix> = fixes.iter().map(|fix| (key(fix), fix)).collect();
    let (mut text, mut done) = (text.to_owned(), BTreeSet::new());
    let mut above = usize::MAX;
    for (key, fix) in ordered.into_iter().rev() {
        if fix.line + fix.lines.max(1) <= above {
            above = fix.line;
            text = fix.apply(&text);
            done.insert(key);
        }
    }
    (text, done)
}
