//! The waves and their files.

use std::time::Duration;

use super::data::{File, Line, StatusPage, Wave};
use super::evidence;
use super::figures;
use super::html::{At, Html};
use super::sections::{badge, code, place, pull, verdicts};
use super::words::{self, Look};
use crate::campaign::evidence::Outcome;
use crate::text::figures::{duration, number};

/// Writes each wave.
pub fn waves(html: &mut Html, at: &At, page: &StatusPage) {
    for (index, found) in page.waves.iter().enumerate() {
        let id = format!("wave-{}", found.number);
        let at = at.item("waves", index);
        html.element("section", &[("aria-labelledby", &id), ("class", "wave")], |html| {
            html.element("h2", &[("id", &id)], |html| {
                html.text("Wave ").figure(&at.key("number"), found.number, &found.number.to_string());
                html.text(if found.number == 0 { ", the proof of concept " } else { " " });
                badge(html, found.state.look());
            });
            wave(html, &at, page, index, found);
        });
    }
}

fn wave(html: &mut Html, at: &At, page: &StatusPage, index: usize, wave: &Wave) {
    html.element("p", &[], |html| {
        html.figure(&at.key("done"), wave.done, &number(wave.done)).text(" of ");
        html.figure(&at.key("of"), wave.of, &number(wave.of)).text(" done.");
    });
    if !wave.reason.is_empty() {
        html.element("p", &[("class", "quiet")], |html| {
            html.text("Reason: ").plain("bdi", &wave.reason);
        });
    }
    if !wave.waits_for.is_empty() {
        html.element("details", &[], |html| {
            html.element("summary", &[], |html| {
                html.text("Waits for files of earlier waves: ").text(&number(wave.waits_for.len()));
            });
            html.element("ul", &[], |html| {
                for path in &wave.waits_for {
                    html.element("li", &[], |html| code(html, path));
                }
            });
        });
    }
    for (number, found) in wave.files.iter().enumerate() {
        let id = place(index, number);
        html.element("article", &[("id", &id)], |html| file(html, &at.item("files", number), page, found));
    }
}

fn file(html: &mut Html, at: &At, page: &StatusPage, file: &File) {
    html.element("h3", &[], |html| code(html, &file.path));
    html.element("p", &[("class", "row")], |html| {
        badge(html, file.state.look());
        let class = format!("badge {}", words::evidence(file.evidence_state));
        html.element("span", &[("class", &class)], |html| {
            html.text(&file.says);
        });
        if let Some(number) = file.pull {
            pull(html, &at.key("pull"), page, number);
        }
        html.element("span", &[("class", "quiet")], |html| verdicts(html, at, &file.verdicts));
    });
    if let Some(by) = &file.by {
        html.element("p", &[("class", "quiet")], |html| {
            html.text(file.state.look().words).text(" by ").plain("bdi", by);
        });
    }
    if let Some(why) = &file.why {
        html.element("p", &[("class", "quiet")], |html| {
            html.plain("bdi", why);
        });
    }
    in_short(html, at, file);
    let differs = file.evidence.as_ref().is_some_and(|found| found.outcome == Outcome::Different);
    let attributes: &[(&'static str, &str)] = if differs { &[("open", "")] } else { &[] };
    html.element("details", attributes, |html| {
        html.plain("summary", "Lines, builds and figures");
        facts(html, file);
        lines(html, at, &file.lines);
        match &file.evidence {
            Some(found) => evidence::verification(html, &at.key("evidence"), found),
            None => {
                html.words("p", "quiet", "Not verified: no images were built and no costs were measured.");
            }
        }
    });
}

/// Writes the cost of a changed base image in one line: the most important figure.
fn in_short(html: &mut Html, at: &At, file: &File) {
    let (at, cost) = (at.key("measured").key("moved_base"), &file.measured.moved_base);
    html.element("p", &[("class", "short")], |html| {
        html.text("After the base image changed: ");
        if let Some(times) = &cost.times {
            let at = at.key("times");
            let ms = |time| duration(Duration::from_millis(time));
            html.figure(&at.key("before_ms"), times.before_ms, &ms(times.before_ms));
            html.text(" → ");
            html.figure(&at.key("after_ms"), times.after_ms, &ms(times.after_ms));
        }
        if let Some(layers) = &cost.layers {
            let (at, before, after) = (at.key("layers").key("cost"), layers.cost.before, layers.cost.after);
            html.text(if cost.times.is_some() { ", layers reused " } else { "layers reused " });
            html.figure(&at.key("before").key("kept"), before.kept, &number(before.kept)).text(" of ");
            html.figure(&at.key("before").key("layers"), before.layers, &number(before.layers)).text(" → ");
            html.figure(&at.key("after").key("kept"), after.kept, &number(after.kept)).text(" of ");
            html.figure(&at.key("after").key("layers"), after.layers, &number(after.layers));
        }
        if cost.times.is_none() && cost.layers.is_none() {
            html.text(figures::NOT_MEASURED);
        }
    });
}

fn facts(html: &mut Html, file: &File) {
    if !file.owners.is_empty() {
        html.element("p", &[], |html| {
            html.text("Owners: ").plain("bdi", &file.owners.join(" "));
        });
    }
    if let Some(header) = &file.header {
        html.element("p", &[], |html| {
            html.text("New header: ");
            code(html, &format!("# syntax={header}"));
        });
    }
}

fn lines(html: &mut Html, at: &At, lines: &[Line]) {
    html.plain("h4", "COPY and ADD");
    html.element("ol", &[("class", "lines")], |html| {
        for (index, line) in lines.iter().enumerate() {
            let at = at.item("lines", index).key("line");
            html.element("li", &[], |html| {
                html.text("Line ").figure(&at, line.line, &line.line.to_string()).text(" ");
                badge(html, look(line));
                html.text(match line.proved {
                    Some(true) => " proved",
                    Some(false) => " assumed",
                    None => "",
                });
                html.element("pre", &[], |html| code(html, &line.text));
                if !line.notes.is_empty() {
                    html.element("ul", &[], |html| {
                        for note in &line.notes {
                            html.element("li", &[], |html| {
                                html.plain("bdi", note);
                            });
                        }
                    });
                }
            });
        }
    });
}

fn look(line: &Line) -> Look {
    let class = if line.selected { "good" } else { "quiet" };
    Look { words: line.verdict.words(), class }
}
