//! The messages of commits. It never writes a commit.

use std::collections::BTreeSet;

use crate::analysis::Benefit;
use crate::campaign::plan::file::{File, Site};
use crate::config::message::{MessageError, Template, Variable};
use crate::edit::header::Header;
use crate::text::markdown::inert;
use crate::text::words::{count, instruction_head};

/// Returns the message of a commit that links the lines of a file, by `[migrate] message`. A commit that writes a header
/// alone has a message of its own.
///
/// # Errors
///
/// [`MessageError`] if the template cannot be read.
pub(crate) fn migrate(template: &str, file: &File) -> Result<String, MessageError> {
    if file.edits_header_only() {
        return Ok(format!("Add the syntax header to {}\n\n{}\n", inert(&file.path), lines(file)));
    }
    Ok(Template::<Variable>::read(template)?.fill(|variable| match variable {
        Variable::Path => inert(&file.path),
        Variable::Count => count(file.selected().count(), "line"),
        Variable::Lines => lines(file),
        Variable::Wave => file.wave.map_or_else(|| "none".to_owned(), |wave| wave.to_string()),
    }))
}

/// Returns the message of a commit that restores lines of a file, by their numbers in the text before they were linked;
/// without any, it removes the header alone.
pub(crate) fn revert(path: &str, restored: &[usize]) -> String {
    if restored.is_empty() {
        return format!("Remove the syntax header from {}\n", inert(path));
    }
    let lines: Vec<String> = restored.iter().map(usize::to_string).collect();
    format!(
        "Revert COPY --link in {}\n\nRestores {}: {}.\n",
        inert(path),
        count(lines.len(), "line"),
        lines.join(", ")
    )
}

/// Returns each selected line with its findings, followed by their assumptions, each once.
fn lines(file: &File) -> String {
    let mut out: Vec<String> = file.selected().flat_map(line).collect();
    if let Header::Insert { value } | Header::Raise { value } = &file.header {
        out.push(format!("- header: # syntax={}", inert(value)));
    }
    let mut assumed = BTreeSet::new();
    for assumption in file.selected().flat_map(|site| &site.assumptions) {
        if assumed.insert(&assumption.message) {
            if assumed.len() == 1 {
                out.extend([String::new(), "Assumed:".to_owned()]);
            }
            out.push(format!("- {}", inert(&assumption.message)));
        }
    }
    out.join("\n")
}

fn line(site: &Site) -> Vec<String> {
    let (first, has_more) = instruction_head(site.replacement.as_deref().unwrap_or_default());
    let more = if has_more { " …" } else { "" };
    let mut out = vec![format!("- line {}: {}{more}", site.line, inert(first))];
    let proof = match site.proved {
        _ if site.is_accepted() => "changes the image, as layerwright.toml accepts",
        Some(true) => "proved: the image stays the same",
        _ => "assumed",
    };
    let benefit = match site.benefit {
        Benefit::Pays => "; the layer is reused when the base image or an earlier step changes",
        Benefit::Neutral | Benefit::Costs | Benefit::None => "",
    };
    out.push(format!("  {proof}{benefit}"));
    out.extend(site.reasons.iter().map(|found| format!("  {}: {}", found.rule, inert(&found.message))));
    out
}
