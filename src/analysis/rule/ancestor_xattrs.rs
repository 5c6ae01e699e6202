//! Extended attributes of directories.

use crate::analysis::source::{Source, SourceKind};
use crate::rootfs::Known;

use super::{Finding, Rule, RuleId, View};

pub(super) static RULE: Rule = Rule {
    id: ID,
    summary: "A directory loses its extended attributes",
    documentation: DOCUMENTATION,
    check: Some(check),
};

const ID: RuleId = RuleId("ancestor-xattrs");

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

Cases 045 and 176.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding>) {
    check_unseen(view, findings);
    let interior = view.interior().filter(|(_, upper, _)| matches!(upper, Known::Dir(_)));
    let interior = interior
        .filter(|(_, _, fact)| !matches!(fact.known, Known::Dir(directory) if directory.xattrs.is_none()));
    let all = view.written.iter().map(|(path, fact)| (path.clone(), fact.clone()));
    for (path, fact) in all.chain(interior.map(|(path, _, fact)| (path, fact))) {
        let Known::Dir(directory) = fact.known else { continue };
        match directory.xattrs {
            Some(false) => {}
            Some(true) => {
                let message = format!("`{path}` has extended attributes and would lose them");
                findings.push(Finding::hold(ID, &path, &fact.leans, message));
            }
            None => {
                let message =
                    format!("the extended attributes of `{path}` are not known; it would lose them");
                findings.push(Finding::unknown(ID, &path, message));
            }
        }
    }
}

/// A source of which not all is known may bring a directory that exists already.
fn check_unseen(view: &View<'_>, findings: &mut Vec<Finding>) {
    let is_open = |source: &Source| match &source.kind {
        SourceKind::Dir(listing) => listing.incomplete.is_some(),
        SourceKind::Git | SourceKind::Unknown(_) | SourceKind::MaybeArchive { .. } => true,
        SourceKind::File | SourceKind::Archive(_) => false,
    };
    let (Ok(destination), Some(fact)) = (&view.line.destination, &view.at_destination) else { return };
    let meets_directories = matches!(fact.known, Known::Dir(_));
    if meets_directories && view.line.sources.iter().any(is_open) && view.rootfs.has_xattrs() {
        let path = &destination.path;
        let message = format!("a source may bring a directory below `{path}` that has extended attributes");
        findings.push(Finding::unknown(ID, path, message));
    }
}
