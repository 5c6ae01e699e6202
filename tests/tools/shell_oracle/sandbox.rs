//! A worker in namespaces of its own, as the oracle sees it.

use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use super::protocol::{Before, Job, Outcome};
use super::root;

type Failure = Box<dyn std::error::Error>;

/// The ids of the machine that the worker's are mapped to. Nothing of the machine belongs to them.
const FIRST_ID: u32 = 100_000;
const IDS: u32 = 65_536;

/// A worker.
pub struct Sandbox {
    worker: Child,
    jobs: ChildStdin,
    outcomes: BufReader<ChildStdout>,
    pub roots: Vec<Before>,
}

/// Why there can be no sandbox here.
pub fn unavailable() -> Option<String> {
    if !rustix::process::getuid().is_root() {
        return Some("mapping 65,536 ids needs root".to_owned());
    }
    root::missing().or_else(|| namespace().err().map(|error| format!("no user namespace: {error}")))
}

/// A process in a new user namespace with ids of its own. It ends when its input is closed.
fn namespace() -> Result<Child, Failure> {
    let mut holder = Command::new("unshare")
        .args(["--user", "sh", "-c", "echo && read -r _"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()?;
    let output = holder.stdout.take().ok_or("no output")?;
    if BufReader::new(output).read_line(&mut String::new())? == 0 {
        return Err("the system allows none".into());
    }
    for map in ["uid_map", "gid_map"] {
        fs::write(format!("/proc/{}/{map}", holder.id()), format!("0 {FIRST_ID} {IDS}\n"))?;
    }
    Ok(holder)
}

impl Sandbox {
    /// Starts a worker.
    pub fn start() -> Result<Self, Failure> {
        let mut holder = namespace()?;
        let mut worker = Command::new("nsenter")
            .arg(format!("--user=/proc/{}/ns/user", holder.id()))
            .args(["unshare", "--mount", "--pid", "--net", "--ipc", "--uts", "--fork", "--kill-child=KILL"])
            .arg(std::env::current_exe()?)
            .arg("worker")
            .env_clear()
            .env("PATH", "/usr/sbin:/usr/bin:/sbin:/bin")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let jobs = worker.stdin.take().ok_or("no input")?;
        let mut outcomes = BufReader::new(worker.stdout.take().ok_or("no output")?);
        let mut line = String::new();
        outcomes.read_line(&mut line)?;
        drop(holder.stdin.take());
        holder.wait()?;
        let roots = serde_json::from_str(&line).map_err(|_| "the worker did not start")?;
        Ok(Self { worker, jobs, outcomes, roots })
    }

    /// Runs a job.
    pub fn run(&mut self, job: &Job) -> Result<Outcome, Failure> {
        writeln!(self.jobs, "{}", serde_json::to_string(job)?)?;
        let mut line = String::new();
        self.outcomes.read_line(&mut line)?;
        Ok(serde_json::from_str(&line).map_err(|_| "the worker ended")?)
    }
}

impl Drop for Sandbox {
    fn drop(&mut self) {
        self.worker.kill().ok();
        self.worker.wait().ok();
    }
}
