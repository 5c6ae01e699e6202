//! Performs actions, one at a time. The answers of the forge are recorded, so that the next actions follow from them.
//! It never repeats a call without reading the forge first.

use std::collections::BTreeSet;

use super::{Report, ReportError};
use crate::campaign::plan::file::File;
use crate::campaign::progress::{Branch, Observed, Pull, PullState};
use crate::campaign::trailer;
use crate::rollout::forge::{NewCommit, NewPull};
use crate::rollout::{Action, ForgeError};

impl Report<'_> {
    /// Performs an action.
    ///
    /// # Errors
    ///
    /// [`ReportError`]. The action may have taken effect; the next request for actions reads that.
    pub(crate) fn perform(&self, action: &Action, observed: &mut Observed) -> Result<(), ReportError> {
        match action {
            Action::CreateBranch { path, branch, onto } => {
                let Some(file) = self.plan.file(path) else { return Ok(()) };
                let commit = self.write_commit(file, branch, &[onto])?;
                let done = self.forge.create_branch(branch, &commit);
                self.settle(file, branch, &commit, None, done, observed)
            }
            Action::RefreshBranch { path, branch, expected, onto } => {
                let Some(file) = self.plan.file(path) else { return Ok(()) };
                let commit = self.write_commit(file, branch, &[expected, onto])?;
                let done = self.forge.advance_branch(branch, &commit);
                self.settle(file, branch, &commit, Some(expected), done, observed)
            }
            Action::OpenPull { branch, base, title, body, draft, .. } => {
                let new = NewPull { branch, base, title, body, draft: *draft };
                self.open_pull(&new, observed)
            }
            Action::RequestReview { pull, reviewers } => {
                self.pass_over(self.forge.request_reviews(*pull, reviewers), *pull)
            }
            Action::Assign { pull, assignees } => self.pass_over(self.forge.assign(*pull, assignees), *pull),
            Action::AddLabels { pull, labels } => {
                self.forge.add_labels(*pull, labels)?;
                if let Some(found) = observed.pulls.iter_mut().find(|found| found.number == *pull) {
                    found.labels.extend(labels.iter().cloned());
                }
                Ok(())
            }
            Action::UpdatePull { pull, expected, body } => self.update_pull(*pull, expected, body, observed),
            Action::CreateIssue { title, body } => self.create_issue(title, body, observed),
            Action::CloseIssue { issue } => {
                self.forge.close_issue(*issue)?;
                if let Some(found) = &mut observed.issue {
                    found.is_open = false;
                }
                Ok(())
            }
            Action::UpdateIssue { issue, expected, body } => {
                self.update_issue(*issue, expected, body, observed)
            }
            Action::AddComment { issue, body } => self.add_comment(*issue, body, observed),
            Action::UpdateComment { issue, comment, expected, body } => {
                let there = self.forge.comments(*issue, &|body| body == expected)?;
                if there.iter().any(|one| one.id == *comment) {
                    self.forge.set_comment(*comment, body)?;
                }
                self.read_issue(*issue, observed)
            }
        }
    }

    fn write_commit(&self, file: &File, branch: &str, parents: &[&str]) -> Result<String, ReportError> {
        let written = self.clone.commit(file)?;
        let (text, evidence) = written.ids()?;
        let message = trailer::on_forge(&written.message, &text, evidence.as_deref());
        let evidence_path = self.evidence_path(&file.path, branch)?;
        let mut texts = vec![(file.path.as_str(), written.text.as_slice())];
        texts.extend(written.evidence.as_deref().map(|evidence| (evidence_path.as_str(), evidence)));
        Ok(self.forge.write_commit(&NewCommit { message: &message, parents, texts: &texts })?)
    }

    /// Records the present commit of a branch, after it was updated from `before` to `commit`.
    fn settle(
        &self,
        file: &File,
        branch: &str,
        commit: &str,
        before: Option<&String>,
        done: Result<(), ForgeError>,
        observed: &mut Observed,
    ) -> Result<(), ReportError> {
        let at = match &done {
            Ok(()) => Some(commit.to_owned()),
            Err(ForgeError::Refused(_) | ForgeError::Unclear(_)) => self.forge.branch(branch)?,
            Err(ForgeError::Stopped(_)) => return Ok(done?),
        };
        if at.as_deref() != Some(commit) && at.as_ref() == before {
            return Ok(done?);
        }
        let Some(at) = at else {
            // The forge closed its pull request with it.
            observed.branches.remove(branch);
            return self.look_up(branch, observed);
        };
        let content = if at == commit { Some(self.own_content(file)?) } else { None };
        observed.branches.insert(branch.to_owned(), Branch { commit: at, content });
        for pull in observed.pulls.iter_mut().filter(|pull| pull.branch == branch) {
            // The forge computes again if it can be merged.
            pull.mergeable = None;
        }
        Ok(())
    }

    fn open_pull(&self, new: &NewPull<'_>, observed: &mut Observed) -> Result<(), ReportError> {
        let known = states(observed, new.branch);
        self.look_up(new.branch, observed)?;
        // If a pull request was opened, closed or reopened in between, the next actions are decided again.
        if states(observed, new.branch) != known {
            return Ok(());
        }
        match self.forge.open_pull(new) {
            Ok(number) => {
                observed.pulls.push(Pull {
                    number,
                    branch: new.branch.to_owned(),
                    base: new.base.to_owned(),
                    state: PullState::Open,
                    body: new.body.to_owned(),
                    labels: BTreeSet::new(),
                    mergeable: None,
                    queued: false,
                    is_recent: true,
                    // Its checks have just begun.
                    pending: Some(true),
                });
                Ok(())
            }
            Err(error @ (ForgeError::Refused(_) | ForgeError::Unclear(_))) => {
                self.look_up(new.branch, observed)?;
                if states(observed, new.branch) == known { Err(error.into()) } else { Ok(()) }
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Reports a failed request for reviewers or assignees. It does not stop the report.
    fn pass_over(&self, done: Result<(), ForgeError>, pull: u64) -> Result<(), ReportError> {
        match done {
            Err(ForgeError::Refused(why)) => {
                (self.tell)(&format!("#{pull}: {why}"));
                Ok(())
            }
            done => Ok(done?),
        }
    }

    fn update_pull(
        &self,
        number: u64,
        expected: &str,
        body: &str,
        observed: &mut Observed,
    ) -> Result<(), ReportError> {
        let found = self.forge.pull(number)?;
        let is_expected = found.body == expected && found.open && !found.queued;
        self.note_pull(found, observed)?;
        if is_expected {
            self.forge.set_pull_body(number, body)?;
            let found = self.forge.pull(number)?;
            self.note_pull(found, observed)?;
        }
        Ok(())
    }

    fn create_issue(&self, title: &str, body: &str, observed: &mut Observed) -> Result<(), ReportError> {
        let label = &self.policy.names.label();
        let created = self.forge.create_issue(title, body, std::slice::from_ref(label));
        let number = match created {
            Ok(number) => number,
            Err(error @ (ForgeError::Refused(_) | ForgeError::Unclear(_))) => {
                let found = self.forge.issues_labelled(label)?.into_iter().min();
                found.ok_or(error)?
            }
            Err(error) => return Err(error.into()),
        };
        self.read_issue(number, observed)
    }

    fn read_issue(&self, number: u64, observed: &mut Observed) -> Result<(), ReportError> {
        observed.issue = Some(self.issue(number, self.forge.issue_body(number)?)?);
        Ok(())
    }

    /// Adds the comment with the campaign's section.
    fn add_comment(&self, issue: u64, body: &str, observed: &mut Observed) -> Result<(), ReportError> {
        let done = self.forge.add_comment(issue, body);
        if let Err(error @ ForgeError::Stopped(_)) = done {
            return Err(error.into());
        }
        self.read_issue(issue, observed)?;
        let is_there = observed.issue.as_ref().is_some_and(|issue| issue.comment.is_some());
        match done {
            Err(error) if !is_there => Err(error.into()),
            _ => Ok(()),
        }
    }

    /// Updates the issue. It is read just before, because people edit it at any time, and again after.
    fn update_issue(
        &self,
        number: u64,
        expected: &str,
        body: &str,
        observed: &mut Observed,
    ) -> Result<(), ReportError> {
        let mut there = self.forge.issue_body(number)?;
        if there == expected {
            self.forge.set_issue_body(number, body)?;
            there = self.forge.issue_body(number)?;
        }
        observed.issue = Some(self.issue(number, there)?);
        Ok(())
    }
}

/// Returns the pull requests from a branch, with their states.
fn states(observed: &Observed, branch: &str) -> Vec<(u64, PullState)> {
    let from = observed.pulls.iter().filter(|pull| pull.branch == branch);
    from.map(|pull| (pull.number, pull.state.clone())).collect()
}
