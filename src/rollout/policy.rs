//! What people decided about pull requests.

use crate::campaign::names::Names;
use crate::config::{Config, Report, Trust};

/// What people decided about pull requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// The names of the campaign.
    pub names: Names,
    /// `[campaign] trust`: what a file needs to go out.
    pub trust: Trust,
    /// `[report]`.
    pub report: Report,
    /// True if a tracking issue is opened where there is none.
    pub create_issue: bool,
}

impl Policy {
    /// What `layerwright.toml` says.
    pub fn new(config: &Config) -> Self {
        Self {
            names: Names::new(&config.campaign.dir),
            trust: config.campaign.trust,
            report: config.report.clone(),
            create_issue: false,
        }
    }
}
