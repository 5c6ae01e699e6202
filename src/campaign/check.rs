//! The findings of a check: linked instructions that change their image or have no effect, headers whose frontend does not
//! know `--link`, builders that ignore or reject it, and false advice. It needs only judged files and never uses a plan, an
//! engine or the network.

mod advice;
mod baseline;
mod builders;
mod finding;
mod ignore;
mod instructions;
mod rule;

use std::collections::{BTreeMap, BTreeSet};

use crate::campaign::plan::file::{File, Plan, Site};

pub(crate) use advice::{is_read as is_read_for_advice, may_advise};
pub(crate) use baseline::{Baseline, BaselineError};
pub use finding::{Finding, Report};
pub(crate) use finding::{FindingKind, Fix, Level, UnknownLine};
pub use rule::{ALL, CheckRule, find};

use crate::analysis::Verdict;
use finding::SCHEMA;

/// The files that a check looks at beside the plan: their texts, by path.
pub(crate) type Texts = BTreeMap<String, String>;

/// The question that a check asks.
pub(crate) struct Question<'q> {
    /// The judged files.
    pub(crate) plan: &'q Plan,
    /// The number of all Dockerfiles.
    pub(crate) files: usize,
    /// The texts of the Dockerfiles, of the files that run builds, and of those that may give advice.
    pub(crate) texts: &'q Texts,
    /// The waivers that accept nothing: rule and line of `layerwright.toml`.
    pub(crate) idle_waivers: &'q [(String, usize)],
    /// The source of the files, in words.
    pub(crate) read: String,
    /// True if an instruction that could be linked and is not is a finding too.
    pub(crate) ratchet: bool,
}

/// Checks the files of a plan. A Dockerfile that could not be read is a finding: a check that leaves it out in silence
/// guards nothing.
pub(crate) fn check(question: Question<'_>) -> Report {
    let Question { plan, files, texts, idle_waivers, read, ratchet } = question;
    let mut findings = instructions::findings(plan, ratchet);
    findings.extend(builders::findings(plan));
    findings.extend(texts.iter().flat_map(|(path, text)| advice::findings(path, text)));
    findings.extend(idle_waivers.iter().map(|(rule, line)| rule::idle_waiver(rule, *line)));
    ignore::apply(&mut findings, texts);
    for finding in &mut findings {
        finding.excerpt = texts.get(&finding.path).map(|text| excerpt(text, finding)).unwrap_or_default();
    }
    findings.sort_by(|a, b| (&a.path, a.line).cmp(&(&b.path, b.line)));
    findings.dedup();
    let unknown_lines: Vec<UnknownLine> = plan.files.iter().flat_map(unknown).collect();
    Report {
        schema: SCHEMA,
        read,
        files,
        linked: plan.files.iter().map(linked).sum(),
        unknown: unknown_lines.len(),
        unknown_lines,
        findings,
        resolved: Vec::new(),
    }
}

/// Returns the number of linked instructions of a file.
fn linked(file: &File) -> usize {
    file.sites.iter().filter(|site| site.audit.is_some()).count()
}

/// Returns the linked instructions of a file whose verdict is unknown.
fn unknown(file: &File) -> Vec<UnknownLine> {
    let of = |site: &Site| {
        let audit = site.audit.as_ref().filter(|audit| audit.verdict == Verdict::Unknown)?;
        let message = audit.reasons.first().map(|reason| reason.message.clone()).unwrap_or_default();
        Some(UnknownLine { path: file.path.clone(), line: site.line, message })
    };
    file.sites.iter().filter_map(of).collect()
}

/// Returns the paths of the files with a linked instruction.
fn linked_files(plan: &Plan) -> BTreeSet<&str> {
    plan.files.iter().filter(|file| linked(file) > 0).map(|file| file.path.as_str()).collect()
}

/// Returns the first line of a finding, without blanks around it.
fn excerpt(text: &str, finding: &Finding) -> String {
    text.lines().nth(finding.line.saturating_sub(1)).unwrap_or_default().trim().to_owned()
}
