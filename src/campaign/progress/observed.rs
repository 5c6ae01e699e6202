//! The state of the base branch and of the forge, as read. Ids are git's, in hexadecimal. This module never reads them
//! itself.

use std::collections::{BTreeMap, BTreeSet};

use crate::campaign::names::Versions;

/// The state of the repository and the forge, as far as it was read.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Observed {
    /// The base branch of the pull requests.
    pub(crate) base: Base,
    /// All branches below `layerwright/<campaign>/`, by name.
    pub(crate) branches: BTreeMap<String, Branch>,
    /// Pull requests from branches of the campaign in the same repository, in order of number: all that have the
    /// campaign's label, and all from the branches in `looked`.
    pub(crate) pulls: Vec<Pull>,
    /// Branches whose pull requests were read, open and closed.
    pub(crate) looked: BTreeSet<String>,
    /// The tracking issue; `None` if the campaign has none.
    pub(crate) issue: Option<Issue>,
}

/// The base branch of the pull requests.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// Its name.
    pub branch: String,
    /// Its latest commit.
    pub commit: String,
    /// The id of the text of each file of the plan at that commit; a missing file has none.
    pub blobs: BTreeMap<String, String>,
}

/// A branch of the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Branch {
    /// Its latest commit.
    pub(crate) commit: String,
    /// Its content; `None` until it was read.
    pub(crate) content: Option<Content>,
}

/// The content of a branch of the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Content {
    /// The authors of its commits above the base branch.
    pub(crate) above: Above,
    /// True if it contains the observed commit of the base branch. A conflict of such a branch is with a later commit,
    /// which has to be observed first.
    pub(crate) is_upon_base: bool,
    /// The id of the file's text; `None` if the file is not there.
    pub(crate) text: Option<String>,
    /// The id of the file's evidence, as a file of the branch; `None` if there is none.
    pub(crate) evidence: Option<String>,
}

/// The authors of the commits of a branch above the base branch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Above {
    /// It has no commits: a pull request cannot be opened from it yet.
    Nothing,
    /// The campaign alone.
    Layerwright,
    /// Other people too, or the authors are unknown.
    OtherPeople,
}

/// A pull request of the campaign.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Pull {
    /// Its number.
    pub(crate) number: u64,
    /// The head branch, which identifies its file.
    pub(crate) branch: String,
    /// The base branch.
    pub(crate) base: String,
    /// Its state.
    pub(crate) state: PullState,
    /// Its text.
    pub(crate) body: String,
    /// Its labels.
    pub(crate) labels: BTreeSet<String>,
    /// True if it can be merged without a conflict; `None` if the forge does not know yet.
    pub(crate) mergeable: Option<bool>,
    /// True if it waits in a merge queue or is to be merged as soon as its checks pass. It is not changed then.
    pub(crate) queued: bool,
    /// True if it was opened within the last hour.
    pub(crate) is_recent: bool,
    /// True if it has checks that have not finished; `None` until they were read.
    pub(crate) pending: Option<bool>,
}

/// The state of a pull request.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum PullState {
    /// It is open.
    Open,
    /// It was closed without a merge. The campaign never closes a pull request, so a person did.
    Closed {
        /// The person who closed it, if the forge reports that.
        by: Option<String>,
    },
    /// It was merged.
    Merged(Merge),
}

/// A merge of a pull request.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Merge {
    /// The person who merged it, if the forge reports that.
    pub(crate) by: Option<String>,
    /// The id of the file's text just before the merge, in the merge's first parent. `None` if the observed commit of
    /// the base branch does not contain the merge: an outdated clone says nothing about the file then.
    pub(crate) before: Option<String>,
    /// The last commit of the base branch that changed the file, if the history has it.
    pub(crate) since: Option<Change>,
}

/// A commit that changed a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// The commit.
    pub commit: String,
    /// The author, as the commit names it.
    pub author: String,
}

/// The tracking issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    /// Its number.
    pub(crate) number: u64,
    /// Its text.
    pub(crate) body: String,
    /// The comment with the campaign's section. Read only if the text has no room for it.
    pub(crate) comment: Option<Comment>,
    /// True if it is open. Read only if a finished campaign closes it.
    pub(crate) is_open: bool,
    /// True if everyone who could tick its boxes may write to the repository. False also if none of its boxes that count
    /// is ticked.
    pub(crate) ticks_count: bool,
}

/// A comment of the tracking issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Comment {
    /// Its id.
    pub(crate) id: u64,
    /// Its text.
    pub(crate) body: String,
}

impl Pull {
    /// Returns true if it is open.
    pub(crate) fn is_open(&self) -> bool {
        self.state == PullState::Open
    }
}

impl Observed {
    /// Returns the pull request from a branch that decides the state of its file: the latest open one, else the latest.
    pub(crate) fn pull_from(&self, branch: &str) -> Option<&Pull> {
        let from = self.pulls.iter().filter(|pull| pull.branch == branch);
        from.max_by_key(|pull| (pull.is_open(), pull.number))
    }

    /// Returns the name that the branch of a file has, then the other one: the name of the pull request that decides, or
    /// of a branch, or else the present one.
    pub(crate) fn in_use(&self, names: Versions) -> [String; 2] {
        let Versions { present, former } = names;
        let use_of = |name: &str| {
            let pull = self.pull_from(name).map(|pull| (pull.is_open(), pull.number));
            (pull, self.branches.contains_key(name))
        };
        if use_of(&former) > use_of(&present) { [former, present] } else { [present, former] }
    }

    /// Returns true if a branch is known to have commits by other people.
    pub(crate) fn has_other_commits(&self, branch: &str) -> bool {
        self.content(branch).is_some_and(|content| content.above == Above::OtherPeople)
    }

    /// Returns the content of a branch, if it was read.
    pub(crate) fn content(&self, branch: &str) -> Option<&Content> {
        self.branches.get(branch)?.content.as_ref()
    }
}
