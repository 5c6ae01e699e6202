//! Owners of the directories on the way, without `--chown`.

use crate::rootfs::Known;

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, STAGED_TREE, View};

pub(super) static RULE: Rule = Rule {
    name: "ancestor-owner",
    summary: "A directory on the way comes to belong to root",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Path(&[Attribute::Owner]),
    restorable: true,
    instead: Some(STAGED_TREE),
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A linked copy without `--chown` gives every directory on the way to its destination to 0:0. A user can no
longer write its home or its work directory.

Where something later in the same stage sets mode and owner again for certain (`chmod 1777 /tmp`, `rm -rf`, a linked
copy), the difference heals and the line may be linked.

## Why

The copy runs in an empty filesystem, so BuildKit creates the ancestors, owned by root, and the merge puts
them over those of the image.

## Example

```dockerfile
FROM node
USER node
WORKDIR /home/node/app
# /home/node and /home/node/app belong to root afterwards.
COPY --link package.json .
```

## Evidence

Cases 031, 046, 051, 105, 189, 191, 199, 268 and 269. `solver/llbsolver/file/backend.go`, `docopy`, with no
`Chown`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    if view.has_chown() {
        return;
    }
    for (path, fact) in &view.written {
        let Known::Dir(directory) = fact.known else { continue };
        match directory.owner {
            Some((0, 0)) => {}
            Some((uid, gid)) => {
                let message = format!("`{path}` belongs to {uid}:{gid} and would belong to 0:0");
                findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
            }
            None => {
                let message = format!("the owner of `{path}` is not known; it would become 0:0");
                findings.push(Finding::unknown(RULE.id(), path, message));
            }
        }
    }
}
