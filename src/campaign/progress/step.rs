//! The next step of a campaign. Every output names it from here: `status`, `plan`, `report`, the tracking issue and the
//! status page. This module never reads anything.

use std::collections::{BTreeSet, HashSet};
use std::mem::discriminant;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::compute::is_decided;
use super::state::{FileProgress, FileState, OpenState, Progress};
use crate::campaign::policy::Refusal;
use crate::text::command;
use crate::text::words::{count, form};

/// The next step of a campaign: what a person does or waits for now. Of several, the one that the others wait for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// The kind.
    pub kind: StepKind,
    /// The wave of the files; null if they are of several waves, or if there are none.
    pub wave: Option<usize>,
    /// The files that the step is about.
    pub files: Vec<String>,
    /// The step in words, without text of the repository.
    pub words: String,
    /// The command that performs it; null for a step of people.
    pub command: Option<String>,
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum StepKind {
    /// A verification contradicts a proof: the campaign is stopped until another one clears it.
    Stopped,
    /// Merged changes are missing in the clone.
    Fetch,
    /// Files have changed since the plan was made.
    Plan,
    /// Files need evidence.
    Verify,
    /// Pull requests may be opened.
    Report,
    /// Open pull requests wait for a review and a merge.
    Review,
    /// People have to decide about files.
    Decide,
    /// Nothing is left to do.
    Finished,
    /// The plan has no wave.
    Empty,
}

impl Progress {
    /// Returns the next step, with at most `max_open` open pull requests.
    pub(crate) fn next_step(&self, max_open: usize) -> Step {
        if let Some(path) = &self.contradicted {
            let words =
                "The campaign is stopped: a verification contradicts a proof. Reproduce it".to_owned();
            let command = command::layerwright(["verify", &command::path(path)]);
            return Step {
                kind: StepKind::Stopped,
                wave: None,
                files: vec![path.clone()],
                words,
                command: Some(command),
            };
        }
        if self.files.is_empty() {
            return Step::of_people(
                StepKind::Empty,
                &[],
                "The plan selects no line, so nothing is left to do".into(),
            );
        }
        if self.unfinished_wave().is_none() {
            return self.end();
        }
        self.work(max_open).unwrap_or_else(|| self.rest())
    }

    /// Returns the step of files in open waves that a command or a reviewer takes on.
    fn work(&self, max_open: usize) -> Option<Step> {
        let open: Vec<&FileProgress> = self.files.iter().filter(|file| self.is_open(file.wave)).collect();
        let with = |is: &dyn Fn(&FileState) -> bool| -> Vec<&FileProgress> {
            open.iter().copied().filter(|file| is(&file.state)).collect()
        };
        let merged = with(&|state| *state == FileState::Merged);
        if !merged.is_empty() {
            let n = merged.len();
            let words =
                format!("{} {} merged and missing in this clone", count(n, "file"), form(n, "is", "are"));
            return Some(Step::of(StepKind::Fetch, &merged, words, "git pull".to_owned()));
        }
        let stale = with(&|state| {
            matches!(state, FileState::Stale | FileState::Gone | FileState::Open(OpenState::Stale))
        });
        if !stale.is_empty() {
            let n = stale.len();
            let words =
                format!("{} {} changed since the plan was made", count(n, "file"), form(n, "has", "have"));
            return Some(Step::of(StepKind::Plan, &stale, words, command::layerwright(["plan", "--save"])));
        }
        let pulls = with(&|state| matches!(state, FileState::Open(_)));
        let ready = with(&|state| *state == FileState::Ready);
        let report = (!ready.is_empty() && pulls.len() < max_open).then(|| {
            let words = format!(
                "{} may get {}",
                count(ready.len(), "file"),
                form(ready.len(), "a pull request", "pull requests")
            );
            Step::of(StepKind::Report, &ready, words, command::layerwright(["report"]))
        });
        if let Some(step) = self.verification(&open) {
            let both = |report: Step| format!("{} (layerwright report); {}", report.words, step.words);
            return Some(Step { words: report.map_or(step.words.clone(), both), ..step });
        }
        if report.is_some() {
            return report;
        }
        if pulls.is_empty() {
            return None;
        }
        let n = pulls.len();
        let words =
            format!("{} {} for a review and a merge", count(n, "pull request"), form(n, "waits", "wait"));
        Some(Step::of_people(StepKind::Review, &pulls, words))
    }

    /// Returns the step that verifies the files of the first open wave that need evidence.
    fn verification(&self, open: &[&FileProgress]) -> Option<Step> {
        let later: HashSet<&str> =
            self.waves.iter().flat_map(|wave| &wave.waits_for).map(String::as_str).collect();
        let needs = |file: &FileProgress| match &file.state {
            FileState::Held { why } | FileState::Open(OpenState::Held { why }) => {
                matches!(why, Refusal::NoEvidence { .. }) && !is_decided(why)
            }
            // Merged without evidence, and later waves wait for it.
            FileState::Done => later.contains(file.path.as_str()) && !self.past.contains(&file.path),
            _ => false,
        };
        let needed: Vec<&FileProgress> = open.iter().copied().filter(|file| needs(file)).collect();
        let wave = needed.first()?.wave;
        let (merged, waiting): (Vec<&FileProgress>, Vec<&FileProgress>) = needed
            .into_iter()
            .filter(|file| file.wave == wave)
            .partition(|file| file.state == FileState::Done);
        // `verify` builds a merged file only if it is named.
        let (files, command) = if waiting.is_empty() {
            let paths: Vec<_> = merged.iter().map(|file| command::path(&file.path)).collect();
            let words = ["verify"].into_iter().chain(paths.iter().map(AsRef::as_ref));
            let command = command::layerwright(words);
            (merged, command)
        } else {
            let wave = wave.to_string();
            let mut words = vec!["verify", "--wave", wave.as_str()];
            if waiting.iter().all(|file| wants_builtin_frontend(file)) {
                words.extend(["--frontend", "builtin"]);
            }
            let command = command::layerwright(words);
            (waiting, command)
        };
        let n = files.len();
        let words = format!("{} of wave {wave} {} evidence", count(n, "file"), form(n, "needs", "need"));
        Some(Step::of(StepKind::Verify, &files, words, command))
    }

    /// Returns the step of a campaign in which no command has anything to do.
    fn rest(&self) -> Step {
        let waits: HashSet<&str> =
            self.waves.iter().flat_map(|wave| &wave.waits_for).map(String::as_str).collect();
        let undecided = |file: &&FileProgress| match &file.state {
            FileState::Held { .. } | FileState::OtherCommits => self.is_open(file.wave),
            // A merged file without evidence that the plan no longer edits is one that people have to trust.
            FileState::Declined { .. } | FileState::Reverted { .. } | FileState::Done => {
                waits.contains(file.path.as_str())
            }
            _ => false,
        };
        let files: Vec<&FileProgress> = self.files.iter().filter(undecided).collect();
        if files.is_empty() {
            return self.end();
        }
        let n = files.len();
        let pauses = |file: &&FileProgress| {
            matches!(file.state, FileState::Declined { .. } | FileState::Reverted { .. })
        };
        if files.iter().all(pauses) {
            let is_reverted = |file: &&FileProgress| matches!(file.state, FileState::Reverted { .. });
            let (what, reopen) = match files.iter().filter(|file| is_reverted(file)).count() {
                0 => ("declined", "reopen the pull request or "),
                reverted if reverted == n => ("reverted", ""),
                _ => ("declined or reverted", "reopen a declined pull request or "),
            };
            let words = format!(
                "Later waves pause, because {} {} {what}. To try again, {reopen}tick the file in the tracking issue; or \
                 leave {} out",
                count(n, "file"),
                form(n, "was", "were"),
                form(n, "it", "each"),
            );
            let path = command::path(&files[0].path);
            let skip = command::layerwright(["skip", path.as_ref(), "--reason", "TEXT"]);
            return Step::of(StepKind::Decide, &files, words, skip);
        }
        decision(&files).unwrap_or_else(|| {
            let words =
                format!("{} {} for a decision of a maintainer", count(n, "file"), form(n, "waits", "wait"));
            Step::of_people(StepKind::Decide, &files, words)
        })
    }

    fn end(&self) -> Step {
        Step::of_people(StepKind::Finished, &[], format!("Finished: {}", self.tally()))
    }

    /// Counts the files by their last states: `8 merged, 1 declined, 1 reverted`.
    fn tally(&self) -> String {
        let of = |is: &dyn Fn(&FileState) -> bool| self.files.iter().filter(|file| is(&file.state)).count();
        let parts = [
            (of(&|state| *state == FileState::Done), "merged"),
            (of(&|state| matches!(state, FileState::Declined { .. })), "declined"),
            (of(&|state| matches!(state, FileState::Reverted { .. })), "reverted"),
            (of(&|state| *state == FileState::Partly), "partly linked"),
        ];
        let named = parts.into_iter().filter(|(n, _)| *n > 0).map(|(n, what)| format!("{n} {what}"));
        named.collect::<Vec<_>>().join(", ")
    }
}

/// Returns true if the builder's own frontend may verify a file.
fn wants_builtin_frontend(file: &FileProgress) -> bool {
    match &file.state {
        FileState::Held { why: Refusal::NoEvidence { evidence, .. } }
        | FileState::Open(OpenState::Held { why: Refusal::NoEvidence { evidence, .. } }) => {
            evidence.wants_builtin_frontend()
        }
        _ => false,
    }
}

/// Returns the decision that files wait for, if it is the same for all: what may be decided, and the command for the first.
fn decision(files: &[&FileProgress]) -> Option<Step> {
    let held: Option<Vec<&Refusal>> = files
        .iter()
        .map(|file| match &file.state {
            FileState::Held { why } => Some(why),
            _ => None,
        })
        .collect();
    let held = held?;
    let first = *held.first()?;
    if held.iter().any(|why| discriminant(*why) != discriminant(first)) {
        return None;
    }
    let n = count(files.len(), "file");
    let is = form(files.len(), "is", "are");
    let (words, command) = match first {
        Refusal::Context { .. } => (
            format!(
                "{n} {is} verified from a context that nothing states. State it in layerwright.toml as context of \
                 [build.\"FILE\"], commit that, and plan again"
            ),
            command::layerwright(["plan", "--save"]),
        ),
        Refusal::Different { path, .. } => {
            let path = command::path(path);
            (
                format!("{n} {is} different after the change. Accept each difference, or leave the file out"),
                command::layerwright(["migrate", &path, "--accept", "RULE:PATH", "--reason", "TEXT"]),
            )
        }
        Refusal::Builder { rule, .. } => (
            format!("{n} {is} built by a builder that rejects `--link`. Change the builder, or accept that"),
            command::layerwright(["explain", rule]),
        ),
        Refusal::Contradiction { .. } | Refusal::NoEvidence { .. } => return None,
    };
    Some(Step::of(StepKind::Decide, files, words, command))
}

impl Step {
    /// Returns the step after a rehearsal: to perform its actions.
    pub(crate) fn rehearsed(actions: usize) -> Self {
        let words = format!("Perform {}", count(actions, "action"));
        Self::of(StepKind::Report, &[], words, command::layerwright(["report"]))
    }

    /// Returns the step after the issue `issue`, as in `owner/name#7`, lists files in another way than the plan: to plan
    /// again, unless there is other work before.
    #[must_use]
    pub(crate) fn after_list(self, issue: &str, files: BTreeSet<String>) -> Self {
        if !matches!(self.kind, StepKind::Finished | StepKind::Review | StepKind::Decide | StepKind::Empty) {
            return self;
        }
        let n = files.len();
        let words = format!("{issue} lists {} in another way than the plan. Plan again", count(n, "file"));
        let command = command::layerwright(["plan", "--issue", issue, "--save"]);
        let files = files.into_iter().collect();
        Self { kind: StepKind::Plan, wave: None, files, words, command: Some(command) }
    }

    /// Returns the step after a report for another forge.
    pub(crate) fn by_hand(actions: usize) -> Self {
        Self::of_people(StepKind::Report, &[], format!("Perform {} on the forge", count(actions, "action")))
    }

    fn of(kind: StepKind, files: &[&FileProgress], words: String, command: String) -> Self {
        Self { command: Some(command), ..Self::of_people(kind, files, words) }
    }

    fn of_people(kind: StepKind, files: &[&FileProgress], words: String) -> Self {
        let first = files.first().map(|file| file.wave);
        let wave = first.filter(|first| files.iter().all(|file| file.wave == *first));
        let files = files.iter().map(|file| file.path.clone()).collect();
        Self { kind, wave, files, words, command: None }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::campaign::evidence::EvidenceState;
    use crate::campaign::progress::WaveProgress;

    /// A campaign whose waves have files in these states; a wave waits for the unsettled files before it, as named.
    fn progress(waves: &[(&[FileState], &[&str])]) -> Progress {
        let mut found =
            Progress { waves: Vec::new(), files: Vec::new(), contradicted: None, past: BTreeSet::new() };
        for (number, (states, waits_for)) in waves.iter().enumerate() {
            let waits_for = waits_for.iter().map(|&path| path.to_owned()).collect();
            found.waves.push(WaveProgress { number, waits_for });
            found.files.extend(states.iter().enumerate().map(|(at, state)| FileProgress {
                path: format!("{number}/{at}"),
                wave: number,
                branch: String::new(),
                other_branch: String::new(),
                state: state.clone(),
                pull: None,
            }));
        }
        found
    }

    fn missing() -> FileState {
        FileState::Held { why: Refusal::NoEvidence { path: String::new(), evidence: EvidenceState::Missing } }
    }

    fn blocked() -> FileState {
        let evidence = EvidenceState::Blocked("needs a secret".into());
        FileState::Held { why: Refusal::NoEvidence { path: String::new(), evidence } }
    }

    #[test]
    fn a_frontend_that_cannot_be_loaded_leads_to_the_builtin_one() {
        let could_not = |reason: &str| FileState::Held {
            why: Refusal::NoEvidence {
                path: String::new(),
                evidence: EvidenceState::CouldNotTest(reason.to_owned()),
            },
        };
        let frontend = could_not("let the builder's own read the file: --frontend builtin");
        let command = |states: &[FileState]| progress(&[(states, &[])]).next_step(1).command.unwrap();
        assert_eq!(
            command(&[frontend.clone(), frontend.clone()]),
            "layerwright verify --wave 0 --frontend builtin"
        );
        assert_eq!(command(&[frontend, missing()]), "layerwright verify --wave 0", "one needs none");
        let printed = could_not("the build failed: use --network host");
        assert_eq!(command(&[printed]), "layerwright verify --wave 0", "a step may print anything");
    }

    fn declined() -> FileState {
        FileState::Declined { by: None }
    }

    fn reverted() -> FileState {
        FileState::Reverted { by: None }
    }

    /// The kind, the wave, the files and the command of the next step.
    fn step(waves: &[(&[FileState], &[&str])]) -> (StepKind, Option<usize>, Vec<String>, Option<String>) {
        let Step { kind, wave, files, command, .. } = progress(waves).next_step(2);
        (kind, wave, files, command)
    }

    fn of(
        kind: StepKind,
        wave: impl Into<Option<usize>>,
        files: &[&str],
        command: &str,
    ) -> (StepKind, Option<usize>, Vec<String>, Option<String>) {
        let files = files.iter().map(|&file| file.to_owned()).collect();
        (kind, wave.into(), files, Some(command.to_owned()).filter(|command| !command.is_empty()))
    }

    #[test]
    fn a_list_that_changed_is_planned_again_once_nothing_else_is_to_do() {
        let files = || BTreeSet::from(["n/Dockerfile".to_owned()]);
        let ended = progress(&[(&[FileState::Done], &[])]).next_step(2).after_list("o/r#7", files());
        assert_eq!((ended.kind, ended.files.as_slice()), (StepKind::Plan, &["n/Dockerfile".to_owned()][..]));
        assert_eq!(ended.command.as_deref(), Some("layerwright plan --issue 'o/r#7' --save"));
        let busy = progress(&[(&[FileState::Ready], &[])]).next_step(2);
        assert_eq!(busy.clone().after_list("o/r#7", files()), busy);
    }

    #[test]
    fn each_state_has_its_step() {
        use FileState::{Done, Merged, Ready, Stale};
        let open = FileState::Open(OpenState::Current);
        let (verify, report) = ("layerwright verify --wave 0", "layerwright report");
        assert_eq!(step(&[]), of(StepKind::Empty, None, &[], ""));
        assert_eq!(step(&[(&[missing()], &[])]), of(StepKind::Verify, 0, &["0/0"], verify));
        assert_eq!(step(&[(&[Ready], &[])]), of(StepKind::Report, 0, &["0/0"], report));
        assert_eq!(step(&[(std::slice::from_ref(&open), &[])]), of(StepKind::Review, 0, &["0/0"], ""));
        assert_eq!(step(&[(&[Merged], &[])]), of(StepKind::Fetch, 0, &["0/0"], "git pull"));
        assert_eq!(step(&[(&[Stale], &[])]), of(StepKind::Plan, 0, &["0/0"], "layerwright plan --save"));
        assert_eq!(step(&[(&[blocked()], &[])]), of(StepKind::Decide, 0, &["0/0"], ""));
        assert_eq!(step(&[(&[Done], &[])]), of(StepKind::Finished, None, &[], ""));
        // What others wait for comes first, and no more pull requests are open than may be.
        let both = [open.clone(), Ready, missing()];
        assert_eq!(step(&[(&both, &[])]), of(StepKind::Verify, 0, &["0/2"], verify));
        let words = "1 file may get a pull request (layerwright report); 1 file of wave 0 needs evidence";
        assert_eq!(progress(&[(&both, &[])]).next_step(2).words, words);
        assert_eq!(step(&[(&both[..2], &[])]), of(StepKind::Report, 0, &["0/1"], report));
        assert_eq!(
            step(&[(&[open.clone(), open, Ready], &[])]),
            of(StepKind::Review, 0, &["0/0", "0/1"], "")
        );
    }

    #[test]
    fn a_closed_wave_has_no_step_and_a_later_open_one_has() {
        use FileState::{Done, Ready};
        let waits = step(&[(&[FileState::Open(OpenState::Current)], &[]), (&[Ready, missing()], &["0/0"])]);
        assert_eq!(waits, of(StepKind::Review, 0, &["0/0"], ""));
        let second = step(&[(&[Done], &[]), (&[blocked(), declined()], &[]), (&[missing()], &[])]);
        assert_eq!(second, of(StepKind::Verify, 2, &["2/0"], "layerwright verify --wave 2"));
        let merged = step(&[(&[Done], &[]), (&[Ready], &["0/0"])]);
        assert_eq!(
            merged,
            of(StepKind::Verify, 0, &["0/0"], "layerwright verify 0/0"),
            "merged, not verified"
        );
        let mut found = progress(&[(&[Done], &[]), (&[Ready], &["0/0"])]);
        found.past.insert("0/0".to_owned());
        assert_eq!(found.next_step(2).kind, StepKind::Decide, "there is nothing left to verify");
    }

    #[test]
    fn declined_and_reverted_files_are_finished_and_a_pause_is_a_decision() {
        use FileState::Done;
        let end = progress(&[(&[Done, declined(), Done, reverted(), FileState::Partly], &[])]).next_step(9);
        assert_eq!(end.words, "Finished: 2 merged, 1 declined, 1 reverted, 1 partly linked");
        assert_eq!((end.kind, end.command), (StepKind::Finished, None));
        let paused = step(&[(&[Done], &[]), (&[reverted()], &[]), (&[FileState::Ready], &["1/0"])]);
        let skip = |path| format!("layerwright skip {path} --reason TEXT");
        assert_eq!(paused, of(StepKind::Decide, 1, &["1/0"], &skip("1/0")));
        let no_proof_of_concept = step(&[(&[declined()], &[]), (&[missing()], &["0/0"])]);
        assert_eq!(no_proof_of_concept, of(StepKind::Decide, 0, &["0/0"], &skip("0/0")));
    }

    #[test]
    fn a_decision_says_what_may_be_decided() {
        let guessed = || FileState::Held {
            why: Refusal::Context {
                path: "a".into(),
                evidence: EvidenceState::VerifiedFrom(crate::builds::Level::Guessed),
            },
        };
        let differs = || FileState::Held {
            why: Refusal::Different {
                path: "a b".into(),
                evidence: EvidenceState::Different { places: 1, reason: None },
            },
        };
        let rejects = || FileState::Held {
            why: Refusal::Builder { path: "a".into(), builder: "x:1".into(), rule: "builder-kaniko".into() },
        };
        let decide = |states: &[FileState], files: &[&str], command: &str| {
            assert_eq!(step(&[(states, &[])]), of(StepKind::Decide, 0, files, command));
        };
        decide(&[guessed(), guessed()], &["0/0", "0/1"], "layerwright plan --save");
        decide(&[differs()], &["0/0"], "layerwright migrate 'a b' --accept RULE:PATH --reason TEXT");
        decide(&[rejects()], &["0/0"], "layerwright explain builder-kaniko");
        decide(&[guessed(), rejects()], &["0/0", "0/1"], "");
        let words = progress(&[(&[guessed()], &[])]).next_step(2).words;
        assert!(words.contains("[build.\"FILE\"], commit that, and plan again"), "{words}");
    }

    #[test]
    fn a_contradiction_comes_before_all_else() {
        let mut found = progress(&[(&[FileState::Ready], &[])]);
        found.contradicted = Some("a b/Dockerfile".into());
        let step = found.next_step(2);
        assert_eq!(step.kind, StepKind::Stopped);
        assert_eq!(step.command.as_deref(), Some("layerwright verify 'a b/Dockerfile'"));
    }
}
