//! The clone of a report: what history tells, and what is written to branches.

use super::super::{Error, Kind};
use crate::campaign::evidence::EvidenceByPath;
use crate::campaign::message;
use crate::campaign::plan::file::File;
use crate::config::Config;
use crate::discover::{MOST_BYTES, Source};
use crate::dockerfile::Dockerfile;
use crate::git::{CommitId, GitError, RepoPath, Repository};
use crate::ops::evidence;
use crate::ops::planned_text::planned_text;
use crate::report::{Clone, Written, template};
use crate::rollout::Change;

/// The most bytes of a template.
const MOST_TEMPLATE: u64 = 1 << 20;

/// The clone, as of the commit that the base branch is at.
pub struct Local<'a> {
    pub repository: &'a Repository,
    pub commit: &'a CommitId,
    pub source: &'a Source<'a>,
    pub config: &'a Config,
    pub measured: &'a EvidenceByPath,
}

impl Local<'_> {
    /// The template of a pull request's text.
    pub fn template(&self) -> Result<template::Template, Error> {
        let Some(path) = &self.config.report.template else {
            return template::read(None).map_err(|error| Error::usage(&error));
        };
        let unreadable =
            |why: &dyn std::fmt::Display| Error::new(Kind::Usage, format!("[report] template {path}: {why}"));
        let place = RepoPath::new(path).map_err(|error| unreadable(&error))?;
        let bytes = self.source.read(&place, MOST_TEMPLATE).map_err(|error| unreadable(&error))?;
        let text = String::from_utf8(bytes).map_err(|_| unreadable(&"it is no UTF-8"))?;
        template::read(Some(&text)).map_err(|error| unreadable(&error))
    }

    fn failed(&self, message: String) -> GitError {
        let path = self.repository.git_dir().to_owned();
        GitError::Failed { task: "make the planned text", path, message }
    }
}

impl Clone for Local<'_> {
    fn text_before(&self, commit: &str, path: &str) -> Result<Option<String>, GitError> {
        let commit = self.repository.resolve(Some(commit))?;
        self.repository.id_at(&commit, path, true)
    }

    fn last_change(&self, path: &str) -> Result<Option<Change>, GitError> {
        let found = self.repository.last_change(self.commit, path)?;
        Ok(found.map(|(commit, author)| Change { commit: commit.as_str().to_owned(), author }))
    }

    fn commit(&self, file: &File) -> Result<Written, GitError> {
        let path = RepoPath::new(&file.path).map_err(|error| self.failed(error.to_string()))?;
        let old = self.source.read(&path, MOST_BYTES).map_err(|error| self.failed(error.to_string()))?;
        let text =
            planned_text(file, &Dockerfile::read(old)).map_err(|error| self.failed(error.to_string()))?;
        let said = message::migrate(&self.config.migrate.message, file);
        let message = said.map_err(|error| self.failed(error.to_string()))?;
        let evidence = self.measured.get(&file.path).map(evidence::bytes).transpose();
        let evidence = evidence.map_err(|error| self.failed(error.to_string()))?;
        Ok(Written { message, text, evidence })
    }
}
