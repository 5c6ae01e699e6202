//! The plan: what was found and decided, file by file and line by line, and in which order it goes out.
//!
//! The same commit, base images and options give the same plan, byte for byte: it is sorted and has neither clock
//! nor environment in it.

mod bases;
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
mod read;
mod setups;
mod waivers;
mod waves;

pub use create::plan;
pub use earlier::Earlier;
pub use edits::line_plans;
pub use from_analysis::sites_report;
pub use inspect::inspect;
pub use notes::without_effect;
pub use options::Options;
pub use read::PlanError;
pub use waivers::{UnknownRule, Waivers};
