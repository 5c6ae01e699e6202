//! Hard links of archives.

use crate::analysis::archive::ArchiveEntry;
use crate::analysis::source::SourceKind;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "archive-hard-link",
    summary: "A hard link of an archive points out of the archive",
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
that came before the link in the archive.

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
    for source in &view.resolved.sources {
        let SourceKind::Archive(archive) = &source.kind else { continue };
        for (at, (path, entry)) in archive.entries.iter().enumerate() {
            let ArchiveEntry::HardLink(target) = entry else { continue };
            if !archive.entries[..at].iter().any(|(earlier, _)| earlier == target) {
                let message = format!(
                    "`{path}` in {} is a hard link to `{target}`, which is not before it in the archive: the \
                     build with `--link` fails",
                    source.written
                );
                findings.push(Finding::hold(RULE.id(), path, &source.leans, message));
            }
        }
    }
}
