//! `layerwright check`.

mod arguments;
mod github;
mod gitlab;
mod human;
mod junit;
mod sarif;

use std::collections::HashMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::ExitCode;

use sha2::{Digest, Sha256};

use super::knowledge;
use super::progress::Progress;
use super::{Error, write};
use crate::campaign::check::{Finding, FindingKind, Report};
use crate::ops::{self, CheckOptions, CheckedFiles, Fixed, Fixes, Knowledge, Scope};

pub(crate) use arguments::CheckArguments;
use arguments::{CheckFormat, FailOn};

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
        since: arguments.since.clone(),
        baseline: arguments.baseline.clone(),
        ratchet: arguments.ratchet,
    };
    let progress = Progress::new();
    let mut report = ops::check(&options, &|notice| progress.show(notice))?;
    if let Some(path) = &arguments.write_baseline {
        ops::write_baseline(path, &report).map_err(|error| Error::environment(&error))?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut fixed = Fixed::default();
    if arguments.fix {
        let fixes = if arguments.unsafe_fixes { Fixes::All } else { Fixes::Safe };
        fixed = ops::fix(&options.path, &mut report, fixes).map_err(|error| Error::environment(&error))?;
    }
    match arguments.format {
        CheckFormat::Json => write::json(&report)?,
        CheckFormat::Human => write::stdout(&human::report(&report, fixed, arguments))?,
        CheckFormat::Github => write::raw(github::annotations(&report).as_bytes())?,
        CheckFormat::Sarif => write::json(&sarif::log(&report))?,
        CheckFormat::Gitlab => write::json(&gitlab::issues(&report))?,
        CheckFormat::Junit => write::raw(junit::suites(&report).as_bytes())?,
    }
    let is_unknown = arguments.fail_on.contains(&FailOn::Unknown) && report.unknown > 0;
    let fails = is_unknown || report.findings.iter().any(|finding| fails(finding.kind, arguments));
    Ok(if fails { ExitCode::from(FOUND) } else { ExitCode::SUCCESS })
}

/// Returns true if a finding of a kind makes the exit code 1. By default, every finding does but a builder that ignores the
/// flag; none does for SARIF, whose reader decides.
fn fails(kind: FindingKind, arguments: &CheckArguments) -> bool {
    if arguments.fail_on.is_empty() {
        return kind != FindingKind::Ignores && arguments.format != CheckFormat::Sarif;
    }
    arguments.fail_on.iter().any(|on| match on {
        // A line that cannot be judged is not a finding: it is counted apart.
        FailOn::Never | FailOn::Unknown => false,
        FailOn::Any => true,
        FailOn::Unsafe => kind == FindingKind::Hazard,
        FailOn::NoEffect => kind == FindingKind::NoEffect,
        FailOn::Header => kind == FindingKind::Header,
        FailOn::Unread => kind == FindingKind::Unread,
        FailOn::Rejects => kind == FindingKind::Rejects,
        FailOn::Ignores => kind == FindingKind::Ignores,
        FailOn::Advice => kind == FindingKind::Advice,
        FailOn::Unused => kind == FindingKind::Unused,
        FailOn::Unlinked => kind == FindingKind::Unlinked,
    })
}

/// Returns the effect of a finding as the end of a sentence.
fn title(kind: FindingKind) -> &'static str {
    match kind {
        FindingKind::Hazard => "unsafe --link",
        FindingKind::NoEffect => "has no effect",
        FindingKind::Header => "is not supported by the frontend",
        FindingKind::Unread => "is not checked",
        FindingKind::Rejects => "is rejected by the builder",
        FindingKind::Ignores => "is ignored by the builder",
        FindingKind::Advice => "gives wrong advice",
        FindingKind::Unused => "is not used",
        FindingKind::Unlinked => "is not linked",
    }
}

/// Returns a fingerprint of each finding that does not depend on line numbers: a digest of rule, path and text, and the number
/// of the finding among those with the same digest.
fn fingerprints(report: &Report) -> Vec<String> {
    let mut seen: HashMap<String, usize> = HashMap::new();
    let of = |finding: &Finding| {
        let digest = Sha256::digest(format!("{}\0{}\0{}", finding.rule, finding.path, finding.excerpt));
        let text = digest.iter().take(8).fold(String::new(), |mut text, byte| {
            // Writing to a string cannot fail.
            let _ = write!(text, "{byte:02x}");
            text
        });
        let number = seen.entry(text.clone()).or_default();
        *number += 1;
        format!("{text}:{number}")
    };
    report.findings.iter().map(of).collect()
}
