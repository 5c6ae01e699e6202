//! Destinations that are not known.

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "unknown-destination",
    summary: "The destination is not known",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Unnamed,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The destination contains a variable, or it is relative to a WORKDIR, and the value is not known.
`--build-arg NAME=VALUE` gives the value of an ARG.

## Why

The effect of a link depends on what is at the destination.

## Example

For `COPY f $DIR/f`, the value of `DIR` decides. With `/usr/local/bin`:

```dockerfile
FROM tiny:1
COPY f /usr/local/bin/f
```

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
no difference
```

With `/tmp/sub`:

```dockerfile
FROM tiny:1
COPY f /tmp/sub/f
```

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path    as written    with --link
/tmp    mode 1777     mode 0755
```

## Source

`pathRelativeToWorkingDir` in BuildKit's `frontend/dockerfile/dockerfile2llb`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    if let Err(why) = &view.resolved.destination {
        findings.push(Finding::unknown(RULE.id(), "", format!("the destination is not known: {why}")));
    }
}
