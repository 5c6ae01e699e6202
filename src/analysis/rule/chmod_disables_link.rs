//! `--chmod` together with `--link`.

use crate::analysis::resolve::Chmod;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "chmod-disables-link",
    summary: "BuildKit ignores `--link` beside `--chmod`",
    documentation: DOCUMENTATION,
    caret: Caret::Flag(&["--chmod"]),
    predicts: Prediction::NoEffect,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

BuildKit ignores the flag without a message. The image is the same, and the cache gains nothing. Set the mode in the
source instead, for example with `git update-index --chmod=+x`.

From frontend 1.10, BuildKit expands variables in `--chmod`. A variable with an empty value turns the link on.

## Why

BuildKit links only if `--chmod` is empty.

## Example

```dockerfile
FROM tiny:1
COPY --chmod=755 f /tmp/f
```

A link would reset `/tmp` to mode 0755 (`ancestor-mode`).

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
no difference
```

## Source

`dispatchCopy` in BuildKit's `frontend/dockerfile/dockerfile2llb/convert_copy.go` links only if `cfg.chmod` is empty.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    if view.resolved.chmod == Chmod::Effective {
        findings.push(Finding::no_effect(RULE.id(), "BuildKit ignores `--link` beside `--chmod`".to_owned()));
    }
}
