//! The progress of a campaign: the state of each file and wave, from the plan, the evidence and what was observed of the
//! base branch and the forge. It never remembers anything and contacts nothing.

mod compute;
mod facts;
mod observed;
mod state;
pub mod status;

pub(crate) use facts::Campaign;
pub use facts::{AskedAgain, FileEvidence, Texts};
pub(crate) use observed::{Above, Branch, Content, Issue, Merge, Observed, Pull, PullState};
pub use observed::{Base, Change};
pub use state::{FileProgress, FileState, OpenState, Progress, TextState, WaveProgress};
