//! Symlinks on the path to the destination, or at it if it is a directory (`/bin/`): a link replaces them with directories.
//! For a file that replaces a symlink see `symlink_destination`.

use crate::rootfs::Known;

use super::{Candidate, Caret, Finding, Prediction, Rule, View};

pub(super) static RULE: Rule = Rule {
    name: "symlink-ancestor",
    summary: "A symlink on the path to the destination is replaced with a directory",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Replaced,
    restorable: false,
    instead: None,
    check: Some(check),
};

const DOCUMENTATION: &str = r"## What happens

The new directory holds only what is copied. `COPY --link x /bin/` removes every command of an image whose `/bin` is a
symlink, and the next RUN fails. With the real path, here `/usr/bin/`, both copies do the same, if
it passes the other rules.

## Why

A plain copy follows symlinks. The empty filesystem of a linked copy has none, so BuildKit creates directories, and the
merge replaces the symlink with a directory.

## Example

```dockerfile
FROM tiny:1
COPY f /bin/f
```

`tiny:1` is a small BusyBox image. Its `/bin` is a symlink.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path          as written            with --link
/bin          symlink to usr/bin    directory
/bin/f        absent                file
/usr/bin/f    file                  absent
```

## Source

`fs.RootPath` in containerd's continuity, called by `copy.Copy` in fsutil.
";

fn check(view: &View<'_>, findings: &mut Vec<Finding<Candidate>>) {
    for (path, fact) in &view.written {
        let Known::Symlink(target) = &fact.known else { continue };
        let message = format!(
            "`{path}` is a symlink to {target}, and `--link` would replace it with a directory that holds only \
             this copy"
        );
        findings.push(Finding::hold(RULE.id(), path, &fact.leans, message).or(Candidate::RealPath));
    }
}
