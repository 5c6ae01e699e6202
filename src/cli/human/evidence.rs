//! What evidence says, in a line and file by file.

use std::collections::{BTreeMap, BTreeSet};

use anstyle::Style;

use super::screen::Screen;
use super::style;
use crate::campaign::evidence::Stale;
use crate::campaign::evidence::assess::Standings;
use crate::campaign::evidence::status::Standing;
use crate::campaign::status::{FileStatus, Said, State, Status, Way};
use crate::text::figures::number;
use crate::text::words::{count, form};

/// How many files are named.
const NAMED: usize = 10;

/// How many files of a campaign are verified, and what is with the others. Nothing where no file has evidence.
pub fn line(screen: &mut Screen, standings: &Standings) {
    let mut said: BTreeMap<Said, usize> = BTreeMap::new();
    let mut why: BTreeSet<Stale> = BTreeSet::new();
    for standing in standings.values() {
        *said.entry(Said::of(standing)).or_default() += 1;
        if let Standing::Stale(reasons) = standing {
            why.extend(reasons);
        }
    }
    let of = |what: Said| said.get(&what).copied().unwrap_or_default();
    if of(Said::Missing) == standings.len() {
        return;
    }
    let stands = of(Said::Stands);
    let all = count(standings.len(), "file");
    let mut text = format!("{} of {all} {}", number(stands), form(stands, "stands", "stand"));
    let stale: Vec<&str> = why.iter().map(|reason| reason.words()).collect();
    let parts = [
        (Said::Stale, format!("stale ({})", stale.join(", "))),
        (Said::NotExercised, "with lines that no build executes".into()),
        (Said::Void, "void".into()),
        (Said::Deferred, "put off".into()),
        (Said::Blocked, "blocked".into()),
        (Said::Different, form(of(Said::Different), "differs", "differ").into()),
        (Said::Contradicts, format!("{} a proof", form(of(Said::Contradicts), "contradicts", "contradict"))),
    ];
    for (what, words) in parts {
        if of(what) > 0 {
            text = format!("{text}, {} {words}", number(of(what)));
        }
    }
    let head = if of(Said::Contradicts) > 0 { style::ERROR } else { style::STRONG };
    screen.prose(head, "Verified:", &format!("{text}."));
}

/// What stands between the files of the next wave and a pull request.
pub fn next_wave(screen: &mut Screen, status: &Status) {
    if let Some(path) = &status.contradicted {
        screen.prose(style::ERROR, "Stopped:", &format!("the verification of {path} contradicts a proof."));
        screen.say("  See it again:  ").paint(style::HINT, &format!("layerwright verify {path}")).end();
        return;
    }
    let wave = status.waves.iter().find(|wave| Some(wave.number) == status.next);
    let open: Vec<&FileStatus> = wave.into_iter().flat_map(|wave| wave.with(State::Open)).collect();
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
    let trusted = open.iter().filter(|file| file.goes_out == Some(Way::Unverified)).count();
    if trusted > 0 {
        let text = format!(
            "{} of it may go out not verified: [campaign] trust is \"assumed\".",
            count(trusted, "file")
        );
        screen.prose(style::OPEN, "Trusted:", &text);
    }
}
