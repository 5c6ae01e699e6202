//! Base images that move.

use super::{Caret, Prediction, Rule};

pub(super) static RULE: Rule = Rule {
    name: "moving-base",
    summary: "What is true of a base image today need not be true of the next",
    documentation: DOCUMENTATION,
    caret: Caret::Destination,
    predicts: Prediction::Unnamed,
    restorable: false,
    instead: None,
    check: None,
};

const DOCUMENTATION: &str = r"## What happens

A tag that turns `/lib` into a symbolic link breaks a linked line and leaves a plain one working.

## Why

A verdict is bound to the digest of the base image. Without a digest in FROM it holds as of the day it was
made.

## Example

```dockerfile
FROM debian:stable
COPY --link libtool.so /lib/libtool.so
```

## Evidence

The move of `/bin`, `/lib` and `/sbin` to `/usr` in Debian and Fedora. The plan records the base; `check`
looks again.
";
