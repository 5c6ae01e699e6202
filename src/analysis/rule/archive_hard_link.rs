//! Hard links of archives.

use std::collections::BTreeSet;

use crate::analysis::archive::ArchiveEntry;
use crate::analysis::source::SourceKind;
use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "archive-hard-link",
    summary: "A hard link of an archive points to a file of the image",
    documentation: DOCUMENTATION,
    caret: Caret::Sources,
    predicts: Prediction::BuildFails,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The linked build fails, because the target of a hard link is missing.

## Why

A hard link in an archive names another path. A linked ADD extracts into an empty filesystem, which has only the entries
that came before the link in the archive, and what earlier sources of the instruction brought.

## Example

```dockerfile
FROM tiny:1
RUN mkdir -p /opt/n && echo base > /opt/n/a
ADD b.tar /opt/n/
```

`b.tar` holds one entry: `b`, a hard link to `a`.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path     as written    with --link
build    succeeds      fails: linkat a b: no such file or directory
```

## Source

`unpack` in BuildKit's `solver/llbsolver/file/unpack.go`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    if !view.resolved.has_archive() {
        return;
    }
    let mut brought: BTreeSet<&str> = BTreeSet::new();
    let mut brings_more = false;
    for source in &view.resolved.sources {
        match &source.kind {
            SourceKind::Archive(archive) => {
                for (path, entry) in &archive.entries {
                    if let ArchiveEntry::HardLink(target) = entry
                        && !brought.contains(target.as_str())
                    {
                        let message = format!(
                            "`{path}` in {} is a hard link to `{target}`, which no earlier entry or source brings: \
                             the build with `--link` fails",
                            source.written
                        );
                        findings.push(if brings_more {
                            Finding::unknown(RULE.id(), path, message)
                        } else {
                            Finding::hold(RULE.id(), path, &source.leans, message)
                        });
                    }
                    brought.insert(path);
                }
            }
            SourceKind::Dir(listing) => {
                let is_linkable = |known: &Known| !matches!(known, Known::Dir(_) | Known::Unknown(_));
                let paths = listing.entries.iter().filter(|(_, known)| is_linkable(known));
                brought.extend(paths.map(|(path, _)| path.as_str()));
                brings_more |= listing.incomplete.is_some();
            }
            SourceKind::File if view.is_directory_anyway() => {
                brought.insert(&source.name);
            }
            _ => brings_more = true,
        }
    }
}
