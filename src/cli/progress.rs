//! What an operation does just now: a line on a terminal that changes, and remarks on standard error.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::{Error, Format, change, write};
use crate::campaign::evidence::status::Standing;
use crate::campaign::names::Purpose;
use crate::ops::{Event, MadeBranch, Phase};
use crate::text::escape::shown_lines;
use crate::text::words::{count, form};

/// How often a phase shows that it is alive.
const TICK: Duration = Duration::from_millis(100);

/// How many files a remark names.
const NAMED: usize = 5;

/// Shows the events of an operation.
pub struct Progress {
    /// The line of the phase.
    bar: Mutex<ProgressBar>,
    /// Whether each branch is printed as soon as it is made.
    prints_branches: bool,
    /// The error of standard output.
    failed: Mutex<Option<Error>>,
}

impl Progress {
    /// Shows nothing yet.
    pub fn new() -> Self {
        Self { bar: Mutex::new(ProgressBar::hidden()), prints_branches: false, failed: Mutex::default() }
    }

    /// As [`new`](Self::new). For people, each branch is printed as soon as it is made.
    pub fn with_branches(format: Format) -> Self {
        Self { prints_branches: format == Format::Human, ..Self::new() }
    }

    /// The error of standard output, if there was one.
    pub fn end(self) -> Result<(), Error> {
        self.failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Shows an event.
    pub fn show(&self, event: &Event<'_>) {
        match *event {
            Event::Began(phase) => self.bar(|bar| *bar = line(phase)),
            Event::Ended(_) => self.bar(|bar| bar.finish_and_clear()),
            Event::Judged => self.bar(|bar| bar.inc(1)),
            Event::Uncommitted(files) => {
                let (files, have) = (count(files, "Dockerfile"), form(files, "has", "have"));
                write::remark(&format!(
                    "note: {files} {have} uncommitted changes, which the plan does not see"
                ));
            }
            Event::WithoutEffect(what) => write::remark(&format!("note: {what}")),
            Event::Unverified(files) => unverified(files),
            Event::Written { path, lines, purpose } => {
                let done = match purpose {
                    Purpose::Migrate => "linked",
                    Purpose::Revert => "restored",
                };
                write::remark(&format!("{path}: {} {done}", count(lines, "line")));
            }
            Event::Branch(branch) => self.branch(branch),
            Event::Refused(error) => drop(Error::from(error).report()),
            Event::LineLeft { path, line } => {
                write::remark(&format!("{path}: line {line} of the plan was changed since, and is left"));
            }
        }
    }

    fn branch(&self, branch: &MadeBranch) {
        if !self.prints_branches {
            return;
        }
        if let Err(error) = write::stdout(&shown_lines(&change::branch_line(branch))) {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    fn bar(&self, change: impl FnOnce(&mut ProgressBar)) {
        change(&mut self.bar.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Remarks which files are not verified.
fn unverified(files: &[(String, Standing)]) {
    for (path, standing) in files.iter().take(NAMED) {
        write::remark(&format!("note: {path}: {standing}"));
    }
    if files.len() > NAMED {
        write::remark(&format!("note: and {} more", count(files.len() - NAMED, "file")));
    }
    write::remark("note: before a file goes out, show that its image stays the same: layerwright verify");
}

/// The line of a phase: with a count where the number of files is known. Nothing where standard error is no terminal.
fn line(phase: Phase) -> ProgressBar {
    match phase {
        Phase::Judging { files } => {
            let bar = spinner(name(phase));
            bar.set_length(u64::try_from(files).unwrap_or(u64::MAX));
            let style =
                ProgressStyle::with_template("{spinner} {msg} {human_pos} of {human_len}  {wide_bar}");
            if let Ok(style) = style {
                bar.set_style(style);
            }
            bar
        }
        phase => spinner(name(phase)),
    }
}

fn name(phase: Phase) -> &'static str {
    match phase {
        Phase::Discovery => "Finding Dockerfiles",
        Phase::Reconciliation => "Looking up what became of listed files",
        Phase::Builds => "Looking how Dockerfiles are built",
        Phase::Judging { .. } => "Judging Dockerfiles",
    }
}

/// A line that shows that something is alive.
pub fn spinner(name: &'static str) -> ProgressBar {
    let bar = ProgressBar::hidden();
    if std::io::stderr().is_terminal() {
        bar.set_draw_target(ProgressDrawTarget::stderr());
        bar.set_message(name);
        bar.set_style(ProgressStyle::default_spinner());
        bar.enable_steady_tick(TICK);
    }
    bar
}
