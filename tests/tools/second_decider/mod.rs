//! The model, its states, and the comparison with the analysis.

pub mod build;
pub mod compare;
mod copy;
pub mod filesystem;
mod perhaps;
#[path = "../../it/differential/random.rs"]
mod random;
pub mod scenario;
