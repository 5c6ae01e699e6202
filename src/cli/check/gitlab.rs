//! GitLab's code quality report (GitLab, "Code Quality report format").

use serde_json::{Value, json};

use super::fingerprints;
use crate::campaign::check::{Level, Report};

/// Returns a report as a list of issues.
pub(super) fn issues(report: &Report) -> Value {
    let issues = report.findings.iter().zip(fingerprints(report)).map(|(finding, print)| {
        let severity = match finding.kind.level() {
            Level::Error => "major",
            Level::Warning => "minor",
            Level::Note => "info",
        };
        json!({
            "description": finding.message,
            "check_name": finding.rule,
            "fingerprint": print,
            "severity": severity,
            "location": {"path": finding.path, "lines": {"begin": finding.line, "end": finding.end_line}},
        })
    });
    issues.collect()
}
