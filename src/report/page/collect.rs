//! Collects the content of the page from plan, evidence and progress. It never contacts the forge.

use std::collections::BTreeMap;

use super::data::{
    BuildRow, Criterion, File, InstructionRow, Layers, Left, Measured, Rebuilt, SCHEMA, State, StateCount,
    StatusPage, Times, Totals, VerdictCount, Verification, Wave, WaveState,
};
use super::state;
use super::totals;
use crate::analysis::Verdict;
use crate::campaign::evidence::{
    self, BuilderFacts, Depth, Evidence, EvidenceByPath, EvidenceState, EvidenceSummary, Outcome, Pair,
    Reached,
};
use crate::campaign::plan::file::{self, Plan, Site};
use crate::campaign::progress::{Base, FileEvidence, FileProgress, Progress};
use crate::edit::header::Header;

/// The maximum number of differences of a build on the page.
pub const MOST_DIFFERENCES: usize = 100;

/// The input of a page.
#[derive(Clone, Copy)]
pub struct Facts<'a> {
    /// The campaign's name.
    pub campaign: &'a str,
    /// The repository, as in `owner/name`; `None` without a forge.
    pub repository: Option<&'a str>,
    /// The address of the repository on the forge; `None` without one.
    pub url: Option<&'a str>,
    /// The number of the tracking issue.
    pub issue: Option<u64>,
    /// The base branch and its commit.
    pub base: &'a Base,
    /// The time: RFC 3339, UTC, whole seconds.
    pub made: &'a str,
    /// The plan.
    pub plan: &'a Plan,
    /// The results of the verifications.
    pub evidence: &'a EvidenceByPath,
    /// The state of the evidence for the files of the present plan.
    pub states: &'a BTreeMap<String, FileEvidence>,
    /// The progress of the campaign.
    pub progress: &'a Progress,
    /// The success criteria.
    pub criteria: &'a [Criterion],
    /// `[report] max_open`, on which the next step depends.
    pub max_open: usize,
}

impl StatusPage {
    /// Returns the content of the page.
    pub fn new(facts: &Facts<'_>) -> Self {
        let waves: Vec<Wave> = facts.plan.waves.iter().map(|planned| wave(facts, planned)).collect();
        let in_no_wave = facts.plan.files.iter().filter(|file| file.wave.is_none());
        Self {
            schema: SCHEMA,
            campaign: facts.campaign.to_owned(),
            repository: facts.repository.map(str::to_owned),
            url: facts.url.map(str::to_owned),
            issue: facts.issue,
            base: facts.base.branch.clone(),
            commit: facts.base.commit.clone(),
            planned: facts.plan.commit.clone(),
            made: facts.made.to_owned(),
            contradicted: facts.progress.contradicted.clone(),
            step: facts.progress.next_step(facts.max_open),
            totals: totals(&waves),
            criteria: facts.criteria.to_vec(),
            waves,
            left: in_no_wave.map(left).collect(),
        }
    }
}

fn totals(waves: &[Wave]) -> Totals {
    let files = || waves.iter().flat_map(|wave| &wave.files);
    let selected = || files().flat_map(|file| &file.lines).filter(|line| line.selected);
    let mut states: BTreeMap<State, usize> = BTreeMap::new();
    for file in files() {
        *states.entry(file.state).or_default() += 1;
    }
    Totals {
        files: files().count(),
        states: states.into_iter().map(|(state, files)| StateCount { state, files }).collect(),
        verified: files().filter(|file| file.evidence_state == EvidenceSummary::Verified).count(),
        verdicts: verdicts(files().flat_map(|file| &file.lines).map(|line| line.verdict)),
        selected: selected().count(),
        proved: selected().filter(|line| line.proved == Some(true)).count(),
        measured: totals::sum(files().map(|file| &file.measured)),
    }
}

fn wave(facts: &Facts<'_>, planned: &file::Wave) -> Wave {
    let progress = facts.progress.files.iter().filter(|file| file.wave == planned.number);
    let gate = facts.progress.waves.iter().find(|wave| wave.number == planned.number);
    let waits_for = gate.map(|wave| wave.waits_for.clone()).unwrap_or_default();
    let waits = !waits_for.is_empty();
    let files: Vec<File> = progress
        .filter_map(|progress| Some(file(facts, facts.plan.file(&progress.path)?, progress, waits)))
        .collect();
    let done = files.iter().filter(|file| file.state == State::Done).count();
    let state = match () {
        () if done == files.len() => WaveState::Done,
        () if waits => WaveState::Waits,
        () => WaveState::Open,
    };
    Wave {
        number: planned.number,
        state,
        reason: planned.reason.clone(),
        done,
        of: files.len(),
        waits_for,
        files,
    }
}

fn file(facts: &Facts<'_>, planned: &file::File, progress: &FileProgress, waits: bool) -> File {
    let evidence_state =
        facts.states.get(&planned.path).map_or(&EvidenceState::Missing, |evidence| &evidence.state);
    let state = state::of(&progress.state, waits);
    let evidence = facts.evidence.get(&planned.path).map(|evidence| verification(planned, evidence));
    let builds = evidence.iter().flat_map(|evidence| &evidence.builds);
    File {
        path: planned.path.clone(),
        owners: planned.owners.clone(),
        state: state.state,
        by: state.by,
        commit: state.commit,
        why: state.why,
        pull: progress.pull,
        evidence_state: EvidenceSummary::of(evidence_state),
        says: evidence_state.to_string(),
        verdicts: verdicts(planned.sites.iter().map(|site| site.verdict)),
        header: match &planned.header {
            Header::Insert { value } | Header::Raise { value } => Some(value.clone()),
            Header::Keep | Header::Foreign { .. } => None,
        },
        lines: planned.sites.iter().map(line).collect(),
        measured: totals::sum(builds.map(|build| &build.measured)),
        evidence,
    }
}

fn left(planned: &file::File) -> Left {
    Left {
        path: planned.path.clone(),
        why: planned.why_idle(),
        verdicts: verdicts(planned.sites.iter().map(|site| site.verdict)),
    }
}

fn verdicts(all: impl Iterator<Item = Verdict>) -> Vec<VerdictCount> {
    let mut counts: BTreeMap<Verdict, usize> = BTreeMap::new();
    for verdict in all {
        *counts.entry(verdict).or_default() += 1;
    }
    counts.into_iter().map(|(verdict, lines)| VerdictCount { verdict, lines }).collect()
}

fn line(site: &Site) -> InstructionRow {
    let audited = site.audit.iter().flat_map(|audit| &audit.reasons);
    let reasons = site.reasons.iter().chain(audited).map(|reason| reason.message.clone());
    let assumed = site.assumptions.iter().map(|assumption| format!("assumed: {}", assumption.message));
    InstructionRow {
        line: site.line,
        before: site.selected.then(|| site.as_read()),
        text: site.replacement.clone().filter(|_| site.selected).unwrap_or_else(|| site.as_read()),
        verdict: site.verdict,
        proved: site.proved,
        selected: site.selected,
        notes: reasons.chain(assumed).collect(),
    }
}

fn verification(file: &file::File, evidence: &Evidence) -> Verification {
    let builds = evidence.builds.iter().enumerate();
    Verification {
        outcome: evidence.outcome,
        reason: evidence.reason.clone(),
        commit: evidence.commit.clone(),
        began: evidence.figures.began.clone(),
        builds: builds.map(|(at, build)| build_of(file, build, evidence.figures.builds.get(at))).collect(),
    }
}

fn build_of(
    file: &file::File,
    build: &evidence::BuildEvidence,
    figures: Option<&evidence::BuildFigures>,
) -> BuildRow {
    let reached = |how| build.sites.iter().filter(move |site| site.reached == how);
    BuildRow {
        context: build.context.clone(),
        target: build.target.clone(),
        platform: build.platform.clone(),
        builder: builder(&build.builder),
        frontend: build.frontend.clone(),
        outcome: build.outcome,
        reason: build.reason.clone(),
        linked: reached(Reached::Linked).count(),
        edited: build.sites.len(),
        not_exercised: reached(Reached::NotExercised).map(|site| site.line).collect(),
        assumptions: build.open_assumptions(file).cloned().collect(),
        differs: is_compared(build).then_some(build.differences.len()),
        differences: build.differences.iter().take(MOST_DIFFERENCES).cloned().collect(),
        noise: (is_compared(build) && build.depth == Depth::Full).then_some(build.noise),
        smoke: build.smoke.clone(),
        measured: measured(build, figures),
    }
}

fn builder(facts: &BuilderFacts) -> String {
    let buildkit = facts.buildkit.as_ref().map(|version| format!(", BuildKit {version}")).unwrap_or_default();
    let rootless = if facts.rootless == Some(true) { ", rootless" } else { "" };
    format!("{} ({}{buildkit}, buildx {}{rootless})", facts.name, facts.driver, facts.buildx)
}

/// Returns true if there were two images. `different` without differences is an edited file that does not build.
fn is_compared(build: &evidence::BuildEvidence) -> bool {
    match build.outcome {
        Outcome::Same => true,
        Outcome::Different => {
            !build.differences.is_empty() || build.smoke.iter().any(|command| !command.agrees)
        }
        Outcome::CouldNotTest | Outcome::TimedOut | Outcome::Blocked => false,
    }
}

/// Returns the measurements. A failed build has no time.
fn measured(build: &evidence::BuildEvidence, figures: Option<&evidence::BuildFigures>) -> Measured {
    if !is_compared(build) {
        return Measured::default();
    }
    let times =
        |pair: Option<(u64, u64)>| pair.map(|(before_ms, after_ms)| Times { builds: 1, before_ms, after_ms });
    let rebuilt = |pair: Option<(u64, u64)>, cost: Option<&Pair>| Rebuilt {
        times: times(pair),
        layers: cost.map(|cost| Layers { builds: 1, cost: cost.clone() }),
    };
    let cache = build.cache.as_ref();
    let whole = figures.filter(|_| build.depth == Depth::Full);
    let whole = whole.and_then(|figures| Some((figures.before_ms, figures.after_ms?)));
    Measured {
        whole: times(whole),
        moved_base: rebuilt(figures.and_then(|of| of.moved_base_ms), cache.map(|cache| &cache.moved_base)),
        early_step: rebuilt(
            figures.and_then(|of| of.early_step_ms),
            cache.and_then(|cache| cache.early_step.as_ref()),
        ),
    }
}
