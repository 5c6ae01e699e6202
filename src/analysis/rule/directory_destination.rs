//! Directories at a destination without a slash.

use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "directory-destination",
    summary: "A directory at a destination without a slash is replaced with the file",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

`COPY app /usr/local/bin` puts the file into the directory. With `--link`, the file replaces the directory, and all that
is in it is gone.

With a slash at the end of the destination, both do the same, if the directory itself passes the other rules. Where
nothing is at the destination, a slash is wrong: it makes a directory of the file.

## Why

In the empty filesystem of a linked copy, nothing is at the destination. BuildKit takes it for the name of the file.

## Example

```dockerfile
FROM tiny:1
RUN mkdir -p /opt/t
COPY f /opt/t
```

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path        as written    with --link
/opt/t      directory     file
/opt/t/f    file          absent
```

## Source

`copier.prepareTargetDir` in fsutil's `copy` package.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let (Ok(destination), Some(fact)) = (&view.resolved.destination, &view.at_destination) else { return };
    if view.is_directory_anyway() || !matches!(fact.known, Known::Dir(_)) {
        return;
    }
    let path = &destination.path;
    let message = format!("`{path}` is a directory, and `--link` would replace it with the file");
    findings.push(Finding::hold(RULE.id(), path, &fact.leans, message).or(Candidate::AppendSlash));
}
