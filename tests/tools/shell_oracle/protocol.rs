//! What the oracle and its worker say to each other: one JSON document a line.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::tree::{Changes, Tree};

/// Scripts to run one after the other in a fresh root.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Job {
    /// The root, by its place in [`super::root::ROOTS`].
    pub root: usize,
    /// The text of an executable file at [`super::sample::SCRIPT`].
    pub script: Option<String>,
    pub steps: Vec<Step>,
}

/// One command.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Step {
    pub argv: Vec<String>,
    pub env: BTreeMap<String, String>,
    pub workdir: String,
    pub user: (u32, u32),
}

/// How a job ended.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Outcome {
    /// Every step succeeded.
    Done {
        changes: Changes,
        /// The content of `/etc/passwd` and `/etc/group`, where they changed and are files.
        accounts: BTreeMap<String, String>,
    },
    /// A step failed or ran for too long: a build would stop there.
    Failed,
}

/// A root as it is before any job. The worker's first words are all of them.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Before {
    pub tree: Tree,
    pub passwd: String,
    pub group: String,
}
