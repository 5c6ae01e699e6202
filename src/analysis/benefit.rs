//! The benefit of a link: judged independently of safety, by the position of the instruction.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::dockerfile::{Body, Dockerfile, Stages};

/// The benefit of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Benefit {
    /// The layer is reused when the base image or an earlier step changes.
    Pays,
    /// The layer is reused, but a later RUN is rebuilt anyway, or the stage does not end in an image itself.
    Neutral,
    /// The link makes builds slower.
    Costs,
    /// The link has no benefit.
    None,
}

/// The number of files from which several later RUNs cost more than a link saves: with 20,000 files, each pair of a RUN
/// and a link took 1 to 2 s.
const MANY_FILES: usize = 5_000;

/// RUN instructions between a place in a Dockerfile and the ends of the images that contain it.
#[derive(Debug)]
pub(crate) struct LaterRuns {
    /// For each stage, the lines of its RUN instructions.
    runs: Vec<Vec<usize>>,
    /// For each stage, the stages that start from it.
    children: Vec<Vec<usize>>,
}

impl LaterRuns {
    /// Reads the RUN instructions of the stages.
    pub(crate) fn new(dockerfile: &Dockerfile, stages: &Stages) -> Self {
        let mut later =
            Self { runs: vec![Vec::new(); stages.len()], children: vec![Vec::new(); stages.len()] };
        for stage in 0..stages.len() {
            if let Some(parent) = stages.parent(stage) {
                later.children[parent].push(stage);
            }
        }
        for instruction in dockerfile.instructions() {
            if let (Body::Run(_), Some(stage)) = (&instruction.body, instruction.stage) {
                later.runs[stage].push(instruction.start_line);
            }
        }
        later
    }

    /// Returns the least number of RUN instructions after `line` of `stage`, up to the end of a stage that no other
    /// stage starts from.
    fn after(&self, stage: usize, line: usize) -> usize {
        let here = self.runs[stage].iter().filter(|&&run| run > line).count();
        let children = &self.children[stage];
        here + children.iter().map(|&child| self.after(child, 0)).min().unwrap_or(0)
    }

    /// Judges an instruction of a stage.
    ///
    /// `on_nothing` is true if the instruction is the first change on `scratch`, where BuildKit drops the merge;
    /// `files` is the number of files that it is known to copy.
    pub(crate) fn judge(&self, stage: usize, line: usize, on_nothing: bool, files: usize) -> Benefit {
        let ends_in_image = stage + 1 == self.runs.len() || !self.children[stage].is_empty();
        match self.after(stage, line) {
            _ if on_nothing => Benefit::None,
            0 if ends_in_image => Benefit::Pays,
            2.. if files >= MANY_FILES => Benefit::Costs,
            _ => Benefit::Neutral,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    fn later(text: &str) -> LaterRuns {
        let dockerfile = Dockerfile::read(text);
        LaterRuns::new(&dockerfile, &Stages::new(&dockerfile, &BTreeMap::new()))
    }

    fn judged(text: &str, stage: usize, line: usize) -> Benefit {
        later(text).judge(stage, line, false, 1)
    }

    #[test]
    fn a_copy_after_the_last_run_of_an_image_pays() {
        let text = "FROM a AS b\nRUN x\nCOPY y /\nFROM b\nCOPY z /\n";
        assert_eq!(judged(text, 0, 3), Benefit::Pays);
        assert_eq!(judged(text, 1, 5), Benefit::Pays);
    }

    #[test]
    fn a_run_after_it_runs_again_all_the_same() {
        let text = "FROM a AS b\nCOPY y /\nFROM b\nRUN x\nFROM c\nCOPY z /\nRUN x\n";
        assert_eq!(judged(text, 0, 2), Benefit::Neutral);
        assert_eq!(judged(text, 2, 6), Benefit::Neutral);
    }

    #[test]
    fn a_variable_may_name_the_stage_that_becomes_the_image() {
        let text = "ARG B=b\nFROM a AS b\nCOPY y /\nFROM $B\n";
        assert_eq!(judged(text, 0, 3), Benefit::Pays);
        assert_eq!(judged(&text.replace("$B", "B"), 0, 3), Benefit::Neutral, "the letter case counts");
    }

    #[test]
    fn many_files_before_several_runs_cost_and_scratch_gives_nothing() {
        let text = "FROM a\nCOPY y /\nRUN x\nRUN z\n";
        let later = later(text);
        assert_eq!(later.judge(0, 2, false, MANY_FILES), Benefit::Costs);
        assert_eq!(later.judge(0, 2, false, MANY_FILES - 1), Benefit::Neutral);
        assert_eq!(later.judge(0, 2, true, MANY_FILES), Benefit::None);
    }
}
