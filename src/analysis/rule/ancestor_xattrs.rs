//! Extended attributes of directories.

use crate::analysis::archive::{Archive, ArchiveEntry};
use crate::analysis::source::SourceKind;
use crate::rootfs::{Directory, Known, Leans, Listing};
use crate::text::path::{ancestors, join};

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "ancestor-xattrs",
    summary: "A directory loses its extended attributes",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Path(&[Attribute::Xattrs]),
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A linked copy creates parent directories again, without the extended attributes of the old ones: ACLs, SELinux labels,
user attributes. The same happens to a directory that a source brings and that the image has already.

## Why

The merge puts the new directory over the old one. The upper directory wins, and it has no extended attributes. A plain
copy leaves those of an existing directory alone. So does a plain ADD for the directories that its archive names.

## Example

```dockerfile
FROM tiny:1
COPY t /
```

`tiny:1` is a small BusyBox image. Its `/xd` has an extended attribute, and `t` in the build context holds a directory
`xd`.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path    as written               with --link
/xd     xattr user.mark: base    no xattr
```

## Source

`copier.copy` in fsutil's `copy` package sets attributes that the source has, and removes none.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let written = view.written.iter().map(|(path, fact)| (path.clone(), fact.clone()));
    for (path, fact) in written {
        let Known::Dir(directory) = fact.known else { continue };
        match directory.xattrs {
            Some(false) => {}
            Some(true) => findings.push(lost(&path, &fact.leans)),
            None => findings.push(not_known(&path)),
        }
    }
    for (path, upper, fact) in view.interior() {
        let Known::Dir(upper) = upper else { continue };
        match fact.known {
            Known::Dir(Directory { xattrs: Some(true), .. }) if upper.xattrs == Some(false) => {
                findings.push(lost(path, &fact.leans));
            }
            // The source may bring the same attributes.
            Known::Dir(Directory { xattrs: Some(true) | None, .. }) => findings.push(not_known(path)),
            Known::Unknown(_) if below_known(view, path) => findings.push(not_known(path)),
            _ => {}
        }
    }
    for source in &view.resolved.sources {
        match &source.kind {
            SourceKind::Archive(archive) => named_by(archive, view, findings),
            SourceKind::Dir(Listing { incomplete: Some(_), .. })
            | SourceKind::Git
            | SourceKind::Unknown(_) => {
                unlisted(view, findings);
            }
            _ => {}
        }
    }
}

fn lost(path: &str, leans: &Leans) -> Finding<Candidate> {
    Finding::hold(RULE.id(), path, leans, format!("`{path}` has extended attributes and would lose them"))
}

fn not_known(path: &str) -> Finding<Candidate> {
    let message = format!("the extended attributes of `{path}` are not known; `--link` removes them");
    Finding::unknown(RULE.id(), path, message)
}

/// Returns true if the parent of a path inside the destination is known. For an unknown tree, one finding about its
/// root is enough.
fn below_known(view: &View<'_>, path: &str) -> bool {
    let parent = ancestors(path).next_back().unwrap_or("/");
    !matches!(view.fact(parent).known, Known::Unknown(_))
}

/// Finds existing directories that an archive names: a plain ADD keeps their attributes.
fn named_by(archive: &Archive, view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let Ok(destination) = &view.resolved.destination else { return };
    for (path, entry) in &archive.entries {
        let ArchiveEntry::Dir { xattrs: brings, .. } = entry else { continue };
        if path.is_empty() {
            continue;
        }
        let path = join(&destination.path, path);
        let fact = view.fact(&path);
        match fact.known {
            Known::Dir(Directory { xattrs: Some(true), .. }) if !brings => {
                findings.push(lost(&path, &fact.leans));
            }
            Known::Dir(Directory { xattrs: Some(true) | None, .. }) | Known::Unknown(_) => {
                findings.push(not_known(&path));
            }
            _ => {}
        }
    }
}

/// Finds directories below the destination that a source may bring, if not all of its content is known.
fn unlisted(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let Ok(destination) = &view.resolved.destination else { return };
    // Few images have extended attributes, and a list of all paths takes long.
    match view.has_xattrs() {
        Ok(false) => return,
        Ok(true) => {}
        Err(why) => {
            let path = &destination.path;
            let message =
                format!("the extended attributes of directories below `{path}` are not known: {why}");
            return findings.push(Finding::unknown(RULE.id(), path, message));
        }
    }
    let listing = view.below(&destination.path);
    let marked = |known: &Known| matches!(known, Known::Dir(Directory { xattrs: Some(true), .. }));
    if let Some((path, _)) = listing.entries.iter().find(|(_, known)| marked(known)) {
        findings.push(not_known(&join(&destination.path, path)));
    }
}
