//! Facts about the filesystem of an image, each the answer to one question. Nothing follows from a question without an
//! answer.
//!
//! That nothing else is below a directory is a fact of its own. A path is absent if that is stated, if such a directory
//! does not list it, or if something above it is not a directory.

use std::collections::{BTreeMap, BTreeSet};

use super::{Account, AccountEntry, Known};
use crate::text::path::ancestors;

/// The answers to questions about a filesystem.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// The states of paths, none of which is unknown. Each directory has all of its metadata.
    pub(crate) paths: BTreeMap<String, Known>,
    /// The directories below which is nothing but `paths`.
    pub(crate) listed: BTreeSet<String>,
    /// True if any directory has extended attributes.
    pub(crate) has_xattrs: Option<bool>,
    /// The accounts.
    pub(crate) accounts: BTreeMap<Account, AccountEntry>,
    /// Names of programs: true if a program of that name is in another directory than
    /// [`SYSTEM_DIRECTORIES`](super::SYSTEM_DIRECTORIES).
    pub(crate) other_programs: BTreeMap<String, bool>,
    /// The directories below which is too much to be recorded.
    pub(crate) too_large: BTreeSet<String>,
}

/// The most paths below a directory that are recorded.
pub(super) const MOST_LISTED: usize = 20_000;

impl Facts {
    /// Returns the state of a path.
    pub(super) fn get(&self, path: &str) -> Option<Known> {
        self.paths.get(path).cloned().or_else(|| self.implies_absence(path).then_some(Known::Absent))
    }

    /// Returns true if a path without a fact of its own is absent.
    fn implies_absence(&self, path: &str) -> bool {
        ancestors(path).any(|above| self.listed.contains(above) || self.is_no_directory(above))
    }

    /// Returns the paths below a path at which something is.
    pub(super) fn below(&self, path: &str) -> impl Iterator<Item = (&String, &Known)> {
        let prefix = if path == "/" { "/".to_owned() } else { format!("{path}/") };
        let below = self.paths.range(prefix.clone()..).take_while(move |(at, _)| at.starts_with(&prefix));
        below.filter(|(_, known)| **known != Known::Absent)
    }

    /// Returns true if [`below`](Self::below) is all that is there.
    pub(super) fn lists(&self, path: &str) -> bool {
        self.listed.contains(path) || self.is_no_directory(path) || self.implies_absence(path)
    }

    fn is_no_directory(&self, path: &str) -> bool {
        self.paths.get(path).is_some_and(|known| !matches!(known, Known::Dir(_)))
    }

    /// Adds other facts about the same filesystem.
    pub(crate) fn merge(&mut self, other: &Self) {
        self.paths.extend(other.paths.clone());
        self.listed.extend(other.listed.clone());
        self.has_xattrs = self.has_xattrs.or(other.has_xattrs);
        self.accounts.extend(other.accounts.clone());
        self.other_programs.extend(other.other_programs.clone());
    }

    /// Removes each absent path, and each directory without further content, that the other facts imply.
    pub(crate) fn simplify(&mut self) {
        let all = self.clone();
        self.paths.retain(|path, known| *known != Known::Absent || !all.implies_absence(path));
        self.listed.retain(|path| !all.is_no_directory(path) && !all.implies_absence(path));
    }

    /// Returns a path at which something is, and a path above it that is not a directory.
    pub(crate) fn contradiction(&self) -> Option<(&str, &str)> {
        let there = self.paths.iter().filter(|(_, known)| **known != Known::Absent);
        there
            .map(|(at, _)| at)
            .find_map(|at| Some((at.as_str(), ancestors(at).find(|above| self.is_no_directory(above))?)))
    }
}
