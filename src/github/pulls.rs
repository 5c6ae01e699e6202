//! Pull requests. It never merges or closes one.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::address::quoted;
use super::call::Call;
use super::{Client, GitHubError, RepositoryName};
use crate::rollout::forge::NewPull;

/// A pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pull {
    /// The number.
    pub(crate) number: u64,
    /// The text; empty if there is none.
    pub(crate) body: String,
    /// True if it is open.
    pub(crate) open: bool,
    /// The merge commit; `None` if it was not merged.
    pub(crate) merge_commit: Option<String>,
    /// The user who merged it.
    pub(crate) merged_by: Option<String>,
    /// The head branch.
    pub(crate) head: String,
    /// The head repository; `None` if it is gone.
    pub(crate) head_repository: Option<String>,
    /// The base branch.
    pub(crate) base: String,
    /// The labels.
    pub(crate) labels: Vec<String>,
    /// True if it can be merged without a conflict; `None` if GitHub has not computed that yet.
    pub(crate) mergeable: Option<bool>,
    /// True if auto-merge is enabled.
    pub(crate) auto_merge: bool,
    /// The time when it was opened: RFC 3339.
    pub(crate) created: String,
}

#[derive(Deserialize)]
pub(super) struct Login {
    pub(super) login: String,
}

#[derive(Deserialize)]
struct Label {
    #[serde(default)]
    name: String,
}

#[derive(Deserialize)]
struct Repo {
    full_name: String,
}

#[derive(Deserialize)]
struct End {
    #[serde(rename = "ref")]
    branch: String,
    repo: Option<Repo>,
}

#[derive(Deserialize)]
struct Wire {
    number: u64,
    body: Option<String>,
    state: String,
    merged_at: Option<String>,
    merge_commit_sha: Option<String>,
    #[serde(default)]
    created_at: String,
    merged_by: Option<Login>,
    head: End,
    base: End,
    #[serde(default)]
    labels: Vec<Label>,
    mergeable: Option<bool>,
    auto_merge: Option<Value>,
}

impl Wire {
    fn read(self) -> Pull {
        Pull {
            number: self.number,
            body: self.body.unwrap_or_default(),
            open: self.state == "open",
            merge_commit: self.merged_at.and(self.merge_commit_sha),
            merged_by: self.merged_by.map(|who| who.login),
            head: self.head.branch,
            head_repository: self.head.repo.map(|repo| repo.full_name),
            base: self.base.branch,
            labels: self.labels.into_iter().map(|label| label.name).collect(),
            mergeable: self.mergeable,
            auto_merge: self.auto_merge.is_some(),
            created: self.created_at,
        }
    }
}

impl Client {
    /// Returns a pull request.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn pull(&self, repository: &RepositoryName, number: u64) -> Result<Pull, GitHubError> {
        let route = repository.route(&format!("/pulls/{number}"));
        self.read(route, &format!("{repository}#{number}")).map(Wire::read)
    }

    /// Returns a closed pull request that was last changed at this time. No request is sent until it changes again.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn closed_pull(
        &self,
        repository: &RepositoryName,
        number: u64,
        updated: &str,
    ) -> Result<Pull, GitHubError> {
        let route = repository.route(&format!("/pulls/{number}"));
        self.read_as_of(route, updated, &format!("{repository}#{number}")).map(Wire::read)
    }

    /// Returns all pull requests from a branch of the repository, open and closed.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn pulls_from(
        &self,
        repository: &RepositoryName,
        branch: &str,
    ) -> Result<Vec<Pull>, GitHubError> {
        let head = quoted(&format!("{}:{branch}", repository.owner()));
        let route = repository.route(&format!("/pulls?state=all&head={head}"));
        let found: Vec<Wire> = self.all(&route, &format!("the pull requests from {branch}"))?;
        // A server that does not know the parameter returns all of them.
        Ok(found.into_iter().map(Wire::read).filter(|pull| pull.head == branch).collect())
    }

    /// Opens a pull request.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Invalid`] if there is already one from this branch; [`GitHubError::Unsure`] if it is unknown if
    /// it was opened.
    pub(crate) fn create_pull(
        &self,
        repository: &RepositoryName,
        new: &NewPull<'_>,
    ) -> Result<u64, GitHubError> {
        let body = json!({
            "title": new.title, "body": new.body, "head": new.branch, "base": new.base, "draft": new.draft,
            "maintainer_can_modify": true,
        });
        let what = format!("a pull request from {}", new.branch);
        self.write(&Call::change(Method::POST, repository.route("/pulls"), body, &what))
            .map(|wire: Wire| wire.number)
    }

    /// Writes the text of a pull request.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Unsure`] if it is unknown if it was written.
    pub(crate) fn update_pull(
        &self,
        repository: &RepositoryName,
        number: u64,
        body: &str,
    ) -> Result<(), GitHubError> {
        let route = repository.route(&format!("/pulls/{number}"));
        let what = format!("{repository}#{number}");
        self.write_only(&Call::change(Method::PATCH, route, json!({"body": body}), &what))
    }

    /// Requests reviews from people and teams (`org/team`).
    ///
    /// # Errors
    ///
    /// [`GitHubError::Invalid`] if one of them may not review it.
    pub(crate) fn request_review(
        &self,
        repository: &RepositoryName,
        number: u64,
        reviewers: &[String],
    ) -> Result<(), GitHubError> {
        let (teams, people): (Vec<&String>, Vec<&String>) =
            reviewers.iter().partition(|name| name.contains('/'));
        let teams: Vec<&str> = teams.iter().filter_map(|team| team.rsplit('/').next()).collect();
        let route = repository.route(&format!("/pulls/{number}/requested_reviewers"));
        let body = json!({"reviewers": people, "team_reviewers": teams});
        let what = format!("the reviewers of {repository}#{number}");
        self.write_only(&Call::change(Method::POST, route, body, &what).repeatable())
    }
}
