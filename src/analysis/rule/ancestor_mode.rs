//! Modes of the directories on the way.

use crate::rootfs::Known;

use super::{Attribute, Candidate, Caret, Finding, Prediction, Rule, STAGED_TREE, View};

pub(super) static RULE: Rule = Rule {
    name: "ancestor-mode",
    summary: "A directory on the way gets mode 0755",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Path(&[Attribute::Mode]),
    restorable: true,
    instead: Some(STAGED_TREE),
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

A linked copy makes every directory on the way to its destination anew, with mode 0755. A directory with
another mode loses it: `/tmp` its sticky bit, `/root` its privacy, a setgid directory its group inheritance.

Where something later in the same stage sets mode and owner again for certain (`chmod 1777 /tmp`, `rm -rf`, a linked
copy), the difference heals and the line may be linked.

## Why

The copy runs in an empty filesystem, where none of its ancestors exist, so BuildKit creates them. The merge
lays the new directories over the old ones, and a directory over a directory takes the upper one's metadata.

## Example

```dockerfile
FROM debian
# /root was 0700 and is 0755 afterwards: everybody can read it.
COPY --link .bashrc /root/.bashrc
```

## Evidence

Cases 025 to 030, 035, 135, 195, 239, 276, 277, 285 and 286. `copy.MkdirAll` in fsutil, called by
`solver/llbsolver/file/backend.go`, `docopy`.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    check_root(view, findings);
    for (path, fact) in &view.written {
        let Known::Dir(directory) = fact.known else { continue };
        match directory.mode {
            Some(0o755) => {}
            Some(mode) => {
                let message = format!("`{path}` is {mode:04o} and would become 0755");
                findings.push(Finding::hold(RULE.id(), path, &fact.leans, message));
            }
            None => {
                let message = format!("the mode of `{path}` is not known; it would become 0755");
                findings.push(Finding::unknown(RULE.id(), path, message));
            }
        }
    }
}

/// The root directory stays as it is, but a new directory in one with setgid takes its group and the bit.
fn check_root(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    let root = view.rootfs.get("/");
    let has_setgid =
        matches!(root.known, Known::Dir(directory) if directory.mode.is_some_and(|mode| mode & 0o2000 != 0));
    if let (true, Some((path, fact))) = (has_setgid, view.written.first())
        && fact.known == Known::Absent
    {
        let message =
            format!("`{path}` is new and takes the group and the setgid bit of `/`; linked it would be 0755");
        findings.push(Finding::hold(RULE.id(), path, &root.leans, message));
    }
}
