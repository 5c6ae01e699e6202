//! Local branches.

use git2::BranchType;

use super::{CommitId, GitError, Repository};

/// A local branch (`refs/heads/…`).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its name, without `refs/heads/`.
    pub name: String,
    /// The commit that it points at.
    pub commit: CommitId,
}

impl Repository {
    /// Returns the branch that HEAD is on. `None` if HEAD is detached.
    pub fn head_branch(&self) -> Option<String> {
        let name = self.with(|repo| {
            let head = repo.find_reference("HEAD").ok();
            let target = head.as_ref().and_then(|head| head.symbolic_target().ok().flatten());
            Ok(target.and_then(|target| target.strip_prefix("refs/heads/")).map(str::to_owned))
        });
        name.ok().flatten()
    }

    /// Returns the URL of a remote; `None` if there is no such remote.
    pub fn remote_url(&self, name: &str) -> Option<String> {
        let url = self.with(|repo| {
            let remote = repo.find_remote(name).ok();
            Ok(remote.and_then(|remote| remote.url().ok().map(str::to_owned)))
        });
        url.ok().flatten()
    }

    /// Returns the local branches whose names start with `prefix`, in order of name. A name that is not UTF-8 never
    /// matches.
    ///
    /// # Errors
    ///
    /// [`GitError::Failed`] if the branches cannot be read.
    pub fn heads(&self, prefix: &str) -> Result<Vec<Head>, GitError> {
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
