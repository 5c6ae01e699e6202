//! How well a build is known. It never reads a file.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The certainty of a build, the weakest first.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema,
)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Nothing states it: the context is the folder that holds most of the sources.
    #[default]
    Guessed,
    /// A file of the repository states it, but something that can change it is not settled: a variable that only the
    /// caller's machine has, or a call that is not in the repository.
    Possible,
    /// Everything that can change it is read and settled.
    Stated,
}
