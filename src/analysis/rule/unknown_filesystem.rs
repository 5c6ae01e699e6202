//! Paths of which nothing is known.

use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "unknown-filesystem",
    summary: "What is at the destination or on the way is not known",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Unnamed,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

Nobody has told what the base image holds there, or a command of a RUN names the path.

## Why

A link to a path that may be a symbolic link, a directory with another mode or another owner may change the
image. `--rootfs IMAGE=PATH` tells what an image holds.

## Example

```dockerfile
FROM registry.example/base
COPY --link app /opt/app/
```

## Evidence

The model: `C(S) = S ⊕ C(∅)` can be judged only where `S` is known along the destination.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let at_destination = view.at_destination.as_ref().filter(|_| !view.is_directory_anyway());
    let destination =
        view.line.destination.as_ref().map(|destination| destination.path.as_str()).unwrap_or_default();
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
