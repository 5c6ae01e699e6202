//! Unified diffs that `git apply` accepts, line by line.

use similar::{ChangeTag, TextDiff};

/// The number of unchanged lines around a change.
const CONTEXT: usize = 3;

/// A line of a patch, without its line break.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PatchLine {
    /// Its meaning.
    pub(crate) kind: PatchLineKind,
    /// The line as written in the patch, with its sign.
    pub(crate) text: String,
}

/// The meaning of a line of a patch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum PatchLineKind {
    /// The name of the file.
    Header,
    /// The place of a hunk.
    Hunk,
    /// A line of both texts, or the note that the last line has no line break.
    Context,
    /// A line of the old text.
    Removed,
    /// A line of the new text.
    Added,
}

/// Returns the patch of one file as text.
pub(crate) fn patch_text(path: &str, old: &str, new: &str) -> String {
    patch(path, old, new).iter().flat_map(|line| [line.text.as_str(), "\n"]).collect()
}

/// Returns the lines of the patch of one file; empty if the texts are the same.
pub(crate) fn patch(path: &str, old: &str, new: &str) -> Vec<PatchLine> {
    let old_lines: Vec<&str> = old.split_inclusive('\n').collect();
    let new_lines: Vec<&str> = new.split_inclusive('\n').collect();
    let diff = TextDiff::from_slices(&old_lines, &new_lines);
    let groups = diff.grouped_ops(CONTEXT);
    if groups.is_empty() {
        return Vec::new();
    }
    let mut lines = header(path, old.is_empty());
    let mut line = |kind, text: String| lines.push(PatchLine { kind, text });
    for group in &groups {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old = range(first.old_range().start, last.old_range().end);
        let new = range(first.new_range().start, last.new_range().end);
        line(PatchLineKind::Hunk, format!("@@ -{old} +{new} @@"));
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let (sign, kind) = match change.tag() {
                ChangeTag::Equal => (' ', PatchLineKind::Context),
                ChangeTag::Delete => ('-', PatchLineKind::Removed),
                ChangeTag::Insert => ('+', PatchLineKind::Added),
            };
            let value = change.value();
            line(kind, format!("{sign}{}", value.strip_suffix('\n').unwrap_or(value)));
            if !value.ends_with('\n') {
                line(PatchLineKind::Context, "\\ No newline at end of file".to_owned());
            }
        }
    }
    lines
}

/// The lines that name the file. A changed file is not empty; a file without lines before is new.
fn header(path: &str, is_new: bool) -> Vec<PatchLine> {
    let (from, to) = (quoted("a", path), quoted("b", path));
    // git ends a name that has a space with a tab, to separate it from the date that other programs write.
    let end = if path.contains(' ') && !from.starts_with('"') { "\t" } else { "" };
    let mut texts = vec![format!("diff --git {from} {to}")];
    if is_new {
        texts.push("new file mode 100644".to_owned());
    }
    texts.push(if is_new { "--- /dev/null".to_owned() } else { format!("--- {from}{end}") });
    texts.push(format!("+++ {to}{end}"));
    texts.into_iter().map(|text| PatchLine { kind: PatchLineKind::Header, text }).collect()
}

/// A range of lines, counted from 0, as a hunk writes it.
fn range(start: usize, end: usize) -> String {
    match end - start {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    }
}

/// A path in git's notation: in quotes if it has characters that a line of a patch cannot hold.
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
