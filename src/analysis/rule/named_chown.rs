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

`failed to solve: invalid user index: -1`. Only `root` and numbers work. A name without a group stands for the
user's primary group, a number without a group for the group of the same number, so both parts have to be
written out.

## Why

Names are looked up in `/etc/passwd` and `/etc/group` of the filesystem below, and a linked copy has none.

## Example

```dockerfile
FROM node
# The build fails; --chown=1000:1000 does not.
COPY --link --chown=node:node package.json /app/
```

## Evidence

Cases 097 to 101, 107 and 109; numbers: 096, 106, 290; a uid alone is wrong for a name: 291.
`solver/llbsolver/ops/file.go`, `addSelector` for `UserOpt_ByName`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    match &view.line.owner {
        Owner::Default | Owner::Numeric { .. } => {}
        Owner::Unknown(why) => {
            findings.push(Finding::unknown(RULE.id(), "", format!("--chown is not known: {why}")));
        }
        Owner::Named(name) => {
            let finding = if let Some(((uid, gid), leans)) = view.line.owner.resolve(view.rootfs) {
                let message = format!(
                    "`{name}` can not be looked up by a linked copy; in this image it is {uid}:{gid}"
                );
                let owner = Candidate::Certain(Remedy::Owner(format!("{uid}:{gid}")));
                Finding::hold(RULE.id(), "/etc/passwd", &leans, message).or(owner)
            } else {
                let message = format!("`{name}` can not be looked up by a linked copy: the build would fail");
                Finding::hold(RULE.id(), "/etc/passwd", &Leans::default(), message)
            };
            findings.push(finding);
        }
    }
}
