//! Symlinks at the destination of a file. For those on the path to it, or at a destination that is a directory, see
//! `symlink_ancestor`.

use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "symlink-destination",
    summary: "A symlink at the destination is replaced with the file",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A plain copy of a file writes the target of the symlink and keeps the symlink. A linked copy replaces the symlink with
the file. With the path of the target, both copies do the same, if it passes the other rules.

## Why

The empty filesystem of a linked copy does not have the symlink.

## Example

```dockerfile
FROM tiny:1
RUN echo old > /opt/real.txt && ln -s real.txt /opt/lnk.txt
COPY f /opt/lnk.txt
```

`f` has 15 bytes.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path             as written             with --link
/opt/lnk.txt     symlink to real.txt    file
/opt/real.txt    size 15                size 4
```

## Source

`fs.RootPath` in containerd's continuity, called by `copy.Copy` in fsutil.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let (Ok(destination), Some(fact)) = (&view.resolved.destination, &view.at_destination) else { return };
    if view.is_directory_anyway() {
        return;
    }
    let path = &destination.path;
    // A plain copy replaces a device, a FIFO or a socket as well (`ensureEmptyFileTarget` in fsutil).
    if let Known::Symlink(target) = &fact.known {
        let message =
            format!("`{path}` is a symlink to {target}, and `--link` would replace it with the file");
        findings.push(Finding::hold(RULE.id(), path, &fact.leans, message).or(Candidate::RealPath));
    }
}
