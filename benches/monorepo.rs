//! What a plan of 5,000 Dockerfiles takes, in time and memory, beside the git commands that read the same bytes.
//!
//! The repository is made up: services of 100 kinds (language, base, stages, what they run), most of them in compose
//! files, on 50 private bases that bake and a script build. Each side is a whole process, and the best of its runs
//! counts; memory is the most that was resident (`VmHWM`), read while the process waits for its output to be taken.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it is a command, and measures")]

use std::fmt::Write as _;
use std::fs;
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each side runs.
const RUNS: usize = 5;
/// How many Dockerfiles there are, and how many of them are bases.
const FILES: usize = 5_000;
const BASES: usize = 50;
/// How many services a folder with a compose file holds.
const GROUP: usize = 50;

/// What a process took.
#[derive(Clone, Copy)]
struct Cost {
    time: Duration,
    /// Most resident memory in KiB.
    memory: u64,
}

impl Cost {
    const MOST: Self = Self { time: Duration::MAX, memory: u64::MAX };

    fn or_less(self, other: Self) -> Self {
        Self { time: self.time.min(other.time), memory: self.memory.min(other.memory) }
    }

    /// One after the other.
    fn then(self, next: Self) -> Self {
        Self { time: self.time + next.time, memory: self.memory.max(next.memory) }
    }
}

fn main() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    make(folder.path());
    let (_, json) = run(plan(folder.path()), b"");
    let blobs = blobs(&json);
    let (mut ours, mut theirs) = (Cost::MOST, Cost::MOST);
    for _ in 0..RUNS {
        ours = ours.or_less(run(plan(folder.path()), b"").0);
        let listed = run(git(folder.path(), &["ls-files", "-s"]), b"").0;
        theirs = theirs
            .or_less(listed.then(run(git(folder.path(), &["cat-file", "--batch"]), blobs.as_bytes()).0));
    }
    let seconds = |cost: Cost| cost.time.as_secs_f64();
    let mebibytes = |cost: Cost| mebi(cost.memory);
    println!(
        "{} files, best of {RUNS}: layerwright plan {:.2} s, git {:.2} s, ratio {:.1}",
        blobs.lines().count(),
        seconds(ours),
        seconds(theirs),
        seconds(ours) / seconds(theirs)
    );
    println!(
        "most memory: layerwright plan {:.0} MiB, git {:.0} MiB, ratio {:.1}",
        mebibytes(ours),
        mebibytes(theirs),
        mebibytes(ours) / mebibytes(theirs)
    );
    let lines = json.split(|byte| *byte == b'\n').count() - 1;
    println!(
        "the plan: {:.1} MiB, {lines} lines",
        mebi(u64::try_from(json.len()).unwrap_or(u64::MAX) / 1024)
    );
}

/// KiB in MiB.
fn mebi(kibi: u64) -> f64 {
    f64::from(u32::try_from(kibi).unwrap_or(u32::MAX)) / 1024.0
}

/// The blobs that a plan reads, one a line.
fn blobs(json: &[u8]) -> String {
    let plan: serde_json::Value = serde_json::from_slice(json).expect("a plan is JSON");
    let files = plan["files"].as_array().expect("a plan has files");
    files.iter().map(|file| file["blob"].as_str().expect("a file has a blob").to_owned() + "\n").collect()
}

fn plan(repository: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerwright"));
    command.arg("plan").arg(repository).args(["--format", "json"]);
    command
}

fn git(repository: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new("git");
    command.arg("-C").arg(repository).args(arguments);
    command
}

/// Runs a process; what it took and what it said.
fn run(mut command: Command, input: &[u8]) -> (Cost, Vec<u8>) {
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = Instant::now();
    let mut child = command.spawn().expect("the command starts");
    let mut stdin = child.stdin.take().expect("its input is a pipe");
    let mut stdout = child.stdout.take().expect("its output is a pipe");
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let status = PathBuf::from(format!("/proc/{}/status", child.id()));
    let (mut output, mut memory, mut chunk) = (Vec::new(), 0, vec![0; 1 << 16]);
    loop {
        let read = stdout.read(&mut chunk).expect("its output can be read");
        if read == 0 {
            break;
        }
        output.extend_from_slice(&chunk[..read]);
        memory = memory.max(resident(&status));
    }
    let ended = child.wait().expect("the command ends");
    let time = start.elapsed();
    writer.join().expect("the writer ends").expect("the command reads its input");
    assert!(ended.success(), "{command:?}");
    (Cost { time, memory }, output)
}

/// The most memory that a process had so far, in KiB; nothing once it has ended.
fn resident(status: &Path) -> u64 {
    let text = fs::read_to_string(status).unwrap_or_default();
    let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    line.and_then(|line| line.trim().trim_end_matches(" kB").parse().ok()).unwrap_or_default()
}

/// What a service is written in: its image, how its packages come, and what is built.
const LANGUAGES: [(&str, &str, &str); 5] = [
    ("node:20", "package.json", "npm ci"),
    ("python:3.12", "requirements.txt", "pip install -r requirements.txt"),
    ("golang:1.23", "go.mod", "go build -o /out/app ./..."),
    ("eclipse-temurin:21", "pom.xml", "mvn -q package"),
    ("rust:1.82", "Cargo.toml", "cargo build --release"),
];
const PACKAGES: [&str; 5] = ["curl", "git make", "ca-certificates tini", "libpq-dev gcc", "jq"];

/// One of 100 kinds of Dockerfiles.
fn dockerfile(kind: usize, at: usize) -> String {
    let (image, manifest, build) = LANGUAGES[kind % 5];
    let packages = PACKAGES[kind / 5 % 5];
    let private = format!("registry.corp/base-{}:1.4", at % BASES);
    let from = if kind / 25 < 2 { image } else { &private };
    let install =
        format!("RUN apt-get update && apt-get install -y {packages} && rm -rf /var/lib/apt/lists/*");
    if (kind / 25).is_multiple_of(2) {
        return format!(
            "FROM {from}\nARG VERSION=1\nENV APP_HOME=/srv/app-{at}\n{install}\nWORKDIR /srv/app-{at}\n\
             COPY {manifest} ./\nRUN {build}\nCOPY src ./src\nCOPY config/app.yaml /etc/app/app.yaml\n\
             CMD [\"./run\", \"{at}\"]\n"
        );
    }
    format!(
        "FROM {from} AS build\n{install}\nWORKDIR /src\nCOPY . .\nRUN {build}\nFROM debian:12\n\
         RUN useradd -m app\nCOPY --from=build /out/app /usr/local/bin/app\n\
         COPY --chown=app:app config /home/app/config\nCMD [\"app\", \"{at}\"]\n"
    )
}

fn make(folder: &Path) {
    let write = |path: String, text: &str| {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder can be made");
        fs::write(path, text).expect("a file can be written");
    };
    let mut bake = String::new();
    for at in 0..BASES {
        let from = if at % 5 == 0 {
            "debian:12".to_owned()
        } else {
            format!("registry.corp/base-{}:1.4", at / 5 * 5)
        };
        let text = format!(
            "FROM {from}\nRUN apt-get update && apt-get install -y tool-{at}\nCOPY corp.crt /usr/local/share/\n\
             RUN mkdir -p /opt/corp-{at}\nWORKDIR /srv\n"
        );
        write(format!("images/base-{at}/Dockerfile"), &text);
        write(format!("images/base-{at}/corp.crt"), "certificate\n");
        let _ = writeln!(
            bake,
            "target \"base-{at}\" {{\n  context = \"images/base-{at}\"\n  tags = [\"registry.corp/base-{at}:1.4\"]\n}}"
        );
    }
    write("docker-bake.hcl".into(), &bake);
    let services = FILES - BASES;
    for group in 0..services.div_ceil(GROUP) {
        let mut compose = "services:\n".to_owned();
        for at in group * GROUP..services.min((group + 1) * GROUP) {
            let kind = at % 100;
            let place = format!("services/g{group:02}/s{at:04}");
            write(format!("{place}/Dockerfile"), &dockerfile(kind, at));
            write(format!("{place}/{}", LANGUAGES[kind % 5].1), "made up\n");
            write(format!("{place}/src/main"), "made up\n");
            write(format!("{place}/config/app.yaml"), "port: 80\n");
            let _ = write!(
                compose,
                "  s{at:04}:\n    image: registry.corp/s{at:04}:latest\n    build:\n      context: s{at:04}\n      \
                 args:\n        VERSION: \"{group}\"\n"
            );
        }
        write(format!("services/g{group:02}/compose.yaml"), &compose);
    }
    let identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.com"];
    run(git(folder, &["init", "-q"]), b"");
    run(git(folder, &["add", "."]), b"");
    run(git(folder, &[&identity[..], &["commit", "-qm", "Made up"]].concat()), b"");
}
