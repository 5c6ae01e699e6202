//! The findings of a check: linked lines that change their image or have no effect, and headers that do not know them.
//! Judged files are all that it needs: no plan, no engine and no network.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::Verdict;
use crate::analysis::rule::RuleId;
use crate::campaign::plan::file::{File, Reason, Site};
use crate::edit::header::{Frontend, LINK, Version};

/// The version of the format that this program writes.
pub const SCHEMA: u32 = 1;

/// What `check` prints.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// How many Dockerfiles were looked at.
    pub files: usize,
    /// How many linked lines they have.
    pub linked: usize,
    /// How many of these cannot be told: the base image or a command is not known well enough.
    pub unknown: usize,
    /// What was found, in order of path and line.
    pub findings: Vec<Finding>,
}

/// Something that was found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The Dockerfile.
    pub path: String,
    /// Its line, 1-based.
    pub line: usize,
    /// What it is.
    pub kind: FindingKind,
    /// The rule that tells more; null where it is about the header.
    #[schemars(with = "Option<String>")]
    pub rule: Option<RuleId>,
    /// What happens, in a sentence.
    pub message: String,
}

/// What was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum FindingKind {
    /// A linked line that changes its image, or does not build.
    Hazard,
    /// A linked line whose flag has no effect.
    #[serde(rename = "inert")]
    NoEffect,
    /// A header that names a frontend which does not know a linked line.
    Header,
}

/// Checks files that were judged.
pub fn check(files: &[File]) -> Report {
    let linked = |file: &File| file.sites.iter().filter(|site| site.audit.is_some()).count();
    let unknown = |file: &File| {
        let unknown = |site: &&Site| site.audit.as_ref().is_some_and(|a| a.verdict == Verdict::Unknown);
        file.sites.iter().filter(unknown).count()
    };
    Report {
        schema: SCHEMA,
        files: files.len(),
        linked: files.iter().map(linked).sum(),
        unknown: files.iter().map(unknown).sum(),
        findings: files.iter().flat_map(of_file).collect(),
    }
}

fn of_file(file: &File) -> Vec<Finding> {
    let header = file.sites.iter().find(|site| site.audit.is_some()).and_then(|site| header(file, site));
    let mut findings: Vec<Finding> = header.into_iter().collect();
    findings.extend(file.sites.iter().flat_map(|site| of_site(file, site)));
    findings
}

/// Why the frontend that a file names does not know its first linked line.
fn header(file: &File, linked: &Site) -> Option<Finding> {
    let current = file.syntax.current.as_deref()?;
    let Frontend::Docker(Version { major, minor }) = Frontend::read(current) else { return None };
    (Version { major, minor } < LINK).then(|| Finding {
        path: file.path.clone(),
        line: linked.line,
        kind: FindingKind::Header,
        rule: None,
        message: format!("the header names {current}, which does not know --link: it came with {LINK}"),
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
