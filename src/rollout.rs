//! What a campaign does next: plan, evidence, what the forge and the base branch say → [`Action`]s.
//!
//! The state of the world is observed and never remembered: the base branch's content says whether a file is done, the
//! forge says which pull requests there are. Nothing here reads or writes anything, knows the time, or holds a text of
//! its own: [`Texts`] writes those.
//!
//! A run reads [`Observed`], answers [`questions`] until there are none, performs [`next_actions`] in their order,
//! notes in [`Observed`] what the forge answered, and begins again, until there is no action. Each action may be given
//! again after it took effect without anybody knowing; it then changes nothing.

pub mod action;
pub mod forge;
pub mod observed;
pub mod policy;
pub mod progress;

use std::collections::BTreeSet;

use crate::plan::file::{File, Plan};
use crate::verify::evidence::EvidenceByPath;

pub use action::{Action, Question};
pub use forge::{Forge, ForgeError};
pub use observed::{Base, Branch, Content, Issue, Observed, Pull, PullState};
pub use policy::Policy;
pub use progress::{FileProgress, FileState, Gate, Pause, Progress, WaveProgress};

/// What is written to pull requests and to the tracking issue. Its functions are pure: the same arguments, the same text.
pub trait Texts {
    /// The title of a file's pull request.
    fn pull_title(&self, file: &File) -> String;

    /// The text of a file's pull request, with all that people wrote outside the markers of `now`, the text that is
    /// there; empty for a new one. It equals `now` where nothing changed. Between the markers stand the ids of the
    /// file's new text and of its evidence, so that a text that is up to date means a branch that is.
    fn pull_body(&self, file: &File, progress: &FileProgress, now: &str) -> String;

    /// The title of a new tracking issue.
    fn issue_title(&self) -> String;

    /// The text of the tracking issue, with all that people wrote in `now`, the text that is there; empty for a new
    /// one. It equals `now` where nothing changed. Each [`FileState::Declined`] and [`FileState::Reverted`] gets a line
    /// with its path, its pull request's number and an empty box; no other file has one.
    fn issue_body(&self, progress: &Progress, now: &str) -> String;

    /// The declined and reverted files that people ticked in the text of the tracking issue.
    fn asked_again(&self, issue_body: &str) -> BTreeSet<AskedAgain>;
}

/// A ticked line of the section "Declined or reverted: tick to try again". It counts for that pull request alone: once
/// a newer one was closed, people have to ask again.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct AskedAgain {
    /// The file.
    pub path: String,
    /// The number of the pull request that was declined or reverted.
    pub pull: u64,
}

/// All that decides what is next.
#[derive(Clone, Copy)]
pub struct Campaign<'a> {
    /// The plan.
    pub plan: &'a Plan,
    /// What verifications measured, by path.
    pub evidence: &'a EvidenceByPath,
    /// What the forge and the base branch say.
    pub observed: &'a Observed,
    /// What people decided.
    pub policy: &'a Policy,
    /// What is written.
    pub texts: &'a dyn Texts,
}

/// What has to be known before [`next_actions`] are all clear. Ask, answer into [`Observed`], ask again.
pub fn questions(_campaign: &Campaign<'_>) -> Vec<Question> {
    Vec::new()
}

/// What is to be done now, in this order. What is not known yet is never a reason to act: what hangs on it is left out.
pub fn next_actions(_campaign: &Campaign<'_>) -> Vec<Action> {
    Vec::new()
}

/// How far the campaign is.
pub fn progress(_campaign: &Campaign<'_>) -> Progress {
    Progress { waves: Vec::new(), files: Vec::new(), pause: None }
}
