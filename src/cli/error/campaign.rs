//! Errors of `status`, `report` and `verify`.

use super::Error;
use crate::campaign::evidence::KEY_VARIABLE;
use crate::ops::{ChecksNeverRun, GitHubAccessError, ReportingError, StatusError, VerifyError};

impl From<&GitHubAccessError> for Error {
    fn from(error: &GitHubAccessError) -> Self {
        match error {
            GitHubAccessError::NoRepository => {
                Self::usage(error).hint("name it with --repo OWNER/REPO")
            }
            GitHubAccessError::NoToken => Self::usage(error)
                .hint("set GITHUB_TOKEN: contents, pull requests and issues need write access, checks read access")
                .hint("or use a GitHub App with --app-id and --app-key"),
            GitHubAccessError::NotInClone { .. } => Self::environment(error).hint(
                "fetch it: git fetch origin; or name the repository that this is a clone of with --repo",
            ),
            GitHubAccessError::GitHub(error) => Self::environment(error),
            GitHubAccessError::Git(error) => Self::environment(error),
        }
    }
}

impl From<&ChecksNeverRun> for Error {
    fn from(error: &ChecksNeverRun) -> Self {
        Self::refused(error)
            .hint("use a GitHub App with --app-id and --app-key; its pull requests start workflows")
            .hint("if you close and reopen each pull request to start the checks, pass --allow-no-checks")
    }
}

impl From<&StatusError> for Error {
    fn from(error: &StatusError) -> Self {
        match error {
            StatusError::NoRepository => {
                Self::usage(error).hint("run it in a clone, or name one with --repository DIR")
            }
            StatusError::Workspace(error) => error.into(),
            StatusError::SavedPlan(error) => error.into(),
            StatusError::Evidence(error) => error.into(),
            StatusError::GitHub(error) => error.into(),
            StatusError::Report(error) => error.into(),
            StatusError::Write(error) => error.into(),
            StatusError::Git(error) => Self::environment(error),
            StatusError::Discover(error) => Self::usage(error),
        }
    }
}

impl From<&ReportingError> for Error {
    fn from(error: &ReportingError) -> Self {
        match error {
            ReportingError::NoRepository => {
                Self::usage(error).hint("run it in a clone, or name one with --repository DIR")
            }
            ReportingError::NoKey => {
                Self::usage(error).hint(format!("set {KEY_VARIABLE}, or name a file with --evidence-key"))
            }
            ReportingError::Unsafe { .. } => Self::refused(error)
                .hint("plan again: layerwright plan --save; or waive the difference on the base branch"),
            ReportingError::Planned(error) => error.into(),
            ReportingError::Judge(error) => error.into(),
            ReportingError::IssueElsewhere { .. } => {
                Self::usage(error).hint("name an issue of the repository itself, or pass --create-issue")
            }
            ReportingError::Stopped { .. } => {
                Self::environment(error).hint("run the command again; it continues from the present state")
            }
            ReportingError::Template(error) => Self::usage(error),
            ReportingError::Workspace(error) => error.into(),
            ReportingError::SavedPlan(error) => error.into(),
            ReportingError::GitHub(error) => error.into(),
            ReportingError::ChecksNeverRun(error) => error.into(),
            ReportingError::Evidence(error) => error.into(),
            ReportingError::Write(error) => error.into(),
            ReportingError::Report(error) => Self::environment(error),
            ReportingError::Page(error) => Self::environment(error),
            ReportingError::Git(error) => Self::environment(error),
        }
    }
}

impl From<&VerifyError> for Error {
    fn from(error: &VerifyError) -> Self {
        match error {
            VerifyError::NoPlan => {
                Self::usage(error).hint("create one: layerwright plan --save; or name one: --plan FILE")
            }
            VerifyError::NoPlace => {
                Self::usage(error).hint("name a folder for it: layerwright verify --out DIR")
            }
            VerifyError::ReadOnly { .. } => {
                Self::environment(error).hint("name another folder: layerwright verify --out DIR")
            }
            VerifyError::Evidence(error) => error.into(),
            VerifyError::Busy => {
                Self::environment(error).hint("wait until it finishes, or verify in another clone")
            }
            VerifyError::Workspace(error) => error.into(),
            VerifyError::SavedPlan(error) => error.into(),
            VerifyError::Selection(error) => error.into(),
            VerifyError::Change(error) => error.into(),
            VerifyError::Budget(error) => Self::usage(error),
            VerifyError::Context(error) => Self::environment(error),
            VerifyError::Stop(error) => Self::environment(error),
            VerifyError::Git(error) => Self::environment(error),
        }
    }
}
