//! What commits say.

use std::collections::BTreeSet;

use crate::campaign::plan::file::{Benefit, File, Header, Site};
use crate::campaign::plan::path_for_people;
use crate::config::message::{MessageError, Template, Variable};

/// The message of a commit that links the lines of a file, by `[migrate] message`.
///
/// # Errors
///
/// [`MessageError`] if the template can not be read.
pub fn migrate(template: &str, file: &File) -> Result<String, MessageError> {
    Ok(Template::<Variable>::read(template)?.fill(|variable| match variable {
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

/// Each selected line with what was found, and behind them what they lean on, each thing once.
fn lines(file: &File) -> String {
    let mut out: Vec<String> = file.selected().flat_map(line).collect();
    if let Header::Insert { value } | Header::Raise { value } = &file.header {
        out.push(format!("- header: # syntax={}", in_one_line(value)));
    }
    let mut assumed = BTreeSet::new();
    for assumption in file.selected().flat_map(|site| &site.assumptions) {
        if assumed.insert(&assumption.message) {
            if assumed.len() == 1 {
                out.extend([String::new(), "Assumed:".to_owned()]);
            }
            out.push(format!("- {}", in_one_line(&assumption.message)));
        }
    }
    out.join("\n")
}

fn line(site: &Site) -> Vec<String> {
    let said = site.replacement.as_deref().unwrap_or_default();
    let first = said.lines().next().unwrap_or_default();
    let more = if said.lines().nth(1).is_some() { " …" } else { "" };
    let mut out = vec![format!("- line {}: {}{more}", site.line, in_one_line(first))];
    let proof = if site.proved == Some(true) { "proved: the image stays the same" } else { "assumed" };
    let benefit = match site.benefit {
        Benefit::Pays => "; the layer outlives changes of what lies below",
        Benefit::Neutral | Benefit::Costs | Benefit::None => "",
    };
    out.push(format!("  {proof}{benefit}"));
    out.extend(site.reasons.iter().map(|found| format!("  {}: {}", found.rule, in_one_line(&found.message))));
    out
}

/// A text of the repository as a line of a message can hold it.
fn in_one_line(text: &str) -> String {
    path_for_people(text.trim_end().trim_end_matches('\\').trim_end())
}
