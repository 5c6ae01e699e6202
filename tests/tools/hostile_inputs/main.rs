//! Plans repositories that hold one hostile input each, and prints a table of what each costs.
//!
//! `hostile_inputs [FOLDER]` takes the inputs of the tests, and each Dockerfile and folder in FOLDER. Each is planned in a
//! process of its own, next to a Dockerfile without a fault. The table has the seconds of processor time, the most memory
//! in MiB, what the plan says of the input, and if the other Dockerfile was planned. The exit code is 1 if a process
//! ended early, or if the other Dockerfile was not planned.
#![allow(clippy::unwrap_used, clippy::disallowed_methods, reason = "it is a test tool that runs itself")]
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

#[path = "../../it/hostile/inputs.rs"]
mod inputs;
#[path = "../measured.rs"]
mod measured;

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

use layerwright::ops::{self, PlanOptions};
use rustix::process::{Resource, Rlimit, setrlimit};

/// The argument of the process that plans one repository.
const ONE: &str = "--one";

/// The Dockerfile without a fault.
const OTHER: (&str, &str) = ("other/Dockerfile", "FROM debian:12\nCOPY x /srv/x\n");

/// The seconds of processor time after which a process is killed.
const MOST_SECONDS: u64 = 300;

fn main() -> ExitCode {
    let arguments: Vec<OsString> = std::env::args_os().skip(1).collect();
    match arguments.as_slice() {
        [one, root, path] if one == ONE => {
            plan(Path::new(root), &path.to_string_lossy());
            ExitCode::SUCCESS
        }
        [] => table(own()),
        [folder] => table(own().into_iter().chain(of_folder(Path::new(folder))).collect()),
        _ => {
            eprintln!("usage: hostile_inputs [FOLDER]");
            ExitCode::from(2)
        }
    }
}

/// An input: its name, and the files of its repository, the hostile one first.
struct Input {
    name: String,
    files: Vec<(PathBuf, Vec<u8>)>,
}

/// Returns the inputs of the tests.
fn own() -> Vec<Input> {
    let dockerfiles =
        inputs::dockerfiles().into_iter().map(|(name, text)| (format!("{name}/Dockerfile"), text));
    let carriers = inputs::carriers().into_iter().map(|(path, text)| (path.to_owned(), text));
    let input = |(name, text): (String, String)| {
        let reader = inputs::reader(&name).map(|(path, text)| (path.into(), text.into()));
        let files = std::iter::once((PathBuf::from(&name), text.into_bytes())).chain(reader).collect();
        Input { name, files }
    };
    dockerfiles.chain(carriers).map(input).collect()
}

/// Returns the inputs in a folder, in order of name.
fn of_folder(folder: &Path) -> Vec<Input> {
    let mut found: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    found.sort();
    let input = |at: PathBuf| {
        let name = at.file_name().unwrap().to_string_lossy().into_owned();
        let mut files = Vec::new();
        collect(&at, Path::new("input").join(&name), &mut files);
        Input { name, files }
    };
    found.into_iter().map(input).collect()
}

fn collect(at: &Path, path: PathBuf, files: &mut Vec<(PathBuf, Vec<u8>)>) {
    if at.is_dir() {
        for entry in fs::read_dir(at).unwrap() {
            let entry = entry.unwrap();
            collect(&entry.path(), path.join(entry.file_name()), files);
        }
    } else {
        files.push((path, fs::read(at).unwrap()));
    }
}

/// Prints the table.
fn table(inputs: Vec<Input>) -> ExitCode {
    println!("{:<32} {:>7} {:>6}  {:<8} input", "input", "CPU s", "MiB", "other");
    let mut failed = 0;
    for input in inputs {
        let folder = tempfile::tempdir().unwrap();
        let other = (PathBuf::from(OTHER.0), OTHER.1.as_bytes().to_vec());
        for (path, bytes) in input.files.iter().chain([&other]) {
            let at = folder.path().join(path);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, bytes).unwrap();
        }
        let path = input.files.first().map(|(path, _)| path.as_os_str()).unwrap_or_default();
        let mut process = Command::new(std::env::current_exe().unwrap());
        let run = process.arg(ONE).arg(folder.path()).arg(path).output().unwrap();
        let said = String::from_utf8_lossy(&run.stdout);
        let said = if run.status.success() { said.trim_end().to_owned() } else { run.status.to_string() };
        failed += usize::from(!said.contains(PLANNED));
        println!("{:<32} {said}", input.name);
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// The word of the table for the other Dockerfile if it was planned.
const PLANNED: &str = "planned";

/// Plans a repository, and prints its row of the table without the name.
fn plan(root: &Path, path: &str) {
    let limit = Rlimit { current: Some(MOST_SECONDS), maximum: None };
    setrlimit(Resource::Cpu, limit).unwrap();
    let planned = ops::plan(&PlanOptions::new(root), &|_| {});
    let (other, input) = match &planned {
        Err(error) => ("missing", format!("no plan: {error}")),
        Ok(planned) => {
            let plan = &planned.plan;
            let has = |path: &str| plan.files.iter().any(|file| file.path.as_str() == path);
            let mut unread = plan.refused.iter().chain(&plan.unread);
            let said = unread.find(|file| file.path.as_str() == path).map(|file| file.reason.clone());
            let read = if has(path) { "judged" } else { "read" };
            (if has(OTHER.0) { PLANNED } else { "missing" }, said.unwrap_or_else(|| read.to_owned()))
        }
    };
    let memory = measured::most_memory().unwrap_or_default() >> 20;
    println!("{:>7.2} {memory:>6}  {other:<8} {input}", measured::processor_seconds().unwrap_or_default());
}
