//! A file's sites with their verdicts: what the plan and `inspect` share.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::rule::RuleId;
use crate::analysis::{Benefit, Verdict};

/// What `inspect` prints: files and their sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The files, as they were given.
    pub files: Vec<FileReport>,
}

/// One file and its sites.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileReport {
    /// The path as it was given.
    pub path: String,
    /// Why BuildKit's `parser.Parse` or `instructions.Parse` refuses the file; empty when it does not.
    pub errors: Vec<Error>,
    /// The `# syntax` header.
    pub syntax: Syntax,
    /// Each COPY and ADD, in order.
    pub sites: Vec<Site>,
}

/// A place in a file and what BuildKit says of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Error {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in bytes.
    pub column: usize,
    /// What is wrong.
    pub message: String,
}

/// The `# syntax` header of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Syntax {
    /// What the header says now; null without one.
    pub current: Option<String>,
    /// The least frontend that reads the file as it is meant; null where any does.
    pub required: Option<String>,
}

/// One COPY or ADD with its verdict. Flags, sources and destination are BuildKit's reading before expansion.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Site {
    /// First line, 1-based.
    pub line: usize,
    /// Last line, 1-based.
    pub end_line: usize,
    /// `COPY` or `ADD`.
    pub keyword: Keyword,
    /// True if it stands in an ONBUILD.
    pub onbuild: bool,
    /// The stage, counted from 0; null before the first FROM.
    pub stage: Option<usize>,
    /// The flags, quotes dropped.
    pub flags: Vec<String>,
    /// The sources, heredocs left out.
    pub sources: Vec<String>,
    /// How many heredocs it has.
    pub heredocs: usize,
    /// The destination; null where the line has none.
    pub destination: Option<String>,
    /// May `--link` be inserted?
    pub verdict: Verdict,
    /// Whether the verdict leans on nothing; null for verdicts that are no claim about an image.
    pub proved: Option<bool>,
    /// The whole new instruction, of `link` and `edit`.
    pub replacement: Option<String>,
    /// What the verdict leans on.
    pub assumptions: Vec<Assumption>,
    /// What the rules found.
    pub reasons: Vec<Reason>,
    /// What a link brings.
    pub benefit: Benefit,
    /// True if the campaign edits it.
    pub selected: bool,
    /// Of a line that is linked already: what the verdict would be.
    pub audit: Option<Audit>,
}

/// The instruction.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Keyword {
    /// `COPY`.
    Copy,
    /// `ADD`.
    Add,
}

/// A fact that nothing has proved yet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// The line that it is about, 1-based.
    pub line: usize,
    /// The path that it is about, or the first of several.
    pub path: String,
    /// The whole sentence, with all its paths.
    pub message: String,
    /// The Dockerfile whose line it is; only there where that is another.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
}

/// What a rule found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The rule; `layerwright explain RULE` tells more.
    #[schemars(with = "String")]
    pub rule: RuleId,
    /// The path in the image; empty where it is about none.
    pub path: String,
    /// Both outcomes in a sentence.
    pub message: String,
}

/// What the verdict of a linked line would be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// `link` where the flag does no harm.
    pub verdict: Verdict,
    /// What the rules found.
    pub reasons: Vec<Reason>,
}
