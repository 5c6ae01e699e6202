//! What an earlier plan decided, which planning again keeps.

use std::collections::HashMap;

use super::file::{Decided, File, Plan};
use crate::analysis::Verdict;

/// What an earlier plan decided: waves stay as they are, and so does what people wrote into it.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    waves: HashMap<String, usize>,
    decided: HashMap<String, Decided>,
    poc_reason: String,
}

impl Earlier {
    /// What `plan` decided.
    pub fn new(plan: &Plan) -> Self {
        let mut earlier = Self::default();
        for file in &plan.files {
            earlier.waves.extend(file.wave.map(|wave| (file.path.clone(), wave)));
            earlier.decided.extend(file.decided.clone().map(|decided| (file.path.clone(), decided)));
        }
        let poc = plan.waves.first().filter(|wave| wave.number == 0);
        earlier.poc_reason = poc.map(|wave| wave.reason.clone()).unwrap_or_default();
        earlier
    }

    /// What people decided for a file by hand.
    pub(super) fn decided(&self, path: &str) -> Option<&Decided> {
        self.decided.get(path)
    }

    /// Why the proof of concept was chosen.
    pub(super) fn poc_reason(&self) -> &str {
        &self.poc_reason
    }

    /// Puts files into the waves that they were in: those that have something to do still, and those that are done.
    pub(super) fn keep_waves(&self, files: &mut [File]) {
        for file in files {
            let done = file.sites.iter().any(|site| site.verdict == Verdict::Linked);
            if file.selected().next().is_some() || done {
                file.wave = self.waves.get(&file.path).copied();
            }
        }
    }
}
