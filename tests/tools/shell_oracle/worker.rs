//! The process that runs scripts: the first of its process namespace, root of a user namespace, in a mount
//! namespace that holds nothing of the machine but what [`root`] copied.
//!
//! Each job gets an overlay of its own over one of the roots. The worker enters it with `chroot`, starts the
//! shell there, and comes back through a directory that it holds open.

use std::fs::{self, File, Permissions};
use std::io::{BufRead, ErrorKind, Write};
use std::os::fd::OwnedFd;
use std::os::unix::fs::{PermissionsExt, chown, chroot, symlink};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, poll};
use rustix::fs::{Dir, Mode, OFlags};
use rustix::io::Errno;
use rustix::mount::{
    MountFlags, MountPropagationFlags, UnmountFlags, mount, mount_bind_recursive, mount_change,
    mount_remount, unmount,
};
use rustix::process::{Pid, PidfdFlags, Resource, Rlimit, Signal, WaitOptions, pidfd_open, setrlimit};

use super::overlay::{MERGED, Overlay};
use super::protocol::{Before, Job, Outcome, Step};
use super::root::{self, ROOTS};
use super::sample::SCRIPT;
use super::tree::{self, Tree};

type Failure = Box<dyn std::error::Error>;

/// How long a step may run.
const LIMIT: Duration = Duration::from_secs(5);
/// The time after which a killed process must have ended, on a busy machine too.
const PATIENCE: Duration = Duration::from_mins(1);

/// Of so many jobs one is read through the overlay as well as from its upper directory.
const COMPARED: usize = 64;

/// Where the filesystem of the worker is mounted before it becomes the root. Any directory will do.
const PLACE: &str = "/tmp";

/// Reads jobs from standard input and writes an outcome for each to standard output.
pub fn run() -> Result<(), Failure> {
    prepare()?;
    let directory = |path| rustix::fs::open(path, OFlags::DIRECTORY | OFlags::RDONLY, Mode::empty());
    let mut worker =
        Worker { outer: directory("/")?, processes: directory("/proc")?, roots: Vec::new(), runs: 0 };
    let mut output = std::io::stdout().lock();
    let roots: Vec<Before> = (0..ROOTS.len()).map(|root| worker.read(root)).collect::<Result<_, _>>()?;
    writeln!(output, "{}", serde_json::to_string(&roots)?)?;
    for line in std::io::stdin().lock().lines() {
        let job: Job = serde_json::from_str(&line?)?;
        let outcome = worker.run(&job)?;
        writeln!(output, "{}", serde_json::to_string(&outcome)?)?;
        output.flush()?;
    }
    Ok(())
}

/// Builds the roots on a filesystem in memory and makes that the only one.
fn prepare() -> Result<(), Failure> {
    mount_change("/", MountPropagationFlags::PRIVATE | MountPropagationFlags::REC)?;
    mount("tmpfs", PLACE, "tmpfs", MountFlags::NODEV, Some(c"size=512m,mode=755"))?;
    rustix::process::umask(Mode::from_raw_mode(0o022));
    let place = Path::new(PLACE);
    for (number, root) in ROOTS.iter().enumerate() {
        root::build(root, &place.join("store"), &place.join(format!("root{number}")))?;
    }
    devices(&place.join("dev"))?;
    for directory in ["over", &MERGED[1..], "old", "proc"] {
        fs::create_dir(place.join(directory))?;
    }
    let flags = MountFlags::NOSUID | MountFlags::NODEV | MountFlags::NOEXEC | MountFlags::RDONLY;
    mount("proc", place.join("proc"), "proc", flags, Some(c"subset=pid"))?;
    rustix::process::pivot_root(place, place.join("old").as_path())?;
    std::env::set_current_dir("/")?;
    unmount("/old", UnmountFlags::DETACH)?;
    for (resource, limit) in [
        (Resource::Fsize, 4 << 20),
        (Resource::Nproc, 100),
        (Resource::As, 1 << 30),
        // Reading and removing a tree holds each directory of a path open.
        (Resource::Nofile, 4096),
        (Resource::Core, 0),
    ] {
        setrlimit(resource, Rlimit { current: Some(limit), maximum: Some(limit) })?;
    }
    Ok(())
}

/// The devices that every container has, from the machine: a user namespace cannot make any. What is mounted read-only
/// can still be written to as a device.
fn devices(at: &Path) -> Result<(), Failure> {
    fs::create_dir(at)?;
    for name in ["null", "zero", "full", "random", "urandom"] {
        File::create(at.join(name))?;
        mount_bind_recursive(Path::new("/dev").join(name), at.join(name))?;
    }
    symlink("/proc/self/fd", at.join("fd"))?;
    for (number, name) in ["stdin", "stdout", "stderr"].into_iter().enumerate() {
        symlink(format!("/proc/self/fd/{number}"), at.join(name))?;
    }
    mount_bind_recursive(at, at)?;
    Ok(mount_remount(at, MountFlags::BIND | MountFlags::RDONLY | MountFlags::NODEV, c"")?)
}

struct Worker {
    /// The directory that leads back out of a root.
    outer: OwnedFd,
    /// `/proc` of the process namespace.
    processes: OwnedFd,
    roots: Vec<Tree>,
    runs: usize,
}

impl Worker {
    /// Reads a root that no job has changed.
    fn read(&mut self, root: usize) -> Result<Before, Failure> {
        let overlay = Overlay::mount(root, self.runs)?;
        let before = self.inside(|| {
            let read = |path| fs::read_to_string(path);
            Ok(Before { tree: tree::read()?, passwd: read("/etc/passwd")?, group: read("/etc/group")? })
        })?;
        overlay.unmount()?;
        self.roots.push(before.tree.clone());
        Ok(before)
    }

    fn run(&mut self, job: &Job) -> Result<Outcome, Failure> {
        self.runs += 1;
        let overlay = Overlay::mount(job.root, self.runs)?;
        let is_compared = self.runs.is_multiple_of(COMPARED);
        let (succeeded, merged) = self.inside(|| {
            if let Some(text) = &job.script {
                fs::write(SCRIPT, text)?;
                fs::set_permissions(SCRIPT, Permissions::from_mode(0o755))?;
            }
            let succeeded = self.steps(&job.steps)?;
            Ok((succeeded, if is_compared { Some(tree::read()?) } else { None }))
        })?;
        let before = &self.roots[job.root];
        let outcome = if succeeded { overlay.outcome(before, merged)? } else { Outcome::Failed };
        overlay.unmount()?;
        Ok(outcome)
    }

    /// Does something with the overlay as root.
    fn inside<T>(&self, act: impl FnOnce() -> Result<T, Failure>) -> Result<T, Failure> {
        chroot(MERGED)?;
        std::env::set_current_dir("/")?;
        let done = act();
        rustix::process::fchdir(&self.outer)?;
        chroot(".")?;
        done
    }

    /// Runs the steps until one fails or runs for too long. Returns true if all of them succeeded.
    fn steps(&self, steps: &[Step]) -> Result<bool, Failure> {
        for step in steps {
            // The root is in no layer: each RUN starts with that of a new directory.
            chown("/", Some(0), Some(0))?;
            fs::set_permissions("/", Permissions::from_mode(0o755))?;
            let Ok(child) = make_directory(step).and_then(|()| start(step)) else { return Ok(false) };
            if !self.finish(child)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Waits for a step and ends what it left running, as a container does. Returns true if it succeeded in time.
    fn finish(&self, mut child: Child) -> Result<bool, Failure> {
        let handle = pidfd_open(Pid::from_child(&child), PidfdFlags::empty())?;
        let timeout = rustix::event::Timespec::try_from(LIMIT)?;
        let ended = poll(&mut [PollFd::new(&handle, PollFlags::IN)], Some(&timeout))? > 0;
        if !ended {
            child.kill()?;
        }
        let status = child.wait()?;
        self.end_others()?;
        Ok(ended && status.success())
    }

    /// Kills what still runs in the process namespace, of which this is the first process.
    fn end_others(&self) -> Result<(), Failure> {
        let started = Instant::now();
        loop {
            match rustix::process::wait(WaitOptions::NOHANG) {
                Err(Errno::CHILD) => return Ok(()),
                Ok(None) if started.elapsed() > PATIENCE => return Err("a process does not end".into()),
                Ok(None) => self.kill_others()?,
                Ok(Some(_)) | Err(_) => {}
            }
        }
    }

    fn kill_others(&self) -> Result<(), Failure> {
        for entry in Dir::read_from(&self.processes)? {
            let number = entry?.file_name().to_str().ok().and_then(|name| name.parse().ok());
            if let Some(pid) = number.filter(|number| *number > 1).and_then(Pid::from_raw) {
                rustix::process::kill_process(pid, Signal::KILL).ok();
            }
        }
        Ok(())
    }
}

/// A builder makes a missing working directory before each RUN, for the user of the step.
fn make_directory(step: &Step) -> Result<(), Failure> {
    let ancestors: Vec<&Path> = Path::new(&step.workdir).ancestors().collect();
    for path in ancestors.into_iter().rev() {
        match fs::create_dir(path) {
            Ok(()) => chown(path, Some(step.user.0), Some(step.user.1))?,
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error.into()),
        }
    }
    Ok(())
}

fn start(step: &Step) -> Result<Child, Failure> {
    let (program, arguments) = step.argv.split_first().ok_or("an empty command")?;
    let mut command = Command::new(program);
    command.args(arguments).env_clear().envs(&step.env).current_dir(&step.workdir);
    if step.user != (0, 0) {
        command.uid(step.user.0).gid(step.user.1);
    }
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}
