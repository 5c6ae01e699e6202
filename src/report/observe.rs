//! Reads the progress of a campaign. It never writes to the forge.

use super::{Report, ReportError};
use crate::campaign::plan::file::File;
use crate::campaign::progress::{Above, Branch, Comment, Content, Issue, Merge, Observed, Pull, PullState};
use crate::campaign::trailer::{self, BranchCommit, FileBranch};
use crate::git::{GitError, RepoPath};
use crate::rollout::Question;
use crate::rollout::forge::{FoundAbove, FoundComment, FoundCommit, FoundPull};

/// An hour, in seconds.
const HOUR: u64 = 3600;

impl Report<'_> {
    /// Reads the part of the progress that is read once in each run.
    ///
    /// # Errors
    ///
    /// [`ReportError`]
    pub(crate) fn observe(&self) -> Result<Observed, ReportError> {
        let mut observed = Observed { base: self.base.clone(), ..Observed::default() };
        for found in self.forge.branches(&self.policy.names.branch_prefix())? {
            observed.branches.insert(found.name, Branch { commit: found.commit, content: None });
        }
        let label = self.policy.names.label();
        for pull in self.forge.pulls_labelled(&label)? {
            self.note_pull(pull, &mut observed)?;
        }
        let number = match self.issue {
            Some(named) => Some(named),
            None => self.forge.issues_labelled(&label)?.into_iter().min(),
        };
        if let Some(number) = number {
            observed.issue = Some(self.issue(number, self.forge.issue_body(number)?)?);
        }
        Ok(observed)
    }

    /// Returns the tracking issue with this text. Who may tick its boxes is asked only if one is ticked, and its comments
    /// are read only if one may hold the campaign's section.
    pub(super) fn issue(&self, number: u64, body: String) -> Result<Issue, ReportError> {
        let comment = if self.texts.may_have_comment(&body) { self.comment(number)? } else { None };
        let is_ticked = |text: &str| !self.texts.asked_again(text).is_empty();
        let in_body = is_ticked(&body);
        let is_foreign = in_body && !self.forge.is_by_writer(number)?;
        // Only the author of a trusted comment, and those who may write, can edit it.
        let in_comment = comment.as_ref().is_some_and(|comment| is_ticked(&comment.body));
        let ticks_count = (in_body || in_comment) && !is_foreign;
        if is_foreign {
            (self.tell)(&format!(
                "#{number}: its ticks do not count, because its author may not write to the repository: \
                 open another tracking issue with --create-issue"
            ));
        }
        let is_open = self.policy.report.close_issue
            && self.forge.issues_labelled(&self.policy.names.label())?.contains(&number);
        Ok(Issue { number, body, comment, is_open, ticks_count })
    }

    /// Returns the comment with the campaign's section. A comment by anyone else does not count.
    fn comment(&self, issue: u64) -> Result<Option<Comment>, ReportError> {
        let found = self.forge.comments(issue, &|body| self.texts.has_section(body))?;
        Ok(found.into_iter().next().map(|FoundComment { id, body }| Comment { id, body }))
    }

    /// Answers a question.
    ///
    /// # Errors
    ///
    /// [`ReportError`]
    pub(crate) fn answer(&self, question: &Question, observed: &mut Observed) -> Result<(), ReportError> {
        match question {
            Question::Pulls { branch } => {
                self.look_up(branch, observed)?;
            }
            Question::Content { branch, path } => {
                let content = self.content(branch, path)?;
                match (content, observed.branches.get_mut(branch)) {
                    (Some((commit, content)), Some(found)) => {
                        *found = Branch { commit, content: Some(content) };
                    }
                    _ => {
                        observed.branches.remove(branch);
                    }
                }
            }
            Question::Checks { pull, commit } => {
                let pending = self.forge.has_pending_checks(commit)?;
                if let Some(found) = observed.pulls.iter_mut().find(|found| found.number == *pull) {
                    found.pending = Some(pending);
                }
            }
        }
        Ok(())
    }

    /// Reads the pull requests from a branch.
    pub(super) fn look_up(&self, branch: &str, observed: &mut Observed) -> Result<(), ReportError> {
        for pull in self.forge.pulls_from(branch)? {
            self.note_pull(pull, observed)?;
        }
        observed.looked.insert(branch.to_owned());
        Ok(())
    }

    /// Records a pull request. Earlier answers about it are kept.
    pub(super) fn note_pull(&self, found: FoundPull, observed: &mut Observed) -> Result<(), ReportError> {
        let before = observed.pulls.iter().position(|pull| pull.number == found.number);
        let before = before.map(|at| observed.pulls.remove(at));
        let known = |pull: &Pull| (pull.pending, pull.mergeable);
        let (pending, mergeable) = before.as_ref().map(known).unwrap_or_default();
        // Lists do not have these fields.
        let by = found.by.or_else(|| before.and_then(|pull| ended_by(pull.state)));
        let state = match (found.open, found.merge_commit) {
            (true, _) => PullState::Open,
            (false, None) => PullState::Closed { by },
            (false, Some(merge)) => PullState::Merged(self.merge(by, &merge, &found.branch)?),
        };
        observed.pulls.push(Pull {
            number: found.number,
            branch: found.branch,
            base: found.base,
            state,
            body: found.body,
            labels: found.labels,
            mergeable: found.mergeable.or(mergeable),
            queued: found.queued,
            is_recent: found.opened + HOUR > self.now,
            pending,
        });
        observed.pulls.sort_by_key(|pull| pull.number);
        Ok(())
    }

    fn merge(&self, by: Option<String>, merge: &str, branch: &str) -> Result<Merge, ReportError> {
        let Some(file) = self.file_of(branch)? else { return Ok(Merge { by, ..Merge::default() }) };
        // History is needed only if the base branch does not have the planned text.
        if self.base.blobs.get(&file.path).map(String::as_str) == file.done_blob() {
            return Ok(Merge { by, ..Merge::default() });
        }
        if !self.forge.contains(&self.base.commit, merge)? {
            return Ok(Merge { by, ..Merge::default() });
        }
        let before = self.clone.text_before(merge, &file.path)?;
        let before = Some(before.unwrap_or_default());
        Ok(Merge { by, before, since: self.clone.last_change(&file.path)? })
    }

    /// Returns the content of a branch with its commit; `None` if the branch is gone.
    fn content(&self, branch: &str, path: &str) -> Result<Option<(String, Content)>, ReportError> {
        let Some(commit) = self.forge.branch(branch)? else { return Ok(None) };
        let found = self.forge.above(&self.base.commit, &commit)?;
        let evidence_path = self.evidence_path(path, branch)?;
        let branch = FileBranch {
            path: &RepoPath::new(path)?,
            evidence_path: &evidence_path,
            head: &commit,
            files: &found.files,
        };
        let mut above = whose(&found, &branch);
        if above == Above::Layerwright && !self.keeps_mode(&found, &commit, path)? {
            above = Above::OtherPeople;
        }
        let is_upon_base = self.forge.contains(&commit, &self.base.commit)?;
        let text = self.forge.text_id(&commit, path)?;
        let evidence = self.forge.text_id(&commit, &evidence_path)?;
        Ok(Some((commit, Content { above, is_upon_base, text, evidence })))
    }

    /// Returns true if a file has the mode that it has in the merge base: a commit of the campaign changes neither its
    /// type nor its permission bits.
    fn keeps_mode(&self, found: &FoundAbove, commit: &str, path: &str) -> Result<bool, ReportError> {
        let Some(base) = &found.merge_base else { return Ok(true) };
        Ok(self.forge.mode(commit, path)? == self.forge.mode(base, path)?)
    }

    /// Returns the content of a commit of the campaign.
    pub(super) fn own_content(&self, file: &File) -> Result<Content, GitError> {
        let written = self.clone.commit(file)?;
        let (text, evidence) = written.ids()?;
        Ok(Content { above: Above::Layerwright, is_upon_base: true, text: Some(text), evidence })
    }
}

/// Returns the user who merged or closed a pull request.
fn ended_by(state: PullState) -> Option<String> {
    match state {
        PullState::Open => None,
        PullState::Closed { by } => by,
        PullState::Merged(merge) => merge.by,
    }
}

/// Returns the authorship of the commits of a branch.
fn whose(found: &FoundAbove, branch: &FileBranch<'_>) -> Above {
    let commits = found.commits.iter().map(|FoundCommit { id, message, tree, parents }| BranchCommit {
        id,
        message,
        tree: tree.as_deref(),
        parents,
    });
    let commits: Vec<BranchCommit<'_>> = commits.collect();
    match commits.as_slice() {
        [] => Above::Nothing,
        commits if trailer::made_all(commits, branch) => Above::Layerwright,
        _ => Above::OtherPeople,
    }
}
