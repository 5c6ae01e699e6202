//! Human-readable output: the first screen of a plan, instructions with reasons, diffs, rules. It decides nothing.
//!
//! Text from a repository is printed through [`text::escape`](crate::text::escape), so that no name and no line of a
//! file can move the cursor, change colours or reverse the reading direction.

mod assumed;
mod builds;
mod counts;
mod diff;
mod dry_run;
mod evidence;
mod excerpt;
mod rules;
mod screen;
mod status;
pub(crate) mod style;
mod summary;
mod verbose;
mod verify;

pub(crate) use builds::explained_builds;
pub(crate) use diff::diffs;
pub(crate) use dry_run::planned;
pub(crate) use excerpt::inspection;
pub(crate) use rules::{builder, check_rule, rule, rules};
pub(crate) use status::{decided, next_step, status, to_commit};
pub(crate) use summary::{Shown, first_screen};
pub(crate) use verify::{outcome, verified};

#[cfg(test)]
mod tests;
