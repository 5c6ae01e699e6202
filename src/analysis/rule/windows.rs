//! Windows images.

use crate::analysis::os::Os;
use crate::rootfs::Leans;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "windows",
    summary: "`--link` does not work on Windows",
    documentation: DOCUMENTATION,
    caret: Caret::Instruction,
    predicts: Prediction::BuildFails,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The merge fails.

## Why

BuildKit merges snapshots. The snapshotter for Windows cannot.

## Example

```dockerfile
FROM mcr.microsoft.com/windows/servercore:ltsc2022
COPY app.exe C:/app/app.exe
```

This example was not built. The source below says what happens.

## Source

BuildKit's `solver/llbsolver/ops/merge.go`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    if let Os::Windows(why) = view.os {
        findings.push(Finding::hold(
            RULE.id(),
            "",
            &Leans::default(),
            format!("`--link` does not work on Windows: {why}"),
        ));
    }
}
