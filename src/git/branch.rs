//! Branches with one commit that changes one file. The working tree, the index and HEAD are never touched, no hook
//! and no filter runs, and no commit that another person made is ever replaced.

use std::path::{Path, PathBuf};

use git2::{ErrorCode, Oid, Signature, Tree};

use super::journal::Journal;
use super::{CommitId, GitError, RepoPath, Repository, Shape};
use crate::budget;
use crate::text::cut;
use crate::text::words::short_id;

/// The prefix of the references of branches.
pub(super) const HEADS: &str = "refs/heads/";

/// The most bytes of a `HEAD`: the name of a reference.
const MOST_HEAD: u64 = 8192;

/// The reason why a branch is not made.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum BranchError {
    /// git has no author or committer.
    #[error("git does not know who commits: {message}")]
    NoIdentity {
        /// The message of libgit2.
        message: String,
    },
    /// The entry at the path in the base commit cannot be edited.
    #[error("{path} is {what} in {base}")]
    NotAFile {
        /// The path.
        path: RepoPath,
        /// The kind of the entry.
        what: &'static str,
        /// The base commit.
        base: CommitId,
    },
    /// The branch has commits that were not made by Layerwright, or that a person changed.
    #[error("branch {branch} has commits by other people; not overwritten ({commit})")]
    Taken {
        /// The branch.
        branch: String,
        /// The commit that it points at.
        commit: String,
    },
    /// The branch is checked out in a working tree.
    #[error("the branch {branch} is checked out in a working tree")]
    CheckedOut {
        /// The branch.
        branch: String,
    },
    /// The name of another branch is a folder of this one's name, or the other way round.
    #[error("the branch {other} stands in the way of {branch}")]
    InTheWay {
        /// The branch.
        branch: String,
        /// The existing branch.
        other: String,
    },
    /// The branch is locked.
    #[error("the branch {branch} is locked by {file}")]
    Locked {
        /// The branch.
        branch: String,
        /// The lock file.
        file: PathBuf,
    },
    /// Another process made or moved the branch at the same time.
    #[error("the branch {branch} was changed by another process at the same time")]
    Moved {
        /// The branch.
        branch: String,
    },
    /// Another run makes branches in this repository.
    #[error("another run makes branches in {path}")]
    Busy {
        /// The repository's git directory.
        path: PathBuf,
    },
    /// The repository cannot be read or written.
    #[error(transparent)]
    Git(#[from] GitError),
}

/// The change of one file.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Proposal<'a> {
    /// The branch, without `refs/heads/`.
    pub(crate) branch: &'a str,
    /// The commit that it starts from.
    pub(crate) base: &'a CommitId,
    /// The file.
    pub(crate) path: &'a RepoPath,
    /// Its new text, as git stores it.
    pub(crate) text: &'a [u8],
    /// The commit's message, to which the mark adds its trailer.
    pub(crate) message: &'a str,
    /// The mark of commits made by Layerwright.
    pub(crate) mark: &'a dyn CommitMark,
}

/// A commit of a branch, without its message. Ids are git's, in hexadecimal.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CommitContent<'a> {
    /// The file that it changes.
    pub(crate) path: &'a RepoPath,
    /// Its tree.
    pub(crate) tree: &'a str,
    /// Its only parent.
    pub(crate) parent: &'a str,
}

/// The mark that identifies a commit made by Layerwright.
pub(crate) trait CommitMark: std::fmt::Debug {
    /// Returns the full message of a new commit, in which the file has the text with the id `text`.
    fn message(&self, message: &str, text: &str, commit: &CommitContent<'_>) -> String;

    /// Returns true if a commit with this message was made by Layerwright and nothing in it has changed since: it was
    /// neither amended nor rebased.
    fn is_unchanged(&self, message: &str, commit: &CommitContent<'_>) -> bool;
}

/// The outcome for a branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Became {
    /// It was made.
    New,
    /// It already had exactly this change, on this base or on an older state of it.
    Same,
    /// It had a commit made by Layerwright with another base or text, and that commit was replaced.
    Renewed,
}

/// The present state of a branch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Its commit.
    pub(crate) commit: CommitId,
    /// The outcome.
    pub(crate) became: Became,
}

/// Makes branches. While this value exists, no other run makes branches in the same repository.
pub(crate) struct Branches<'r> {
    repository: &'r Repository,
    handle: git2::Repository,
    author: Signature<'static>,
    committer: Signature<'static>,
    journal: Journal,
}

impl Repository {
    /// Prepares to make branches. Author and committer are those of git: `GIT_AUTHOR_NAME` and the related variables,
    /// or else `user.name` and `user.email`; the time is now, or `GIT_AUTHOR_DATE` and `GIT_COMMITTER_DATE`.
    ///
    /// # Errors
    ///
    /// [`BranchError`] if git has no author or committer, or another run makes branches in this repository.
    pub(crate) fn branches(&self) -> Result<Branches<'_>, BranchError> {
        let handle = git2::Repository::open(&self.git_dir)
            .map_err(|error| super::open_error(&self.git_dir, &error))?;
        let unknown = |error: git2::Error| BranchError::NoIdentity { message: error.message().to_owned() };
        let author = handle.author_from_env().map_err(unknown)?;
        let committer = handle.committer_from_env().map_err(unknown)?;
        let journal = Journal::open(handle.commondir())?;
        Ok(Branches { repository: self, handle, author, committer, journal })
    }
}

impl Branches<'_> {
    /// Makes the branch with one commit on its base. If the run stops at any point, the branch is either unchanged or
    /// complete, and a second call gives the same result.
    ///
    /// # Errors
    ///
    /// [`BranchError`]; the branch is then unchanged.
    pub(crate) fn put(&mut self, proposal: &Proposal<'_>) -> Result<Branch, BranchError> {
        let reference = format!("{HEADS}{}", proposal.branch);
        let failed = |error: git2::Error| self.repository.failed("write the change", &error);
        let parent = self.repository.commit(&self.handle, proposal.base)?;
        let old = self.repository.tree_of(&self.handle, proposal.base)?;
        let mode = file_mode(&old, proposal)?;
        let blob = self.handle.blob(proposal.text).map_err(failed)?;
        let names: Vec<&str> = proposal.path.components().collect();
        let tree = replaced(&self.handle, &old, &names, (blob, mode)).map_err(failed)?;
        let tree = self.handle.find_tree(tree).map_err(failed)?;
        let (became, current) = match self.handle.find_reference(&reference) {
            Ok(there) => {
                let commit = there.target().and_then(|id| self.handle.find_commit(id).ok());
                let taken = || BranchError::Taken {
                    branch: proposal.branch.to_owned(),
                    commit: there.target().map_or_else(|| "no commit".to_owned(), |id| short(&id)),
                };
                let commit = commit.ok_or_else(taken)?;
                if commit.tree_id() == tree.id() && commit.parent_ids().eq([parent.id()]) {
                    return Ok(Branch { commit: CommitId::of(commit.id()), became: Became::Same });
                }
                if !is_unchanged(&commit, proposal) {
                    return Err(taken());
                }
                if self.still_does(&commit, proposal, blob, mode) {
                    return Ok(Branch { commit: CommitId::of(commit.id()), became: Became::Same });
                }
                (Became::Renewed, commit.id())
            }
            Err(error) if error.code() == ErrorCode::NotFound => (Became::New, Oid::ZERO_SHA1),
            Err(error) => return Err(failed(error).into()),
        };
        self.refuse_checked_out(&reference, proposal.branch)?;
        let (tree_id, parent_id) = (tree.id().to_string(), parent.id().to_string());
        let content = CommitContent { path: proposal.path, tree: &tree_id, parent: &parent_id };
        let message = proposal.mark.message(proposal.message, &blob.to_string(), &content);
        let commit = self
            .handle
            .commit(None, &self.author, &self.committer, &message, &tree, &[&parent])
            .map_err(failed)?;
        self.journal.note(&reference, &commit.to_string())?;
        let renew = became == Became::Renewed;
        let done = self.handle.reference_matching(&reference, commit, renew, current, "layerwright");
        self.journal.clear()?;
        match done {
            Ok(_) => Ok(Branch { commit: CommitId::of(commit), became }),
            Err(error) => Err(self.why_not(&reference, proposal.branch, &error)),
        }
    }

    /// Returns true if a commit made by Layerwright on an older state of the base gives the file exactly this text.
    /// Later commits on the base are not a reason to move a branch that may be under review.
    fn still_does(&self, commit: &git2::Commit<'_>, proposal: &Proposal<'_>, blob: Oid, mode: i32) -> bool {
        let same = |tree: Tree<'_>| {
            let entry = tree.get_path(Path::new(proposal.path.as_str()));
            entry.is_ok_and(|entry| entry.id() == blob && entry.filemode_raw() == mode)
        };
        let base = Oid::from_str(proposal.base.as_str());
        let is_older = |parent: Oid| {
            base.is_ok_and(|base| self.handle.graph_descendant_of(base, parent).unwrap_or(false))
        };
        commit.tree().is_ok_and(same) && commit.parent_id(0).is_ok_and(is_older)
    }

    /// Moving a checked-out branch would make all of its files look changed.
    fn refuse_checked_out(&self, reference: &str, branch: &str) -> Result<(), BranchError> {
        let common = self.handle.commondir();
        let worktrees = std::fs::read_dir(common.join("worktrees")).into_iter().flatten().flatten();
        let folders = worktrees.map(|worktree| worktree.path()).chain([common.to_owned()]);
        // git stores the branch of each working tree in a file of this form (`gitrepository-layout.txt`).
        let on = |folder: PathBuf| budget::read_file(&folder.join("HEAD"), MOST_HEAD).unwrap_or_default();
        let is_on =
            |head: Vec<u8>| head.strip_prefix(b"ref: ").map(<[u8]>::trim_ascii) == Some(reference.as_bytes());
        if folders.map(on).any(is_on) {
            return Err(BranchError::CheckedOut { branch: branch.to_owned() });
        }
        Ok(())
    }

    fn why_not(&self, reference: &str, branch: &str, error: &git2::Error) -> BranchError {
        let branch = branch.to_owned();
        match error.code() {
            ErrorCode::Locked => {
                let file = self.handle.commondir().join(format!("{reference}.lock"));
                return BranchError::Locked { branch, file };
            }
            ErrorCode::Modified => return BranchError::Moved { branch },
            _ => {}
        }
        match self.in_the_way(reference) {
            Some(other) => BranchError::InTheWay { branch, other },
            None if error.code() == ErrorCode::Exists => BranchError::Moved { branch },
            None => self.repository.failed("write the branch", error).into(),
        }
    }

    /// Returns a branch whose name is a folder of this one's name, or the other way round.
    fn in_the_way(&self, reference: &str) -> Option<String> {
        let shown = |name: &str| name.trim_start_matches(HEADS).to_owned();
        let above = cut::parents(reference).skip(2);
        if let Some(other) = above.into_iter().find(|name| self.handle.find_reference(name).is_ok()) {
            return Some(shown(other));
        }
        let below = self.handle.references_glob(&format!("{reference}/*")).ok()?;
        below.flatten().find_map(|found| found.name().ok().map(shown))
    }
}

/// Returns the mode of the file in the base, which does not change.
fn file_mode(tree: &Tree<'_>, proposal: &Proposal<'_>) -> Result<i32, BranchError> {
    let not_a_file =
        |what| BranchError::NotAFile { path: proposal.path.clone(), what, base: proposal.base.clone() };
    let entry = tree.get_path(Path::new(proposal.path.as_str())).map_err(|_| not_a_file("not there"))?;
    match Shape::of_mode(entry.filemode_raw().unsigned_abs()) {
        Shape::Entry(super::EntryKind::File { .. }) => Ok(entry.filemode_raw()),
        Shape::Entry(super::EntryKind::Symlink) => Err(not_a_file("a symbolic link")),
        Shape::Entry(super::EntryKind::Submodule) => Err(not_a_file("a submodule")),
        Shape::Folder => Err(not_a_file("a folder")),
    }
}

/// Writes the tree with another blob at the path of these names. All other entries stay unchanged.
fn replaced(
    handle: &git2::Repository,
    tree: &Tree<'_>,
    names: &[&str],
    (blob, mode): (Oid, i32),
) -> Result<Oid, git2::Error> {
    let Some((name, rest)) = names.split_first() else { return Ok(tree.id()) };
    let mut builder = handle.treebuilder(Some(tree))?;
    // A broken tree may name an entry twice, and a tree built from it would lack one of them.
    if builder.len() != tree.len() {
        return Err(git2::Error::from_str("a tree names an entry twice"));
    }
    if rest.is_empty() {
        builder.insert(*name, blob, mode)?;
    } else {
        let entry = tree.get_name(name).ok_or_else(|| git2::Error::from_str("a folder is missing"))?;
        let below = handle.find_tree(entry.id())?;
        builder.insert(*name, replaced(handle, &below, rest, (blob, mode))?, entry.filemode_raw())?;
    }
    builder.write()
}

/// Returns true if a commit was made by Layerwright for this file and has not changed since.
fn is_unchanged(commit: &git2::Commit<'_>, proposal: &Proposal<'_>) -> bool {
    let mut parents = commit.parent_ids();
    let (Some(parent), None) = (parents.next(), parents.next()) else { return false };
    let Ok(message) = commit.message() else { return false };
    let (tree, parent) = (commit.tree_id().to_string(), parent.to_string());
    let content = CommitContent { path: proposal.path, tree: &tree, parent: &parent };
    proposal.mark.is_unchanged(message, &content)
}

fn short(id: &Oid) -> String {
    short_id(&id.to_string()).to_owned()
}
