//! Destinations that are not known.

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "unknown-destination",
    summary: "Where the copy goes is not known",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Unnamed,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The destination hangs on a variable or on a WORKDIR whose value is not known here.

## Why

What is at the destination decides, so it has to be known. `--build-arg NAME=VALUE` gives the value of an ARG.

## Example

```dockerfile
FROM registry.example/base
# SRC is set by the base image, or it is not.
COPY --link build.sh $SRC/
```

## Evidence

Case 235. `dockerfile2llb.pathRelativeToWorkingDir`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    if let Err(why) = &view.line.destination {
        findings.push(Finding::unknown(RULE.id(), "", format!("the destination is not known: {why}")));
    }
}
