//! One run of the fuzzer: the files, their changes, and what may not happen.

#[path = "../../it/differential/random.rs"]
mod random;
mod seeds;

use std::fs;
use std::panic;
use std::path::Path;

use layerwright::campaign::evidence::Evidence;
use layerwright::campaign::plan::file::Plan;
use layerwright::discover::parse_list;
use layerwright::images::file::FileSource;
use layerwright::images::{ImageReference, ImageSource};
use layerwright::ops::{self, CheckOptions, PlanOptions};
use random::Random;
use seeds::{SEEDS, WORDS};

/// The most changes of one file.
const MOST_CHANGES: usize = 12;

/// The most bytes that a change repeats, and how often.
const MOST_REPEATED: usize = 64;
const MOST_TIMES: usize = 3_000;

/// Writes the repository of a seed to a folder, and uses it.
pub fn run(folder: &Path, seed: u64) -> Result<(), String> {
    let root = folder.join("repository");
    let _ = fs::remove_dir_all(&root);
    let mut random = Random::new(seed);
    let files = files(&mut random);
    for (path, bytes) in &files {
        let at = root.join(path);
        fs::create_dir_all(at.parent().unwrap()).unwrap();
        fs::write(at, bytes).unwrap();
    }
    panic::catch_unwind(|| used(&root, &files)).unwrap_or_else(|_| Err("a panic".to_owned()))
}

type Files = Vec<(&'static str, Vec<u8>)>;

/// Returns the files of the repository, some of them changed. Some are missing.
fn files(random: &mut Random) -> Files {
    let mut files: Files = SEEDS.iter().map(|(path, text)| (*path, text.as_bytes().to_vec())).collect();
    files.push(("base.tar", tar()));
    let changed = 1 + random.below(4);
    for _ in 0..changed {
        let at = random.below(files.len());
        let other = random.one(SEEDS).1.as_bytes();
        for _ in 0..=random.below(MOST_CHANGES) {
            change(random, &mut files[at].1, other);
        }
    }
    if random.chance(20) {
        let gone = random.below(files.len());
        files.remove(gone);
    }
    files
}

/// Changes a text in one place.
fn change(random: &mut Random, text: &mut Vec<u8>, other: &[u8]) {
    let at = random.below(text.len() + 1);
    let end = (at + random.below(MOST_REPEATED)).min(text.len());
    match random.below(7) {
        0 => drop(text.drain(at..end)),
        1 => {
            let byte = u8::try_from(random.below(256)).unwrap();
            text.insert(at, byte);
        }
        2 => drop(text.splice(at..at, random.one(WORDS).bytes())),
        3 => {
            let times = if random.chance(10) { random.below(MOST_TIMES) } else { random.below(8) };
            let piece = if random.chance(50) {
                random.one(WORDS).as_bytes().to_vec()
            } else {
                text[at..end].to_vec()
            };
            drop(text.splice(at..at, piece.repeat(times)));
        }
        4 => {
            let from = random.below(other.len());
            drop(text.splice(at..end, other[from..].iter().copied().take(MOST_REPEATED)));
        }
        5 => drop(text.splice(at..end, random.one(WORDS).bytes())),
        _ => {
            if let Some(byte) = text.get_mut(at) {
                *byte ^= 1 << random.below(8);
            }
        }
    }
}

/// Uses the files in every way that reads them.
fn used(root: &Path, files: &Files) -> Result<(), String> {
    let bytes = |path: &str| files.iter().find(|(name, _)| *name == path).map(|(_, bytes)| bytes.as_slice());
    let planned = ops::plan(&PlanOptions::new(root), &|_| {});
    if let Ok(planned) = &planned {
        let unread = planned.plan.refused.iter().chain(&planned.plan.unread);
        let assumed = planned.plan.files.iter().flat_map(|file| &file.sites).flat_map(|site| &site.reasons);
        let said = unread.map(|file| &file.reason).chain(assumed.map(|reason| &reason.message));
        if let Some(defect) = said.into_iter().find(|reason| reason.contains("a defect of layerwright")) {
            return Err(defect.clone());
        }
    }
    let _ = ops::check(&CheckOptions::new(root), &|_| {});
    let _ = Plan::read(bytes("plans/copy-link/plan.json").unwrap_or_default());
    let _ = Evidence::read(bytes("evidence.json").unwrap_or_default(), "a.json");
    parse_list(&String::from_utf8_lossy(bytes("issue.md").unwrap_or_default()), &|_| false);
    let pair = format!("base:1={}", root.join("base.tar").display());
    if let Ok(images) = FileSource::new([pair.as_str()]) {
        let _ = images.lookup(&ImageReference::parse("base:1").unwrap());
    }
    Ok(())
}

fn tar() -> Vec<u8> {
    let mut tar = tar::Builder::new(Vec::new());
    for (path, content) in
        [("etc/passwd", "root:x:0:0::/root:/bin/sh\n"), ("usr/bin/sh", ""), ("a/.wh.b", "")]
    {
        let mut header = tar::Header::new_ustar();
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        tar.append_data(&mut header, path, content.as_bytes()).unwrap();
    }
    tar.into_inner().unwrap()
}
