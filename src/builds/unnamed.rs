//! Lines that build an image and do not name its Dockerfile, such as `docker build "$1"`: only who calls them knows it. They
//! never state a build; the lines that name a Dockerfile or its folder in their files, or in those that call them, say
//! which one they may build.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::mentions::{self, Mention};
use super::resolve::{below, says_enough};
use super::{Build, Declared};
use crate::budget::{self, spend};
use crate::git::RepoPath;
use crate::text::pattern::{Part, Pattern};

/// The rounds in which the callers of callers are looked for.
const ROUNDS: usize = 2;
/// The most lines between the names of one build.
const NEAR: usize = 12;
/// The least length of a script's name that is looked for in other files.
const SHORTEST: usize = 4;

/// A line that does not name its Dockerfile.
#[derive(Default)]
struct Unnamed<'a> {
    /// The paths that it may have, with unknown parts.
    paths: BTreeSet<Pattern>,
    callers: BTreeSet<&'a RepoPath>,
}

/// Files with their texts.
type Texts<'t> = Vec<(&'t RepoPath, &'t str)>;

/// Returns the places that may build a Dockerfile by a line that does not name it: first those that name the Dockerfile or
/// its folder, then the lines themselves, which count only for a Dockerfile of which no build is known. `unread` are the
/// lines that are not interpreted, `texts` the files that may build something or call what does.
pub(super) fn mentions(
    (declared, builds): (&[Declared], &[Build]),
    unread: &[Mention],
    dockerfiles: &[&RepoPath],
    texts: &[(&RepoPath, &str)],
) -> Vec<Mention> {
    let mut unnamed: BTreeMap<(&RepoPath, usize), Unnamed<'_>> = BTreeMap::new();
    for build in declared {
        for path in build.folders.iter().filter_map(|folder| unnamed_path(folder, &build.dockerfile)) {
            let at = unnamed.entry((&build.place.path, build.place.line)).or_default();
            at.paths.insert(path);
            at.callers.extend(build.callers.iter().map(|caller| &caller.path));
        }
    }
    for mention in unread {
        let names_one = || dockerfiles.iter().any(|dockerfile| mention.may_build(dockerfile));
        if let Some(place) = mention.unnamed().filter(|_| !names_one()) {
            unnamed.entry(place).or_default().paths.insert(Pattern::hole("?"));
        }
    }
    let mut read: HashMap<(&RepoPath, &RepoPath), BTreeSet<usize>> = HashMap::new();
    for build in builds {
        for place in std::iter::once(&build.place).chain(&build.callers) {
            read.entry((&place.path, &build.dockerfile)).or_default().insert(place.line);
        }
    }
    // The lines of one step or service name the same build.
    let is_read = |file: &RepoPath, line: usize, dockerfile: &RepoPath, near: usize| {
        let lines = read.get(&(file, dockerfile));
        lines.is_some_and(|lines| lines.range(line.saturating_sub(near)..=line + near).next().is_some())
    };
    let names = Names::new(dockerfiles);
    let mut named_in: HashMap<&RepoPath, BTreeMap<usize, usize>> = HashMap::new();
    let mut named: BTreeMap<(&RepoPath, usize), BTreeSet<RepoPath>> = BTreeMap::new();
    let mut all_concerned: HashMap<(&RepoPath, &BTreeSet<&RepoPath>), Texts<'_>> = HashMap::new();
    for ((path, line), unnamed) in &unnamed {
        let files: &[(&RepoPath, &str)] = all_concerned
            .entry((path, &unnamed.callers))
            .or_insert_with(|| concerned(path, &unnamed.callers, texts));
        let mut may_be: HashMap<usize, bool> = HashMap::new();
        for (file, text) in files {
            for (&at, &mut first) in named_in.entry(file).or_insert_with(|| names.in_file(file, text)) {
                spend(1);
                let dockerfile = dockerfiles[at];
                let may_be = *may_be.entry(at).or_insert_with(|| {
                    unnamed.paths.iter().any(|path| path.matches(dockerfile.as_str()).is_some())
                        && !is_read(path, *line, dockerfile, 0)
                });
                if may_be && !is_read(file, first, dockerfile, NEAR) {
                    named.entry((file, first)).or_default().insert(dockerfile.clone());
                }
            }
        }
    }
    let lines =
        unnamed.into_iter().map(|((path, line), unnamed)| Mention::unnamed_line(path, line, unnamed.paths));
    let lines: Vec<Mention> = lines.collect();
    let named = named.into_iter().map(|((path, line), files)| Mention::of_files(path, line, files));
    named.chain(lines).collect()
}

/// Returns the path of a Dockerfile that is too vague to identify one. `None` if it is not, or lies outside.
fn unnamed_path(folder: &Pattern, dockerfile: &Pattern) -> Option<Pattern> {
    let is_open = |path: &Pattern| path.parts().iter().any(|part| matches!(part, Part::Hole(_)));
    match below(folder, dockerfile) {
        Some(path) if is_open(&path) && !says_enough(&path) => Some(path),
        None if is_open(dockerfile) => {
            let mut path = Pattern::hole("?");
            path.push(&dockerfile.rsplit_slash().map_or_else(|| dockerfile.clone(), |(_, name)| name));
            Some(path)
        }
        Some(_) | None => None,
    }
}

/// Returns the files whose lines may say what a line builds: its own, those that call it, and those that have their names.
fn concerned<'t>(
    path: &RepoPath,
    callers: &BTreeSet<&RepoPath>,
    texts: &[(&'t RepoPath, &'t str)],
) -> Texts<'t> {
    let mut found: Vec<(&RepoPath, &str)> =
        texts.iter().filter(|(other, _)| *other == path || callers.contains(other)).copied().collect();
    for _ in 0..ROUNDS {
        let scripts = found.iter().map(|(path, _)| path.file_name());
        let scripts =
            scripts.filter(|name| name.len() >= SHORTEST && !name.to_ascii_lowercase().contains("makefile"));
        let scripts: BTreeSet<&str> =
            scripts.filter(|name| name.ends_with("sh") || !name.contains('.')).collect();
        let has = |text: &str| {
            scripts.iter().any(|name| memchr::memmem::find(text.as_bytes(), name.as_bytes()).is_some())
        };
        let is_new = |(path, _): &&(&RepoPath, &str)| found.iter().all(|(other, _)| other != path);
        let new: Vec<_> = texts.iter().filter(is_new).filter(|(_, text)| has(text)).copied().collect();
        if new.is_empty() {
            break;
        }
        found.extend(new);
    }
    found
}

/// The words by which a file names a Dockerfile: its path or that of its folder, from the repository's root or from the file.
struct Names<'d>(HashMap<&'d str, Vec<usize>>);

impl<'d> Names<'d> {
    fn new(dockerfiles: &[&'d RepoPath]) -> Self {
        let mut names: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, path) in dockerfiles.iter().map(|path| path.as_str()).enumerate() {
            names.entry(path).or_default().push(at);
            if let Some((folder, "Dockerfile" | "Containerfile")) = path.rsplit_once('/') {
                names.entry(folder).or_default().push(at);
            }
        }
        Self(names)
    }

    /// Returns the numbers of the Dockerfiles that a file names, each with the first line that does.
    fn in_file(&self, file: &RepoPath, text: &str) -> BTreeMap<usize, usize> {
        spend(text.len() / budget::BYTES);
        let own = file.parent().map_or_else(String::new, |own| format!("{own}/"));
        let mut found = BTreeMap::new();
        let mut below_own = own.clone();
        let lines = text.lines().enumerate().filter(|(_, line)| !mentions::is_comment(line));
        for (at, line) in lines {
            for word in mentions::words(line) {
                below_own.truncate(own.len());
                below_own.push_str(word);
                let from_own = self.0.get(below_own.as_str()).filter(|_| !own.is_empty());
                for dockerfile in self.0.get(word).into_iter().chain(from_own).flatten() {
                    found.entry(*dockerfile).or_insert(at + 1);
                }
            }
        }
        found
    }
}
