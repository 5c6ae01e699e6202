//! The plan: the findings and decisions, file by file and line by line, and the order of the pull requests.
//!
//! The same commit, base images and options give the same plan, byte for byte: it is sorted and never contains times or
//! parts of the environment.

mod bases;
mod builders;
mod create;
mod earlier;
mod edits;
pub mod file;
mod from_analysis;
mod inspect;
mod judge;
mod neighbours;
mod notes;
mod options;
mod part;
mod read;
mod setups;
mod waivers;
mod waves;

pub(crate) use create::plan;
pub(crate) use earlier::Earlier;
pub use edits::line_plans;
pub use from_analysis::sites_report;
pub use inspect::inspect;
pub(crate) use notes::without_effect;
pub use options::Options;
pub(crate) use read::PlanError;
pub(crate) use setups::CONTEXT_ASSUMED;
pub(crate) use waivers::UnknownRule;
pub use waivers::Waivers;
