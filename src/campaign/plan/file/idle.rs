//! The reason why a file has nothing to edit, in a sentence for people.

use super::{File, Site};
use crate::analysis::Verdict;
use crate::analysis::rule::Prediction;
use crate::text::words::{count, form};

/// The verdicts in the order in which they explain a file, with their words for one line and for several.
const ORDER: [(&[Verdict], &str, &str); 6] = [
    (&[Verdict::Hold], "would change the image", "would change the image"),
    (&[Verdict::Unknown], "is unknown", "are unknown"),
    (&[Verdict::Link, Verdict::Edit], "is safe without any gain", "are safe without any gain"),
    (&[Verdict::NoEffect], "would ignore the flag", "would ignore the flag"),
    (&[Verdict::OptedOut], "has `--link=false`", "have `--link=false`"),
    (&[Verdict::Linked], "is linked already", "are linked already"),
];

impl File {
    /// Returns the reason why the campaign edits nothing in the file; `None` if it edits something.
    pub(crate) fn why_idle(&self) -> Option<String> {
        if let Some(skip) = &self.skip {
            return Some(skip.clone());
        }
        if self.is_edited() {
            return None;
        }
        if let Some(error) = self.errors.first() {
            return Some(format!("BuildKit refuses it: line {}: {}", error.line, error.message));
        }
        let parts: Vec<String> =
            ORDER.iter().filter_map(|(verdicts, one, more)| part(&self.sites, verdicts, one, more)).collect();
        Some(if parts.is_empty() { "it has no COPY and no ADD".to_owned() } else { parts.join("; ") })
    }
}

/// Returns how many instructions have one of these verdicts, with the reason of the first; `None` if none has.
fn part(sites: &[Site], verdicts: &[Verdict], one: &str, more: &str) -> Option<String> {
    let of: Vec<&Site> = sites.iter().filter(|site| verdicts.contains(&site.verdict)).collect();
    let first = of.first()?;
    let reason = first.reasons.first();
    let why = reason.map(|reason| format!(" ({})", reason.message)).unwrap_or_default();
    let breaks = |site: &&Site| {
        site.reasons.first().is_some_and(|reason| reason.rule.rule().predicts == Prediction::BuildFails)
    };
    if first.verdict == Verdict::Hold && of.iter().all(breaks) {
        return Some(format!("{} would break the build{why}", count(of.len(), "line")));
    }
    Some(format!("{} {}{why}", count(of.len(), "line"), form(of.len(), one, more)))
}
