//! The human-readable output of `status`.

use std::collections::BTreeSet;

use anstyle::Style;

use super::screen::{Align, Piece, Screen};
use super::{evidence, style, summary};
use crate::campaign::evidence::EvidenceSummary;
use crate::campaign::progress::status::{FileStatus, PullProgress, Status, WaveStatus};
use crate::campaign::progress::{Step, StepKind, TextState};
use crate::text::figures::number;
use crate::text::words::{count, form, short_id};

/// The maximum number of files that are named: those that are not edited, and new ones.
const NAMED: usize = 10;

/// The meaning of the columns of the table.
const LEGEND: &str = "merged: the base branch has the planned text. to do: it has the text before the change. declined: closed \
                      without a merge, or reverted. stale: changed since the plan. gone: deleted. verified: built before and \
                      after the change, and compared.";

/// Returns the progress of a campaign.
pub(crate) fn status(status: &Status) -> String {
    let mut screen = Screen::new(style::width());
    let all: usize = status.waves.iter().map(|wave| wave.files.len()).sum();
    let place = status.revision.as_deref().unwrap_or("HEAD");
    screen
        .paint(style::STRONG, &status.campaign)
        .say(&format!(" on {place} at {}: ", short_id(&status.commit)));
    screen.say(&format!("{} of {} finished.", number(status.finished), count(all, "file"))).end();
    waves(&mut screen, status);
    changed(&mut screen, status, TextState::Stale, "Stale:", "changed since the plan was made");
    changed(&mut screen, status, TextState::Gone, "Gone:", "no longer there");
    new(&mut screen, &status.new);
    let told = |file: &&PullProgress| file.pull.is_some() || file.state == "held";
    let files: Vec<&PullProgress> = status.files.iter().flatten().filter(told).collect();
    if !files.is_empty() {
        screen.paint(style::STRONG, "Pull requests:").end();
    }
    for file in files {
        screen.prose(Style::new(), &format!("  {}", file.path), &file.said);
    }
    if !status.branches.is_empty() {
        screen.paint(style::STRONG, "Branches:").end();
    }
    for branch in &status.branches {
        screen.prose(
            Style::new(),
            &format!("  {}", branch.name),
            &format!("at {}", short_id(&branch.commit)),
        );
    }
    apart(&mut screen, status);
    evidence::next_wave(&mut screen, status);
    step(&mut screen, &status.step);
    screen.finish()
}

fn waves(screen: &mut Screen, status: &Status) {
    if status.waves.is_empty() {
        return;
    }
    let title = |text: &str| (style::STRONG, text.to_owned());
    let mut rows = vec![
        ["Wave", "files", "merged", "to do", "declined", "stale", "gone", "verified"].map(title).to_vec(),
    ];
    rows.extend(status.waves.iter().map(|wave| wave_row(wave, &declined(status), status.next)));
    let mut aligns = [Align::Right; 9];
    aligns[8] = Align::Left;
    screen.end().table(&aligns, &rows);
    screen.paragraph(LEGEND).end();
}

/// Returns the files that people decided against: their pull request is closed, or their change is reverted.
fn declined(status: &Status) -> BTreeSet<&str> {
    let decided = |file: &&PullProgress| matches!(file.state.as_str(), "declined" | "reverted");
    status.files.iter().flatten().filter(decided).map(|file| file.path.as_str()).collect()
}

fn wave_row(wave: &WaveStatus, declined: &BTreeSet<&str>, next: Option<usize>) -> Vec<Piece> {
    let count_of =
        |files: usize, colour: Style| (if files > 0 { colour } else { style::FAINT }, number(files));
    let is_declined = |file: &&FileStatus| declined.contains(file.path.as_str());
    let cell = |state: TextState, colour: Style| {
        count_of(wave.with(state).filter(|file| !is_declined(file)).count(), colour)
    };
    let verified = wave.evidence.get(&EvidenceSummary::Verified).copied().unwrap_or_default();
    let mark = if next == Some(wave.number) { (style::HINT, "next".to_owned()) } else { Piece::default() };
    vec![
        (Style::new(), wave.number.to_string()),
        (Style::new(), number(wave.files.len())),
        cell(TextState::Done, style::GOOD),
        cell(TextState::Open, Style::new()),
        count_of(wave.files.iter().filter(is_declined).count(), Style::new()),
        cell(TextState::Stale, style::OPEN),
        cell(TextState::Gone, style::OPEN),
        (if verified > 0 { style::GOOD } else { style::FAINT }, number(verified)),
        mark,
    ]
}

/// Lists the files that the plan no longer describes.
fn changed(screen: &mut Screen, status: &Status, state: TextState, head: &str, what: &str) {
    let declined = declined(status);
    let files = status.waves.iter().flat_map(|wave| wave.with(state));
    let files: Vec<&FileStatus> = files.filter(|file| !declined.contains(file.path.as_str())).collect();
    if files.is_empty() {
        return;
    }
    let is = form(
        files.len(),
        if state == TextState::Gone { "is" } else { "has" },
        if state == TextState::Gone { "are" } else { "have" },
    );
    let text = format!("{} {is} {what}. Plan again:", count(files.len(), "file"));
    screen.suggest(style::OPEN, head, &text, &[(style::HINT, "layerwright plan --save".to_owned())]);
    for file in files {
        let planned = short_id(&file.planned);
        let now = file.now.as_deref().map_or(String::new(), |now| format!(", now {}", short_id(now)));
        screen.prose(Style::new(), &format!("  {}", file.path), &format!("planned for {planned}{now}"));
    }
}

/// Lists the Dockerfiles that the plan does not have.
fn new(screen: &mut Screen, files: &[String]) {
    if files.is_empty() {
        return;
    }
    let is = form(files.len(), "is", "are");
    let text = format!(
        "{} {is} not in the plan. To add {}:",
        count(files.len(), "Dockerfile"),
        form(files.len(), "it", "them")
    );
    screen.suggest(
        style::OPEN,
        "Not planned:",
        &text,
        &[(style::HINT, "layerwright plan --save".to_owned())],
    );
    for path in files.iter().take(NAMED) {
        screen.say(&format!("  {path}")).end();
    }
    more(screen, files.len());
}

/// Says how many files are not named.
fn more(screen: &mut Screen, files: usize) {
    if files > NAMED {
        let more = count(files - NAMED, "file");
        screen.paint(style::FAINT, &format!("  and {more} more; --format json names them")).end();
    }
}

/// Lists the files that are not edited, and the waivers.
fn apart(screen: &mut Screen, status: &Status) {
    if !status.skipped.is_empty() {
        screen
            .paint(style::STRONG, "Not edited:")
            .say(&format!(" {}", count(status.skipped.len(), "file")))
            .end();
    }
    for file in status.skipped.iter().take(NAMED) {
        screen.prose(Style::new(), &format!("  {}:", file.path), &file.reason);
    }
    more(screen, status.skipped.len());
    if !status.waivers.is_empty() {
        screen
            .paint(style::STRONG, "Accepted:")
            .say(&format!(" {}", count(status.waivers.len(), "waiver")))
            .end();
    }
    for waiver in &status.waivers {
        let path = if waiver.path.is_empty() { "" } else { ":" };
        let head = format!("  {}{path}{} in {}:", waiver.rule, waiver.path, waiver.file);
        screen.prose(Style::new(), &head, &waiver.reason);
    }
}

/// Shows the next step of a campaign.
pub(crate) fn step(screen: &mut Screen, step: &Step) {
    let look = match step.kind {
        StepKind::Stopped => style::ERROR,
        StepKind::Finished => style::GOOD,
        _ => style::STRONG,
    };
    let Some(command) = &step.command else {
        screen.paint(look, &step.words);
        if step.kind == StepKind::Decide {
            screen.say(&format!(": {}", step.files.join(", ")));
        }
        screen.say(".").end();
        return;
    };
    screen.suggest(look, "Next:", &format!("{}:", step.words), &[(style::HINT, command.clone())]);
}

/// Returns the next step after changes were written to the working tree.
pub(crate) fn to_commit() -> String {
    let mut screen = Screen::new(style::width());
    let command = (style::HINT, "git diff".to_owned());
    screen.suggest(style::STRONG, "Next:", "look at the changes, and commit them:", &[command]);
    screen.finish()
}

/// Returns what follows a decision: to commit the plan in `folder`, and the next step.
pub(crate) fn decided(folder: Option<&str>, step: Option<&Step>) -> String {
    let mut screen = Screen::new(style::width());
    if let Some(folder) = folder {
        summary::commit(&mut screen, folder);
    }
    if let Some(step) = step {
        self::step(&mut screen, step);
    }
    screen.finish()
}

/// Returns the next step of a campaign.
pub(crate) fn next_step(step: &Step) -> String {
    let mut screen = Screen::new(style::width());
    self::step(&mut screen, step);
    screen.finish()
}
