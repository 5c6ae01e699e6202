//! Compares our reading of Dockerfiles with BuildKit's, recorded once: `parity FOLDER READING.jsonl.gz`.
//!
//! FOLDER holds git repositories, at most three folders deep. Each record names a blob, and what BuildKit's own
//! parser says of it. Every difference is printed, and the exit code is 1 if there is one or if no blob
//! was found.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "it is a command")]

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::ExitCode;

use flate2::bufread::MultiGzDecoder;
use git2::{Oid, Repository};
use layerwright::dockerfile::{Body, Dockerfile, Instruction, Keyword, Transfer, Word};
use serde::Deserialize;

type Failure = Box<dyn std::error::Error>;

/// What BuildKit says of a Dockerfile.
#[derive(Deserialize)]
struct Record {
    repo: String,
    path: String,
    blob: String,
    accepted: bool,
    escape: String,
    stages: usize,
    copies: Vec<Site>,
}

/// A COPY or ADD; those of ONBUILD too.
#[derive(Debug, Deserialize, PartialEq, Eq)]
struct Site {
    start: usize,
    end: usize,
    cmd: String,
    #[serde(default)]
    flags: Vec<String>,
    #[serde(default)]
    sources: Vec<String>,
    #[serde(default)]
    heredocs: usize,
    #[serde(default)]
    dest: String,
    stage: i64,
}

impl Site {
    fn of(instruction: &Instruction) -> Option<Self> {
        let transfer = transfer(instruction)?;
        let texts = |words: &[Word]| words.iter().map(|word| word.text.to_string()).collect();
        Some(Self {
            start: instruction.start_line,
            end: instruction.end_line,
            cmd: transfer.kind.keyword().to_owned(),
            flags: texts(&transfer.flags),
            sources: texts(&transfer.sources),
            heredocs: transfer.heredocs.len(),
            dest: transfer.destination.as_ref().map_or_else(String::new, |word| word.text.to_string()),
            stage: instruction.stage.map_or(-1, |stage| i64::try_from(stage).unwrap_or(i64::MAX)),
        })
    }
}

fn transfer(instruction: &Instruction) -> Option<&Transfer> {
    match &instruction.body {
        Body::Transfer(transfer) => Some(transfer),
        Body::Onbuild(child) => transfer(child),
        _ => None,
    }
}

/// What differs, in words.
fn differences(record: &Record, dockerfile: &Dockerfile) -> Vec<String> {
    let mut differences = Vec::new();
    let errors = dockerfile.errors();
    if errors.is_empty() != record.accepted {
        differences.push(format!("BuildKit accepts: {}; our errors: {errors:?}", record.accepted));
    }
    let escape = char::from(dockerfile.directives().escape_token).to_string();
    if escape != record.escape {
        differences.push(format!("escape: {} there, {escape} here", record.escape));
    }
    let froms = dockerfile.instructions().iter();
    let stages =
        froms.filter(|instruction| Keyword::of(&instruction.word.text) == Some(Keyword::From)).count();
    if record.accepted && stages != record.stages {
        differences.push(format!("stages: {} there, {stages} here", record.stages));
    }
    let sites = dockerfile.instructions().iter().filter_map(Site::of).collect::<Vec<_>>();
    for at in 0..sites.len().max(record.copies.len()) {
        let (there, here) = (record.copies.get(at), sites.get(at));
        if there != here {
            differences.push(format!("site {at}\n    there {there:?}\n    here  {here:?}"));
        }
    }
    differences
}

/// The repositories in a folder.
fn repositories(folder: &Path, depth: usize, found: &mut Vec<Repository>) {
    if let Ok(repository) = Repository::open(folder) {
        found.push(repository);
        return;
    }
    let Some(depth) = depth.checked_sub(1) else { return };
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    let mut folders =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_dir()).collect::<Vec<_>>();
    folders.sort();
    for folder in folders {
        repositories(&folder, depth, found);
    }
}

/// The content of a blob, from the repository that had the last one if it has this one too.
fn blob(repositories: &[Repository], last: &mut usize, id: Oid) -> Option<Vec<u8>> {
    let order = std::iter::once(*last).chain(0..repositories.len());
    for at in order {
        if let Some(blob) = repositories.get(at).and_then(|repository| repository.find_blob(id).ok()) {
            *last = at;
            return Some(blob.content().to_vec());
        }
    }
    None
}

fn run(folder: &str, readings: &str) -> Result<bool, Failure> {
    let mut found = Vec::new();
    repositories(Path::new(folder), 3, &mut found);
    let records = BufReader::new(MultiGzDecoder::new(BufReader::new(File::open(readings)?)));
    let mut counts =
        BTreeMap::from([("records", 0), ("found", 0), ("missing", 0), ("agreeing", 0), ("differing", 0)]);
    let mut count = |name: &'static str| *counts.entry(name).or_insert(0) += 1;
    let mut last = 0;
    for line in records.lines() {
        let record = serde_json::from_str::<Record>(&line?)?;
        count("records");
        let Some(text) = blob(&found, &mut last, Oid::from_str(&record.blob)?) else {
            count("missing");
            continue;
        };
        count("found");
        let differences = differences(&record, &Dockerfile::read(text));
        count(if differences.is_empty() { "agreeing" } else { "differing" });
        for difference in &differences {
            println!("{} {} {}\n  {difference}", record.repo, record.path, record.blob);
        }
    }
    println!(
        "{} repositories; {} records: {} found, {} missing; {} agreeing, {} differing",
        found.len(),
        counts["records"],
        counts["found"],
        counts["missing"],
        counts["agreeing"],
        counts["differing"]
    );
    Ok(counts["found"] > 0 && counts["differing"] == 0)
}

fn main() -> ExitCode {
    let arguments = std::env::args().skip(1).collect::<Vec<_>>();
    let [folder, readings] = arguments.as_slice() else {
        eprintln!("usage: parity FOLDER READING.jsonl.gz");
        return ExitCode::from(2);
    };
    match run(folder, readings) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("parity: {error}");
            ExitCode::from(2)
        }
    }
}
