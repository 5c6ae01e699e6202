//! The format of `plan.json` and of what `inspect` prints.
//!
//! Fields are written in the order of their declaration and lists are sorted, so a plan's diffs are readable.
//! What a reader does not know it refuses.

mod site;

use std::collections::BTreeMap;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::{Benefit, Knowledge};

pub use site::{Assumption, Audit, Error, FileReport, Inspection, Keyword, Reason, Site, Syntax};

/// The version of the format that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// `plan.json`: what was found and decided, file by file and line by line. Decisions, not progress.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Plan {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The commit that was read; null for a folder without git.
    pub commit: Option<String>,
    /// Build arguments that the verdicts are bound to.
    pub build_args: BTreeMap<String, String>,
    /// What a new or raised header says.
    pub syntax: String,
    /// Benefits that are selected.
    pub selects: Vec<Benefit>,
    /// Differences that somebody accepted.
    pub waivers: Vec<Waiver>,
    /// The list that the campaign was given, against what is there; null without one.
    pub list: Option<ListReport>,
    /// How many files with a Dockerfile's name were left out, by reason.
    pub left_out: BTreeMap<String, usize>,
    /// Files that could not be read.
    pub refused: Vec<Refused>,
    /// Files that should say how something is built and could not be read.
    pub unread: Vec<Refused>,
    /// Dockerfiles that start from each other's images, each circle from its first in order.
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
    pub file: String,
    /// The rule.
    pub rule: String,
    /// The path in the image; empty for any.
    pub path: String,
    /// Why.
    pub reason: String,
}

/// A list against what is there.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ListReport {
    /// Listed and found.
    pub found: Vec<String>,
    /// Listed, there, and not usable.
    pub unusable: Vec<Refused>,
    /// Listed and gone.
    pub gone: Vec<Gone>,
    /// Found and not listed.
    pub unlisted: Vec<String>,
    /// Entries of the list that are no paths of a repository.
    pub refused: Vec<Refused>,
}

/// A listed file that is gone.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Gone {
    /// The path.
    pub path: String,
    /// The commit that removed it, where history tells.
    pub removed_in: Option<String>,
    /// The best guess what it is now.
    pub guess: Option<String>,
    /// Why that.
    pub why: Option<String>,
}

/// A file that could not be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Refused {
    /// The path, as far as it can be shown.
    pub path: String,
    /// Why, and what to do.
    pub reason: String,
}

/// The files that go out together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Wave {
    /// Its number; 0 is the proof of concept.
    pub number: usize,
    /// Why these, in one line; empty for waves that go by order alone.
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
    /// What kind of file it is.
    pub class: Class,
    /// Why it is not edited whatever its sites say; null where nothing stands against it.
    pub skip: Option<String>,
    /// Where it is built.
    pub contexts: Vec<Context>,
    /// What its stages start from.
    pub bases: Vec<Base>,
    /// Why BuildKit refuses the file.
    pub errors: Vec<Error>,
    /// The `# syntax` header.
    pub syntax: Syntax,
    /// What becomes of the header.
    pub header: Header,
    /// Each COPY and ADD, in order.
    pub sites: Vec<Site>,
    /// Its wave; null where it is in none.
    pub wave: Option<usize>,
    /// What people decided for it in this file; planning again keeps it. Null where nobody did.
    pub decided: Option<Decided>,
    /// Who owns it, by CODEOWNERS.
    pub owners: Vec<String>,
    /// git's id of the text after the edit; null where nothing is edited.
    pub rewritten: Option<String>,
}

/// What people decided for a file by hand.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Decided {
    /// Its wave.
    pub wave: Option<usize>,
    /// Why it is left alone.
    pub skip: Option<String>,
}

/// What kind of file it is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Class {
    /// Written by people.
    Plain,
    /// Written by a program: judged, not edited.
    Generated {
        /// The line that says so.
        line: usize,
        /// What it says.
        by: String,
        /// The template, where it names one.
        template: Option<String>,
    },
    /// A template that BuildKit does not read.
    Template,
}

/// Where a file is built.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Context {
    /// The folder that is sent to the builder; `.` is the repository's root.
    pub root: String,
    /// What says so.
    pub evidence: String,
    /// What kind of file says so; null where nothing says so, and it is only likely.
    pub said_by: Option<SaidBy>,
    /// The stage that is built; null for the last.
    pub target: Option<String>,
    /// Build arguments that the Dockerfile declares; null as the value of one that only the build knows.
    pub build_args: BTreeMap<String, Option<String>>,
    /// Named contexts.
    pub contexts: BTreeMap<String, String>,
}

impl Context {
    /// A context with nothing else said.
    pub fn new(root: String, evidence: String, said_by: Option<SaidBy>) -> Self {
        Self { root, evidence, said_by, target: None, build_args: BTreeMap::new(), contexts: BTreeMap::new() }
    }
}

/// What kind of file says how something is built.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SaidBy {
    /// `layerwright.toml`.
    Config,
    /// A compose file.
    Compose,
    /// A bake file.
    Bake,
    /// A workflow of GitHub Actions.
    Workflow,
    /// A shell script.
    Script,
    /// A Makefile.
    Makefile,
    /// `devcontainer.json`.
    Devcontainer,
}

/// What a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Base {
    /// The image as FROM names it.
    pub image: String,
    /// True if its filesystem is known, be it in part.
    pub known: bool,
    /// What it is known from; null where it is not known.
    pub source: Option<Knowledge>,
    /// The digest that the facts are of; null where it is not known.
    pub digest: Option<String>,
}

/// What becomes of the header of a file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Header {
    /// It stays as it is.
    Keep,
    /// A new one is written.
    Insert {
        /// What it says.
        value: String,
    },
    /// An older one gets another value.
    Raise {
        /// What it says then.
        value: String,
    },
    /// It names another frontend and is left alone.
    Foreign {
        /// What it says.
        value: String,
    },
}

impl Plan {
    /// Writes it as it stands in `plan.json`: two spaces, one key a line, a newline at the end.
    ///
    /// # Errors
    ///
    /// What `out` says.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// The file of this path.
    pub fn file(&self, path: &str) -> Option<&File> {
        self.files.iter().find(|file| file.path == path)
    }
}

impl File {
    /// The sites that the campaign edits.
    pub fn selected(&self) -> impl Iterator<Item = &Site> {
        self.sites.iter().filter(|site| site.selected)
    }

    /// git's id of its text when the campaign is done with it: the edited text, or the one that was judged where
    /// a file of a wave has nothing left to edit. None for a file that the campaign leaves alone.
    pub fn done_blob(&self) -> Option<&str> {
        self.rewritten.as_deref().or(self.wave.map(|_| self.blob.as_str()))
    }
}
