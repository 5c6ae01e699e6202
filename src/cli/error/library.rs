//! Converts errors of the library to errors of the command line: the kind, and the remedy as a command.

use super::Error;
use crate::images::ImageError;
use crate::images::engine::EngineError;
use crate::images::registry::RegistryError;
use crate::ops::{
    AcceptError, CheckError, DecideError, EvidenceFolderError, InitError, InspectError, JudgeError,
    LinkInTheWay, MigrateError, PlanningError, RememberedError, ReportingError, RevertError, SavedPlanError,
    SourceError, StatusError, VerifyError, WorkspaceError, WriteError,
};
use crate::text::words::{count, list};

/// The maximum number of images that a hint names.
const NAMED: usize = 5;

/// The hint with the command that plans the present files.
pub(super) const PLAN_AGAIN: &str = "plan again: layerwright plan --save";

/// Converts the errors of operations by value, for `?`.
macro_rules! by_value {
    ($($error:ty),*) => {
        $(impl From<$error> for Error {
            fn from(error: $error) -> Self {
                Self::from(&error)
            }
        })*
    };
}

by_value!(
    AcceptError,
    CheckError,
    DecideError,
    InitError,
    InspectError,
    MigrateError,
    PlanningError,
    ReportingError
);
by_value!(RevertError, SavedPlanError, StatusError, VerifyError, WorkspaceError);

impl From<&LinkInTheWay> for Error {
    fn from(error: &LinkInTheWay) -> Self {
        Self::refused(error)
            .hint("only files inside the repository are written; replace the link by a folder or a file")
    }
}

impl From<&WorkspaceError> for Error {
    fn from(error: &WorkspaceError) -> Self {
        match error {
            WorkspaceError::NotAFolder { .. } => {
                Self::usage(error).hint("inspect single files: layerwright inspect FILE")
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

impl From<&InitError> for Error {
    fn from(error: &InitError) -> Self {
        match error {
            InitError::Exists => {
                Self::refused(error).hint("see what it sets: layerwright plan --print-config")
            }
            InitError::NoPlace | InitError::Path(_) => Self::usage(error),
            InitError::Workspace(error) => error.into(),
            InitError::Plan(error) => error.into(),
            InitError::Write(error) => error.into(),
        }
    }
}

impl From<&WriteError> for Error {
    fn from(error: &WriteError) -> Self {
        Self::environment(error).hint(
            "the file was not changed; free disk space or grant write permission, then run the command again",
        )
    }
}

impl From<&ImageError> for Error {
    fn from(error: &ImageError) -> Self {
        let ImageError::Unused { meant, used, .. } = error else { return Self::usage(error) };
        let told = match meant {
            Some(meant) => Self::usage(error).hint(format_args!("did you mean `--rootfs {meant}=…`?")),
            None => Self::usage(error),
        };
        let named: Vec<String> = used.iter().take(NAMED).map(|name| format!("`{name}`")).collect();
        told.hint(match used.len().saturating_sub(NAMED) {
            _ if used.is_empty() => "the Dockerfiles use no base image".to_owned(),
            0 => format!("the Dockerfiles use {}", list(&named)),
            more => format!("the Dockerfiles use {} and {}", named.join(", "), count(more, "other image")),
        })
    }
}

impl From<&EngineError> for Error {
    fn from(error: &EngineError) -> Self {
        Self::environment(error)
            .hint("start the engine that `docker version` talks to; or leave out --bases engine")
    }
}

impl From<&SourceError> for Error {
    fn from(error: &SourceError) -> Self {
        match error {
            SourceError::Engine(error) => error.into(),
            SourceError::Registry(error @ RegistryError::Authority { .. }) => Self::usage(error),
            SourceError::Registry(error) => Self::environment(error),
        }
    }
}

impl From<&JudgeError> for Error {
    fn from(error: &JudgeError) -> Self {
        match error {
            JudgeError::Image(error) => error.into(),
            JudgeError::Source(error) => error.into(),
            JudgeError::Waiver(_) | JudgeError::Pattern(_) => Self::usage(error),
        }
    }
}

impl From<&EvidenceFolderError> for Error {
    fn from(error: &EvidenceFolderError) -> Self {
        match error {
            EvidenceFolderError::File { .. } => Self::usage(error)
                .hint("remove that file, then verify its Dockerfile again: layerwright verify FILE"),
            EvidenceFolderError::Workspace(error) => error.into(),
            EvidenceFolderError::Write(error) => error.into(),
            EvidenceFolderError::Path(error) => Self::usage(error),
            EvidenceFolderError::Folder { .. }
            | EvidenceFolderError::Git(_)
            | EvidenceFolderError::Json(_) => Self::environment(error),
        }
    }
}

impl From<&SavedPlanError> for Error {
    fn from(error: &SavedPlanError) -> Self {
        match error {
            SavedPlanError::NotAPlan { .. } => Self::usage(error).hint(
                "repair the file; or plan again without the decisions in it: layerwright plan --save --afresh",
            ),
            SavedPlanError::Missing { .. } => {
                Self::usage(error).hint("create one: layerwright plan --save; or name one: --plan FILE")
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
            PlanningError::EmptyList { .. } => {
                Self::usage(error).hint("write one path of a Dockerfile for each entry, in text or Markdown")
            }
            PlanningError::Earlier { .. } => Self::refused(error).hint(
                "the decisions in it would be lost; repair the file, or pass --afresh to plan without it",
            ),
            PlanningError::Remembered(RememberedError::LinkInTheWay(error)) => error.into(),
            PlanningError::Workspace(error)
            | PlanningError::Remembered(RememberedError::Workspace(error)) => error.into(),
            PlanningError::Remembered(error) => Self::refused(error).hint(
                "the facts in it would be lost; restore the file, or remove it and pass --rootfs again",
            ),
            PlanningError::NoDockerfile { .. } | PlanningError::EarlierUnreadable { .. } => {
                Self::usage(error)
            }
            PlanningError::NoPlace => Self::usage(error).hint("write it elsewhere: layerwright plan -o FILE"),
            PlanningError::Judge(error) => error.into(),
            PlanningError::Write(error) => error.into(),
            PlanningError::Evidence(error) => error.into(),
            PlanningError::Git(error) => Self::environment(error),
        }
    }
}

impl From<&DecideError> for Error {
    fn from(error: &DecideError) -> Self {
        match error {
            DecideError::Workspace(error) => error.into(),
            DecideError::SavedPlan(error) => error.into(),
            DecideError::Selection(error) => error.into(),
            DecideError::Write(error) => error.into(),
            DecideError::Planning(error) => error.into(),
            DecideError::Bare | DecideError::Path(_) => Self::usage(error),
        }
    }
}

impl From<&InspectError> for Error {
    fn from(error: &InspectError) -> Self {
        match error {
            InspectError::Image(error) => error.into(),
            InspectError::Source(error) => error.into(),
            InspectError::NoContext(_) | InspectError::IgnoreFile(_) => Self::usage(error),
        }
    }
}

impl From<&CheckError> for Error {
    fn from(error: &CheckError) -> Self {
        match error {
            CheckError::Workspace(error) => error.into(),
            CheckError::Judge(error) => error.into(),
            CheckError::Git(error) => Self::environment(error),
            CheckError::Since { .. } | CheckError::NoRepository { .. } => Self::usage(error),
            CheckError::NoBaseline { .. } | CheckError::Baseline { .. } => Self::environment(error),
        }
    }
}
