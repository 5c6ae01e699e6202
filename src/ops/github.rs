//! Access to GitHub for operations.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use secrecy::SecretString;

use super::notice::during;
use super::{Activity, ListText, Notice, Watch};
use crate::config::Config;
use crate::git::{CommitId, GitError, Repository};
use crate::github::{Api, App, BaseBranch, Client, Clock, GitHubError, IssueAddress, RepositoryName};
use crate::report::section;

/// The timeout of a request.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The folder in the git directory of the repository that caches responses of GitHub.
const CACHE: &str = "layerwright/github";

/// The access to GitHub.
pub struct GitHubAccess {
    /// The repository on GitHub. `None` for that of the remote `origin`.
    pub repository: Option<RepositoryName>,
    /// The address of the GitHub API.
    pub api: Api,
    /// The credentials. `None` is enough to read an issue of a public repository.
    pub credentials: Option<Credentials>,
    /// The clock, which gives the time and waits.
    pub clock: Rc<dyn Clock>,
}

/// The credentials for GitHub.
pub enum Credentials {
    /// A token.
    Token(SecretString),
    /// A GitHub App.
    App(Box<App>),
}

/// An error of the access to GitHub.
#[derive(Debug, thiserror::Error)]
pub enum GitHubAccessError {
    /// The remote `origin` is not on GitHub, and no repository is named.
    #[error("the remote `origin` is not a repository on GitHub")]
    NoRepository,
    /// There are no credentials.
    #[error("there is no token for GitHub")]
    NoToken,
    /// The clone is behind GitHub.
    #[error("this clone does not have {commit}, at which the base branch of {repository} is")]
    NotInClone {
        /// The commit of the base branch.
        commit: String,
        /// The repository on GitHub.
        repository: RepositoryName,
    },
    /// A request to GitHub failed.
    #[error(transparent)]
    GitHub(#[from] GitHubError),
    /// The clone cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The base branch requires checks, and the actions of the token start no workflow.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{branch} requires checks ({}), but pull requests opened with GITHUB_TOKEN start no workflow: they would never run",
    checks.join(", ")
)]
pub struct ChecksNeverRun {
    /// The base branch.
    pub branch: String,
    /// The required checks.
    pub checks: Vec<String>,
}

impl fmt::Debug for GitHubAccess {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { repository, api, .. } = self;
        formatter
            .debug_struct("GitHubAccess")
            .field("repository", repository)
            .field("api", api)
            .finish_non_exhaustive()
    }
}

impl GitHubAccess {
    /// Returns the name of the repository on GitHub.
    pub(super) fn repository_name(
        &self,
        repository: &Repository,
        config: &Config,
    ) -> Result<RepositoryName, GitHubAccessError> {
        if let Some(name) = &self.repository {
            return Ok(name.clone());
        }
        if let Some(name) = &config.report.repo {
            return Ok(name.parse()?);
        }
        let url = repository.remote_url("origin");
        let found = url.as_deref().and_then(RepositoryName::of_remote).map(|(_, name)| name);
        found.ok_or(GitHubAccessError::NoRepository)
    }

    /// Returns a client that may change a repository. It caches responses in the clone.
    pub(super) fn client(
        &self,
        name: &RepositoryName,
        clone: &Repository,
    ) -> Result<Client, GitHubAccessError> {
        if self.credentials.is_none() {
            return Err(GitHubAccessError::NoToken);
        }
        Ok(self.reader(name)?.keeping(clone.git_dir().join(CACHE)))
    }

    /// Returns a client that only reads, with or without credentials.
    fn reader(&self, name: &RepositoryName) -> Result<Client, GitHubError> {
        let token = match &self.credentials {
            None => None,
            Some(Credentials::Token(token)) => Some(token.clone()),
            Some(Credentials::App(app)) => {
                Some(app.installation_token(self.api.clone(), self.clock(), TIMEOUT, name)?)
            }
        };
        Client::new(self.api.clone(), token, self.clock(), TIMEOUT)
    }

    fn clock(&self) -> Box<dyn Clock> {
        Box::new(Rc::clone(&self.clock))
    }
}

/// Reads an issue or pull request that lists files, for [`PlanOptions::list`](super::PlanOptions::list).
///
/// # Errors
///
/// [`GitHubError`]
pub fn issue_list(
    access: &GitHubAccess,
    address: &IssueAddress,
    watch: &Watch<'_>,
) -> Result<ListText, GitHubError> {
    let client = access.reader(&address.repository)?;
    let issue = during(watch, Activity::GitHub, || client.issue(address))?;
    if issue.moved {
        watch(&Notice::IssueMoved { address, url: issue.url.as_deref() });
    }
    // A pull request that lists files never becomes the tracking issue.
    let is_pull = issue.url.as_ref().is_some_and(|url| url.contains("/pull/"));
    let tracked = (!is_pull).then(|| address.clone());
    // What the campaign writes into the issue lists nothing.
    Ok(ListText { name: address.to_string(), text: section::without(&issue.body), issue: tracked })
}

/// Returns the base branch of the pull requests, with its commit on GitHub.
pub(super) fn base_branch(
    client: &Client,
    name: &RepositoryName,
    config: &Config,
    watch: &Watch<'_>,
) -> Result<(String, BaseBranch), GitHubError> {
    during(watch, Activity::GitHub, || {
        let branch = match &config.report.base {
            Some(branch) => branch.clone(),
            None => client.default_branch(name)?,
        };
        let found = client.base_branch(name, &branch)?;
        Ok((branch, found))
    })
}

/// Returns the commit, or an error if the clone does not have it.
pub(super) fn in_clone(
    clone: &Repository,
    commit: &str,
    name: &RepositoryName,
) -> Result<CommitId, GitHubAccessError> {
    clone.resolve(Some(commit)).map_err(|error| match error {
        GitError::RevisionNotFound { .. } | GitError::NotACommit { .. } => {
            GitHubAccessError::NotInClone { commit: commit.to_owned(), repository: name.clone() }
        }
        error => error.into(),
    })
}
