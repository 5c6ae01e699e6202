//! Issues, and pull requests as issues. It never deletes one.

use http::Method;
use serde::Deserialize;
use serde_json::json;

use super::address::quoted;
use super::call::Call;
use super::pulls::Login;
use super::{Client, GitHubError, IssueAddress, RepositoryName};
use crate::rollout::forge::FoundComment;

/// An issue, or a pull request as an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// The number, in the repository where it is now.
    pub number: u64,
    /// The address of the page.
    pub url: Option<String>,
    /// True if there was a redirect: it was transferred, or its repository was renamed.
    pub moved: bool,
    /// The text; empty if there is none.
    pub body: String,
    /// Its author; `None` if the account was deleted.
    pub author: Option<Author>,
}

/// The author of an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Author {
    /// The name of the account.
    pub login: String,
    /// True for an app, which acts for those who installed it.
    pub is_bot: bool,
}

/// An entry of a list of issues.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The number.
    pub(crate) number: u64,
    /// The text; empty if there is none.
    pub(crate) body: String,
    /// True if it is open.
    pub(crate) open: bool,
    /// True if a pull request was merged; `None` for an issue.
    pub(crate) merged: Option<bool>,
    /// The time of the last change: RFC 3339.
    pub(crate) updated: String,
}

#[derive(Deserialize)]
struct WirePull {
    merged_at: Option<String>,
}

#[derive(Deserialize)]
struct WireAuthor {
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

impl From<WireAuthor> for Author {
    fn from(WireAuthor { login, kind }: WireAuthor) -> Self {
        Self { login, is_bot: kind == "Bot" }
    }
}

#[derive(Deserialize)]
struct Wire {
    number: u64,
    #[serde(default)]
    html_url: Option<String>,
    body: Option<String>,
    user: Option<WireAuthor>,
    #[serde(default)]
    state: String,
    closed_by: Option<Login>,
    pull_request: Option<WirePull>,
    #[serde(default)]
    updated_at: String,
}

impl Client {
    /// Reads an issue or a pull request, after redirects if it was transferred.
    ///
    /// # Errors
    ///
    /// [`GitHubError`] distinguishes: it does not exist or is not visible, it was deleted, the token or the rate limit
    /// forbids it, the server cannot be reached or is not GitHub.
    pub fn issue(&self, address: &IssueAddress) -> Result<Issue, GitHubError> {
        let what = address.to_string();
        let (answer, moved) = self.followed(Call::get(address.route(), &what))?;
        let Wire { number, html_url: url, body, user, .. } = self.parsed(&answer.body, &what)?;
        let author = user.map(Author::from);
        Ok(Issue { number, url, moved, body: body.unwrap_or_default(), author })
    }

    /// Returns true if a user may write to a repository. GitHub reports the role `maintain` as `write` and the role
    /// `triage`, which may not edit the texts of others, as `read`.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn may_write(&self, repository: &RepositoryName, login: &str) -> Result<bool, GitHubError> {
        #[derive(Deserialize)]
        struct Permission {
            permission: String,
        }
        let route = repository.route(&format!("/collaborators/{}/permission", quoted(login)));
        let found: Option<Permission> =
            self.read_if_there(route, &format!("the permission of {login} in {repository}"))?;
        Ok(found.is_some_and(|found| matches!(found.permission.as_str(), "admin" | "write")))
    }

    /// Returns the user who closed a pull request that was last changed at this time.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn closed_by(
        &self,
        address: &IssueAddress,
        updated: &str,
    ) -> Result<Option<String>, GitHubError> {
        let wire: Wire = self.read_as_of(address.route(), updated, &address.to_string())?;
        Ok(wire.closed_by.map(|who| who.login))
    }

    /// Returns the issues and pull requests with a label, open and closed.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn labelled(
        &self,
        repository: &RepositoryName,
        label: &str,
    ) -> Result<Vec<Listed>, GitHubError> {
        let route = repository.route(&format!("/issues?state=all&labels={}", quoted(label)));
        let found: Vec<Wire> = self.all(&route, &format!("the issues of {repository}"))?;
        let read = |wire: Wire| Listed {
            number: wire.number,
            body: wire.body.unwrap_or_default(),
            open: wire.state == "open",
            merged: wire.pull_request.map(|pull| pull.merged_at.is_some()),
            updated: wire.updated_at,
        };
        Ok(found.into_iter().map(read).collect())
    }

    /// Opens an issue and returns its number.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Unsure`] if it is unknown if it was opened.
    pub(crate) fn create_issue(
        &self,
        repository: &RepositoryName,
        title: &str,
        body: &str,
        labels: &[String],
    ) -> Result<u64, GitHubError> {
        let body = json!({"title": title, "body": body, "labels": labels});
        let what = format!("an issue of {repository}");
        self.write(&Call::change(Method::POST, repository.route("/issues"), body, &what))
            .map(|wire: Wire| wire.number)
    }

    /// Writes the text of an issue.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Unsure`] if it is unknown if it was written.
    pub(crate) fn update_issue(&self, address: &IssueAddress, body: &str) -> Result<(), GitHubError> {
        let what = address.to_string();
        self.write_only(&Call::change(Method::PATCH, address.route(), json!({"body": body}), &what))
    }

    /// Returns the comments of an issue, in order of their ids, each with its author; `None` if the account was deleted.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn comments(
        &self,
        address: &IssueAddress,
    ) -> Result<Vec<(FoundComment, Option<Author>)>, GitHubError> {
        #[derive(Deserialize)]
        struct WireComment {
            id: u64,
            body: Option<String>,
            user: Option<WireAuthor>,
        }
        let found: Vec<WireComment> =
            self.all(&(address.route() + "/comments"), &format!("the comments of {address}"))?;
        let read = |WireComment { id, body, user }| {
            (FoundComment { id, body: body.unwrap_or_default() }, user.map(Author::from))
        };
        Ok(found.into_iter().map(read).collect())
    }

    /// Adds a comment to an issue.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Unsure`] if it is unknown if it was added.
    pub(crate) fn add_comment(&self, address: &IssueAddress, body: &str) -> Result<(), GitHubError> {
        let what = format!("a comment of {address}");
        let route = address.route() + "/comments";
        self.write_only(&Call::change(Method::POST, route, json!({"body": body}), &what))
    }

    /// Writes the text of a comment.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Unsure`] if it is unknown if it was written.
    pub(crate) fn update_comment(
        &self,
        repository: &RepositoryName,
        comment: u64,
        body: &str,
    ) -> Result<(), GitHubError> {
        let route = repository.route(&format!("/issues/comments/{comment}"));
        let what = format!("the comment {comment} of {repository}");
        self.write_only(&Call::change(Method::PATCH, route, json!({"body": body}), &what))
    }

    /// Closes an issue as completed.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn close_issue(&self, address: &IssueAddress) -> Result<(), GitHubError> {
        let (what, body) = (address.to_string(), json!({"state": "closed", "state_reason": "completed"}));
        self.write_only(&Call::change(Method::PATCH, address.route(), body, &what).repeatable())
    }

    /// Adds labels to an issue or a pull request. Missing labels are created in the repository.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn add_labels(&self, address: &IssueAddress, labels: &[String]) -> Result<(), GitHubError> {
        let what = format!("the labels of {address}");
        let call = Call::change(Method::POST, address.route() + "/labels", json!({"labels": labels}), &what);
        self.write_only(&call.repeatable())
    }

    /// Assigns people to an issue or a pull request.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn assign(&self, address: &IssueAddress, assignees: &[String]) -> Result<(), GitHubError> {
        let what = format!("the assignees of {address}");
        let call = Call::change(
            Method::POST,
            address.route() + "/assignees",
            json!({"assignees": assignees}),
            &what,
        );
        self.write_only(&call.repeatable())
    }
}
