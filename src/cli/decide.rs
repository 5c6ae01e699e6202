//! `layerwright skip` and `layerwright decide`.

use std::path::PathBuf;

use super::progress::Progress;
use super::{Error, human, write};
use crate::campaign::plan::file::Decided;
use crate::ops::{self, DecideOptions, DecidedFile};

/// Leaves a file out of the campaign, or puts it into a wave.
pub(crate) fn run(file: &str, wave: Option<usize>, skip: Option<&str>) -> Result<(), Error> {
    let decided = Decided { wave, skip: skip.map(str::to_owned) };
    let options = DecideOptions { repository: PathBuf::from("."), file: file.to_owned(), decided };
    let progress = Progress::new();
    let DecidedFile { planned, left_out, is_idle } = ops::decide(&options, &|notice| progress.show(notice))?;
    let place = planned.saved.path().map(|path| path.display().to_string()).unwrap_or_default();
    write::remark(&format!("{file}: written to {place}"));
    if let (Some(_), Some(reason)) = (wave, left_out) {
        write::remark(&format!("note: {file} was left out before: {reason}"));
    }
    if let (Some(wave), true) = (wave, is_idle) {
        write::remark(&format!("note: {file} has nothing to link now; it goes into wave {wave} when it has"));
    }
    write::stdout(&human::decided(planned.uncommitted.as_deref(), planned.step.as_ref()))
}
