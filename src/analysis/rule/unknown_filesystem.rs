//! Paths whose state is not known.

use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "unknown-filesystem",
    summary: "The state of the destination or of a parent directory is not known",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Unnamed,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The base image cannot be read, or a RUN names the path and its effect there is not known.
`--rootfs IMAGE=PATH` gives the filesystem of a base image.

## Why

The effect of a link depends on what is at the destination and on its parent directories.

## Example

Where nothing is at `/opt/t`:

```dockerfile
FROM tiny:1
COPY f /opt/t
```

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
no difference
```

Where a directory is:

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

A linked copy is equivalent exactly if `C(S) = S ⊕ C(∅)`: the copy `C` into the filesystem `S` gives the same as a merge
of `S` with a copy into an empty filesystem.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let at_destination = view.at_destination.as_ref().filter(|_| !view.is_directory_anyway());
    let destination =
        view.resolved.destination.as_ref().map(|destination| destination.path.as_str()).unwrap_or_default();
    let at_destination = at_destination.map(|fact| (destination, fact));
    let written = view.written.iter().map(|(path, fact)| (path.as_str(), fact));
    let unknown = written.chain(at_destination).find_map(|(path, fact)| match &fact.known {
        Known::Unknown(why) => Some((path, why)),
        _ => None,
    });
    if let Some((path, why)) = unknown {
        findings.push(Finding::unknown(RULE.id(), path, format!("what is at `{path}` is not known: {why}")));
    }
}
