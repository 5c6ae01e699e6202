//! Shows the evidence of a campaign, in one line and file by file.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;

use super::screen::Screen;
use super::style;
use crate::campaign::evidence::{EvidenceState, EvidenceStates, EvidenceSummary, Stale};
use crate::campaign::policy::Basis;
use crate::campaign::progress::TextState;
use crate::campaign::progress::status::{FileStatus, Status};
use crate::text::figures::number;
use crate::text::words::{count, form};

/// The maximum number of files that are named.
const NAMED: usize = 10;

/// Shows how many files are verified, and the states of the others. Shows nothing if no file has evidence.
pub(crate) fn line(screen: &mut Screen, states: &EvidenceStates) {
    let mut said: BTreeMap<EvidenceSummary, usize> = BTreeMap::new();
    let mut why: BTreeSet<Stale> = BTreeSet::new();
    for state in states.values() {
        *said.entry(EvidenceSummary::of(state)).or_default() += 1;
        if let EvidenceState::Stale(reasons) = state {
            why.extend(reasons);
        }
    }
    let of = |what: EvidenceSummary| said.get(&what).copied().unwrap_or_default();
    if of(EvidenceSummary::Missing) == states.len() {
        return;
    }
    let verified = number(of(EvidenceSummary::Verified));
    let mut text = format!("{verified} of {}", count(states.len(), "file"));
    let stale: Vec<&str> = why.iter().map(|reason| reason.words()).collect();
    let parts = [
        (EvidenceSummary::VerifiedFromGuess, "from a context that nothing states".into()),
        (EvidenceSummary::Unsigned, "without a valid signature".into()),
        (EvidenceSummary::Stale, format!("stale ({})", stale.join(", "))),
        (EvidenceSummary::NotExercised, "with lines that no build executes".into()),
        (EvidenceSummary::CouldNotTest, "could not be tested".into()),
        (EvidenceSummary::TimedOut, "timed out".into()),
        (EvidenceSummary::Blocked, "blocked".into()),
        (EvidenceSummary::Different, form(of(EvidenceSummary::Different), "differs", "differ").into()),
        (
            EvidenceSummary::Contradicts,
            format!("{} a proof", form(of(EvidenceSummary::Contradicts), "contradicts", "contradict")),
        ),
    ];
    for (what, words) in parts {
        if of(what) > 0 {
            text = format!("{text}, {} {words}", number(of(what)));
        }
    }
    let head = if of(EvidenceSummary::Contradicts) > 0 { style::ERROR } else { style::STRONG };
    screen.prose(head, "Verified:", &format!("{text}."));
}

/// Shows why files of the next wave have no pull request yet.
pub(crate) fn next_wave(screen: &mut Screen, status: &Status) {
    if let Some(path) = &status.contradicted {
        screen.prose(style::ERROR, "Stopped:", &format!("the verification of {path} contradicts a proof."));
        return;
    }
    let wave = status.waves.iter().find(|wave| Some(wave.number) == status.next);
    let open: Vec<&FileStatus> = wave.into_iter().flat_map(|wave| wave.with(TextState::Open)).collect();
    let waiting: Vec<&&FileStatus> = open.iter().filter(|file| file.goes_out.is_none()).collect();
    if !waiting.is_empty() {
        let text = format!(
            "{} of wave {} may not go out yet.",
            count(waiting.len(), "file"),
            status.next.unwrap_or_default()
        );
        screen.prose(style::OPEN, "Waiting:", &text);
    }
    for file in waiting.iter().take(NAMED) {
        screen.prose(Style::new(), &format!("  {}:", file.path), &file.evidence.words);
    }
    if waiting.len() > NAMED {
        let more = count(waiting.len() - NAMED, "file");
        screen.paint(style::FAINT, &format!("  and {more} more; --format json names them")).end();
    }
    let trusted = open.iter().filter(|file| file.goes_out == Some(Basis::Unverified)).count();
    if trusted > 0 {
        let text = format!(
            "{} of wave {} may go out not verified: [campaign] trust is \"assumed\".",
            count(trusted, "file"),
            status.next.unwrap_or_default()
        );
        screen.prose(style::OPEN, "Trusted:", &text);
    }
}
