//! Unified diffs for a terminal.

use std::fmt::Write;

use anstyle::Style;

use super::style;
use crate::ops::Change;
use crate::text::escape;
use crate::text::patch::PatchLineKind;

/// Unified diffs of the changes: for a terminal with colours and nothing that acts on it, elsewhere byte for byte
/// what a patch needs.
pub fn diffs(changes: &[Change], terminal: bool) -> String {
    if !terminal {
        return changes.iter().map(Change::diff).collect();
    }
    let mut out = String::new();
    for line in changes.iter().flat_map(Change::patch) {
        let style = style_of(line.kind);
        let text = line.text.trim_end_matches(['\r', '\t']);
        let text = text.split('\t').map(escape::shown).collect::<Vec<_>>().join("\t");
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{style}{text}{style:#}");
    }
    out
}

fn style_of(kind: PatchLineKind) -> Style {
    match kind {
        PatchLineKind::Header => style::STRONG,
        PatchLineKind::Hunk => style::HUNK,
        PatchLineKind::Context => Style::new(),
        PatchLineKind::Removed => style::REMOVED,
        PatchLineKind::Added => style::ADDED,
    }
}
