//! What verifying adds to two builds: exporting the context, reading both images, comparing them, writing evidence.
//!
//! The image has a base of 1 GB in 50,000 files, and one of its RUNs takes 30 seconds. Built are both texts, each with the
//! stage of the linked lines anew, as `verify` does, and then the same by `layerwright verify`. It needs an engine with
//! `tiny:1`: see `tests/it/engine.rs`. Memory is the most that was resident in the command (`VmHWM`), without the
//! builder's client.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it is a command, and measures")]

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How long the RUN takes, in seconds.
const RUN: u32 = 30;
/// Makes 1 GB in 50,000 files of 20 KiB that are all different, and that gzip makes a third of, as it does with most bases.
const BASE: &str = "FROM tiny:1
RUN mkdir /big && cd /big && for i in $(seq 1 500); do mkdir $i && cd $i && for j in $(seq 1 100); do \\
 { dd if=/dev/urandom bs=7k count=1; dd if=/dev/zero bs=13k count=1; } >$j 2>/dev/null; done && cd ..; done
";

fn main() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let root = folder.path();
    let write = |name: &str, text: &str| {
        let path = root.join(name);
        fs::create_dir_all(path.parent().expect("it has one")).expect("it can be made");
        fs::write(path, text).expect("it can be written");
    };
    write("base/Dockerfile", BASE);
    docker(&root.join("base"), &["--tag", "layerwright-bench-base:1", "--load"]);
    let text = format!(
        "FROM layerwright-bench-base:1 AS it\nCOPY a /opt/a\nRUN sleep {RUN} && touch /opt/ran\nCOPY b /opt/b\n"
    );
    write("repository/Dockerfile", &text);
    write("repository/a", "a");
    write("repository/b", "b");
    write(
        "repository/layerwright.toml",
        "[campaign]\ntrust = \"assumed\"\n[verify]\nfrontend = \"builtin\"\n",
    );
    let repository = root.join("repository");
    for arguments in [
        &["init", "-q"][..],
        &["add", "."],
        &["-c", "user.name=A", "-c", "user.email=a@b", "commit", "-qm", "x"],
    ] {
        done(Command::new("git").current_dir(&repository).args(arguments));
    }
    let rootfs = root.join("base.tar");
    docker(&root.join("base"), &["--output", &format!("type=tar,dest={}", rootfs.display())]);
    let base = format!("layerwright-bench-base:1={}", rootfs.display());
    done(layerwright(&repository).args(["plan", "--save", "--rootfs", &base]).stdout(Stdio::null()));

    docker(&repository, &["--output", "type=cacheonly"]);
    let began = Instant::now();
    docker(&repository, &["--no-cache-filter", "it", "--output", "type=cacheonly"]);
    fs::write(repository.join("Dockerfile"), text.replace("COPY", "COPY --link")).expect("it can be written");
    docker(&repository, &["--no-cache-filter", "it", "--output", "type=cacheonly"]);
    let builds = began.elapsed();
    fs::write(repository.join("Dockerfile"), &text).expect("it can be written");

    for depth in ["line", "full"] {
        let out = root.join(depth);
        let out = out.to_str().expect("it is text");
        let options = ["--depth", depth, "--network", "host", "--out", out];
        let began = Instant::now();
        let memory = peak(layerwright(&repository).args(["verify", "Dockerfile"]).args(options));
        let verified = began.elapsed();
        let seconds = Duration::as_secs_f64;
        println!(
            "two builds {:.1} s, verified ({depth}) {:.1} s, {:+.1} %; at most {} MB in memory",
            seconds(&builds),
            seconds(&verified),
            (seconds(&verified) / seconds(&builds) - 1.0) * 100.0,
            memory / 1024
        );
        tell(Path::new(out));
    }
}

/// Shows what the evidence in a folder says.
fn tell(folder: &Path) {
    for file in fs::read_dir(folder).expect("there is evidence") {
        let text = fs::read_to_string(file.expect("it can be listed").path()).expect("it can be read");
        let is_told =
            |line: &&str| ["\"written_bytes\"", "  \"outcome\""].iter().any(|key| line.contains(key));
        for line in text.lines().filter(is_told) {
            println!("{}", line.trim());
        }
    }
}

fn layerwright(folder: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerwright"));
    command.current_dir(folder);
    command
}

fn docker(folder: &Path, options: &[&str]) {
    let mut command = Command::new("docker");
    command.args([
        "buildx",
        "build",
        "--network=host",
        "--provenance=false",
        "--sbom=false",
        "--progress=quiet",
    ]);
    done(command.args(options).arg(folder).stdout(Stdio::null()));
}

fn done(command: &mut Command) {
    let status = command.status().expect("it can be started");
    assert!(status.success(), "{command:?}: {status}");
}

/// Runs a command and tells its peak in KiB, read from time to time.
fn peak(command: &mut Command) -> u64 {
    let mut child = command.stdout(Stdio::null()).spawn().expect("it can be started");
    let status = format!("/proc/{}/status", child.id());
    let mut most = 0;
    loop {
        if let Ok(text) = fs::read_to_string(&status)
            && let Some(line) = text.lines().find(|line| line.starts_with("VmHWM:"))
        {
            most =
                most.max(line.split_whitespace().nth(1).and_then(|number| number.parse().ok()).unwrap_or(0));
        }
        if let Some(code) = child.try_wait().expect("it can be waited for") {
            assert!(code.success(), "{command:?}: {code}");
            return most;
        }
        std::thread::sleep(Duration::from_millis(20));
    }
}
