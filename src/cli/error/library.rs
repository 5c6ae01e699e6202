//! Errors of the library as errors of the command line: their kind, and the remedy as a command.

use super::Error;
use crate::ops::{
    AcceptError, CheckError, EvidenceFolderError, InspectError, JudgeError, LinkInTheWay, MigrateError,
    PlanningError, ReportingError, RevertError, SavedPlanError, StatusError, VerifyError, WorkspaceError,
    WriteError,
};

/// The command that makes a plan of the present files.
pub(super) const PLAN_AGAIN: &str = "plan again: layerwright plan --save";

/// `?` takes the errors of operations by value.
macro_rules! by_value {
    ($($error:ty),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::from(&error)
            }
        })*
    };
}

by_value!(AcceptError, CheckError, InspectError, MigrateError, PlanningError, ReportingError);
by_value!(RevertError, SavedPlanError, StatusError, VerifyError, WorkspaceError);

impl From<&LinkInTheWay> for Error {
    fn from(error: &LinkInTheWay) -> Self {
        Self::refused(error)
            .hint("only files of the repository itself are written; put a folder or a file in its place")
    }
}

impl From<&WorkspaceError> for Error {
    fn from(error: &WorkspaceError) -> Self {
        match error {
            WorkspaceError::NotAFolder { .. } => {
                Self::usage(error).hint("`layerwright inspect FILE` looks at single files")
            }
            WorkspaceError::OddConfigFile => Self::usage(error).hint("write it as a file, or remove it"),
            WorkspaceError::LinkInTheWay(error) => error.into(),
            WorkspaceError::Git(error) => Self::environment(error),
            WorkspaceError::Open { .. }
            | WorkspaceError::ConfigFile(_)
            | WorkspaceError::Config(_)
            | WorkspaceError::CampaignDir { .. } => Self::usage(error),
        }
    }
}

impl From<&WriteError> for Error {
    fn from(error: &WriteError) -> Self {
        Self::environment(error).hint(
            "nothing of it was changed; free space or give write permission, then run the command again",
        )
    }
}

impl From<&JudgeError> for Error {
    fn from(error: &JudgeError) -> Self {
        Self::usage(error)
    }
}

impl From<&EvidenceFolderError> for Error {
    fn from(error: &EvidenceFolderError) -> Self {
        match error {
            EvidenceFolderError::File { .. } => Self::usage(error)
                .hint("remove that file, then verify its Dockerfile again: layerwright verify FILE"),
            EvidenceFolderError::Workspace(error) => error.into(),
            EvidenceFolderError::Folder { .. }
            | EvidenceFolderError::Git(_)
            | EvidenceFolderError::Json(_) => Self::environment(error),
        }
    }
}

impl From<&SavedPlanError> for Error {
    fn from(error: &SavedPlanError) -> Self {
        match error {
            SavedPlanError::NotAPlan { .. } => Self::usage(error).hint(PLAN_AGAIN),
            SavedPlanError::Missing { .. } => {
                Self::usage(error).hint("make it with: layerwright plan --save; or name one with --plan FILE")
            }
            SavedPlanError::OtherRepository { .. } => Self::refused(error)
                .hint("fetch that commit, or plan this repository: layerwright plan --save"),
            SavedPlanError::Git(error) => Self::environment(error),
            SavedPlanError::Workspace(error) => error.into(),
            SavedPlanError::Unreadable { .. } | SavedPlanError::Plan { .. } => Self::usage(error),
        }
    }
}

impl From<&PlanningError> for Error {
    fn from(error: &PlanningError) -> Self {
        match error {
            PlanningError::EmptyList { .. } => Self::usage(error)
                .hint("each path that looks like a Dockerfile is an entry, in any text or Markdown"),
            PlanningError::Earlier { .. } => Self::refused(error).hint(
                "what people decided in it would be lost; repair it, or pass --afresh to plan without it",
            ),
            PlanningError::NoPlace => Self::usage(error).hint("write it elsewhere: layerwright plan -o FILE"),
            PlanningError::EarlierUnreadable { .. } => Self::usage(error),
            PlanningError::Workspace(error) => error.into(),
            PlanningError::Judge(error) => error.into(),
            PlanningError::Write(error) => error.into(),
            PlanningError::Evidence(error) => error.into(),
            PlanningError::Git(error) => Self::environment(error),
        }
    }
}

impl From<&InspectError> for Error {
    fn from(error: &InspectError) -> Self {
        Self::usage(error)
    }
}

impl From<&CheckError> for Error {
    fn from(error: &CheckError) -> Self {
        match error {
            CheckError::Workspace(error) => error.into(),
            CheckError::Judge(error) => error.into(),
        }
    }
}
