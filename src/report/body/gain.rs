//! The gain and the cost of the change: measured, or expected.

use std::fmt::Write as _;
use std::time::Duration;

use super::Parts;
use crate::analysis::Benefit;
use crate::builders::Effect;
use crate::campaign::evidence::{BuildFigures, CacheFigures, Evidence, Pair};
use crate::campaign::plan::file::File;
use crate::text::command;
use crate::text::figures::{bytes, duration};
use crate::text::markdown::code;

/// The most builders of one effect that are named.
const NAMED: usize = 3;

/// The shortest time of merges that is named, in milliseconds: shorter ones read as zero.
const LEAST_MERGE: u64 = 50;

/// The smallest difference between two times of one build each that is named, in milliseconds, if it is also a tenth of them:
/// smaller ones may be chance.
const LEAST_DIFFERENCE: u64 = 1_000;

/// The condition of the gain.
const FROM_CACHE: &str = "from the builder's cache when the base image or an earlier step changes";

/// Returns a paragraph for each effect, in Markdown.
fn effects(file: &File) -> String {
    let mut text = String::new();
    for (effect, head) in [
        (Effect::Ignores, "**No gain yet** where the builder ignores the flag:"),
        (Effect::LinksNotCompared, "**Not compared:** images that are linked by another implementation, in"),
        (Effect::Rejects, "**Rejected** by the builder in"),
    ] {
        let of: Vec<String> =
            file.built_by.iter().filter(|by| by.effect == effect).map(|by| code(&by.place)).collect();
        let more = match of.len().saturating_sub(NAMED) {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        if !of.is_empty() {
            // Writing to a string cannot fail.
            let _ = write!(text, "\n\n{head} {}{more}", of[..of.len().min(NAMED)].join(", "));
            let rule = file.built_by.iter().find(|by| by.effect == effect).map(|by| by.rule.to_string());
            let _ = match rule.filter(|_| effect == Effect::Ignores) {
                Some(rule) => {
                    let explain = command::layerwright(["explain", &rule]);
                    write!(
                        text,
                        ". The image there is the same as without it; {} says what to change.",
                        code(&explain)
                    )
                }
                None => write!(text, "."),
            };
        }
    }
    text
}

impl Parts<'_> {
    /// Returns the measurements of this file; without them what is expected, with the measurements of the proof of concept.
    pub(super) fn gain(&self) -> String {
        if let Some(figures) = self.evidence.and_then(measured) {
            return format!(
                "**Gain and cost,** measured for this file:\n{}{}",
                figures.trim_end(),
                effects(self.file)
            );
        }
        if self.file.edits_header_only() {
            return "**Gain:** the file has the header that this repository wants everywhere. No build gets faster by \
                    that alone."
                .to_owned();
        }
        let pays = self.file.selected().filter(|site| site.benefit == Benefit::Pays).count();
        let layers = match pays {
            0 => "the layers do not depend on earlier steps. No build gets faster by that alone".to_owned(),
            1 => format!("this layer is reused {FROM_CACHE}"),
            _ => format!("these {pays} layers are reused {FROM_CACHE}"),
        };
        let text = format!("**Gain:** {layers}. Not measured for this file.");
        let effects = effects(self.file);
        let of_other = self
            .measured_before
            .filter(|_| pays > 0)
            .and_then(|evidence| Some((evidence, measured(evidence)?)));
        match of_other {
            Some((evidence, figures)) => format!(
                "{text}\n\nMeasured for the proof of concept, {}:\n{}{effects}",
                code(&evidence.path),
                figures.trim_end()
            ),
            None => text + &effects,
        }
    }
}

/// Returns the measurements of a verification, a line each; `None` if it measured no cost of changes.
fn measured(evidence: &Evidence) -> Option<String> {
    let mut out: Vec<String> = Vec::new();
    for (at, build) in evidence.builds.iter().enumerate() {
        let Some(cache) = &build.cache else { continue };
        let figures = of_build(cache, evidence.figures.builds.get(at));
        if !out.contains(&figures) {
            out.push(figures);
        }
    }
    (!out.is_empty()).then(|| out.concat())
}

fn of_build(cache: &CacheFigures, times: Option<&BuildFigures>) -> String {
    let mut text = line(
        "When the base image changes, with a warm cache",
        &cache.moved_base,
        times.and_then(|times| times.moved_base_ms),
    );
    if let Some(early) = &cache.early_step {
        text += &line(
            "When an early step changes, with a warm cache",
            early,
            times.and_then(|times| times.early_step_ms),
        );
    }
    let whole = times.and_then(|times| Some((times.before_ms, times.after_ms?)));
    if let Some(times) = whole.and_then(instead) {
        text.extend(["- The first build, without a cache, each measured once: ", &times, "\n"]);
    }
    if let Some(merge) = times.and_then(|times| times.merge_ms).filter(|ms| *ms >= LEAST_MERGE) {
        let merge = duration(Duration::from_millis(merge));
        let _ = writeln!(text, "- Merging the linked layers, in the first build: {merge}");
    }
    text
}

/// Returns one line about a rebuild. Figures that read the same are left out.
fn line(when: &str, pair: &Pair, ms: Option<(u64, u64)>) -> String {
    let (before, after) = (pair.before, pair.after);
    let mut parts = Vec::new();
    let [old, new] = [before, after].map(|rebuild| bytes(rebuild.pushed_bytes));
    if old != new {
        parts.push(format!("{new} to push again instead of {old}"));
    }
    if before.kept != after.kept {
        parts.push(format!("{} of {} layers reused instead of {}", after.kept, after.layers, before.kept));
    }
    parts.extend(ms.and_then(instead));
    let parts = if parts.is_empty() { "no difference was measured".to_owned() } else { parts.join(", ") };
    format!("- {when}: {parts}\n")
}

/// Returns the time after the change beside that before; `None` if they may differ by chance.
fn instead((before, after): (u64, u64)) -> Option<String> {
    let difference = before.abs_diff(after);
    let is_clear = difference >= LEAST_DIFFERENCE && difference.saturating_mul(10) >= before.max(after);
    let [old, new] = [before, after].map(|ms| duration(Duration::from_millis(ms)));
    is_clear.then(|| format!("{new} instead of {old}"))
}
