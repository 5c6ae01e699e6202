//! A second implementation of COPY, in memory. It must agree with the recorded builds that it covers, and the verdicts must
//! agree with it.

mod run;

// The example of the same name draws as many states as one likes.
#[path = "../tools/second_decider/mod.rs"]
mod decider;

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use layerwright::images::{ImageReference, ImageSource};
use layerwright::rootfs::{Entry, Tree};
use rayon::prelude::*;

use crate::bases;
use crate::cases::{self, Case, Expected, Kind};
use crate::support::{left_out, say};
use decider::build::{ARCHIVE, Build};
use decider::compare::{Compared, compare};
use decider::filesystem::{Filesystem, Metadata, Node};
use decider::scenario::Scenario;

/// How many recorded builds it has to cover, of those in `cases` and in `soundness/cases`.
const LEAST_COVERED: [usize; 2] = [145, 70];

/// The states of a run of all tests.
const STATES: u64 = 4000;

/// A file of a context as ADD sees it.
fn content(path: &Path) -> String {
    let bytes = fs::read(path).unwrap_or_default();
    let starts = [&b"\x1f\x8b"[..], b"BZh", b"\xfd7zXZ", b"\x28\xb5\x2f\xfd"];
    let is_archive = starts.iter().any(|start| bytes.starts_with(start))
        || bytes.get(257..262) == Some(b"ustar")
        || bytes.get(1..4) == Some(b"\x2a\x4d\x18")
        || bytes.len() >= 512;
    let text = String::from_utf8_lossy(&bytes);
    if is_archive { format!("{ARCHIVE}{text}") } else { text.into_owned() }
}

/// The names of the extended attributes of a file.
fn attributes(path: &Path) -> Vec<String> {
    let mut names = [0; 4096];
    let length = rustix::fs::llistxattr(path, &mut names).unwrap_or(0);
    let names = names[..length].split(|byte| *byte == 0).filter(|name| !name.is_empty());
    names.map(|name| String::from_utf8_lossy(name).into_owned()).collect()
}

/// A context on disk. Its files belong to root in a build.
fn context(folder: &Path) -> Filesystem {
    let mut files = Filesystem::default();
    let mut pending = vec![(folder.to_owned(), String::new())];
    while let Some((folder, prefix)) = pending.pop() {
        for entry in fs::read_dir(folder).unwrap().map(Result::unwrap) {
            let path = format!("{prefix}/{}", entry.file_name().to_string_lossy());
            let metadata = fs::symlink_metadata(entry.path()).unwrap();
            let mut ours = Metadata::new(metadata.permissions().mode() & 0o7777, 0, 0);
            ours.xattrs.extend(attributes(&entry.path()));
            let node = if metadata.is_dir() {
                pending.push((entry.path(), path.clone()));
                Node::Dir(ours)
            } else if metadata.is_symlink() {
                let target = fs::read_link(entry.path()).unwrap();
                Node::Symlink(Metadata::new(0o777, 0, 0), target.to_string_lossy().into_owned())
            } else if metadata.is_file() {
                Node::File(ours, content(&entry.path()))
            } else {
                Node::Other(ours)
            };
            files.put(&path, node);
        }
    }
    files
}

/// A base image as the model holds it.
fn filesystem(tree: &Tree) -> Filesystem {
    let mut files = Filesystem::default();
    let metadata = |known: &layerwright::rootfs::Metadata| Metadata {
        mode: known.mode,
        uid: known.uid,
        gid: known.gid,
        xattrs: known.xattrs.iter().cloned().collect(),
    };
    let text = |bytes: Option<&[u8]>| String::from_utf8_lossy(bytes.unwrap_or_default()).into_owned();
    for (path, entry) in tree.listing() {
        let node = match entry {
            Entry::Dir(known) => Node::Dir(metadata(known)),
            Entry::File(known) => {
                let content = match path.as_str() {
                    "etc/passwd" => text(tree.passwd()),
                    "etc/group" => text(tree.group()),
                    path => format!("{path} of the base"),
                };
                Node::File(metadata(known), content)
            }
            Entry::Symlink(target) => Node::Symlink(Metadata::new(0o777, 0, 0), target.clone()),
            Entry::Other => Node::Other(Metadata::new(0o644, 0, 0)),
        };
        files.put(&format!("/{path}"), node);
    }
    files
}

/// A text with `--link` in some of its lines.
fn linked(text: &str, lines: &[usize]) -> String {
    let insert = |(number, line): (usize, &str)| match line.split_once(' ') {
        Some((word, rest)) if lines.contains(&(number + 1)) => format!("{word} --link {rest}\n"),
        _ => format!("{line}\n"),
    };
    text.lines().enumerate().map(insert).collect()
}

/// What the model says of a case. None where it does not cover it.
fn kind(case: &Case, images: &BTreeMap<String, Filesystem>) -> Option<Kind> {
    // What a builder leaves out of a context is not modelled.
    if case.context.join(".dockerignore").exists() || case.context.join("Dockerfile.dockerignore").exists() {
        return None;
    }
    let context = context(&case.context);
    // What is made below a directory with a default ACL inherits it.
    if context.entries().any(|(_, node)| node.metadata().xattrs.iter().any(|name| name.contains("posix_acl")))
    {
        return None;
    }
    let build = Build { images, context: &context, run: &run::run };
    let text =
        case.expected.link_dockerfile.clone().unwrap_or_else(|| linked(&case.text, &case.expected.lines));
    Some(match (build.run(&case.text)?, build.run(&text)?) {
        (Err(_), Err(_)) => Kind::BothFail,
        (Err(_), Ok(_)) => Kind::PlainFails,
        (Ok(_), Err(_)) => Kind::LinkFails,
        (Ok(plain), Ok(linked)) if plain == linked => Kind::Same,
        (Ok(_), Ok(_)) => Kind::Differs,
    })
}

/// Whether a case can be read as text: a few have names that are no UTF-8.
fn is_text(case: &Path) -> bool {
    let expected = fs::read(case.join("expect.json")).unwrap();
    serde_json::from_slice::<Expected>(&expected).is_ok()
        && fs::read_to_string(case.join("Dockerfile")).is_ok()
}

#[test]
fn the_second_decider_agrees_with_the_builds() {
    let work = tempfile::tempdir().unwrap();
    let sources = bases::images(work.path());
    let image = |name: &&str| {
        let read = sources.lookup(&ImageReference::parse(name).unwrap()).unwrap().unwrap();
        ((*name).to_owned(), filesystem(read.rootfs.tree().unwrap()))
    };
    let images: BTreeMap<String, Filesystem> = ["tiny:1", "caps:1"].iter().map(image).collect();
    for (folder, least) in ["cases", "soundness/cases"].into_iter().zip(LEAST_COVERED) {
        let cases = cases::shared().join(folder);
        if !cases.is_dir() {
            left_out(folder, "LAYERWRIGHT_SHARED names no folder with them, nor is there ../shared");
            continue;
        }
        let place = work.path().join(folder.replace('/', "-"));
        let all = cases::all(&cases);
        let judged: Vec<(Case, Kind)> = all
            .par_iter()
            .filter(|folder| is_text(folder))
            .filter_map(|folder| {
                let case = Case::read(folder, &place)?;
                let kind = kind(&case, &images)?;
                Some((case, kind))
            })
            .collect();
        let wrong: Vec<String> = judged
            .iter()
            .filter(|(case, kind)| case.expected.kind != *kind)
            .map(|(case, kind)| {
                format!("{}: {kind:?}, and the build says {:?}", case.name, case.expected.kind)
            })
            .collect();
        say(&format!("the second decider covers {} of {} builds in {folder}", judged.len(), all.len()));
        assert!(wrong.is_empty(), "{}", wrong.join("\n"));
        assert!(judged.len() >= least, "it covers only {} builds", judged.len());
    }
}

#[test]
fn proofs_agree_with_the_second_decider() {
    let compared: Vec<_> =
        (1..=STATES).into_par_iter().map(|seed| (seed, compare(&Scenario::new(seed)))).collect();
    let proofs: usize =
        compared.iter().map(|(_, compared)| compared.links + compared.edits + compared.holds).sum();
    let listed = |of: fn(&Compared) -> &Vec<String>| -> Vec<String> {
        let lines = compared
            .iter()
            .flat_map(|(seed, one)| of(one).iter().map(move |line| format!("seed {seed}: {line}")));
        lines.collect()
    };
    let (unsound, false_holds) = (listed(|one| &one.unsound), listed(|one| &one.false_holds));
    assert!(unsound.is_empty(), "{}", unsound.join("\n"));
    assert!(false_holds.is_empty(), "{}", false_holds.join("\n"));
    assert!(proofs > 5000, "only {proofs} verdicts were proved");
}
