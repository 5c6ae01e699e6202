//! The cases, built once more: comparing their images must say what was found when the model was made. They are no
//! part of this repository: see [`crate::cases::folder`]; and [`crate::engine`] for what allows the builds.
//!
//! `LAYERWRIGHT_CASES` builds those alone whose name starts with what it says.

use std::collections::BTreeSet;
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use layerwright::verify::compare::{Comparison, compare};
use layerwright::verify::image::{Blobs, Image, read_export};
use serde::Deserialize;

use crate::cases::{self, Case, Kind};
use crate::engine::{self, AT_ONCE};
use crate::support::{left_out, say};

const WHAT: &str = "the cases as builds";

/// Where the cases look for the files that they download.
const SERVER: &str = "127.0.0.1:9377";

/// A base that an engine need not have.
const DEBIAN: &str = "debian:bookworm-slim";

/// How many cases there are at least that every engine builds alike.
const LEAST: usize = 210;

/// What building a case needs beside its Dockerfile.
#[derive(Default, Deserialize)]
struct Extra {
    /// Arguments of the build.
    #[serde(default)]
    extra: Vec<String>,
}

/// What the builds of a case showed.
struct Shown {
    kind: Kind,
    /// What comparing said, or why a build failed.
    said: String,
    paths: BTreeSet<String>,
}

struct Bench {
    known: Mutex<Blobs>,
    work: tempfile::TempDir,
}

impl Bench {
    fn image(&self, dockerfile: &Path, context: &Path, extra: &[&str]) -> Result<Image, String> {
        let layout = engine::layout(dockerfile, context, extra)?;
        let mut known = self.known.lock().unwrap();
        Ok(read_export(layout.as_slice(), &mut known).unwrap())
    }

    /// Builds a case in both ways; None where its context cannot be made here.
    fn show(&self, folder: &Path) -> Option<(Case, Shown)> {
        let case = Case::read(folder, self.work.path())?;
        let extra: Extra = match fs::read(folder.join("case.json")) {
            Ok(bytes) => serde_json::from_slice(&bytes).unwrap(),
            Err(_) => Extra::default(),
        };
        let extra: Vec<&str> = extra.extra.iter().map(String::as_str).collect();
        let build = |kind: &str, text: &str| {
            let dockerfile = self.work.path().join(format!("{}.{kind}", case.name));
            fs::write(&dockerfile, text).unwrap();
            self.image(&dockerfile, &case.context, &extra)
        };
        let (plain, linked) = (build("plain", &case.text), build("link", &linked(&case)));
        let failed = |kind, said| Shown { kind, said, paths: BTreeSet::new() };
        let shown = match (plain, linked) {
            (Ok(plain), Ok(linked)) => compared(&compare(&plain, &linked)),
            (Ok(_), Err(said)) => failed(Kind::LinkFails, said),
            (Err(said), Ok(_)) => failed(Kind::PlainFails, said),
            (Err(said), Err(_)) => failed(Kind::BothFail, said),
        };
        Some((case, shown))
    }
}

fn compared(comparison: &Comparison) -> Shown {
    assert!(comparison.paths > 1, "nothing was compared");
    let kind = if comparison.is_same() { Kind::Same } else { Kind::Differs };
    let lines: Vec<String> = comparison.differences.iter().map(ToString::to_string).collect();
    let path = |path: &Option<_>| path.as_ref().map_or("image config".into(), ToString::to_string);
    let paths = comparison.differences.iter().map(|difference| path(&difference.path)).collect();
    Shown { kind, said: lines.join("; "), paths }
}

/// The text of a case with `--link`.
fn linked(case: &Case) -> String {
    if let Some(text) = &case.expected.link_dockerfile {
        return text.clone();
    }
    let link = |(at, line): (usize, &str)| {
        if !case.expected.lines.contains(&(at + 1)) {
            return line.to_owned();
        }
        let upper = line.to_ascii_uppercase();
        let word = ["COPY", "ADD"].iter().find_map(|word| upper.find(word).map(|start| start + word.len()));
        let (head, rest) = line.split_at(word.unwrap_or_else(|| panic!("{}: no COPY in {line}", case.name)));
        format!("{head} --link{rest}")
    };
    case.text.lines().enumerate().map(link).map(|line| line + "\n").collect()
}

/// The paths that a case names as different.
fn expected(case: &Case) -> BTreeSet<String> {
    if case.expected.kind != Kind::Differs {
        return BTreeSet::new();
    }
    let path = |part: &str| part.split(": ").next().unwrap().to_owned();
    case.expected.difference.split("; ").map(path).collect()
}

/// Serves the one file that the cases download, unless somebody does already.
fn serve() {
    let Ok(listener) = TcpListener::bind(SERVER) else { return };
    let answer = |stream: TcpStream| -> std::io::Result<()> {
        let mut lines = BufReader::new(&stream).lines();
        let request = lines.next().unwrap_or_else(|| Ok(String::new()))?;
        for header in lines {
            if header?.is_empty() {
                break;
            }
        }
        let (status, body) =
            if request.contains(" /f ") { ("200 OK", "hello\n") } else { ("404 Not Found", "") };
        let head =
            format!("HTTP/1.1 {status}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        (&stream).write_all(head.as_bytes())?;
        if request.starts_with("GET ") { (&stream).write_all(body.as_bytes()) } else { Ok(()) }
    };
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            // A client that goes away builds nothing, which is seen there.
            let _ = answer(stream);
        }
    });
}

/// The cases that are built: those that every frontend reads alike, and whose base is there.
fn chosen(folder: &Path) -> Vec<PathBuf> {
    let prefix = std::env::var("LAYERWRIGHT_CASES").unwrap_or_default();
    let has_debian = engine::is_image(DEBIAN);
    let all = cases::all(folder);
    let is_chosen = |case: &&PathBuf| {
        let text = fs::read_to_string(case.join("Dockerfile")).unwrap();
        let expected: cases::Expected =
            serde_json::from_slice(&fs::read(case.join("expect.json")).unwrap()).unwrap();
        let is_named = case.file_name().unwrap().to_str().unwrap().starts_with(&prefix);
        is_named && expected.needs.is_empty() && (has_debian || !text.contains(DEBIAN))
    };
    let chosen: Vec<PathBuf> = all.iter().filter(is_chosen).cloned().collect();
    if !has_debian {
        left_out("cases on Debian", &format!("the engine has no {DEBIAN}"));
    }
    assert!(!prefix.is_empty() || chosen.len() >= LEAST, "only {} cases are built", chosen.len());
    chosen
}

#[test]
fn comparing_the_images_of_the_cases_says_what_they_say() {
    let Some(folder) = cases::folder() else { return left_out(WHAT, "there is no folder with `cases`") };
    if !engine::is_there(WHAT) {
        return;
    }
    serve();
    let bench = Bench { known: Mutex::default(), work: tempfile::tempdir().unwrap() };
    let folders = chosen(&folder);
    let pending = Mutex::new(folders.iter());
    let wrong = Mutex::new(Vec::new());
    let ran = Mutex::new(0);
    let work = || {
        while let Some(folder) = { pending.lock().unwrap().next() } {
            let Some((case, shown)) = bench.show(folder) else { continue };
            *ran.lock().unwrap() += 1;
            if shown.kind != case.expected.kind || shown.paths != expected(&case) {
                let Shown { kind, said, .. } = shown;
                let (name, expected) = (&case.name, &case.expected);
                let line =
                    format!("{name}: {kind:?}: {said}, not {:?}: {}", expected.kind, expected.difference);
                wrong.lock().unwrap().push(line);
            }
        }
    };
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(work);
        }
    });
    let (ran, wrong) = (ran.into_inner().unwrap(), wrong.into_inner().unwrap());
    say(&format!("{ran} of {} cases were built, {} agree", folders.len(), ran - wrong.len()));
    engine::finish(WHAT, 2 * ran);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(ran, folders.len());
}
