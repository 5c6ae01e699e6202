//! The state of a file by its evidence. Evidence that is up to date gives its outcome; other evidence is stale. Nothing
//! is read here: the caller passes the contents of the repository.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::format::{BuildEvidence, Evidence, Outcome, Reached};
use crate::builds::Level;
use crate::campaign::plan::file::{Context, File};
use crate::text::words::{count, plural};

/// The present inputs of a verification. Evidence is up to date as long as they are equal to those that were built.
pub(crate) struct CurrentInputs<'a> {
    /// git's id of the file's text; `None` if the file is gone.
    pub(crate) blob: Option<&'a str>,
    /// Returns the present value of [`BuildEvidence::tree`]; `None` if its contexts are not part of a commit.
    pub(crate) tree: &'a dyn Fn(&BuildEvidence) -> Option<String>,
    /// Returns the present digest of a build's image, by its name; `None` if it is unknown.
    pub(crate) base: &'a dyn Fn(&BuildEvidence, &str) -> Option<String>,
    /// The platforms that the file is to be built for; empty if the builder's own platform is enough.
    pub(crate) platforms: &'a [String],
}

/// The state of a file by its evidence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EvidenceState {
    /// There is no evidence.
    Missing,
    /// Every planned build gave the same image, or one that differs as waivers accept, and every selected line was
    /// executed in one of them.
    Verified,
    /// As verified, but from a context that is only possible or guessed: the real one may have other files.
    VerifiedFrom(Level),
    /// The evidence would verify the file, but it has no valid signature, and one is required.
    Unsigned,
    /// The evidence is of other inputs than the present ones.
    Stale(BTreeSet<Stale>),
    /// No build executed these lines.
    NotExercised(Vec<usize>),
    /// The builder does not support `--link`, so it shows nothing. Holds the reason.
    CouldNotTest(String),
    /// The verification timed out. Holds the reason.
    TimedOut(String),
    /// The original does not build. Holds the reason.
    Blocked(String),
    /// The images differ and no waiver accepts it.
    Different {
        /// The number of places; 0 if the edited file does not build, or a command behaves differently.
        places: usize,
        /// The reason, if it is not the places.
        reason: Option<String>,
    },
    /// The images differ although a proof said that they would not.
    Contradicts,
}

/// The states of the files of a plan, by path.
pub(crate) type EvidenceStates = BTreeMap<String, EvidenceState>;

/// The state of a file by its evidence, in one word.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum EvidenceSummary {
    /// There is no evidence.
    Missing,
    /// The file is verified.
    #[serde(rename = "stands")]
    Verified,
    /// The file is verified from a context that is only possible or guessed.
    VerifiedFromGuess,
    /// The evidence has no valid signature, and one is required.
    Unsigned,
    /// The evidence is of other inputs than the present ones.
    Stale,
    /// No build executed some of the lines.
    NotExercised,
    /// The builder does not support `--link`, so it shows nothing.
    #[serde(rename = "void")]
    CouldNotTest,
    /// The verification timed out.
    #[serde(rename = "deferred")]
    TimedOut,
    /// The original does not build.
    Blocked,
    /// The images differ.
    Different,
    /// The images differ although a proof said that they would not.
    Contradicts,
}

/// The reason why evidence is stale.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Stale {
    /// The file has another text now.
    Before,
    /// The campaign writes another text now.
    After,
    /// A context has other files now.
    Context,
    /// Other builds are planned now: another context, target, build argument or named context.
    #[serde(rename = "ways")]
    Builds,
    /// A base image has another digest now.
    Base,
}

impl EvidenceState {
    /// Returns the state of a file by its evidence.
    ///
    /// A file that already has its new text was verified before its pull request. Later changes of its context or its
    /// base image do not concern the campaign, so only the texts count for it. A stale contradiction still counts, as
    /// long as it is of the same edit: the model was wrong there, and only another verification clears it.
    pub(crate) fn new(evidence: Option<&Evidence>, file: &File, now: &CurrentInputs<'_>) -> Self {
        let Some(evidence) = evidence else { return Self::Missing };
        if evidence.contradicts(file) {
            return Self::Contradicts;
        }
        let stale = stale(evidence, file, now);
        if !stale.is_empty() {
            return Self::Stale(stale);
        }
        Self::of_current(evidence, file)
    }

    /// Returns the state of a file by evidence that is up to date.
    fn of_current(evidence: &Evidence, file: &File) -> Self {
        let mut refuted = evidence.builds.iter().filter(|build| build.outcome == Outcome::Different);
        if let Some(build) = refuted.find(|build| !build.is_accepted()) {
            let unaccepted = build.differences.iter().filter(|found| !found.cause.is_accepted());
            return Self::Different { places: unaccepted.count(), reason: build.reason.clone() };
        }
        let open = undischarged(evidence, file);
        if is_complete(evidence, file) && open.is_empty() {
            return match certainty(file) {
                Level::Stated => Self::Verified,
                level @ (Level::Possible | Level::Guessed) => Self::VerifiedFrom(level),
            };
        }
        let said = |build: &BuildEvidence| match build.outcome {
            Outcome::Different => (Outcome::Same, None),
            outcome => (outcome, build.reason.clone()),
        };
        // The outcome of the whole counts if it is more than the outcomes of the builds: for a file without builds
        // there is nothing else.
        let whole = (evidence.outcome, evidence.reason.clone());
        let whole = (evidence.builds.is_empty() || whole.0 != Outcome::Different).then_some(whole);
        let all = whole.into_iter().chain(evidence.builds.iter().map(said));
        let (outcome, reason) = all.max_by_key(|(outcome, _)| *outcome).unwrap_or((Outcome::Same, None));
        let text = reason.clone().unwrap_or_default();
        match outcome {
            Outcome::Same => Self::NotExercised(open.into_iter().collect()),
            Outcome::CouldNotTest => Self::CouldNotTest(text),
            Outcome::TimedOut => Self::TimedOut(text),
            Outcome::Blocked => Self::Blocked(text),
            Outcome::Different => Self::Different { places: 0, reason },
        }
    }
}

impl EvidenceState {
    /// Returns true if the builder's own frontend may verify the file. A reason may hold what a step prints, so no option
    /// that gives a build more than it has is taken from one.
    pub(crate) fn wants_builtin_frontend(&self) -> bool {
        matches!(self, Self::CouldNotTest(reason) if reason.contains("--frontend builtin"))
    }

    /// Returns the state if the evidence must be signed. What speaks against a file counts from anyone.
    #[must_use]
    pub(crate) fn if_signed(self, is_signed: bool) -> Self {
        match self {
            Self::Verified | Self::VerifiedFrom(_) if !is_signed => Self::Unsigned,
            state => state,
        }
    }
}

impl fmt::Display for EvidenceState {
    /// Writes a few words that follow the name of a file.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let because = |f: &mut fmt::Formatter<'_>, what: &str, reason: &str| match reason {
            "" => f.write_str(what),
            reason => write!(f, "{what}: {reason}"),
        };
        match self {
            Self::Missing => f.write_str("not verified"),
            Self::Verified => f.write_str("verified"),
            Self::VerifiedFrom(Level::Guessed) => f.write_str("verified from a guessed context"),
            Self::VerifiedFrom(_) => f.write_str("verified from a possible context"),
            Self::Unsigned => f.write_str("not verified: its evidence has no valid signature"),
            Self::Stale(reasons) => {
                let reasons: Vec<&str> = reasons.iter().map(|reason| reason.words()).collect();
                write!(f, "stale: {}", reasons.join(", "))
            }
            Self::NotExercised(lines) => {
                let lines: Vec<String> = lines.iter().map(ToString::to_string).collect();
                write!(f, "no build executes {} {}", plural(lines.len(), "line"), lines.join(", "))
            }
            Self::CouldNotTest(reason) => because(f, "could not test", reason),
            Self::TimedOut(reason) => because(f, "timed out", reason),
            Self::Blocked(reason) => because(f, "blocked", reason),
            Self::Different { places: 0, reason } => {
                because(f, "different", reason.as_deref().unwrap_or_default())
            }
            Self::Different { places, .. } => write!(f, "differs in {}", count(*places, "place")),
            Self::Contradicts => f.write_str("contradicts a proof"),
        }
    }
}

impl EvidenceSummary {
    /// Returns the word for a state.
    pub(crate) fn of(state: &EvidenceState) -> Self {
        match state {
            EvidenceState::Missing => Self::Missing,
            EvidenceState::Verified => Self::Verified,
            EvidenceState::VerifiedFrom(_) => Self::VerifiedFromGuess,
            EvidenceState::Unsigned => Self::Unsigned,
            EvidenceState::Stale(_) => Self::Stale,
            EvidenceState::NotExercised(_) => Self::NotExercised,
            EvidenceState::CouldNotTest(_) => Self::CouldNotTest,
            EvidenceState::TimedOut(_) => Self::TimedOut,
            EvidenceState::Blocked(_) => Self::Blocked,
            EvidenceState::Different { .. } => Self::Different,
            EvidenceState::Contradicts => Self::Contradicts,
        }
    }
}

impl Stale {
    /// Writes the input that has changed.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Before => "file changed",
            Self::After => "another edit planned",
            Self::Context => "build context changed",
            Self::Builds => "other builds planned",
            Self::Base => "base image changed",
        }
    }
}

/// Returns the reasons why evidence does not match the planned and the present file.
fn stale(evidence: &Evidence, file: &File, now: &CurrentInputs<'_>) -> BTreeSet<Stale> {
    let is_done = now.blob.is_some() && now.blob == file.done_blob();
    let mut stale = BTreeSet::new();
    let mut note = |is_so: bool, why: Stale| {
        if is_so {
            stale.insert(why);
        }
    };
    // A plan that was made after the edit knows only the new text.
    let is_planned = file.rewritten.is_some();
    note(is_planned && evidence.before != file.blob, Stale::Before);
    note(!is_done && now.blob != Some(&evidence.before), Stale::Before);
    note(file.done_blob() != Some(&evidence.after), Stale::After);
    if is_done {
        return stale;
    }
    let builds = &evidence.builds;
    note(builds.iter().any(|build| build.tree != (now.tree)(build)), Stale::Context);
    note(!builds.is_empty() && !are_planned_builds(builds, file, now.platforms), Stale::Builds);
    let moved = |build: &BuildEvidence| {
        build.bases.iter().any(|(image, digest)| {
            let present = (now.base)(build, image);
            digest.is_some() && present.is_some() && *digest != present
        })
    };
    note(builds.iter().any(moved), Stale::Base);
    stale
}

/// Returns true if the builds are those that are planned: each context on each platform. Only further targets may be
/// added, which show lines that no planned target reaches.
fn are_planned_builds(builds: &[BuildEvidence], file: &File, platforms: &[String]) -> bool {
    let is_built = |context: &Context| {
        let mut of_it = builds.iter().filter(|build| is_of(build, context) && build.target == context.target);
        let on = |platform: &String| {
            builds.iter().any(|build| {
                is_of(build, context) && build.target == context.target && build.platform == *platform
            })
        };
        of_it.next().is_some() && platforms.iter().all(on)
    };
    file.contexts.iter().all(is_built)
        && builds.iter().all(|build| file.contexts.iter().any(|context| is_of(build, context)))
}

/// Returns true if a build is of a context, whatever its target. An argument that only the build knows may have any
/// value.
pub(super) fn is_of(build: &BuildEvidence, context: &Context) -> bool {
    let planned = |name: &String, value: &String| {
        context.build_args.get(name).is_some_and(|planned| planned.as_ref().is_none_or(|it| it == value))
    };
    let given = |(name, value): (&String, &Option<String>)| {
        value.is_none() || build.build_args.get(name) == value.as_ref()
    };
    build.context == context.root
        && build.contexts == context.contexts
        && build.build_args.iter().all(|(name, value)| planned(name, value))
        && context.build_args.iter().all(given)
}

/// Returns true if the verification came to its end: each planned build was built and compared. A further target only
/// shows lines.
fn is_complete(evidence: &Evidence, file: &File) -> bool {
    let is_planned = |build: &&BuildEvidence| {
        file.contexts.iter().any(|context| is_of(build, context) && build.target == context.target)
    };
    // The outcome of the whole is that of the worst build, or of what kept the builds from being made.
    let whole = evidence.builds.iter().map(|build| build.outcome).max();
    evidence.builds.iter().any(shows)
        && evidence.builds.iter().filter(is_planned).all(shows)
        && whole.is_some_and(|whole| evidence.outcome <= whole.max(Outcome::Same))
}

/// Returns the certainty of the contexts that evidence of a file depends on: if no line depends on what the context holds,
/// another context would show the same.
fn certainty(file: &File) -> Level {
    let mut assumptions = file.selected().flat_map(|site| &site.assumptions);
    if !assumptions.any(|assumption| assumption.of_context) {
        return Level::Stated;
    }
    file.contexts.iter().map(|context| context.level).min().unwrap_or(Level::Stated)
}

/// Returns true if a build shows something of the lines that it executed.
fn shows(build: &BuildEvidence) -> bool {
    match build.outcome {
        Outcome::Same => true,
        Outcome::Different => build.is_accepted(),
        Outcome::CouldNotTest | Outcome::TimedOut | Outcome::Blocked => false,
    }
}

/// Returns the lines that no build shows. If nothing is left to edit, the lines that were edited count.
fn undischarged(evidence: &Evidence, file: &File) -> BTreeSet<usize> {
    let edited = evidence.builds.iter().flat_map(|build| &build.sites).map(|site| site.line);
    let mut open: BTreeSet<usize> = match file.rewritten {
        Some(_) => file.selected().map(|site| site.line).collect(),
        None => edited.collect(),
    };
    for build in evidence.builds.iter().filter(|build| shows(build)) {
        for site in build.sites.iter().filter(|site| site.reached != Reached::NotExercised) {
            open.remove(&site.line);
        }
    }
    open
}
