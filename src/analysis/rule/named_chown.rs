//! Owners that are names.

use crate::analysis::owner::Owner;
use crate::rootfs::Leans;

use super::{Candidate, Caret, Finding, Prediction, Remedy, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "named-chown",
    summary: "A named owner breaks the linked build",
    documentation: DOCUMENTATION,
    caret: Caret::Flag(&["--chown"]),
    predicts: Prediction::BuildFails,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The linked build fails. Only numbers and `root` work.

`--chown=1000:1001` with numbers gives the same image. Write both numbers: a name without a group gets the primary group
of the user, a number without a group gets the group of the same number.

## Why

BuildKit looks up names in `/etc/passwd` and `/etc/group` of the filesystem that it copies into. That of a linked copy
is empty.

## Example

```dockerfile
FROM tiny:1
COPY --chown=app f /app/
```

`tiny:1` is a small BusyBox image. Its user `app` is 1000:1001.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path     as written    with --link
build    succeeds      fails: invalid user index: -1
```

## Source

`addSelector` in BuildKit's `solver/llbsolver/ops/file.go`, for `UserOpt_ByName`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    match &view.resolved.owner {
        Owner::Default | Owner::Numeric { .. } => {}
        Owner::Unknown(why) => {
            findings.push(Finding::unknown(
                RULE.id(),
                "",
                format!("the value of `--chown` is not known: {why}"),
            ));
        }
        Owner::Named(name) => {
            let message = format!("`--link` cannot look up `{name}` in the image, and the build fails");
            findings.push(match view.owner() {
                Some(((uid, gid), leans)) => Finding::hold(RULE.id(), "/etc/passwd", &leans, message)
                    .or(Candidate::Certain(Remedy::Owner(format!("{uid}:{gid}")))),
                None => Finding::hold(RULE.id(), "/etc/passwd", &Leans::default(), message),
            });
        }
    }
}
