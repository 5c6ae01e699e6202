//! What people read: the first screen of a plan, sites with their reasons, diffs, rules.

use std::path::Path;

use super::migrate::Change;
use crate::analysis::rule::Rule;
use crate::plan::file::{Inspection, Plan};

/// The first screen of a plan. `saved` is where it was written to.
pub fn first_screen(plan: &Plan, saved: Option<&Path>, verbose: bool) -> String {
    let _ = (saved, verbose);
    format!("{} Dockerfiles\n", plan.files.len())
}

/// Files with their sites, and the reasons under the words that they are about. `texts` are the files' bytes.
pub fn inspection(inspection: &Inspection, texts: &[&[u8]]) -> String {
    let _ = texts;
    format!("{} files\n", inspection.files.len())
}

/// Unified diffs of the changes.
pub fn diffs(changes: &[Change<'_>]) -> String {
    let one = |change: &Change<'_>| {
        let (old, new) = (String::from_utf8_lossy(&change.old), String::from_utf8_lossy(&change.new));
        let (from, to) = (format!("a/{}", change.file.path), format!("b/{}", change.file.path));
        similar::TextDiff::from_lines(&*old, &*new).unified_diff().header(&from, &to).to_string()
    };
    changes.iter().map(one).collect()
}

/// The table of rules.
pub fn rules(rules: &[&Rule]) -> String {
    rules.iter().map(|rule| format!("{:<24}{}\n", rule.id.as_str(), rule.summary)).collect()
}

/// The documentation of a rule.
pub fn rule(rule: &Rule) -> String {
    format!("# {}: {}\n\n{}", rule.id, rule.summary, rule.documentation)
}
