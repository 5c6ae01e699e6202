//! Extended attributes of directories.

use crate::analysis::archive::{Archive, ArchiveEntry};
use crate::analysis::source::SourceKind;
use crate::rootfs::{Directory, Known, Leans, Listing, ancestors};
use crate::text::path::join;

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

A linked copy makes the directories on the way anew. Extended attributes of the old ones are gone: ACLs,
SELinux labels, user attributes. The same holds for directories that a source brings and that exist already.

## Why

The upper directory of the merge has none, and a directory over a directory takes the upper one's metadata.

## Example

```dockerfile
FROM debian
RUN setfacl -m u:33:rwx /srv
# The ACL of /srv is gone afterwards.
COPY --link site /srv/site/
```

## Evidence

Cases 045 and 176. An archive that names an existing directory keeps its attributes in a plain ADD only.
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
    let directories = view.interior().iter().filter(|(_, upper, _)| matches!(upper, Known::Dir(_)));
    for (path, _, fact) in directories {
        match fact.known {
            Known::Dir(Directory { xattrs: Some(true), .. }) => findings.push(lost(path, &fact.leans)),
            Known::Unknown(_) if below_known(view, path) => findings.push(not_known(path)),
            _ => {}
        }
    }
    for source in &view.line.sources {
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
    let message = format!("the extended attributes of `{path}` are not known; it would lose them");
    Finding::unknown(RULE.id(), path, message)
}

/// Whether what is above a path of the destination's inside is known: of a tree that is not known as a whole,
/// one word about its root is enough.
fn below_known(view: &View<'_>, path: &str) -> bool {
    let parent = ancestors(path).next_back().unwrap_or("/");
    !matches!(view.rootfs.get(parent).known, Known::Unknown(_))
}

/// The directories that an archive names and that exist: extraction keeps their attributes.
fn named_by(archive: &Archive, view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let Ok(destination) = &view.line.destination else { return };
    for (path, entry) in &archive.entries {
        if path.is_empty() || !matches!(entry, ArchiveEntry::Dir { .. }) {
            continue;
        }
        let path = join(&destination.path, path);
        let fact = view.rootfs.get(&path);
        match fact.known {
            Known::Dir(Directory { xattrs: Some(true), .. }) => findings.push(lost(&path, &fact.leans)),
            Known::Dir(Directory { xattrs: None, .. }) | Known::Unknown(_) => findings.push(not_known(&path)),
            _ => {}
        }
    }
}

/// A source that may bring more than is known of it: any directory below the destination may be among that.
fn unlisted(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let Ok(destination) = &view.line.destination else { return };
    // Few images have any, and to list all that is below takes long.
    if !view.rootfs.has_xattrs() {
        return;
    }
    let listing = view.rootfs.below(&destination.path);
    let marked = |known: &Known| matches!(known, Known::Dir(Directory { xattrs: Some(true), .. }));
    if let Some((path, _)) = listing.entries.iter().find(|(_, known)| marked(known)) {
        findings.push(not_known(&join(&destination.path, path)));
    }
}
