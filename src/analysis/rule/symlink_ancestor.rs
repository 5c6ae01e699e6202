//! Symbolic links on the way.

use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "symlink-ancestor",
    summary: "A symbolic link on the way becomes a directory",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The link is replaced by a real directory that holds only what is copied. `COPY --link x /bin/` removes every
command of an image whose `/bin` is a link, and the next RUN fails.

## Why

A plain copy follows links on the way. The empty filesystem of a linked copy has none, so it makes
directories, and the merge puts a directory where the link was.

## Example

```dockerfile
FROM debian
# /bin is a link to usr/bin. COPY --link tool /usr/bin/tool does what is meant.
COPY --link tool /bin/tool
```

## Evidence

Cases 001 to 009, 015 to 017, 220, 255, 256, 258, 260, 279, 301 and 307; the real path: 006.
containerd's `fs.RootPath`, called by `copy.Copy` in fsutil.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    for (path, fact) in &view.written {
        let Known::Symlink(target) = &fact.known else { continue };
        let message = format!(
            "`{path}` is a symbolic link to {target} and would become a directory that holds only this copy"
        );
        findings.push(Finding::hold(RULE.id(), path, &fact.leans, message).or(Candidate::RealPath));
    }
}
