//! Verdicts. They are part of the plan's format: names and documentation of the variants are in its schema.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// May `--link` be inserted?
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Verdict {
    /// Yes, alone.
    Link,
    /// Yes, with other changes to flags or words.
    Edit,
    /// No: the image would change.
    Hold,
    /// It cannot be told.
    Unknown,
    /// The builder would ignore it.
    NoEffect,
    /// It is there already.
    Linked,
    /// `--link=false` says no.
    OptedOut,
}

impl Verdict {
    /// Its name for people.
    pub fn words(self) -> &'static str {
        match self {
            Verdict::Link => "link",
            Verdict::Edit => "edit",
            Verdict::Hold => "hold",
            Verdict::Unknown => "unknown",
            Verdict::NoEffect => "no effect",
            Verdict::Linked => "linked",
            Verdict::OptedOut => "opted out",
        }
    }

    /// Returns true if it can be proved at all.
    pub fn is_provable(self) -> bool {
        matches!(self, Verdict::Link | Verdict::Edit | Verdict::Hold | Verdict::Linked)
    }
}
