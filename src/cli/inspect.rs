//! `layerwright inspect`.

use std::path::PathBuf;

use super::progress::Progress;
use super::{Error, Format, InspectArguments, human, input, write};
use crate::ops::{self, InspectOptions, Inspected, NamedText};

/// Shows the instructions of files with their verdicts.
pub(crate) fn run(arguments: &InspectArguments) -> Result<(), Error> {
    let knowledge = arguments.knowledge.resolve()?;
    let named = |path: &PathBuf| Ok(NamedText { path: path.clone(), text: input::read(path)? });
    let files: Result<_, Error> = arguments.files.iter().map(named).collect();
    let options = InspectOptions { files: files?, context: arguments.context.clone(), knowledge };
    let progress = Progress::new();
    let Inspected { inspection, unused } = ops::inspect(&options, &|notice| progress.show(notice))?;
    match arguments.format {
        Format::Json => write::json(&inspection)?,
        Format::Human => {
            let texts: Vec<&[u8]> = options.files.iter().map(|file| file.text.as_slice()).collect();
            write::stdout(&human::inspection(&inspection, &texts))?;
        }
    }
    unused.map_or(Ok(()), |error| Err(Error::from(&error)))
}
