//! Creates a branch with one commit for each file.

use super::change::{ChangeError, Changed};
use super::{Notice, Watch};
use crate::campaign::names::{Names, Purpose};
use crate::campaign::trailer::LocalTrailer;
use crate::git::{Became, CommitId, Proposal, RepoPath, Repository};

/// The inputs for creating branches.
pub(super) struct Job<'a> {
    /// The repository.
    pub(super) repository: &'a Repository,
    /// The commit at which the branches start.
    pub(super) base: &'a CommitId,
    /// The names of the campaign.
    pub(super) names: &'a Names,
    /// The purpose of the branches.
    pub(super) purpose: Purpose,
}

/// A branch of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MadeBranch {
    /// The file.
    pub path: String,
    /// The branch, without `refs/heads/`.
    pub name: String,
    /// Its commit.
    pub commit: CommitId,
    /// The result for the branch: new, same or renewed.
    pub became: Became,
}

/// Creates a branch for each change. A file whose branch is refused is left out.
pub(super) fn make(job: &Job<'_>, changed: &mut Changed, watch: &Watch<'_>) -> Result<(), ChangeError> {
    let mut branches = job.repository.branches()?;
    let existing = job.repository.heads(&job.names.branch_prefix())?;
    for change in &changed.changes {
        let path = RepoPath::new(&change.path)?;
        let names = job.names.branch(&path, job.purpose)?;
        let is_former = existing.iter().any(|head| head.name == names.former);
        let name = if is_former { names.former } else { names.present };
        let proposal = Proposal {
            branch: &name,
            base: job.base,
            path: &path,
            text: &change.new,
            message: &change.message,
            mark: &LocalTrailer,
        };
        match branches.put(&proposal).map_err(ChangeError::from) {
            Ok(branch) => {
                let path = change.path.clone();
                let made = MadeBranch { path, name, commit: branch.commit, became: branch.became };
                watch(&Notice::Branch(&made));
                changed.branches.push(made);
            }
            Err(error) if error.is_refusal() => {
                watch(&Notice::Refused(&error));
                changed.left_out.push(error);
            }
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
