//! Owners of parent directories, with `--chown`.

use crate::rootfs::Known;

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, STAGED_TREE, View};

pub(super) static RULE: Rule = Rule {
    name: "chown-ancestors",
    summary: "`--chown` also changes the owner of parent directories",
    documentation: DOCUMENTATION,
    caret: Caret::Flag(&["--chown"]),
    predicts: Prediction::Path(&[Attribute::Owner]),
    restorable: true,
    instead: Some(STAGED_TREE),
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A linked copy with `--chown` gives every parent directory of its destination to that owner, also `/usr`, `/opt` and
`/var`. It is safe below a new top-level directory, and if all parent directories belong to that owner already.

The line may be linked if a later step of the same stage certainly sets mode and owner again: `chown`, `rm -rf`, another
linked copy.

## Why

A plain copy gives the owner only to directories that it creates. In its empty filesystem, a linked copy creates all of
them.

## Example

```dockerfile
FROM tiny:1
COPY --chown=1000:1000 d /opt/app
```

`tiny:1` is a small BusyBox image. Its `/opt` belongs to root.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path    as written    with --link
/opt    owner 0:0     owner 1000:1000
```

## Source

`copy.MkdirAll` in fsutil, with the `Chown` of `docopy` in BuildKit's `solver/llbsolver/file/backend.go`.
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
                let message = format!("the owner of `{path}` is not known; `--link` sets it to {uid}:{gid}");
                findings.push(Finding::unknown(RULE.id(), path, message));
            }
        }
    }
}
