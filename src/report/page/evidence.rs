//! The results of verifications. They are never shortened without a note.

use maud::{Markup, html};

use super::data::{BuildRow, Verification};
use super::figures;
use super::html::{At, figure, prose};
use super::sections::{badge, code};
use super::words;
use crate::campaign::evidence::{Difference, Outcome, Smoke};
use crate::text::figures::number;
use crate::text::words::{count, short_id};

/// Returns a verification with its builds.
pub(crate) fn verification(at: &At, found: &Verification) -> Markup {
    html! {
        h4 { "Verification" }
        p {
            (badge(words::outcome(found.outcome))) " " time datetime=(found.began) { (found.began) }
            @if let Some(commit) = &found.commit { ", commit " (code(short_id(commit))) }
        }
        (reason(found.reason.as_deref()))
        @for (index, built) in found.builds.iter().enumerate() {
            div class="build" { (build(&at.item("builds", index), built)) }
        }
    }
}

fn reason(reason: Option<&str>) -> Markup {
    html! { @if let Some(reason) = reason { p { (prose(reason)) } } }
}

fn build(at: &At, build: &BuildRow) -> Markup {
    html! {
        h5 {
            "Context " (code(&build.context))
            @if let Some(target) = &build.target { ", target " (code(target)) }
            ", " bdi { (build.platform) } " " (badge(words::outcome(build.outcome)))
        }
        p class="quiet" {
            bdi { (build.builder) } "; frontend " bdi { (build.frontend) } "; "
            (figure(&at.key("linked"), build.linked, &number(build.linked))) " of "
            (figure(&at.key("edited"), build.edited, &count(build.edited, "edited line"))) " shown as linked"
            @for (index, line) in build.not_exercised.iter().enumerate() {
                (if index == 0 { "; not executed: line " } else { ", " })
                (figure(&at.item("not_exercised", index), line, &line.to_string()))
            }
            @if let Some(noise) = build.noise {
                "; " (figure(&at.key("noise"), noise, &count(noise, "difference")))
                " between two builds of the original, ignored as nondeterministic"
            }
        }
        (reason(build.reason.as_deref()))
        @for assumption in &build.assumptions { p { "Not checked: " (prose(assumption)) } }
        (differences(at, build))
        (smoke(at, &build.smoke))
        (figures::measured(&at.key("measured"), &build.measured))
    }
}

fn differences(at: &At, build: &BuildRow) -> Markup {
    let shown = build.differences.len();
    let Some(differs) = build.differs else {
        return html! {
            p {
                @match build.outcome {
                    Outcome::Different => "The edited file does not build, but the original does.",
                    _ => "There are no two images to compare.",
                }
            }
        };
    };
    html! {
        p {
            (figure(&at.key("differs"), differs, &count(differs, "difference")))
            @if shown < differs { "; the first " (number(shown)) " are here, all are in the evidence" }
        }
        @if shown > 0 {
            div class="scroll" tabindex="0" role="region" aria-label="Differences" {
                table class="differences" {
                    thead {
                        tr {
                            @for title in ["Path", "What", "Before", "After", "Cause"] {
                                th scope="col" { (title) }
                            }
                        }
                    }
                    tbody {
                        @for (index, difference) in build.differences.iter().enumerate() {
                            tr { (row(&at.item("differences", index), difference)) }
                        }
                    }
                }
            }
        }
    }
}

fn row(at: &At, difference: &Difference) -> Markup {
    html! {
        th scope="row" {
            @match &difference.path { Some(path) => (code(path)), None => "configuration" }
        }
        td { (code(&difference.aspect)) }
        @for value in [&difference.before, &difference.after] {
            td { @match value { Some(value) => (code(value)), None => span class="quiet" { "nothing" } } }
        }
        td { (words::cause(&at.key("cause"), &difference.cause)) }
    }
}

fn smoke(at: &At, commands: &[Smoke]) -> Markup {
    html! {
        @if commands.is_empty() { p class="quiet" { "No command was run in the images." } } @else {
            ul class="smoke" {
                @for (index, command) in commands.iter().enumerate() {
                    @let at = at.item("smoke", index);
                    li {
                        (code(&command.command)) " " (badge(words::smoke(command.agrees))) " exit code "
                        (figure(&at.key("before"), command.before, &command.before.to_string())) " → "
                        (figure(&at.key("after"), command.after, &command.after.to_string()))
                    }
                }
            }
        }
    }
}
