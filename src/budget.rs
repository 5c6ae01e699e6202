//! The work that one file may cost. A repository is hostile input: a file that costs too much, or that meets a defect of
//! this program, is reported and ends nothing but the work on itself.
//!
//! Work is counted in units, not in seconds, so the same file gives the same result on every machine. A unit is about as
//! much as one look-up of a path.

use std::any::Any;
use std::cell::{Cell, RefCell};
use std::fs::OpenOptions;
use std::io::{self, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::panic::{self, AssertUnwindSafe, PanicHookInfo};
use std::path::Path;
use std::sync::Once;
use std::thread;

/// The units that one file may cost.
pub(crate) const WORK: u64 = 4_000_000;

/// The units of a node or a sentence that is stored: it takes memory until the end of the file's work.
pub(crate) const STORED: usize = 6;

/// The bytes of text that are copied or matched for a unit.
pub(crate) const BYTES: usize = 64;

/// The bytes of text that are stored for a unit.
pub(crate) const STORED_BYTES: usize = 8;

/// Returns the units of a path of so many bytes, in addition to those of its look-up: a long one is compared with others that
/// begin in the same way.
pub(crate) fn long_path(bytes: usize) -> usize {
    4 * (bytes / BYTES)
}

/// The most bytes of a plan, and of a file that an argument names.
pub(crate) const MOST_INPUT: u64 = 64 << 20;

/// Reads a regular file of at most `most` bytes. A pipe or a device may never end, so neither is opened for long.
///
/// # Errors
///
/// The error of the system, also if the file is larger or is not a regular file.
pub(crate) fn read_file(at: &Path, most: u64) -> io::Result<Vec<u8>> {
    // Without this flag, the open of a pipe waits for its other end.
    let flags = rustix::fs::OFlags::NONBLOCK.bits().cast_signed();
    let file = OpenOptions::new().read(true).custom_flags(flags).open(at)?;
    if !file.metadata()?.is_file() {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "it is not a regular file"));
    }
    read_within(file, most)
}

/// Reads all of a stream of at most `most` bytes.
///
/// # Errors
///
/// The error of the system, also if there are more.
pub(crate) fn read_within(from: impl Read, most: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(most.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > most {
        return Err(io::Error::new(io::ErrorKind::FileTooLarge, format!("it has more than {most} bytes")));
    }
    Ok(bytes)
}

/// The reason why the work on a file ended early.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Ended {
    /// It cost more than [`WORK`].
    #[error("it is too complex to judge: divide it, or exclude it in [files] of layerwright.toml")]
    TooMuch,
    /// It met a defect of this program.
    #[error("a defect of layerwright ended the work on it ({message}); please report it with the file")]
    Defect {
        /// The message of the panic, and its place.
        message: String,
    },
}

/// The payload of the unwinding that ends work which costs too much.
struct OverBudget;

thread_local! {
    /// The units that are left; `None` outside of [`contained`].
    static LEFT: Cell<Option<u64>> = const { Cell::new(None) };
    /// The message of the last panic inside of [`contained`].
    static MESSAGE: RefCell<String> = const { RefCell::new(String::new()) };
}

/// Does the work on one file. A panic and work beyond [`WORK`] end it alone.
///
/// # Errors
///
/// [`Ended`] if the work did not reach its end.
pub(crate) fn contained<T>(work: impl FnOnce() -> T) -> Result<T, Ended> {
    contained_within(WORK, work).0
}

/// Like [`contained`], with another budget. Also returns the units that were spent; they do not count outside of it.
pub(crate) fn contained_within<T>(budget: u64, work: impl FnOnce() -> T) -> (Result<T, Ended>, u64) {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let usual = panic::take_hook();
        panic::set_hook(Box::new(
            move |info| if LEFT.get().is_some() { remember(info) } else { usual(info) },
        ));
    });
    let outer = LEFT.replace(Some(budget));
    // What the work has changed is dropped with it, or is behind locks that stay valid.
    let done = panic::catch_unwind(AssertUnwindSafe(work));
    let spent = budget - LEFT.replace(outer).unwrap_or_default();
    (done.map_err(|payload| ended(&*payload)), spent)
}

/// The units that work on many files may cost in all, of which no one costs more than [`WORK`].
#[derive(Debug)]
pub(crate) struct SharedBudget(Cell<u64>);

impl SharedBudget {
    /// Creates a budget for the work of so many files that cost [`WORK`] each.
    pub(crate) fn of(files: u64) -> Self {
        Self(Cell::new(files * WORK))
    }

    /// Like [`contained`]. What it costs is taken from the whole.
    ///
    /// # Errors
    ///
    /// [`Ended`] if the work did not reach its end.
    pub(crate) fn contained<T>(&self, work: impl FnOnce() -> T) -> Result<T, Ended> {
        let (done, spent) = contained_within(self.0.get().min(WORK), work);
        self.0.set(self.0.get() - spent);
        done
    }
}

/// Counts units of work. Beyond the budget of the file, the work on it ends here.
pub(crate) fn spend(units: usize) {
    let Some(left) = LEFT.get() else { return };
    let rest = left.checked_sub(units as u64);
    LEFT.set(Some(rest.unwrap_or_default()));
    if rest.is_none() {
        panic::resume_unwind(Box::new(OverBudget));
    }
}

/// Counts the bytes of a text that is stored, before it is.
pub(crate) fn store(bytes: usize) {
    spend(1 + bytes / STORED_BYTES);
}

/// Returns a text with each `from` replaced, which is stored. It is counted before it is made: a short text may have many.
pub(crate) fn replaced(text: &str, from: &str, to: &str) -> String {
    store(text.len().saturating_add(text.matches(from).count().saturating_mul(to.len())));
    text.replace(from, to)
}

/// Does work on a thread of its own with so many bytes of stack. It is part of the work of this thread: it has the same
/// budget, and what ends it ends both. `None` if the system gives no such thread.
pub(crate) fn on_stack<T: Send>(bytes: usize, work: impl FnOnce() -> T + Send) -> Option<T> {
    let left = LEFT.get();
    let run = move || {
        LEFT.set(left);
        let done = panic::catch_unwind(AssertUnwindSafe(work));
        (done, LEFT.get(), MESSAGE.take())
    };
    let (done, rest, message) = thread::scope(|scope| {
        thread::Builder::new().stack_size(bytes).spawn_scoped(scope, run).ok()?.join().ok()
    })?;
    LEFT.set(rest);
    match done {
        Ok(result) => Some(result),
        Err(payload) => {
            MESSAGE.set(message);
            panic::resume_unwind(payload)
        }
    }
}

/// Ends the work on a file because of a defect of this program. Outside of such work, only a debug build ends there.
pub(crate) fn defect(message: &str) {
    assert!(!cfg!(debug_assertions) && LEFT.get().is_none(), "{message}");
}

fn remember(info: &PanicHookInfo<'_>) {
    let place = info.location().map(|at| format!("{}:{}: ", at.file(), at.line())).unwrap_or_default();
    let message = info.payload_as_str().unwrap_or("a panic without a message");
    MESSAGE.set(format!("{place}{message}"));
}

fn ended(payload: &(dyn Any + Send)) -> Ended {
    if payload.is::<OverBudget>() { Ended::TooMuch } else { Ended::Defect { message: MESSAGE.take() } }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_panic_ends_the_work_on_its_file_alone() {
        let ended = contained(|| "a–b".split_at(2).0.len()).unwrap_err();
        assert!(matches!(&ended, Ended::Defect { message } if message.contains("char boundary")), "{ended}");
        assert_eq!(contained(|| 1), Ok(1));
    }

    #[test]
    fn work_beyond_the_budget_ends() {
        let work = || {
            for _ in 0..10 {
                spend(1);
            }
        };
        assert_eq!(contained_within(10, work), (Ok(()), 10));
        assert_eq!(contained_within(9, work), (Err(Ended::TooMuch), 9));
        assert_eq!(contained_within(1, || contained_within(10, work).1), (Ok(10), 0));
        spend(usize::MAX);
    }

    #[test]
    fn work_on_a_stack_of_its_own_has_the_same_budget_and_end() {
        let work = |units: usize| on_stack(64 << 10, move || spend(units));
        assert_eq!(contained_within(10, || (work(4), work(6))), (Ok((Some(()), Some(()))), 10));
        assert_eq!(contained_within(10, || (work(4), work(7))), (Err(Ended::TooMuch), 10));
        let ended = contained(|| on_stack(64 << 10, || panic!("on a stack"))).unwrap_err();
        assert!(matches!(&ended, Ended::Defect { message } if message.contains("on a stack")), "{ended}");
        assert_eq!(on_stack(64 << 10, || spend(usize::MAX)), Some(()));
        assert_eq!(contained_within(1, || on_stack(usize::MAX / 2, || spend(1))), (Ok(None), 0));
    }

    #[test]
    fn a_file_is_regular_and_of_moderate_size() {
        let folder = tempfile::tempdir().unwrap();
        let (file, pipe) = (folder.path().join("file"), folder.path().join("pipe"));
        std::fs::write(&file, "1234").unwrap();
        let mode = rustix::fs::Mode::RUSR | rustix::fs::Mode::WUSR;
        rustix::fs::mknodat(rustix::fs::CWD, &pipe, rustix::fs::FileType::Fifo, mode, 0).unwrap();
        assert_eq!(read_file(&file, 4).unwrap(), b"1234");
        assert_eq!(read_file(&file, 3).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        for odd in [pipe.as_path(), Path::new("/dev/zero"), folder.path()] {
            assert_eq!(
                read_file(odd, 4).unwrap_err().kind(),
                io::ErrorKind::InvalidInput,
                "{}",
                odd.display()
            );
        }
    }
}
