//! What `--rootfs` of 100,000 paths adds to a plan.
//!
//! Two root filesystem tars are made, one of small files and one of 1 GB, and a repository of one Dockerfile. Both
//! sides are whole processes, run in turn: `layerwright plan` without `--rootfs` and with it; best and median of each.
#![allow(clippy::print_stdout, clippy::disallowed_methods, reason = "it is a command, and measures")]

use std::fs::{self, File};
use std::io::{BufWriter, Seek, SeekFrom, Write};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use tar::{EntryType, Header};

/// How often each side runs.
const RUNS: usize = 15;
/// How many paths a tar holds.
const PATHS: u64 = 100_000;

fn main() {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let repository = folder.path().join("repository");
    fs::create_dir(&repository).expect("a folder can be made");
    fs::write(repository.join("Dockerfile"), "FROM base\nCOPY --from=base /etc/group /usr/share/x/\n")
        .expect("a file can be written");
    for (name, size) in [("small files", 300), ("1 GB", 10_000)] {
        let tar = folder.path().join("base.tar");
        write(&tar, size).expect("a tar can be written");
        let rootfs = format!("base={}", tar.display());
        let (mut without, mut with) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            without.push(plan(&repository, &[]));
            with.push(plan(&repository, &["--rootfs", &rootfs]));
        }
        let (without, with) = (best_and_median(without), best_and_median(with));
        println!(
            "{PATHS} paths, {name}, {RUNS} runs, best (median): without {:.1} ({:.1}) ms, with {:.1} ({:.1}) ms, \
             difference {:.1} ({:.1}) ms",
            without.0,
            without.1,
            with.0,
            with.1,
            with.0 - without.0,
            with.1 - without.1,
        );
    }
}

fn plan(repository: &Path, more: &[&str]) -> Duration {
    let mut command = Command::new(env!("CARGO_BIN_EXE_layerwright"));
    command.arg("plan").arg(repository).args(more).stdout(Stdio::null()).stderr(Stdio::null());
    let start = Instant::now();
    let status = command.status().expect("the command starts");
    let taken = start.elapsed();
    assert!(status.success(), "{command:?}");
    taken
}

/// In milliseconds.
fn best_and_median(mut times: Vec<Duration>) -> (f64, f64) {
    times.sort_unstable();
    (times[0].as_secs_f64() * 1e3, times[times.len() / 2].as_secs_f64() * 1e3)
}

/// Directories of twelve files, the contents nothing but holes, `size` bytes on average.
fn write(path: &Path, size: u64) -> std::io::Result<()> {
    let mut file = BufWriter::new(File::create(path)?);
    let mut end = 0;
    for at in 0..PATHS {
        let folder = format!("usr/share/package-{:05}/", at / 13);
        let is_folder = at % 13 == 0;
        let mut header = Header::new_gnu();
        header.set_path(if is_folder { folder } else { format!("{folder}module_name_{at}.py") })?;
        header.set_entry_type(if is_folder { EntryType::Directory } else { EntryType::Regular });
        header.set_mode(if is_folder { 0o755 } else { 0o644 });
        // Sizes between nothing and twice the average, in no order.
        let size = if is_folder { 0 } else { at.wrapping_mul(2_654_435_761) % (2 * size) };
        header.set_size(size);
        header.set_cksum();
        file.seek(SeekFrom::Start(end))?;
        file.write_all(header.as_bytes())?;
        end += 512 + size.next_multiple_of(512);
    }
    file.into_inner()?.set_len(end + 1024)
}
