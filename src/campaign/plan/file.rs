//! The format of `plan.json` and of the output of `inspect`.
//!
//! Fields are written in the order of their declaration and lists are sorted, so a plan's diffs are readable. Unknown
//! fields are never accepted.

mod assumptions;
mod idle;
mod site;

use std::collections::{BTreeMap, HashSet};
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::rule::RuleId;
use crate::analysis::{Benefit, Knowledge};
use crate::builders::{BuilderRuleId, BuilderUse, Effect};
use crate::builds::{BuildFileKind, Level};
use crate::edit::header::Header;

pub use assumptions::Assumptions;
pub(crate) use site::{Assumption, Audit, Error, FileReport, Reason, Syntax};
pub use site::{Inspection, Site};

/// The version of the format that this program writes and reads.
pub(crate) const SCHEMA: u32 = 1;

/// `plan.json`: findings and decisions, file by file and line by line. Decisions, not progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub(crate) schema: u32,
    /// The commit that was read; null for a folder without git.
    pub(crate) commit: Option<String>,
    /// Build arguments to which the verdicts are bound.
    pub(crate) build_args: BTreeMap<String, String>,
    /// The value of a new or raised header.
    pub(crate) syntax: String,
    /// True if every Dockerfile without a header gets one.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub(crate) syntax_everywhere: bool,
    /// Benefits that are selected.
    pub(crate) selects: Vec<Benefit>,
    /// The waivers: differences that the maintainers accepted.
    pub waivers: Vec<Waiver>,
    /// The list that the campaign was given, compared with the repository; null without a list.
    pub(crate) list: Option<ListReport>,
    /// The number of files with a Dockerfile's name that were left out, by reason.
    pub left_out: BTreeMap<String, usize>,
    /// Files that could not be read.
    pub refused: Vec<Refused>,
    /// Files that state how something is built and could not be read, or that build what is not planned.
    pub unread: Vec<Refused>,
    /// The builders that the repository uses, one entry for each place that runs a build.
    #[serde(default)]
    pub(crate) builders: Vec<BuilderUse>,
    /// Dockerfiles that start from each other's images; each cycle begins with its first file in order.
    pub cycles: Vec<Vec<String>>,
    /// The waves, from 0, with their files.
    pub waves: Vec<Wave>,
    /// The files, in order of path.
    pub files: Vec<File>,
}

/// An accepted difference.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Glob of the files.
    pub(crate) file: String,
    /// The rule.
    #[schemars(with = "String")]
    pub(crate) rule: RuleId,
    /// The path in the image; empty for any.
    pub(crate) path: String,
    /// The reason.
    pub(crate) reason: String,
}

/// A list compared with the repository.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListReport {
    /// The issue that lists the files, as in `owner/name#7`; without it, the list was a file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) issue: Option<String>,
    /// Listed and found.
    pub(crate) found: Vec<String>,
    /// Listed and present, but not usable.
    pub(crate) unusable: Vec<Refused>,
    /// Listed and missing.
    pub(crate) gone: Vec<Gone>,
    /// Found, and listed in struck-out text alone: people decided against them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) struck: Vec<String>,
    /// Found, but not listed.
    pub(crate) unlisted: Vec<String>,
    /// Entries of the list that are not paths of a repository.
    pub(crate) refused: Vec<Refused>,
}

/// A listed file that is missing.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Gone {
    /// The path.
    pub(crate) path: String,
    /// The commit that removed it, if it is in the history.
    pub(crate) removed_in: Option<String>,
    /// The best guess of its present path.
    pub(crate) guess: Option<String>,
    /// The reason for the guess.
    pub(crate) why: Option<String>,
}

/// A file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The path, as far as it can be shown.
    pub path: String,
    /// The reason, and the remedy.
    pub reason: String,
}

/// The files of a wave, whose pull requests are opened together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Its number; 0 is the proof of concept.
    pub number: usize,
    /// The reason for the choice of these files, in one line; empty for waves that follow the order alone.
    pub reason: String,
    /// Their paths.
    pub files: Vec<String>,
}

/// One file of a plan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct File {
    /// The path in the repository.
    pub path: String,
    /// git's id of the text that was judged.
    pub blob: String,
    /// The class of the file.
    pub class: Class,
    /// The reason why it is not edited regardless of its instructions; null if there is none.
    pub skip: Option<String>,
    /// The builds of the file.
    pub contexts: Vec<Context>,
    /// The base images of its stages.
    pub bases: Vec<Base>,
    /// The errors with which BuildKit refuses the file.
    pub errors: Vec<Error>,
    /// The `# syntax` header.
    pub(crate) syntax: Syntax,
    /// The edit of the header.
    pub header: Header,
    /// Each COPY and ADD, in order.
    pub sites: Vec<Site>,
    /// Its wave; null if it is in none.
    pub wave: Option<usize>,
    /// The decision that people made for it in this file. A new plan keeps it. Null if there is none.
    pub decided: Option<Decided>,
    /// Its owners, by CODEOWNERS.
    pub owners: Vec<String>,
    /// The builders of this file that reject or ignore `--link`, or that link and are not compared; without those that a
    /// waiver accepts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) built_by: Vec<BuiltBy>,
    /// git's id of the text after the edit; null if nothing is edited.
    pub rewritten: Option<String>,
}

/// A builder of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuiltBy {
    /// The file and the line that run the build, and the tool.
    pub(crate) place: String,
    /// The rule of the builder.
    #[schemars(with = "String")]
    pub(crate) rule: BuilderRuleId,
    /// The effect on `--link`.
    pub(crate) effect: Effect,
}

/// A decision that people made for a file by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Decided {
    /// Its wave.
    pub wave: Option<usize>,
    /// The reason why it is left alone.
    pub skip: Option<String>,
}

/// The class of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Class {
    /// Written by people.
    Plain,
    /// Generated by a program: judged, not edited.
    Generated {
        /// The line that states this.
        line: usize,
        /// The text of that line.
        by: String,
        /// The template, if the line names one.
        template: Option<String>,
    },
    /// A template, which BuildKit does not read.
    Template,
}

/// A build of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The folder that is sent to the builder; `.` is the repository's root.
    pub root: String,
    /// The place that states the build.
    pub evidence: String,
    /// The certainty of the build: `stated` is a fact, `possible` depends on what is not settled, `guessed` is stated
    /// nowhere.
    #[serde(default)]
    pub level: Level,
    /// The kind of file that states the build; null if it is only possible or guessed.
    pub said_by: Option<BuildFileKind>,
    /// The things that are not settled about a possible build.
    #[serde(default)]
    pub(crate) unsettled: Vec<String>,
    /// True if the builder fetches the context from git: then no ignore file applies.
    #[serde(default)]
    pub(crate) from_git: bool,
    /// The target: the stage that is built; null for the last.
    pub target: Option<String>,
    /// The targets of other builds that are the same otherwise; null for the last stage.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub(crate) further_targets: Vec<Option<String>>,
    /// Build arguments that the Dockerfile declares; null for a value that only the build knows.
    pub(crate) build_args: BTreeMap<String, Option<String>>,
    /// Named contexts.
    pub contexts: BTreeMap<String, String>,
    /// The builds whose results are named contexts, by the name of the context.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) results: BTreeMap<String, NeededBuild>,
}

/// A build whose result another build needs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NeededBuild {
    /// The Dockerfile.
    pub(crate) dockerfile: String,
    /// The context, with the target and the arguments.
    pub(crate) build: Context,
}

impl Context {
    /// Returns the targets of its builds.
    pub(crate) fn targets(&self) -> impl Iterator<Item = Option<&str>> {
        std::iter::once(&self.target).chain(&self.further_targets).map(Option::as_deref)
    }

    /// Returns a context without a target, arguments and named contexts.
    pub(crate) fn new(root: String, evidence: String, level: Level) -> Self {
        let (said_by, unsettled, target) = (None, Vec::new(), None);
        let (build_args, contexts, results) = (BTreeMap::new(), BTreeMap::new(), BTreeMap::new());
        let (from_git, further_targets) = (false, Vec::new());
        Self {
            root,
            evidence,
            level,
            said_by,
            unsettled,
            from_git,
            target,
            further_targets,
            build_args,
            contexts,
            results,
        }
    }
}

/// The base image of a stage.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// The image as FROM names it.
    pub(crate) image: String,
    /// True if its filesystem is known, at least in part.
    pub(crate) known: bool,
    /// The source of the facts; null if it is unknown.
    pub source: Option<Knowledge>,
    /// The digest of the image that the facts are about; null if it is unknown.
    pub(crate) digest: Option<String>,
}

impl Plan {
    /// Writes the plan in the form of `plan.json`: indented by two spaces, one key per line, a newline at the end.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub(crate) fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Returns the file of this path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }

    /// Returns the paths of its Dockerfiles, those that could not be read included.
    pub(crate) fn paths(&self) -> HashSet<&str> {
        let refused = self.refused.iter().map(|file| file.path.as_str());
        self.files.iter().map(|file| file.path.as_str()).chain(refused).collect()
    }
}

impl File {
    /// Returns the instructions that the campaign edits.
    pub fn selected(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(|site| site.selected)
    }

    /// Returns true if the campaign edits the file.
    pub(crate) fn is_edited(&self) -> bool {
        self.rewritten.is_some()
    }

    /// Returns true if the campaign writes a header and edits no instruction: `[syntax] everywhere`.
    pub(crate) fn edits_header_only(&self) -> bool {
        self.is_edited() && self.selected().next().is_none()
    }

    /// Returns true if each edited instruction is proved. Nothing proves that a header alone changes nothing.
    pub(crate) fn is_proved(&self) -> bool {
        !self.edits_header_only() && self.selected().all(|site| site.proved == Some(true))
    }

    /// Returns true if each edited instruction is proved not to change the image: none makes a difference that a waiver accepts.
    pub(crate) fn is_proved_the_same(&self) -> bool {
        self.is_proved() && !self.selected().any(Site::is_accepted)
    }

    /// Returns git's id of the file's text when the campaign is done with it: the edited text, or the text that was
    /// judged if a file of a wave has nothing left to edit. `None` for a file that the campaign leaves alone.
    pub fn done_blob(&self) -> Option<&str> {
        self.rewritten.as_deref().or(self.wave.map(|_| self.blob.as_str()))
    }
}
