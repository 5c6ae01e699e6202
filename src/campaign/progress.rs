//! The progress of a campaign: the state of each file and wave, from the plan, the evidence and what was observed of the
//! base branch and the forge. It never remembers anything and contacts nothing.

mod compute;
mod facts;
mod observed;
mod seen;
mod state;
pub mod status;
mod step;
mod words;

pub(crate) use facts::Campaign;
pub use facts::{AskedAgain, FileEvidence, IssueTexts, Texts};
pub(crate) use observed::{Above, Branch, Comment, Content, Issue, Merge, Observed, Pull, PullState};
pub use observed::{Base, Change};
pub(crate) use seen::SeenPulls;
pub use state::{FileProgress, FileState, OpenState, Progress, TextState, WaveProgress};
pub use step::{Step, StepKind};
pub(crate) use words::state_words;
