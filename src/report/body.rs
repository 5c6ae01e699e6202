//! The text of a file's pull request: the change, the comparison of the images, the gain, and how to check it, undo it
//! and stop the bot. It never contains unescaped text of the repository, and skips no workflow as the message of a commit.

mod compared;
mod gain;
mod lines;
mod summary;

use std::fmt::Write as _;

use super::limits;
use super::template::{Template, Variable};
use crate::campaign::evidence::{Evidence, Outcome};
use crate::campaign::plan::file::File;
use crate::campaign::progress::FileState;
use crate::text::command;
use crate::text::figures::number;
use crate::text::markdown::{code, prose, without_skips};
use crate::text::words::{count, shortened};

/// The maximum number of entries of a list that are visible without a click.
const MOST_SEEN: usize = 8;

/// The numbers of entries that a list may have, from the most to the fewest: the first with which the text fits is taken.
const LENGTHS: [usize; 9] = [usize::MAX, 400, 200, 100, 50, 20, 8, 3, 0];

/// The most characters of a reason or a path, which a repository or a build chooses.
const LONGEST: usize = 1_500;

/// The input of a text.
pub(crate) struct Parts<'a> {
    /// The file of the plan.
    pub(crate) file: &'a File,
    /// The state of the file.
    pub(crate) state: &'a FileState,
    /// The result of a verification.
    pub(crate) evidence: Option<&'a Evidence>,
    /// True if that has a valid signature.
    pub(crate) is_signed: bool,
    /// The path of its evidence in the repository.
    pub(crate) evidence_file: &'a str,
    /// The name of the campaign.
    pub(crate) campaign: &'a str,
    /// The proof of concept with its measurements, if it is another file and was measured.
    pub(crate) measured_before: Option<&'a Evidence>,
    /// The page of the forge that lists the tracking issue, if there is one; `None` without a forge.
    pub(crate) issues: Option<&'a str>,
    /// The command that installs Layerwright; `None` for that of a clone.
    pub(crate) install: Option<&'a str>,
}

impl Parts<'_> {
    /// Returns the text, by a template: the longest one with at most `room` characters, or the shortest.
    pub(crate) fn text(&self, template: &Template, room: usize) -> String {
        let mut text = String::new();
        for most in LENGTHS {
            text = self.with_lists_of(most, template);
            if limits::length(&text) <= room {
                break;
            }
        }
        text
    }

    /// Returns the text with at most `most` entries in each list.
    fn with_lists_of(&self, most: usize, template: &Template) -> String {
        let filled = template.fill(|variable| without_skips(&self.value(variable, most)));
        let mut text = String::new();
        // An empty variable leaves no blank lines.
        let mut empty = true;
        for line in filled.lines().map(str::trim_end) {
            if !(line.is_empty() && empty) {
                text.push_str(line);
                text.push('\n');
            }
            empty = line.is_empty();
        }
        text.trim_end().to_owned() + "\n"
    }

    fn value(&self, variable: Variable, most: usize) -> String {
        match variable {
            Variable::Path => code(&self.file.path),
            Variable::Count => count(self.file.selected().count(), "line"),
            Variable::Wave => self.file.wave.map_or_else(|| "none".to_owned(), |wave| wave.to_string()),
            Variable::Summary => self.summary(),
            Variable::Images => self.images(most),
            Variable::Gain => self.gain(),
            Variable::Lines => self.lines(most),
            Variable::Unchecked => self.unchecked(most),
            Variable::Left => self.left(most),
            Variable::Campaign => self.campaign(),
            Variable::Check => self.check(),
            Variable::Undo => self.undo(),
            Variable::Stop => self.stop(),
        }
    }

    fn campaign(&self) -> String {
        let wave = match self.file.wave {
            Some(0) => "wave 0, the proof of concept,".to_owned(),
            Some(wave) => format!("wave {wave}"),
            None => "a part".to_owned(),
        };
        let issue = self.issues.map(|url| format!(" The [tracking issue]({url}) shows its progress."));
        format!(
            "**Campaign:** this is {wave} of {}, which links the Dockerfiles of this repository with one pull request for \
             each file.{}",
            code(self.campaign),
            issue.unwrap_or_default()
        )
    }

    fn check(&self) -> String {
        let command = command::layerwright(["verify", &command::path(&self.file.path)]);
        let install = match self.install {
            Some(command) => code(&shortened(command, LONGEST)),
            None => "`cargo install --path .` in a clone of it".to_owned(),
        };
        let mut text = format!(
            "**Check it:** {} builds before and after the change, with your builder, and compares. It needs Docker and \
             Layerwright ({install}).",
            code(&command)
        );
        if self.evidence.is_some_and(is_compared) {
            let signed = if self.is_signed { ", with a valid signature" } else { "" };
            let _ =
                write!(text, " What was measured for this text is in {}{signed}.", code(self.evidence_file));
        }
        text
    }

    fn undo(&self) -> String {
        let command = command::layerwright(["revert", &command::path(&self.file.path), "--write"]);
        format!(
            "**Undo it:** revert the merge, or take the lines back with {}. Later waves then pause, and no new pull request \
             is opened for this file by itself.",
            code(&command)
        )
    }

    /// Returns the way to stop the bot. It names no number of an issue: the issue may be created later, and the text would
    /// then change.
    fn stop(&self) -> String {
        let issue = match self.issues {
            Some(url) => format!("[tracking issue]({url})"),
            None => "tracking issue".to_owned(),
        };
        let path = command::path(&self.file.path);
        let skip = command::layerwright(["skip", path.as_ref(), "--reason", "TEXT"]);
        format!(
            "**Stop the bot:** close this pull request. It stays closed, unless a person with write access ticks the file in \
             the {issue} of the campaign, if it has one. A branch with commits by other people is not overwritten. {} \
             leaves the file out of the campaign.",
            code(&skip)
        )
    }
}

/// Returns true if something was built before and after the change, and compared.
fn is_compared(evidence: &Evidence) -> bool {
    matches!(evidence.outcome, Outcome::Same | Outcome::Different)
}

/// Returns a text of the repository or a builder as prose, shortened.
fn sentence(text: &str) -> String {
    prose(&shortened(text, LONGEST))
}

/// Returns a list under its title. Entries beyond the first few are behind a click, and those beyond `most` are counted.
/// Empty if there are no entries.
fn listed(title: &str, entries: &[String], more: &str, most: usize) -> String {
    if entries.is_empty() {
        return String::new();
    }
    let (shown, left_out) = entries.split_at(entries.len().min(most));
    let (seen, hidden) = shown.split_at(shown.len().min(MOST_SEEN));
    let mut text = format!("{title}\n{}", seen.concat());
    if !hidden.is_empty() {
        let rest = hidden.len();
        let _ =
            write!(text, "\n<details><summary>{rest} {more}</summary>\n\n{}\n</details>", hidden.concat());
    }
    if !left_out.is_empty() {
        let _ = write!(text, "\n{} {more}: the plan names them all.\n", number(left_out.len()));
    }
    text
}

#[cfg(test)]
mod tests;
