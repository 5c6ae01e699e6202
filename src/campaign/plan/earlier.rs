//! The decisions of an earlier plan, which a new plan keeps. It never reads a plan file.

use std::collections::HashMap;

use super::file::{Decided, File, Plan};
use crate::analysis::Verdict;

/// The decisions of an earlier plan: its waves stay, and so do the entries that people wrote into it.
#[derive(Clone, Debug, Default)]
pub struct Earlier {
    waves: HashMap<String, usize>,
    decided: HashMap<String, Decided>,
    poc_reason: String,
}

impl Earlier {
    /// Returns the decisions of `plan`.
    pub(crate) fn new(plan: &Plan) -> Self {
        let mut earlier = Self::default();
        for file in &plan.files {
            earlier.waves.extend(file.wave.map(|wave| (file.path.clone(), wave)));
            earlier.decided.extend(file.decided.clone().map(|decided| (file.path.clone(), decided)));
        }
        let poc = plan.waves.first().filter(|wave| wave.number == 0);
        earlier.poc_reason = poc.map(|wave| wave.reason.clone()).unwrap_or_default();
        earlier
    }

    /// Returns the decision that people made for a file by hand.
    pub(super) fn decided(&self, path: &str) -> Option<&Decided> {
        self.decided.get(path)
    }

    /// Returns the reason why the proof of concept was chosen.
    pub(super) fn poc_reason(&self) -> &str {
        &self.poc_reason
    }

    /// Puts files back into their earlier waves: those that are edited, and those that are done. With a header everywhere,
    /// a file may be done that has nothing but the header.
    pub(super) fn keep_waves(&self, files: &mut [File], headers_everywhere: bool) {
        for file in files {
            let headed = headers_everywhere && file.syntax.current.is_some();
            let done = headed || file.sites.iter().any(|site| site.verdict == Verdict::Linked);
            if file.is_edited() || done {
                file.wave = self.waves.get(&file.path).copied();
            }
        }
    }
}
