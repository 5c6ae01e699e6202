//! The human-readable result of a report.

use std::fmt::Write as _;

use crate::campaign::progress::{FileProgress, FileState};
use crate::ops::Reported;
use crate::report::recorder::{RecordedWrite, is_made_up};
use crate::report::texts::state_words;
use crate::text::escape::shown_lines;
use crate::text::words::{count, short_id};

/// Returns one line for each action.
pub(crate) fn actions(actions: &[RecordedWrite]) -> Vec<String> {
    let number = |number: u64| if is_made_up(number) { "it".to_owned() } else { format!("#{number}") };
    let line = |deed: &RecordedWrite| match deed {
        RecordedWrite::Branch { name, commit, .. } => format!("branch {name} at {}", short_id(commit)),
        RecordedWrite::Pull { number: made, title, branch, .. } if is_made_up(*made) => {
            format!("pull request from {branch}: {title}")
        }
        RecordedWrite::Pull { number, title, .. } => format!("#{number} opened: {title}"),
        RecordedWrite::PullText { number, .. } => format!("#{number}: new text"),
        RecordedWrite::Labels { number: to, labels } => {
            format!("{}: labels {}", number(*to), labels.join(", "))
        }
        RecordedWrite::Reviews { number: to, reviewers } => {
            format!("{}: review by {}", number(*to), reviewers.join(", "))
        }
        RecordedWrite::Assignees { number: to, assignees } => {
            format!("{}: assigned to {}", number(*to), assignees.join(", "))
        }
        RecordedWrite::Issue { number: made, title, .. } if is_made_up(*made) => {
            format!("tracking issue: {title}")
        }
        RecordedWrite::Issue { number, title, .. } => format!("tracking issue #{number} opened: {title}"),
        RecordedWrite::IssueText { number, .. } => format!("tracking issue #{number}: new text"),
    };
    actions.iter().map(line).collect()
}

/// Returns the human-readable result, with all texts in full if `texts` is true.
pub(crate) fn human(reported: &Reported, texts: bool) -> String {
    let mut out = String::new();
    let would =
        if reported.rehearsal { "Nothing was written. These actions would be performed:\n" } else { "" };
    out.push_str(would);
    for (deed, line) in reported.actions.iter().zip(actions(&reported.actions)) {
        let _ = writeln!(out, "  {}", shown_lines(&line));
        let text = match deed {
            RecordedWrite::Pull { body, .. }
            | RecordedWrite::PullText { body, .. }
            | RecordedWrite::Issue { body, .. }
            | RecordedWrite::IssueText { body, .. } => Some(body),
            _ => None,
        };
        for line in text.iter().filter(|_| texts).flat_map(|text| text.lines()) {
            let _ = writeln!(out, "    | {}", shown_lines(line));
        }
    }
    if reported.actions.is_empty() {
        out.push_str("  nothing to do: everything is up to date\n");
    }
    let done = reported.progress.files.iter().filter(|file| file.state == FileState::Done).count();
    let _ = writeln!(out, "{done} of {} done", count(reported.progress.files.len(), "file"));
    for file in reported.progress.files.iter().filter(|file| file.state != FileState::Done) {
        let named = FileProgress { pull: file.pull.filter(|number| !is_made_up(*number)), ..file.clone() };
        let _ = writeln!(out, "  {}: {}", shown_lines(&file.path), shown_lines(&state_words(&named)));
    }
    if let Some(path) = &reported.progress.contradicted {
        let _ = writeln!(
            out,
            "The verification of {} contradicts a proof: the campaign is stopped.",
            shown_lines(path)
        );
    }
    out
}
