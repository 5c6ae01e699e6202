//! `layerwright report`.

mod arguments;
mod shown;

use super::evidence_key::evidence_key;
use super::progress::Progress;
use super::{Error, ErrorKind, Format, github, input, write};
use crate::campaign::evidence::Signatures;
use crate::ops::{self, GitHubReport, ReportOptions, ReportTarget, ReportingError};
use crate::text::secret::Secrets;
use crate::text::words::count;
pub(crate) use arguments::ReportArguments;

/// Opens the next pull requests, and updates the open ones and the tracking issue.
pub(crate) fn run(arguments: &ReportArguments) -> Result<(), Error> {
    let mut hidden = Secrets::default();
    let key = evidence_key(arguments.evidence_key.as_deref(), &mut hidden)?;
    let options = ReportOptions {
        repository: arguments.repository.clone(),
        plan: input::plan(arguments.plan.as_deref())?,
        target: match &arguments.out {
            Some(folder) => {
                write::hide(&hidden);
                ReportTarget::Folder(folder.clone())
            }
            None => ReportTarget::GitHub(Box::new(GitHubReport {
                access: github::access_hiding(&arguments.github, hidden)?,
                issue: arguments.issue.clone(),
                workflow_token: github::is_actions_token(),
                allow_no_checks: arguments.allow_no_checks,
            })),
        },
        dry_run: arguments.dry_run,
        create_issue: arguments.create_issue,
        status_page: arguments.status_page.clone(),
        hidden: write::hidden(),
        evidence: arguments.evidence.folders.clone(),
        signatures: Signatures { key, required: arguments.require_signed },
        now: github::now(),
    };
    let progress = Progress::new();
    let reported = ops::report(&options, &|notice| progress.show(notice)).map_err(failed)?;
    match arguments.format {
        Format::Human => write::stdout(&shown::human(&reported, arguments.dry_run, arguments.out.as_deref())),
        Format::Json => write::json(&reported.output()),
    }?;
    refused(&reported.refused)
}

/// Returns an error if the forge refused something. All else was done.
fn refused(reasons: &[String]) -> Result<(), Error> {
    if reasons.is_empty() {
        return Ok(());
    }
    let what = count(reasons.len(), "change");
    let text = format!("GitHub refused {what}; all else was done\n  {}", reasons.join("\n  "));
    Err(Error::new(ErrorKind::Environment, text).hint("then run the command again: layerwright report"))
}

/// Prints the actions that were performed before the error, and returns the error.
fn failed(error: ReportingError) -> Error {
    if let ReportingError::Stopped { actions, .. } = &error {
        for line in shown::actions(actions) {
            write::remark(&line);
        }
    }
    error.into()
}
