//! `--chmod`.

use crate::analysis::site::Chmod;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "chmod-disables-link",
    summary: "--chmod makes BuildKit ignore --link",
    documentation: DOCUMENTATION,
    caret: Caret::Flag(&["--chmod"]),
    predicts: Prediction::NoEffect,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The flag is silently ignored: no error, and no benefit. From frontend 1.10 variables in `--chmod` are expanded,
and one that expands to nothing turns the link on.

## Why

BuildKit links only where `--chmod` is empty, since a linked copy could not give the mode to what lies below.

## Example

```dockerfile
FROM debian
# Not linked.
COPY --link --chmod=755 tool /usr/local/bin/tool
```

## Evidence

Cases 111, 115 to 117. `frontend/dockerfile/dockerfile2llb/convert_copy.go`, `dispatchCopy`: it links only
where `cfg.chmod` is empty.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    if view.line.chmod == Chmod::Effective {
        findings.push(Finding::no_effect(RULE.id(), "with --chmod BuildKit ignores --link".to_owned()));
    }
}
