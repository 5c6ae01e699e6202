//! `layerwright plan`.

use super::progress::Progress;
use super::{Error, Format, PlanArguments, github, human, input, write};
use crate::config::{self, Config};
use crate::ops::{self, ListText, PlanOptions, Planned, Save};

/// Plans and shows, or writes, the plan.
pub fn run(arguments: &PlanArguments) -> Result<(), Error> {
    if arguments.print_config {
        return print_config(arguments);
    }
    let progress = Progress::new();
    let Planned { plan, saved, standings } = ops::plan(&options(arguments)?, &|event| progress.show(event))?;
    match arguments.format {
        Format::Json => write::raw_by(&|out| plan.write(out)),
        Format::Human => write::stdout(&human::first_screen(&plan, &standings, &saved, arguments.verbose)),
    }
}

fn options(arguments: &PlanArguments) -> Result<PlanOptions, Error> {
    let save = match (&arguments.output, arguments.save) {
        (Some(path), _) => Save::To(path.clone()),
        (None, true) => Save::InPlace,
        (None, false) => Save::No,
    };
    Ok(PlanOptions {
        path: arguments.path.clone(),
        rev: arguments.rev.clone(),
        knowledge: arguments.knowledge.resolve()?,
        list: list(arguments)?,
        all: arguments.all,
        edit_generated: arguments.edit_generated,
        afresh: arguments.afresh,
        save,
        evidence: arguments.format == Format::Human,
    })
}

/// The list that the arguments name: a file, or an issue.
fn list(arguments: &PlanArguments) -> Result<Option<ListText>, Error> {
    let (name, text) = match (&arguments.list, &arguments.issue) {
        (Some(path), _) => (path.display().to_string(), input::read_text(path)?),
        (None, Some(address)) => (address.to_string(), github::issue(address, &arguments.api)?.body),
        (None, None) => return Ok(None),
    };
    Ok(Some(ListText { name, text }))
}

fn print_config(arguments: &PlanArguments) -> Result<(), Error> {
    let bytes = ops::configuration(&arguments.path, arguments.rev.as_deref())?;
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
