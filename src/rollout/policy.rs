//! The decisions of the maintainers about pull requests. It never decides anything itself.

use crate::campaign::names::Names;
use crate::config::{Config, Report, Trust};

/// The decisions of the maintainers about pull requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The names of the campaign.
    pub names: Names,
    /// `[campaign] trust`: the condition for a file's pull request.
    pub trust: Trust,
    /// `[report]`.
    pub report: Report,
    /// True if a tracking issue is opened when there is none.
    pub create_issue: bool,
}

impl Policy {
    /// Returns the policy of `layerwright.toml`.
    pub fn new(config: &Config) -> Self {
        Self {
            names: Names::new(&config.campaign.dir),
            trust: config.campaign.trust,
            report: config.report.clone(),
            create_issue: false,
        }
    }
}
