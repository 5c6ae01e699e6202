//! Keeps the branches, texts and labels of open pull requests up to date. It never opens a pull request.

use super::{Action, Question, Steps};
use crate::campaign::plan::file::File;
use crate::campaign::progress::{
    Above, Branch, Campaign, FileProgress, FileState, OpenState, Progress, Pull,
};

/// Adds the steps for every open pull request of the plan's files.
pub(crate) fn steps(campaign: &Campaign<'_>, progress: &Progress, steps: &mut Steps) {
    for file in &progress.files {
        let observed = campaign.observed;
        let branch = observed.branches.get(&file.branch);
        let latest = observed.pull_from(&file.branch);
        match latest.filter(|pull| pull.is_open()) {
            Some(pull) if !pull.queued => {
                let (Some(branch), Some(planned)) = (branch, campaign.plan.file(&file.path)) else {
                    continue;
                };
                Keeping { campaign, file: planned, progress: file, pull, branch }.steps(steps);
            }
            // There may be a pull request that lost the label, or a later one that was merged before it had the label.
            None if (branch.is_some() || latest.is_some()) && file.state != FileState::Done => {
                ask_for_pulls(campaign, file, steps);
            }
            _ => {}
        }
    }
}

/// Asks for all pull requests from the branch of a file, unless they were already read. Returns true if they were.
pub(crate) fn ask_for_pulls(campaign: &Campaign<'_>, file: &FileProgress, steps: &mut Steps) -> bool {
    let names = [&file.branch, &file.other_branch].into_iter().filter(|name| !name.is_empty());
    let open: Vec<&String> = names.filter(|name| !campaign.observed.looked.contains(*name)).collect();
    steps.questions.extend(open.iter().map(|branch| Question::Pulls { branch: (*branch).clone() }));
    open.is_empty()
}

struct Keeping<'a> {
    campaign: &'a Campaign<'a>,
    file: &'a File,
    progress: &'a FileProgress,
    pull: &'a Pull,
    branch: &'a Branch,
}

impl Keeping<'_> {
    fn steps(&self, steps: &mut Steps) {
        self.complete(steps);
        match &self.progress.state {
            FileState::Open(OpenState::Current) => self.current(steps),
            _ => steps.actions.extend(self.text()),
        }
    }

    /// Requests reviews, assigns, and adds the labels, unless the campaign's label shows that this was done.
    fn complete(&self, steps: &mut Steps) {
        let (policy, pull) = (self.campaign.policy, self.pull.number);
        let label = policy.names.label();
        if self.pull.labels.contains(&label) {
            return;
        }
        let report = &policy.report;
        if !report.reviewers.is_empty() {
            steps.actions.push(Action::RequestReview { pull, reviewers: report.reviewers.clone() });
        }
        if !report.assignees.is_empty() {
            steps.actions.push(Action::Assign { pull, assignees: report.assignees.clone() });
        }
        let labels = [label].into_iter().chain(report.labels.iter().cloned()).collect();
        steps.actions.push(Action::AddLabels { pull, labels });
    }

    /// Brings branch and text up to date. The text comes last, because it states that the branch is up to date.
    fn current(&self, steps: &mut Steps) {
        let in_conflict = self.pull.mergeable == Some(false);
        let text = self.text();
        if text.is_none() && !in_conflict {
            return;
        }
        let (branch, path) = (self.progress.branch.clone(), self.file.path.clone());
        let Some(content) = &self.branch.content else {
            steps.questions.insert(Question::Content { branch, path });
            return;
        };
        let helps = in_conflict && !content.is_upon_base;
        if helps || content.above == Above::Nothing || !self.campaign.is_current(self.file, content) {
            steps.actions.push(refresh(self.campaign, self.progress, self.branch));
        } else {
            steps.actions.extend(text);
        }
    }

    /// Writes the text if it differs.
    fn text(&self) -> Option<Action> {
        let expected = self.pull.body.clone();
        let body = self.campaign.texts.pull_body(self.file, self.progress, &self.branch.commit, &expected);
        (body != expected).then_some(Action::UpdatePull { pull: self.pull.number, expected, body })
    }
}

/// Brings a branch that has only commits of the campaign up to the base branch.
pub(crate) fn refresh(campaign: &Campaign<'_>, file: &FileProgress, branch: &Branch) -> Action {
    Action::RefreshBranch {
        path: file.path.clone(),
        branch: file.branch.clone(),
        expected: branch.commit.clone(),
        onto: campaign.observed.base.commit.clone(),
    }
}
