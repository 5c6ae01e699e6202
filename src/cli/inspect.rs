//! `layerwright inspect`.

use std::path::PathBuf;

use super::progress::Progress;
use super::{Error, ErrorKind, Format, InspectArguments, human, input, write};
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
    let texts = options.files.iter().map(|file| (&file.path, file.text.as_slice()));
    if let Some((path, _)) = texts.into_iter().find(|(_, text)| !has_stage(text)) {
        let text = format!("{} is not a Dockerfile: it has no FROM", path.display());
        return Err(Error::new(ErrorKind::Usage, text));
    }
    unused.map_or(Ok(()), |error| Err(Error::from(&error)))
}

/// Returns true if a line of a text begins as a FROM does.
fn has_stage(text: &[u8]) -> bool {
    let is_from = |line: &[u8]| {
        let line = line.trim_ascii_start();
        line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case(b"FROM"))
    };
    text.split(|byte| *byte == b'\n').any(|line| is_from(line.strip_prefix(b"\xef\xbb\xbf").unwrap_or(line)))
}
