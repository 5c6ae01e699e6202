//! How long a plan of a whole repository takes, beside the git commands that read the same bytes.
//!
//! `LAYERWRIGHT_REPOSITORY` names a repository with a working tree; without it one is made of 300 Dockerfiles.
//! Both sides are whole processes, run in turn; the best of each counts: `layerwright plan`, and `git ls-files -s`
//! plus `git cat-file --batch` of every Dockerfile of the plan.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it is a command, and measures")]

use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each side runs.
const RUNS: usize = 10;

fn main() {
    let made = tempfile::tempdir().expect("a folder can be made");
    let repository = match std::env::var_os("LAYERWRIGHT_REPOSITORY") {
        Some(path) => PathBuf::from(path),
        None => make(made.path()),
    };
    let blobs = blobs(&repository);
    let (mut ours, mut theirs) = (Duration::MAX, Duration::MAX);
    for _ in 0..RUNS {
        ours = ours.min(timed(|| drop(plan(&repository, &[]))));
        theirs = theirs.min(timed(|| {
            run(git(&repository, &["ls-files", "-s"]), b"");
            run(git(&repository, &["cat-file", "--batch"]), blobs.as_bytes());
        }));
    }
    println!(
        "{} files, best of {RUNS}: layerwright plan {:.1} ms, git {:.1} ms, ratio {:.2}",
        blobs.lines().count(),
        ours.as_secs_f64() * 1e3,
        theirs.as_secs_f64() * 1e3,
        ours.as_secs_f64() / theirs.as_secs_f64()
    );
}

fn timed(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// The blobs that a plan reads, one a line.
fn blobs(repository: &Path) -> String {
    let plan: serde_json::Value =
        serde_json::from_slice(&plan(repository, &["--format", "json"])).expect("a plan is JSON");
    let files = plan["files"].as_array().expect("a plan has files");
    files.iter().map(|file| file["blob"].as_str().expect("a file has a blob").to_owned() + "\n").collect()
}

fn plan(repository: &Path, more: &[&str]) -> Vec<u8> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerwright"));
    command.arg("plan").arg(repository).args(more);
    run(command, b"")
}

fn git(repository: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(arguments);
    command
}

fn run(mut command: Command, input: &[u8]) -> Vec<u8> {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let output = child.wait_with_output().expect("the command ends");
    writer.join().expect("the writer ends").expect("the command reads its input");
    assert!(output.status.success(), "{command:?}");
    output.stdout
}

fn make(folder: &Path) -> PathBuf {
    for at in 0..300 {
        let place = folder.join(format!("service-{at}"));
        fs::create_dir(&place).expect("a folder can be made");
        let text = format!(
            "FROM debian:12 AS build\nRUN apt-get update && apt-get install -y gcc\nWORKDIR /src/{at}\nCOPY . .\n\
             RUN make install\nFROM scratch\nCOPY --from=build /src/{at}/out /app/\n"
        );
        fs::write(place.join("Dockerfile"), text).expect("a file can be written");
    }
    let identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
    run(git(folder, &["init", "-q"]), b"");
    run(git(folder, &["add", "."]), b"");
    run(git(folder, &[&identity[..], &["commit", "-qm", "Made up"]].concat()), b"");
    folder.to_owned()
}
