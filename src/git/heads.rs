//! Local branches.

use git2::BranchType;

use super::{CommitId, GitError, Repository};

/// A local branch (`refs/heads/…`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Head {
    /// Its name, without `refs/heads/`.
    pub(crate) name: String,
    /// The commit that it points at.
    pub(crate) commit: CommitId,
}

impl Repository {
    /// Returns the branch that HEAD is on. `None` if HEAD is detached.
    pub(crate) fn head_branch(&self) -> Option<String> {
        let name = self.with(|repo| {
            let head = repo.find_reference("HEAD").ok();
            let target = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten());
            Ok(target.and_then(|target| target.strip_prefix("refs/heads/")).map(str::to_owned))
        });
        name.ok().flatten()
    }

    /// Returns the URL of a remote; `None` if there is no such remote.
    pub(crate) fn remote_url(&self, name: &str) -> Option<String> {
        let url = self.with(|repo| {
            let remote = repo.find_remote(name).ok();
            Ok(remote.and_then(|remote| remote.url().ok().map(str::to_owned)))
        });
        url.ok().flatten()
    }

    /// Returns true if a commit is part of the default branch: of `origin`'s, or of the local one without that remote.
    ///
    /// The default branch of a remote is what a clone made its HEAD. A checkout by a workflow records none, so the usual
    /// names count there.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if the history cannot be read.
    pub fn is_on_default_branch(&self, commit: &CommitId) -> Result<bool, GitError> {
        self.with(|repo| {
            let failed = |error: git2::Error| self.failed("find the default branch", &error);
            let tip = |name: &str| repo.find_reference(name).ok()?.peel_to_commit().ok().map(|tip| tip.id());
            let folder = if repo.find_remote("origin").is_ok() { "remotes/origin" } else { "heads" };
            let configured =
                repo.config().ok().and_then(|config| config.get_string("init.defaultBranch").ok());
            let names = ["HEAD"].into_iter().chain(configured.as_deref()).chain(["main", "master"]);
            let Some(tip) = names.map(|name| format!("refs/{folder}/{name}")).find_map(|name| tip(&name))
            else {
                return Ok(false);
            };
            let commit = self.oid(commit.as_str())?;
            Ok(tip == commit || repo.graph_descendant_of(tip, commit).map_err(failed)?)
        })
    }

    /// Returns the local branches whose names start with `prefix`, in order of name. A name that is not UTF-8 never
    /// matches.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if the branches cannot be read.
    pub(crate) fn heads(&self, prefix: &str) -> Result<Vec<Head>, GitError> {
        self.with(|repo| {
            let failed = |error: git2::Error| self.failed("read the branches", &error);
            let mut found = Vec::new();
            for branch in repo.branches(Some(BranchType::Local)).map_err(failed)? {
                let (branch, _) = branch.map_err(failed)?;
                let Ok(Some(name)) = branch.name().map(|name| name.map(str::to_owned)) else { continue };
                // A branch that leads to no commit is broken and was not made by Layerwright.
                let Ok(commit) = branch.get().peel_to_commit() else { continue };
                if name.starts_with(prefix) {
                    found.push(Head { name, commit: CommitId::of(commit.id()) });
                }
            }
            found.sort_by(|one, other| one.name.cmp(&other.name));
            Ok(found)
        })
    }
}
