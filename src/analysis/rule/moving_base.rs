//! Base images that change.

use super::{Caret, Prediction, Rule};

pub(super) static RULE: Rule = Rule {
    name: "moving-base",
    summary: "The next version of a base image may differ",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Unnamed,
    restorable: false,
    instead: None,
    check: None,
};

const DOCUMENTATION: &str = r"## What happens

A new version of a base image may have a symlink where the old one had a directory. A plain copy follows the symlink. A
linked copy replaces it.

## Why

A verdict is bound to the digest of the base image. If FROM names no digest, the plan records the digest that the tag
had. `layerwright check` judges linked lines again.

## Example

```dockerfile
FROM debian:bookworm-slim
COPY f /lib64/f
```

`/lib64` is a symlink in this version of the image.

Result with Docker 28.5.2 (containerd image store), as written and with `--link`:

```text
path            as written              with --link
/lib64          symlink to usr/lib64    directory
/lib64/f        absent                  file
/usr/lib64/f    file                    absent
```

## Source

The merge of `/bin`, `/lib` and `/sbin` into `/usr` in Debian and Fedora.
";
