//! Errors of `migrate` and `revert`.

use std::path::Path;

use super::Error;
use super::library::PLAN_AGAIN;
use crate::git::BranchError;
use crate::ops::{
    AcceptError, ChangeError, MigrateError, Mode, ModeError, PlannedTextError, RevertError, SelectionError,
};
use crate::text::command;

impl From<&SelectionError> for Error {
    fn from(error: &SelectionError) -> Self {
        match error {
            SelectionError::NoFile { path, meant } => {
                let told = Self::usage(error);
                if Path::new(path).is_file() {
                    return told.hint(PLAN_AGAIN);
                }
                let told = match meant {
                    Some(meant) => told.hint(format!("did you mean {meant}?")),
                    None => told,
                };
                told.hint("write the path relative to this folder, or as in the plan, relative to the repository's root")
            }
            SelectionError::NoWave { .. } => Self::usage(error),
            SelectionError::Skipped { .. } => Self::refused(error),
            SelectionError::Linked { .. } => Self::refused(error)
                .hint("to build it again, check out the commit before its merge, and plan there"),
            SelectionError::NothingToLink { path } => {
                let command = command::layerwright(["inspect", &command::path(path)]);
                Self::refused(error).hint(format!("show the reasons: {command}"))
            }
        }
    }
}

impl From<&ModeError> for Error {
    fn from(error: &ModeError) -> Self {
        match error {
            ModeError::NoRepository { .. } => {
                Self::usage(error).hint("write the change to the folder with --write")
            }
            ModeError::Bare => {
                Self::usage(error).hint("show the change with --diff, or commit it to a branch with --commit")
            }
        }
    }
}

impl From<&PlannedTextError> for Error {
    fn from(error: &PlannedTextError) -> Self {
        match error {
            PlannedTextError::Rewrite { .. } => Self::refused(error),
            PlannedTextError::Header { .. } | PlannedTextError::OtherText { .. } => {
                Self::refused(error).hint(PLAN_AGAIN)
            }
            PlannedTextError::Git(error) => Self::environment(error),
        }
    }
}

impl From<&ChangeError> for Error {
    fn from(error: &ChangeError) -> Self {
        match error {
            ChangeError::Stale { .. } => Self::refused(error).hint(PLAN_AGAIN),
            ChangeError::Uncommitted { .. } => {
                Self::refused(error).hint("commit or stash them, then run the command again")
            }
            ChangeError::Link { .. } => Self::refused(error)
                .hint("plan again to edit the target of the link: layerwright plan --save"),
            ChangeError::NotAFile { .. } | ChangeError::TooLarge { .. } => {
                Self::refused(error).hint("restore it: git checkout -- FILE")
            }
            ChangeError::NothingLinked { .. } => {
                Self::refused(error).hint("name the plan that linked its lines: --plan FILE")
            }
            ChangeError::Unreadable { .. } | ChangeError::Read(_) | ChangeError::Revert { .. } => {
                Self::refused(error)
            }
            ChangeError::Original { path, .. } => {
                let hint = format!("the plan judged {path} as this object");
                Self::environment(error).hint(hint)
            }
            ChangeError::NoHistory | ChangeError::Path(_) | ChangeError::Id(_) | ChangeError::Message(_) => {
                Self::usage(error)
            }
            ChangeError::LinkInTheWay(error) => error.into(),
            ChangeError::Planned(error) => error.into(),
            ChangeError::Write(error) => error.into(),
            ChangeError::Branch(error) => error.into(),
            ChangeError::Git(error) => Self::environment(error),
        }
    }
}

impl From<&BranchError> for Error {
    fn from(error: &BranchError) -> Self {
        let refused = |hint: &str| Self::refused(error).hint(hint);
        match error {
            BranchError::NoIdentity { .. } => Self::environment(error)
                .hint("git config user.name \"Your Name\"")
                .hint("git config user.email you@example.com"),
            BranchError::NotAFile { .. } => refused(PLAN_AGAIN),
            BranchError::Taken { branch, .. } => refused(&format!(
                "merge it, or give it another name: git branch -m {branch} NAME; then run the command again"
            )),
            BranchError::CheckedOut { .. } => {
                refused("switch that working tree to another branch: git switch NAME")
            }
            BranchError::InTheWay { other, .. } => {
                refused(&format!("give it another name: git branch -m {other} NAME"))
            }
            BranchError::Locked { .. } => refused("if no git process runs here, remove that file"),
            BranchError::Moved { .. } => refused("run the command again"),
            BranchError::Busy { .. } => refused("wait for it, then run the command again"),
            BranchError::Git(error) => Self::environment(error),
        }
    }
}

impl From<&MigrateError> for Error {
    fn from(error: &MigrateError) -> Self {
        match error {
            MigrateError::Unfinished { mode, .. } => Self::refused(error).hint(match mode {
                Mode::Commit => "merge its branches into the base first, or pass --ahead-of-waves",
                Mode::Diff | Mode::Write => "finish it first, or pass --ahead-of-waves",
            }),
            MigrateError::Contradiction { path } => {
                let command = command::layerwright(["verify", &command::path(path)]);
                Self::refused(error).hint(format!("reproduce it: {command}")).hint(
                    "please report it; leave the file out until then: [[files.skip]] in layerwright.toml",
                )
            }
            MigrateError::Workspace(error) => error.into(),
            MigrateError::Mode(error) => error.into(),
            MigrateError::SavedPlan(error) => error.into(),
            MigrateError::Judge(error) => error.into(),
            MigrateError::Selection(error) => error.into(),
            MigrateError::Evidence(error) => error.into(),
            MigrateError::Change(error) => error.into(),
            MigrateError::Git(error) => Self::environment(error),
        }
    }
}

impl From<&RevertError> for Error {
    fn from(error: &RevertError) -> Self {
        match error {
            RevertError::NoPlan => {
                Self::usage(error).hint("name the plan that the lines were linked by: --plan FILE")
            }
            RevertError::Workspace(error) => error.into(),
            RevertError::Mode(error) => error.into(),
            RevertError::SavedPlan(error) => error.into(),
            RevertError::Selection(error) => error.into(),
            RevertError::Change(error) => error.into(),
        }
    }
}

impl From<&AcceptError> for Error {
    fn from(error: &AcceptError) -> Self {
        match error {
            AcceptError::UnknownRule(_) => Self::usage(error).hint("`layerwright explain` lists the rules"),
            AcceptError::Bare | AcceptError::Unreadable(_) | AcceptError::Config(_) => Self::usage(error),
            AcceptError::Workspace(error) => error.into(),
            AcceptError::Write(error) => error.into(),
        }
    }
}
