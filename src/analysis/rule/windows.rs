//! Windows images.

use crate::analysis::site::Os;
use crate::rootfs::Leans;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "windows",
    summary: "Windows has no linked copies",
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

BuildKit's MergeOp needs an overlay of directories that Windows' snapshotter does not have.

## Example

```dockerfile
FROM mcr.microsoft.com/windows/servercore:ltsc2022
COPY --link app.exe C:/app/app.exe
```

## Evidence

`solver/llbsolver/ops/merge.go`; the snapshotter of Windows has no merge.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    if let Os::Windows(why) = view.os {
        findings.push(Finding::hold(
            RULE.id(),
            "",
            &Leans::default(),
            format!("this is a Windows image: {why}"),
        ));
    }
}
