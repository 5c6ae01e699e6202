//! Owners of parent directories, without `--chown`.

use crate::rootfs::{Directory, Known};

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, STAGED_TREE, View};

pub(super) static RULE: Rule = Rule {
    name: "ancestor-owner",
    summary: "Parent directory owner is reset to root",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Path(&[Attribute::Owner]),
    restorable: true,
    instead: Some(STAGED_TREE),
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A linked copy without `--chown` gives every parent directory of its destination to 0:0. A user can no longer write to
its home or work directory.

The line may be linked if a later step of the same stage certainly sets mode and owner again: `chown`, `rm -rf`, another
linked copy.

## Why

A linked copy runs in an empty filesystem, so BuildKit creates the parent directories, owned by root. The merge puts
them over the directories of the image. The upper directory wins.

## Example

```dockerfile
FROM tiny:1
USER app
WORKDIR /app
COPY f .
```

`tiny:1` is a small BusyBox image. Its user `app` is 1000:1001, and WORKDIR creates `/app` for that user.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path    as written         with --link
/app    owner 1000:1001    owner 0:0
```

## Source

`docopy` in BuildKit's `solver/llbsolver/file/backend.go`, with no `Chown`.
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
                let message = format!("the owner of `{path}` is not known; `--link` sets it to 0:0");
                findings.push(Finding::unknown(RULE.id(), path, message));
            }
        }
    }
    if let Some((parent, above, made)) = view.inheriting()
        && let Known::Dir(Directory { owner: Some((_, group)), .. }) = above.known
        && group != 0
    {
        for path in made {
            let message =
                format!("`{path}` inherits group {group} of `{parent}`; with `--link` it belongs to 0:0");
            findings.push(Finding::hold(RULE.id(), path, &above.leans, message));
        }
    }
}
