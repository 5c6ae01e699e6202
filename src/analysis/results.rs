//! The results of the walk through a Dockerfile: for its instructions, and for the images that it starts from.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::decision::Decision;

/// The judgement of an instruction, wherever it runs.
#[derive(Clone, Debug)]
pub(crate) struct Judged {
    /// Index of the instruction; for a trigger, the index of the ONBUILD.
    pub(crate) instruction: usize,
    /// The decision.
    pub(crate) decision: Decision,
    /// True if it is the first change on `scratch`.
    pub(crate) on_nothing: bool,
    /// True if it is an ADD that is proved to do the same as a COPY.
    pub(crate) is_copy: bool,
    /// The number of files that it is known to copy.
    pub(crate) files: usize,
    /// The stage in which it was judged; an ONBUILD has several.
    pub(crate) stage: usize,
    /// The line of the instruction or of its ONBUILD.
    pub(crate) line: usize,
}

impl Judged {
    /// Merges two judgements of an instruction that runs in several places: in stages of this file, and in children in
    /// other files.
    pub(crate) fn both(self, other: Judged) -> Judged {
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
pub(crate) struct BaseRead {
    /// The name in FROM, with arguments expanded.
    pub(crate) image: String,
    /// The source of what is known of its filesystem; `None` if it is not known.
    pub(crate) source: Option<Knowledge>,
    /// The digest of the image that is known.
    pub(crate) digest: Option<String>,
}

/// The source of what is known of a base image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Knowledge {
    /// The filesystem of the image was read.
    Rootfs,
    /// A Dockerfile of the repository builds the image; it is assumed that the image comes from that build.
    Built,
    /// Its name, or `like` in `layerwright.toml`, states the family of the image; every fact that follows is assumed.
    Profile,
}
