//! The comparison right after each edited instruction of one build. The original is built once, up to the last of them;
//! the steps after it are not built.

mod builds;
mod outcome;
mod results;

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use self::builds::{Failed, Tried};
pub(super) use self::outcome::LineOutcome;
use super::BuildVerification;
use crate::campaign::evidence::{BuildEvidence, BuildFigures, Compared, Outcome, Reached};
use crate::dockerfile::{Body, Dockerfile};
use crate::verify::builder::Request;
use crate::verify::line::group::{Group, groups};
use crate::verify::line::state;
use crate::verify::line::text::{GroupTexts, Pins};
use crate::verify::run::{NotCompared, Trouble};
use crate::verify::variant_builds::{Variants, Workbench, stages};

/// The comparison of one build, so far.
struct Lines<'l, 'a, 'w> {
    build: &'l BuildVerification<'a>,
    bench: &'l mut Workbench<'w>,
    /// The build of the original; its text and stage do not count.
    request: Request,
    /// The original with the header of the edited text.
    original: Dockerfile,
    /// The name of the stage that holds a group.
    child: String,
    /// The stages that were executed in this verification.
    executed: BTreeSet<usize>,
    /// The last instruction of each stage up to which both headers were compared.
    headers: BTreeMap<usize, usize>,
    /// The results, by the place of the instruction.
    found: BTreeMap<usize, (Reached, Compared)>,
    outcome: LineOutcome,
    evidence: &'l mut BuildEvidence,
    figures: &'l mut BuildFigures,
}

impl BuildVerification<'_> {
    /// Compares the filesystems right after each edited instruction that a target reaches, and writes the results into the
    /// evidence. It keeps those so far if it ends early.
    pub(super) fn lines(
        &self,
        bench: &mut Workbench<'_>,
        variants: &Variants,
        evidence: &mut BuildEvidence,
        figures: &mut BuildFigures,
    ) -> Result<LineOutcome, Trouble> {
        let original = Dockerfile::read(self.texts.header_only.as_slice());
        let Some(target) = self.stages.of_target(variants.original.target.as_deref()) else {
            return Ok(LineOutcome::default());
        };
        let all = groups(&original, &self.after, &self.stages.reached(target));
        let mut lines = Lines {
            build: self,
            bench,
            request: variants.original.clone(),
            original,
            child: self.free_name(),
            executed: BTreeSet::new(),
            headers: BTreeMap::new(),
            found: BTreeMap::new(),
            outcome: LineOutcome::default(),
            evidence,
            figures,
        };
        let ended = lines.all(all);
        lines.write();
        ended.map(|()| lines.outcome)
    }

    /// Returns a name that no stage has.
    fn free_name(&self) -> String {
        let mut name = "layerwright-line".to_owned();
        while self.stages.of_target(Some(&name)).is_some() {
            name.push('x');
        }
        name
    }
}

impl Lines<'_, '_, '_> {
    /// Compares all groups. The last one comes first: its build executes what the others replay.
    fn all(&mut self, groups: Vec<Group>) -> Result<(), Trouble> {
        let mut left = VecDeque::from(groups);
        while let Some(group) = left.pop_back() {
            if let Some(failed) = self.group(&group)? {
                self.block(&group, &failed.verdict);
                return self.before_failure(left, failed);
            }
        }
        Ok(())
    }

    /// Compares the groups that do not depend on a step that fails, from the first one on.
    fn before_failure(&mut self, groups: VecDeque<Group>, failed: Failed) -> Result<(), Trouble> {
        let mut failures = vec![failed];
        let mut ended: BTreeMap<usize, usize> = BTreeMap::new();
        for group in groups {
            let is_behind = |failed: &&Failed| self.needs(&group, failed);
            let known = failures.iter().find(is_behind).or_else(|| failures.get(*ended.get(&group.stage)?));
            if let Some(failed) = known {
                let NotCompared(outcome, reason) = &failed.verdict;
                let verdict = NotCompared(*outcome, reason.clone());
                self.block(&group, &verdict);
            } else if let Some(failed) = self.group(&group)? {
                self.block(&group, &failed.verdict);
                ended.insert(group.stage, failures.len());
                failures.push(failed);
            }
        }
        Ok(())
    }

    /// Returns true if a group depends on another stage, with a step that fails.
    fn needs(&self, group: &Group, failed: &Failed) -> bool {
        let stage = failed.stage.as_deref().and_then(|name| self.build.stages.of_target(Some(name)));
        stage.is_some_and(|stage| stage != group.stage && self.reach(group).contains(&stage))
    }

    /// Returns the stages that a group and the instructions before it need.
    fn reach(&self, group: &Group) -> BTreeSet<usize> {
        let text = Dockerfile::read(GroupTexts::cut_off(&self.original, group));
        stages(&text, &self.request.build_args).reached(group.stage)
    }

    /// Compares a group: together, and one by one if that does not settle it. Returns the failure of the original.
    fn group(&mut self, group: &Group) -> Result<Option<Failed>, Trouble> {
        if let Some(failed) = self.compare_headers(group)? {
            return Ok(Some(failed));
        }
        if group.onbuild && self.has_run_trigger(group.stage) {
            return Ok(None);
        }
        let tried = self.tried(group, Pins::Group)?;
        let is_same = matches!(&tried, Tried::Compared(it) if matches!(it.state, state::Compared::Same(_)));
        match tried {
            Tried::Compared(comparison) if is_same => self.settle(group, *comparison),
            // All instructions of the group stand behind the failed step.
            Tried::OriginalFails(failed)
                if failed.stage.as_deref() == self.build.stages.name(group.stage) =>
            {
                return Ok(Some(failed));
            }
            // The context of the image that runs the triggers may be another.
            Tried::OriginalFails(_) if group.onbuild => {}
            _ if group.sites.len() > 1 => return self.one_by_one(group),
            first => return self.again(group, first),
        }
        Ok(None)
    }

    /// Returns true if a trigger of a stage is a RUN: two builds may give it two results.
    fn has_run_trigger(&self, stage: usize) -> bool {
        let is_run = |body: &Body| matches!(body, Body::Onbuild(child) if matches!(child.body, Body::Run(_)));
        let of_stage = self.original.instructions().iter().filter(|of| of.stage == Some(stage));
        of_stage.map(|instruction| &instruction.body).any(is_run)
    }

    /// Compares the instructions of a group alone, up to the first at which the original fails.
    fn one_by_one(&mut self, group: &Group) -> Result<Option<Failed>, Trouble> {
        let singles: Vec<Group> = group.singles().collect();
        for (at, single) in singles.iter().enumerate() {
            if let Some(failed) = self.group(single)? {
                singles[at..].iter().for_each(|single| self.block(single, &failed.verdict));
                return Ok(None);
            }
        }
        let settled = |site: &usize| self.found.get(site).map(|(_, compared)| compared.outcome);
        if group.sites.iter().all(|site| settled(site) == Some(Outcome::Same)) {
            let why = "the instructions differ together and not one by one".to_owned();
            self.block(group, &NotCompared(Outcome::CouldNotTest, why));
        }
        Ok(None)
    }

    /// Builds one instruction once more, with all results pinned that it may copy, if the first attempt leaves open where
    /// the difference comes from.
    fn again(&mut self, group: &Group, first: Tried) -> Result<Option<Failed>, Trouble> {
        let copies_a_stage = match &self.original.instructions()[group.first()].body {
            Body::Transfer(transfer) => transfer.options.from.is_some(),
            _ => false,
        };
        let is_final = match &first {
            Tried::Compared(it) => matches!(it.state, state::Compared::Different(..)) && !copies_a_stage,
            Tried::OriginalFails(_) => true,
            Tried::EditedFails(_) => false,
        };
        match if is_final { first } else { self.tried(group, Pins::Stages)? } {
            Tried::OriginalFails(failed) => return Ok(Some(failed)),
            Tried::EditedFails(error) => self.refuted(group, &error),
            Tried::Compared(comparison) => self.settle(group, *comparison),
        }
        Ok(None)
    }
}
