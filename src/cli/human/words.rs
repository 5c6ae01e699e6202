//! Names of the values of a plan.

use crate::campaign::plan::file::SaidBy;

/// Returns the name of a kind of file that describes builds.
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
