//! The builders that a repository uses, and what each does with `--link`: one rule a row of [`ALL`]. It never asks a
//! machine; what no file says is unknown.
//!
//! [`uses`] judges the runs of builds that `builds` finds. The rule of a run is the first that its tool, its machine and
//! the versions in its files allow.

mod document;
mod edits;
mod judge;
mod rule;
mod table;
mod used;
mod version;

pub use document::document;
pub(crate) use rule::BuilderRuleId;
pub use rule::{BuilderRule, Effect};
pub use table::{ALL, find};
pub(crate) use used::{BuilderUse, uses};
