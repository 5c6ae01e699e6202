//! The results of the groups, and the evidence that they become.

use super::Lines;
use super::builds::Comparison;
use crate::campaign::evidence::{Cause, Compared, Difference, Outcome, Reached, SiteEvidence};
use crate::campaign::plan::file::Site;
use crate::verify::attribution::{Predictions, cause_of_failure, causes, is_restorable};
use crate::verify::builder::BuildError;
use crate::verify::image::Digest;
use crate::verify::line::group::Group;
use crate::verify::line::state;
use crate::verify::run::NotCompared;

impl Lines<'_, '_, '_> {
    /// Records the comparison of a group: of several instructions only that they are the same.
    pub(super) fn settle(&mut self, group: &Group, comparison: Comparison) {
        let Comparison { state, original, reached } = comparison;
        match state {
            state::Compared::OtherPrefix => {
                let why = "the cache gave two builds different results of the steps before it".to_owned();
                self.block(group, &NotCompared(Outcome::CouldNotTest, why));
            }
            state::Compared::Same(before) => {
                // A trigger counts as not reached if its step is unknown.
                let is_shown = |reached: &Reached| !group.onbuild || *reached != Reached::NotExercised;
                for (site, reached) in
                    group.sites.iter().zip(reached).filter(|(_, reached)| is_shown(reached))
                {
                    self.same(*site, reached, before);
                }
            }
            state::Compared::Different(before, differences) => {
                let site = self.site(group.first());
                let predictions = Predictions {
                    path: &self.build.run.edit.file.path,
                    sites: site.as_slice(),
                    waivers: self.build.run.job.waivers,
                    observed: None,
                };
                let found = causes(&differences, &[], &original.image, &predictions);
                let is_expected = found.iter().all(|difference| difference.cause != Cause::Unexpected);
                if is_expected || differences.iter().all(|one| is_restorable(one, &original.image)) {
                    self.outcome.needs_full = true;
                } else {
                    self.outcome.refuting.extend(found.clone());
                }
                let reached = reached.first().copied().unwrap_or(Reached::NotExercised);
                self.different(group.first(), reached, before, found);
            }
        }
    }

    fn same(&mut self, site: usize, reached: Reached, before: Option<Digest>) {
        let (outcome, reason) = match reached {
            Reached::NotExercised => (Outcome::CouldNotTest, Some("the builder did not link it".to_owned())),
            Reached::Linked | Reached::NoEffect => (Outcome::Same, None),
        };
        let before = before.map(|digest| digest.to_string());
        self.found.insert(site, (reached, Compared { outcome, reason, before, differences: Vec::new() }));
    }

    fn different(&mut self, site: usize, reached: Reached, before: Option<Digest>, found: Vec<Difference>) {
        let before = before.map(|digest| digest.to_string());
        let compared = Compared { outcome: Outcome::Different, reason: None, before, differences: found };
        self.found.insert(site, (reached, compared));
    }

    /// Records that an edited instruction fails where the original does not.
    pub(super) fn refuted(&mut self, group: &Group, error: &BuildError) {
        let difference = Difference {
            path: None,
            aspect: "build".into(),
            before: Some("builds".into()),
            after: Some("fails".into()),
            cause: cause_of_failure(self.site(group.first()).as_slice()),
        };
        let reason =
            format!("line {}: the edited instruction does not build: {error}", self.line(group.first()));
        self.outcome.reason.get_or_insert_with(|| reason.clone());
        self.outcome.refuting.push(difference.clone());
        let (reason, differences) = (Some(reason), vec![difference]);
        let compared = Compared { outcome: Outcome::Different, reason, before: None, differences };
        self.found.insert(group.first(), (Reached::NotExercised, compared));
    }

    /// Records that nothing was compared of a group.
    pub(super) fn block(&mut self, group: &Group, verdict: &NotCompared) {
        let NotCompared(outcome, reason) = verdict;
        for site in &group.sites {
            let compared = Compared {
                outcome: *outcome,
                reason: Some(reason.clone()),
                before: None,
                differences: Vec::new(),
            };
            self.found.insert(*site, (Reached::NotExercised, compared));
        }
    }

    /// Returns the line of an instruction.
    fn line(&self, place: usize) -> usize {
        self.build.before.instructions()[place].start_line
    }

    /// Returns the instruction of the plan.
    fn site(&self, place: usize) -> Option<&Site> {
        let line = self.line(place);
        self.build.sites.iter().find(|site| site.line == line).copied()
    }

    /// Writes the results into the evidence.
    pub(super) fn write(&mut self) {
        let found = std::mem::take(&mut self.found);
        let of = |(place, (reached, compared))| SiteEvidence {
            line: self.line(place),
            reached,
            compared: Some(compared),
        };
        for found in found.into_iter().map(of).collect::<Vec<_>>() {
            if let Some(site) = self.evidence.sites.iter_mut().find(|site| site.line == found.line) {
                *site = found;
            }
        }
    }
}
