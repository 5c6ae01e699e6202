//! Files over directories, and directories over files.

use crate::analysis::source::SourceKind;
use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "type-conflict",
    summary: "The copy meets a path of another type",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A file meets a directory, or a directory meets a file or a symlink. A plain copy fails. A linked copy replaces what it
meets. A Dockerfile with such a line does not build today.

An ADD of an archive replaces what it meets, with and without `--link`.

## Why

BuildKit refuses to copy a directory over something else, and something else over a directory. The merge does not.

## Example

```dockerfile
FROM tiny:1
RUN echo o > /opt/t
COPY f /opt/t/x/f
```

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path     as written                                with --link
build    fails: lstat /opt/t/x: not a directory    succeeds
```

## Source

`copier.copy` in fsutil's `copy` package: «cannot copy to non-directory».
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    for (path, fact) in &view.written {
        if matches!(fact.known, Known::File | Known::Other) {
            let message =
                format!("`{path}` is not a directory: the build fails today, and `--link` would replace it");
            findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
        }
    }
    for (path, upper, fact) in view.interior() {
        let meets = match (&upper, &fact.known) {
            (Known::Dir(_), Known::File | Known::Other | Known::Symlink(_)) => "is not a directory",
            (Known::File | Known::Symlink(_) | Known::Other, Known::Dir(_)) if view.is_inside(path) => {
                "is a directory"
            }
            _ => continue,
        };
        let message = format!("`{path}` {meets}: the build fails today, and `--link` would replace it");
        findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
    }
    file_before_directory(view, findings);
}

/// Finds a file that becomes the destination before a directory is copied to it.
fn file_before_directory(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let (Ok(destination), Some(fact)) = (&view.resolved.destination, &view.at_destination) else { return };
    let takes_place =
        !view.is_directory_anyway() && matches!(fact.known, Known::Absent | Known::File | Known::Other);
    let directory_later =
        view.resolved.sources.iter().any(|source| matches!(source.kind, SourceKind::Dir(_)));
    let mut sources = view.resolved.sources.iter();
    let first = sources.find(|source| !matches!(source.kind, SourceKind::Archive(_)));
    let Some(first) = first.filter(|_| takes_place && directory_later) else { return };
    let path = &destination.path;
    findings.push(if matches!(first.kind, SourceKind::File) {
        let message = format!("a file and then a directory are copied to `{path}`: the build fails today");
        Finding::hold(RULE.id(), path, &fact.leans, message)
    } else {
        let first = &first.written;
        let message =
            format!("`{first}` is copied to `{path}` before a directory, and may be a file: it is not known");
        Finding::unknown(RULE.id(), path, message)
    });
}
