//! The findings of a check: linked lines that change their image or have no effect, and headers whose frontend does not
//! know `--link`. It needs only judged files and never uses a plan, an engine or the network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Verdict;
use crate::analysis::rule::RuleId;
use crate::campaign::plan::file::{File, Plan, Reason, Refused, Site};
use crate::edit::header::{Frontend, LINK, Version};

/// The version of the format that this program writes.
pub(crate) const SCHEMA: u32 = 1;

/// The output of `check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The source of the files: `the working tree`, `the index`, `the folder`, or `commit` with its id.
    pub read: String,
    /// The number of Dockerfiles that were checked.
    pub files: usize,
    /// The number of linked lines in them.
    pub linked: usize,
    /// The number of linked lines whose verdict is unknown: too little is known of the base image or of a command.
    pub unknown: usize,
    /// The findings, in order of path and line.
    pub findings: Vec<Finding>,
}

/// A finding of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The Dockerfile.
    pub path: String,
    /// Its line, 1-based.
    pub line: usize,
    /// The kind of the finding.
    pub(crate) kind: FindingKind,
    /// The rule that explains the finding; null for a finding about the header.
    #[schemars(with = "Option<String>")]
    pub(crate) rule: Option<RuleId>,
    /// The effect, in a sentence.
    pub(crate) message: String,
}

/// The kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FindingKind {
    /// A linked line that changes its image, or does not build.
    Hazard,
    /// A linked line whose flag has no effect.
    #[serde(rename = "inert")]
    NoEffect,
    /// A header that names a frontend which does not support a linked line.
    Header,
    /// A Dockerfile that could not be read, so that nothing in it was checked.
    Unread,
}

/// Checks the files of a plan. A Dockerfile that could not be read is a finding: a check that leaves it out in silence
/// guards nothing. `read` says what was read.
pub(crate) fn check(plan: &Plan, read: String) -> Report {
    let files = &plan.files;
    let linked = |file: &File| file.sites.iter().filter(|site| site.audit.is_some()).count();
    let unknown = |file: &File| {
        let unknown = |site: &&Site| site.audit.as_ref().is_some_and(|a| a.verdict == Verdict::Unknown);
        file.sites.iter().filter(unknown).count()
    };
    Report {
        schema: SCHEMA,
        read,
        files: files.len(),
        linked: files.iter().map(linked).sum(),
        unknown: files.iter().map(unknown).sum(),
        findings: plan.refused.iter().map(unread).chain(files.iter().flat_map(of_file)).collect(),
    }
}

fn unread(refused: &Refused) -> Finding {
    Finding {
        path: refused.path.clone(),
        line: 1,
        kind: FindingKind::Unread,
        rule: None,
        message: refused.reason.clone(),
    }
}

fn of_file(file: &File) -> Vec<Finding> {
    let header = file.sites.iter().find(|site| site.audit.is_some()).and_then(|site| header(file, site));
    let mut findings: Vec<Finding> = header.into_iter().collect();
    findings.extend(file.sites.iter().flat_map(|site| of_site(file, site)));
    findings
}

/// Returns the finding about the header, if the frontend that a file names does not support its first linked line.
fn header(file: &File, linked: &Site) -> Option<Finding> {
    let current = file.syntax.current.as_deref()?;
    let Frontend::Docker(Version { major, minor }) = Frontend::read(current) else { return None };
    (Version { major, minor } < LINK).then(|| Finding {
        path: file.path.clone(),
        line: linked.line,
        kind: FindingKind::Header,
        rule: None,
        message: format!(
            "the header names {current}, which does not support --link: it needs {LINK} or later"
        ),
    })
}

fn of_site(file: &File, site: &Site) -> Vec<Finding> {
    let Some(audit) = &site.audit else { return Vec::new() };
    let kind = match audit.verdict {
        Verdict::Hold | Verdict::Edit => FindingKind::Hazard,
        Verdict::NoEffect => FindingKind::NoEffect,
        _ => return Vec::new(),
    };
    let finding = |reason: &Reason| Finding {
        path: file.path.clone(),
        line: site.line,
        kind,
        rule: Some(reason.rule),
        message: reason.message.clone(),
    };
    audit.reasons.iter().map(finding).collect()
}
