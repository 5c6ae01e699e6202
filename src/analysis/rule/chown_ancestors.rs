//! Owners of the directories on the way, with `--chown`.

use crate::rootfs::Known;

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, STAGED_TREE, View};

pub(super) static RULE: Rule = Rule {
    name: "chown-ancestors",
    summary: "--chown changes the owner of the directories on the way",
    documentation: DOCUMENTATION,
    caret: Caret::Flag(&["--chown"]),
    predicts: Prediction::Path(&[Attribute::Owner]),
    restorable: true,
    instead: Some(STAGED_TREE),
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

With `--chown`, a linked copy gives all directories on the way to its destination to that owner, `/usr`,
`/opt` and `/var` included. It is safe below a new top-level directory, or where all of them belong to that
owner already.

Where something later in the same stage sets mode and owner again for certain (`chmod 1777 /tmp`, `rm -rf`, a linked
copy), the difference heals and the line may be linked.

## Why

A plain copy gives the owner only to directories that it creates. In the empty filesystem of a linked copy it
creates all of them.

## Example

```dockerfile
FROM debian
# /opt belongs to 1000:1000 afterwards.
COPY --link --chown=1000:1000 app /opt/app/
```

## Evidence

Cases 037, 088, 139, 171, 236 to 238, 266, 271, 300 and 306; safe: 041, 047, 048, 096, 190, 240 and 270.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let Some((uid, gid)) = view.owner_ids() else { return };
    if !view.has_chown() {
        return;
    }
    for (path, fact) in &view.written {
        let Known::Dir(directory) = fact.known else { continue };
        match directory.owner {
            Some(owner) if owner == (uid, gid) => {}
            Some((old_uid, old_gid)) => {
                let message =
                    format!("`{path}` belongs to {old_uid}:{old_gid} and would belong to {uid}:{gid}");
                findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
            }
            None => {
                let message = format!("the owner of `{path}` is not known; it would become {uid}:{gid}");
                findings.push(Finding::unknown(RULE.id(), path, message));
            }
        }
    }
}
