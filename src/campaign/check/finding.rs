//! The format of the output of `check`. It never decides what a finding is.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The version of the format that this program writes.
pub(super) const SCHEMA: u32 = 2;

/// The output of `check`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// Version of this format.
    #[schemars(range(min = 2, max = 2))]
    pub schema: u32,
    /// The source of the files: `the working tree`, `the index`, `the folder`, or `commit` with its id.
    pub read: String,
    /// The number of Dockerfiles that were checked.
    pub files: usize,
    /// The number of linked lines in them.
    pub linked: usize,
    /// The number of linked lines whose verdict is unknown: too little is known of the base image or of a command.
    pub unknown: usize,
    /// These lines, in order of path and line.
    pub(crate) unknown_lines: Vec<UnknownLine>,
    /// The findings, in order of path and line.
    pub findings: Vec<Finding>,
    /// The entries of the baseline that no longer match, each with its rule, path and text.
    pub(crate) resolved: Vec<String>,
}

/// A linked line whose verdict is unknown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct UnknownLine {
    /// The file.
    pub(crate) path: String,
    /// The line, 1-based.
    pub(crate) line: usize,
    /// The reason why it is unknown.
    pub(crate) message: String,
}

/// A finding of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Finding {
    /// The file.
    pub path: String,
    /// Its line, 1-based.
    pub line: usize,
    /// Its last line.
    pub(crate) end_line: usize,
    /// The kind of the finding.
    pub(crate) kind: FindingKind,
    /// The rule that explains it: see `layerwright explain RULE`.
    pub rule: String,
    /// The effect, in a sentence.
    pub(crate) message: String,
    /// The first line, without blanks around it.
    pub(crate) excerpt: String,
    /// The edit that settles the finding; null if there is none.
    pub(crate) fix: Option<Fix>,
}

/// The kind of a finding.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum FindingKind {
    /// A linked line that changes its image, or does not build.
    Hazard,
    /// A linked line whose flag has no effect.
    #[serde(rename = "inert")]
    NoEffect,
    /// A header that names a frontend which does not support a linked line.
    Header,
    /// A Dockerfile that could not be read, so that nothing in it was checked.
    Unread,
    /// A builder that rejects a linked line.
    Rejects,
    /// A builder that ignores all linked lines.
    Ignores,
    /// Advice that is wrong.
    Advice,
    /// An ignore comment or a waiver that accepts nothing.
    Unused,
    /// An instruction that could be linked and is not.
    Unlinked,
}

/// The weight of a finding, the lightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Level {
    /// Good to know.
    Note,
    /// The flag, or a comment, has no effect.
    Warning,
    /// The image changes, or the build fails.
    Error,
}

impl FindingKind {
    /// Returns its weight.
    pub(crate) fn level(self) -> Level {
        match self {
            Self::Hazard | Self::Header | Self::Unread | Self::Rejects => Level::Error,
            Self::NoEffect | Self::Advice | Self::Unused | Self::Unlinked => Level::Warning,
            Self::Ignores => Level::Note,
        }
    }
}

/// An edit that settles a finding.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fix {
    /// True if the edit is proved to keep the image, or only adds a builder.
    pub(crate) safe: bool,
    /// The edit in a few words.
    pub(crate) title: String,
    /// The first line that is replaced, 1-based.
    pub(crate) line: usize,
    /// The number of lines that are replaced; 0 inserts before `line`.
    pub(crate) lines: usize,
    /// The new lines, without the last line break.
    pub(crate) text: String,
}

impl Report {
    /// Returns a report of nothing.
    pub(crate) fn empty(read: String) -> Self {
        let (unknown_lines, findings, resolved) = (Vec::new(), Vec::new(), Vec::new());
        Self { schema: SCHEMA, read, files: 0, linked: 0, unknown: 0, unknown_lines, findings, resolved }
    }

    /// Leaves out the unknown lines that an earlier report has too: as many of a file as it has with the same reason.
    pub(crate) fn leave_out_unknown(&mut self, earlier: &Self) {
        let key = |line: &UnknownLine| (line.path.clone(), line.message.clone());
        let mut known: BTreeMap<(String, String), usize> = BTreeMap::new();
        for line in &earlier.unknown_lines {
            *known.entry(key(line)).or_default() += 1;
        }
        self.unknown_lines.retain(|line| match known.get_mut(&key(line)) {
            Some(count) if *count > 0 => {
                *count -= 1;
                false
            }
            _ => true,
        });
        self.unknown = self.unknown_lines.len();
    }
}

impl Finding {
    /// Returns a finding at one line, without an edit.
    pub(super) fn new(path: &str, line: usize, kind: FindingKind, rule: &str, message: String) -> Self {
        let (path, rule) = (path.to_owned(), rule.to_owned());
        Self { path, line, end_line: line, kind, rule, message, excerpt: String::new(), fix: None }
    }
}

impl Fix {
    /// Returns the text with the edit applied. Line breaks are those of the line that is edited.
    pub(crate) fn apply(&self, text: &str) -> String {
        let lines: Vec<&str> = text.split_inclusive('\n').collect();
        let start = self.line.saturating_sub(1).min(lines.len());
        let end = (start + self.lines).min(lines.len());
        let last = lines.get(end.max(start + 1) - 1).copied().unwrap_or_default();
        let end_of_line = if last.ends_with("\r\n") { "\r\n" } else { "\n" };
        let mut new = self.text.replace("\r\n", "\n").replace('\n', end_of_line);
        if self.lines == 0 || last.ends_with('\n') {
            new.push_str(end_of_line);
        }
        [lines[..start].concat(), new, lines[end..].concat()].concat()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fix(line: usize, lines: usize, text: &str) -> Fix {
        Fix { safe: true, title: String::new(), line, lines, text: text.into() }
    }

    #[test]
    fn an_edit_keeps_everything_around_it() {
        assert_eq!(fix(2, 1, "B").apply("a\nb\nc\n"), "a\nB\nc\n");
        assert_eq!(fix(2, 2, "B").apply("a\r\nb\r\nc"), "a\r\nB");
        assert_eq!(fix(2, 0, "B").apply("a\r\nb\r\n"), "a\r\nB\r\nb\r\n");
        assert_eq!(fix(1, 1, "B").apply("a"), "B");
    }
}
