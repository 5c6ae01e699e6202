//! The arguments of `check`. It never reads a file.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::super::knowledge::BaseImageArguments;

/// The arguments of `check`.
#[derive(Debug, Args)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of the command line")]
pub(crate) struct CheckArguments {
    /// A file or folder of this repository to limit the files to, or another repository or folder
    pub(super) path: Option<PathBuf>,
    /// Report what the index adds to HEAD, for a pre-commit hook [default: the tracked files of the working tree]
    #[arg(long, conflicts_with = "rev")]
    pub(super) staged: bool,
    /// Read this commit
    #[arg(long, value_name = "REV")]
    pub(super) rev: Option<String>,
    #[command(flatten)]
    pub(super) base_images: BaseImageArguments,
    /// Set a build argument; may be repeated
    #[arg(long = "build-arg", value_name = "NAME=VALUE")]
    pub(super) build_args: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t)]
    pub(super) format: CheckFormat,
    /// Report only what this commit does not have already
    #[arg(long, value_name = "REV")]
    pub(super) since: Option<String>,
    /// Report only what this file does not have already
    #[arg(long, value_name = "FILE")]
    pub(super) baseline: Option<PathBuf>,
    /// Write the findings to this file, for --baseline
    #[arg(long, value_name = "FILE", conflicts_with_all = ["baseline", "fix"])]
    pub(super) write_baseline: Option<PathBuf>,
    /// Also report instructions that could be linked and are not
    #[arg(long)]
    pub(super) ratchet: bool,
    /// Write the edits that are proved to keep the image
    #[arg(long, conflicts_with_all = ["rev", "staged"])]
    pub(super) fix: bool,
    /// With --fix: also write the other edits; with --verbose: show them
    #[arg(long)]
    pub(super) unsafe_fixes: bool,
    /// Findings that make the exit code 1 [default: all but `ignores`; with --format sarif: never]
    #[arg(long, value_name = "KIND", value_enum, value_delimiter = ',')]
    pub(super) fail_on: Vec<FailOn>,
    /// Show the line of each finding, and its edit
    #[arg(short, long)]
    pub(super) verbose: bool,
}

/// The findings that make the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum FailOn {
    /// No finding
    Never,
    /// Any finding
    Any,
    /// Linked lines that change the image
    Unsafe,
    /// Linked lines without effect
    NoEffect,
    /// Headers that are too old
    Header,
    /// Linked lines of which too little is known to judge them
    Unknown,
    /// Dockerfiles that are not read
    Unread,
    /// Builders that reject linked lines
    Rejects,
    /// Builders that ignore linked lines
    Ignores,
    /// Wrong advice
    Advice,
    /// Ignore comments and waivers that accept nothing
    Unused,
    /// With --ratchet: lines that could be linked
    Unlinked,
}

/// The format of findings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub(super) enum CheckFormat {
    /// Text for people
    #[default]
    Human,
    /// JSON on standard output
    Json,
    /// Annotations for GitHub Actions
    Github,
    /// SARIF 2.1.0, for code scanning
    Sarif,
    /// GitLab's code quality report
    Gitlab,
    /// `JUnit` XML
    Junit,
}
