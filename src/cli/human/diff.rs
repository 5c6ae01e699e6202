//! Prints unified diffs.

use std::fmt::Write;

use anstyle::Style;

use super::style;
use crate::ops::Change;
use crate::text::escape;
use crate::text::patch::PatchLineKind;

/// Returns unified diffs of the changes: on a terminal coloured and escaped, elsewhere byte for byte as a patch needs
/// them.
pub(crate) fn diffs(changes: &[Change], terminal: bool) -> String {
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
