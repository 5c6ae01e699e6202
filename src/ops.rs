//! The operations of Layerwright, one for each subcommand: options in, a result out.
//!
//! An operation prints nothing. It reads neither the environment nor the system's clock: tokens, the time and what a
//! person chose come in as values of its options. Each reports what happens meanwhile as an [`Event`].
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
pub(crate) mod atomic;
mod branches;
mod change;
mod check;
mod config;
mod event;
pub(crate) mod evidence;
mod inspect;
mod judge;
mod knowledge;
mod migrate;
mod plan;
pub(crate) mod planned_text;
pub(crate) mod present;
mod revert;
pub(crate) mod saved_plan;
pub(crate) mod selection;
pub(crate) mod workspace;

pub use accept::{AcceptError, AcceptOptions, Accepted, accept};
pub use atomic::WriteError;
pub use branches::MadeBranch;
pub use change::{Change, ChangeError, Changed, Mode, ModeError, StaleText};
pub use check::{CheckError, CheckOptions, check};
pub use config::configuration;
pub use event::{Event, Phase, Watch};
pub use evidence::{BadFile, EvidenceFolderError};
pub use inspect::{InspectError, InspectOptions, NamedText, inspect};
pub use judge::JudgeError;
pub use knowledge::Knowledge;
pub use migrate::{MigrateError, MigrateOptions, migrate};
pub use plan::{ListText, PlanOptions, Planned, PlanningError, Save, Saved, plan};
pub use planned_text::PlannedTextError;
pub use revert::{RevertError, RevertOptions, RevertResult, revert};
pub use saved_plan::{SavedPlanError, read_plan};
pub use selection::{Selection, SelectionError};
pub use workspace::{LinkInTheWay, WorkspaceError};
