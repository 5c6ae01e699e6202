//! Windows images.

use crate::analysis::site::Os;
use crate::rootfs::Leans;

use super::{Finding, Rule, RuleId, View};

pub(super) static RULE: Rule = Rule {
    id: ID,
    summary: "Windows has no linked copies",
    documentation: DOCUMENTATION,
    check: Some(check),
};

const ID: RuleId = RuleId("windows");

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

fn check(view: &View<'_>, findings: &mut Vec<Finding>) {
    if let Os::Windows(why) = view.os {
        findings.push(Finding::hold(ID, "", &Leans::default(), format!("this is a Windows image: {why}")));
    }
}
