//! Evidence: the results of the verification of one file, compared with the file as currently planned.
//!
//! [`Evidence`] is the format of `evidence/<slug>.json` in the campaign's folder. [`states`] compares all evidence of a
//! campaign with one state of its repository and returns an [`EvidenceState`] for each file.

mod context_tree;
mod current;
mod format;
mod read;
mod state;
#[cfg(test)]
mod tests;

pub use context_tree::{own_paths, tree_of_context};
pub use current::states;
pub use format::{
    Build, BuildFigures, BuilderFacts, CacheFigures, Cause, Difference, Evidence, EvidenceByPath, Figures,
    Outcome, Pair, Reached, Rebuild, SCHEMA, SiteEvidence, Smoke, contradiction,
};
pub use read::EvidenceError;
pub use state::{CurrentInputs, EvidenceState, EvidenceStates, EvidenceSummary, Stale};
