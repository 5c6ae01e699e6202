//! Performs the actions of a campaign on a [`Forge`], and writes the texts: pull requests, the tracking issue with its
//! checklist, the status page. It never decides which actions are next, and keeps no state between two runs:
//! if a run is killed at any point, the next one repairs the result.
//!
//! If it is unknown if a call took effect, it is never repeated blindly: the forge is read first.

mod body;
mod checklist;
pub(crate) mod criteria;
pub(crate) mod limits;
mod observe;
pub mod page;
mod perform;
pub(crate) mod recorder;
pub(crate) mod section;
pub(crate) mod template;
pub(crate) mod texts;

use std::collections::BTreeMap;

use crate::campaign::plan::file::{File, Plan};
use crate::campaign::policy::Policy;
use crate::campaign::progress::{Base, Campaign, Change, FileEvidence, Observed, Texts};
use crate::git::{GitError, PathError, RepoPath, hash_blob};
use crate::rollout::{self, Forge, ForgeError};

/// The maximum number of rounds of actions. A pull request takes five steps, and many pull requests take them together.
const MOST_ROUNDS: usize = 50;

/// The clone, and the texts that are written to branches.
pub trait Clone {
    /// Returns the id of a file's text in the first parent of a commit; `None` if the file does not exist there.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit cannot be read.
    fn text_before(&self, commit: &str, path: &str) -> Result<Option<String>, GitError>;

    /// Returns the last commit of the base branch that changed a file; `None` if it is unknown.
    ///
    /// # Errors
    ///
    /// [`GitError`] if history cannot be read.
    fn last_change(&self, path: &str) -> Result<Option<Change>, GitError>;

    /// Returns the message and the texts of a file's commit.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the file's text cannot be read.
    fn commit(&self, file: &File) -> Result<Written, GitError>;
}

/// The message and the texts of a file's commit.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// The message.
    pub message: String,
    /// The new text of the file.
    pub text: Vec<u8>,
    /// The evidence of the file; `None` if there is none.
    pub evidence: Option<Vec<u8>>,
}

/// The reasons why a report ended early. The next report continues where it ended.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The forge.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The clone.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The plan names a file with an invalid path.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Another process keeps changing the pull requests.
    #[error(
        "another process changes the pull requests; run `layerwright report` again when no other report runs"
    )]
    Restless,
}

/// A campaign, and the forge to which it reports.
pub struct Report<'a> {
    /// The forge.
    pub forge: &'a dyn Forge,
    /// The clone.
    pub clone: &'a dyn Clone,
    /// The plan.
    pub plan: &'a Plan,
    /// The results of the verifications of the plan's files, by path.
    pub evidence: &'a BTreeMap<String, FileEvidence>,
    /// The decisions of the maintainers.
    pub policy: &'a Policy,
    /// The texts that are written.
    pub texts: &'a dyn Texts,
    /// The base branch, as in the clone.
    pub base: &'a Base,
    /// The tracking issue that the user named; without it, it is found by the campaign's label.
    pub issue: Option<u64>,
    /// The time now, in seconds since 1970.
    pub now: u64,
    /// Receives the messages about skipped steps.
    pub tell: &'a dyn Fn(&str),
}

impl Report<'_> {
    /// Reads the progress of the campaign, performs the next actions, and returns the progress after them, with what the
    /// forge refused. A refusal never stops the other actions.
    ///
    /// # Errors
    ///
    /// [`ReportError`]. Actions that were performed before it are kept.
    pub fn run(&self) -> Result<(Observed, Vec<String>), ReportError> {
        let mut observed = self.observe()?;
        let (mut refused, mut reasons) = (Vec::new(), Vec::new());
        for _ in 0..MOST_ROUNDS {
            self.answer_all(&mut observed)?;
            let actions = rollout::next_actions(&self.campaign(&observed), &refused)?;
            if actions.is_empty() {
                return Ok((observed, reasons));
            }
            for action in actions {
                match self.perform(&action, &mut observed) {
                    Err(ReportError::Forge(ForgeError::Refused(why))) => {
                        reasons.push(format!("{action}: {why}\n    {}", action.remedy()));
                        refused.push(action);
                    }
                    done => done?,
                }
            }
        }
        Err(ReportError::Restless)
    }

    /// Answers open questions until there are none.
    ///
    /// # Errors
    ///
    /// [`ReportError`]
    pub(crate) fn answer_all(&self, observed: &mut Observed) -> Result<(), ReportError> {
        loop {
            let questions = rollout::questions(&self.campaign(observed))?;
            if questions.is_empty() {
                return Ok(());
            }
            for question in &questions {
                self.answer(question, observed)?;
            }
        }
    }

    /// Returns the input of the decision about the next actions.
    pub(crate) fn campaign<'b>(&'b self, observed: &'b Observed) -> Campaign<'b> {
        let Self { plan, evidence, policy, texts, .. } = *self;
        Campaign { plan, evidence, observed, policy, texts }
    }

    /// Returns the file of the plan that a branch is for.
    fn file_of(&self, branch: &str) -> Result<Option<&File>, GitError> {
        for file in &self.plan.files {
            if self.policy.names.branch_of(&file.path)?.is_some_and(|names| names.contains(branch)) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// Returns the path of a file's evidence on its branch.
    fn evidence_path(&self, path: &str, branch: &str) -> Result<String, ReportError> {
        Ok(self.policy.names.evidence(&RepoPath::new(path)?, branch)?)
    }
}

impl Written {
    /// Returns git's ids of the text and of the evidence.
    fn ids(&self) -> Result<(String, Option<String>), GitError> {
        let id = |bytes: &[u8]| hash_blob(bytes).map(|id| id.as_str().to_owned());
        let evidence = self.evidence.as_deref().map(id).transpose()?;
        Ok((id(&self.text)?, evidence))
    }
}
