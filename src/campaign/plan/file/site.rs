//! The instructions of a file with their verdicts: the part that the plan and `inspect` share. It never holds progress.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::Assumptions;
use crate::analysis::rule::RuleId;
use crate::analysis::{Benefit, CHECKOUT, UNSEEN, Verdict};
use crate::dockerfile::TransferKind;
use crate::text::words::count;

/// The output of `inspect`: files and their instructions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Inspection {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub(crate) schema: u32,
    /// The files, as they were given.
    pub files: Vec<FileReport>,
}

/// A file and its instructions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct FileReport {
    /// The path as it was given.
    pub(crate) path: String,
    /// The errors with which BuildKit's `parser.Parse` or `instructions.Parse` refuses the file; empty if there are
    /// none.
    pub(crate) errors: Vec<Error>,
    /// The `# syntax` header.
    pub(crate) syntax: Syntax,
    /// Each COPY and ADD, in order.
    pub sites: Vec<Site>,
}

/// An error that BuildKit reports for a place in a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Error {
    /// 1-based line.
    pub line: usize,
    /// 1-based column, in bytes.
    pub(crate) column: usize,
    /// The message.
    pub(crate) message: String,
}

/// The `# syntax` header of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Syntax {
    /// The present value of the header; null without one.
    pub(crate) current: Option<String>,
    /// The oldest frontend that reads the file as intended; null if every frontend does.
    pub(crate) required: Option<String>,
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
    pub keyword: TransferKind,
    /// True if it is part of an ONBUILD.
    pub onbuild: bool,
    /// The stage, counted from 0; null before the first FROM.
    pub(crate) stage: Option<usize>,
    /// The flags, without quotes.
    pub(crate) flags: Vec<String>,
    /// The sources, without heredocs.
    pub(crate) sources: Vec<String>,
    /// The number of heredocs.
    pub(crate) heredocs: usize,
    /// The destination; null if the line has none.
    pub(crate) destination: Option<String>,
    /// The verdict: may `--link` be inserted?
    pub verdict: Verdict,
    /// True if the verdict needs no assumption; null for verdicts that make no claim about an image.
    pub proved: Option<bool>,
    /// The whole new instruction, for `link` and `edit`.
    pub replacement: Option<String>,
    /// The assumptions of the verdict.
    pub assumptions: Assumptions,
    /// The findings of the rules.
    pub reasons: Vec<Reason>,
    /// The benefit of a link.
    pub(crate) benefit: Benefit,
    /// True if the campaign edits it.
    pub selected: bool,
    /// For a line that is already linked: the verdict that it would get.
    pub(crate) audit: Option<Audit>,
}

impl Site {
    /// Returns true if the line changes the image as a waiver accepts: one that needs no edit has a reason only then.
    pub(crate) fn is_accepted(&self) -> bool {
        self.verdict == Verdict::Link && !self.reasons.is_empty()
    }

    /// Returns the instruction on one line, as BuildKit reads it; heredocs are counted.
    pub(crate) fn as_read(&self) -> String {
        let mut words = if self.onbuild { vec!["ONBUILD"] } else { Vec::new() };
        words.push(self.keyword.keyword());
        words.extend(self.flags.iter().chain(&self.sources).map(String::as_str));
        let heredocs = format!("<{}>", count(self.heredocs, "heredoc"));
        if self.heredocs > 0 {
            words.push(&heredocs);
        }
        words.extend(self.destination.as_deref());
        words.join(" ")
    }
}

/// An assumption: a fact that nothing has proved.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Assumption {
    /// The line that it is about, 1-based.
    pub(crate) line: usize,
    /// The path that it is about, or the first of several.
    pub path: String,
    /// The whole sentence, with all its paths.
    pub message: String,
    /// The Dockerfile of the line; present only if it is another one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) dockerfile: Option<String>,
    /// True if it is that a folder is the build context; present only then.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) of_context: bool,
}

impl Assumption {
    /// Returns true if no comparison right after an instruction tests it: the directories that a checkout makes, which a
    /// verification makes itself, and what a later RUN sees of a link.
    pub(crate) fn is_beyond_the_line(&self) -> bool {
        self.message.starts_with(CHECKOUT) || self.message.contains(UNSEEN)
    }
}

/// A finding of a rule.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    /// The rule; see `layerwright explain RULE`.
    #[schemars(with = "String")]
    pub rule: RuleId,
    /// The path in the image; empty for a finding without a path.
    pub path: String,
    /// Both outcomes in a sentence.
    pub message: String,
}

/// The verdict that a linked line would get.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Audit {
    /// The verdict: `link` if the flag does no harm.
    pub(crate) verdict: Verdict,
    /// The findings of the rules.
    pub(crate) reasons: Vec<Reason>,
    /// The lines of the instruction with the edit that makes it equivalent, or else without the flag; null for `link` and
    /// `unknown`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) fix: Option<String>,
}
