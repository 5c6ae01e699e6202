//! `layerwright status`.

use super::progress::Progress;
use super::{Error, Format, StatusArguments, github, human, input, open, write};
use crate::ops::{self, StatusOptions};

/// Shows the progress of the campaign.
pub(crate) fn run(arguments: &StatusArguments) -> Result<(), Error> {
    let access = if arguments.offline { None } else { Some(github::access(&arguments.github)?) };
    let (has_access, has_token) =
        (access.is_some(), access.as_ref().is_some_and(|access| access.credentials.is_some()));
    let access = access.filter(|_| has_token || arguments.page.is_none());
    if has_access && access.is_none() {
        write::remark("note: without a token, the page shows the repository and what GitHub last reported");
    }
    let options = StatusOptions {
        repository: arguments.repository.clone(),
        plan: input::plan(arguments.plan.as_deref())?,
        github: access,
        rev: arguments.rev.clone(),
        evidence: arguments.evidence.folders.clone(),
        page: arguments.page.clone(),
        hidden: write::hidden(),
        now: github::now(),
    };
    let progress = Progress::new();
    let status = ops::status(&options, &|notice| progress.show(notice))?;
    if let Some(page) = &arguments.page {
        write::remark(&format!("{}: written", page.display()));
        if arguments.open {
            open::page(page)?;
        }
    }
    match arguments.format {
        Format::Human => write::stdout(&human::status(&status)),
        Format::Json => write::json(&status),
    }
}
