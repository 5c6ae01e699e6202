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
    /// The tracking issue; None where the campaign has none.
    pub issue: Option<Issue>,
    /// How many pull requests the campaign opened within the last hour.
    pub opened_in_last_hour: usize,
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
    /// Whether all commits that it has above the base branch are the campaign's own. False where that is not clear.
    pub ours: bool,
    /// The id of the file's text; None where the file is not there.
    pub text: Option<String>,
    /// The id of the file's evidence, as a file of the branch; None where there is none.
    pub evidence: Option<String>,
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
    /// Whether it can be merged without a conflict; None where the forge has not found out.
    pub mergeable: Option<bool>,
    /// Whether it waits in a merge queue or is to be merged as soon as its checks pass. It is not touched then.
    pub queued: bool,
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
    Merged {
        /// Who merged it, where the forge tells.
        by: Option<String>,
        /// Whether the observed commit of the base branch contains the merge. A clone that is behind does not, and then
        /// says nothing about the file.
        contained: bool,
    },
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
    /// Whether it is open.
    pub fn is_open(&self) -> bool {
        self.state == PullState::Open
    }
}
