//! The facts that decide the progress of a campaign, and the texts in which people read and answer it.

use std::collections::{BTreeMap, BTreeSet};

use super::observed::{Content, Issue, Observed};
use super::state::{FileProgress, Progress};
use crate::campaign::evidence::EvidenceState;
use crate::campaign::plan::file::{File, Plan};
use crate::campaign::policy::Policy;

/// The texts of pull requests and of the tracking issue. Its functions are pure: the same arguments give the same text.
pub trait Texts {
    /// Returns the title of a file's pull request.
    fn pull_title(&self, file: &File) -> String;

    /// Returns the text of a file's pull request, with everything that people wrote outside the markers of `now`, the
    /// present text; `now` is empty for a new one. The result equals `now` if nothing changed, and does not depend on
    /// the pull request's number.
    ///
    /// The first marker holds `commit`, the latest commit of the branch, and the ids of the file's new text and of its
    /// evidence. So a text that is up to date shows that nothing was pushed to the branch since the text was written,
    /// and that the branch has the content of the plan; the branch does not have to be read again.
    fn pull_body(&self, file: &File, progress: &FileProgress, commit: &str, now: &str) -> String;

    /// Returns the title of a new tracking issue.
    fn issue_title(&self) -> String;

    /// Returns the texts of the tracking issue, with everything that people wrote in `now`, the present texts; an empty
    /// text for a new one. The result equals `now` if nothing changed. Each file that is declined, reverted or partly
    /// linked gets a line with its path, its pull request's number and a checkbox, which stays ticked for the same
    /// number; no other file has one.
    fn issue(&self, progress: &Progress, now: IssueTexts<&str>) -> IssueTexts<String>;

    /// Returns true if an issue with this text may need a comment, or has one: only then are comments read.
    fn may_have_comment(&self, issue_body: &str) -> bool;

    /// Returns true if a text has the section of the campaign.
    fn has_section(&self, text: &str) -> bool;

    /// Returns the files that people ticked in those lines of a text of the tracking issue.
    fn asked_again(&self, text: &str) -> BTreeSet<AskedAgain>;
}

impl dyn Texts + '_ {
    /// Returns the files that people ticked in the texts of an issue.
    pub(crate) fn asked_in(&self, issue: &Issue) -> BTreeSet<AskedAgain> {
        let comment = issue.comment.iter().flat_map(|comment| self.asked_again(&comment.body));
        self.asked_again(&issue.body).into_iter().chain(comment).collect()
    }
}

/// The texts of a tracking issue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct IssueTexts<T> {
    /// Its own text.
    pub body: T,
    /// The comment that holds the campaign's section; `None` if there is none and none is needed.
    pub comment: Option<T>,
}

/// A ticked line of the section "Declined or reverted: tick to try again". It counts for that pull request alone: when
/// a newer one was closed, people have to ask again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedAgain {
    /// The file.
    pub path: String,
    /// The number of the pull request that was declined or reverted.
    pub pull: u64,
}

/// The facts that decide the progress of a campaign and its next steps.
#[derive(Clone, Copy)]
pub(crate) struct Campaign<'a> {
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// The states of the plan's files by their evidence, by path.
    pub(crate) evidence: &'a BTreeMap<String, FileEvidence>,
    /// The state of the forge and of the base branch.
    pub(crate) observed: &'a Observed,
    /// The decisions of the maintainers.
    pub(crate) policy: &'a Policy,
    /// The texts to write.
    pub(crate) texts: &'a dyn Texts,
}

/// The evidence of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileEvidence {
    /// The state of the file, as currently planned.
    pub state: EvidenceState,
    /// git's id of the file of evidence, as the change contains it.
    pub id: String,
}

impl Campaign<'_> {
    /// Returns the state of a file by its evidence.
    pub(crate) fn evidence_state(&self, path: &str) -> &EvidenceState {
        self.evidence.get(path).map_or(&EvidenceState::Missing, |evidence| &evidence.state)
    }

    /// Returns true if a branch has the text and the evidence that the plan gives it.
    pub(crate) fn is_current(&self, file: &File, content: &Content) -> bool {
        let evidence = self.evidence.get(&file.path).map(|evidence| &evidence.id);
        let has_evidence = evidence.is_none_or(|id| content.evidence.as_ref() == Some(id));
        content.text == file.rewritten && has_evidence
    }
}
