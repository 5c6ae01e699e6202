//! Derives the progress of a campaign from the plan and from what was observed.

use std::collections::{BTreeMap, BTreeSet};

use super::facts::{AskedAgain, Campaign, FileEvidence, IssueTexts, Texts};
use super::observed::{Above, Base, Merge, Observed, Pull, PullState};
use super::state::{FileProgress, FileState, OpenState, Progress, TextState, WaveProgress};
use crate::analysis::Verdict;
use crate::campaign::evidence::{EvidenceState, EvidenceStates};
use crate::campaign::plan::file::{File, Plan};
use crate::campaign::policy::{Policy, Refusal, may_go_out};
use crate::git::GitError;

impl Progress {
    /// Returns the progress of a campaign.
    ///
    /// # Errors
    ///
    /// [`GitError`] as for [`Names::branch`](crate::campaign::names::Names::branch).
    pub(crate) fn new(campaign: &Campaign<'_>) -> Result<Self, GitError> {
        let contradicts = |path: &&String| campaign.evidence_state(path) == &EvidenceState::Contradicts;
        let contradicted = campaign.evidence.keys().find(contradicts).cloned();
        let issue = campaign.observed.issue.as_ref().filter(|issue| issue.ticks_count);
        let asked = issue.map(|issue| campaign.texts.asked_in(issue)).unwrap_or_default();
        let inputs = Inputs { campaign, contradicted: contradicted.as_deref(), asked: &asked };
        let (mut waves, mut files, mut waits_for) = (Vec::new(), Vec::new(), Vec::new());
        for wave in &campaign.plan.waves {
            waves.push(WaveProgress { number: wave.number, waits_for: waits_for.clone() });
            for file in wave.files.iter().filter_map(|path| campaign.plan.file(path)) {
                let progress = inputs.file(file, wave.number)?;
                if !inputs.is_settled(file, &progress) {
                    waits_for.push(file.path.clone());
                }
                files.push(progress);
            }
        }
        let is_past = |file: &&FileProgress| {
            let planned = campaign.plan.file(&file.path);
            file.state == FileState::Done && planned.is_some_and(|planned| planned.rewritten.is_none())
        };
        let past = files.iter().filter(is_past).map(|file| file.path.clone()).collect();
        Ok(Self { waves, files, contradicted, past })
    }

    /// Returns the progress as far as a clone shows it: `blobs` are the texts of the plan's files in a commit of the base
    /// branch, and `seen` are the pull requests as the forge last reported them.
    ///
    /// # Errors
    ///
    /// As for [`Self::new`].
    pub(crate) fn in_clone(
        plan: &Plan,
        states: &EvidenceStates,
        policy: &Policy,
        blobs: BTreeMap<String, String>,
        seen: Vec<Pull>,
    ) -> Result<Self, GitError> {
        let base = Base { blobs, ..Base::default() };
        let observed = Observed { base, pulls: seen, ..Observed::default() };
        let evidence = states
            .iter()
            .map(|(path, state)| (path.clone(), FileEvidence { state: state.clone(), id: String::new() }));
        let evidence = evidence.collect();
        Self::new(&Campaign { plan, evidence: &evidence, observed: &observed, policy, texts: &NoTexts })
    }
}

/// The texts of a campaign whose forge is not asked: there is none to read.
struct NoTexts;

impl Texts for NoTexts {
    fn pull_title(&self, _: &File) -> String {
        String::new()
    }

    fn pull_body(&self, _: &File, _: &FileProgress, _: &str, _: &str) -> String {
        String::new()
    }

    fn issue_title(&self) -> String {
        String::new()
    }

    fn issue(&self, _: &Progress, _: IssueTexts<&str>) -> IssueTexts<String> {
        IssueTexts { body: String::new(), comment: None }
    }

    fn may_have_comment(&self, _: &str) -> bool {
        false
    }

    fn has_section(&self, _: &str) -> bool {
        false
    }

    fn asked_again(&self, _: &str) -> BTreeSet<AskedAgain> {
        BTreeSet::new()
    }
}

/// The inputs that decide a file's state.
struct Inputs<'a> {
    campaign: &'a Campaign<'a>,
    contradicted: Option<&'a str>,
    asked: &'a BTreeSet<AskedAgain>,
}

impl Inputs<'_> {
    fn file(&self, file: &File, wave: usize) -> Result<FileProgress, GitError> {
        let names = self.campaign.policy.names.branch_of(&file.path)?;
        let [branch, other_branch] = match names.map(|names| self.campaign.observed.in_use(names)) {
            Some([branch, other]) => [Some(branch), Some(other)],
            None => [None, None],
        };
        let pull = branch.as_deref().and_then(|branch| self.campaign.observed.pull_from(branch));
        let state = match &branch {
            Some(branch) => self.state(file, wave, branch, pull),
            None => FileState::Gone,
        };
        let mut progress = FileProgress {
            path: file.path.clone(),
            wave,
            state,
            pull: pull.map(|pull| pull.number),
            branch: branch.unwrap_or_default(),
            other_branch: other_branch.unwrap_or_default(),
        };
        if let Some(pull) = pull
            && self.has_other_commits(file, &progress, pull)
        {
            progress.state = FileState::Open(OpenState::OtherCommits);
        }
        Ok(progress)
    }

    /// Returns true if people added commits to the branch of a pull request that is open and planned. If the branch was
    /// not read, the pull request's text shows this, as long as the text is of the latest commit of the branch.
    fn has_other_commits(&self, file: &File, progress: &FileProgress, pull: &Pull) -> bool {
        let Campaign { observed, texts, .. } = self.campaign;
        let Some(branch) = observed.branches.get(&progress.branch) else { return false };
        if progress.state != FileState::Open(OpenState::Current) {
            return false;
        }
        if let Some(content) = &branch.content {
            return content.above == Above::OtherPeople;
        }
        let with_others =
            FileProgress { state: FileState::Open(OpenState::OtherCommits), ..progress.clone() };
        texts.pull_body(file, &with_others, &branch.commit, &pull.body) == pull.body
    }

    fn state(&self, file: &File, wave: usize, branch: &str, pull: Option<&Pull>) -> FileState {
        let now = self.campaign.observed.base.blobs.get(&file.path).map(String::as_str);
        let text = TextState::of(file, now);
        if text == TextState::Done {
            return FileState::Done;
        }
        let refused = self.may_go_out(file, wave).err();
        let is_planned = text == TextState::Open;
        match pull.map(|pull| (&pull.state, self.is_asked_again(file, pull))) {
            Some((PullState::Open, _)) => return FileState::Open(Self::open(is_planned, refused)),
            Some((PullState::Closed { by }, false)) => return FileState::Declined { by: by.clone() },
            Some((PullState::Merged(merge), asked)) => {
                if let Some(state) =
                    merged(merge, now, file).filter(|state| !asked || *state == FileState::Merged)
                {
                    return state;
                }
            }
            Some((PullState::Closed { .. }, true)) | None => {}
        }
        match (text, refused) {
            (TextState::Gone, _) => return FileState::Gone,
            (TextState::Stale | TextState::Done, _) => return FileState::Stale,
            (TextState::Open, Some(why)) => return FileState::Held { why },
            (TextState::Open, None) => {}
        }
        if self.campaign.observed.has_other_commits(branch) {
            FileState::OtherCommits
        } else {
            FileState::Ready
        }
    }

    fn open(is_planned: bool, refused: Option<Refusal>) -> OpenState {
        match refused {
            _ if !is_planned => OpenState::Stale,
            Some(why) => OpenState::Held { why },
            None => OpenState::Current,
        }
    }

    fn may_go_out(&self, file: &File, wave: usize) -> Result<(), Refusal> {
        let evidence = self.campaign.evidence_state(&file.path);
        may_go_out(file, wave, evidence, self.campaign.policy.trust, self.contradicted).map(drop)
    }

    fn is_asked_again(&self, file: &File, pull: &Pull) -> bool {
        self.asked.contains(&AskedAgain { path: file.path.clone(), pull: pull.number })
    }

    /// Returns true if a merged file has nothing left to verify: the plan was made after the merge and edits it no more, and
    /// nothing speaks against it.
    fn is_trusted(&self, file: &File) -> bool {
        let speaks_against = matches!(
            self.campaign.evidence_state(&file.path),
            EvidenceState::Different { .. } | EvidenceState::Contradicts
        );
        file.rewritten.is_none() && self.contradicted.is_none() && !speaks_against && is_harmless(file)
    }

    /// See [`WaveProgress::waits_for`].
    fn is_settled(&self, file: &File, progress: &FileProgress) -> bool {
        let is_behind_the_first = progress.wave > 0;
        match &progress.state {
            FileState::Done => self.may_go_out(file, progress.wave).is_ok() || self.is_trusted(file),
            FileState::Partly => true,
            FileState::Declined { .. } | FileState::Gone => is_behind_the_first,
            FileState::Held { why } => is_behind_the_first && is_decided(why),
            FileState::Merged
            | FileState::Open(_)
            | FileState::Reverted { .. }
            | FileState::Stale
            | FileState::OtherCommits
            | FileState::Ready => false,
        }
    }
}

/// Returns true if the flag of no linked line is known to change the image.
fn is_harmless(file: &File) -> bool {
    let harms = |verdict| matches!(verdict, Verdict::Hold | Verdict::Edit);
    !file.sites.iter().filter_map(|site| site.audit.as_ref()).any(|audit| harms(audit.verdict))
}

/// Returns true if another verification would give the same result.
pub(super) fn is_decided(why: &Refusal) -> bool {
    match why {
        Refusal::Contradiction { .. } => false,
        Refusal::Different { .. } | Refusal::Context { .. } | Refusal::Builder { .. } => true,
        Refusal::NoEvidence { evidence, .. } => {
            matches!(evidence, EvidenceState::Blocked(_) | EvidenceState::NotExercised(_))
        }
    }
}

/// Returns the state of a merged file whose text is not the planned one; `None` if the plan says nothing about its
/// text.
fn merged(merge: &Merge, now: Option<&str>, file: &File) -> Option<FileState> {
    let Some(before) = &merge.before else { return Some(FileState::Merged) };
    let is_linked = file.sites.iter().any(|site| site.verdict == Verdict::Linked);
    let reverted = || FileState::Reverted { by: merge.since.clone() };
    match now {
        Some(now) if now == before => Some(reverted()),
        Some(now) if now == file.blob => Some(if is_linked { FileState::Partly } else { reverted() }),
        _ => None,
    }
}
