//! A baseline: the findings that a repository has already. Each is a rule, a path and a text with a count, never a line
//! number, so an edit elsewhere in the file changes nothing. It never judges anything.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::finding::{Finding, Report};

/// The version of the format that this program writes and reads.
const SCHEMA: u32 = 1;

/// A baseline as a file has it.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Written {
    schema: u32,
    findings: Vec<Entry>,
}

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    rule: String,
    path: String,
    text: String,
    count: usize,
}

/// The reason why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum BaselineError {
    /// It is not in the format.
    #[error("not a baseline: {0}")]
    Format(serde_json::Error),
    /// Its version is another.
    #[error(
        "the baseline has version {0}; this program reads version {SCHEMA}: write it again with --write-baseline"
    )]
    Version(u32),
}

/// The findings that are known already, with their counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Baseline(BTreeMap<(String, String, String), usize>);

impl Baseline {
    /// Returns the baseline of a report.
    pub(crate) fn of(report: &Report) -> Self {
        let mut counts = BTreeMap::new();
        for finding in &report.findings {
            *counts.entry(key(finding)).or_default() += 1;
        }
        Self(counts)
    }

    /// Reads a baseline.
    ///
    /// # Errors
    ///
    /// [`BaselineError`] if it is not one of this version.
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, BaselineError> {
        let written: Written = serde_json::from_slice(bytes).map_err(BaselineError::Format)?;
        if written.schema != SCHEMA {
            return Err(BaselineError::Version(written.schema));
        }
        let entries = written.findings.into_iter();
        Ok(Self(entries.map(|entry| ((entry.rule, entry.path, entry.text), entry.count)).collect()))
    }

    /// Returns the baseline as a file has it, in order of rule, path and text.
    pub(crate) fn write(&self) -> String {
        let entry = |((rule, path, text), count): (&(String, String, String), &usize)| Entry {
            rule: rule.clone(),
            path: path.clone(),
            text: text.clone(),
            count: *count,
        };
        let written = Written { schema: SCHEMA, findings: self.0.iter().map(entry).collect() };
        serde_json::to_string_pretty(&written).unwrap_or_default() + "\n"
    }

    /// Removes the findings that are known from a report. Returns the entries that no longer match.
    pub(crate) fn subtract(&self, report: &mut Report) -> Vec<String> {
        let mut left = self.0.clone();
        report.findings.retain(|finding| match left.get_mut(&key(finding)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        let gone = left.into_iter().filter(|(_, count)| *count > 0);
        gone.map(|((rule, path, text), _)| format!("{path}: {rule}: {text}")).collect()
    }
}

fn key(finding: &Finding) -> (String, String, String) {
    let text = finding.excerpt.split_whitespace().collect::<Vec<_>>().join(" ");
    (finding.rule.clone(), finding.path.clone(), text)
}
