//! The sections of the page about the campaign as a whole. They never show text of the repository unescaped.

use maud::{Markup, html};

use super::data::{File, StatusPage, VerdictCount};
use super::figures;
use super::html::{At, figure, link, prose};
use super::words::Look;
use crate::campaign::progress::StepKind;
use crate::text::figures::number;
use crate::text::words::{count, short_id};

/// Returns a state or an outcome: words on a coloured ground.
pub(crate) fn badge(look: Look) -> Markup {
    html! { span class={ "badge " (look.class) } { (look.words) } }
}

/// Returns a path, an instruction or a command of the repository, with its own text direction.
pub(crate) fn code(text: &str) -> Markup {
    html! { code dir="ltr" { (text) } }
}

/// Returns verdicts with their numbers, as in `3 link · 1 hold`.
pub(crate) fn verdicts(at: &At, verdicts: &[VerdictCount]) -> Markup {
    html! {
        @if verdicts.is_empty() { "no COPY or ADD" }
        @for (index, counted) in verdicts.iter().enumerate() {
            @if index > 0 { " · " }
            (figure(&at.item("verdicts", index).key("lines"), counted.lines, &number(counted.lines)))
            " " (counted.verdict.words())
        }
    }
}

/// Returns the id of a file's element on the page.
pub(crate) fn place(wave: usize, file: usize) -> String {
    format!("file-{wave}-{file}")
}

/// Returns a pull request, as a link if there is a forge.
pub(crate) fn pull(at: &At, page: &StatusPage, number: u64) -> Markup {
    numbered(at, page, "pull", number)
}

/// Returns the short id of a commit, as a link if there is a forge.
pub(crate) fn commit(page: &StatusPage, id: &str) -> Markup {
    let short = code(short_id(id));
    html! {
        @if let Some(url) = &page.url { (link(&format!("{url}/commit/{id}"), &short)) } @else { (short) }
    }
}

fn numbered(at: &At, page: &StatusPage, kind: &str, number: u64) -> Markup {
    let text = figure(at, number, &format!("#{number}"));
    html! {
        @if let Some(url) = &page.url { (link(&format!("{url}/{kind}/{number}"), &text)) } @else { span { (text) } }
    }
}

/// Returns the campaign, the repository, the base branch and the time.
pub(crate) fn head(at: &At, page: &StatusPage) -> Markup {
    html! {
        header {
            h1 { "Campaign " (code(&page.campaign)) }
            dl class="facts" {
                (fact("Repository", &match (&page.repository, &page.url) {
                    (Some(name), Some(url)) => link(url, &html! { (name) }),
                    (Some(name), None) => code(name),
                    (None, _) => html! { "not on a forge" },
                }))
                (fact("Base", &html! { (code(&page.base)) " at " (commit(page, &page.commit)) }))
                @if let Some(planned) = &page.planned {
                    (fact("Planned at", &commit(page, planned)))
                }
                @if let Some(issue) = page.issue {
                    (fact("Tracking issue", &numbered(&at.key("issue"), page, "issues", issue)))
                }
                (fact(if page.step.kind == StepKind::Finished { "State" } else { "Next" }, &html! {
                    (page.step.words)
                    @if let Some(command) = &page.step.command { ": " (code(command)) }
                }))
                (fact("Made", &html! { time datetime=(page.made) { (page.made) } }))
            }
        }
    }
}

fn fact(name: &str, value: &Markup) -> Markup {
    html! { div { dt { (name) } dd { (value) } } }
}

/// Returns the progress in numbers.
pub(crate) fn glance(at: &At, page: &StatusPage) -> Markup {
    let (totals, at) = (&page.totals, at.key("totals"));
    html! {
        section aria-labelledby="glance" {
            h2 id="glance" { "At a glance" }
            ul class="tiles" {
                @for (index, counted) in totals.states.iter().enumerate() {
                    li {
                        span class="big" {
                            (figure(&at.item("states", index).key("files"), counted.files, &number(counted.files)))
                        }
                        (badge(counted.state.look()))
                    }
                }
            }
            p {
                (figure(&at.key("files"), totals.files, &count(totals.files, "file")))
                " in " (count(page.waves.len(), "wave")) ", "
                (figure(&at.key("verified"), totals.verified, &number(totals.verified)))
                " with up-to-date evidence. "
                (figure(&at.key("selected"), totals.selected, &count(totals.selected, "line")))
                " to link, "
                (figure(&at.key("proved"), totals.proved, &number(totals.proved)))
                " of them proved. All COPY and ADD lines of these files: "
                (verdicts(&at, &totals.verdicts)) "."
            }
            @if !page.waves.is_empty() {
                nav aria-label="Waves" {
                    ul class="waves" {
                        @for wave in &page.waves {
                            li {
                                a href={ "#wave-" (wave.number) } { "Wave " (wave.number) }
                                " " (badge(wave.state.look()))
                            }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the reason why the campaign is stopped, and the files that wait for a decision.
pub(crate) fn people(at: &At, page: &StatusPage) -> Markup {
    let asking = |file: &File| file.state.asks().is_some();
    let none = page.contradicted.is_none() && !page.waves.iter().flat_map(|wave| &wave.files).any(asking);
    html! {
        section aria-labelledby="people" {
            h2 id="people" { "For people to decide" }
            @if none { p class="quiet" { "Nothing." } } @else {
                @if let Some(path) = &page.contradicted {
                    p class="stop" {
                        strong { "The campaign is stopped." } " The verification of " (code(path))
                        " contradicts a proof, so no proof of the campaign is reliable."
                    }
                }
                ul class="asks" {
                    @for (number, wave) in page.waves.iter().enumerate() {
                        @for (index, file) in wave.files.iter().enumerate() {
                            @if let Some(asks) = file.state.asks() {
                                li {
                                    a href={ "#" (place(number, index)) } { (code(&file.path)) }
                                    " " (ask(&at.item("waves", number).item("files", index), page, file, asks))
                                }
                            }
                        }
                    }
                }
            }
        }
    }
}

fn ask(at: &At, page: &StatusPage, file: &File, asks: &str) -> Markup {
    html! {
        (badge(file.state.look()))
        @if let Some(by) = &file.by { " by " bdi { (by) } }
        @if let Some(id) = &file.commit { " in commit " (commit(page, id)) }
        @if let Some(number) = file.pull { " in " (pull(&at.key("pull"), page, number)) }
        ": " (prose(file.why.as_deref().unwrap_or(asks)))
    }
}

/// Returns the success criteria.
pub(crate) fn criteria(at: &At, page: &StatusPage) -> Markup {
    html! {
        section aria-labelledby="criteria" {
            h2 id="criteria" { "Success criteria" }
            @if page.criteria.is_empty() { p class="quiet" { "None were computed." } } @else {
                ul class="criteria" {
                    @for (index, criterion) in page.criteria.iter().enumerate() {
                        @let at = at.item("criteria", index);
                        li {
                            (badge(criterion.state.look())) " " (prose(&criterion.name))
                            @if let Some(done) = criterion.done {
                                ": " (figure(&at.key("done"), done, &number(done)))
                            }
                            @if let Some(of) = criterion.of {
                                " of " (figure(&at.key("of"), of, &number(of)))
                            }
                            @if !criterion.note.is_empty() { p class="quiet" { (prose(&criterion.note)) } }
                        }
                    }
                }
            }
        }
    }
}

/// Returns the sums of all measurements.
pub(crate) fn gain(at: &At, page: &StatusPage) -> Markup {
    html! {
        section aria-labelledby="gain" {
            h2 id="gain" { "Before and after" }
            p class="quiet" { "Sums over the measured builds. Before and after are of the same builds." }
            (figures::measured(&at.key("totals").key("measured"), &page.totals.measured))
        }
    }
}

/// Returns the files that are in no wave.
pub(crate) fn left(at: &At, page: &StatusPage) -> Markup {
    html! {
        @if !page.left.is_empty() {
            section aria-labelledby="left" {
                h2 id="left" { "Nothing to link" }
                details {
                    summary { (count(page.left.len(), "file")) }
                    ul class="left" {
                        @for (index, file) in page.left.iter().enumerate() {
                            li {
                                (code(&file.path)) ": "
                                (prose(file.why.as_deref().unwrap_or("nothing to edit")))
                                p class="quiet" { (verdicts(&at.item("left", index), &file.verdicts)) }
                            }
                        }
                    }
                }
            }
        }
    }
}
