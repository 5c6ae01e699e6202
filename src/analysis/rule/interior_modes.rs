//! Modes of directories that a source brings.

use super::{Attribute, Caret, Prediction, Rule};

pub(super) static RULE: Rule = Rule {
    name: "interior-modes",
    summary: "Directories of a checkout do not always have mode 0755",
    documentation: DOCUMENTATION,
    caret: Caret::Sources,
    predicts: Prediction::Below(&[Attribute::Mode, Attribute::Owner, Attribute::Xattrs]),
    restorable: false,
    instead: None,
    check: None,
};

const DOCUMENTATION: &str = r"## What happens

Git stores no modes of directories. With umask 002, a checkout has 0775, and `COPY . /app/` keeps that. A later linked
copy to `/app/sub/` resets `/app/sub` to 0755.

The copy that brings the tree is safe. For a later copy below it, the mode is an assumption that names the first line.
If the mode is known, `ancestor-mode` judges it.

## Why

Directories inside a source keep their modes in both kinds of copy. Only parent directories of the destination are
reset.

## Example

```dockerfile
FROM tiny:1
COPY t /opt/
COPY f /opt/a/f
```

`t/a` in the build context has mode 0700.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path      as written    with --link
/opt/a    mode 0700     mode 0755
```

## Source

`copier.copyDirectory` in fsutil's `copy` package.
";
