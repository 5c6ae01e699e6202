//! What an operation reports while it works.

use super::{ChangeError, ChecksNeverRun, MadeBranch};
use crate::campaign::evidence::Evidence;
use crate::campaign::evidence::EvidenceState;
use crate::campaign::names::Purpose;
use crate::github::IssueAddress;
use crate::verify::run::Event;

/// Takes the notices of an operation, from any thread. `&|_| {}` ignores them.
pub type Watch<'a> = dyn Fn(&Notice<'_>) + Sync + 'a;

/// Something that an operation reports while it works.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// An activity begins.
    Began(Activity),
    /// The activity is over.
    Ended(Activity),
    /// One of the files of [`Activity::Judging`] is done.
    Judged,
    /// The issue that lists files has moved.
    IssueMoved {
        /// Its former address.
        address: &'a IssueAddress,
        /// Its present page.
        url: Option<&'a str>,
    },
    /// This number of Dockerfiles have changes that the commit does not have. The plan does not see them.
    Uncommitted(usize),
    /// Something in `layerwright.toml` that has no effect, in words.
    WithoutEffect(&'a str),
    /// No file that was asked for is left to change.
    NothingToDo,
    /// These files are about to be changed without evidence that is up to date.
    Unverified(&'a [(String, EvidenceState)]),
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
    /// Pull requests are opened although their required checks never run.
    ChecksNeverRun(&'a ChecksNeverRun),
    /// Something that a report passed over, in words.
    PassedOver(&'a str),
    /// These files are not verified: they are not the ones that were planned.
    Stale(&'a [ChangeError]),
    /// Files are about to be built, which executes what they say.
    Executes,
    /// The verification of a file begins.
    Verifying {
        /// The number of the file, counted from 1.
        number: usize,
        /// The number of files.
        files: usize,
        /// The file.
        path: &'a str,
        /// Its earlier evidence.
        earlier: Option<&'a Evidence>,
    },
    /// Something happens to a file that is verified.
    Build {
        /// The number of the file.
        number: usize,
        /// What happens.
        event: &'a Event<'a>,
    },
    /// A file is verified.
    Verified {
        /// The number of the file.
        number: usize,
        /// Its evidence.
        evidence: &'a Evidence,
    },
    /// The earlier evidence of a file stays, because the new one shows less.
    EvidenceKept {
        /// The file.
        path: &'a str,
    },
}

/// A part of an operation that can take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// GitHub is asked.
    GitHub,
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
    /// Build contexts are exported.
    Export,
}

/// Does something as an activity.
pub(super) fn during<T>(watch: &Watch<'_>, activity: Activity, work: impl FnOnce() -> T) -> T {
    watch(&Notice::Began(activity));
    let done = work();
    watch(&Notice::Ended(activity));
    done
}
