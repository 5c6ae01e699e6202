//! The text of a file's pull request: the change, the comparison of the images, the gain, and how to check it, undo it
//! and stop the bot. It never contains unescaped text of the repository, and skips no workflow as the message of a commit.

mod gain;
mod images;

use std::collections::BTreeSet;
use std::fmt::Write as _;

use self::images::is_at_the_line;
use super::limits;
use super::template::{Template, Variable};
use crate::analysis::{Benefit, Verdict};
use crate::campaign::evidence::{Evidence, Outcome, Reached};
use crate::campaign::plan::file::{Assumption, File, Site};
use crate::campaign::progress::{FileState, OpenState};
use crate::dockerfile::TransferKind;
use crate::edit::header::Header;
use crate::text::command;
use crate::text::figures::number;
use crate::text::markdown::{code, instruction, prose, without_skips};
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
    /// The page of the forge that lists the tracking issue, if there is one; `None` without a forge.
    pub(crate) issues: Option<&'a str>,
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
            Variable::Check => self.check(),
            Variable::Undo => self.undo(),
            Variable::Stop => self.stop(),
        }
    }

    fn summary(&self) -> String {
        let mut text = match self.state {
            FileState::Open(OpenState::OtherCommits) => {
                "**This branch has commits by other people and is not overwritten: the text below describes the change \
                 before these commits.**\n\n"
                    .to_owned()
            }
            FileState::Open(OpenState::Stale) => {
                "**The file has changed on the base branch since the plan. Do not merge this before the campaign is \
                 planned again.**\n\n"
                    .to_owned()
            }
            FileState::Open(OpenState::Held { why }) => {
                format!("**Do not merge this now:** {}\n\n", prose(&shortened(&why.to_string(), LONGEST)))
            }
            _ => String::new(),
        };
        let lines = count(self.file.selected().count(), "line");
        let _ = write!(text, "Adds `--link` to {lines} of {}", code(&self.file.path));
        let is_copy = |site: &&Site| {
            let first = site.replacement.as_deref().and_then(|text| text.split_whitespace().next());
            site.keyword == TransferKind::Add && first.is_some_and(|word| word.eq_ignore_ascii_case("COPY"))
        };
        let (adds, edits) = (
            self.file.selected().filter(is_copy).count(),
            self.file.selected().filter(|site| site.verdict == Verdict::Edit).count(),
        );
        if adds > 0 {
            let _ = write!(text, ", makes {} a COPY", count(adds, "ADD"));
        }
        if edits > 0 {
            let _ = write!(text, ", changes the destination or the owner of {}", count(edits, "line"));
        }
        text.push_str(match &self.file.header {
            Header::Insert { .. } | Header::Raise { .. } => ", and adds the header that it needs",
            Header::Keep | Header::Foreign { .. } => "",
        });
        text.push('.');
        if let Header::Insert { value } | Header::Raise { value } = &self.file.header {
            let _ = write!(text, " This build then fetches {}.", code(value));
        }
        text
    }

    fn proof(&self) -> &'static str {
        if self.file.selected().all(|site| site.proved == Some(true)) {
            "Each line is proved not to change the image."
        } else {
            "The lines depend on the assumptions below, which are not checked."
        }
    }

    fn gain(&self) -> String {
        let mut out = Vec::new();
        for (at, build) in self.evidence.iter().flat_map(|evidence| evidence.builds.iter().enumerate()) {
            let times = self.evidence.and_then(|evidence| evidence.figures.builds.get(at));
            out.extend(build.cache.as_ref().map(|cache| gain::measured(cache, times)));
        }
        if out.is_empty() {
            let pays = self.file.selected().filter(|site| site.benefit == Benefit::Pays).count();
            let layers = match pays {
                0 => "layers that do not depend on earlier steps".to_owned(),
                1 => "this layer is reused when the base image or an earlier step changes".to_owned(),
                _ => {
                    format!("these {pays} layers are reused when the base image or an earlier step changes")
                }
            };
            return format!("**What you gain:** {layers}. Not measured.{}", gain::effects(self.file));
        }
        out.dedup();
        format!("**What you gain:**\n{}{}", out.concat().trim_end(), gain::effects(self.file))
    }

    fn lines(&self, most: usize) -> String {
        let of = |site: &Site| {
            let mut text = format!(
                "- line {}: {} – {}\n",
                site.line,
                instruction(&shortened_head(site.replacement.as_deref().unwrap_or_default())),
                match site.proved {
                    Some(true) => "proved",
                    _ => "assumed",
                }
            );
            for reason in &site.reasons {
                let _ = writeln!(
                    text,
                    "  - {}: {}",
                    code(reason.rule.as_str()),
                    prose(&shortened(&reason.message, LONGEST))
                );
            }
            text
        };
        let title = match self.file.header {
            Header::Insert { .. } => "**Lines,** as they are numbered before the change:",
            _ => "**Lines:**",
        };
        listed(title, &self.file.selected().map(of).collect::<Vec<_>>(), "more lines", most)
    }

    /// Returns the unchecked facts: assumptions, and lines that no build executed.
    fn unchecked(&self, most: usize) -> String {
        let mut open = BTreeSet::new();
        let reached = |line: usize| {
            let builds = self.evidence.iter().filter(|evidence| evidence.outcome == Outcome::Same);
            let mut sites = builds.flat_map(|evidence| &evidence.builds).flat_map(|build| &build.sites);
            sites.any(|site| site.line == line && site.reached != Reached::NotExercised)
        };
        let at_the_line = self.evidence.is_some_and(is_at_the_line);
        for site in self.file.selected() {
            let is_reached = reached(site.line);
            let is_open =
                |assumption: &&Assumption| !is_reached || (at_the_line && assumption.is_beyond_the_line());
            for assumption in site.assumptions.iter().filter(is_open) {
                open.insert(format!("- {}\n", prose(&shortened(&assumption.message, LONGEST))));
            }
            if !is_reached && self.evidence.is_some_and(|evidence| evidence.outcome == Outcome::Same) {
                open.insert(format!("- line {}: no build executed it\n", site.line));
            }
        }
        for build in self.evidence.iter().flat_map(|evidence| &evidence.builds) {
            open.extend(
                build
                    .assumptions
                    .iter()
                    .map(|assumption| format!("- {}\n", prose(&shortened(assumption, LONGEST)))),
            );
        }
        if self.evidence.is_some() && !self.is_signed {
            open.insert("- who made the evidence: it has no signature that was checked\n".to_owned());
        }
        listed("**Not checked:**", &open.into_iter().collect::<Vec<_>>(), "more", most)
    }

    /// Returns the lines that are not edited, with the reasons.
    fn left(&self, most: usize) -> String {
        let left = self.file.sites.iter().filter(|site| !site.selected && site.verdict != Verdict::Linked);
        let of = |site: &Site| {
            let why = match site.reasons.first() {
                Some(reason) => prose(&shortened(&reason.message, LONGEST)),
                None => match site.verdict {
                    Verdict::Link | Verdict::Edit => "safe, no gain".to_owned(),
                    Verdict::NoEffect => "no effect: the builder ignores the flag".to_owned(),
                    Verdict::OptedOut => "it has `--link=false`".to_owned(),
                    Verdict::Hold => "unsafe: the image would change".to_owned(),
                    Verdict::Unknown | Verdict::Linked => "unknown".to_owned(),
                },
            };
            format!("- line {}: {why}\n", site.line)
        };
        listed("**Not edited:**", &left.map(of).collect::<Vec<_>>(), "more lines", most)
    }

    fn check(&self) -> String {
        let command = command::layerwright(["verify", &command::path(&self.file.path)]);
        let mut text = format!("**Check it:** {}", code(&command));
        if self.evidence.is_some() {
            let signed = if self.is_signed { ", with a valid signature" } else { "" };
            let _ = write!(text, "; what was measured is in {}{signed}", code(self.evidence_file));
        }
        text + "."
    }

    /// Returns the way to stop the bot. It names no number of an issue: the issue may be created later, and the text would
    /// then change.
    fn stop(&self) -> String {
        let issue = match self.issues {
            Some(url) => format!("[tracking issue]({url})"),
            None => "tracking issue".to_owned(),
        };
        format!(
            "**Stop the bot:** close this pull request. It stays closed, unless someone ticks the file in the {issue} of \
             the campaign, if it has one. A branch with commits by other people is not overwritten. `[[files.skip]]` in \
             `layerwright.toml` excludes a file permanently."
        )
    }

    fn undo(&self) -> String {
        let command = command::layerwright(["revert", &command::path(&self.file.path)]);
        format!(
            "**Undo it:** revert the merge, or {}. The campaign then pauses, and \
             opens no new pull request for this file by itself.",
            code(&command)
        )
    }
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

/// Returns an instruction whose first line is not too long.
fn shortened_head(text: &str) -> String {
    let (first, rest) = text.split_once('\n').unwrap_or((text, ""));
    if rest.is_empty() { shortened(first, LONGEST) } else { format!("{}\n{rest}", shortened(first, LONGEST)) }
}

#[cfg(test)]
mod tests;
