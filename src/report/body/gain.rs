//! The gain of a file: its measured rebuilds, and the builders that have none of it. It measures nothing.

use std::fmt::Write as _;
use std::time::Duration;

use crate::builders::Effect;
use crate::campaign::evidence::{BuildFigures, CacheFigures, Pair};
use crate::campaign::plan::file::File;
use crate::text::figures::{bytes, duration};
use crate::text::markdown::code;

/// The most builders of one effect that are named.
const NAMED: usize = 3;

/// Returns a line for each effect, in Markdown.
pub(super) fn effects(file: &File) -> String {
    let mut text = String::new();
    for (effect, head) in [
        (Effect::Ignores, "No effect yet, because the builder ignores the flag, in"),
        (Effect::LinksNotCompared, "Linked by another implementation, whose images were not compared, in"),
        (Effect::Rejects, "Rejected by the builder in"),
    ] {
        let of: Vec<String> =
            file.built_by.iter().filter(|by| by.effect == effect).map(|by| code(&by.place)).collect();
        let more = match of.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !of.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n{head} {}{more}.", of[..of.len().min(NAMED)].join(", "));
        }
    }
    text
}

/// Returns the gain of the rebuilds that were measured, in Markdown.
pub(super) fn measured(cache: &CacheFigures, times: Option<&BuildFigures>) -> String {
    let of = |what: &str, pair: &Pair, ms: Option<(u64, u64)>| {
        let (before, after) = (pair.before, pair.after);
        // Figures that read the same show no gain.
        let mut parts = Vec::new();
        let [old, new] = [before, after].map(|rebuild| bytes(rebuild.pushed_bytes));
        if old != new {
            parts.push(format!("{new} to push again instead of {old}"));
        }
        if before.kept != after.kept {
            parts
                .push(format!("{} of {} layers reused instead of {}", after.kept, after.layers, before.kept));
        }
        let times = ms.map(|(before, after)| [before, after].map(|ms| duration(Duration::from_millis(ms))));
        if let Some([old, new]) = times.filter(|[old, new]| old != new) {
            parts.push(format!("{new} instead of {old}"));
        }
        let parts = if parts.is_empty() { "no difference was measured".to_owned() } else { parts.join(", ") };
        format!("- When {what}: {parts}\n")
    };
    let mut text =
        of("the base image changes", &cache.moved_base, times.and_then(|times| times.moved_base_ms));
    if let Some(early) = &cache.early_step {
        text += &of("an early step changes", early, times.and_then(|times| times.early_step_ms));
    }
    text
}
