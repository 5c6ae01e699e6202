//! The operations of Layerwright, one for each subcommand: options in, a result out.
//!
//! An operation prints nothing. It reads neither the environment nor the system's clock: tokens, the time and the
//! choices of the user are values of its options. It reports its progress as [`Notice`]s.
//!
//! ```
//! use layerwright::ops::{self, PlanOptions};
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! # let folder = tempfile::tempdir()?;
//! std::fs::write(folder.path().join("Dockerfile"), "FROM scratch\nCOPY a /a\nCOPY b /b/\n")?;
//! let planned = ops::plan(&PlanOptions::new(folder.path()), &|_| {})?;
//! assert_eq!(planned.plan.files[0].selected().count(), 1);
//! # Ok(())
//! # }
//! ```

mod accept;
mod atomic;
mod base_images;
mod branches;
mod cache;
mod change;
mod check;
mod config;
mod decide;
mod evidence;
mod explain_build;
mod github;
mod init;
mod inspect;
mod judge;
mod knowledge;
mod local_progress;
mod migrate;
mod notice;
mod plan;
mod planned_text;
mod present;
mod replace;
mod report;
mod revert;
mod saved_plan;
mod selection;
mod status;
mod verify;
mod workspace;

pub use accept::{AcceptError, AcceptOptions, Accepted, accept};
pub use atomic::WriteError;
pub use base_images::{IncompleteBase, RememberedError, SourceError};
pub use branches::MadeBranch;
pub use cache::{CacheError, cache, clear_cache};
pub use change::{Change, ChangeError, Changed, Mode, ModeError, StaleText};
pub use check::{CheckError, CheckOptions, CheckedFiles, FixError, Fixed, Fixes, check, fix, write_baseline};
pub use config::configuration;
pub use decide::{DecideError, DecideOptions, DecidedFile, decide};
pub use evidence::{BadFile, EvidenceFolderError};
pub(crate) use explain_build::{ExplainedBuilds, explain_build};
pub use github::{ChecksNeverRun, Credentials, GitHubAccess, GitHubAccessError, issue_list};
pub use init::{InitError, init};
pub use inspect::{InspectError, InspectOptions, Inspected, NamedText, inspect};
pub use judge::JudgeError;
pub use knowledge::Knowledge;
pub use migrate::{MigrateError, MigrateOptions, migrate};
pub use notice::{Activity, BaseImagesNotice, ChangedVerdict, Notice, Watch};
pub use plan::{ListText, PlanOptions, Planned, PlanningError, Save, Saved, plan};
pub use planned_text::PlannedTextError;
pub use report::{
    GitHubReport, PerformedAction, ReportOptions, ReportOutput, ReportTarget, Reported, ReportingError,
    TemplateError, report,
};
pub use revert::{RevertError, RevertOptions, RevertResult, revert};
pub use saved_plan::{SavedPlanError, read_plan};
pub use selection::{Selection, SelectionError};
pub use status::{StatusError, StatusOptions, status};
pub use verify::{
    DryRun, FilesToVerify, PlannedBuild, PlannedFile, PlannedStep, Shard, Verified, VerifyEnd, VerifyError,
    VerifyOptions, dry_run, shards, verify,
};
pub(crate) use workspace::Scope;
pub use workspace::{LinkInTheWay, WorkspaceError};
