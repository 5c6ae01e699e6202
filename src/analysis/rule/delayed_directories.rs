//! Directories that `--parents` and `--exclude=!…` create late.

use crate::analysis::source::{CopySource, SourceKind};
use crate::rootfs::{Known, Listing};

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "delayed-directories",
    summary: "With `--parents` or `--exclude=!…`, existing directories lose their owner",
    documentation: DOCUMENTATION,
    caret: Caret::Flag(&["--parents", "--exclude"]),
    predicts: Prediction::Below(&[Attribute::Mode, Attribute::Owner, Attribute::Xattrs]),
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

With `--parents`, or with an `--exclude` pattern that starts with `!`, BuildKit creates a directory only when it copies
a file into it. A plain copy then keeps the owner of an existing directory. A linked copy resets it.

## Why

BuildKit creates these directories without overwriting metadata. The empty filesystem of a linked copy has no metadata
to keep.

## Example

```dockerfile
FROM tiny:1
RUN mkdir -p /opt/t/s && chown 5:6 /opt/t/s && chmod 700 /opt/t/s
COPY --exclude=s --exclude=!s/b d /opt/t/
```

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path        as written    with --link
/opt/t/s    owner 5:6     owner 0:0
```

## Source

`copier.createParentDirs` in fsutil's `copy` package.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let options = &view.resolved.transfer.options;
    let takes_back = options.exclude.iter().any(|pattern| pattern.starts_with('!'));
    if !options.parents && !takes_back {
        return;
    }
    let Ok(destination) = &view.resolved.destination else { return };
    let absent = view.at_destination.as_ref().is_some_and(|fact| fact.known == Known::Absent);
    if absent {
        return;
    }
    let owner = view.owner_ids();
    for (path, _, fact) in view.interior() {
        let Known::Dir(directory) = fact.known else { continue };
        if !options.parents && directory.owner != owner {
            let message = format!("`{path}` would lose its owner");
            findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
        }
    }
    let is_open =
        |source: &CopySource| matches!(source.kind, SourceKind::Dir(Listing { incomplete: Some(_), .. }));
    let met_by = match (options.parents, view.resolved.sources.iter().any(is_open)) {
        (true, _) => "`--parents`",
        (false, true) => "the source",
        (false, false) => return,
    };
    let path = &destination.path;
    let message = format!("the directories that {met_by} meets below `{path}` are not known");
    findings.push(Finding::unknown(RULE.id(), path, message));
}
