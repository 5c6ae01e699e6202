//! Signs of a link that a RUN can see.

use super::{Caret, Prediction, Rule};

pub(super) static RULE: Rule = Rule {
    name: "observed-metadata",
    summary: "A RUN can see that a copy was linked",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Unnamed,
    restorable: false,
    instead: None,
    check: None,
};

const DOCUMENTATION: &str = r"## What happens

In a RUN after a linked copy, the copied files have a link count of 2, and all parent directories have new modification
times. This changes what some commands do: `find -links`, `find -newer`, `rsync -H`, caches of fonts and icons,
directory targets of make.

Link counts and times are not part of the image comparison. Files that a command derives from them are: where
`verify --depth full` finds that only a later step differs, this rule is named, and the difference can be accepted with
`layerwright migrate FILE --accept observed-metadata:PATH`.

## Why

BuildKit prepares the merged filesystem of that RUN with hard links.

## Example

```dockerfile
FROM tiny:1
COPY f /opt/n/f
RUN stat -c %h /opt/n/f > /links
```

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path      as written    with --link
/links    content 1     content 2
```

## Source

`applyHardlink` in BuildKit's `snapshot/diffapply_unix.go`.
";
