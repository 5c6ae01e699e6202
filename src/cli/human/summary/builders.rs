//! Shows which builders of the repository use the flag, and which do not.

use std::collections::BTreeMap;

use super::super::screen::Screen;
use super::super::style;
use crate::builders::{BuilderUse, Effect};
use crate::campaign::plan::file::Plan;
use crate::text::figures::number;
use crate::text::words::{count, form};

/// The most builders of one effect that are named.
const NAMED: usize = 2;

/// Shows the builders in one sentence. Shows nothing if no file runs a build.
pub(super) fn line(screen: &mut Screen, plan: &Plan) {
    if let Some(text) = sentence(&plan.builders) {
        screen.prose(style::STRONG, "Builders:", &text);
    }
}

/// Returns the sentence: `2 of 14 builds use the flag today; 9 ignore it (docker build on ubuntu-24.04: …), 1 rejects it
/// (.gitlab-ci.yml:14 kaniko 1.9)`.
fn sentence(builders: &[BuilderUse]) -> Option<String> {
    if builders.is_empty() {
        return None;
    }
    let of = |effect: Effect| -> Vec<&BuilderUse> {
        builders.iter().filter(|used| used.effect == effect).collect()
    };
    let uses = form(of(Effect::Links).len(), "uses", "use");
    let mut text = format!(
        "{} of {} {uses} the flag today",
        number(of(Effect::Links).len()),
        count(builders.len(), "build")
    );
    let mut parts = Vec::new();
    let (ignoring, rejecting) = (of(Effect::Ignores), of(Effect::Rejects));
    if !ignoring.is_empty() {
        let words = form(ignoring.len(), "ignores", "ignore");
        parts.push(format!("{} {words} it ({})", number(ignoring.len()), kinds(&ignoring)));
    }
    if !rejecting.is_empty() {
        let words = form(rejecting.len(), "rejects", "reject");
        parts.push(format!("{} {words} it ({})", number(rejecting.len()), places(&rejecting)));
    }
    let others = [(Effect::LinksNotCompared, "by code that is not compared"), (Effect::Unknown, "unknown")];
    for (effect, words) in others {
        let found = of(effect);
        if !found.is_empty() {
            let verb = if effect == Effect::LinksNotCompared {
                form(found.len(), "links ", "link ")
            } else {
                form(found.len(), "is ", "are ")
            };
            parts.push(format!("{} {verb}{words} ({})", number(found.len()), places(&found)));
        }
    }
    if !parts.is_empty() {
        text = format!("{text}; {}", parts.join(", "));
    }
    Some(format!("{text}."))
}

/// Returns the most frequent kinds of builders, the first with what to change.
fn kinds(builders: &[&BuilderUse]) -> String {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for used in builders {
        *counts.entry(&used.what).or_default() += 1;
    }
    let mut ranked: Vec<(&str, usize)> = counts.into_iter().collect();
    ranked.sort_by_key(|(what, n)| (std::cmp::Reverse(*n), *what));
    let mut named: Vec<String> = ranked.iter().take(NAMED).map(|(what, _)| (*what).to_owned()).collect();
    if ranked.len() > NAMED {
        named.push("…".to_owned());
    }
    let first = ranked.first().and_then(|(what, _)| builders.iter().find(|used| used.what == *what));
    let step = first.and_then(|used| used.edit.as_ref()).and_then(|edit| edit.action());
    match step {
        Some(action) => format!("{}: add {action}", named.join(", ")),
        None => named.join(", "),
    }
}

fn places(builders: &[&BuilderUse]) -> String {
    let mut named: Vec<String> = builders.iter().take(NAMED).map(|used| used.place()).collect();
    if builders.len() > NAMED {
        named.push(format!("{} more", number(builders.len() - NAMED)));
    }
    named.join(", ")
}
