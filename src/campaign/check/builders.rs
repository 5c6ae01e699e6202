//! The findings about builders: those that reject or ignore the linked instructions of the files that they build. It never
//! judges a builder.

use std::collections::BTreeSet;

use super::finding::{Finding, FindingKind, Fix};
use super::linked_files;
use crate::builders::{BuilderUse, Effect};
use crate::campaign::plan::file::Plan;

/// Returns the findings about the builders of a plan. A builder of files without a linked instruction is none.
pub(super) fn findings(plan: &Plan) -> Vec<Finding> {
    let linked = linked_files(plan);
    let concerns = |used: &&BuilderUse| {
        used.waived.is_none() && used.dockerfiles.iter().any(|path| linked.contains(path.as_str()))
    };
    plan.builders.iter().filter(concerns).filter_map(|used| finding(used, &linked)).collect()
}

fn finding(used: &BuilderUse, linked: &BTreeSet<&str>) -> Option<Finding> {
    let (kind, effect) = match used.effect {
        Effect::Rejects => (FindingKind::Rejects, "rejects the linked lines"),
        Effect::Ignores => (FindingKind::Ignores, "ignores the linked lines"),
        Effect::Links | Effect::LinksNotCompared | Effect::Unknown => return None,
    };
    let rule = used.rule.rule();
    let of: Vec<&String> = used.dockerfiles.iter().filter(|path| linked.contains(path.as_str())).collect();
    let files = match of.as_slice() {
        [only] => (*only).clone(),
        [first, rest @ ..] => format!("{first} and {} more", rest.len()),
        [] => return None,
    };
    let remedy = rule.remedy.map(|remedy| format!(": {remedy}")).unwrap_or_default();
    let message = format!("{} {effect} of {files}{remedy}", used.what);
    let fix = used.edit.as_ref().filter(|edit| edit.path == used.path).map(|edit| Fix {
        safe: edit.safe,
        title: format!("add {}", edit.action().unwrap_or("a step")),
        line: edit.line,
        lines: 0,
        text: edit.text.clone(),
    });
    Some(Finding { fix, ..Finding::new(&used.path, used.line, kind, rule.name, message) })
}
