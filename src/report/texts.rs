//! The texts of a campaign: of its pull requests and of its tracking issue. It never writes them to the forge.

use std::collections::{BTreeMap, BTreeSet};

use super::body::Parts;
use super::checklist::{self, Idle};
use super::criteria::criteria;
use super::limits;
use super::section;
use super::template::Template;
use crate::analysis::Verdict;
use crate::campaign::evidence::{Evidence, EvidenceByPath, Signatures};
use crate::campaign::names::Names;
use crate::campaign::plan::file::{File, Plan};
use crate::campaign::progress::{
    AskedAgain, FileEvidence, FileProgress, FileState, IssueTexts, OpenState, Progress, Texts,
};
use crate::git::RepoPath;
use crate::text::markdown::{code, inert};

/// Writes the texts of a campaign.
pub(crate) struct Writer<'a> {
    /// The names of the campaign.
    pub(crate) names: &'a Names,
    /// The plan.
    pub(crate) plan: &'a Plan,
    /// The results of the verifications, by path.
    pub(crate) measured: &'a EvidenceByPath,
    /// The trust in signatures of evidence.
    pub(crate) signatures: &'a Signatures,
    /// The state of the evidence for the files of the present plan, by path.
    pub(crate) evidence: &'a BTreeMap<String, FileEvidence>,
    /// The template of a pull request's text.
    pub(crate) template: &'a Template,
    /// `[report] install`.
    pub(crate) install: Option<&'a str>,
    /// `[report] max_open`, on which the next step depends.
    pub(crate) max_open: usize,
    /// The page of the forge that lists the tracking issue; `None` without a forge.
    pub(crate) issues: Option<String>,
    /// The target platforms of the files, by path.
    pub(crate) platforms: &'a BTreeMap<String, Vec<String>>,
}

impl Texts for Writer<'_> {
    fn pull_title(&self, file: &File) -> String {
        // It becomes the subject of a merge commit.
        let head = if file.edits_header_only() { "Add the syntax header to " } else { "Use COPY --link in " };
        let mut most = limits::TITLE - limits::length(head);
        loop {
            let title = format!("{head}{}", inert(&code(&limits::end_of(&file.path, most))));
            if limits::length(&title) <= limits::TITLE || most < 2 {
                return title;
            }
            // Escapes make a path longer.
            most -= (limits::length(&title) - limits::TITLE).min(most - 1);
        }
    }

    fn pull_body(&self, file: &File, progress: &FileProgress, commit: &str, now: &str) -> String {
        let evidence = self.evidence.get(&file.path);
        let measured = self.measured.get(&file.path);
        let parts = Parts {
            file,
            state: &progress.state,
            evidence: measured,
            is_signed: measured.is_some_and(|evidence| self.signatures.is_valid_for(evidence)),
            evidence_file: &self.evidence_file(progress),
            campaign: self.names.campaign(),
            measured_before: self.proof_of_concept().filter(|evidence| evidence.path != file.path),
            issues: self.issues.as_deref(),
            install: self.install,
        };
        let facts = [
            ("commit", commit),
            ("text", file.rewritten.as_deref().unwrap_or("none")),
            ("evidence", evidence.map_or("none", |evidence| evidence.id.as_str())),
            ("state", state(&progress.state)),
        ];
        let around = limits::length(&section::put(now, &section::marked(&facts, "")));
        let room = (limits::BODY - limits::FREE).saturating_sub(around);
        let text = section::put(now, &section::marked(&facts, &parts.text(self.template, room)));
        // What people wrote leaves no room: their text stays as it is.
        if limits::length(&text) > limits::BODY && !now.is_empty() { now.to_owned() } else { text }
    }

    fn issue_title(&self) -> String {
        format!("Migrate the Dockerfiles to COPY --link ({})", self.names.campaign())
    }

    fn issue(&self, progress: &Progress, now: IssueTexts<&str>) -> IssueTexts<String> {
        let criteria = criteria(self.plan, self.measured, progress, self.platforms);
        let (step, idle) = (progress.next_step(self.max_open), self.idle());
        checklist::texts(now, checklist::Facts { progress, criteria: &criteria, step: &step, idle: &idle })
    }

    fn may_have_comment(&self, issue_body: &str) -> bool {
        checklist::may_have_comment(issue_body)
    }

    fn has_section(&self, text: &str) -> bool {
        section::find(text).is_some()
    }

    fn asked_again(&self, text: &str) -> BTreeSet<AskedAgain> {
        checklist::asked_again(text, self.plan.files.iter().map(|file| file.path.as_str()))
    }
}

impl Writer<'_> {
    /// Returns the evidence of the first file of wave 0 that measured the cost of changes.
    fn proof_of_concept(&self) -> Option<&Evidence> {
        let first = self.plan.waves.first().filter(|wave| wave.number == 0)?;
        let mut found = first.files.iter().filter_map(|path| self.measured.get(path));
        found.find(|evidence| evidence.builds.iter().any(|build| build.cache.is_some()))
    }

    /// Returns the files that are in no wave.
    fn idle(&self) -> BTreeMap<String, Idle> {
        let list = self.plan.list.as_ref();
        let is_struck = |file: &File| list.is_some_and(|list| list.struck.contains(&file.path));
        let in_no_wave = self.plan.files.iter().filter(|file| file.wave.is_none() && !is_struck(file));
        let reason = |file: &File| {
            let why = file.why_idle()?;
            let is_unknown = file.sites.iter().any(|site| site.verdict == Verdict::Unknown);
            let what = match (&file.skip, is_unknown) {
                (Some(_), _) => "left out",
                (None, true) => "nothing to do so far",
                (None, false) => "nothing to do",
            };
            let is_decided = file.decided.as_ref().is_some_and(|decided| decided.skip.is_some());
            // A tick does not.
            let back = if is_decided { "; `layerwright decide FILE --wave N` takes it in" } else { "" };
            let words = format!("{what}: {why}{back}");
            Some((file.path.clone(), Idle { is_left_out: file.skip.is_some(), words }))
        };
        let gone = list.iter().flat_map(|list| &list.gone).map(|gone| {
            let guess = gone.guess.as_ref().map(|guess| format!("; perhaps now `{guess}`"));
            let words = format!("gone{}", guess.unwrap_or_default());
            (gone.path.clone(), Idle { is_left_out: false, words })
        });
        in_no_wave.filter_map(reason).chain(gone).collect()
    }

    /// The path of a file's evidence on its branch.
    fn evidence_file(&self, file: &FileProgress) -> String {
        let path = RepoPath::new(&file.path).ok();
        path.and_then(|path| self.names.evidence(&path, &file.branch).ok()).unwrap_or_default()
    }
}

/// Returns the state of a file, in one word.
pub(crate) fn state_name(state: &FileState) -> &'static str {
    match state {
        FileState::Done => "done",
        FileState::Merged => "merged",
        FileState::Open(_) => "open",
        FileState::Declined { .. } => "declined",
        FileState::Reverted { .. } => "reverted",
        FileState::Partly => "partly",
        FileState::Stale => "stale",
        FileState::Gone => "gone",
        FileState::Held { .. } => "held",
        FileState::OtherCommits => "taken",
        FileState::Ready => "ready",
    }
}

/// Returns the state of an open pull request. Its text differs by this state.
fn state(state: &FileState) -> &'static str {
    match state {
        FileState::Open(OpenState::OtherCommits) => "theirs",
        FileState::Open(OpenState::Stale) => "stale",
        FileState::Open(OpenState::Held { .. }) => "held",
        _ => "planned",
    }
}
