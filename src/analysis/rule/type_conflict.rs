//! Files over directories and directories over files.

use crate::analysis::source::SourceKind;
use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "type-conflict",
    summary: "The copy meets something of another type",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A file meets a directory, or a directory a file or a link. A plain copy fails there; a linked copy replaces what
it meets. A line like this does not build today.

## Why

BuildKit refuses to copy a directory over a non-directory and the other way round. The merge does not.

## Example

```dockerfile
FROM debian
RUN touch /opt/t
COPY d /opt/t/
```

## Evidence

Cases 021, 065, 066, 130 and 229; archives replace what they meet in both: 136 and 137.
`copy.copier.copy` in fsutil: «cannot copy to non-directory».
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    for (path, fact) in &view.written {
        if matches!(fact.known, Known::File | Known::Other) {
            let message = format!("`{path}` is no directory: the build fails now and would replace it");
            findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
        }
    }
    for (path, upper, fact) in view.interior() {
        let meets = match (&upper, &fact.known) {
            (Known::Dir(_), Known::File | Known::Other | Known::Symlink(_)) => "is no directory",
            (Known::File | Known::Symlink(_) | Known::Other, Known::Dir(_)) if view.is_inside(path) => {
                "is a directory"
            }
            _ => continue,
        };
        let message = format!("`{path}` {meets}: the build fails now and would replace it");
        findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
    }
    file_before_directory(view, findings);
}

/// A file that takes the destination, and then a directory that is to be copied there too.
fn file_before_directory(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let (Ok(destination), Some(fact)) = (&view.line.destination, &view.at_destination) else { return };
    let takes_place = !view.is_directory_anyway() && matches!(fact.known, Known::Absent | Known::File);
    let directory_later = view.line.sources.iter().any(|source| matches!(source.kind, SourceKind::Dir(_)));
    if takes_place && directory_later {
        let path = &destination.path;
        let message = format!("a file and then a directory are copied to `{path}`: the build fails now");
        findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
    }
}
