//! The notices that an operation reports while it works.

use std::collections::BTreeSet;
use std::path::Path;

use super::{ChangeError, ChecksNeverRun, MadeBranch, RememberedError};
use crate::analysis::Verdict;
use crate::campaign::evidence::Evidence;
use crate::campaign::evidence::EvidenceState;
use crate::campaign::names::Purpose;
use crate::git::{CommitId, RepoPath};
use crate::github::IssueAddress;
use crate::images::ImageError;
use crate::images::engine::EngineError;
use crate::images::registry::Event as RegistryEvent;
use crate::verify::run::Event;

/// A function that receives the notices of an operation, from any thread. `&|_| {}` ignores them.
pub type Watch<'a> = dyn Fn(&Notice<'_>) + Sync + 'a;

/// A notice of an operation.
#[derive(Clone, Copy, Debug)]
pub enum Notice<'a> {
    /// An activity begins.
    Began(Activity),
    /// The activity is over.
    Ended(Activity),
    /// One of the files of [`Activity::Judging`] is done.
    Judged,
    /// The issue that lists files was transferred.
    IssueMoved {
        /// Its former address.
        address: &'a IssueAddress,
        /// Its present page.
        url: Option<&'a str>,
    },
    /// Dockerfiles with uncommitted changes, which the plan of a commit ignores.
    Uncommitted {
        /// The files.
        files: &'a BTreeSet<RepoPath>,
        /// The commit that is read.
        commit: &'a CommitId,
    },
    /// A description of a setting in `layerwright.toml` that has no effect.
    WithoutEffect(&'a str),
    /// Something about base images.
    BaseImages(BaseImagesNotice<'a>),
    /// No requested file is left to change.
    NothingToDo,
    /// These files are about to be changed without evidence that is up to date.
    Unverified(&'a [(String, EvidenceState)]),
    /// A file was written to the working tree.
    Written {
        /// The file.
        path: &'a str,
        /// The number of its changed instructions.
        lines: usize,
        /// The purpose: linked or restored.
        purpose: Purpose,
    },
    /// A file has its branch.
    Branch(&'a MadeBranch),
    /// A file gets no branch.
    Refused(&'a ChangeError),
    /// A line cannot be restored because it changed after the migration.
    LineLeft {
        /// The file.
        path: &'a str,
        /// The number of the line in the planned text.
        line: usize,
    },
    /// Pull requests are opened even though their required checks never run.
    ChecksNeverRun(&'a ChecksNeverRun),
    /// A description of something that a report skipped.
    PassedOver(&'a str),
    /// These files are not verified because they differ from the planned ones.
    Stale(&'a [ChangeError]),
    /// The number of files of a wave that are not built, because they are verified.
    AlreadyVerified(usize),
    /// Files are about to be built, which executes their instructions.
    Executes,
    /// The verification of a file runs this command of `layerwright.toml`, if it is allowed.
    Command {
        /// The file.
        path: &'a str,
        /// The command.
        command: &'a str,
    },
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
    /// An event of a file that is being verified.
    Build {
        /// The number of the file.
        number: usize,
        /// The event.
        event: &'a Event<'a>,
    },
    /// A file is verified.
    Verified {
        /// The number of the file.
        number: usize,
        /// Its evidence.
        evidence: &'a Evidence,
    },
    /// Evidence that an earlier version left in the working tree was moved.
    EvidenceMoved {
        /// The number of files.
        files: usize,
        /// The folder of the evidence of this clone.
        to: &'a Path,
    },
    /// A folder that should hold evidence does not exist.
    NoEvidenceFolder(&'a Path),
    /// The earlier evidence of a file is kept because the new evidence shows less.
    EvidenceKept {
        /// The file.
        path: &'a str,
    },
}

/// A notice about base images.
#[derive(Clone, Copy, Debug)]
pub enum BaseImagesNotice<'a> {
    /// The facts that the campaign remembers cannot be used.
    NotRemembered(&'a RememberedError),
    /// The engine that the configuration asks for does not answer.
    NoEngine(&'a EngineError),
    /// Something that happens while images of registries are read.
    Registry(&'a RegistryEvent<'a>),
    /// The engine or the registry has this image, or may have it, and it cannot be read.
    Unread {
        /// The image.
        image: &'a str,
        /// The cause.
        error: &'a ImageError,
    },
    /// The image has another digest than the campaign remembers.
    Moved {
        /// The image.
        image: &'a str,
        /// The digest that it had.
        from: &'a str,
        /// The digest that it has.
        to: &'a str,
        /// The instructions that are judged in another way.
        changed: &'a [ChangedVerdict],
    },
    /// The facts about what is below this path of an image are too many to be remembered.
    TooManyFacts {
        /// The image.
        image: &'a str,
        /// The path.
        path: &'a str,
    },
}

/// An instruction whose verdict changed with its base image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChangedVerdict {
    /// The file.
    pub path: String,
    /// The line.
    pub line: usize,
    /// The verdict before.
    pub before: Verdict,
    /// The verdict now.
    pub now: Verdict,
    /// The first reason of the verdict; empty if it has none.
    pub why: String,
}

/// A part of an operation that can take long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Activity {
    /// Requests to GitHub.
    GitHub,
    /// The search for Dockerfiles.
    Discovery,
    /// The search in the history for listed files that are gone.
    Reconciliation,
    /// Reading Compose files, workflows, scripts and similar files.
    Builds,
    /// Judging the instructions of Dockerfiles.
    Judging {
        /// The number of Dockerfiles.
        files: usize,
    },
    /// Reading base images from registries.
    Registries,
    /// Exporting build contexts.
    Export,
}

/// Runs `work` between the notices of an activity.
pub(super) fn during<T>(watch: &Watch<'_>, activity: Activity, work: impl FnOnce() -> T) -> T {
    watch(&Notice::Began(activity));
    let done = work();
    watch(&Notice::Ended(activity));
    done
}
