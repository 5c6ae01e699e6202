//! The edits that a plan makes.

use super::file::Site;
use crate::edit::LinePlan;

/// The lines of a plan that are edited.
pub fn line_plans<'a>(sites: impl Iterator<Item = &'a Site>) -> Vec<LinePlan> {
    let plan = |site: &Site| Some(LinePlan { line: site.line, replacement: site.replacement.clone()? });
    sites.filter_map(plan).collect()
}
