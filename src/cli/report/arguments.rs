//! The command line of `report`.

use std::path::PathBuf;

use clap::Args;

use super::super::{Format, GitHubArguments};
use crate::github::IssueAddress;

/// Arguments of `report`.
#[derive(Debug, Args)]
pub(crate) struct ReportArguments {
    /// Print what would be done, with all texts, and write nothing
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Ask no forge: write each pull request as a patch and a text to this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["repo", "app_id", "issue"])]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) github: GitHubArguments,
    /// The tracking issue; once it is named, it is found by the campaign's label
    #[arg(long, value_name = "OWNER/REPO#N", conflicts_with = "create_issue")]
    pub(crate) issue: Option<IssueAddress>,
    /// Open a tracking issue where there is none
    #[arg(long)]
    pub(crate) create_issue: bool,
    /// Open pull requests although the checks that the base branch requires would never run on them
    #[arg(long)]
    pub(crate) allow_no_checks: bool,
    /// A folder of the repository
    #[arg(long, value_name = "DIR", default_value = ".")]
    pub(crate) repository: PathBuf,
    /// The plan; without it, the one in the repository
    #[arg(long, value_name = "FILE")]
    pub(crate) plan: Option<PathBuf>,
    /// Write how far the campaign is to this file: one HTML page that needs nothing else
    #[arg(long, value_name = "FILE", conflicts_with_all = ["dry_run", "out"])]
    pub(crate) status_page: Option<PathBuf>,
    /// How the result is printed
    #[arg(long, value_enum, default_value_t)]
    pub(crate) format: Format,
}
