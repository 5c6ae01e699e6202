//! The files of a plan that an operation works on.

use crate::campaign::plan::file::{File, Plan};

/// A selection of files of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The files of a wave.
    Wave(usize),
    /// Files by their paths relative to the root of the repository.
    Files(Vec<String>),
}

/// The reason why files cannot be selected.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SelectionError {
    /// The plan does not have the file.
    #[error("the plan has no file {path}")]
    NoFile {
        /// The path as given.
        path: String,
    },
    /// The plan does not have the wave.
    #[error("the plan has no wave {wave}; its last wave is {last}")]
    NoWave {
        /// The wave.
        wave: usize,
        /// The last wave.
        last: usize,
    },
    /// The plan does not edit the file.
    #[error("{path} is not edited: {why}")]
    Skipped {
        /// The path as given.
        path: String,
        /// The cause.
        why: String,
    },
    /// No instruction of the file is selected.
    #[error("{path} has no line to link")]
    NothingToLink {
        /// The path as given.
        path: String,
    },
}

/// Returns the file with this path.
pub(super) fn named<'p>(plan: &'p Plan, path: &str) -> Result<&'p File, SelectionError> {
    let file = plan.file(path.trim_start_matches("./"));
    file.ok_or_else(|| SelectionError::NoFile { path: path.to_owned() })
}

/// Returns the file with this path. Returns an error if the campaign does not edit it.
pub(super) fn edited<'p>(plan: &'p Plan, path: &str) -> Result<&'p File, SelectionError> {
    let file = named(plan, path)?;
    let path = || path.to_owned();
    match &file.skip {
        Some(why) => Err(SelectionError::Skipped { path: path(), why: why.clone() }),
        None if file.selected().next().is_none() => Err(SelectionError::NothingToLink { path: path() }),
        None => Ok(file),
    }
}

/// The files of a wave.
pub(super) fn wave(plan: &Plan, number: usize) -> Result<Vec<&File>, SelectionError> {
    let Some(wave) = plan.waves.iter().find(|wave| wave.number == number) else {
        let last = plan.waves.last().map_or(0, |wave| wave.number);
        return Err(SelectionError::NoWave { wave: number, last });
    };
    Ok(wave.files.iter().filter_map(|path| plan.file(path)).collect())
}
