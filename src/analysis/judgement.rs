//! What the walk through a Dockerfile says of its lines and of the images that it starts from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::decision::Decision;

/// What a line would be decided, wherever it runs.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Index of the instruction; of the ONBUILD, where the line is in one.
    pub instruction: usize,
    /// The decision.
    pub decision: Decision,
    /// True if nothing lay below: the first change on `scratch`.
    pub on_nothing: bool,
    /// True if an ADD of it is provably the same as a COPY.
    pub is_copy: bool,
    /// How many files it is known to copy.
    pub files: usize,
    /// The stage in which it was judged; several for an ONBUILD.
    pub stage: usize,
    /// Its line, or that of its ONBUILD.
    pub line: usize,
}

impl Judged {
    /// One judgement of a line that runs in several places: in this file's stages, and in other files' children.
    pub fn both(self, other: Judged) -> Judged {
        Judged {
            instruction: self.instruction,
            stage: self.stage,
            line: self.line,
            on_nothing: self.on_nothing && other.on_nothing,
            is_copy: self.is_copy && other.is_copy,
            files: self.files.max(other.files),
            decision: self.decision.or_heavier(other.decision),
        }
    }
}

/// An image that a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaseRead {
    /// As FROM names it, arguments expanded.
    pub image: String,
    /// What its filesystem is known from; `None` if it is not known.
    pub source: Option<Knowledge>,
    /// The digest of what is known.
    pub digest: Option<String>,
}

/// What a base image is known from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Knowledge {
    /// Its filesystem was read.
    Rootfs,
    /// A Dockerfile of the repository builds it; that the image was built from it is assumed.
    Built,
    /// Its name, or `like` in `layerwright.toml`, says of which family it is; all that follows is assumed.
    Profile,
}
