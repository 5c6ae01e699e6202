//! Verifies the files of a verification, several at a time.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::SystemTime;

use super::{Built, VerifyEnd};
use crate::campaign::evidence::{Evidence, EvidenceKey, EvidenceState};
use crate::ops::evidence::{Assessed, Place};
use crate::ops::{Notice, Watch};
use crate::verify::run::{self, Edit, Job};

/// The files of a verification.
pub(super) struct Files<'a> {
    pub(super) job: &'a Job<'a>,
    pub(super) edits: &'a [Edit<'a>],
    /// The folder of the evidence.
    pub(super) place: &'a Place,
    /// The evidence before this verification.
    pub(super) earlier: &'a Assessed,
    pub(super) clock: &'a (dyn Fn() -> SystemTime + Sync),
    pub(super) key: Option<&'a EvidenceKey>,
    pub(super) watch: &'a Watch<'a>,
}

impl Files<'_> {
    /// Verifies the files with several threads. After the first early end, no thread starts another file.
    pub(super) fn all(&self, jobs: NonZeroUsize) -> Built {
        let next = AtomicUsize::new(0);
        let done: Mutex<Vec<(usize, Evidence)>> = Mutex::default();
        let ended: Mutex<Option<VerifyEnd>> = Mutex::default();
        let work = || {
            loop {
                let at = next.fetch_add(1, Ordering::SeqCst);
                let Some(edit) = self.edits.get(at).filter(|_| locked(&ended).is_none()) else { return };
                match self.one(at + 1, edit) {
                    Ok(evidence) => locked(&done).push((at, evidence)),
                    Err(end) => drop(locked(&ended).get_or_insert(end)),
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..jobs.get().min(self.edits.len()) {
                scope.spawn(work);
            }
        });
        let mut done = std::mem::take(&mut *locked(&done));
        done.sort_by_key(|(at, _)| *at);
        let evidence = done.into_iter().map(|(_, evidence)| evidence).collect();
        let end = locked(&ended).take();
        (evidence, end)
    }

    /// Verifies one file, counted from 1, and writes its evidence.
    fn one(&self, number: usize, edit: &Edit<'_>) -> Result<Evidence, VerifyEnd> {
        let (watch, path) = (self.watch, edit.file.path.as_str());
        let earlier = self.earlier.evidence.get(path);
        watch(&Notice::Verifying { number, files: self.edits.len(), path, earlier });
        let began = humantime::format_rfc3339_seconds((self.clock)()).to_string();
        let evidence = run::verify(self.job, edit, began, &|event| watch(&Notice::Build { number, event }))?;
        // Whoever can write to a cache could make the evidence by hand.
        let is_own = !self.job.replays_another_cache();
        let evidence = match self.key.filter(|_| is_own) {
            Some(key) => evidence.signed(key),
            None => evidence,
        };
        watch(&Notice::Verified { number, evidence: &evidence });
        let is_kept = |earlier: &Evidence| {
            let state = self.earlier.states.get(path).unwrap_or(&EvidenceState::Missing);
            earlier.outlasts(state, &evidence)
        };
        if earlier.is_some_and(is_kept) {
            watch(&Notice::EvidenceKept { path });
        } else {
            self.place.write(&evidence).map_err(|error| VerifyEnd::Failed(error.into()))?;
        }
        Ok(evidence)
    }
}

/// Locks a mutex. The content stays valid if a thread panicked.
fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
