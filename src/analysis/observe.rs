//! Signs of a link that a later RUN can see: files have two links, and the directories above them are new. It never
//! runs a command.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::rootfs::{Assumption, Leans};
use crate::shell::{Effect, Step};
use crate::text::path::base_name;

/// Commands that show link counts or times, and change nothing.
const METADATA_READERS: [&str; 10] = ["stat", "ls", "find", "du", "test", "[", "[[", "date", "tar", "rsync"];

/// The end of the assumption that a command does not see that a file was linked.
pub(crate) const UNSEEN: &str = "does not look at link counts and times of linked files";

/// Commands that do not look at the link counts and times of files, whatever their arguments are.
const BLIND: [&str; 26] = [
    "rm", "mkdir", "rmdir", "chmod", "chown", "chgrp", "ln", "touch", "curl", "wget", "echo", "printf",
    "cat", "sed", "git", "useradd", "adduser", "groupadd", "addgroup", "usermod", "export", "set", "mv",
    "unzip", "ldconfig", "cd",
];

/// Commands of a stage that may see whether a file was linked: the line and name of each.
#[derive(Clone, Debug, Default)]
pub(crate) struct Observers(BTreeSet<(usize, String)>);

impl Observers {
    /// Records the observers among commands that ran.
    pub(crate) fn note(&mut self, steps: &[Step]) {
        let seeing = steps.iter().filter(|step| may_observe(step));
        self.0.extend(seeing.map(|step| (step.line, step.shown().to_owned())));
    }

    /// Adds the observers of another state of the same stage.
    pub(crate) fn merge(&mut self, mut other: Self) {
        self.0.append(&mut other.0);
    }

    /// Adds the assumptions of a link at `line`: that no observer after it looks at link counts and times.
    pub(crate) fn assume_blind(&self, line: usize, leans: &mut Leans) {
        for (line, command) in self.0.iter().filter(|(at, _)| *at > line) {
            let message = format!("`{command}` (line {line}) {UNSEEN}");
            leans.add(Arc::new(Assumption::new(*line, "/", message)));
        }
    }
}

/// Returns true if a command may see link counts and times: a command that shows them, or one that is not fully known.
/// A build tool compares times, and `find` may act on what it finds.
fn may_observe(step: &Step) -> bool {
    let name = base_name(step.command.split_whitespace().next().unwrap_or_default());
    match step.effect {
        Effect::Touches { .. } | Effect::Footprint(_) => !BLIND.contains(&name),
        Effect::Anything => true,
        Effect::None | Effect::Certain(_) | Effect::Perhaps(_) => METADATA_READERS.contains(&name),
    }
}
