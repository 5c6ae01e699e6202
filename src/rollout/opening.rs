//! Opens the next pull requests: which files are next, and how many. It never opens more than `[report]` allows.

use std::collections::BTreeMap;

use super::keeping::{ask_for_pulls, refresh};
use super::{Action, Question, Steps};
use crate::campaign::plan::file::File;
use crate::campaign::progress::{Above, Campaign, FileProgress, FileState, OpenState, Progress, Pull};

/// Adds the steps that open the next pull requests.
pub(crate) fn steps(campaign: &Campaign<'_>, progress: &Progress, steps: &mut Steps) {
    let ready: Vec<&FileProgress> = progress.files.iter().filter(|file| is_next(progress, file)).collect();
    let Some(last) = ready.iter().map(|file| file.wave).max() else { return };
    let Some(mut room) = Room::new(campaign, progress, steps) else { return };
    if !is_gate_sure(campaign, progress, last, steps) {
        return;
    }
    for file in ready {
        let Some(planned) = campaign.plan.file(&file.path) else { continue };
        if room.take(planned) && ask_for_pulls(campaign, file, steps) {
            open(campaign, planned, file, steps);
        }
    }
}

/// Returns true if nothing that is still unknown can close the gate of a wave: a file that is settled and not done may
/// have a pull request that lost its label.
fn is_gate_sure(campaign: &Campaign<'_>, progress: &Progress, wave: usize, steps: &mut Steps) -> bool {
    let earlier = progress.files.iter().filter(|file| file.wave < wave && file.state != FileState::Done);
    let unsure = earlier.filter(|file| !ask_for_pulls(campaign, file, steps)).count();
    unsure == 0
}

fn is_next(progress: &Progress, file: &FileProgress) -> bool {
    file.state == FileState::Ready && progress.is_open(file.wave)
}

/// Adds the next step for a file's pull request: its branch first, then the pull request itself.
fn open(campaign: &Campaign<'_>, planned: &File, file: &FileProgress, steps: &mut Steps) {
    let base = &campaign.observed.base;
    let (path, branch) = (file.path.clone(), file.branch.clone());
    let Some(found) = campaign.observed.branches.get(&branch) else {
        return steps.actions.push(Action::CreateBranch { path, branch, onto: base.commit.clone() });
    };
    let Some(content) = &found.content else {
        steps.questions.insert(Question::Content { branch, path });
        return;
    };
    if content.above == Above::Nothing || !campaign.is_current(planned, content) {
        return steps.actions.push(refresh(campaign, file, found));
    }
    let opened = FileProgress { state: FileState::Open(OpenState::Current), ..file.clone() };
    steps.actions.push(Action::OpenPull {
        path,
        branch,
        base: base.branch.clone(),
        title: campaign.texts.pull_title(planned),
        body: campaign.texts.pull_body(planned, &opened, &found.commit, ""),
        draft: campaign.policy.report.draft,
    });
}

/// The number of pull requests that may still be opened.
struct Room<'a> {
    left: usize,
    open_by_owner: BTreeMap<&'a str, usize>,
    most_by_owner: usize,
}

impl<'a> Room<'a> {
    /// `None` if there is no room, or if it is unknown yet.
    fn new(campaign: &'a Campaign<'_>, progress: &Progress, steps: &mut Steps) -> Option<Self> {
        let (observed, limits) = (campaign.observed, &campaign.policy.report);
        let open: Vec<&Pull> = observed.pulls.iter().filter(|pull| pull.is_open()).collect();
        let most = limits.max_open.saturating_sub(open.len());
        let recent = observed.pulls.iter().filter(|pull| pull.is_recent).count();
        let left = most.min(limits.per_hour.saturating_sub(recent));
        if left == 0 {
            return None;
        }
        let left = left.min(limits.pause_when_pending_checks.checked_sub(pending(campaign, &open, steps)?)?);
        let mut open_by_owner = BTreeMap::new();
        for file in &progress.files {
            let is_open = open.iter().any(|pull| pull.branch == file.branch);
            let planned = campaign.plan.file(&file.path).filter(|_| is_open);
            for owner in planned.iter().flat_map(|planned| &planned.owners) {
                *open_by_owner.entry(owner.as_str()).or_default() += 1;
            }
        }
        Some(Self { left, open_by_owner, most_by_owner: limits.max_open_per_owner })
    }

    /// Reserves room for a file's pull request. Returns true if there was room.
    fn take(&mut self, file: &'a File) -> bool {
        let has_room = |owner: &String| {
            self.open_by_owner.get(owner.as_str()).is_none_or(|open| *open < self.most_by_owner)
        };
        if self.left == 0 || !file.owners.iter().all(has_room) {
            return false;
        }
        self.left -= 1;
        for owner in &file.owners {
            *self.open_by_owner.entry(owner).or_default() += 1;
        }
        true
    }
}

/// Returns the number of pull requests whose checks have not finished. If it is unknown, adds the questions and returns
/// `None`.
fn pending(campaign: &Campaign<'_>, open: &[&Pull], steps: &mut Steps) -> Option<usize> {
    let mut known = true;
    for pull in open.iter().filter(|pull| pull.pending.is_none()) {
        let branch = campaign.observed.branches.get(&pull.branch);
        // The forge closes a pull request whose branch was deleted.
        let Some(commit) = branch.map(|branch| branch.commit.clone()) else { continue };
        steps.questions.insert(Question::Checks { pull: pull.number, commit });
        known = false;
    }
    known.then(|| open.iter().filter(|pull| pull.pending == Some(true)).count())
}
