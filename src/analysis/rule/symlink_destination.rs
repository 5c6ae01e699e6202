//! Symbolic links at the destination.

use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "symlink-destination",
    summary: "A symbolic link at the destination is replaced",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A plain copy of a file writes what the link points to and keeps the link; a linked copy puts the file in the
link's place.

## Why

The empty filesystem of a linked copy does not hold the link.

## Example

```dockerfile
FROM nginx
# access.log is a link to /dev/stdout; afterwards it is a file.
COPY --link empty /var/log/nginx/access.log
```

## Evidence

Cases 008, 010, 011 and 278; safe inside a directory source: 021.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let (Ok(destination), Some(fact)) = (&view.line.destination, &view.at_destination) else { return };
    if view.is_directory_anyway() {
        return;
    }
    let path = &destination.path;
    match &fact.known {
        Known::Symlink(target) => {
            let message =
                format!("`{path}` is a symbolic link to {target} and would be replaced by the file");
            findings.push(Finding::hold(RULE.id(), path, &fact.leans, message).or(Candidate::RealPath));
        }
        Known::Other => {
            let message =
                format!("`{path}` is a device, a FIFO or a socket and would be replaced by the file");
            findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
        }
        _ => {}
    }
}
