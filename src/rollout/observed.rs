//! What the base branch and the forge say. Ids are git's, in hexadecimal.

use std::collections::{BTreeMap, BTreeSet};

/// The state of the world, as far as it was asked.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The branch that pull requests are for.
    pub base: Base,
    /// The branches below `layerwright/<campaign>/`, by name: all of them.
    pub branches: BTreeMap<String, Branch>,
    /// Pull requests from branches of the campaign in the same repository, in order of number: all that have the
    /// campaign's label, and all from the branches in `looked`.
    pub pulls: Vec<Pull>,
    /// Branches by which pull requests were looked up, open and closed; see
    /// [`Question::Pulls`](super::Question::Pulls).
    pub looked: BTreeSet<String>,
    /// The tracking issue; `None` if the campaign has none.
    pub issue: Option<Issue>,
}

/// The branch that pull requests are for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// Its name.
    pub branch: String,
    /// The commit that it is at.
    pub commit: String,
    /// The id of the text of each file of the plan at that commit; a file that is gone has none.
    pub blobs: BTreeMap<String, String>,
}

/// A branch of the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Branch {
    /// The commit that it is at.
    pub commit: String,
    /// What it holds; None until it was asked, see [`Question::Content`](super::Question::Content).
    pub content: Option<Content>,
}

/// What a branch of the campaign holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Content {
    /// Whose commits it has above the base branch.
    pub above: Above,
    /// True if it contains the observed commit of the base branch. A conflict of one that does is with a later commit,
    /// and nothing can be done about it before that is observed.
    pub is_upon_base: bool,
    /// The id of the file's text; `None` if the file is not there.
    pub text: Option<String>,
    /// The id of the file's evidence, as a file of the branch; `None` if there is none.
    pub evidence: Option<String>,
}

/// Whose commits a branch has above the base branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Above {
    /// It has none: no pull request can be opened from it as it is.
    Nothing,
    /// The campaign's alone.
    Ours,
    /// Somebody else's too, or it is not clear whose.
    Others,
}

/// A pull request of the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pull {
    /// Its number.
    pub number: u64,
    /// The branch that it is from, which says of which file it is.
    pub branch: String,
    /// The branch that it is for.
    pub base: String,
    /// How far it is.
    pub state: PullState,
    /// Its text.
    pub body: String,
    /// Its labels.
    pub labels: BTreeSet<String>,
    /// Whether it can be merged without a conflict; `None` if the forge has not found out.
    pub mergeable: Option<bool>,
    /// True if it waits in a merge queue or is to be merged as soon as its checks pass. It is not touched then.
    pub queued: bool,
    /// True if it was opened within the last hour.
    pub is_recent: bool,
    /// Whether it has checks that have not finished; None until it was asked, see
    /// [`Question::Checks`](super::Question::Checks).
    pub pending: Option<bool>,
}

/// How far a pull request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PullState {
    /// It is open.
    Open,
    /// It was closed without a merge. The campaign closes none, so a person did.
    Closed {
        /// Who closed it, where the forge tells.
        by: Option<String>,
    },
    /// It was merged.
    Merged(Merge),
}

/// A merge of a pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Merge {
    /// Who merged it, where the forge tells.
    pub by: Option<String>,
    /// The id of the file's text just before the merge, in the merge's first parent. `None` if the observed commit of
    /// the base branch does not contain the merge: a clone that is behind says nothing about the file then.
    pub before: Option<String>,
    /// The last commit of the base branch that changed the file, where history tells.
    pub since: Option<Change>,
}

/// A commit that changed a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit.
    pub commit: String,
    /// Who wrote it, as the commit says.
    pub author: String,
}

/// The tracking issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its text.
    pub body: String,
}

impl Pull {
    /// Returns true if it is open.
    pub fn is_open(&self) -> bool {
        self.state == PullState::Open
    }
}

impl Observed {
    /// The pull request from a branch that says how far its file is: the latest that is open, else the latest.
    pub fn pull_from(&self, branch: &str) -> Option<&Pull> {
        let from = self.pulls.iter().filter(|pull| pull.branch == branch);
        from.max_by_key(|pull| (pull.is_open(), pull.number))
    }

    /// Returns true if a branch is known to have commits of other people.
    pub fn is_taken(&self, branch: &str) -> bool {
        self.content(branch).is_some_and(|content| content.above == Above::Others)
    }

    /// What a branch holds, where that was asked.
    pub fn content(&self, branch: &str) -> Option<&Content> {
        self.branches.get(branch)?.content.as_ref()
    }
}
