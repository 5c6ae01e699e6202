//! Hard links of archives.

use crate::analysis::archive::ArchiveEntry;
use crate::analysis::source::SourceKind;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "archive-hard-link",
    summary: "An archive's hard link points out of it",
    documentation: DOCUMENTATION,
    caret: Caret::Sources,
    predicts: Prediction::BuildFails,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The linked build fails with `linkat …: no such file or directory`.

## Why

A hard link in an archive names another path. In the empty filesystem of a linked ADD only what the archive
itself has extracted before is there.

## Example

```dockerfile
FROM debian
# update.tar holds a hard link to a file of the image.
ADD --link update.tar /opt/app/
```

## Evidence

Case 141; safe within one archive: 140. `solver/llbsolver/file/unpack.go`, `unpack`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    for source in &view.line.sources {
        let SourceKind::Archive(archive) = &source.kind else { continue };
        for (at, (path, entry)) in archive.entries.iter().enumerate() {
            let ArchiveEntry::HardLink(target) = entry else { continue };
            if !archive.entries[..at].iter().any(|(earlier, _)| earlier == target) {
                let message = format!(
                    "`{path}` in {} is a hard link to `{target}`, which the archive does not hold: the linked build fails",
                    source.written
                );
                findings.push(Finding::hold(RULE.id(), path, &source.leans, message));
            }
        }
    }
}
