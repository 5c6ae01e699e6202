//! Names of the things that a plan holds.

use crate::campaign::plan::file::SaidBy;

/// A kind of file that says how something is built.
pub fn said_by(kind: SaidBy) -> &'static str {
    match kind {
        SaidBy::Config => "layerwright.toml",
        SaidBy::Compose => "compose file",
        SaidBy::Bake => "bake file",
        SaidBy::Workflow => "workflow",
        SaidBy::Script => "script",
        SaidBy::Makefile => "Makefile",
        SaidBy::Devcontainer => "devcontainer.json",
    }
}
