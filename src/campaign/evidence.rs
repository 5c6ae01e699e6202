//! Evidence: the results of the verification of one file, compared with the file as currently planned.
//!
//! [`Evidence`] is the format of `evidence/<slug>.json` in the campaign's folder. [`states`] compares all evidence of a
//! campaign with one state of its repository and returns an [`EvidenceState`] for each file: `state` decides if evidence is
//! up to date.

mod context_tree;
mod format;
mod outlasts;
mod present_inputs;
mod read;
mod signature;
mod state;
#[cfg(test)]
mod tests;

pub(crate) use context_tree::ContextTrees;
pub use context_tree::{own_paths, tree_of_context};
pub use format::{
    BuildEvidence, BuilderFacts, CacheFigures, Cause, Compared, Depth, Difference, Evidence, EvidenceByPath,
    Figures, Outcome, Pair, Reached, Rebuild, SCHEMA, SiteEvidence,
};
pub(crate) use format::{BuildFigures, Smoke, contradiction};
pub(crate) use present_inputs::states;
pub(crate) use read::EvidenceError;
pub(crate) use signature::KEY_VARIABLE;
pub use signature::{EvidenceKey, KeyError, Signatures};
pub use state::EvidenceState;
pub(crate) use state::{EvidenceStates, EvidenceSummary, Stale};
