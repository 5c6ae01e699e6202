//! Verdicts. They are part of the plan's format: names and documentation of the variants are in its schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The answer to the question if `--link` may be inserted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// `--link` may be inserted without another change.
    Link,
    /// `--link` may be inserted with other changes to flags or words.
    Edit,
    /// The image would change.
    Hold,
    /// The effect of `--link` is not known.
    Unknown,
    /// The builder would ignore the flag.
    NoEffect,
    /// The instruction already has the flag.
    Linked,
    /// The instruction says `--link=false`.
    OptedOut,
}

impl Verdict {
    /// Returns its name in output.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Verdict::Link => "link",
            Verdict::Edit => "edit",
            Verdict::Hold => "unsafe",
            Verdict::Unknown => "unknown",
            Verdict::NoEffect => "no effect",
            Verdict::Linked => "linked",
            Verdict::OptedOut => "opted out",
        }
    }

    /// Returns true if a verdict of this kind can be proved.
    pub(crate) fn is_provable(self) -> bool {
        matches!(self, Verdict::Link | Verdict::Edit | Verdict::Hold | Verdict::Linked)
    }
}
