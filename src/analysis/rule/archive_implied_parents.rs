//! Parents that an archive only implies.

use std::collections::BTreeSet;

use crate::analysis::archive::{Archive, ArchiveEntry};
use crate::analysis::source::SourceKind;
use crate::rootfs::{Directory, Fact, Known};
use crate::text::path::join;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "archive-implied-parents",
    summary: "A directory that an archive only implies is made anew",
    documentation: DOCUMENTATION,
    caret: Caret::Sources,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A tar may hold `bin/tool` without an entry for `bin/`. Extracted by a linked ADD, the implied directories are
made anew: a symbolic link there becomes a directory, a mode or an owner is lost.

## Why

A plain ADD extracts into what is there and makes only directories that are missing. In the empty filesystem
all of them are missing.

## Example

```dockerfile
FROM debian
# /bin is a symbolic link to usr/bin; afterwards it is a directory that holds only `tool`.
ADD --link tool.tar /
```

## Evidence

Case 131. An entry that leads through a symbolic link of the same archive ends where that link leads, and fails
in an empty filesystem. Implied directories belong to root, also with `--chown`. `solver/llbsolver/file/unpack.go`, `unpack`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let Ok(destination) = &view.line.destination else { return };
    if let Some((path, through)) = detour(view) {
        let message = format!(
            "`{path}` of the archive leads through `{through}`, which the line brings as no directory; where it ends hangs on what is there"
        );
        findings.push(Finding::unknown(RULE.id(), &join(&destination.path, path), message));
    }
    for source in &view.line.sources {
        match &source.kind {
            SourceKind::Archive(archive) => {
                for implied in implied_parents(archive) {
                    check_parent(view, &join(&destination.path, &implied), findings);
                }
            }
            SourceKind::MaybeArchive { why, compressed } => {
                let absent = |fact: &Fact| fact.known == Known::Absent;
                if !view.at_destination.as_ref().is_some_and(absent) {
                    let message =
                        format!("{why}; what it would do below `{}` can not be told", destination.path);
                    findings.push(if *compressed {
                        Finding::hold(RULE.id(), &destination.path, &source.leans, message)
                    } else {
                        Finding::unknown(RULE.id(), &destination.path, message)
                    });
                }
            }
            _ => {}
        }
    }
}

/// The first entry of an archive on whose way the line itself has put something that is no directory, with that.
fn detour<'a>(view: &'a View<'_>) -> Option<(&'a str, &'a str)> {
    let mut no_directories: BTreeSet<&str> = BTreeSet::new();
    for source in &view.line.sources {
        match &source.kind {
            SourceKind::Dir(listing) => {
                for (path, known) in &listing.entries {
                    bring(&mut no_directories, path, matches!(known, Known::Dir(_)));
                }
            }
            SourceKind::Archive(archive) => {
                for (path, entry) in &archive.entries {
                    let mut parents = path.match_indices('/').map(|(end, _)| &path[..end]);
                    if let Some(through) = parents.find(|parent| no_directories.contains(parent)) {
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

/// The directories of an archive's entries that have no entry of their own before.
fn implied_parents(archive: &Archive) -> BTreeSet<String> {
    let mut named = BTreeSet::new();
    let mut implied = BTreeSet::new();
    for (path, entry) in &archive.entries {
        for (end, _) in path.match_indices('/') {
            let parent = &path[..end];
            if !named.contains(parent) {
                implied.insert(parent.to_owned());
            }
        }
        if matches!(entry, ArchiveEntry::Dir { .. }) {
            named.insert(path.as_str());
        }
    }
    implied
}

fn check_parent(view: &View<'_>, path: &str, findings: &mut Vec<Finding<Candidate>>) {
    let fact = view.rootfs.get(path);
    let message = match &fact.known {
        Known::Absent => return,
        Known::Unknown(why) => {
            let message = format!("what is at `{path}`, which the archive implies, is not known: {why}");
            findings.push(Finding::unknown(RULE.id(), path, message));
            return;
        }
        // `--chown` is for what the archive names (`archive.Unpack`).
        Known::Dir(directory) if *directory == Directory::made_by(Some((0, 0))) => return,
        Known::Dir(_) => format!("`{path}` is only implied by the archive and would be made anew, 0755"),
        Known::Symlink(target) => {
            format!(
                "`{path}` is a symbolic link to {target}, only implied by the archive, and would become a directory"
            )
        }
        Known::File | Known::Other => format!("`{path}` is no directory and would be replaced by one"),
    };
    findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
}
