//! Workflow commands for GitHub Actions.

use std::fmt::Write as _;

use super::title;
use crate::campaign::check::{Finding, Level, Report};
use crate::text::escape::shown_lines;
use crate::text::figures::number;
use crate::text::words::plural;

/// The most annotations of one level that GitHub shows of a step (GitHub, "Usage limits for annotations").
const MOST_ANNOTATIONS: usize = 10;

/// Returns workflow commands for GitHub Actions, which show each finding at its line. If there are more than GitHub shows,
/// the last one of a level counts the others, which stand in the log.
pub(super) fn annotations(report: &Report) -> String {
    let mut out = String::new();
    for (level, word) in [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "notice")] {
        let of: Vec<&Finding> =
            report.findings.iter().filter(|finding| finding.kind.level() == level).collect();
        let most = if of.len() > MOST_ANNOTATIONS { MOST_ANNOTATIONS - 1 } else { MOST_ANNOTATIONS };
        let (shown, others) = of.split_at(of.len().min(most));
        out.extend(shown.iter().map(|finding| annotation(word, finding)));
        if !others.is_empty() {
            let text = format!(
                "{} more {}: see the log of this step",
                number(others.len()),
                plural(others.len(), "finding")
            );
            // Writing to a string cannot fail.
            let _ = writeln!(out, "::{word} title=COPY --link%3A more findings::{text}");
        }
        for finding in others {
            let line =
                format!("{}:{}: {}: {}", finding.path, finding.line, title(finding.kind), finding.message);
            // A line that begins with a dash does not begin a command.
            let _ = writeln!(out, "- {}", shown_lines(&line).replace('\n', " ").replace("##[", "# #["));
        }
    }
    out
}

fn annotation(level: &str, finding: &Finding) -> String {
    format!(
        "::{level} file={},line={},title={}::{}\n",
        property(&finding.path),
        finding.line,
        property(&format!("COPY --link: {}", title(finding.kind))),
        data(&finding.message)
    )
}

/// Escapes a message as `@actions/core` does (`command.ts`, `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property as `@actions/core` does (`command.ts`, `escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
