//! What a RUN can see of a link.

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

Files of a linked copy have a link count of 2, and all directories on the way have new modification times.
Commands that look at them behave differently: `find -links`, `find -newer`, `rsync -H`, caches of fonts and
icons, directory targets of make.

## Why

BuildKit materialises the merge with hard links for the RUN that follows. The image itself is the same.

## Example

```dockerfile
FROM debian
COPY --link fonts /usr/share/fonts/
RUN fc-cache
```

## Evidence

Case 314. Times and link counts are no part of equivalence; a verification builds both and compares.
";
