//! Modes of parent directories.

use crate::rootfs::Known;

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, STAGED_TREE, View};

pub(super) static RULE: Rule = Rule {
    name: "ancestor-mode",
    summary: "Parent directory mode is reset to 0755",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Path(&[Attribute::Mode]),
    restorable: true,
    instead: Some(STAGED_TREE),
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A linked copy sets every parent directory of its destination to mode 0755. `/tmp` loses its sticky bit, `/root` becomes
readable for all, and a setgid directory no longer passes on its group.

The line may be linked if a later step of the same stage certainly sets mode and owner again: `chmod 1777 /tmp`,
`rm -rf`, another linked copy.

## Why

A linked copy runs in an empty filesystem, so BuildKit creates the parent directories with mode 0755. The merge puts
them over the directories of the image. The upper directory wins.

## Example

```dockerfile
FROM tiny:1
COPY f /root/.cfg
```

`tiny:1` is a small BusyBox image. Its `/root` has mode 0700.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path     as written    with --link
/root    mode 0700     mode 0755
```

## Source

`copy.MkdirAll` in fsutil, called by `docopy` in BuildKit's `solver/llbsolver/file/backend.go`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    for (path, fact) in &view.written {
        let Known::Dir(directory) = fact.known else { continue };
        match directory.mode {
            Some(0o755) => {}
            Some(mode) => {
                let message = format!("`{path}` is {mode:04o} and would become 0755");
                findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
            }
            None => {
                let message = format!("the mode of `{path}` is not known; `--link` sets it to 0755");
                findings.push(Finding::unknown(RULE.id(), path, message));
            }
        }
    }
    if let Some((parent, above, made)) = view.inheriting() {
        for path in made {
            let message = format!("`{path}` inherits the setgid bit of `{parent}`; with `--link` it is 0755");
            findings.push(Finding::hold(RULE.id(), path, &above.leans, message));
        }
    }
}
