//! What states, outcomes, verdicts and causes are called, and how they look.

use super::data::{CriterionState, State, WaveState};
use super::html::{At, Html};
use crate::campaign::evidence::{Cause, EvidenceSummary, Outcome};

/// How something looks: by its class, never by that alone.
#[derive(Clone, Copy)]
pub struct Look {
    /// The words.
    pub words: &'static str,
    /// The class: `good`, `busy`, `quiet`, `warn` or `bad`.
    pub class: &'static str,
}

const fn look(words: &'static str, class: &'static str) -> Look {
    Look { words, class }
}

impl State {
    /// How it looks.
    pub fn look(self) -> Look {
        match self {
            Self::Done => look("done", "good"),
            Self::Merged => look("merged, not read yet", "good"),
            Self::Open => look("open", "busy"),
            Self::Theirs => look("open, with commits of people", "busy"),
            Self::Ready => look("ready", "quiet"),
            Self::Waits => look("waits for its wave", "quiet"),
            Self::Held => look("held back", "warn"),
            Self::Declined => look("declined", "warn"),
            Self::Reverted => look("reverted", "bad"),
            Self::Partly => look("partly linked", "warn"),
            Self::Taken => look("branch has commits of people", "warn"),
            Self::Stale => look("changed since the plan", "warn"),
            Self::Gone => look("gone", "quiet"),
        }
    }

    /// What people have to do; `None` if the campaign goes on without them.
    pub fn asks(self) -> Option<&'static str> {
        match self {
            Self::Held => Some("its evidence does not let it out"),
            Self::Declined => Some("to ask again, tick its line in the tracking issue"),
            Self::Reverted => Some("later waves pause; to ask again, tick its line in the tracking issue"),
            Self::Partly => {
                Some("some of its lines are linked; to link the others, tick its line in the tracking issue")
            }
            Self::Taken => Some("open a pull request from its branch, or delete the branch"),
            Self::Stale => Some("plan again: layerwright plan --save"),
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
    /// How it looks.
    pub fn look(self) -> Look {
        match self {
            Self::Done => look("done", "good"),
            Self::Open => look("open", "busy"),
            Self::Waits => look("waits", "quiet"),
        }
    }
}

impl CriterionState {
    /// How it looks.
    pub fn look(self) -> Look {
        match self {
            Self::Met => look("met", "good"),
            Self::Open => look("not yet", "busy"),
            Self::Failed => look("failed", "bad"),
            Self::Unknown => look("not measured", "quiet"),
        }
    }
}

/// The class of the look of what evidence says; its words are [`File::says`](super::data::File::says).
pub fn evidence(summary: EvidenceSummary) -> &'static str {
    match summary {
        EvidenceSummary::Verified => "good",
        EvidenceSummary::Missing => "quiet",
        EvidenceSummary::Stale
        | EvidenceSummary::NotExercised
        | EvidenceSummary::CouldNotTest
        | EvidenceSummary::TimedOut
        | EvidenceSummary::Blocked => "warn",
        EvidenceSummary::Different | EvidenceSummary::Contradicts => "bad",
    }
}

/// How an outcome looks.
pub fn outcome(outcome: Outcome) -> Look {
    match outcome {
        Outcome::Same => look("images identical", "good"),
        Outcome::CouldNotTest => look("could not test: the builder cannot link", "warn"),
        Outcome::TimedOut => look("timed out", "warn"),
        Outcome::Blocked => look("original does not build", "warn"),
        Outcome::Different => look("different", "bad"),
    }
}

/// How a command that was run in both images looks.
pub fn smoke(agrees: bool) -> Look {
    if agrees { look("agrees", "good") } else { look("differs", "bad") }
}

/// What a difference is put down to.
pub fn cause(html: &mut Html, at: &At, cause: &Cause) {
    match cause {
        Cause::Header => html.text("the header alone"),
        Cause::Rule { rule, line, accepted } => {
            html.text(rule).text(", line ").figure(&at.key("line"), line, &line.to_string());
            html.text(if *accepted { ", accepted" } else { "" })
        }
        Cause::Unexpected => html.text("unexpected"),
    };
}
