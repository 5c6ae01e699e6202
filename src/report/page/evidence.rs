//! The results of verifications. They are never shortened without a note.

use super::data::{Build, Verification};
use super::figures;
use super::html::{At, Html};
use super::sections::{badge, code};
use super::words;
use crate::campaign::evidence::{Difference, Outcome, Smoke};
use crate::text::figures::number;
use crate::text::words::{count, short_id};

/// Writes a verification with its builds.
pub fn verification(html: &mut Html, at: &At, found: &Verification) {
    html.plain("h4", "Verification");
    html.element("p", &[], |html| {
        badge(html, words::outcome(found.outcome));
        html.text(" ").element("time", &[("datetime", &found.began)], |html| {
            html.text(&found.began);
        });
        if let Some(commit) = &found.commit {
            html.text(", commit ");
            code(html, short_id(commit));
        }
    });
    reason(html, found.reason.as_deref());
    for (index, built) in found.builds.iter().enumerate() {
        html.element("div", &[("class", "build")], |html| build(html, &at.item("builds", index), built));
    }
}

fn reason(html: &mut Html, reason: Option<&str>) {
    if let Some(reason) = reason {
        html.element("p", &[], |html| {
            html.plain("bdi", reason);
        });
    }
}

fn build(html: &mut Html, at: &At, build: &Build) {
    html.element("h5", &[], |html| {
        html.text("Context ");
        code(html, &build.context);
        if let Some(target) = &build.target {
            html.text(", target ");
            code(html, target);
        }
        html.text(", ").plain("bdi", &build.platform).text(" ");
        badge(html, words::outcome(build.outcome));
    });
    html.element("p", &[("class", "quiet")], |html| {
        html.plain("bdi", &build.builder).text("; frontend ").plain("bdi", &build.frontend).text("; ");
        html.figure(&at.key("linked"), build.linked, &number(build.linked)).text(" of ");
        html.figure(&at.key("edited"), build.edited, &count(build.edited, "edited line"))
            .text(" shown as linked");
        for (index, line) in build.not_exercised.iter().enumerate() {
            html.text(if index == 0 { "; not executed: line " } else { ", " });
            html.figure(&at.item("not_exercised", index), line, &line.to_string());
        }
        if let Some(noise) = build.noise {
            html.text("; ").figure(&at.key("noise"), noise, &count(noise, "difference"));
            html.text(" between two builds of the original, ignored as nondeterministic");
        }
    });
    reason(html, build.reason.as_deref());
    for assumption in &build.assumptions {
        html.element("p", &[], |html| {
            html.text("Not checked: ").plain("bdi", assumption);
        });
    }
    differences(html, at, build);
    smoke(html, at, &build.smoke);
    figures::measured(html, &at.key("measured"), &build.measured);
}

fn differences(html: &mut Html, at: &At, build: &Build) {
    let shown = build.differences.len();
    let Some(differs) = build.differs else {
        html.plain(
            "p",
            match build.outcome {
                Outcome::Different => "The edited file does not build, but the original does.",
                _ => "There are no two images to compare.",
            },
        );
        return;
    };
    html.element("p", &[], |html| {
        html.figure(&at.key("differs"), differs, &count(differs, "difference"));
        if shown < differs {
            html.text("; the first ").text(&number(shown)).text(" are here, all are in the evidence");
        }
    });
    if shown == 0 {
        return;
    }
    let attributes =
        [("class", "scroll"), ("tabindex", "0"), ("role", "region"), ("aria-label", "Differences")];
    html.element("div", &attributes, |html| {
        html.element("table", &[("class", "differences")], |html| {
            html.element("thead", &[], |html| {
                html.element("tr", &[], |html| {
                    for title in ["Path", "What", "Before", "After", "Cause"] {
                        html.element("th", &[("scope", "col")], |html| {
                            html.text(title);
                        });
                    }
                });
            });
            html.element("tbody", &[], |html| {
                for (index, difference) in build.differences.iter().enumerate() {
                    let at = at.item("differences", index);
                    html.element("tr", &[], |html| row(html, &at, difference));
                }
            });
        });
    });
}

fn row(html: &mut Html, at: &At, difference: &Difference) {
    html.element("th", &[("scope", "row")], |html| match &difference.path {
        Some(path) => code(html, path),
        None => {
            html.text("configuration");
        }
    });
    html.element("td", &[], |html| code(html, &difference.aspect));
    for value in [&difference.before, &difference.after] {
        html.element("td", &[], |html| match value {
            Some(value) => code(html, value),
            None => {
                html.words("span", "quiet", "nothing");
            }
        });
    }
    html.element("td", &[], |html| words::cause(html, &at.key("cause"), &difference.cause));
}

fn smoke(html: &mut Html, at: &At, commands: &[Smoke]) {
    if commands.is_empty() {
        html.words("p", "quiet", "No command was run in the images.");
        return;
    }
    html.element("ul", &[("class", "smoke")], |html| {
        for (index, command) in commands.iter().enumerate() {
            let at = at.item("smoke", index);
            html.element("li", &[], |html| {
                code(html, &command.command);
                html.text(" ");
                badge(html, words::smoke(command.agrees));
                html.text(" exit code ").figure(
                    &at.key("before"),
                    command.before,
                    &command.before.to_string(),
                );
                html.text(" → ").figure(&at.key("after"), command.after, &command.after.to_string());
            });
        }
    });
}
