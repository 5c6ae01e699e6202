//! The output of `migrate` and `revert`.

use std::io::IsTerminal;

use serde_json::json;

use super::{Error, ErrorKind, Format, Outcome, human, write};
use crate::git::Became;
use crate::ops::{Changed, MadeBranch, Mode};
use crate::text::words::{count, short_id};

impl Outcome {
    /// Returns the mode that the flags select.
    pub(crate) fn mode(&self) -> Mode {
        match (self.write, self.commit) {
            (_, true) => Mode::Commit,
            (true, false) => Mode::Write,
            (false, false) => Mode::Diff,
        }
    }
}

/// Prints the diffs, or the branches as JSON. Returns an error if files were left out.
pub(crate) fn print(mode: Mode, changed: &Changed, format: Format) -> Result<(), Error> {
    match (mode, format) {
        (Mode::Diff, _) if std::io::stdout().is_terminal() => {
            write::stdout(&human::diffs(&changed.changes, true))
        }
        (Mode::Diff, _) => write::diff(&human::diffs(&changed.changes, false)),
        (Mode::Commit, Format::Json) => {
            let branches: Vec<_> = changed.branches.iter().map(branch_json).collect();
            write::json(&json!({"schema": 1, "base": changed.base, "branches": branches}))
        }
        (Mode::Write, _) | (Mode::Commit, Format::Human) => Ok(()),
    }?;
    left_out(mode, changed)
}

/// Returns an error if files were left out.
fn left_out(mode: Mode, changed: &Changed) -> Result<(), Error> {
    let Changed { branches, left_out, .. } = changed;
    if mode != Mode::Commit {
        return Error::all(left_out.iter().map(Error::from).collect()).map_or(Ok(()), Err);
    }
    if left_out.is_empty() {
        return Ok(());
    }
    let files = count(left_out.len(), "file");
    Err(Error::new(ErrorKind::Refused, format!("{files} without a branch; {} done", branches.len())))
}

/// Returns a branch as one line.
pub(crate) fn branch_line(branch: &MadeBranch) -> String {
    let MadeBranch { path, name, commit, became } = branch;
    format!("{name} {} {} {path}\n", short_id(commit.as_str()), word(*became))
}

fn branch_json(branch: &MadeBranch) -> serde_json::Value {
    let MadeBranch { path, name, commit, became } = branch;
    json!({"path": path, "branch": name, "commit": commit.as_str(), "became": word(*became)})
}

fn word(became: Became) -> &'static str {
    match became {
        Became::New => "new",
        Became::Same => "same",
        Became::Renewed => "renewed",
    }
}
