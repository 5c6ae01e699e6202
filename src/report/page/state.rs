//! The state of a file and of its evidence, as the page shows them. It never reads anything itself.

use super::data::State;
use crate::campaign::progress::{FileState, OpenState};

/// A state with its author and its reason.
pub(crate) struct Stated {
    /// The state.
    pub(crate) state: State,
    /// The author, if known.
    pub(crate) by: Option<String>,
    /// The commit, if the state came with one.
    pub(crate) commit: Option<String>,
    /// The reason, if the state alone does not explain it.
    pub(crate) why: Option<String>,
}

impl From<State> for Stated {
    fn from(state: State) -> Self {
        Self { state, by: None, commit: None, why: None }
    }
}

/// Returns the state of a file. `waits` is true if its wave waits.
pub(crate) fn of(state: &FileState, waits: bool) -> Stated {
    let held = |why: &dyn std::fmt::Display| Stated { why: Some(why.to_string()), ..State::Held.into() };
    match state {
        FileState::Done => State::Done.into(),
        FileState::Merged => State::Merged.into(),
        FileState::Open(OpenState::Current) => State::Open.into(),
        FileState::Open(OpenState::OtherCommits) => State::Theirs.into(),
        FileState::Open(OpenState::Stale) | FileState::Stale => State::Stale.into(),
        FileState::Open(OpenState::Held { why }) | FileState::Held { why } => held(why),
        FileState::Declined { by } => Stated { by: by.clone(), ..State::Declined.into() },
        FileState::Reverted { by: None } => State::Reverted.into(),
        FileState::Reverted { by: Some(change) } => Stated {
            by: Some(change.author.clone()),
            commit: Some(change.commit.clone()),
            ..State::Reverted.into()
        },
        FileState::Partly => State::Partly.into(),
        FileState::Gone => State::Gone.into(),
        FileState::OtherCommits => State::Taken.into(),
        FileState::Ready if waits => State::Waits.into(),
        FileState::Ready => State::Ready.into(),
    }
}
