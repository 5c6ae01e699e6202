//! The files of a plan that an operation works on.

use std::path::{Component, Path, PathBuf};

use super::workspace::Workspace;
use crate::analysis::Verdict;
use crate::campaign::plan::file::{File, Plan};
use crate::text::words;

/// A selection of files of a plan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selection {
    /// The files of a wave.
    Wave(usize),
    /// Files by their paths relative to the folder that the options name, as a shell completes them, or else to the root
    /// of the repository, as the plan has them.
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
        /// The path of the plan that is meant, perhaps.
        meant: Option<String>,
    },
    /// The plan does not have the wave.
    #[error("the plan has no wave {wave}; {}", last.map_or_else(|| "it has none: no line is selected".to_owned(), |last| format!("its last wave is {last}")))]
    NoWave {
        /// The wave.
        wave: usize,
        /// The last wave. `None` if the plan has none.
        last: Option<usize>,
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
    /// Its instructions are linked already, and the plan was made after that.
    #[error("{path} is linked already, and the plan does not have its text before that")]
    Linked {
        /// The path as given.
        path: String,
    },
}

/// Returns the file with this path.
pub(super) fn named<'p>(plan: &'p Plan, path: &str) -> Result<&'p File, SelectionError> {
    plan.file(path).ok_or_else(|| {
        let meant = words::meant(path, plan.files.iter().map(|file| file.path.as_str()));
        SelectionError::NoFile { path: path.to_owned(), meant: meant.map(str::to_owned) }
    })
}

impl Selection {
    /// Returns the selection with the paths of the plan. `folder` is the folder of the repository in which the user
    /// works.
    pub(super) fn in_plan(&self, plan: &Plan, workspace: &Workspace, folder: &Path) -> Self {
        let Self::Files(paths) = self else { return self.clone() };
        let below = workspace.below_root(folder).unwrap_or_default();
        let known =
            |path: &PathBuf| path.to_str().filter(|path| plan.file(path).is_some()).map(str::to_owned);
        let of = |path: &String| {
            let given = Path::new(path);
            let inside = match workspace.folder() {
                Some(root) if given.is_absolute() => given.strip_prefix(root).ok().map(Path::to_owned),
                _ => Some(below.join(given)),
            };
            let mut places =
                [inside, Some(given.to_owned())].into_iter().flatten().filter_map(|it| normal(&it));
            places.find_map(|place| known(&place)).unwrap_or_else(|| path.clone())
        };
        Self::Files(paths.iter().map(of).collect())
    }
}

/// Returns a relative path without `.` and `..`. `None` if it leads out of the repository.
pub(super) fn normal(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::Normal(name) => out.push(name),
            Component::ParentDir if out.pop() => {}
            Component::ParentDir | Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(out)
}

/// Returns the file with this path. Returns an error if the campaign does not edit it.
pub(super) fn edited<'p>(plan: &'p Plan, path: &str) -> Result<&'p File, SelectionError> {
    let file = named(plan, path)?;
    let path = || path.to_owned();
    match &file.skip {
        Some(why) => Err(SelectionError::Skipped { path: path(), why: why.clone() }),
        None if !file.is_edited() && file.sites.iter().any(|site| site.verdict == Verdict::Linked) => {
            Err(SelectionError::Linked { path: path() })
        }
        None if !file.is_edited() => Err(SelectionError::NothingToLink { path: path() }),
        None => Ok(file),
    }
}

/// The files of a wave.
pub(super) fn wave(plan: &Plan, number: usize) -> Result<Vec<&File>, SelectionError> {
    let Some(wave) = plan.waves.iter().find(|wave| wave.number == number) else {
        let last = plan.waves.last().map(|wave| wave.number);
        return Err(SelectionError::NoWave { wave: number, last });
    };
    Ok(wave.files.iter().filter_map(|path| plan.file(path)).collect())
}
