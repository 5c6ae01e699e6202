//! The edits that a plan makes. It never applies them.

use super::file::Site;
use crate::edit::LinePlan;

/// Returns the edited lines of a plan.
pub fn line_plans<'a>(sites: impl Iterator<Item = &'a Site>) -> Vec<LinePlan> {
    let plan = |site: &Site| Some(LinePlan { line: site.line, replacement: site.replacement.clone()? });
    sites.filter_map(plan).collect()
}
