//! Differences that somebody accepts.

use globset::{Glob, GlobMatcher};

use crate::analysis::rule::{Finding, RuleId};
use crate::campaign::plan::file::Waiver;
use crate::config::Config;

/// A waiver names no rule of the table.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a waiver names the rule `{0}`, which is none; `layerwright explain` lists them")]
pub struct UnknownRule(pub String);

/// The accepted differences, ready to be asked.
#[derive(Debug)]
pub struct Waivers {
    entries: Vec<(GlobMatcher, RuleId, Waiver)>,
}

impl Waivers {
    /// Reads the waivers of `layerwright.toml`.
    ///
    /// # Errors
    ///
    /// [`UnknownRule`] for a rule that is not in the table.
    pub fn new(config: &Config) -> Result<Self, UnknownRule> {
        let mut entries = Vec::new();
        for waiver in &config.waivers {
            let rule = RuleId::find(&waiver.rule).ok_or_else(|| UnknownRule(waiver.rule.clone()))?;
            let Ok(glob) = Glob::new(&waiver.file) else { continue };
            let kept = Waiver {
                file: waiver.file.clone(),
                rule: waiver.rule.clone(),
                path: waiver.path.clone(),
                reason: waiver.reason.clone(),
            };
            entries.push((glob.compile_matcher(), rule, kept));
        }
        Ok(Self { entries })
    }

    /// Nothing is accepted.
    pub fn none() -> Self {
        Self { entries: Vec::new() }
    }

    /// As the plan lists them.
    pub(super) fn listed(&self) -> Vec<Waiver> {
        self.entries.iter().map(|(_, _, waiver)| waiver.clone()).collect()
    }

    /// The waiver that accepts a finding in a file.
    pub fn accepting(&self, path: &str, finding: &Finding) -> Option<&Waiver> {
        let accepts = |(glob, rule, waiver): &&(GlobMatcher, RuleId, Waiver)| {
            glob.is_match(path)
                && *rule == finding.rule
                && (waiver.path.is_empty() || waiver.path == finding.path)
        };
        self.entries.iter().find(accepts).map(|(_, _, waiver)| waiver)
    }
}
