//! Waivers: differences that the maintainers accepted. It never changes a verdict itself.

use globset::{Glob, GlobMatcher};

use crate::analysis::rule::{Finding, RuleId};
use crate::builders::{self, BuilderRuleId};
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
    /// Those of builders: the glob of the file that runs the build, the rule and the reason.
    builders: Vec<(GlobMatcher, &'static str, String)>,
}

impl Waivers {
    /// Reads the waivers of `layerwright.toml`.
    ///
    /// # Errors
    ///
    /// [`UnknownRule`] for a rule that is not in the table.
    pub(crate) fn new(config: &Config) -> Result<Self, UnknownRule> {
        let (mut entries, mut of_builders) = (Vec::new(), Vec::new());
        for waiver in &config.waivers {
            let Ok(glob) = Glob::new(&waiver.file) else { continue };
            if let Some(rule) = builders::find(&waiver.rule) {
                of_builders.push((glob.compile_matcher(), rule.name, waiver.reason.clone()));
                continue;
            }
            let rule = RuleId::find(&waiver.rule).ok_or_else(|| UnknownRule(waiver.rule.clone()))?;
            let kept = Waiver {
                file: waiver.file.clone(),
                rule,
                path: waiver.path.clone(),
                reason: waiver.reason.clone(),
            };
            entries.push((glob.compile_matcher(), kept));
        }
        Ok(Self { entries, builders: of_builders })
    }

    /// Returns waivers that accept nothing.
    pub fn none() -> Self {
        Self { entries: Vec::new(), builders: Vec::new() }
    }

    /// Returns the reason of the waiver that accepts a rule of a builder at the file that runs it.
    pub(super) fn of_builder(&self, rule: BuilderRuleId, path: &str) -> Option<&str> {
        let accepts =
            |(glob, name, _): &&(GlobMatcher, &str, String)| *name == rule.rule().name && glob.is_match(path);
        self.builders.iter().find(accepts).map(|(_, _, reason)| reason.as_str())
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
