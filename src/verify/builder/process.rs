//! A client process in a process group of its own, which is stopped as a whole.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// How long a process may take to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// Whether somebody wants everything to stop. Its clones are one.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    times: Mutex<u32>,
    heard: Condvar,
}

impl Interrupt {
    /// Nobody asked yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Is asked by SIGINT, SIGTERM and SIGHUP from now on; they no longer end this process.
    ///
    /// # Errors
    ///
    /// What the system says.
    pub fn listen(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let this = self.clone();
        thread::spawn(move || signals.forever().for_each(|_| this.ask()));
        Ok(())
    }

    /// Asks. What is asked twice does not wait for anything to end by itself.
    pub fn ask(&self) {
        *self.times() += 1;
        self.0.heard.notify_all();
    }

    /// Returns true if somebody asked.
    pub fn is_asked(&self) -> bool {
        *self.times() > 0
    }

    fn times(&self) -> MutexGuard<'_, u32> {
        self.0.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets those who wait look again.
    fn wake(&self) {
        let _times = self.times();
        self.0.heard.notify_all();
    }

    /// Waits until `until`, or until `over` has an answer; it is told how often was asked.
    fn wait<T>(&self, until: Option<Instant>, over: impl Fn(u32) -> Option<T>) -> Option<T> {
        let mut times = self.times();
        loop {
            if let Some(answer) = over(*times) {
                return Some(answer);
            }
            times = match until {
                None => self.0.heard.wait(times).unwrap_or_else(PoisonError::into_inner),
                Some(until) => {
                    let left = until.saturating_duration_since(now());
                    if left.is_zero() {
                        return None;
                    }
                    let waited = self.0.heard.wait_timeout(times, left);
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
            };
        }
    }
}

/// The time, to measure how long something takes.
#[expect(clippy::disallowed_methods, reason = "builds have a deadline, and their time is a figure")]
pub(in crate::verify) fn now() -> Instant {
    Instant::now()
}

/// Lets this thread run when nobody else wants to: what a build takes is a figure. Where only whole processes have a
/// priority, nothing happens.
pub(in crate::verify) fn stand_back() {
    #[cfg(target_os = "linux")]
    let _no_matter = rustix::process::setpriority_process(None, 19);
}

/// A command that drives the builder: the user's own, never one of the repository.
#[expect(clippy::disallowed_methods, reason = "the builder is driven through the `docker` command")]
pub(in crate::verify) fn command(program: &Path) -> Command {
    Command::new(program)
}

/// Why a process was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::verify) enum Stopped {
    /// Somebody asked.
    Interrupted,
    /// It took too long.
    TimedOut,
}

/// How a process ended.
#[derive(Clone, Copy, Debug)]
pub(in crate::verify) struct Ended {
    pub(in crate::verify) status: ExitStatus,
    /// `None` if it ended by itself.
    pub(in crate::verify) stopped: Option<Stopped>,
}

/// A process with all that it starts. Dropped, it is killed.
struct Group<'i> {
    child: Child,
    leader: Pid,
    interrupt: &'i Interrupt,
    ended: &'i AtomicBool,
    /// Its number may be another's by now.
    reaped: bool,
}

impl Group<'_> {
    /// Waits until the process has ended. Its number stays taken, so that signals go astray to nobody.
    fn wait(&self) {
        while waitid(WaitId::Pid(self.leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            .is_err_and(|error| error == rustix::io::Errno::INTR)
        {}
        self.ended.store(true, Ordering::SeqCst);
        self.interrupt.wake();
    }

    /// Ends what is left of the group.
    fn kill(&self) {
        signal(self.leader, Signal::KILL);
    }
}

impl Drop for Group<'_> {
    fn drop(&mut self) {
        if !self.reaped {
            self.kill();
            self.wait();
        }
    }
}

/// A group that is gone needs no signal.
fn signal(leader: Pid, signal: Signal) {
    let _gone = kill_process_group(leader, signal);
}

/// Stops the group when it has to be, and says why; `None` if it ended by itself before.
fn supervise(
    leader: Pid,
    interrupt: &Interrupt,
    deadline: Option<Instant>,
    ended: &AtomicBool,
) -> Option<Stopped> {
    let ended = || ended.load(Ordering::SeqCst);
    let reason = interrupt.wait(deadline, |asked| {
        if ended() { Some(None) } else { (asked > 0).then_some(Some(Stopped::Interrupted)) }
    });
    let stopped = reason.unwrap_or(Some(Stopped::TimedOut))?;
    signal(leader, Signal::INT);
    if interrupt.wait(Some(now() + GRACE), |asked| (ended() || asked > 1).then_some(ended())) != Some(true) {
        signal(leader, Signal::KILL);
    }
    Some(stopped)
}

/// Runs a command. `errors` reads what it says, on a thread of its own; `output` reads what it writes, and what it leaves
/// is passed over.
///
/// # Errors
///
/// The command cannot be started.
pub(in crate::verify) fn run<T: Send>(
    mut command: Command,
    interrupt: &Interrupt,
    deadline: Option<Instant>,
    errors: impl FnOnce(ChildStderr) -> T + Send,
    output: impl FnOnce(&mut dyn Read),
) -> io::Result<(Ended, T)> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0);
    let mut child = command.spawn()?;
    let (stdout, stderr) = child.stdout.take().zip(child.stderr.take()).ok_or(io::ErrorKind::BrokenPipe)?;
    let (leader, ended) = (Pid::from_child(&child), AtomicBool::new(false));
    thread::scope(|scope| {
        let mut group = Group { child, leader, interrupt, ended: &ended, reaped: false };
        let said = scope.spawn(move || errors(stderr));
        let supervisor = scope.spawn(|| supervise(leader, interrupt, deadline, &ended));
        let mut stdout = stdout;
        output(&mut stdout);
        let _broken = io::copy(&mut stdout, &mut io::sink());
        drop(stdout);
        group.wait();
        let stopped = joined(supervisor.join());
        group.kill();
        let said = joined(said.join());
        let status = group.child.wait()?;
        group.reaped = true;
        Ok((Ended { status, stopped }, said))
    })
}

/// The result of a thread; its panic goes on here.
fn joined<T>(result: thread::Result<T>) -> T {
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
