//! The cases, built once more: comparing their images must say what was found when the model was made. They are no
//! part of this repository: see [`crate::cases::folder`]; and [`crate::engine`] for what allows the builds.
//!
//! A fixed part of them is built. `LAYERWRIGHT_CASES=all` builds them all, which takes minutes, and any other value those
//! whose name starts with it.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::thread;

use layerwright::verify::compare::{Comparison, compare};
use layerwright::verify::image::{Image, Layers, Node, NodeKind};
use serde::Deserialize;
use sha2::{Digest as _, Sha256};

use crate::cases::{self, Case, Kind};
use crate::engine::{self, AT_ONCE, Object};
use crate::support::{left_out, say};

const WHAT: &str = "the cases as builds";

/// Where the cases look for the files that they download.
const SERVER: &str = "127.0.0.1:9377";

/// A base that an engine need not have.
const DEBIAN: &str = "debian:bookworm-slim";

/// Cases whose filesystems differ in an attribute while they are built, and whose images do not: both builds write the
/// directory again, and of attributes only capabilities get into a layer (containerd's `archive.ChangeWriter`).
const LOST_ATTRIBUTES: [&str; 2] = ["045-parent-xattr", "176-xattr-existing-subdir"];

/// How many cases there are at least that every engine builds alike, and how many are built where nothing is said.
const LEAST: (usize, usize) = (210, 60);

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
    layers: Layers,
    work: tempfile::TempDir,
}

impl Bench {
    fn image(&self, dockerfile: &Path, context: &Path, extra: &[&str]) -> Result<Image, String> {
        engine::layout(dockerfile, context, extra, &self.layers)
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

/// What a case says that comparing its images shows, and the paths that it names as different.
fn expected(case: &Case) -> (Kind, BTreeSet<String>) {
    let path = |part: &str| part.split(": ").next().unwrap().to_owned();
    match case.expected.kind {
        Kind::Differs if LOST_ATTRIBUTES.contains(&case.name.as_str()) => (Kind::Same, BTreeSet::new()),
        Kind::Differs => (Kind::Differs, case.expected.difference.split("; ").map(path).collect()),
        kind => (kind, BTreeSet::new()),
    }
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

/// The cases that are built. Left out are those that only some frontends read, and those on a base that is not there.
fn chosen(folder: &Path) -> Vec<PathBuf> {
    let wanted = std::env::var("LAYERWRIGHT_CASES").unwrap_or_default();
    let has_debian = engine::is_image(DEBIAN);
    if !has_debian {
        left_out("cases on Debian", &format!("the engine has no {DEBIAN}"));
    }
    let mut chosen = Vec::new();
    let mut seen: BTreeMap<Kind, usize> = BTreeMap::new();
    let mut all = 0;
    for case in cases::all(folder) {
        let text = fs::read_to_string(case.join("Dockerfile")).unwrap();
        let expected: cases::Expected =
            serde_json::from_slice(&fs::read(case.join("expect.json")).unwrap()).unwrap();
        if !expected.needs.is_empty() || !has_debian && text.contains(DEBIAN) {
            continue;
        }
        all += 1;
        let nth = seen.entry(expected.kind).or_default();
        *nth += 1;
        let is_chosen = match wanted.as_str() {
            "all" => true,
            // What the sample holds of a kind grows with what can go wrong with it.
            "" => (*nth).is_multiple_of(step(expected.kind)),
            prefix => case.file_name().unwrap().to_str().unwrap().starts_with(prefix),
        };
        if is_chosen {
            chosen.push(case);
        }
    }
    assert!(all >= LEAST.0, "only {all} cases were found");
    assert!(!wanted.is_empty() || chosen.len() >= LEAST.1, "only {} cases are built", chosen.len());
    chosen
}

/// Of how many cases of a kind one is built where nothing is said.
fn step(kind: Kind) -> usize {
    match kind {
        Kind::Same => 4,
        Kind::Differs => 2,
        Kind::LinkFails | Kind::PlainFails | Kind::BothFail => 1,
    }
}

#[test]
fn comparing_the_images_of_the_cases_says_what_they_say() {
    let Some(folder) = cases::folder() else { return left_out(WHAT, "there is no folder with `cases`") };
    if !engine::is_there(WHAT) {
        return;
    }
    serve();
    let bench = Bench { layers: Layers::default(), work: tempfile::tempdir().unwrap() };
    let folders = chosen(&folder);
    let pending = Mutex::new(folders.iter());
    let wrong = Mutex::new(Vec::new());
    let ran = Mutex::new(0);
    let work = || {
        while let Some(folder) = { pending.lock().unwrap().next() } {
            let Some((case, shown)) = bench.show(folder) else { continue };
            *ran.lock().unwrap() += 1;
            let Shown { kind, said, paths } = shown;
            let expected = expected(&case);
            if (kind, &paths) != (expected.0, &expected.1) {
                let line = format!("{}: {kind:?}: {said}, not {expected:?}", case.name);
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

/// A Dockerfile whose layers need everything that putting layers over each other knows.
const LAYERED: &str = "\
FROM caps:1 AS caps
FROM tiny:1
COPY --from=caps /cap /cap
RUN mkdir -p /a/b/c && echo 1 > /a/b/f && ln -s b /a/s && echo x > /a/g && mkdir -p /d/e && echo x > /d/e/x
RUN rm -r /a/b && mkdir -p /a/b/n && echo 2 > /a/b/h && ln /a/g /h && chmod 700 /d && rm /d/e/x
RUN rm /a/s && mkdir /a/s && echo 3 > /a/s/f && rm -r /xd && ln /h /i && echo more >> /h && ln -s /a /lnk
RUN rm -r /d && echo file > /d && rm /lnk && ln -s /nowhere /lnk && chown 5:6 /a/s/f && rm -r /srv && mkdir -m 2711 /srv
RUN busybox mkfifo /p && busybox mknod /c c 1 3 && chown 7:8 /p && mkdir /$(busybox printf 'n\\303\\251') && rm /etc/group
";

/// An object of an image as the engine's own view of the image has it.
fn object(node: &Node) -> Object {
    let nothing = || Sha256::digest([]).into();
    let mut object = Object {
        kind: b'5',
        mode: node.mode,
        uid: node.uid.into(),
        gid: node.gid.into(),
        size: 0,
        content: nothing(),
        target: None,
        device: Some((0, 0)),
        xattrs: BTreeMap::new(),
    };
    for (name, value) in &node.xattrs {
        object.xattrs.insert(String::from_utf8(name.clone()).unwrap(), value.clone());
    }
    match &node.kind {
        NodeKind::Dir => {}
        NodeKind::File { size, content } => {
            (object.kind, object.size, object.content) = (b'0', *size, content.0);
        }
        NodeKind::Symlink { target } => {
            (object.kind, object.target) = (b'2', Some(String::from_utf8(target.clone()).unwrap()));
        }
        NodeKind::CharDevice { number } => (object.kind, object.device) = (b'3', Some(*number)),
        NodeKind::BlockDevice { number } => (object.kind, object.device) = (b'4', Some(*number)),
        NodeKind::Fifo => object.kind = b'6',
    }
    object
}

#[test]
fn layers_make_what_the_engine_makes_of_them() {
    let what = "the engine's own view of layers";
    if !engine::is_there(what) {
        return;
    }
    let work = tempfile::tempdir().unwrap();
    let (dockerfile, context) = (work.path().join("Dockerfile"), work.path().join("context"));
    fs::create_dir(&context).unwrap();
    fs::write(&dockerfile, LAYERED).unwrap();
    let image = engine::layout(&dockerfile, &context, &[], &Layers::default()).unwrap();
    assert_eq!(image.layers.len(), 7);
    let own = image.entries.iter().filter(|(path, _)| !path.is_empty());
    let own: engine::Image = own.map(|(path, node)| (path.to_string(), object(node))).collect();
    let mounted = engine::build(&dockerfile, &context, &[]).unwrap();
    // See `LOST_ATTRIBUTES`.
    let lost = "/cap/sub: type 5 755 1000:1001 0 bytes with attributes became type 5 755 1000:1001 0 bytes";
    assert_eq!(engine::differences(&mounted, &own), [lost]);
    assert_eq!(own["cap/f"].xattrs.keys().collect::<Vec<_>>(), ["security.capability"]);
    assert!(own.len() > 60 && own.contains_key("a/b/h") && !own.contains_key("a/b/f"));
    engine::finish(what, 2);
}
