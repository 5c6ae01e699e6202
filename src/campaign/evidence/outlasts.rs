//! Decides if evidence stays when a later verification ends: one that shows less never replaces one that shows more.

use super::format::{BuildEvidence, Evidence, Outcome};
use super::state::EvidenceState;

impl Evidence {
    /// Returns true if the evidence stays although a later verification of the file gave `later`. `state` is the state
    /// of the file by this evidence, with the present inputs.
    ///
    /// A later verification that compared the images replaces it, unless it compared them at a lesser depth, or built other
    /// contexts, platforms or arguments than the planned ones, which this evidence has. One that did not compare them says nothing about inputs
    /// that were compared before: the original built then, and why it does not now is a passing reason, or one outside
    /// of the repository. Evidence that speaks against a file stays for the edit that it is of.
    pub(crate) fn outlasts(&self, state: &EvidenceState, later: &Self) -> bool {
        let compares = |one: &Self| matches!(one.outcome, Outcome::Same | Outcome::Different);
        let same_texts = self.before == later.before && self.after == later.after;
        if !compares(self) || !same_texts {
            return false;
        }
        let is_current = !matches!(state, EvidenceState::Missing | EvidenceState::Stale(_));
        match later.outcome {
            Outcome::Same | Outcome::Different => is_current && !later.builds_all_of(self),
            Outcome::CouldNotTest | Outcome::TimedOut => true,
            Outcome::Blocked => is_current,
        }
    }

    /// Returns true if each build of the other evidence was built here too, with the same inputs. What speaks for the file
    /// has to be compared at least to the same depth.
    fn builds_all_of(&self, other: &Self) -> bool {
        let same = |one: &BuildEvidence, other: &BuildEvidence| {
            (&one.context, &one.tree, &one.platform) == (&other.context, &other.tree, &other.platform)
                && (&one.build_args, &one.contexts) == (&other.build_args, &other.contexts)
                && (one.outcome == Outcome::Different || one.depth >= other.depth)
        };
        other.builds.iter().all(|build| self.builds.iter().any(|own| same(own, build)))
    }
}
