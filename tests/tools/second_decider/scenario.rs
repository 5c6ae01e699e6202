//! A random state: a base image, another image, a context, and a Dockerfile with a few lines that copy.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::filesystem::{Filesystem, Metadata, Node, join, split};
use super::perhaps::MOST_RUNS;
use super::random::Random;

/// Places where a base may have something, parents first.
const PLACES: [&str; 16] = [
    "/a", "/a/b", "/a/b/c", "/a/x", "/d", "/d/e", "/d/x", "/l", "/l/e", "/n", "/n/x", "/opt", "/opt/b",
    "/opt/b/e", "/tmp", "/w",
];
const TARGETS: [&str; 12] =
    ["/a", "/d", "/opt", "a", "b", "..", ".", "/nowhere", "/l", "/a/b", "../opt/b", "/d/x"];
const MODES: [u32; 10] = [0o755, 0o755, 0o755, 0o755, 0o755, 0o700, 0o775, 0o1777, 0o2755, 0o2775];
const OWNERS: [(u32, u32); 7] = [(0, 0), (0, 0), (0, 0), (0, 0), (1000, 1001), (5, 5), (0, 50)];
/// Places of a context or of another image, parents first.
const SOURCES: [&str; 14] = [
    "/f", "/g", "/d", "/d/x", "/d/e", "/d/e/y", "/d/b", "/s", "/s/a", "/s/a/b", "/s/a/b/k", "/s/l", "/s/opt",
    "/m",
];
const DESTINATIONS: [&str; 34] = [
    "/", "/a", "/a/", "/a/b", "/a/b/", "/a/b/c", "/a/b/c/", "/a/x", "/a/x/", "/d", "/d/", "/d/e", "/d/e/f",
    "/d/x", "/l", "/l/", "/l/e", "/l/e/", "/n", "/n/", "/n/x", "/n/x/", "/n/m/o/", "/opt", "/opt/b",
    "/opt/b/", "/tmp/f", "/tmp", "/new/a", "/new/", ".", "./", "x", "b/",
];
/// Directories that a RUN makes, or may make.
const MADE: [&str; 12] =
    ["/n", "/n", "/n/x", "/n/x", "/n/m/o", "/a/b/c", "/a/b", "/d/e", "/l/e", "/opt/b", "/new/a", "/new"];
const CHOWNS: [&str; 12] = [
    "",
    "",
    "",
    "",
    "",
    "",
    "--chown=1000:1001 ",
    "--chown=0:0 ",
    "--chown=5 ",
    "--chown=root ",
    "--chown=app ",
    "--chown=nosuch ",
];
const PASSWD: &str = "root:x:0:0:root:/root:/bin/sh\napp:x:1000:1001:app:/home/app:/bin/sh\n";

/// A random state.
#[derive(Clone, Debug)]
pub struct Scenario {
    /// `base:1` and `other:1`.
    pub images: BTreeMap<String, Filesystem>,
    pub context: Filesystem,
    pub dockerfile: String,
}

impl Scenario {
    /// The state of a seed.
    pub fn new(seed: u64) -> Self {
        let mut random = Random::new(seed);
        let mut base = Filesystem::default();
        base.put("/etc", Node::Dir(Metadata::new(0o755, 0, 0)));
        base.put("/etc/passwd", Node::File(Metadata::new(0o644, 0, 0), PASSWD.into()));
        fill(&mut random, &mut base, &PLACES, Kinds::Image);
        let mut other = Filesystem::default();
        fill(&mut random, &mut other, &SOURCES, Kinds::Image);
        let mut context = Filesystem::default();
        fill(&mut random, &mut context, &SOURCES, Kinds::Context);
        let dockerfile = dockerfile(&mut random, &context, &other);
        let images = [("base:1".to_owned(), base), ("other:1".to_owned(), other)].into();
        Self { images, context, dockerfile }
    }
}

impl std::fmt::Display for Scenario {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.dockerfile)?;
        let images = self.images.iter().map(|(name, files)| (name.as_str(), files));
        for (name, files) in images.chain([("context", &self.context)]) {
            writeln!(f, "# {name}")?;
            for (path, node) in files.entries() {
                writeln!(f, "#   {path} {node}")?;
            }
        }
        Ok(())
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kinds {
    /// Any mode, owner and attributes, devices too.
    Image,
    /// Files of root.
    Context,
}

fn fill(random: &mut Random, files: &mut Filesystem, places: &[&str], kinds: Kinds) {
    for place in places {
        if !files.is_directory(split(place).0) || random.chance(30) {
            continue;
        }
        let (uid, gid) = if kinds == Kinds::Image { random.one(&OWNERS) } else { (0, 0) };
        let mut metadata = Metadata::new(random.one(&MODES), uid, gid);
        let has_children = places.iter().any(|other| other.starts_with(&format!("{place}/")));
        let node = match random.below(24) {
            0..3 => Node::Symlink(Metadata::new(0o777, uid, gid), random.one(&TARGETS).to_owned()),
            3 if kinds == Kinds::Image => Node::Other(Metadata::new(0o644, uid, gid)),
            4 => Node::File(Metadata::new(0o644, uid, gid), format!("{place} of {}", places.len())),
            kind if has_children || kind < 16 => {
                if random.chance(if kinds == Kinds::Image { 6 } else { 3 }) {
                    metadata.xattrs.insert("user.mark".into());
                }
                Node::Dir(metadata)
            }
            _ => Node::File(Metadata::new(0o644, uid, gid), format!("{place} of {}", places.len())),
        };
        files.put(place, node);
    }
}

fn dockerfile(random: &mut Random, context: &Filesystem, other: &Filesystem) -> String {
    let mut text = String::from("FROM other:1 AS other\nFROM base:1\n");
    if random.chance(15) {
        writeln!(text, "USER {}", random.one(&["1000:1001", "app", "0", "5"])).unwrap();
    }
    if random.chance(40) {
        writeln!(text, "WORKDIR {}", random.one(&["/w", "/a/b", "/l", "/n/x", "/d", "/new/w"])).unwrap();
    }
    if random.chance(40) {
        for _ in 0..=random.below(MOST_RUNS as usize) {
            let (flag, end) = (random.one(&["-p ", "-p ", ""]), random.one(&[" || true", " || true", ""]));
            writeln!(text, "RUN mkdir {flag}{}{end}", random.one(&MADE)).unwrap();
        }
    }
    for _ in 0..=random.below(3) {
        let line = copy(random, context, other);
        writeln!(text, "{line}").unwrap();
    }
    text
}

fn copy(random: &mut Random, context: &Filesystem, other: &Filesystem) -> String {
    let link = if random.chance(12) { "--link " } else { "" };
    let (from, files) = if random.chance(30) { ("--from=other ", other) } else { ("", context) };
    let existing: Vec<String> =
        files.entries().map(|(path, _)| path.to_owned()).chain(["/".to_owned()]).collect();
    let mut sources = Vec::new();
    for _ in 0..random.one(&[1, 1, 1, 1, 2, 3]) {
        let source = existing[random.below(existing.len())].trim_start_matches('/').to_owned();
        let end = random.one(&["", "", "", "", "", "/", "/."]);
        let is_directory = files.root_path(&join("/", &source)).is_ok_and(|real| files.is_directory(&real));
        sources.push(if is_directory && !source.is_empty() {
            format!("{source}{end}")
        } else if source.is_empty() {
            ".".into()
        } else {
            source
        });
    }
    let chown = random.one(&CHOWNS);
    format!("COPY {link}{from}{chown}{} {}", sources.join(" "), random.one(&DESTINATIONS))
}
