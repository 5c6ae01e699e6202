//! The commands that a script may run, with their words as far as they are known. It never executes anything and
//! never judges a command.

use crate::text::pattern::Pattern;

/// The repository's root as an absolute path: what [`commands`] puts where a script finds it out for itself.
pub fn root() -> Pattern {
    Pattern::hole("the repository")
}
