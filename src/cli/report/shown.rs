//! The human-readable result of a report.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::cli::human;
use crate::ops::Reported;
use crate::report::recorder::{RecordedWrite, is_made_up};
use crate::text::escape::shown_lines;
use crate::text::markdown;
use crate::text::words::{count, short_id};

/// Returns one line for each action.
pub(crate) fn actions(actions: &[RecordedWrite]) -> Vec<String> {
    let titles: BTreeMap<u64, &str> = actions.iter().filter_map(made_up_title).collect();
    let number = |number: u64| match titles.get(&number) {
        Some(title) => format!("new: {title}"),
        None => format!("#{number}"),
    };
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
        RecordedWrite::Comment { number, .. } => format!("tracking issue #{number}: new comment"),
        RecordedWrite::CommentText { .. } => "tracking issue: new text of the comment".to_owned(),
        RecordedWrite::IssueClosed { number } => format!("tracking issue #{number} closed"),
    };
    actions.iter().map(line).collect()
}

/// Returns the placeholder and the title of what a rehearsal would open.
fn made_up_title(action: &RecordedWrite) -> Option<(u64, &str)> {
    match action {
        RecordedWrite::Pull { number, title, .. } | RecordedWrite::Issue { number, title, .. } => {
            is_made_up(*number).then_some((*number, title.as_str()))
        }
        _ => None,
    }
}

/// Returns the human-readable result, with all texts in full if `texts` is true. `folder` is the folder to which patches
/// and texts were written.
pub(crate) fn human(reported: &Reported, texts: bool, folder: Option<&Path>) -> String {
    let mut out = String::new();
    let has_actions = !reported.actions.is_empty();
    match folder {
        Some(folder) if has_actions && !texts => {
            let place = folder.display().to_string();
            let _ = writeln!(
                out,
                "Written to {}, one patch and one text for each pull request:",
                shown_lines(&place)
            );
        }
        _ if reported.rehearsal && has_actions => {
            out.push_str("Nothing was written. These actions would be performed:\n");
        }
        _ => {}
    }
    for (deed, line) in reported.actions.iter().zip(actions(&reported.actions)) {
        let _ = writeln!(out, "  {}", shown_lines(&line));
        let text = match deed {
            RecordedWrite::Pull { body, .. }
            | RecordedWrite::PullText { body, .. }
            | RecordedWrite::Issue { body, .. }
            | RecordedWrite::IssueText { body, .. }
            | RecordedWrite::Comment { body, .. }
            | RecordedWrite::CommentText { body, .. } => Some(body),
            _ => None,
        };
        for line in text.iter().filter(|_| texts).flat_map(|text| text.lines()) {
            // The joiner of Markdown is invisible where it is rendered.
            let _ = writeln!(out, "    | {}", shown_lines(&line.replace(markdown::JOINER, "")));
        }
    }
    if !has_actions {
        out.push_str("No pull request and no text had to change.\n");
    }
    let finished = reported.progress.files.iter().filter(|file| file.state.is_finished()).count();
    let _ = writeln!(out, "{finished} of {} finished.", count(reported.progress.files.len(), "file"));
    for file in reported.output().files.iter().filter(|file| file.state != "done") {
        let _ = writeln!(out, "  {}: {}", shown_lines(&file.path), shown_lines(&file.said));
    }
    out.push_str(&human::next_step(&reported.step));
    out
}
