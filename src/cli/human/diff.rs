//! Unified diffs that `git apply` takes.

use std::fmt::Write;

use similar::{ChangeTag, TextDiff};

use anstyle::Style;

use super::style;
use crate::cli::campaign::Change;
use crate::text::escape;

/// How many unchanged lines stand around a change.
const CONTEXT: usize = 3;

/// Unified diffs of the changes: for a terminal with colours and nothing that acts on it, elsewhere byte for byte
/// what a patch needs.
pub fn diffs(changes: &[Change<'_>], terminal: bool) -> String {
    let mut out = Patch { text: String::new(), terminal };
    for change in changes {
        out.file(change.path, &String::from_utf8_lossy(&change.old), &String::from_utf8_lossy(&change.new));
    }
    out.text
}

struct Patch {
    text: String,
    terminal: bool,
}

impl Patch {
    fn file(&mut self, path: &str, old: &str, new: &str) {
        let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
        let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
        let diff = TextDiff::from_slices(&old_lines, &new_lines);
        let groups = diff.grouped_ops(CONTEXT);
        if groups.is_empty() {
            return;
        }
        let (from, to) = (quoted("a", path), quoted("b", path));
        // git ends a name that holds a space with a tab, to tell it from the date of other programs.
        let end = if path.contains(' ') && !from.starts_with('"') { "\t" } else { "" };
        self.line(style::STRONG, &format!("diff --git {from} {to}"));
        // A file that is changed holds something; one without a line before is new.
        let from = if old.is_empty() { "/dev/null".to_owned() } else { format!("{from}{end}") };
        if old.is_empty() {
            self.line(style::STRONG, "new file mode 100644");
        }
        self.line(style::STRONG, &format!("--- {from}"));
        self.line(style::STRONG, &format!("+++ {to}{end}"));
        for group in &groups {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let range = |start: usize, end: usize| match end - start {
                0 => format!("{start},0"),
                1 => format!("{}", start + 1),
                many => format!("{},{many}", start + 1),
            };
            let old = range(first.old_range().start, last.old_range().end);
            let new = range(first.new_range().start, last.new_range().end);
            self.line(style::HUNK, &format!("@@ -{old} +{new} @@"));
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                let (sign, style) = match change.tag() {
                    ChangeTag::Equal => (' ', Style::new()),
                    ChangeTag::Delete => ('-', style::REMOVED),
                    ChangeTag::Insert => ('+', style::ADDED),
                };
                let line = change.value();
                self.line(style, &format!("{sign}{}", line.strip_suffix('\n').unwrap_or(line)));
                if !line.ends_with('\n') {
                    self.line(Style::new(), "\\ No newline at end of file");
                }
            }
        }
    }

    fn line(&mut self, style: Style, line: &str) {
        if self.terminal {
            let line = line.trim_end_matches(['\r', '\t']);
            let line = line.split('\t').map(escape::shown).collect::<Vec<_>>().join("\t");
            // Writing to a string can not fail.
            let _ = writeln!(self.text, "{style}{line}{style:#}");
        } else {
            self.text.push_str(line);
            self.text.push('\n');
        }
    }
}

/// A path in git's way: in quotes where it holds what a line of a patch can not.
fn quoted(side: &str, path: &str) -> String {
    if !path.chars().any(|c| c.is_control() || matches!(c, '"' | '\\')) {
        return format!("{side}/{path}");
    }
    let mut out = format!("\"{side}/");
    for c in path.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => {
                let mut bytes = [0; 4];
                out.extend(c.encode_utf8(&mut bytes).bytes().map(|byte| format!("\\{byte:03o}")));
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}
