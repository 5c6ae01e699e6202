//! The status page of a report.

use std::path::Path;
use std::time::SystemTime;

use super::super::{Error, Kind};
use super::job::Job;
use crate::ops::atomic;
use crate::report::Report;
use crate::report::criteria::{self, criteria};
use crate::report::page::{self, Criterion, CriterionState, Facts, StatusPage};
use crate::report::texts::Writer;
use crate::rollout::{Observed, Progress};

/// Writes the page. `on_forge` is the address of the repository's page, where it has one, and its name.
pub fn write(
    path: &Path,
    job: &Job<'_>,
    report: &Report<'_>,
    texts: &Writer<'_>,
    progress: &Progress,
    observed: &Observed,
    on_forge: Option<(Option<String>, String)>,
) -> Result<(), Error> {
    let criteria = criteria(texts.plan, texts.measured, progress, texts.platforms);
    let criteria: Vec<Criterion> = criteria.into_iter().map(shown).collect();
    let (url, name) = on_forge.unzip();
    let page = StatusPage::new(&Facts {
        campaign: texts.names.campaign(),
        repository: name.as_deref(),
        url: url.flatten().as_deref(),
        issue: observed.issue.as_ref().map(|issue| issue.number),
        base: report.base,
        made: &made(),
        plan: job.plan,
        evidence: texts.measured,
        standings: texts.evidence,
        progress,
        criteria: &criteria,
    });
    let html = page::render(&page).map_err(|error| Error::new(Kind::Environment, error.to_string()))?;
    Ok(atomic::write(path, html.as_bytes())?)
}

fn shown(criterion: criteria::Criterion) -> Criterion {
    let state = if criterion.met { CriterionState::Met } else { CriterionState::Open };
    Criterion { name: criterion.what.to_owned(), state, done: None, of: None, note: criterion.detail }
}

#[expect(clippy::disallowed_methods, reason = "a page says when it was made")]
fn made() -> String {
    humantime::format_rfc3339_seconds(SystemTime::now()).to_string()
}
