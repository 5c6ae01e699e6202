//! What commits say.

use std::fmt::Write;

use crate::config::message::{MessageError, Template, Variable};
use crate::plan::file::{Benefit, File, Header, Site};
use crate::plan::path_for_people;

/// The message of a commit that links the lines of a file, by `[migrate] message`.
///
/// # Errors
///
/// [`MessageError`] if the template can not be read.
pub fn migrate(template: &str, file: &File) -> Result<String, MessageError> {
    Ok(Template::read(template)?.fill(|variable| match variable {
        Variable::Path => path_for_people(&file.path),
        Variable::Count => count(file.selected().count()),
        Variable::Lines => lines(file),
        Variable::Wave => file.wave.map_or_else(|| "none".to_owned(), |wave| wave.to_string()),
    }))
}

/// The message of a commit that restores lines of a file, by their numbers in the text before they were linked.
pub fn revert(path: &str, restored: &[usize]) -> String {
    let lines: Vec<String> = restored.iter().map(usize::to_string).collect();
    let path = path_for_people(path);
    format!(
        "Revert COPY --link in {path}\n\nRestores what stood in {}: {}.\n",
        count(lines.len()),
        lines.join(", ")
    )
}

fn count(lines: usize) -> String {
    if lines == 1 { "1 line".into() } else { format!("{lines} lines") }
}

/// Each selected line: what it says, whether that is proved, and what was found.
fn lines(file: &File) -> String {
    let mut out = String::new();
    for site in file.selected() {
        // Writing to a string can not fail.
        let _ = line(&mut out, site);
    }
    if let Header::Insert { value } | Header::Raise { value } = &file.header {
        let _ = writeln!(out, "- header: # syntax={}", in_one_line(value));
    }
    out.trim_end().to_owned()
}

fn line(out: &mut String, site: &Site) -> std::fmt::Result {
    let said = site.replacement.as_deref().unwrap_or_default();
    let first = said.lines().next().unwrap_or_default();
    let more = if said.lines().nth(1).is_some() { " …" } else { "" };
    writeln!(out, "- line {}: {}{more}", site.line, in_one_line(first))?;
    let proof = if site.proved == Some(true) { "proved: the image stays the same" } else { "assumed" };
    let benefit = match site.benefit {
        Benefit::Pays => "; the layer outlives changes of what lies below",
        Benefit::Neutral | Benefit::Costs | Benefit::None => "",
    };
    writeln!(out, "  {proof}{benefit}")?;
    for assumption in &site.assumptions {
        writeln!(out, "  assumes: {}", in_one_line(&assumption.message))?;
    }
    for reason in &site.reasons {
        writeln!(out, "  {}: {}", reason.rule, in_one_line(&reason.message))?;
    }
    Ok(())
}

/// A text of the repository as a line of a message can hold it.
fn in_one_line(text: &str) -> String {
    path_for_people(text.trim_end().trim_end_matches('\\').trim_end())
}
