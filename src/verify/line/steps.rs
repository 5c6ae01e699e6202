//! The steps that a comparison at the instructions executes. It builds nothing.

use std::collections::{BTreeMap, BTreeSet};

use super::group::{Group, groups};
use super::text::GroupTexts;
use crate::campaign::evidence::Depth;
use crate::dockerfile::{Body, Dockerfile};
use crate::verify::variant_builds::stages;

/// A step of a verification.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize)]
pub struct PlannedStep {
    /// The line of the instruction, 1-based.
    pub line: usize,
    /// The first line of the instruction's text.
    pub instruction: String,
    /// True if it is edited: it is executed as it is and edited.
    pub is_edited: bool,
}

/// Returns the steps that a build of the original executes to compare the edited instructions of a target, in the order of
/// the text: at the depth of the line those up to the last edited instruction of each stage, with the stages that they
/// need, and at full depth all of the target.
pub(crate) fn planned_steps(
    [original, edited]: [&Dockerfile; 2],
    build_args: &BTreeMap<String, String>,
    target: Option<&str>,
    depth: Depth,
) -> Vec<PlannedStep> {
    let graph = stages(original, build_args);
    let Some(target) = graph.of_target(target) else { return Vec::new() };
    let reached = graph.reached(target);
    let groups = groups(original, edited, &reached);
    let sites: BTreeSet<usize> = groups.iter().flat_map(|group| group.sites.iter().copied()).collect();
    let mut places = BTreeSet::new();
    let of = |stage: usize| {
        let steps = original.instructions().iter().enumerate();
        steps.filter(move |(_, step)| step.stage == Some(stage)).map(|(at, _)| at)
    };
    match depth {
        Depth::Full => places.extend(reached.iter().flat_map(|stage| of(*stage))),
        Depth::Line => {
            for group in &groups {
                let end = if group.onbuild { usize::MAX } else { group.last() };
                places.extend(of(group.stage).filter(|at| *at <= end));
                places.extend(needed(original, group, build_args).into_iter().flat_map(of));
            }
        }
    }
    let step = |at: &usize| {
        let instruction = &original.instructions()[*at];
        let is_step = matches!(instruction.body, Body::Run(_) | Body::Transfer(_) | Body::Workdir(_));
        let text = String::from_utf8_lossy(&original.text()[instruction.span.range()]);
        let first = text.lines().next().unwrap_or_default().to_owned();
        let is_edited = sites.contains(at);
        let step = PlannedStep { line: instruction.start_line, instruction: first, is_edited };
        (is_step || is_edited).then_some(step)
    };
    places.iter().filter_map(step).collect()
}

/// Returns the other stages that a group and the instructions before it need.
fn needed(original: &Dockerfile, group: &Group, build_args: &BTreeMap<String, String>) -> BTreeSet<usize> {
    let text = Dockerfile::read(GroupTexts::cut_off(original, group));
    let mut reached = stages(&text, build_args).reached(group.stage);
    reached.remove(&group.stage);
    reached
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_steps_up_to_the_last_edited_instruction_are_planned() {
        let text = "FROM a AS x\nRUN b \\\n  c\nFROM a AS y\nRUN d\nFROM a AS z\nENV e=f\nCOPY@ --from=x /g /g\n\
                    RUN h\nCOPY --from=y /i /i\n";
        let [original, edited] = ["", " --link"].map(|flag| Dockerfile::read(text.replace('@', flag)));
        let none = BTreeMap::new();
        let lines = |depth| -> Vec<(usize, bool)> {
            let steps = planned_steps([&original, &edited], &none, None, depth);
            steps.into_iter().map(|step| (step.line, step.is_edited)).collect()
        };
        assert_eq!(lines(Depth::Line), [(2, false), (8, true)], "neither stage y nor what follows");
        assert_eq!(lines(Depth::Full), [(2, false), (5, false), (8, true), (9, false), (10, false)]);
    }
}
