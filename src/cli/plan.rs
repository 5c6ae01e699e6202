//! `layerwright plan`.

use std::path::Path;

use super::human::Shown;
use super::progress::Progress;
use super::{Error, Format, PlanArguments, github, human, input, write};
use crate::config::{self, Config};
use crate::ops::{self, ListText, PlanOptions, Planned, Save, Scope};

/// Makes the plan, and shows or writes it.
pub(crate) fn run(arguments: &PlanArguments) -> Result<(), Error> {
    if arguments.print_config {
        return print_config(arguments);
    }
    let progress = Progress::new();
    if let Some(file) = &arguments.explain_build {
        let rev = arguments.rev.as_deref();
        let root = Scope::of(Path::new("."), arguments.path.as_deref()).root;
        let explained = ops::explain_build(&root, rev, file, &|notice| progress.show(notice))?;
        return match arguments.format {
            Format::Json => write::json(&explained),
            Format::Human => write::stdout(&human::explained_builds(file, &explained)),
        };
    }
    let Planned { plan, saved, uncommitted, evidence_states, step, sources, incomplete, unused } =
        ops::plan(&options(arguments, &progress)?, &|notice| progress.show(notice))?;
    match arguments.format {
        Format::Json => write::json_by(&|out| plan.write(out))?,
        Format::Human => {
            let shown = Shown {
                saved: &saved,
                uncommitted: uncommitted.as_deref(),
                verbose: arguments.verbose,
                sources: &sources,
                incomplete: &incomplete,
                step: step.as_ref(),
            };
            write::stdout(&human::first_screen(&plan, &evidence_states, shown))?;
        }
    }
    // The process ends here, and the parts of a large plan are many.
    std::mem::forget(plan);
    unused.map_or(Ok(()), |error| Err(Error::from(&error)))
}

fn options(arguments: &PlanArguments, progress: &Progress) -> Result<PlanOptions, Error> {
    let save = match (&arguments.output, arguments.save) {
        (Some(path), _) => Save::To(path.clone()),
        (None, true) => Save::InPlace,
        (None, false) => Save::No,
    };
    let Scope { root: path, below } = Scope::of(Path::new("."), arguments.path.as_deref());
    Ok(PlanOptions {
        path,
        below,
        rev: arguments.rev.clone(),
        knowledge: arguments.knowledge.resolve()?,
        list: list(arguments, progress)?,
        all: arguments.all,
        edit_generated: arguments.edit_generated,
        afresh: arguments.afresh,
        save,
        evidence: arguments.format == Format::Human,
        evidence_folders: arguments.evidence.folders.clone(),
    })
}

/// Reads the list that the arguments name: a file or an issue.
fn list(arguments: &PlanArguments, progress: &Progress) -> Result<Option<ListText>, Error> {
    match (&arguments.list, &arguments.issue) {
        (Some(path), _) => {
            let (name, text) = (path.display().to_string(), input::read_text(path)?);
            Ok(Some(ListText { name, text, issue: None }))
        }
        (None, Some(address)) => {
            let access = github::by_token(arguments.api.as_deref())?;
            let list = ops::issue_list(&access, address, &|notice| progress.show(notice));
            list.map(Some).map_err(|error| Error::environment(&error))
        }
        (None, None) => Ok(None),
    }
}

fn print_config(arguments: &PlanArguments) -> Result<(), Error> {
    let root = Scope::of(Path::new("."), arguments.path.as_deref()).root;
    let bytes = ops::configuration(&root, arguments.rev.as_deref())?;
    match arguments.format {
        Format::Human => {
            let shown = config::effective(&bytes).map_err(|error| Error::usage(&error))?;
            write::stdout(&shown)
        }
        Format::Json => {
            let config = Config::read(&bytes).map_err(|error| Error::usage(&error))?;
            write::json(&config)
        }
    }
}
