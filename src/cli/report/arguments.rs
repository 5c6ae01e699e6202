//! The command line of `report`.

use std::path::PathBuf;

use clap::Args;

use super::super::{EvidenceArguments, Format, GitHubArguments};
use crate::github::IssueAddress;

/// The arguments of `report`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own")]
pub(crate) struct ReportArguments {
    /// Print the actions and their texts, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Write each pull request as a patch and a text to this folder; contacts no forge
    #[arg(long, value_name = "DIR", conflicts_with_all = ["repo", "app_id", "issue"])]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) github: GitHubArguments,
    /// The tracking issue; needed once, later runs find it by the label of the campaign
    #[arg(long, value_name = "OWNER/REPO#N", conflicts_with = "create_issue")]
    pub(crate) issue: Option<IssueAddress>,
    /// Open a tracking issue if there is none
    #[arg(long)]
    pub(crate) create_issue: bool,
    #[command(flatten)]
    pub(crate) evidence: EvidenceArguments,
    /// Let evidence verify a file only if it has a valid signature
    #[arg(long)]
    pub(crate) require_signed: bool,
    /// Check signatures of evidence with the key in this file [default: with `LAYERWRIGHT_EVIDENCE_KEY`, if it is set]
    #[arg(long, value_name = "FILE")]
    pub(crate) evidence_key: Option<PathBuf>,
    /// Open pull requests even if the required checks of the base branch would never run on them
    #[arg(long)]
    pub(crate) allow_no_checks: bool,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) repository: PathBuf,
    /// Use this plan [default: the saved plan]
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// Write the status page to this file, as one self-contained HTML page
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "out"])]
    pub(crate) status_page: Option<PathBuf>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
