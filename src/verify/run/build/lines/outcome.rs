//! The effect of the comparison at the instructions on the evidence of a build.

use crate::campaign::evidence::{BuildEvidence, Depth, Difference, Outcome};
use crate::text::words::{form, list};
use crate::verify::run::{NotCompared, Trouble};

/// The result of the comparison at the instructions.
#[derive(Debug, Default)]
pub(in crate::verify::run::build) struct LineOutcome {
    /// True if only the whole images show more: a difference is expected or may be restored later, or the new header
    /// changes how the file is read.
    pub(super) needs_full: bool,
    /// The differences that nothing later can undo.
    pub(super) refuting: Vec<Difference>,
    /// The reason, if an instruction does not build.
    pub(super) reason: Option<String>,
}

impl LineOutcome {
    /// Returns true if the whole images have to be compared as well.
    pub(in crate::verify::run::build) fn needs_images(&self) -> bool {
        self.needs_full && self.refuting.is_empty()
    }

    /// Adds the result to the evidence of a build.
    pub(in crate::verify::run::build) fn conclude(self, build: &mut BuildEvidence) -> Result<(), Trouble> {
        if !self.refuting.is_empty() {
            build.outcome = Outcome::Different;
            build.reason = self.reason;
            let is_new = |found: &Difference| !build.differences.contains(found);
            let new: Vec<Difference> = self.refuting.into_iter().filter(is_new).collect();
            build.differences.extend(new);
            return Ok(());
        }
        if build.depth == Depth::Full {
            return Ok(());
        }
        let compared = build.sites.iter().filter_map(|site| Some((site.line, site.compared.as_ref()?)));
        let (same, open): (Vec<_>, Vec<_>) =
            compared.partition(|(_, compared)| compared.outcome == Outcome::Same);
        let Some((line, worst)) = open.iter().max_by_key(|(_, compared)| compared.outcome) else {
            return Ok(());
        };
        let mut reason = format!("line {line}: {}", worst.reason.as_deref().unwrap_or("it differs"));
        if !same.is_empty() {
            let lines: Vec<String> = same.iter().map(|(line, _)| line.to_string()).collect();
            let is = form(same.len(), "line {} is", "lines {} are").replace("{}", &list(&lines));
            reason = format!("{is} verified; {reason}");
        }
        Err(Trouble::NotCompared(NotCompared(worst.outcome, reason)))
    }
}
