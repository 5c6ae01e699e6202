//! `layerwright check`.

use std::fmt::Write as _;
use std::process::ExitCode;

use super::knowledge;
use super::progress::Progress;
use super::{CheckArguments, CheckFormat, Error, write};
use crate::campaign::check::{Finding, FindingKind, Report};
use crate::ops::{self, CheckOptions, Knowledge};
use crate::text::escape::shown_lines;
use crate::text::words::count;

/// The exit code if there are findings.
const FOUND: u8 = 1;

/// Checks the linked lines of a repository or folder.
pub(crate) fn run(arguments: &CheckArguments) -> Result<ExitCode, Error> {
    let options = CheckOptions {
        path: arguments.path.clone(),
        rev: arguments.rev.clone(),
        knowledge: Knowledge {
            build_args: knowledge::build_args(&arguments.build_args)?,
            ..arguments.base_images.resolve()?
        },
    };
    let progress = Progress::new();
    let report = ops::check(&options, &|notice| progress.show(notice))?;
    match arguments.format {
        CheckFormat::Json => write::json(&report)?,
        CheckFormat::Human => write::stdout(&for_people(&report))?,
        CheckFormat::Github => write::raw(annotations(&report).as_bytes())?,
    }
    Ok(if report.findings.is_empty() { ExitCode::SUCCESS } else { ExitCode::from(FOUND) })
}

fn for_people(report: &Report) -> String {
    let mut out = String::new();
    for finding in &report.findings {
        let rule = finding.rule.as_ref().map_or(String::new(), |rule| format!(" [{rule}]"));
        // Writing to a string cannot fail.
        let _ = writeln!(
            out,
            "{}:{}: {}: {}{rule}",
            shown_lines(&finding.path),
            finding.line,
            title(finding.kind),
            shown_lines(&finding.message)
        );
    }
    let _ = writeln!(
        out,
        "{}, {}: {}{}",
        count(report.files, "Dockerfile"),
        count(report.linked, "linked line"),
        count(report.findings.len(), "finding"),
        match report.unknown {
            0 => String::new(),
            unknown => format!("; {} unknown (pass base images with --rootfs)", count(unknown, "line")),
        }
    );
    out
}

fn title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Hazard => "changes the image",
        FindingKind::NoEffect => "has no effect",
        FindingKind::Header => "is not supported by the frontend",
        FindingKind::Unread => "is not checked",
    }
}

/// Returns workflow commands for GitHub Actions, which show each finding at its line.
fn annotations(report: &Report) -> String {
    let line = |finding: &Finding| {
        let level = if finding.kind == FindingKind::NoEffect { "warning" } else { "error" };
        format!(
            "::{level} file={},line={},title={}::{}\n",
            property(&finding.path),
            finding.line,
            property(&format!("COPY --link: {}", title(finding.kind))),
            data(&finding.message)
        )
    };
    report.findings.iter().map(line).collect()
}

/// Escapes a message as `@actions/core` does (`command.ts`, `escapeData`).
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property as `@actions/core` does (`command.ts`, `escapeProperty`).
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
