//! A clone of the emulator's repository, which has what was fetched.

use std::collections::BTreeMap;
use std::path::PathBuf;

use git2::Oid;
use layerwright::campaign::plan::file::{File, Plan};
use layerwright::campaign::progress::Change;
use layerwright::git::{CommitId, GitError, Repository};
use layerwright::report::{Clone as LocalClone, Written};

use super::super::repository::{Known, evidence_text, planned_text};
use super::github::GitHub;
use crate::report::fetch;
use crate::support::Scratch;

pub struct Local {
    scratch: Scratch,
    pub repository: Repository,
}

impl Local {
    pub fn new() -> Self {
        let scratch = Scratch::new();
        let repository = scratch.open();
        Self { scratch, repository }
    }

    /// Where the client keeps answers, as the command does.
    pub fn kept(&self) -> PathBuf {
        self.repository.git_dir().join("kept")
    }

    pub fn fetch(&self, github: &GitHub, commit: &str) {
        fetch::commit(&|below| github.get(below), &self.scratch.git, commit);
    }

    /// The ids of the texts of a plan's files in a commit.
    pub fn blobs(&self, commit: &str, plan: &Plan) -> BTreeMap<String, String> {
        let commit = CommitId::new(commit).unwrap();
        let id = |file: &File| {
            Some((file.path.clone(), self.repository.id_at(&commit, &file.path, false).unwrap()?))
        };
        plan.files.iter().filter_map(id).collect()
    }

    /// The same clone with what is known of its files.
    pub fn at<'a>(&'a self, known: &'a BTreeMap<String, Known>) -> At<'a> {
        At { local: self, known }
    }
}

pub struct At<'a> {
    local: &'a Local,
    known: &'a BTreeMap<String, Known>,
}

impl LocalClone for At<'_> {
    fn text_before(&self, commit: &str, path: &str) -> Result<Option<String>, GitError> {
        self.local.repository.id_at(&CommitId::new(commit).unwrap(), path, true)
    }

    fn last_change(&self, _: &str) -> Result<Option<Change>, GitError> {
        Ok(None)
    }

    fn commit(&self, file: &File) -> Result<Written, GitError> {
        let before = self.local.scratch.git.find_blob(Oid::from_str(&file.blob).unwrap()).unwrap();
        let before = std::str::from_utf8(before.content()).unwrap();
        let text = planned_text(file, before).unwrap().into_bytes();
        let evidence = evidence_text(file, &self.known[&file.path]).map(String::into_bytes);
        Ok(Written { message: "Use COPY --link".into(), text, evidence })
    }
}
