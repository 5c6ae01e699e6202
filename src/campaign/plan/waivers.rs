//! Waivers: differences that the maintainers accepted. It never changes a verdict itself.

use globset::{Glob, GlobMatcher};

use crate::analysis::rule::{Finding, RuleId};
use crate::campaign::plan::file::Waiver;
use crate::config::Config;

/// The error of a waiver whose rule does not exist.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("unknown rule `{0}` in a waiver; `layerwright explain` lists the rules")]
pub struct UnknownRule(pub(crate) String);

/// The waivers of a campaign, with compiled globs.
#[derive(Debug)]
pub struct Waivers {
    entries: Vec<(GlobMatcher, Waiver)>,
}

impl Waivers {
    /// Reads the waivers of `layerwright.toml`.
    ///
    /// # Errors
    ///
    /// [`UnknownRule`] for a rule that is not in the table.
    pub(crate) fn new(config: &Config) -> Result<Self, UnknownRule> {
        let mut entries = Vec::new();
        for waiver in &config.waivers {
            let rule = RuleId::find(&waiver.rule).ok_or_else(|| UnknownRule(waiver.rule.clone()))?;
            let Ok(glob) = Glob::new(&waiver.file) else { continue };
            let kept = Waiver {
                file: waiver.file.clone(),
                rule,
                path: waiver.path.clone(),
                reason: waiver.reason.clone(),
            };
            entries.push((glob.compile_matcher(), kept));
        }
        Ok(Self { entries })
    }

    /// Returns waivers that accept nothing.
    pub fn none() -> Self {
        Self { entries: Vec::new() }
    }

    /// Returns the waivers in the form of the plan.
    pub(super) fn listed(&self) -> Vec<Waiver> {
        self.entries.iter().map(|(_, waiver)| waiver.clone()).collect()
    }

    /// Returns the waiver that accepts a finding in a file.
    pub(crate) fn accepting(&self, path: &str, finding: &Finding) -> Option<&Waiver> {
        let accepts = |(glob, waiver): &&(GlobMatcher, Waiver)| {
            glob.is_match(path)
                && waiver.rule == finding.rule
                && (waiver.path.is_empty() || waiver.path == finding.path)
        };
        self.entries.iter().find(accepts).map(|(_, waiver)| waiver)
    }
}
