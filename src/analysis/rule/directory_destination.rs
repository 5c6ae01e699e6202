//! Destinations that are directories and do not say so.

use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "directory-destination",
    summary: "A directory without a slash is replaced by the file",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

`COPY app /usr/local/bin` puts the file into the directory. Linked, it removes the directory with all that is
in it and puts the file in its place. With a slash at the end both do the same, if the directory itself passes
the other rules; on a path where nothing is, the slash would be wrong, since it makes a directory of the file.

## Why

In the empty filesystem nothing is at the destination, so BuildKit takes it for the name of the file.

## Example

```dockerfile
FROM debian
# /usr/local/bin is a file afterwards.
COPY --link app /usr/local/bin
```

## Evidence

Cases 026, 060, 070, 077, 080, 086, 148, 187 and 225; with the slash 226, 227, 287, 289 and 297; wrong where
nothing is: 288 and 305. `copy.copier.prepareTargetDir` in fsutil.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let (Ok(destination), Some(fact)) = (&view.line.destination, &view.at_destination) else { return };
    if view.is_directory_anyway() || !matches!(fact.known, Known::Dir(_)) {
        return;
    }
    let path = &destination.path;
    let message = format!("`{path}` is a directory and would be replaced by the file");
    findings.push(Finding::hold(RULE.id(), path, &fact.leans, message).or(Candidate::AppendSlash));
}
