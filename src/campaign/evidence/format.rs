//! The format of `evidence/<slug>.json`: what was built and what came out, never what that means for a campaign. Times are
//! in [`Figures`] alone, so that two verifications of the same commit differ in nothing else.

use std::collections::BTreeMap;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::campaign::plan::file::{File, Plan};

/// The version of the format that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// What a verification of one file measured.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// Version of this format.
    #[schemars(range(min = 1, max = 1))]
    pub schema: u32,
    /// The Dockerfile, relative to the repository's root.
    pub path: String,
    /// The commit whose files were built; null for a folder without git.
    pub commit: Option<String>,
    /// git's id of the text before.
    pub before: String,
    /// git's id of the text after.
    pub after: String,
    /// What came out: the weightiest outcome of the builds.
    pub outcome: Outcome,
    /// Why, where it is neither `same` nor `different`; null there.
    pub reason: Option<String>,
    /// Each context, target and platform that was built.
    pub builds: Vec<Build>,
    /// Times; they differ from run to run.
    pub figures: Figures,
}

/// What came out, the lightest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The images are the same, but for noise.
    Same,
    /// The builder cannot link, so nothing was shown.
    #[serde(rename = "void")]
    CouldNotTest,
    /// It took longer than its budget.
    #[serde(rename = "deferred")]
    TimedOut,
    /// The original does not build, or needs what is not there: no failure of the migration.
    Blocked,
    /// The images differ, or the edited file does not build where the original does.
    Different,
}

/// Both builds of one context, target and platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Build {
    /// The build context, relative to the repository's root; `.` is the root.
    pub context: String,
    /// git's id of the context's tree, without what the campaign itself changes: its folder and the files of its waves;
    /// with named contexts, one of all their trees. Null where they are no part of a commit.
    pub tree: Option<String>,
    /// The stage; null for the last.
    pub target: Option<String>,
    /// The platform, as in `linux/amd64`.
    pub platform: String,
    /// Build arguments that were given.
    pub build_args: BTreeMap<String, String>,
    /// Named contexts that were given.
    pub contexts: BTreeMap<String, String>,
    /// The images that it started from, by name, with their digests where the builder told them.
    pub bases: BTreeMap<String, Option<String>>,
    /// What built it.
    pub builder: BuilderFacts,
    /// The frontend that read the file: what the header names, or `builtin`.
    pub frontend: String,
    /// The assumptions that the build did not test.
    pub assumptions: Vec<String>,
    /// What came out.
    pub outcome: Outcome,
    /// Why, where it is neither `same` nor `different`; null there.
    pub reason: Option<String>,
    /// The edited lines, in order.
    pub sites: Vec<SiteEvidence>,
    /// Where the images differ, noise left out.
    pub differences: Vec<Difference>,
    /// How many differences two builds of the original show too.
    pub noise: usize,
    /// The commands that were run in both images.
    pub smoke: Vec<Smoke>,
    /// What changes cost; null where that was not measured.
    pub cache: Option<CacheFigures>,
}

/// What built an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuilderFacts {
    /// Its name in `docker buildx ls`.
    pub name: String,
    /// Its driver: `docker`, `docker-container`, `kubernetes` or `remote`.
    pub driver: String,
    /// The version of BuildKit as the builder tells it; null where it does not.
    pub buildkit: Option<String>,
    /// The version of buildx.
    pub buildx: String,
    /// Whether it runs without root; null where it does not tell.
    pub rootless: Option<bool>,
}

/// An edited line in a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteEvidence {
    /// Its first line in the text before, 1-based.
    pub line: usize,
    /// Whether the build reached it.
    pub reached: Reached,
}

/// Whether a build reached a line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// It was linked: BuildKit showed its own vertex for it.
    Linked,
    /// It was executed and BuildKit does not link it: the first change on `scratch`, or `--chmod`.
    #[serde(rename = "inert")]
    NoEffect,
    /// It was not executed: nothing was shown of it.
    NotExercised,
}

/// Something that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The absolute path, what is no UTF-8 replaced; null for the image's configuration.
    pub path: Option<String>,
    /// What of it, as in `mode`, `xattr security.capability` or `config Env`.
    pub aspect: String,
    /// As it was; null for nothing.
    pub before: Option<String>,
    /// As it is; null for nothing.
    pub after: Option<String>,
    /// What it is put down to.
    pub cause: Cause,
}

/// What a difference is put down to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cause {
    /// The header alone makes it.
    Header,
    /// A rule expects it.
    Rule {
        /// The rule, as in `layerwright explain`.
        rule: String,
        /// The line, 1-based.
        line: usize,
        /// True if a waiver accepts it.
        accepted: bool,
    },
    /// No rule expects it.
    #[serde(rename = "unforetold")]
    Unexpected,
}

/// A command that was run in both images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// The command.
    pub command: String,
    /// True if exit code and output agreed.
    pub agrees: bool,
    /// Its exit code in the image before.
    pub before: i32,
    /// Its exit code in the image after.
    pub after: i32,
}

/// What changes cost, before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheFigures {
    /// One more layer under the base.
    pub moved_base: Pair,
    /// A change of a step before the first linked line; null where there is none.
    pub early_step: Option<Pair>,
}

/// A change in both files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// In the file as it was.
    pub before: Rebuild,
    /// In the file as it is.
    pub after: Rebuild,
}

/// What a rebuild after a change cost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebuild {
    /// How many layers the image has above its base.
    pub layers: usize,
    /// How many of them have the digest that they had.
    pub kept: usize,
    /// Bytes of the layers, uncompressed, that are to be pushed again.
    pub pushed_bytes: u64,
    /// How many steps were executed and did not come from the cache.
    pub steps: usize,
}

/// Times, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// When the verification began: RFC 3339, UTC, whole seconds.
    pub began: String,
    /// The whole verification.
    pub total_ms: u64,
    /// Bytes that it wrote to disk: the contexts, and what the builds exported that was not known.
    pub written_bytes: u64,
    /// By build, in their order.
    pub builds: Vec<BuildFigures>,
}

/// Times of one context, target and platform, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildFigures {
    /// Building the original.
    pub before_ms: u64,
    /// Building the edited file; null where it was not built.
    pub after_ms: Option<u64>,
    /// Rebuilding both after the base has moved: before, after.
    pub moved_base_ms: Option<(u64, u64)>,
    /// Rebuilding both after an early step has changed: before, after.
    pub early_step_ms: Option<(u64, u64)>,
}

impl Cause {
    /// Returns whether a waiver accepts it.
    pub fn is_accepted(&self) -> bool {
        matches!(self, Self::Rule { accepted: true, .. })
    }
}

impl Build {
    /// Returns whether it differs in nothing but what waivers accept. An edited file that does not build has no
    /// differences, and no waiver accepts that.
    pub fn is_accepted(&self) -> bool {
        !self.differences.is_empty()
            && self.differences.iter().all(|difference| difference.cause.is_accepted())
            && self.smoke.iter().all(|smoke| smoke.agrees)
    }
}

impl Evidence {
    /// Writes it as its file holds it: two spaces, one key a line, a newline at the end.
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

    /// Returns whether a proof said that nothing would differ and something does: a difference that no rule expects, in a
    /// file of the plan all of whose selected lines are proved, and by the edit that the plan makes.
    pub fn contradicts(&self, file: &File) -> bool {
        let proved = file.selected().all(|site| site.proved == Some(true));
        let unexpected = |difference: &Difference| difference.cause == Cause::Unexpected;
        let found = self.builds.iter().flat_map(|build| &build.differences).any(unexpected);
        let of_this_edit = self.before == file.blob && file.rewritten.as_ref() == Some(&self.after);
        of_this_edit && self.outcome == Outcome::Different && proved && found
    }

    /// What came out, without the differences that waivers accept.
    pub fn open_outcome(&self) -> Outcome {
        if self.outcome != Outcome::Different {
            return self.outcome;
        }
        let of = |build: &Build| if build.is_accepted() { Outcome::Same } else { build.outcome };
        self.builds.iter().map(of).max().unwrap_or(self.outcome)
    }
}

/// What is known of the files of a plan by evidence: [`Evidence`] by path.
pub type EvidenceByPath = BTreeMap<String, Evidence>;

/// The first proof that evidence contradicts, which stops a campaign.
pub fn contradiction<'a>(plan: &Plan, evidence: &'a EvidenceByPath) -> Option<&'a Evidence> {
    let contradicts = |found: &&Evidence| plan.file(&found.path).is_some_and(|file| found.contradicts(file));
    evidence.values().find(contradicts)
}
