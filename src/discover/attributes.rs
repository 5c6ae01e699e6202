//! `.gitattributes`: the files whose bytes git changes between the repository and a working tree. A build may get either.
//! Attributes outside the repository (`info/attributes`, those of the user) are not known.

use std::collections::BTreeMap;

use ignore::gitignore::{Gitignore, GitignoreBuilder};

use super::SourceTree;
use crate::git::{EntryKind, RepoPath};

/// The name of such a file, in any folder.
const NAME: &str = ".gitattributes";

/// The most bytes of such a file, and the most lines that are compiled. Beyond either, every file may be changed.
const MOST_BYTES: u64 = 1 << 20;
const MOST_LINES: usize = 1000;

/// The most macros that one inside the other are expanded.
const MOST_DEPTH: usize = 8;

/// The attributes that change bytes (git, `gitattributes`).
const CHANGING: [&str; 4] = ["filter", "working-tree-encoding", "ident", "eol"];

/// The attributes of a line, each true if it changes bytes; `None` if the line does not set it.
type Set = [Option<bool>; CHANGING.len()];

/// The attributes of the files of a repository.
#[derive(Debug, Default)]
pub(crate) struct Attributes {
    /// The lines of all files, those of the root first. The last one that sets an attribute counts.
    lines: Vec<Line>,
    /// The folders in which a file is not understood.
    unread: Vec<Option<RepoPath>>,
}

#[derive(Debug)]
struct Line {
    /// The folder of the file; `None` is the root.
    folder: Option<RepoPath>,
    pattern: Gitignore,
    set: Set,
}

impl Attributes {
    /// Reads the attributes of all files.
    pub(super) fn of(source: &SourceTree<'_>) -> Self {
        let mut attributes = Self::default();
        let files = source.listing().below(None).iter().filter(|entry| entry.path.file_name() == NAME);
        // git does not follow a link of this name.
        let mut paths: Vec<&RepoPath> = files
            .filter(|entry| matches!(entry.kind, EntryKind::File { .. }))
            .map(|entry| &entry.path)
            .collect();
        paths.sort_by_key(|path| path.components().count());
        let mut macros = BTreeMap::new();
        for path in paths {
            let folder = path.parent();
            let text = source.read(path, MOST_BYTES).ok();
            let text = text.map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
            if folder.is_none() {
                macros = text.as_deref().map(macros_of).unwrap_or_default();
            }
            let lines = text.and_then(|text| lines(&text, folder.as_ref(), &macros));
            match lines.filter(|lines| attributes.lines.len() + lines.len() <= MOST_LINES) {
                Some(lines) => attributes.lines.extend(lines),
                None => attributes.unread.push(folder),
            }
        }
        attributes
    }

    /// Returns true if git may change the bytes of a file.
    pub(super) fn change(&self, path: &RepoPath) -> bool {
        if self.unread.iter().any(|folder| path.relative_to(folder.as_ref()).is_some()) {
            return true;
        }
        let mut set = Set::default();
        for line in &self.lines {
            let inside = path.relative_to(line.folder.as_ref());
            if inside.is_some_and(|inside| line.pattern.matched(inside, false).is_ignore()) {
                overlay(&mut set, line.set);
            }
        }
        set.contains(&Some(true))
    }
}

/// Returns the lines of a file that set one of the attributes. `None` if a pattern is not understood.
fn lines(text: &str, folder: Option<&RepoPath>, macros: &BTreeMap<String, Set>) -> Option<Vec<Line>> {
    let mut found = Vec::new();
    for line in text.lines() {
        let line = line.trim_start_matches([' ', '\t', '\r']);
        // git ignores a line whose pattern is negative.
        if line.starts_with(['#', '!']) || line.starts_with("[attr]") {
            continue;
        }
        let (pattern, attributes) = match line.strip_prefix('"') {
            Some(quoted) => quoted.split_once('"').filter(|(pattern, _)| !pattern.contains('\\'))?,
            None => line.split_once([' ', '\t']).unwrap_or((line, "")),
        };
        let set = read(attributes, macros);
        if set == Set::default() {
            continue;
        }
        let mut builder = GitignoreBuilder::new("");
        builder.add_line(None, pattern).ok()?;
        found.push(Line { folder: folder.cloned(), pattern: builder.build().ok()?, set });
        if found.len() > MOST_LINES {
            return None;
        }
    }
    Some(found)
}

/// Returns the macros that set one of the attributes. Only the file of the root can define them.
fn macros_of(text: &str) -> BTreeMap<String, Set> {
    let definitions = || {
        let lines = text.lines().filter_map(|line| line.trim_start().strip_prefix("[attr]"));
        lines.filter_map(|line| line.trim_start().split_once([' ', '\t']))
    };
    let mut macros = BTreeMap::new();
    for _ in 0..MOST_DEPTH {
        let before = macros.clone();
        for (name, attributes) in definitions() {
            let set = read(attributes, &before);
            if set != Set::default() {
                macros.insert(name.to_owned(), set);
            }
        }
        if macros == before {
            return macros;
        }
    }
    definitions().map(|(name, _)| (name.to_owned(), [Some(true); CHANGING.len()])).collect()
}

/// Reads the attributes behind a pattern.
fn read(attributes: &str, macros: &BTreeMap<String, Set>) -> Set {
    let mut set = Set::default();
    for word in attributes.split_ascii_whitespace() {
        let (name, value) = word.split_once('=').unwrap_or((word, ""));
        let (name, is_unset) = match name.strip_prefix(['-', '!']) {
            Some(name) => (name, true),
            None => (name, false),
        };
        if let Some(at) = CHANGING.iter().position(|changing| *changing == name) {
            let is_plain = name == "eol" && value == "lf";
            set[at] = Some(!is_unset && !is_plain);
        } else if let Some(expanded) = macros.get(name).filter(|_| !is_unset) {
            overlay(&mut set, *expanded);
        }
    }
    set
}

fn overlay(set: &mut Set, later: Set) {
    for (attribute, later) in set.iter_mut().zip(later) {
        *attribute = later.or(*attribute);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(files: &[(&str, &str)], path: &str) -> bool {
        let folder = tempfile::tempdir().unwrap();
        for (path, text) in files {
            let at = folder.path().join(path);
            std::fs::create_dir_all(at.parent().unwrap()).unwrap();
            std::fs::write(at, text).unwrap();
        }
        Attributes::of(&SourceTree::folder(folder.path())).change(&RepoPath::new(path).unwrap())
    }

    #[test]
    fn a_file_with_a_filter_is_changed() {
        let root = |text| move |path: &str| changed(&[(NAME, text)], path);
        let lfs = root("# *.c filter=lfs\n*.tgz filter=lfs diff=lfs -text\n/d/* filter=git-crypt\n");
        assert!(lfs("x.tgz") && lfs("a/b/x.tgz") && lfs("d/x"));
        assert!(!lfs("x.tar") && !lfs("d/e/x") && !lfs("a/d/x") && !lfs("x.c"));
        let undone = root("* filter=lfs\n*.sh -filter\n*.txt !filter\n\"a b\" -filter\n");
        assert!(undone("x") && !undone("x.sh") && !undone("x.txt") && !undone("a b"));
        let others = root("*.sh text eol=crlf\n*.a eol=lf\n*.b ident\n*.c working-tree-encoding=UTF-16 \n");
        assert!(others("x.sh") && !others("x.a") && others("x.b") && others("x.c"));
    }

    #[test]
    fn the_file_of_the_nearest_folder_counts() {
        let files = [(NAME, "*.bin filter=lfs\n"), ("a/.gitattributes", "/x.bin -filter\n*.dat filter=x\n")];
        assert!(changed(&files, "x.bin") && changed(&files, "a/y.bin") && changed(&files, "a/b/y.dat"));
        assert!(!changed(&files, "a/x.bin") && !changed(&files, "y.dat"));
    }

    #[test]
    fn a_macro_stands_for_its_attributes() {
        let file = [(NAME, "[attr]outer inner\n[attr]inner filter=lfs\n*.bin outer\n*.c -outer\n")];
        assert!(changed(&file, "x.bin") && !changed(&file, "x.c") && !changed(&file, "x"));
        assert!(!changed(&[(NAME, "*.bin binary\n")], "x.bin"));
    }

    #[test]
    fn a_file_that_is_not_understood_may_change_every_file_of_its_folder() {
        let files = [("a/.gitattributes", "\"x\\t\" filter=lfs\n")];
        assert!(changed(&files, "a/b") && !changed(&files, "b"));
    }
}
