//! Branches, commits and trees: GitHub's Git Data API. It never forces a branch.

use http::Method;
use serde::Deserialize;
use serde_json::{Value, json};

use super::address::{quoted, quoted_parts};
use super::call::Call;
use super::{Client, GitHubError, RepositoryName};
use crate::rollout::forge::{FoundAbove, FoundCommit};

/// A branch and its commit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Ref {
    /// The name, without `refs/heads/`.
    pub(crate) branch: String,
    /// The commit of the branch.
    pub(crate) commit: String,
}

/// A file of a new tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TreeEntry {
    /// The path.
    pub(crate) path: String,
    /// git's mode, as in `100644`.
    pub(crate) mode: String,
    /// The content.
    pub(crate) bytes: Vec<u8>,
}

#[derive(Deserialize)]
struct Sha {
    sha: String,
}

#[derive(Deserialize)]
struct WireRef {
    #[serde(rename = "ref")]
    name: String,
    object: Sha,
}

impl WireRef {
    fn read(self) -> Ref {
        let branch = self.name.strip_prefix("refs/heads/").map(str::to_owned);
        Ref { branch: branch.unwrap_or(self.name), commit: self.object.sha }
    }
}

impl Client {
    /// Returns the branches whose names start with `prefix`.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn branches(
        &self,
        repository: &RepositoryName,
        prefix: &str,
    ) -> Result<Vec<Ref>, GitHubError> {
        let route = repository.route(&format!("/git/matching-refs/heads/{}", quoted_parts(prefix)));
        let what = format!("the branches of {repository}");
        let found = self.as_it_comes(route, &what, |page: Vec<WireRef>| page)?;
        Ok(found.into_iter().map(WireRef::read).collect())
    }

    /// Returns the commit of a branch; `None` if there is no such branch.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn branch(
        &self,
        repository: &RepositoryName,
        branch: &str,
    ) -> Result<Option<String>, GitHubError> {
        let route = repository.route(&format!("/git/ref/heads/{}", quoted_parts(branch)));
        let found: Option<WireRef> =
            self.read_if_there(route, &format!("the branch {branch} of {repository}"))?;
        Ok(found.map(|found| found.object.sha))
    }

    /// Creates a branch.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Invalid`] if the branch exists.
    pub(crate) fn create_branch(
        &self,
        repository: &RepositoryName,
        branch: &str,
        commit: &str,
    ) -> Result<(), GitHubError> {
        let body = json!({"ref": format!("refs/heads/{branch}"), "sha": commit});
        let what = format!("the branch {branch}");
        self.write_only(&Call::change(Method::POST, repository.route("/git/refs"), body, &what))
    }

    /// Moves a branch forward.
    ///
    /// # Errors
    ///
    /// [`GitHubError::Invalid`] if `commit` does not descend from the branch's present commit.
    pub(crate) fn advance_branch(
        &self,
        repository: &RepositoryName,
        branch: &str,
        commit: &str,
    ) -> Result<(), GitHubError> {
        let route = repository.route(&format!("/git/refs/heads/{}", quoted_parts(branch)));
        let what = format!("the branch {branch}");
        self.write_only(&Call::change(Method::PATCH, route, json!({"sha": commit, "force": false}), &what))
    }

    /// Returns the tree of a commit.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn tree_of(&self, repository: &RepositoryName, commit: &str) -> Result<String, GitHubError> {
        #[derive(Deserialize)]
        struct Commit {
            tree: Sha,
        }
        let route = repository.route(&format!("/git/commits/{}", quoted(commit)));
        let what = format!("the commit {commit} of {repository}");
        self.read_as_of(route, "", &what).map(|found: Commit| found.tree.sha)
    }

    /// Returns the mode of a file in a commit, as in `100644`; `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn mode_at(
        &self,
        repository: &RepositoryName,
        tree: &str,
        path: &str,
    ) -> Result<Option<String>, GitHubError> {
        #[derive(Deserialize)]
        struct TreeItem {
            path: String,
            mode: String,
            sha: String,
        }
        #[derive(Deserialize)]
        struct Tree {
            tree: Vec<TreeItem>,
        }
        let (mut at, mut names) = (tree.to_owned(), path.split('/').peekable());
        while let Some(name) = names.next() {
            let route = repository.route(&format!("/git/trees/{}", quoted(&at)));
            let found: Tree = self.read_as_of(route, "", &format!("the tree {at} of {repository}"))?;
            let Some(entry) = found.tree.into_iter().find(|entry| entry.path == name) else {
                return Ok(None);
            };
            if names.peek().is_none() {
                return Ok(Some(entry.mode));
            }
            at = entry.sha;
        }
        Ok(None)
    }

    /// Returns the commits and files of `head` that `base` does not have, as far as GitHub lists them: 300 files at
    /// most.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn above(
        &self,
        repository: &RepositoryName,
        base: &str,
        head: &str,
    ) -> Result<FoundAbove, GitHubError> {
        #[derive(Deserialize)]
        struct GitCommit {
            message: String,
            tree: Option<Sha>,
        }
        #[derive(Deserialize)]
        struct Listed {
            sha: String,
            commit: GitCommit,
            #[serde(default)]
            parents: Vec<Sha>,
        }
        #[derive(Deserialize)]
        struct File {
            filename: String,
            sha: Option<String>,
            status: String,
            previous_filename: Option<String>,
        }
        #[derive(Deserialize)]
        struct Compared {
            merge_base_commit: Option<Sha>,
            commits: Vec<Listed>,
            #[serde(default)]
            files: Vec<File>,
        }
        let route = format!("/compare/{}...{}", quoted_parts(base), quoted_parts(head));
        let what = format!("the comparison of {base} and {head}");
        let mut above = FoundAbove::default();
        // Only the first page has files.
        for page in self.pages(&repository.route(&route), &what, |page: Compared| vec![page])? {
            above.commits.extend(page.commits.into_iter().map(|commit| FoundCommit {
                id: commit.sha,
                message: commit.commit.message,
                tree: commit.commit.tree.map(|tree| tree.sha),
                parents: commit.parents.into_iter().map(|parent| parent.sha).collect(),
            }));
            above.merge_base = above.merge_base.or(page.merge_base_commit.map(|commit| commit.sha));
            for file in page.files {
                above.files.extend(file.previous_filename.map(|before| (before, None)));
                above.files.push((file.filename, file.sha.filter(|_| file.status != "removed")));
            }
        }
        Ok(above)
    }

    /// Returns true if the history of a commit contains another.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn contains(
        &self,
        repository: &RepositoryName,
        commit: &str,
        earlier: &str,
    ) -> Result<bool, GitHubError> {
        #[derive(Deserialize)]
        struct Compared {
            status: String,
        }
        let route =
            repository.route(&format!("/compare/{}...{}?per_page=1", quoted(earlier), quoted(commit)));
        let compared: Compared =
            self.read_as_of(route, "", &format!("the comparison of {earlier} and {commit}"))?;
        Ok(matches!(compared.status.as_str(), "ahead" | "identical"))
    }

    /// Creates a tree: another one with some files replaced. The same files give the same tree, so creating it twice is
    /// harmless.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn create_tree(
        &self,
        repository: &RepositoryName,
        base: &str,
        entries: &[TreeEntry],
    ) -> Result<String, GitHubError> {
        let mut tree = Vec::new();
        for entry in entries {
            let mut wire = json!({"path": entry.path, "mode": entry.mode, "type": "blob"});
            match std::str::from_utf8(&entry.bytes) {
                Ok(text) => wire["content"] = json!(text),
                Err(_) => wire["sha"] = json!(self.create_blob(repository, &entry.bytes)?),
            }
            tree.push(wire);
        }
        let body = json!({"base_tree": base, "tree": tree});
        let what = format!("a tree of {repository}");
        let call = Call::change(Method::POST, repository.route("/git/trees"), body, &what);
        self.write(&call.repeatable()).map(|Sha { sha }| sha)
    }

    /// Creates a blob of bytes that are not valid UTF-8.
    fn create_blob(&self, repository: &RepositoryName, bytes: &[u8]) -> Result<String, GitHubError> {
        use base64::prelude::{BASE64_STANDARD, Engine};
        let body = json!({"content": BASE64_STANDARD.encode(bytes), "encoding": "base64"});
        let what = format!("a blob of {repository}");
        let call = Call::change(Method::POST, repository.route("/git/blobs"), body, &what);
        self.write(&call.repeatable()).map(|Sha { sha }| sha)
    }

    /// Creates a commit. GitHub uses the token's owner as its author, and signs the commits of an App. No branch points
    /// to it yet, so creating it twice is harmless.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn create_commit(
        &self,
        repository: &RepositoryName,
        message: &str,
        tree: &str,
        parents: &[&str],
    ) -> Result<String, GitHubError> {
        let body = json!({"message": message, "tree": tree, "parents": parents});
        let what = format!("a commit of {repository}");
        let call = Call::change(Method::POST, repository.route("/git/commits"), body, &what);
        self.write(&call.repeatable()).map(|Sha { sha }| sha)
    }

    /// Returns git's id of a file in a commit; `None` if there is no such file.
    ///
    /// # Errors
    ///
    /// [`GitHubError`].
    pub(crate) fn blob_at(
        &self,
        repository: &RepositoryName,
        commit: &str,
        path: &str,
    ) -> Result<Option<String>, GitHubError> {
        let route = format!("/contents/{}?ref={}", quoted_parts(path), quoted(commit));
        let read: Result<Value, _> =
            self.read_as_of(repository.route(&route), "", &format!("{path} in {commit}"));
        match read {
            // The answer for a folder is a list.
            Ok(found) => Ok(found["sha"].as_str().map(str::to_owned)),
            Err(GitHubError::NotFound { .. }) => Ok(None),
            Err(error) => Err(error),
        }
    }
}
