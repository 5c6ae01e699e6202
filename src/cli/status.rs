//! `layerwright status`.

use super::progress::Progress;
use super::{Error, Format, StatusArguments, github, human, input, write};
use crate::ops::{self, StatusOptions};

/// Shows the progress of the campaign.
pub(crate) fn run(arguments: &StatusArguments) -> Result<(), Error> {
    let options = StatusOptions {
        repository: arguments.repository.clone(),
        plan: input::plan(arguments.plan.as_deref())?,
        github: if arguments.offline { None } else { Some(github::access(&arguments.github)?) },
        rev: arguments.rev.clone(),
        evidence: arguments.evidence.folders.clone(),
    };
    let progress = Progress::new();
    let status = ops::status(&options, &|notice| progress.show(notice))?;
    match arguments.format {
        Format::Human => write::stdout(&human::status(&status)),
        Format::Json => write::json(&status),
    }
}
