//! `JUnit` XML: one test case a finding, or one that passes.

use std::fmt::Write as _;

use super::title;
use crate::campaign::check::Report;

/// Returns a report as test suites.
pub(super) fn suites(report: &Report) -> String {
    let failures = report.findings.len();
    let tests = failures.max(1);
    let mut out = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite name=\"layerwright check\" tests=\"{tests}\" \
         failures=\"{failures}\">\n"
    );
    for finding in &report.findings {
        let name = format!("{}:{} {}", finding.path, finding.line, finding.rule);
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "    <testcase classname=\"{}\" name=\"{}\" file=\"{}\" line=\"{}\">\n      <failure type=\"{}\" \
             message=\"{}\">{}</failure>\n    </testcase>",
            escaped(&finding.rule),
            escaped(&name),
            escaped(&finding.path),
            finding.line,
            escaped(title(finding.kind)),
            escaped(&finding.message),
            escaped(&finding.excerpt)
        );
    }
    if report.findings.is_empty() {
        out.push_str("    <testcase classname=\"layerwright\" name=\"check\"/>\n");
    }
    out.push_str("  </testsuite>\n</testsuites>\n");
    out
}

/// Escapes a text for XML 1.0, which has no control characters but tab and line breaks.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\t' | '\n' | '\r' => out.push(' '),
            c if c.is_control() || matches!(c, '\u{fffe}' | '\u{ffff}') => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
