//! One repository on GitHub as the [`Forge`] of a campaign.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use super::issues::{Author, Listed};
use super::{Client, GitHubError, IssueAddress, Pull, RepositoryName, TreeEntry};
use crate::git::{CommitId, Repository};
use crate::rollout::forge::{
    BranchAt, Forge, ForgeError, FoundAbove, FoundComment, FoundPull, NewCommit, NewPull,
};

/// The prefix of the branches of GitHub's merge queue: `gh-readonly-queue/main/pr-7-0123…`.
const QUEUE: &str = "gh-readonly-queue/";

/// One repository on GitHub. Objects that the clone has are read from it, without a request.
pub struct GitHubForge<'a> {
    client: &'a Client,
    repository: RepositoryName,
    clone: &'a Repository,
    /// Lists that were read for pull requests and have not been used for issues yet.
    labelled: RefCell<BTreeMap<String, Vec<Listed>>>,
}

impl From<GitHubError> for ForgeError {
    fn from(error: GitHubError) -> Self {
        let mut said = error.to_string();
        let mut cause = std::error::Error::source(&error);
        while let Some(error) = cause {
            said = format!("{said}: {error}");
            cause = error.source();
        }
        match error {
            GitHubError::Invalid { .. } | GitHubError::NotFound { .. } | GitHubError::Gone { .. } => {
                Self::Refused(said)
            }
            GitHubError::Unsure { .. } => Self::Unclear(said),
            _ => Self::Stopped(said),
        }
    }
}

impl<'a> GitHubForge<'a> {
    /// Returns the repository as `client` sees it. `clone` is a clone of it.
    pub fn new(client: &'a Client, repository: RepositoryName, clone: &'a Repository) -> Self {
        Self { client, repository, clone, labelled: RefCell::default() }
    }

    /// Returns the address of the repository's page; `None` if it is unknown from the address of the API.
    pub(crate) fn page(&self) -> Option<String> {
        self.client.api.pages().map(|pages| format!("{pages}/{}", self.repository))
    }

    fn address(&self, number: u64) -> IssueAddress {
        IssueAddress { repository: self.repository.clone(), number }
    }

    /// Returns the pull requests that wait in the merge queue.
    fn queued(&self) -> Result<BTreeSet<u64>, GitHubError> {
        let branches = self.client.branches(&self.repository, QUEUE)?;
        let number =
            |name: &str| name.rsplit('/').next()?.strip_prefix("pr-")?.split('-').next()?.parse().ok();
        Ok(branches.iter().filter_map(|found| number(&found.branch)).collect())
    }

    /// `None` for a pull request from another repository: it belongs to its author.
    fn found(&self, pull: Pull, by: Option<String>, queued: &BTreeSet<u64>) -> Option<FoundPull> {
        let own = self.repository.to_string();
        if !pull.head_repository.is_some_and(|from| from.eq_ignore_ascii_case(&own)) {
            return None;
        }
        let opened = humantime::parse_rfc3339(&pull.created).ok();
        let opened = opened.and_then(|time| time.duration_since(std::time::UNIX_EPOCH).ok());
        Some(FoundPull {
            queued: pull.auto_merge || queued.contains(&pull.number),
            number: pull.number,
            branch: pull.head,
            base: pull.base,
            open: pull.open,
            by: pull.merged_by.or(by),
            merge_commit: pull.merge_commit,
            body: pull.body,
            labels: pull.labels.into_iter().collect(),
            mergeable: pull.mergeable,
            opened: opened.unwrap_or_default().as_secs(),
        })
    }

    /// Returns the mode of a file in a commit; `tree` returns the tree of the commit.
    fn mode_in(
        &self,
        commit: &str,
        tree: impl FnOnce() -> Result<String, GitHubError>,
        path: &str,
    ) -> Result<Option<String>, GitHubError> {
        match CommitId::new(commit).ok().and_then(|commit| self.clone.file_mode(&commit, path).ok()) {
            Some(known) => Ok(known.map(|mode| format!("{mode:06o}"))),
            None => self.client.mode_at(&self.repository, &tree()?, path),
        }
    }

    /// Returns true for an app, and for a person who may write to the repository.
    fn may_write(&self, author: Option<Author>) -> Result<bool, ForgeError> {
        match author {
            Some(author) if author.is_bot => Ok(true),
            Some(author) => Ok(self.client.may_write(&self.repository, &author.login)?),
            None => Ok(false),
        }
    }
}

impl Forge for GitHubForge<'_> {
    fn branches(&self, prefix: &str) -> Result<Vec<BranchAt>, ForgeError> {
        let found = self.client.branches(&self.repository, prefix)?;
        Ok(found.into_iter().map(|found| BranchAt { name: found.branch, commit: found.commit }).collect())
    }

    fn branch(&self, name: &str) -> Result<Option<String>, ForgeError> {
        Ok(self.client.branch(&self.repository, name)?)
    }

    fn pulls_labelled(&self, label: &str) -> Result<Vec<FoundPull>, ForgeError> {
        let queued = self.queued()?;
        let mut found = Vec::new();
        let all = self.client.labelled(&self.repository, label)?;
        self.labelled.borrow_mut().insert(label.to_owned(), all.clone());
        for listed in all {
            let Some(merged) = listed.merged else { continue };
            let pull = if listed.open {
                self.client.pull(&self.repository, listed.number)?
            } else {
                self.client.closed_pull(&self.repository, listed.number, &listed.updated)?
            };
            let closed = !listed.open && !merged;
            let by = if closed {
                self.client.closed_by(&self.address(listed.number), &listed.updated)?
            } else {
                None
            };
            found.extend(self.found(pull, by, &queued));
        }
        found.sort_by_key(|pull| pull.number);
        Ok(found)
    }

    fn pulls_from(&self, branch: &str) -> Result<Vec<FoundPull>, ForgeError> {
        let queued = self.queued()?;
        let found = self.client.pulls_from(&self.repository, branch)?;
        let mut found: Vec<FoundPull> =
            found.into_iter().filter_map(|pull| self.found(pull, None, &queued)).collect();
        found.sort_by_key(|pull| pull.number);
        Ok(found)
    }

    fn pull(&self, number: u64) -> Result<FoundPull, ForgeError> {
        let pull = self.client.pull(&self.repository, number)?;
        let found = self.found(pull, None, &self.queued()?);
        found.ok_or_else(|| {
            ForgeError::Refused(format!("{}#{number} is from another repository", self.repository))
        })
    }

    fn above(&self, base: &str, branch: &str) -> Result<FoundAbove, ForgeError> {
        Ok(self.client.above(&self.repository, base, branch)?)
    }

    fn contains(&self, commit: &str, earlier: &str) -> Result<bool, ForgeError> {
        let local = || self.clone.contains(&CommitId::new(commit).ok()?, &CommitId::new(earlier).ok()?);
        match local() {
            Some(contains) => Ok(contains),
            None => Ok(self.client.contains(&self.repository, commit, earlier)?),
        }
    }

    fn text_id(&self, commit: &str, path: &str) -> Result<Option<String>, ForgeError> {
        Ok(self.client.blob_at(&self.repository, commit, path)?)
    }

    fn mode(&self, commit: &str, path: &str) -> Result<Option<String>, ForgeError> {
        Ok(self.mode_in(commit, || self.client.tree_of(&self.repository, commit), path)?)
    }

    fn has_pending_checks(&self, commit: &str) -> Result<bool, ForgeError> {
        Ok(self.client.is_pending(&self.repository, commit)?)
    }

    fn issue_body(&self, number: u64) -> Result<String, ForgeError> {
        Ok(self.client.issue(&self.address(number))?.body)
    }

    fn is_by_writer(&self, issue: u64) -> Result<bool, ForgeError> {
        self.may_write(self.client.issue(&self.address(issue))?.author)
    }

    fn comments(&self, issue: u64, fits: &dyn Fn(&str) -> bool) -> Result<Vec<FoundComment>, ForgeError> {
        let mut found = Vec::new();
        for (comment, author) in self.client.comments(&self.address(issue))? {
            if fits(&comment.body) && self.may_write(author)? {
                found.push(comment);
            }
        }
        Ok(found)
    }

    fn issues_labelled(&self, label: &str) -> Result<Vec<u64>, ForgeError> {
        // One list answers for both, once: a second call needs the present state.
        let kept = self.labelled.borrow_mut().remove(label);
        let found = kept.map_or_else(|| self.client.labelled(&self.repository, label), Ok)?;
        Ok(found.iter().filter(|one| one.open && one.merged.is_none()).map(|one| one.number).collect())
    }

    fn write_commit(&self, commit: &NewCommit<'_>) -> Result<String, ForgeError> {
        let last = commit.parents.last().copied().unwrap_or_default();
        let base = self.client.tree_of(&self.repository, last)?;
        let mut entries = Vec::new();
        for &(path, bytes) in commit.texts {
            let mode = self.mode_in(last, || Ok(base.clone()), path)?;
            let mode = mode.unwrap_or_else(|| "100644".to_owned());
            entries.push(TreeEntry { path: path.to_owned(), mode, bytes: bytes.to_vec() });
        }
        let tree = self.client.create_tree(&self.repository, &base, &entries)?;
        Ok(self.client.create_commit(&self.repository, commit.message, &tree, commit.parents)?)
    }

    fn create_branch(&self, name: &str, commit: &str) -> Result<(), ForgeError> {
        Ok(self.client.create_branch(&self.repository, name, commit)?)
    }

    fn advance_branch(&self, name: &str, commit: &str) -> Result<(), ForgeError> {
        Ok(self.client.advance_branch(&self.repository, name, commit)?)
    }

    fn open_pull(&self, pull: &NewPull<'_>) -> Result<u64, ForgeError> {
        Ok(self.client.create_pull(&self.repository, pull)?)
    }

    fn set_pull_body(&self, number: u64, body: &str) -> Result<(), ForgeError> {
        Ok(self.client.update_pull(&self.repository, number, body)?)
    }

    fn add_labels(&self, number: u64, labels: &[String]) -> Result<(), ForgeError> {
        Ok(self.client.add_labels(&self.address(number), labels)?)
    }

    fn request_reviews(&self, pull: u64, reviewers: &[String]) -> Result<(), ForgeError> {
        Ok(self.client.request_review(&self.repository, pull, reviewers)?)
    }

    fn assign(&self, number: u64, assignees: &[String]) -> Result<(), ForgeError> {
        Ok(self.client.assign(&self.address(number), assignees)?)
    }

    fn create_issue(&self, title: &str, body: &str, labels: &[String]) -> Result<u64, ForgeError> {
        Ok(self.client.create_issue(&self.repository, title, body, labels)?)
    }

    fn set_issue_body(&self, number: u64, body: &str) -> Result<(), ForgeError> {
        Ok(self.client.update_issue(&self.address(number), body)?)
    }

    fn add_comment(&self, issue: u64, body: &str) -> Result<(), ForgeError> {
        Ok(self.client.add_comment(&self.address(issue), body)?)
    }

    fn set_comment(&self, comment: u64, body: &str) -> Result<(), ForgeError> {
        Ok(self.client.update_comment(&self.repository, comment, body)?)
    }

    fn close_issue(&self, number: u64) -> Result<(), ForgeError> {
        Ok(self.client.close_issue(&self.address(number))?)
    }
}
