//! What a later RUN can see of a linked copy: files have two links, and directories above them are new.

use std::sync::Arc;

use crate::rootfs::{Assumption, Leans};
use crate::shell::{Effect, Step};
use crate::text::path::base_name;

/// Commands that tell link counts or times, and change nothing by themselves.
const METADATA_READERS: [&str; 10] = ["stat", "ls", "find", "du", "test", "[", "[[", "date", "tar", "rsync"];

/// Commands that do not look at the link counts and times of files, whatever their words are.
const BLIND: [&str; 26] = [
    "rm", "mkdir", "rmdir", "chmod", "chown", "chgrp", "ln", "touch", "curl", "wget", "echo", "printf",
    "cat", "sed", "git", "useradd", "adduser", "groupadd", "addgroup", "usermod", "export", "set", "mv",
    "unzip", "ldconfig", "cd",
];

/// Commands of the stages that may see whether a file was linked.
#[derive(Debug, Default)]
pub struct Observers {
    stages: Vec<Stage>,
}

#[derive(Debug, Default)]
struct Stage {
    /// The stage that it starts from.
    parent: Option<usize>,
    /// Line and name of each command.
    commands: Vec<(usize, String)>,
}

impl Observers {
    /// A stage begins.
    pub fn begin_stage(&mut self) {
        self.stages.push(Stage::default());
    }

    /// The stage that began last starts from another one.
    pub fn starts_from(&mut self, parent: usize) {
        if let Some(stage) = self.stages.last_mut() {
            stage.parent = Some(parent);
        }
    }

    /// How many stages there are.
    pub fn stages(&self) -> usize {
        self.stages.len()
    }

    /// Commands ran in a stage.
    pub fn ran(&mut self, stage: usize, steps: &[Step]) {
        if let Some(stage) = self.stages.get_mut(stage) {
            let seeing = steps.iter().filter(|step| may_observe(step));
            stage.commands.extend(seeing.map(|step| (step.line, step.command.clone())));
        }
    }

    /// Adds what a link at a line of a stage leans on: that no later command looks.
    pub fn assume_unseen(&self, stage: usize, line: usize, leans: &mut Leans) {
        for (at, later) in self.stages.iter().enumerate() {
            let from = match at == stage {
                true => line,
                false if self.descends(at, stage) => 0,
                false => continue,
            };
            for (line, command) in later.commands.iter().filter(|(line, _)| *line > from) {
                let message = format!(
                    "`{command}` (line {line}) does not look at link counts and times of linked files"
                );
                leans.add(Arc::new(Assumption::new(*line, "/", message)));
            }
        }
    }

    /// Whether `stage` starts from `ancestor`, directly or through others.
    fn descends(&self, stage: usize, ancestor: usize) -> bool {
        let parent = |stage: usize| self.stages.get(stage).and_then(|stage| stage.parent);
        std::iter::successors(parent(stage), |&at| parent(at)).any(|at| at == ancestor)
    }
}

/// Whether a command may see link counts and times: one that tells them, or one of which not all is known. A build
/// tool compares times, and `find` may act on what it tells.
fn may_observe(step: &Step) -> bool {
    let name = base_name(step.command.split_whitespace().next().unwrap_or_default());
    match step.effect {
        Effect::Touches { .. } | Effect::Footprint(_) => !BLIND.contains(&name),
        Effect::Anything => true,
        Effect::None | Effect::Certain(_) => METADATA_READERS.contains(&name),
    }
}
