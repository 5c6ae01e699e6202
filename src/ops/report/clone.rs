//! The local clone: its history, and the texts that are committed to branches.

use crate::campaign::evidence::EvidenceByPath;
use crate::campaign::message;
use crate::campaign::plan::file::File;
use crate::campaign::progress::Change;
use crate::config::Config;
use crate::config::message::MessageError;
use crate::discover::{MOST_BYTES, ReadError, SourceTree};
use crate::dockerfile::Dockerfile;
use crate::git::{CommitId, GitError, PathError, RepoPath, Repository};
use crate::ops::evidence;
use crate::ops::planned_text::written_text;
use crate::report::{Clone, Written, template};

/// The maximum size of a template in bytes.
const MOST_TEMPLATE: u64 = 1 << 20;

/// The clone at the commit of the base branch.
pub(super) struct LocalClone<'a> {
    pub(super) repository: &'a Repository,
    pub(super) commit: &'a CommitId,
    pub(super) source: &'a SourceTree<'a>,
    pub(super) config: &'a Config,
    pub(super) measured: &'a EvidenceByPath,
}

/// `[report] template` cannot be used.
#[derive(Debug, thiserror::Error)]
#[error("[report] template {path}: {why}")]
pub struct TemplateError {
    /// The value.
    path: String,
    /// The cause.
    why: BadTemplate,
}

/// The reason why a template cannot be used.
#[derive(Debug, thiserror::Error)]
enum BadTemplate {
    #[error(transparent)]
    Path(#[from] PathError),
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("it is not valid UTF-8")]
    Utf8,
    #[error(transparent)]
    Message(#[from] MessageError),
}

impl LocalClone<'_> {
    /// Reads the template for the texts of pull requests.
    pub(super) fn template(&self) -> Result<template::Template, TemplateError> {
        let path = self.config.report.template.as_deref();
        self.read_template(path)
            .map_err(|why| TemplateError { path: path.unwrap_or_default().to_owned(), why })
    }

    fn read_template(&self, path: Option<&str>) -> Result<template::Template, BadTemplate> {
        let Some(path) = path else { return Ok(template::read(None)?) };
        let bytes = self.source.read(&RepoPath::new(path)?, MOST_TEMPLATE)?;
        let text = String::from_utf8(bytes).map_err(|_| BadTemplate::Utf8)?;
        Ok(template::read(Some(&text))?)
    }

    fn failed(&self, error: &dyn std::error::Error) -> GitError {
        let path = self.repository.git_dir().to_owned();
        GitError::Failed { task: "make the planned text", path, message: error.to_string() }
    }
}

impl Clone for LocalClone<'_> {
    fn text_before(&self, commit: &str, path: &str) -> Result<Option<String>, GitError> {
        let commit = self.repository.resolve(Some(commit))?;
        self.repository.id_at(&commit, path, true)
    }

    fn last_change(&self, path: &str) -> Result<Option<Change>, GitError> {
        let found = self.repository.last_change(self.commit, path)?;
        Ok(found.map(|(commit, author)| Change { commit: commit.as_str().to_owned(), author }))
    }

    fn commit(&self, file: &File) -> Result<Written, GitError> {
        let path = RepoPath::new(&file.path).map_err(|error| self.failed(&error))?;
        let old = self.source.read(&path, MOST_BYTES).map_err(|error| self.failed(&error))?;
        let text = written_text(file, &Dockerfile::read(old)).map_err(|error| self.failed(&error))?;
        let message = message::migrate(&self.config.migrate.message, file);
        let message = message.map_err(|error| self.failed(&error))?;
        let evidence = self.measured.get(&file.path).map(evidence::bytes).transpose();
        let evidence = evidence.map_err(|error| self.failed(&error))?;
        Ok(Written { message, text, evidence })
    }
}
