//! Shows the progress of an operation: a live line on a terminal, and remarks on standard error.

use std::collections::BTreeSet;
use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use super::verify::lines::Lines;
use super::{Error, Format, change, write};
use crate::campaign::evidence::EvidenceState;
use crate::campaign::names::Purpose;
use crate::git::{CommitId, RepoPath};
use crate::images::registry::Event;
use crate::ops::{Activity, BaseImagesNotice, ChangedVerdict, MadeBranch, Notice};
use crate::text::escape::shown_lines;
use crate::text::figures;
use crate::text::words::{count, form, short_id};

/// The interval at which a live line is redrawn.
const TICK: Duration = Duration::from_millis(100);

/// The warning before anything is executed.
const EXECUTES: &str = "verify executes the instructions of the files and the commands of layerwright.toml; \
                        no other command executes anything from a repository";

/// The maximum number of files that a remark names.
const NAMED: usize = 5;

/// Shows the notices of an operation.
pub(crate) struct Progress {
    /// The live line of the activity.
    bar: Mutex<ProgressBar>,
    /// The live lines of the files that are verified.
    lines: Lines,
    /// True if each branch is printed as soon as it is created.
    prints_branches: bool,
    /// The first error of standard output.
    failed: Mutex<Option<Error>>,
}

impl Progress {
    /// Creates a display that shows nothing yet.
    pub(crate) fn new() -> Self {
        Self {
            bar: Mutex::new(ProgressBar::hidden()),
            lines: Lines::new(),
            prints_branches: false,
            failed: Mutex::default(),
        }
    }

    /// As [`new`](Self::new). In the human format, each branch is printed as soon as it is created.
    pub(crate) fn with_branches(format: Format) -> Self {
        Self { prints_branches: format == Format::Human, ..Self::new() }
    }

    /// Returns the error of standard output, if there was one.
    pub(crate) fn end(self) -> Result<(), Error> {
        self.failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// Shows a notice.
    pub(crate) fn show(&self, notice: &Notice<'_>) {
        match *notice {
            Notice::Began(activity) => self.bar(|bar| {
                bar.finish_and_clear();
                *bar = line(activity);
            }),
            Notice::Ended(_) => self.bar(|bar| bar.finish_and_clear()),
            Notice::Judged => self.bar(|bar| bar.inc(1)),
            Notice::Uncommitted { files, commit } => uncommitted(files, commit),
            Notice::WithoutEffect(what) => write::remark(&format!("note: {what}")),
            Notice::BaseImages(notice) => write::remark(&base_images(notice)),
            Notice::NothingToDo => {
                write::remark("nothing to do: no requested line is waiting for --link");
            }
            Notice::Unverified(files) => unverified(files),
            Notice::Written { path, lines, purpose } => {
                let done = match (purpose, lines) {
                    (Purpose::Migrate, 0) => "written",
                    (Purpose::Migrate, _) => "linked",
                    (Purpose::Revert, 0) => "removed",
                    (Purpose::Revert, _) => "restored",
                };
                let what = if lines == 0 { "the header".to_owned() } else { count(lines, "line") };
                write::remark(&format!("{path}: {what} {done}"));
            }
            Notice::Branch(branch) => self.branch(branch),
            Notice::Refused(error) => {
                Error::from(error).report();
            }
            Notice::LineLeft { path, line } => {
                write::remark(&format!(
                    "{path}: line {line} of the plan has changed since and is not touched"
                ));
            }
            Notice::IssueMoved { address, url } => {
                let now = url.unwrap_or("in another repository");
                write::remark(&format!("note: {address} was transferred; it is now {now}"));
            }
            Notice::ChecksNeverRun(error) => write::remark(&format!("note: {error}")),
            Notice::PassedOver(what) => write::remark(what),
            Notice::Stale(errors) => {
                if let Some(error) = Error::all(errors.iter().map(Error::from).collect()) {
                    error.report();
                }
            }
            Notice::AlreadyVerified(files) => write::remark(&already_verified(files)),
            Notice::Executes => write::remark(EXECUTES),
            Notice::Command { path, command } => {
                write::remark(&format!("{path}: layerwright.toml runs `{command}`"));
            }
            Notice::Verifying { number, files, path, earlier } => {
                self.lines.begin(number, files, path, earlier);
            }
            Notice::Build { number, event } => self.lines.show(number, event),
            Notice::Verified { number, evidence } => self.lines.end(number, evidence),
            Notice::EvidenceMoved { .. } | Notice::NoEvidenceFolder(_) | Notice::EvidenceKept { .. } => {
                write::remark(&evidence(notice));
            }
        }
    }

    fn branch(&self, branch: &MadeBranch) {
        if !self.prints_branches {
            return;
        }
        if let Err(error) = write::stdout(&shown_lines(&change::branch_line(branch))) {
            self.failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        }
    }

    fn bar(&self, change: impl FnOnce(&mut ProgressBar)) {
        change(&mut self.bar.lock().unwrap_or_else(PoisonError::into_inner));
    }
}

/// Returns a remark about evidence.
fn evidence(notice: &Notice<'_>) -> String {
    match *notice {
        Notice::EvidenceMoved { files, to } => {
            let files = count(files, "file");
            format!("note: {files} of evidence moved from the working tree to {}", to.display())
        }
        Notice::NoEvidenceFolder(folder) => {
            format!("note: no evidence is read from {}: it does not exist", folder.display())
        }
        Notice::EvidenceKept { path } => {
            format!(
                "{path}: the earlier evidence is kept: it compared the images, and this verification shows less"
            )
        }
        _ => String::new(),
    }
}

/// Says how many files of a wave are not built, and how to build them again.
fn already_verified(files: usize) -> String {
    let are = form(files, "is", "are");
    format!("{} of the wave {are} verified already; name a file to build it again", count(files, "file"))
}

/// Names the Dockerfiles whose changes are not read.
fn uncommitted(files: &BTreeSet<RepoPath>, commit: &CommitId) {
    let named: Vec<&str> = files.iter().take(NAMED).map(RepoPath::as_str).collect();
    let more = match files.len().saturating_sub(NAMED) {
        0 => String::new(),
        more => format!(" and {} more", count(more, "file")),
    };
    write::remark(&format!(
        "note: commit {} was read: changes that are not committed are ignored, in {}{more}",
        short_id(commit.as_str()),
        named.join(", ")
    ));
}

/// Returns a remark about base images.
fn base_images(notice: BaseImagesNotice<'_>) -> String {
    match notice {
        BaseImagesNotice::NotRemembered(error) => format!(
            "note: {error}\n  nothing of it is used: restore it, or remove it and save the plan again with --rootfs or --bases"
        ),
        BaseImagesNotice::NoEngine(error) => {
            format!("note: no base image of the engine is read: {error}")
        }
        BaseImagesNotice::Registry(event) => of_registry(event),
        BaseImagesNotice::Unread { image, error } => format!("note: {image} is not read: {error}"),
        BaseImagesNotice::Moved { image, from, to, changed } => moved(image, from, to, changed),
        BaseImagesNotice::TooManyFacts { image, path } => format!(
            "note: {image} has too much below {path} to remember; to judge the lines that depend on it, read the image \
             each time"
        ),
    }
}

/// Returns a remark about an image that has another digest than before.
fn moved(image: &str, from: &str, to: &str, changed: &[ChangedVerdict]) -> String {
    let short = |digest: &str| short_id(digest.strip_prefix("sha256:").unwrap_or(digest)).to_owned();
    let mut text = format!(
        "note: {image} moved from {} to {}: {} {} another verdict",
        short(from),
        short(to),
        count(changed.len(), "instruction"),
        form(changed.len(), "has", "have"),
    );
    for ChangedVerdict { path, line, before, now, why } in changed.iter().take(NAMED) {
        let why = if why.is_empty() { String::new() } else { format!(": {why}") };
        text = format!("{text}\n  {path}:{line}: {} instead of {}{why}", now.words(), before.words());
    }
    match changed.len().saturating_sub(NAMED) {
        0 => text,
        more => format!("{text}\n  and {}", count(more, "other instruction")),
    }
}

/// Returns a remark about registries.
fn of_registry(event: &Event<'_>) -> String {
    match *event {
        Event::Reading { images, bytes } => {
            format!("reading {} from registries: {}", count(images, "base image"), figures::bytes(bytes))
        }
        Event::Waiting { host, pause, why } => {
            format!("{host}: {why}; retrying in {}", humantime::format_duration(pause))
        }
        Event::Helper { program, registry } => {
            format!("{program} is asked for the credentials of {registry}")
        }
        Event::BadCredentials { path, why } => {
            format!("note: no credentials are read from {}: {why}", path.display())
        }
        Event::Pulls { host, left } => format!("{host} allows {} for now", count_of_pulls(left)),
    }
}

fn count_of_pulls(left: u64) -> String {
    format!("{left} more {}", if left == 1 { "pull" } else { "pulls" })
}

/// Prints the files that are not verified.
fn unverified(files: &[(String, EvidenceState)]) {
    for (path, state) in files.iter().take(NAMED) {
        write::remark(&format!("note: {path}: {state}"));
    }
    if files.len() > NAMED {
        write::remark(&format!("note: and {} more", count(files.len() - NAMED, "file")));
    }
    write::remark(
        "note: before you open a pull request, verify that the image does not change: layerwright verify",
    );
}

/// Returns the live line of an activity, with a count if the number of files is known. Hidden if standard error is not
/// a terminal.
fn line(activity: Activity) -> ProgressBar {
    let bar = ProgressBar::hidden();
    if !std::io::stderr().is_terminal() || write::is_quiet() {
        return bar;
    }
    let style = match activity {
        Activity::Judging { files } => {
            bar.set_length(u64::try_from(files).unwrap_or(u64::MAX));
            ProgressStyle::with_template("{spinner} {msg} {human_pos} of {human_len}  {wide_bar}")
        }
        _ => ProgressStyle::with_template("{spinner} {wide_msg}"),
    };
    bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_spinner()));
    bar.set_message(name(activity));
    // Everything that is drawn is drawn in this style, and with one height: what was drawn before would stay.
    bar.set_draw_target(ProgressDrawTarget::stderr());
    bar.enable_steady_tick(TICK);
    bar
}

fn name(activity: Activity) -> &'static str {
    match activity {
        Activity::Discovery => "Finding Dockerfiles",
        Activity::Reconciliation => "Searching the history for listed files",
        Activity::Builds => "Finding how Dockerfiles are built",
        Activity::Judging { .. } => "Judging Dockerfiles",
        Activity::GitHub => "Contacting GitHub",
        Activity::Registries => "Reading base images",
        Activity::Export => "Exporting build contexts",
    }
}
