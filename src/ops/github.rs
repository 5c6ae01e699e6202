//! GitHub as operations reach it.

use std::fmt;
use std::rc::Rc;
use std::time::Duration;

use secrecy::SecretString;

use super::notice::during;
use super::{Activity, ListText, Notice, Watch};
use crate::config::Config;
use crate::git::{CommitId, GitError, Repository};
use crate::github::{Api, App, BaseBranch, Client, Clock, GitHubError, IssueAddress, RepositoryName};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(20);

/// The folder below the repository's git directory in which answers of GitHub are cached.
const CACHE: &str = "layerwright/github";

/// How GitHub is reached.
pub struct GitHubAccess {
    /// The repository on GitHub. None takes that of the remote `origin`.
    pub repository: Option<RepositoryName>,
    /// The API of that GitHub.
    pub api: Api,
    /// Who acts. None suffices to read an issue of a public repository.
    pub credentials: Option<Credentials>,
    /// Tells the time and waits.
    pub clock: Rc<dyn Clock>,
}

/// Who acts on GitHub.
pub enum Credentials {
    /// The owner of a token.
    Token(SecretString),
    /// A GitHub App.
    App(Box<App>),
}

/// Why GitHub cannot be asked.
#[derive(Debug, thiserror::Error)]
pub enum GitHubAccessError {
    /// The remote `origin` is not on GitHub, and no repository is named.
    #[error("the remote `origin` names no repository on GitHub")]
    NoRepository,
    /// There are no credentials.
    #[error("there is no token for GitHub")]
    NoToken,
    /// The clone is behind.
    #[error("this clone does not have {commit}, at which the base branch of {repository} is")]
    NotInClone {
        /// The commit of the base branch.
        commit: String,
        /// The repository on GitHub.
        repository: RepositoryName,
    },
    /// GitHub does not answer as it should.
    #[error(transparent)]
    GitHub(#[from] GitHubError),
    /// The clone cannot be read.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// A token whose actions start no workflow, and a base branch that requires checks.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{branch} requires checks ({}), and what GITHUB_TOKEN opens starts no workflow: they would never run",
    checks.join(", ")
)]
pub struct ChecksNeverRun {
    /// The base branch.
    pub branch: String,
    /// The checks that it requires.
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
    /// The name of the repository on GitHub.
    pub(super) fn repository_name(
        &self,
        repository: &Repository,
    ) -> Result<RepositoryName, GitHubAccessError> {
        if let Some(name) = &self.repository {
            return Ok(name.clone());
        }
        let url = repository.remote_url("origin");
        let found = url.as_deref().and_then(RepositoryName::of_remote).map(|(_, name)| name);
        found.ok_or(GitHubAccessError::NoRepository)
    }

    /// A client that may change a repository. It caches answers in the clone.
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

    /// A client that reads, with credentials or without.
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
    Ok(ListText { name: address.to_string(), text: issue.body })
}

/// The branch that pull requests are for, as GitHub has it.
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

/// The commit, if the clone has it.
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
