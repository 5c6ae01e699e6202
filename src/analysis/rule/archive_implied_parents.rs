//! Directories that an archive implies.

use std::collections::{BTreeMap, BTreeSet};

use crate::analysis::archive::{Archive, ArchiveEntry};
use crate::analysis::source::SourceKind;
use crate::analysis::view;
use crate::rootfs::{Directory, Fact, Known};
use crate::text::cut;
use crate::text::path::join;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "archive-implied-parents",
    summary: "A directory without an entry in the archive is created again",
    documentation: DOCUMENTATION,
    caret: Caret::Sources,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

An archive may hold `bin/tool` without an entry for `bin`. A linked ADD creates such a directory again: it replaces a
symlink, and it resets mode and owner of a directory to 0755 and 0:0, also with `--chown`.

An entry whose path passes through a symlink of the same archive lands where that symlink points to. In the empty
filesystem of a linked ADD, this place may be missing.

## Why

A plain ADD extracts into the image and creates only missing directories. In the empty filesystem of a linked ADD, all
of them are missing.

## Example

```dockerfile
FROM tiny:1
ADD a.tar /
```

`tiny:1` is a small BusyBox image. Its `/bin` is a symlink. `a.tar` holds `bin/tool`, and no entry for `bin`.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path             as written            with --link
/bin             symlink to usr/bin    directory
/bin/tool        absent                file
/usr/bin/tool    file                  absent
```

## Source

`unpack` in BuildKit's `solver/llbsolver/file/unpack.go`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let Ok(destination) = &view.resolved.destination else { return };
    if let Some((path, through)) = detour(view) {
        let message = format!(
            "`{path}` in the archive passes through `{through}`, which this instruction does not create as a \
             directory; its place is not known"
        );
        findings.push(Finding::unknown(RULE.id(), &join(&destination.path, path), message));
    }
    for source in &view.resolved.sources {
        match &source.kind {
            SourceKind::Archive(archive) => {
                for (implied, named_later) in implied_parents(archive) {
                    check_parent(view, &join(&destination.path, &implied), named_later, findings);
                }
            }
            SourceKind::OddArchive { why } => {
                findings.push(Finding::unknown(RULE.id(), &destination.path, why.to_string()));
            }
            SourceKind::MaybeArchive { why } => {
                let absent = |fact: &Fact| fact.known == Known::Absent;
                if !view.at_destination.as_ref().is_some_and(absent) {
                    let message = format!("{why}; its effect below `{}` is not known", destination.path);
                    findings.push(Finding::unknown(RULE.id(), &destination.path, message));
                }
            }
            _ => {}
        }
    }
}

/// Returns the first archive entry whose path passes through something that the instruction itself creates and that
/// is not a directory, with that.
fn detour<'a>(view: &'a View<'_>) -> Option<(&'a str, &'a str)> {
    if !view.resolved.has_archive() {
        return None;
    }
    let mut no_directories: BTreeSet<&str> = BTreeSet::new();
    for source in &view.resolved.sources {
        match &source.kind {
            SourceKind::Dir(listing) => {
                for (path, known) in &listing.entries {
                    bring(&mut no_directories, path, matches!(known, Known::Dir(_)));
                }
            }
            SourceKind::Archive(archive) => {
                for (path, entry) in &archive.entries {
                    if let Some(through) = cut::parents(path).find(|parent| no_directories.contains(parent)) {
                        return Some((path, through));
                    }
                    bring(&mut no_directories, path, matches!(entry, ArchiveEntry::Dir { .. }));
                }
            }
            _ => bring(&mut no_directories, &source.name, false),
        }
    }
    None
}

fn bring<'a>(no_directories: &mut BTreeSet<&'a str>, path: &'a str, is_directory: bool) {
    if is_directory {
        no_directories.remove(path);
    } else {
        no_directories.insert(path);
    }
}

/// Returns the directories on the paths of an archive's entries that have no earlier entry, each with true if it has a
/// later one, which sets its mode and owner in both copies.
fn implied_parents(archive: &Archive) -> BTreeMap<String, bool> {
    let mut named = BTreeSet::new();
    let mut implied = BTreeMap::new();
    for (path, entry) in &archive.entries {
        for parent in cut::parents(path) {
            if !named.contains(parent) {
                implied.insert(parent.to_owned(), false);
            }
        }
        if matches!(entry, ArchiveEntry::Dir { .. }) {
            named.insert(path.as_str());
            implied.entry(path.clone()).and_modify(|later| *later = true);
        }
    }
    implied
}

fn check_parent(view: &View<'_>, path: &str, named_later: bool, findings: &mut Vec<Finding<Candidate>>) {
    let fact = view.fact(path);
    let message = match &fact.known {
        Known::Absent => return,
        Known::Unknown(why) => {
            let message = format!("the archive implies `{path}`, and what is there is not known: {why}");
            findings.push(Finding::unknown(RULE.id(), path, message));
            return;
        }
        // `--chown` applies only to the entries of the archive (`archive.Unpack`).
        Known::Dir(directory) if *directory == Directory::made_by(Some((0, 0))) => return,
        // Until its entry comes, only a setgid bit can change what is made in it.
        Known::Dir(Directory { mode: Some(mode), .. }) if named_later && mode & view::SETGID == 0 => return,
        Known::Dir(_) => format!("the archive implies `{path}`, which `--link` would reset to 0755 and 0:0"),
        Known::Symlink(target) => {
            format!(
                "the archive implies `{path}`, a symlink to {target} that `--link` would replace with a directory"
            )
        }
        Known::File | Known::Other => {
            format!("the archive implies `{path}`, which is not a directory and would be replaced with one")
        }
    };
    findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
}
