//! The human-readable result of a report.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use crate::campaign::progress::status::PullProgress;
use crate::cli::human;
use crate::ops::Reported;
use crate::report::recorder::{RecordedWrite, is_made_up};
use crate::text::escape::shown_lines;
use crate::text::markdown;
use crate::text::words::{count, short_id};

/// The most files with the same state and no pull request that are named.
const ALIKE: usize = 10;

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

/// Adds the files that are not done. Of many with the same state and no pull request, the first are named.
fn files(out: &mut String, files: &[PullProgress]) {
    let mut seen: BTreeMap<&str, usize> = BTreeMap::new();
    for file in files.iter().filter(|file| file.state != "done") {
        let alike = seen.entry(&file.said).or_default();
        *alike += 1;
        if file.pull.is_some() || *alike <= ALIKE {
            let _ = writeln!(out, "  {}: {}", shown_lines(&file.path), shown_lines(&file.said));
        }
    }
    for file in files.iter().filter(|file| file.state != "done" && file.pull.is_none()) {
        if let Some(alike) = seen.remove(file.said.as_str()).filter(|alike| *alike > ALIKE) {
            let more = count(alike - ALIKE, "file");
            let _ = writeln!(out, "  and {more} more: {}", shown_lines(&file.said));
        }
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
    let progress = &reported.progress;
    let _ = writeln!(out, "{} of {} finished.", progress.finished(), count(progress.files.len(), "file"));
    files(&mut out, &reported.output().files);
    out.push_str(&human::next_step(&reported.step));
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_files_with_the_same_state_are_counted() {
        let file = |at: usize, state: &str, said: &str, pull| PullProgress {
            path: format!("{at}/Dockerfile"),
            wave: 1,
            state: state.to_owned(),
            said: said.to_owned(),
            pull,
        };
        let waits = (0..13).map(|at| file(at, "ready", "in wave 1", None));
        let open = (20..40).map(|at| file(at, "open", "open", Some(1)));
        let others = [file(50, "done", "merged", None), file(51, "gone", "gone", None)];
        let mut out = String::new();
        files(&mut out, &waits.chain(open).chain(others).collect::<Vec<_>>());
        let lines: Vec<&str> = out.lines().collect();
        assert_eq!(lines.len(), 10 + 20 + 1 + 1, "{out}");
        assert_eq!(lines[9..11], ["  9/Dockerfile: in wave 1", "  20/Dockerfile: open"]);
        assert_eq!(lines[30..], ["  51/Dockerfile: gone", "  and 3 files more: in wave 1"]);
    }
}
