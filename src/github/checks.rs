//! The repository and its base branch, and the checks of commits. It never changes them.

use serde::Deserialize;

use super::address::{quoted, quoted_parts};
use super::{Client, GitHubError, RepositoryName};

/// A branch with its requirements for pull requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BaseBranch {
    /// The commit of the branch.
    pub(crate) commit: String,
    /// The checks that must pass before a pull request is merged, by rulesets or branch protection.
    pub(crate) required_checks: Vec<String>,
}

#[derive(Deserialize)]
struct Commit {
    sha: String,
}

#[derive(Default, Deserialize)]
struct Checks {
    #[serde(default)]
    contexts: Vec<String>,
}

#[derive(Deserialize)]
struct Protection {
    required_status_checks: Option<Checks>,
}

#[derive(Deserialize)]
struct Branch {
    commit: Commit,
    protection: Option<Protection>,
}

#[derive(Deserialize)]
struct RuleCheck {
    context: String,
}

#[derive(Default, Deserialize)]
#[serde(default)]
struct Parameters {
    required_status_checks: Vec<RuleCheck>,
}

#[derive(Deserialize)]
struct Rule {
    #[serde(rename = "type")]
    kind: String,
    parameters: Option<serde_json::Value>,
}

impl Client {
    /// Returns the name of a repository's default branch.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn default_branch(&self, repository: &RepositoryName) -> Result<String, GitHubError> {
        #[derive(Deserialize)]
        struct Repository {
            default_branch: String,
        }
        self.read(repository.route(""), &format!("the repository {repository}"))
            .map(|found: Repository| found.default_branch)
    }

    /// Returns a branch that pull requests are for.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn base_branch(
        &self,
        repository: &RepositoryName,
        branch: &str,
    ) -> Result<BaseBranch, GitHubError> {
        let route = repository.route(&format!("/branches/{}", quoted_parts(branch)));
        let found: Branch = self.read(route, &format!("the branch {branch} of {repository}"))?;
        let protection = found.protection.and_then(|protection| protection.required_status_checks);
        let mut required_checks = protection.unwrap_or_default().contexts;
        let rules = repository.route(&format!("/rules/branches/{}", quoted_parts(branch)));
        let rules: Vec<Rule> = match self.all(&rules, &format!("the rules of {branch}")) {
            // Servers from before rulesets have none.
            Err(GitHubError::NotFound { .. }) => Vec::new(),
            rules => rules?,
        };
        for rule in rules.into_iter().filter(|rule| rule.kind == "required_status_checks") {
            let parameters: Parameters =
                rule.parameters.and_then(|value| serde_json::from_value(value).ok()).unwrap_or_default();
            required_checks.extend(parameters.required_status_checks.into_iter().map(|check| check.context));
        }
        required_checks.sort();
        required_checks.dedup();
        Ok(BaseBranch { commit: found.commit.sha, required_checks })
    }

    /// Returns true if a commit has checks or statuses that have not finished.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn is_pending(&self, repository: &RepositoryName, commit: &str) -> Result<bool, GitHubError> {
        #[derive(Deserialize)]
        struct Run {
            status: String,
        }
        #[derive(Deserialize)]
        struct Runs {
            check_runs: Vec<Run>,
        }
        #[derive(Deserialize)]
        struct Combined {
            state: String,
            #[serde(default)]
            total_count: usize,
        }
        let what = format!("the checks of {commit}");
        let route = repository.route(&format!("/commits/{}/check-runs", quoted(commit)));
        let runs = self.pages(&route, &what, |page: Runs| page.check_runs)?;
        if runs.iter().any(|run| run.status != "completed") {
            return Ok(true);
        }
        let route = repository.route(&format!("/commits/{}/status", quoted(commit)));
        let combined: Option<Combined> = self.read_if_there(route, &what)?;
        // Without any status the state is also `pending`.
        Ok(combined.is_some_and(|combined| combined.total_count > 0 && combined.state == "pending"))
    }
}
