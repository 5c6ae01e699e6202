//! The findings of a check for people.

use std::fmt::Write as _;

use super::{CheckArguments, title};
use crate::campaign::check::{Finding, Report};
use crate::ops::Fixed;
use crate::text::escape::shown_lines;
use crate::text::words::{count, form, short_id};

/// Returns the findings, one a line, and a summary.
pub(super) fn report(report: &Report, fixed: Fixed, arguments: &CheckArguments) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        line(&mut out, finding);
        if arguments.verbose {
            details(&mut out, finding, arguments.unsafe_fixes);
        }
    }
    for unknown in report.unknown_lines.iter().filter(|_| arguments.verbose) {
        let (path, message) = (shown_lines(&unknown.path), shown_lines(&unknown.message));
        let _ = writeln!(out, "{path}:{}: unknown: {message}", unknown.line);
    }
    for entry in &report.resolved {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "no longer found, remove it from the baseline: {}", shown_lines(entry));
    }
    summary(&mut out, report, fixed);
    out
}

fn line(out: &mut String, finding: &Finding) {
    let _ = writeln!(
        out,
        "{}:{}: {}: {} [{}]",
        shown_lines(&finding.path),
        finding.line,
        title(finding.kind),
        shown_lines(&finding.message),
        finding.rule
    );
}

/// Writes the line of the file, and the edit.
fn details(out: &mut String, finding: &Finding, with_unsafe: bool) {
    if !finding.excerpt.is_empty() {
        let _ = writeln!(out, "    {}", shown_lines(&finding.excerpt));
    }
    if let Some(fix) = finding.fix.as_ref().filter(|fix| fix.safe || with_unsafe) {
        let option = if fix.safe { "--fix" } else { "--fix --unsafe-fixes" };
        let _ = writeln!(out, "    {option}: {}", shown_lines(&fix.title));
        for line in fix.text.lines() {
            let _ = writeln!(out, "    + {}", shown_lines(line.trim_end()));
        }
    }
}

fn summary(out: &mut String, report: &Report, fixed: Fixed) {
    let _ = write!(
        out,
        "{} in {}, {}: {}",
        count(report.files, "Dockerfile"),
        read(report),
        count(report.linked, "linked line"),
        count(report.findings.len(), "finding"),
    );
    let fixes = |safe: bool| {
        report.findings.iter().filter(|found| found.fix.as_ref().is_some_and(|fix| fix.safe == safe)).count()
    };
    if fixed.findings > 0 {
        let _ = write!(out, "; {} fixed in {}", fixed.findings, count(fixed.files, "file"));
    }
    if fixes(true) > 0 {
        let _ = write!(out, "; {} {} fixable with --fix", fixes(true), form(fixes(true), "is", "are"));
    }
    if fixes(false) > 0 {
        let _ = write!(out, "; {} with --fix --unsafe-fixes", fixes(false));
    }
    if report.unknown > 0 {
        let names = form(report.unknown, "it", "them");
        let _ = write!(
            out,
            "; {} unknown (--verbose names {names}; --bases or --rootfs tells more)",
            count(report.unknown, "line")
        );
    }
    out.push('\n');
}

/// Returns what was read, with a short id of a commit.
fn read(report: &Report) -> String {
    match report.read.strip_prefix("commit ") {
        Some(commit) => format!("commit {}", short_id(commit)),
        None => report.read.clone(),
    }
}
