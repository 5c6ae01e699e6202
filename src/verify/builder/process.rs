//! A client process in a process group of its own, which is stopped as a whole.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStderr, Command, ExitStatus, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use crate::campaign::evidence::KEY_VARIABLE;
use rustix::process::{Pid, Signal, WaitId, WaitIdOptions, kill_process_group, waitid};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// The time that a process gets to end by itself.
const GRACE: Duration = Duration::from_secs(10);

/// A request to stop everything. All clones share it.
#[derive(Clone, Debug, Default)]
pub struct Interrupt(Arc<Asked>);

#[derive(Debug, Default)]
struct Asked {
    times: Mutex<u32>,
    heard: Condvar,
}

impl Interrupt {
    /// Creates an interrupt that is not requested yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// Requests the interrupt on SIGINT, SIGTERM and SIGHUP from now on; they no longer end this process.
    ///
    /// # Errors
    ///
    /// The system's error.
    pub fn listen(&self) -> io::Result<()> {
        let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP])?;
        let this = self.clone();
        thread::spawn(move || signals.forever().for_each(|_| this.ask()));
        Ok(())
    }

    /// Requests the interrupt. After a second request, no process is given time to end by itself.
    pub fn ask(&self) {
        *self.times() += 1;
        self.0.heard.notify_all();
    }

    /// Returns true if the interrupt was requested.
    pub fn is_asked(&self) -> bool {
        *self.times() > 0
    }

    fn times(&self) -> MutexGuard<'_, u32> {
        self.0.times.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Wakes the waiting threads, so that they check again.
    fn wake(&self) {
        let _times = self.times();
        self.0.heard.notify_all();
    }

    /// Waits until the time `until`, or until `over` returns an answer; `over` gets the number of requests.
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

/// Returns the current time, for durations.
#[expect(clippy::disallowed_methods, reason = "builds have a deadline, and their time is a figure")]
pub(in crate::verify) fn now() -> Instant {
    Instant::now()
}

/// Lowers the priority of this thread, because the duration of a build is a figure. No effect on systems where only
/// whole processes have a priority.
pub(in crate::verify) fn stand_back() {
    #[cfg(target_os = "linux")]
    let _no_matter = rustix::process::setpriority_process(None, 19);
}

/// Returns a command that drives the builder: the user's own, never one of the repository.
#[expect(clippy::disallowed_methods, reason = "the builder is driven through the `docker` command")]
pub(in crate::verify) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    withhold(&mut command, &FORGE);
    withhold(&mut command, &[KEY_VARIABLE]);
    command
}

/// The variables that hold a token of the forge.
pub(in crate::verify) const FORGE: [&str; 2] = ["GH_TOKEN", "GITHUB_TOKEN"];

/// The variables that hold a token of a runner of GitHub Actions. Buildx needs the first for its cache.
pub(in crate::verify) const RUNNER: [&str; 2] = ["ACTIONS_RUNTIME_TOKEN", "ACTIONS_ID_TOKEN_REQUEST_TOKEN"];

/// Removes variables from the environment of a command: what a build or a command of a repository gets, it can send
/// anywhere.
pub(in crate::verify) fn withhold(command: &mut Command, variables: &[&str]) {
    for variable in variables {
        command.env_remove(variable);
    }
}

/// The reason why a process was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::verify) enum Stopped {
    /// The interrupt was requested.
    Interrupted,
    /// The process timed out.
    TimedOut,
}

/// The end of a process.
#[derive(Clone, Copy, Debug)]
pub(in crate::verify) struct Ended {
    pub(in crate::verify) status: ExitStatus,
    /// `None` if it ended by itself.
    pub(in crate::verify) stopped: Option<Stopped>,
}

/// A process with all its children. Killed when dropped.
struct Group<'i> {
    child: Child,
    leader: Pid,
    interrupt: &'i Interrupt,
    ended: &'i AtomicBool,
    /// True if the process was waited for: its id may belong to another process.
    reaped: bool,
}

impl Group<'_> {
    /// Waits until the process has ended. Its id stays reserved, so that signals cannot reach another process.
    fn wait(&self) {
        while waitid(WaitId::Pid(self.leader), WaitIdOptions::EXITED | WaitIdOptions::NOWAIT)
            .is_err_and(|error| error == rustix::io::Errno::INTR)
        {}
        self.ended.store(true, Ordering::SeqCst);
        self.interrupt.wake();
    }

    /// Kills the rest of the group.
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

/// The commands of [`Watcher`]. The pipe that it reads ends when this process is killed.
const WATCH: &str = r#"read -r _
kill -s INT -- "-$1" 2>/dev/null
for _ in 1 2 3 4 5 6 7 8 9 10; do
    kill -s 0 -- "-$1" 2>/dev/null || exit
    sleep 1
done
kill -s KILL -- "-$1" 2>/dev/null"#;

/// A process that stops the group of a client if this process is killed: nothing else could.
struct Watcher(Child);

impl Watcher {
    /// `None` if it cannot be started: the client then outlives a killed run, and does no harm.
    fn start(leader: Pid) -> Option<Self> {
        let mut shell = command(Path::new("sh"));
        shell.args(["-c", WATCH, "sh"]).arg(leader.as_raw_nonzero().to_string());
        shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).process_group(0);
        shell.spawn().ok().map(Self)
    }
}

impl Drop for Watcher {
    fn drop(&mut self) {
        let _gone = self.0.kill();
        let _gone = self.0.wait();
    }
}

/// Sends a signal to a group; a group that is gone is ignored.
fn signal(leader: Pid, signal: Signal) {
    let _gone = kill_process_group(leader, signal);
}

/// Stops the group if necessary and returns the reason; `None` if it ended by itself before.
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

/// The standard error of a process.
pub(in crate::verify) type Errors = ChildStderr;

/// Runs a command. `errors` reads its standard error on a thread of its own; `output` reads its standard output, and
/// the rest is discarded.
///
/// # Errors
///
/// An error if the command cannot be started.
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
        let watcher = Watcher::start(leader);
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
        // It knows the group by an id that belongs to another process once this one is reaped.
        drop(watcher);
        let status = group.child.wait()?;
        group.reaped = true;
        Ok((Ended { status, stopped }, said))
    })
}

/// Returns the result of a thread; a panic continues here.
fn joined<T>(result: thread::Result<T>) -> T {
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
