//! The waves and their files.

use std::time::Duration;

use maud::{Markup, html};

use super::data::{File, InstructionRow, StatusPage, Wave};
use super::evidence;
use super::figures;
use super::html::{At, figure, prose};
use super::sections::{badge, code, commit, place, pull, verdicts};
use super::words::{self, Look};
use crate::campaign::evidence::Outcome;
use crate::text::figures::{duration, number};

/// Returns each wave.
pub(crate) fn waves(at: &At, page: &StatusPage) -> Markup {
    html! {
        @for (index, found) in page.waves.iter().enumerate() {
            @let id = format!("wave-{}", found.number);
            @let at = at.item("waves", index);
            section aria-labelledby=(id) class="wave" {
                h2 id=(id) {
                    "Wave " (figure(&at.key("number"), found.number, &found.number.to_string()))
                    (if found.number == 0 { ", the proof of concept " } else { " " })
                    (badge(found.state.look()))
                }
                (wave(&at, page, index, found))
            }
        }
    }
}

fn wave(at: &At, page: &StatusPage, index: usize, wave: &Wave) -> Markup {
    html! {
        p {
            (figure(&at.key("done"), wave.done, &number(wave.done))) " of "
            (figure(&at.key("of"), wave.of, &number(wave.of))) " done."
        }
        @if !wave.reason.is_empty() { p class="quiet" { "Reason: " bdi { (wave.reason) } } }
        @if !wave.waits_for.is_empty() {
            details {
                summary { "Waits for files of earlier waves: " (number(wave.waits_for.len())) }
                ul { @for path in &wave.waits_for { li { (code(path)) } } }
            }
        }
        @for (number, found) in wave.files.iter().enumerate() {
            article id=(place(index, number)) { (file(&at.item("files", number), page, found)) }
        }
    }
}

fn file(at: &At, page: &StatusPage, file: &File) -> Markup {
    let differs = file.evidence.as_ref().is_some_and(|found| found.outcome == Outcome::Different);
    html! {
        h3 { (code(&file.path)) }
        p class="row" {
            (badge(file.state.look()))
            span class={ "badge " (words::evidence(file.evidence_state)) } { (prose(&file.says)) }
            @if let Some(number) = file.pull { (pull(&at.key("pull"), page, number)) }
            span class="quiet" { (verdicts(at, &file.verdicts)) }
        }
        @if let Some(by) = &file.by {
            p class="quiet" {
                (file.state.look().words) " by " bdi { (by) }
                @if let Some(id) = &file.commit { " in commit " (commit(page, id)) }
            }
        }
        @if let Some(why) = &file.why { p class="quiet" { (prose(why)) } }
        (in_short(at, file))
        details open[differs] {
            summary { "Lines, builds and figures" }
            (facts(file))
            (lines(at, &file.lines))
            @match &file.evidence {
                Some(found) => (evidence::verification(&at.key("evidence"), found)),
                None => p class="quiet" { "Not verified: no images were built and no costs were measured." },
            }
        }
    }
}

/// Returns the cost of a changed base image in one line: the most important figure.
fn in_short(at: &At, file: &File) -> Markup {
    let (at, cost) = (at.key("measured").key("moved_base"), &file.measured.moved_base);
    html! {
        p class="short" {
            "After the base image changed: "
            @if let Some(times) = &cost.times {
                @let (at, ms) = (at.key("times"), |time| duration(Duration::from_millis(time)));
                (figure(&at.key("before_ms"), times.before_ms, &ms(times.before_ms))) " → "
                (figure(&at.key("after_ms"), times.after_ms, &ms(times.after_ms)))
            }
            @if let Some(layers) = &cost.layers {
                @let (at, before, after) = (at.key("layers").key("cost"), layers.cost.before, layers.cost.after);
                (if cost.times.is_some() { ", layers reused " } else { "layers reused " })
                (figure(&at.key("before").key("kept"), before.kept, &number(before.kept))) " of "
                (figure(&at.key("before").key("layers"), before.layers, &number(before.layers))) " → "
                (figure(&at.key("after").key("kept"), after.kept, &number(after.kept))) " of "
                (figure(&at.key("after").key("layers"), after.layers, &number(after.layers)))
            }
            @if cost.times.is_none() && cost.layers.is_none() { (figures::NOT_MEASURED) }
        }
    }
}

fn facts(file: &File) -> Markup {
    html! {
        @if !file.owners.is_empty() { p { "Owners: " bdi { (file.owners.join(" ")) } } }
        @if let Some(header) = &file.header {
            p { "New header: " (code(&format!("# syntax={header}"))) }
        }
    }
}

fn lines(at: &At, lines: &[InstructionRow]) -> Markup {
    html! {
        h4 { "COPY and ADD" }
        ol class="lines" {
            @for (index, line) in lines.iter().enumerate() {
                li {
                    "Line " (figure(&at.item("lines", index).key("line"), line.line, &line.line.to_string())) " "
                    (badge(look(line)))
                    @match line.proved {
                        Some(true) => " proved",
                        Some(false) => " assumed",
                        None => {},
                    }
                    @match &line.before {
                        Some(before) => {
                            pre class="edit" {
                                del { "- " (code(before)) }
                                ins { "+ " (code(&line.text)) }
                            }
                        },
                        None => pre { (code(&line.text)) },
                    }
                    @if !line.notes.is_empty() {
                        ul { @for note in &line.notes { li { (prose(note)) } } }
                    }
                }
            }
        }
    }
}

fn look(line: &InstructionRow) -> Look {
    let class = if line.selected { "good" } else { "quiet" };
    Look { words: line.verdict.words(), class }
}
