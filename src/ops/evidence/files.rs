//! Reads the files of evidence in one folder.

use std::collections::BTreeMap;
use std::path::Path;
use std::{fs, io};

use super::{BadFile, EvidenceFolderError};
use crate::budget;
use crate::campaign::evidence::Evidence;
use crate::campaign::names::{evidence_files, is_evidence_file};
use crate::discover::{MOST_BYTES, SourceTree};
use crate::git::RepoPath;

/// All evidence of each file, in the order in which it counts.
#[derive(Default)]
pub(super) struct Found(pub(super) BTreeMap<String, Vec<Evidence>>);

impl Found {
    /// Adds the evidence of a folder, which is called `shown` in messages and may be missing. Only files whose names
    /// `is_wanted` are read.
    pub(super) fn add_folder(
        &mut self,
        at: &Path,
        shown: &Path,
        is_wanted: &dyn Fn(&str) -> bool,
    ) -> Result<(), EvidenceFolderError> {
        let mut of_folder = Vec::new();
        for name in names_in(at, shown)?.iter().filter(|name| is_wanted(name)) {
            let bad = |why: BadFile| EvidenceFolderError::File { file: shown.join(name), why: Box::new(why) };
            let unreadable = |source| EvidenceFolderError::Folder { folder: shown.to_owned(), source };
            let path = at.join(name);
            let metadata = fs::symlink_metadata(&path).map_err(unreadable)?;
            // A link could point outside the repository, and a pipe would never end.
            if !metadata.is_file() || metadata.len() > MOST_BYTES {
                return Err(bad(BadFile::Odd));
            }
            let bytes = budget::read_file(&path, MOST_BYTES).map_err(unreadable)?;
            let evidence = Evidence::read(&bytes, name).map_err(|error| bad(error.into()))?;
            of_folder.push((name.clone(), evidence));
        }
        self.add(of_folder);
        Ok(())
    }

    /// Adds the evidence of a commit.
    pub(super) fn add_commit(
        &mut self,
        folder: &RepoPath,
        source: &SourceTree<'_>,
    ) -> Result<(), EvidenceFolderError> {
        let mut of_folder = Vec::new();
        for entry in source.listing().below(Some(folder)) {
            let name = entry.path.file_name();
            if entry.path.parent().as_ref() != Some(folder) || !is_evidence_file(name) {
                continue;
            }
            let bad = |why: BadFile| {
                let file = Path::new(folder.as_str()).join(name);
                EvidenceFolderError::File { file, why: Box::new(why) }
            };
            let bytes = source.read(&entry.path, MOST_BYTES).map_err(|error| bad(error.into()))?;
            let evidence = Evidence::read(&bytes, name).map_err(|error| bad(error.into()))?;
            of_folder.push((name.to_owned(), evidence));
        }
        self.add(of_folder);
        Ok(())
    }

    /// Adds the evidence of one folder after that of the earlier ones. In a folder, the latest counts first, and evidence
    /// of an earlier version of this program last.
    fn add(&mut self, mut of_folder: Vec<(String, Evidence)>) {
        let is_former = |(name, evidence): &(String, Evidence)| {
            let names = RepoPath::new(&evidence.path).ok().and_then(|path| evidence_files(&path).ok());
            names.is_some_and(|names| names.former == *name)
        };
        of_folder.sort_by_cached_key(|one| (is_former(one), std::cmp::Reverse(one.1.figures.began.clone())));
        for (_, evidence) in of_folder {
            self.0.entry(evidence.path.clone()).or_default().push(evidence);
        }
    }
}

/// Returns the names of the files of evidence in a folder, sorted; none if it is missing.
pub(super) fn names_in(at: &Path, shown: &Path) -> Result<Vec<String>, EvidenceFolderError> {
    let unreadable = |source| EvidenceFolderError::Folder { folder: shown.to_owned(), source };
    let entries = match fs::read_dir(at) {
        Ok(entries) => entries,
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            return Ok(Vec::new());
        }
        Err(error) => return Err(unreadable(error)),
    };
    let names = entries.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned()));
    let mut names = names.collect::<io::Result<Vec<String>>>().map_err(unreadable)?;
    names.retain(|name| is_evidence_file(name));
    names.sort();
    Ok(names)
}
