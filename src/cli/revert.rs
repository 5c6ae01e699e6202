//! `layerwright revert`.

use super::progress::Progress;
use super::{Error, ErrorKind, RevertArguments, change, input, write};
use crate::ops::{self, RevertOptions, RevertResult, Selection};
use crate::text::words::count;

/// Shows, writes or commits the reversal of a migration, for lines that have not changed since.
pub(crate) fn run(arguments: &RevertArguments) -> Result<(), Error> {
    let options = RevertOptions {
        repository: arguments.repository.clone(),
        selection: match arguments.wave {
            Some(wave) => Selection::Wave(wave),
            None => Selection::Files(arguments.files.clone()),
        },
        mode: arguments.outcome.mode(),
        base: arguments.outcome.base.clone(),
        plan: input::plan(arguments.plan.as_deref())?,
    };
    let progress = Progress::with_branches(arguments.outcome.format);
    let RevertResult { changed, lines_left } = ops::revert(&options, &|notice| progress.show(notice))?;
    progress.end()?;
    if changed.is_empty() {
        write::remark("nothing to do: no line is as the migration wrote it");
    } else {
        change::print(options.mode, &changed, arguments.outcome.format)?;
    }
    match lines_left {
        0 => Ok(()),
        lines => {
            let lines = count(lines, "line");
            Err(Error::new(ErrorKind::Refused, format!("{lines} changed since the migration: not touched"))
                .hint("edit these by hand"))
        }
    }
}
