//! The words and the looks of states, outcomes, verdicts and causes. A look is never the class alone.

use maud::{Markup, html};

use super::data::{CriterionState, State, WaveState};
use super::html::{At, figure};
use crate::campaign::evidence::{Cause, EvidenceSummary, Outcome};

/// The look of a state: words and a class.
#[derive(Clone, Copy)]
pub(crate) struct Look {
    /// The words.
    pub(crate) words: &'static str,
    /// The class: `good`, `busy`, `quiet`, `warn` or `bad`.
    pub(crate) class: &'static str,
}

const fn look(words: &'static str, class: &'static str) -> Look {
    Look { words, class }
}

impl State {
    /// Returns the look of the state.
    pub(crate) fn look(self) -> Look {
        match self {
            Self::Done => look("done", "good"),
            Self::Merged => look("merged, not fetched yet", "good"),
            Self::Open => look("open", "busy"),
            Self::Theirs => look("open, with commits by other people", "busy"),
            Self::Ready => look("ready", "quiet"),
            Self::Waits => look("waiting for its wave", "quiet"),
            Self::Held => look("blocked", "warn"),
            Self::Declined => look("declined", "warn"),
            Self::Reverted => look("reverted", "bad"),
            Self::Partly => look("partly linked", "warn"),
            Self::Taken => look("branch has commits by other people", "warn"),
            Self::Stale => look("changed since the plan", "warn"),
            Self::Gone => look("gone", "quiet"),
        }
    }

    /// Returns the step that the maintainers have to take; `None` if the campaign continues without them.
    pub(crate) fn asks(self) -> Option<&'static str> {
        match self {
            Self::Held => Some("blocked by its evidence"),
            Self::Declined => Some("to try again, tick its line in the tracking issue"),
            Self::Reverted => Some("later waves pause; to try again, tick its line in the tracking issue"),
            Self::Partly => Some(
                "only some of its lines are linked; to link the others, tick its line in the tracking issue",
            ),
            Self::Taken => Some("open a pull request from its branch, or delete the branch"),
            Self::Stale => Some("plan again: `layerwright plan --save`"),
            Self::Done
            | Self::Merged
            | Self::Open
            | Self::Theirs
            | Self::Ready
            | Self::Waits
            | Self::Gone => None,
        }
    }
}

impl WaveState {
    /// Returns the look of the wave's state.
    pub(crate) fn look(self) -> Look {
        match self {
            Self::Done => look("done", "good"),
            Self::Open => look("open", "busy"),
            Self::Waits => look("waiting", "quiet"),
        }
    }
}

impl CriterionState {
    /// Returns the look of the criterion's result.
    pub(crate) fn look(self) -> Look {
        match self {
            Self::Met => look("met", "good"),
            Self::Open => look("not yet", "busy"),
            Self::Failed => look("failed", "bad"),
            Self::Unknown => look("not measured", "quiet"),
        }
    }
}

/// Returns the class of an evidence state; its words are [`File::says`](super::data::File::says).
pub(crate) fn evidence(summary: EvidenceSummary) -> &'static str {
    match summary {
        EvidenceSummary::Verified => "good",
        EvidenceSummary::Missing => "quiet",
        EvidenceSummary::VerifiedFromGuess
        | EvidenceSummary::Unsigned
        | EvidenceSummary::Stale
        | EvidenceSummary::NotExercised
        | EvidenceSummary::CouldNotTest
        | EvidenceSummary::TimedOut
        | EvidenceSummary::Blocked => "warn",
        EvidenceSummary::Different | EvidenceSummary::Contradicts => "bad",
    }
}

/// Returns the look of an outcome.
pub(crate) fn outcome(outcome: Outcome) -> Look {
    match outcome {
        Outcome::Same => look("same", "good"),
        Outcome::CouldNotTest => look("could not test: the builder cannot link", "warn"),
        Outcome::TimedOut => look("timed out", "warn"),
        Outcome::Blocked => look("original does not build", "warn"),
        Outcome::Different => look("different", "bad"),
    }
}

/// Returns the look of a command that was run in both images.
pub(crate) fn smoke(agrees: bool) -> Look {
    if agrees { look("agrees", "good") } else { look("differs", "bad") }
}

/// Returns the cause of a difference.
pub(crate) fn cause(at: &At, cause: &Cause) -> Markup {
    html! {
        @match cause {
            Cause::Header => "the header alone",
            Cause::Rule { rule, line, accepted } => {
                (rule.as_str()) ", line " (figure(&at.key("line"), line, &line.to_string()))
                @if *accepted { ", accepted" }
            },
            Cause::Unexpected => "unexpected",
        }
    }
}
