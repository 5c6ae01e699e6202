//! Performs the actions of a campaign on a [`Forge`]. It decides nothing, and remembers nothing from one run to the
//! next: a run that is killed anywhere is made good by another.
//!
//! A call that failed without saying what happened is never repeated blindly: the forge is looked at first.

mod body;
mod checklist;
pub mod criteria;
mod observe;
pub mod page;
mod perform;
pub mod recorder;
mod section;
pub mod template;
pub mod texts;

use std::collections::BTreeMap;

use crate::campaign::plan::file::{File, Plan};
use crate::git::{GitError, PathError, RepoPath, hash_blob};
use crate::rollout::{
    self, Base, Campaign, Change, FileEvidence, Forge, ForgeError, Observed, Policy, Texts,
};

/// How often actions are asked for: a pull request takes five steps, and many take them together.
const MOST_ROUNDS: usize = 50;

/// What the clone has, and what is written to branches.
pub trait Clone {
    /// The id of a file's text in the first parent of a commit; `None` if it is not there.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the commit cannot be read.
    fn text_before(&self, commit: &str, path: &str) -> Result<Option<String>, GitError>;

    /// The last commit of the base branch that changed a file, where history tells.
    ///
    /// # Errors
    ///
    /// [`GitError`] if history cannot be read.
    fn last_change(&self, path: &str) -> Result<Option<Change>, GitError>;

    /// What a file's commit says and holds.
    ///
    /// # Errors
    ///
    /// [`GitError`] if the file's text cannot be read.
    fn commit(&self, file: &File) -> Result<Written, GitError>;
}

/// What a file's commit says and holds.
#[derive(Debug, PartialEq, Eq)]
pub struct Written {
    /// What it says.
    pub message: String,
    /// The file's new text.
    pub text: Vec<u8>,
    /// Its evidence, where there is some.
    pub evidence: Option<Vec<u8>>,
}

/// Why a report ended early. Another one goes on where it ended.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The forge.
    #[error(transparent)]
    Forge(#[from] ForgeError),
    /// The clone.
    #[error(transparent)]
    Git(#[from] GitError),
    /// The plan names a file that a repository cannot have.
    #[error(transparent)]
    Path(#[from] PathError),
    /// Something else changes what is written, again and again.
    #[error("the pull requests change while they are written; is another report under way?")]
    Restless,
}

/// A campaign and where it is reported.
pub struct Report<'a> {
    /// The forge.
    pub forge: &'a dyn Forge,
    /// The clone.
    pub clone: &'a dyn Clone,
    /// The plan.
    pub plan: &'a Plan,
    /// What verifications of the plan's files say, by path.
    pub evidence: &'a BTreeMap<String, FileEvidence>,
    /// What people decided.
    pub policy: &'a Policy,
    /// What is written.
    pub texts: &'a dyn Texts,
    /// The branch that pull requests are for, as the clone has it.
    pub base: &'a Base,
    /// The tracking issue that people named; without it, it is found by the campaign's label.
    pub issue: Option<u64>,
    /// The time now: seconds since 1970.
    pub now: u64,
    /// Takes what people should know of what was passed over.
    pub tell: &'a dyn Fn(&str),
}

impl Report<'_> {
    /// Reads how far the campaign is, performs what is next, and gives what there is then.
    ///
    /// # Errors
    ///
    /// [`ReportError`]. What was performed before stays.
    pub fn run(&self) -> Result<Observed, ReportError> {
        let mut observed = self.observe()?;
        for _ in 0..MOST_ROUNDS {
            self.answer_all(&mut observed)?;
            let actions = rollout::next_actions(&self.campaign(&observed))?;
            if actions.is_empty() {
                return Ok(observed);
            }
            for action in &actions {
                self.perform(action, &mut observed)?;
            }
        }
        Err(ReportError::Restless)
    }

    /// Answers what has to be known, until nothing has.
    ///
    /// # Errors
    ///
    /// [`ReportError`]
    pub fn answer_all(&self, observed: &mut Observed) -> Result<(), ReportError> {
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

    /// What decides what is next.
    pub fn campaign<'b>(&'b self, observed: &'b Observed) -> Campaign<'b> {
        let Self { plan, evidence, policy, texts, .. } = *self;
        Campaign { plan, evidence, observed, policy, texts }
    }

    /// The file of the plan that a branch is for.
    fn file_of(&self, branch: &str) -> Result<Option<&File>, GitError> {
        for file in &self.plan.files {
            if self.policy.names.branch_of(&file.path)?.as_deref() == Some(branch) {
                return Ok(Some(file));
            }
        }
        Ok(None)
    }

    /// The path of a file's evidence.
    fn evidence_path(&self, path: &str) -> Result<String, ReportError> {
        Ok(self.policy.names.evidence(&RepoPath::new(path)?)?)
    }
}

impl Written {
    /// git's ids of the text and of the evidence.
    fn ids(&self) -> Result<(String, Option<String>), GitError> {
        let id = |bytes: &[u8]| hash_blob(bytes).map(|id| id.as_str().to_owned());
        let evidence = self.evidence.as_deref().map(id).transpose()?;
        Ok((id(&self.text)?, evidence))
    }
}
