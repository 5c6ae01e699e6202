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

/// The words of a file, each with its first line.
type Words = HashMap<String, usize>;

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
    let mut words: HashMap<&RepoPath, Words> = HashMap::new();
    let mut named: BTreeMap<(&RepoPath, usize), BTreeSet<RepoPath>> = BTreeMap::new();
    let mut all_concerned: HashMap<(&RepoPath, &BTreeSet<&RepoPath>), Texts<'_>> = HashMap::new();
    for ((path, line), unnamed) in &unnamed {
        let files: &[(&RepoPath, &str)] = all_concerned
            .entry((path, &unnamed.callers))
            .or_insert_with(|| concerned(path, &unnamed.callers, texts));
        for (file, text) in files {
            words.entry(file).or_insert_with(|| words_of(text));
        }
        for dockerfile in dockerfiles {
            spend(1);
            let may_be = unnamed.paths.iter().any(|path| path.matches(dockerfile.as_str()).is_some());
            if !may_be || is_read(path, *line, dockerfile, 0) {
                continue;
            }
            for (file, _) in files {
                let line = names(dockerfile, file).iter().filter_map(|name| words[file].get(name)).min();
                if let Some(line) = line.filter(|line| !is_read(file, **line, dockerfile, NEAR)) {
                    named.entry((file, *line)).or_default().insert((*dockerfile).clone());
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

fn words_of(text: &str) -> Words {
    spend(text.len() / budget::BYTES);
    let mut words = Words::new();
    let lines = text.lines().enumerate().filter(|(_, line)| !mentions::is_comment(line));
    for (at, line) in lines {
        for word in mentions::words(line) {
            words.entry(word).or_insert(at + 1);
        }
    }
    words
}

/// Returns the words by which a file names a Dockerfile: its path or that of its folder, from the repository's root or from
/// the file.
fn names(dockerfile: &RepoPath, file: &RepoPath) -> Vec<String> {
    let own = file.parent();
    let from_own = own.as_ref().and_then(|own| dockerfile.relative_to(Some(own)));
    let mut names = Vec::new();
    for path in std::iter::once(dockerfile.as_str()).chain(from_own) {
        names.push(path.to_owned());
        if let Some((folder, "Dockerfile" | "Containerfile")) = path.rsplit_once('/') {
            names.push(folder.to_owned());
        }
    }
    names
}
