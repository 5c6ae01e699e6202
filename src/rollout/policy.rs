//! What people decided about pull requests.

use crate::campaign::branch;
use crate::config::{Config, Report, Trust};

/// What people decided about pull requests.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Policy {
    /// `[campaign] dir`, which names branches.
    pub campaign_dir: String,
    /// The label by which the campaign's pull requests are found.
    pub label: String,
    /// `[campaign] trust`: what a file needs to go out.
    pub trust: Trust,
    /// `[report]`.
    pub report: Report,
    /// Whether a tracking issue is opened where there is none.
    pub create_issue: bool,
}

impl Policy {
    /// What `layerwright.toml` says.
    pub fn new(config: &Config) -> Self {
        Self {
            campaign_dir: config.campaign.dir.clone(),
            label: format!("layerwright/{}", config.campaign.name()),
            trust: config.campaign.trust,
            report: config.report.clone(),
            create_issue: false,
        }
    }

    /// What the names of the campaign's branches start with.
    pub fn branch_prefix(&self) -> String {
        branch::prefix(&self.campaign_dir)
    }
}
