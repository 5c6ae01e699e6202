//! `--parents` and `--exclude` that takes back.

use crate::rootfs::Known;

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "delayed-directories",
    summary: "Directories that exist keep their owner in a plain copy only",
    documentation: DOCUMENTATION,
    caret: Caret::Flag(&["--parents", "--exclude"]),
    predicts: Prediction::Below(&[Attribute::Mode, Attribute::Owner, Attribute::Xattrs]),
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

With `--parents`, and with an `--exclude` that takes something back (`!`), BuildKit makes interior directories
only when a file in them is copied. A plain copy then keeps the owner of those that exist; a linked copy does
not.

## Why

The delayed directories are created without overwriting metadata, and in an empty filesystem there is none to
keep.

## Example

```dockerfile
FROM debian
RUN mkdir -p /opt/t/s && chown 5:6 /opt/t/s
# /opt/t/s belongs to 0:0 afterwards.
COPY --link --exclude=s --exclude=!s/b d /opt/t/
```

## Evidence

Cases 125, 266, 267 and 118 to 121. `copy.copier.createParentDirs` in fsutil.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let options = &view.line.transfer.options;
    let takes_back = options.exclude.iter().any(|pattern| pattern.starts_with('!'));
    if !options.parents && !takes_back {
        return;
    }
    let Ok(destination) = &view.line.destination else { return };
    let absent = view.at_destination.as_ref().is_some_and(|fact| fact.known == Known::Absent);
    if absent {
        return;
    }
    let owner = view.owner_ids();
    for (path, _, fact) in view.interior() {
        let Known::Dir(directory) = fact.known else { continue };
        if !options.parents && directory.owner != owner {
            let message = format!("the owner of `{path}` would not be kept");
            findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
        }
    }
    if options.parents {
        let path = &destination.path;
        let message = format!("what --parents finds below `{path}` is not followed");
        findings.push(Finding::unknown(RULE.id(), path, message));
    }
}
