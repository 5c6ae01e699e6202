//! `layerwright check`.

use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use super::knowledge;
use super::progress::Progress;
use super::{CheckArguments, CheckFormat, Error, write};
use crate::campaign::check::{Finding, FindingKind, Report};
use crate::ops::{self, CheckOptions, CheckedFiles, Knowledge, Scope};
use crate::text::escape::shown_lines;
use crate::text::figures::number;
use crate::text::words::{count, plural, short_id};

/// The exit code if there are findings.
const FOUND: u8 = 1;

/// Checks the linked lines of a repository or folder.
pub(crate) fn run(arguments: &CheckArguments) -> Result<ExitCode, Error> {
    let Scope { root: path, below } = Scope::of(Path::new("."), arguments.path.as_deref());
    let options = CheckOptions {
        path,
        below,
        read: match &arguments.rev {
            Some(revision) => CheckedFiles::Revision(revision.clone()),
            None if arguments.staged => CheckedFiles::Index,
            None => CheckedFiles::WorkingTree,
        },
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
        "{} in {}, {}: {}{}",
        count(report.files, "Dockerfile"),
        read(report),
        count(report.linked, "linked line"),
        count(report.findings.len(), "finding"),
        match report.unknown {
            0 => String::new(),
            unknown => format!("; {} unknown (pass base images with --rootfs)", count(unknown, "line")),
        }
    );
    out
}

/// Returns what was read, with a short id of a commit.
fn read(report: &Report) -> String {
    match report.read.strip_prefix("commit ") {
        Some(commit) => format!("commit {}", short_id(commit)),
        None => report.read.clone(),
    }
}

fn title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Hazard => "changes the image",
        FindingKind::NoEffect => "has no effect",
        FindingKind::Header => "is not supported by the frontend",
        FindingKind::Unread => "is not checked",
    }
}

/// The most annotations of one level that GitHub shows of a step (GitHub, "Usage limits for annotations").
const MOST_ANNOTATIONS: usize = 10;

/// Returns workflow commands for GitHub Actions, which show each finding at its line. If there are more than GitHub shows,
/// the last one of a level counts the others, which stand in the log.
fn annotations(report: &Report) -> String {
    let mut out = String::new();
    for level in ["error", "warning"] {
        let is_of = |finding: &&Finding| (finding.kind == FindingKind::NoEffect) == (level == "warning");
        let of: Vec<&Finding> = report.findings.iter().filter(is_of).collect();
        let most = if of.len() > MOST_ANNOTATIONS { MOST_ANNOTATIONS - 1 } else { MOST_ANNOTATIONS };
        let (shown, others) = of.split_at(of.len().min(most));
        out.extend(shown.iter().map(|finding| annotation(level, finding)));
        if !others.is_empty() {
            let text = format!(
                "{} more {}: see the log of this step",
                number(others.len()),
                plural(others.len(), "finding")
            );
            let _ = writeln!(out, "::{level} title=COPY --link%3A more findings::{text}");
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
