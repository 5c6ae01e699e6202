//! Modes of directories that a source brings.

use super::{Attribute, Caret, Prediction, Rule};

pub(super) static RULE: Rule = Rule {
    name: "interior-modes",
    summary: "Directories of a checkout are not always 0755",
    documentation: DOCUMENTATION,
    caret: Caret::Sources,
    predicts: Prediction::Below(&[Attribute::Mode, Attribute::Owner, Attribute::Xattrs]),
    restorable: false,
    instead: None,
    check: None,
};

const DOCUMENTATION: &str = r"## What happens

Git stores no modes of directories. A checkout with umask 002 has 0775, and `COPY . /app/` takes them along; a
later linked copy into `/app/sub/` resets `/app/sub` to 0755.

## Why

The interior directories of a source carry their own modes in both kinds of copy; only the directories on the
way to a destination are reset. So the line that brings the tree is safe, and a later line below it leans on
its modes.

## Example

```dockerfile
FROM debian
COPY --link . /app/
# /app/sub is 0755 afterwards, whatever the checkout had.
COPY --link config /app/sub/config
```

## Evidence

Cases 055 to 057 and 195. The analysis makes the mode an assumption that names the line; `ancestor-mode` finds
it where it is known.
";
