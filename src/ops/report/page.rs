//! Makes the status page of a report.

use super::{ClonedCampaign, ReportingError};
use crate::campaign::progress::{Observed, Progress};
use crate::report::Report;
use crate::report::criteria::{self, criteria};
use crate::report::page::{self, Criterion, CriterionState, Facts, StatusPage};
use crate::report::texts::Writer;

/// Returns the page as HTML. `on_forge` is the address of the page of the repository, if it has one, and its name.
pub(in crate::ops) fn render(
    campaign: &ClonedCampaign<'_>,
    report: &Report<'_>,
    texts: &Writer<'_>,
    progress: &Progress,
    observed: &Observed,
    on_forge: Option<(Option<String>, String)>,
) -> Result<String, ReportingError> {
    let criteria = criteria(texts.plan, texts.measured, progress, texts.platforms);
    let criteria: Vec<Criterion> = criteria.into_iter().map(shown).collect();
    let (url, name) = on_forge.unzip();
    let page = StatusPage::new(&Facts {
        campaign: texts.names.campaign(),
        repository: name.as_deref(),
        url: url.flatten().as_deref(),
        issue: observed.issue.as_ref().map(|issue| issue.number),
        base: report.base,
        made: &humantime::format_rfc3339_seconds(campaign.now).to_string(),
        plan: campaign.plan,
        evidence: texts.measured,
        states: texts.evidence,
        progress,
        criteria: &criteria,
        max_open: report.policy.report.max_open,
    });
    Ok(page::render(&page)?)
}

fn shown(criterion: criteria::Criterion) -> Criterion {
    let state = if criterion.met == Some(true) { CriterionState::Met } else { CriterionState::Open };
    Criterion { name: criterion.what.to_owned(), state, done: None, of: None, note: criterion.detail }
}
