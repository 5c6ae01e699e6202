//! What an operation reports while it works.

use super::{ChangeError, MadeBranch};
use crate::campaign::evidence::status::Standing;
use crate::campaign::names::Purpose;

/// Takes the events of an operation, from any thread. `&|_| {}` ignores them.
pub type Watch<'a> = dyn Fn(&Event<'_>) + Sync + 'a;

/// Something that happens in an operation.
#[derive(Clone, Copy, Debug)]
pub enum Event<'a> {
    /// A phase begins.
    Began(Phase),
    /// The phase is over.
    Ended(Phase),
    /// One of the files of [`Phase::Judging`] is done.
    Judged,
    /// This number of Dockerfiles have changes that the commit does not have. The plan does not see them.
    Uncommitted(usize),
    /// Something in `layerwright.toml` that has no effect, in words.
    WithoutEffect(&'a str),
    /// These files are about to be changed without evidence that is up to date.
    Unverified(&'a [(String, Standing)]),
    /// A file was written to the working tree.
    Written {
        /// The file.
        path: &'a str,
        /// The number of its instructions that changed.
        lines: usize,
        /// Whether they were linked or restored.
        purpose: Purpose,
    },
    /// A file has its branch.
    Branch(&'a MadeBranch),
    /// A file gets no branch.
    Refused(&'a ChangeError),
    /// A line cannot be restored, because people changed it since.
    LineLeft {
        /// The file.
        path: &'a str,
        /// Its number in the text that was planned.
        line: usize,
    },
}

/// A part of an operation that can take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Dockerfiles are found.
    Discovery,
    /// The history of listed files that are gone is read.
    Reconciliation,
    /// Compose files, workflows, scripts and the like are read.
    Builds,
    /// The instructions of Dockerfiles are judged.
    Judging {
        /// How many Dockerfiles there are.
        files: usize,
    },
}

/// Does something as a phase.
pub(super) fn during<T>(watch: &Watch<'_>, phase: Phase, work: impl FnOnce() -> T) -> T {
    watch(&Event::Began(phase));
    let done = work();
    watch(&Event::Ended(phase));
    done
}
