//! The campaign's own section of the tracking issue: progress, criteria, what people can tick, and the files that they did
//! not list.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::{AGAIN, Facts, QUIET, again, rank, state};
use crate::campaign::progress::{AskedAgain, FileProgress, FileState, StepKind};
use crate::report::criteria::Subject;
use crate::report::limits;
use crate::text::figures::number;
use crate::text::markdown::{code, prose};
use crate::text::words::{count, form, shortened};

/// The most waves that the table names.
const MOST_WAVES: usize = 40;

/// The most files that wait for a decision and are named beside the next step.
const MOST_NAMED: usize = 5;

/// The most files that are left out and named, and the most characters of a path or a reason there.
const MOST_LEFT_OUT: usize = 5;
const LONGEST: usize = 200;

/// Says how many files are merged, and how many people decided against.
fn merged(all: &[FileProgress]) -> String {
    let with = |is: fn(&FileState) -> bool| all.iter().filter(|file| is(&file.state)).count();
    let done = with(|state| *state == FileState::Done);
    let mut text = format!("### Progress\n\n{done} of {} files are merged", all.len());
    let others = [
        (with(|state| matches!(state, FileState::Declined { .. })), "declined"),
        (with(|state| matches!(state, FileState::Reverted { .. })), "reverted"),
    ];
    for (n, what) in others.into_iter().filter(|(n, _)| *n > 0) {
        let _ = write!(text, ", {n} {what}");
    }
    text + "."
}

/// The facts of the campaign's own section.
pub(super) struct Content<'a> {
    pub(super) facts: Facts<'a>,
    /// The present section.
    pub(super) own: &'a str,
    /// The files that people listed.
    pub(super) listed: &'a BTreeSet<&'a str>,
    /// Those whose line can be ticked there.
    pub(super) askable: &'a BTreeSet<&'a str>,
    /// The criteria that people wrote.
    pub(super) subjects: &'a BTreeSet<Subject>,
    pub(super) asked: &'a BTreeSet<AskedAgain>,
}

impl Content<'_> {
    /// Returns the content: the progress, what people can tick, the criteria, and the files that are not listed elsewhere,
    /// as far as there is room.
    pub(super) fn text(&self, room: usize) -> String {
        let mut text = self.head();
        let mut left = room.saturating_sub(limits::length(&text));
        for part in [self.again(left / 2), self.criteria()] {
            left = left.saturating_sub(limits::length(&part));
            text.push_str(&part);
        }
        text + &self.files(left)
    }

    fn head(&self) -> String {
        let Facts { progress, step, .. } = self.facts;
        let done = |file: &&FileProgress| file.state == FileState::Done;
        let all = &progress.files;
        let mut text = merged(all);
        let waits: BTreeSet<&str> =
            progress.waves.iter().flat_map(|wave| &wave.waits_for).map(String::as_str).collect();
        let pauses = |file: &FileProgress| {
            matches!(file.state, FileState::Reverted { .. }) && waits.contains(file.path.as_str())
        };
        if progress.contradicted.is_some() {
            text.push_str(" **The campaign has stopped: a verification contradicts a proof.**");
        } else if step.kind != StepKind::Finished && all.iter().any(pauses) {
            text.push_str(" **Later waves pause: a file was reverted.**");
        }
        // Writing to a string cannot fail.
        let _ = match (&step.command, step.kind) {
            (Some(command), _) => write!(text, "\n\n**Next:** {}: {}", step.words, code(command)),
            (None, StepKind::Finished | StepKind::Empty) => write!(text, "\n\n**{}.**", step.words),
            (None, StepKind::Decide) => {
                let files: Vec<String> = step.files.iter().take(MOST_NAMED).map(|path| code(path)).collect();
                write!(text, "\n\n**Next:** {}: {}.", step.words, files.join(", "))
            }
            (None, _) => write!(text, "\n\n**Next:** {}.", step.words),
        };
        text.push_str("\n\n| wave | files | done | open | |\n|---|---|---|---|---|\n");
        // The first waves that are not done: the later ones wait for them.
        let mut of: BTreeMap<usize, Vec<&FileProgress>> = BTreeMap::new();
        for file in all {
            of.entry(file.wave).or_default().push(file);
        }
        let is_done = |number: usize| of.get(&number).is_none_or(|files| files.iter().all(&done));
        let quiet = if progress.waves.len() > MOST_WAVES {
            progress.waves.iter().take_while(|wave| is_done(wave.number)).count()
        } else {
            0
        };
        if quiet > 0 {
            let _ = writeln!(text, "| {} earlier | | all | | |", number(quiet));
        }
        for wave in progress.waves.iter().skip(quiet).take(MOST_WAVES) {
            let files = of.get(&wave.number).map(Vec::as_slice).unwrap_or_default();
            let open = files.iter().filter(|file| matches!(file.state, FileState::Open(_))).count();
            let done = files.iter().filter(|file| done(file)).count();
            let waits = match wave.waits_for.len() {
                waits if waits > 0 && done < files.len() => format!("waits for {}", count(waits, "file")),
                _ => String::new(),
            };
            let _ = writeln!(text, "| {} | {} | {done} | {open} | {waits} |", wave.number, files.len());
        }
        let later = progress.waves.len().saturating_sub(quiet + MOST_WAVES);
        if later > 0 {
            let _ = writeln!(text, "| {} later | | | | |", number(later));
        }
        text
    }

    /// Returns the criteria that people did not write themselves. A box that data do not answer keeps its tick.
    fn criteria(&self) -> String {
        let is_ticked = |what: &str| self.own.lines().any(|line| line.starts_with(&format!("- [x] {what}:")));
        let mut text = String::new();
        for criterion in self.facts.criteria.iter().filter(|one| !self.subjects.contains(&one.subject)) {
            let mark = if criterion.met.unwrap_or_else(|| is_ticked(criterion.what)) { "x" } else { " " };
            let _ = writeln!(text, "- [{mark}] {}: {}", criterion.what, prose(&criterion.detail));
        }
        let heading = if self.subjects.is_empty() { "Success criteria" } else { "More success criteria" };
        if text.is_empty() { text } else { format!("\n### {heading}\n\n{text}") }
    }

    /// Returns the lines that people tick; those that are ticked already come first if there is no room for all.
    fn again(&self, room: usize) -> String {
        let line = |file: &FileProgress| {
            let (pull, ticked) = again(file, self.asked)?;
            let mark = if ticked { "x" } else { " " };
            Some((!ticked, format!("- [{mark}] {} #{pull}\n", code(&file.path))))
        };
        let unlisted =
            self.facts.progress.files.iter().filter(|file| !self.askable.contains(file.path.as_str()));
        let mut lines: Vec<(bool, String)> = unlisted.filter_map(line).collect();
        if lines.is_empty() {
            return String::new();
        }
        if lines.iter().map(|(_, line)| limits::length(line)).sum::<usize>() > room {
            lines.sort_by_key(|(is_open, _)| *is_open);
        }
        let (text, left_out) = fitting(lines.iter().map(|(_, line)| line.as_str()), room);
        let more = if left_out > 0 {
            format!("\n{} more are not shown.\n", number(left_out))
        } else {
            String::new()
        };
        format!("\n{AGAIN}\n\n{text}{more}")
    }

    fn files(&self, room: usize) -> String {
        let line = |file: &FileProgress| {
            let mark = if file.state == FileState::Done { "x" } else { " " };
            format!("- [{mark}] {} – {}\n", code(&file.path), state(file))
        };
        let unlisted =
            self.facts.progress.files.iter().filter(|file| !self.listed.contains(file.path.as_str()));
        let mut lines: Vec<(u8, String)> = unlisted.map(|file| (rank(&file.state), line(file))).collect();
        let idle = self.idle();
        if lines.is_empty() {
            return idle;
        }
        let heading = "\n### Dockerfiles\n\n";
        // The heading, and the line that counts the rest.
        let room = room.saturating_sub(200 + limits::length(&idle));
        if lines.iter().map(|(_, line)| limits::length(line)).sum::<usize>() <= room {
            return format!("{heading}{}{idle}", lines.into_iter().map(|(_, line)| line).collect::<String>());
        }
        lines.sort_by_key(|(rank, _)| *rank);
        let (text, left_out) = fitting(lines.iter().map(|(_, line)| line.as_str()), room);
        let done = lines.iter().skip(lines.len() - left_out).filter(|(rank, _)| *rank > QUIET).count();
        format!(
            "{heading}{text}\n{} more, {} of them done: `layerwright status` shows all.\n{idle}",
            count(left_out, "file"),
            number(done)
        )
    }
}

impl Content<'_> {
    /// Counts the files that are in no wave and that people did not list.
    fn idle(&self) -> String {
        let others = self.facts.idle.iter().filter(|(path, _)| !self.listed.contains(path.as_str()));
        let (out, nothing): (Vec<_>, Vec<_>) = others.partition(|(_, idle)| idle.is_left_out);
        let mut text = String::new();
        for (path, idle) in out.iter().take(MOST_LEFT_OUT).chain(nothing.iter().take(MOST_LEFT_OUT)) {
            let (path, words) = (limits::end_of(path, LONGEST), shortened(&idle.words, LONGEST));
            let _ = write!(text, "\n- {} \u{2013} {}", code(&path), prose(&words));
        }
        let [more_out, more] = [&out, &nothing].map(|group| group.len().saturating_sub(MOST_LEFT_OUT));
        let counts = [
            (more_out, format!("{} left out", form(more_out, "is", "are"))),
            (more, format!("{} no line to link", form(more, "has", "have"))),
        ];
        for (many, words) in counts.into_iter().filter(|(many, _)| *many > 0) {
            let _ = write!(
                text,
                "\n\n{} {words}: `layerwright plan --verbose` shows why.",
                count(many, "other Dockerfile")
            );
        }
        if text.is_empty() { text } else { format!("{text}\n") }
    }
}

/// Returns the first lines that fit, and the number of the others.
fn fitting<'l>(lines: impl Iterator<Item = &'l str>, room: usize) -> (String, usize) {
    let (mut text, mut left, mut left_out) = (String::new(), room, 0);
    for line in lines {
        let long = limits::length(line);
        if left_out == 0 && long <= left {
            text.push_str(line);
            left -= long;
        } else {
            left_out += 1;
        }
    }
    (text, left_out)
}
