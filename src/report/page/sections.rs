//! The sections of the page about the campaign as a whole. They never show text of the repository unescaped.

use super::data::{File, StatusPage, VerdictCount};
use super::figures;
use super::html::{At, Html};
use super::words::Look;
use crate::text::figures::number;
use crate::text::words::{count, short_id};

/// Writes a state or an outcome: words on a coloured ground.
pub fn badge(html: &mut Html, look: Look) {
    html.element("span", &[("class", &format!("badge {}", look.class))], |html| {
        html.text(look.words);
    });
}

/// Writes a path, an instruction or a command of the repository, with its own text direction.
pub fn code(html: &mut Html, text: &str) {
    html.element("code", &[("dir", "ltr")], |html| {
        html.text(text);
    });
}

/// Writes a pull request, as a link if there is a forge.
pub fn pull(html: &mut Html, at: &At, page: &StatusPage, number: u64) {
    let text = format!("#{number}");
    let write = |html: &mut Html| {
        html.figure(at, number, &text);
    };
    match &page.url {
        Some(url) => html.anchor(&format!("{url}/pull/{number}"), write),
        None => html.element("span", &[], write),
    };
}

/// Writes verdicts with their numbers, as in `3 link · 1 hold`.
pub fn verdicts(html: &mut Html, at: &At, verdicts: &[VerdictCount]) {
    if verdicts.is_empty() {
        html.text("no COPY or ADD");
    }
    for (index, counted) in verdicts.iter().enumerate() {
        html.text(if index > 0 { " · " } else { "" });
        let at = at.item("verdicts", index).key("lines");
        html.figure(&at, counted.lines, &number(counted.lines));
        html.text(" ").text(counted.verdict.words());
    }
}

/// Returns the id of a file's element on the page.
pub fn place(wave: usize, file: usize) -> String {
    format!("file-{wave}-{file}")
}

/// Writes the campaign, the repository, the base branch and the time.
pub fn head(html: &mut Html, at: &At, page: &StatusPage) {
    html.element("header", &[], |html| {
        html.element("h1", &[], |html| {
            html.text("Campaign ");
            code(html, &page.campaign);
        });
        html.element("dl", &[("class", "facts")], |html| {
            fact(html, "Repository", |html| match (&page.repository, &page.url) {
                (Some(name), Some(url)) => {
                    html.link(url, name);
                }
                (Some(name), None) => code(html, name),
                (None, _) => {
                    html.text("not on a forge");
                }
            });
            fact(html, "Base", |html| {
                code(html, &page.base);
                html.text(" at ");
                code(html, short_id(&page.commit));
            });
            if let Some(planned) = &page.planned {
                fact(html, "Planned at", |html| code(html, short_id(planned)));
            }
            if let Some(issue) = page.issue {
                fact(html, "Tracking issue", |html| issue_link(html, at, page, issue));
            }
            fact(html, "Made", |html| {
                html.element("time", &[("datetime", &page.made)], |html| {
                    html.text(&page.made);
                });
            });
        });
    });
}

fn issue_link(html: &mut Html, at: &At, page: &StatusPage, issue: u64) {
    let text = format!("#{issue}");
    let write = |html: &mut Html| {
        html.figure(&at.key("issue"), issue, &text);
    };
    match &page.url {
        Some(url) => html.anchor(&format!("{url}/issues/{issue}"), write),
        None => html.element("span", &[], write),
    };
}

fn fact(html: &mut Html, name: &str, value: impl FnOnce(&mut Html)) {
    html.element("div", &[], |html| {
        html.plain("dt", name);
        html.element("dd", &[], value);
    });
}

/// Writes the progress in numbers.
pub fn glance(html: &mut Html, at: &At, page: &StatusPage) {
    let (totals, at) = (&page.totals, at.key("totals"));
    html.element("section", &[("aria-labelledby", "glance")], |html| {
        html.element("h2", &[("id", "glance")], |html| {
            html.text("At a glance");
        });
        html.element("ul", &[("class", "tiles")], |html| {
            for (index, counted) in totals.states.iter().enumerate() {
                html.element("li", &[], |html| {
                    let at = at.item("states", index).key("files");
                    html.element("span", &[("class", "big")], |html| {
                        html.figure(&at, counted.files, &number(counted.files));
                    });
                    badge(html, counted.state.look());
                });
            }
        });
        html.element("p", &[], |html| {
            html.figure(&at.key("files"), totals.files, &count(totals.files, "file"));
            html.text(" in ").text(&count(page.waves.len(), "wave")).text(", ");
            html.figure(&at.key("verified"), totals.verified, &number(totals.verified));
            html.text(" with up-to-date evidence. ");
            html.figure(&at.key("selected"), totals.selected, &count(totals.selected, "line"));
            html.text(" to link, ");
            html.figure(&at.key("proved"), totals.proved, &number(totals.proved));
            html.text(" of them proved. All COPY and ADD lines of these files: ");
            verdicts(html, &at, &totals.verdicts);
            html.text(".");
        });
        if !page.waves.is_empty() {
            html.element("nav", &[("aria-label", "Waves")], |html| {
                html.element("ul", &[("class", "waves")], |html| {
                    for wave in &page.waves {
                        html.element("li", &[], |html| {
                            let place = format!("#wave-{}", wave.number);
                            html.element("a", &[("href", &place)], |html| {
                                html.text("Wave ").text(&wave.number.to_string());
                            });
                            html.text(" ");
                            badge(html, wave.state.look());
                        });
                    }
                });
            });
        }
    });
}

/// Writes the reason why the campaign is stopped, and the files that wait for a decision.
pub fn people(html: &mut Html, at: &At, page: &StatusPage) {
    let asking = |file: &File| file.state.asks().is_some();
    let none = page.contradicted.is_none() && !page.waves.iter().flat_map(|wave| &wave.files).any(asking);
    html.element("section", &[("aria-labelledby", "people")], |html| {
        html.element("h2", &[("id", "people")], |html| {
            html.text("For people to decide");
        });
        if none {
            html.words("p", "quiet", "Nothing.");
            return;
        }
        if let Some(path) = &page.contradicted {
            html.element("p", &[("class", "stop")], |html| {
                html.plain("strong", "The campaign is stopped.").text(" The verification of ");
                code(html, path);
                html.text(" contradicts a proof, so no proof of the campaign is reliable.");
            });
        }
        html.element("ul", &[("class", "asks")], |html| {
            for (number, wave) in page.waves.iter().enumerate() {
                for (index, file) in wave.files.iter().enumerate() {
                    let at = at.item("waves", number).item("files", index);
                    if let Some(asks) = file.state.asks() {
                        html.element("li", &[], |html| {
                            ask(html, &at, page, file, asks, &place(number, index));
                        });
                    }
                }
            }
        });
    });
}

fn ask(html: &mut Html, at: &At, page: &StatusPage, file: &File, asks: &str, place: &str) {
    html.element("a", &[("href", &format!("#{place}"))], |html| code(html, &file.path));
    html.text(" ");
    badge(html, file.state.look());
    if let Some(by) = &file.by {
        html.text(" by ").plain("bdi", by);
    }
    if let Some(number) = file.pull {
        html.text(" in ");
        pull(html, &at.key("pull"), page, number);
    }
    html.text(": ").plain("bdi", file.why.as_deref().unwrap_or(asks));
}

/// Writes the success criteria.
pub fn criteria(html: &mut Html, at: &At, page: &StatusPage) {
    html.element("section", &[("aria-labelledby", "criteria")], |html| {
        html.element("h2", &[("id", "criteria")], |html| {
            html.text("Success criteria");
        });
        if page.criteria.is_empty() {
            html.words("p", "quiet", "None were computed.");
            return;
        }
        html.element("ul", &[("class", "criteria")], |html| {
            for (index, criterion) in page.criteria.iter().enumerate() {
                let at = at.item("criteria", index);
                html.element("li", &[], |html| {
                    badge(html, criterion.state.look());
                    html.text(" ").plain("bdi", &criterion.name);
                    if let Some(done) = criterion.done {
                        html.text(": ").figure(&at.key("done"), done, &number(done));
                    }
                    if let Some(of) = criterion.of {
                        html.text(" of ").figure(&at.key("of"), of, &number(of));
                    }
                    if !criterion.note.is_empty() {
                        html.element("p", &[("class", "quiet")], |html| {
                            html.plain("bdi", &criterion.note);
                        });
                    }
                });
            }
        });
    });
}

/// Writes the sums of all measurements.
pub fn gain(html: &mut Html, at: &At, page: &StatusPage) {
    html.element("section", &[("aria-labelledby", "gain")], |html| {
        html.element("h2", &[("id", "gain")], |html| {
            html.text("Before and after");
        });
        html.words("p", "quiet", "Sums over the measured builds. Before and after are of the same builds.");
        figures::measured(html, &at.key("totals").key("measured"), &page.totals.measured);
    });
}

/// Writes the files that are in no wave.
pub fn left(html: &mut Html, at: &At, page: &StatusPage) {
    if page.left.is_empty() {
        return;
    }
    html.element("section", &[("aria-labelledby", "left")], |html| {
        html.element("h2", &[("id", "left")], |html| {
            html.text("In no wave");
        });
        html.element("details", &[], |html| {
            html.plain("summary", &count(page.left.len(), "file"));
            html.element("ul", &[("class", "left")], |html| {
                for (index, file) in page.left.iter().enumerate() {
                    let at = at.item("left", index);
                    html.element("li", &[], |html| {
                        code(html, &file.path);
                        html.text(": ").plain("bdi", file.why.as_deref().unwrap_or("nothing to edit"));
                        html.element("p", &[("class", "quiet")], |html| verdicts(html, &at, &file.verdicts));
                    });
                }
            });
        });
    });
}
