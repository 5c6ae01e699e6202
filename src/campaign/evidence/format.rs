//! The format of `evidence/<slug>.json`: the builds and their results. It never says what they mean for a campaign.
//! Times are in [`Figures`] alone, so two verifications of the same commit differ in nothing else.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::{self, Write};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::analysis::rule::RuleId;
use crate::builds::Level;
use crate::campaign::plan::CONTEXT_ASSUMED;
use crate::campaign::plan::file::{File, Plan};
use crate::text::secret::Secrets;

/// The version of the format that this program writes and reads.
pub const SCHEMA: u32 = 1;

/// The results of the verification of one file.
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
    /// The outcome: the most serious outcome of the builds.
    pub outcome: Outcome,
    /// The reason, unless the outcome is `same` or `different`; null for these.
    pub reason: Option<String>,
    /// Each context, target and platform that was built.
    pub builds: Vec<BuildEvidence>,
    /// Times; they differ from run to run.
    pub figures: Figures,
    /// The signature of all else, by a key; absent if it is not signed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub signature: Option<String>,
}

/// The outcome of a verification, from the least to the most serious.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The images are the same, except for nondeterministic differences.
    Same,
    /// Could not test: the builder does not support `--link`, so nothing was shown.
    #[serde(rename = "void")]
    CouldNotTest,
    /// The verification timed out: it took longer than its budget.
    #[serde(rename = "deferred")]
    TimedOut,
    /// The original does not build, or needs something that is missing. This is not a failure of the migration.
    Blocked,
    /// The images differ, or the edited file does not build where the original does.
    Different,
}

/// The extent of a verification, from the least to the most.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Depth {
    /// The filesystems right after each edited instruction are compared. Later steps are not built.
    Line,
    /// The whole images are compared too.
    #[default]
    Full,
}

impl Depth {
    /// Returns true for the depth of evidence that names none, as earlier versions wrote it.
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde calls it with a reference")]
    fn is_full(&self) -> bool {
        *self == Self::Full
    }
}

/// Both builds of one context, target and platform.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuildEvidence {
    /// The build context, relative to the repository's root; `.` is the root.
    pub context: String,
    /// git's id of the context's tree, without the paths that the campaign itself changes: its folder and the files of
    /// its waves. With named contexts, one id of all their trees. Null if they are not part of a commit.
    pub tree: Option<String>,
    /// The stage; null for the last.
    pub target: Option<String>,
    /// The platform, as in `linux/amd64`.
    pub platform: String,
    /// The build arguments of the build.
    pub build_args: BTreeMap<String, String>,
    /// The named contexts of the build.
    pub contexts: BTreeMap<String, String>,
    /// The base images by name, with their digests if the builder reported them.
    pub bases: BTreeMap<String, Option<String>>,
    /// The builder.
    pub builder: BuilderFacts,
    /// The frontend that read the file: the value of the header, or `builtin`.
    pub frontend: String,
    /// The assumptions that the build did not test.
    pub assumptions: Vec<String>,
    /// The extent of the comparison; present only if later steps than the edited instructions were not built.
    #[serde(default, skip_serializing_if = "Depth::is_full")]
    pub depth: Depth,
    /// The outcome.
    pub outcome: Outcome,
    /// The reason, unless the outcome is `same` or `different`; null for these.
    pub reason: Option<String>,
    /// The edited lines, in order.
    pub sites: Vec<SiteEvidence>,
    /// The differences between the images, without nondeterministic ones.
    pub differences: Vec<Difference>,
    /// The number of differences that two builds of the original show too.
    pub noise: usize,
    /// The commands that were run in both images.
    pub smoke: Vec<Smoke>,
    /// The cost of changes; null if it was not measured.
    pub cache: Option<CacheFigures>,
}

/// The builder that built an image.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct BuilderFacts {
    /// The name in `docker buildx ls`.
    pub name: String,
    /// The driver: `docker`, `docker-container`, `kubernetes` or `remote`.
    pub driver: String,
    /// The version of BuildKit as the builder reports it; null if it does not.
    pub buildkit: Option<String>,
    /// The version of buildx.
    pub buildx: String,
    /// True if the builder runs without root; null if it does not report that.
    pub rootless: Option<bool>,
}

/// An edited line in a build.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SiteEvidence {
    /// The first line of the instruction in the text before, 1-based.
    pub line: usize,
    /// The state of the line in the build.
    pub reached: Reached,
    /// The comparison of the filesystems right after the instruction; present only if that was built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub compared: Option<Compared>,
}

impl SiteEvidence {
    /// Returns a line that a build did not execute.
    pub fn not_exercised(line: usize) -> Self {
        Self { line, reached: Reached::NotExercised, compared: None }
    }
}

/// The filesystems right after one instruction, as it is and edited, on the same filesystem before it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Compared {
    /// The outcome: `same` or `different`, or why nothing was compared.
    pub outcome: Outcome,
    /// The reason, if nothing was compared.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The filesystem before the instruction, or before the first of the instructions that were compared together: the
    /// OCI chain ID of its layers. Absent if it has none or was not built.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub before: Option<String>,
    /// The differences between the two filesystems.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub differences: Vec<Difference>,
}

/// The state of a line in a build.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Reached {
    /// The line was linked: BuildKit showed its own vertex for it.
    Linked,
    /// The line was executed, and BuildKit does not link it: the first change on `scratch`, or `--chmod`.
    #[serde(rename = "inert")]
    NoEffect,
    /// The line was not executed: nothing was shown for it.
    NotExercised,
}

/// A difference between the images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Difference {
    /// The absolute path, with bytes that are not UTF-8 replaced; null for the image's configuration.
    pub path: Option<String>,
    /// The part that differs, as in `mode`, `xattr security.capability` or `config Env`.
    pub aspect: String,
    /// The value before; null for nothing.
    pub before: Option<String>,
    /// The value after; null for nothing.
    pub after: Option<String>,
    /// The cause to which the difference is attributed.
    pub cause: Cause,
}

/// The cause to which a difference is attributed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Cause {
    /// The header alone causes it.
    Header,
    /// A rule expects it.
    Rule {
        /// The rule, as in `layerwright explain`.
        #[schemars(with = "String")]
        rule: RuleId,
        /// The line, 1-based.
        line: usize,
        /// True if a waiver accepts it.
        accepted: bool,
    },
    /// Unexpected: no rule expects it.
    #[serde(rename = "unforetold")]
    Unexpected,
}

/// A command that was run in both images.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Smoke {
    /// The command.
    pub(crate) command: String,
    /// True if exit code and output were the same in both images.
    pub agrees: bool,
    /// The exit code in the image before.
    pub before: i32,
    /// The exit code in the image after.
    pub after: i32,
}

/// The cost of changes, before and after.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct CacheFigures {
    /// The cost of one more layer in the base image.
    pub moved_base: Pair,
    /// The cost of a change of a step before the first linked line; null if there is none.
    pub early_step: Option<Pair>,
}

/// The cost of one change in both files.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Pair {
    /// The cost in the file before the edit.
    pub before: Rebuild,
    /// The cost in the file after the edit.
    pub after: Rebuild,
}

/// The cost of a rebuild after a change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Rebuild {
    /// The number of layers that the image has above its base image.
    pub layers: usize,
    /// The number of these layers that keep their digest.
    pub kept: usize,
    /// The bytes of the layers, uncompressed, that have to be pushed again.
    pub pushed_bytes: u64,
    /// The number of steps that were executed and did not come from the cache.
    pub steps: usize,
}

/// Times, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Figures {
    /// The start of the verification: RFC 3339, UTC, whole seconds.
    pub began: String,
    /// The time of the whole verification.
    pub total_ms: u64,
    /// The bytes that the verification wrote to disk: the contexts, and the exported layers that were not in the cache.
    pub written_bytes: u64,
    /// The times of the builds, in their order.
    pub builds: Vec<BuildFigures>,
}

/// The times of one context, target and platform, in milliseconds.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[expect(clippy::struct_field_names, reason = "the names say their unit to readers of the JSON")]
pub struct BuildFigures {
    /// The time to build the original.
    pub(crate) before_ms: u64,
    /// The time to build the edited file; null if it was not built.
    pub(crate) after_ms: Option<u64>,
    /// The part of it that the merges of linked layers took, for the steps that read the merged files; null if it is unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(crate) merge_ms: Option<u64>,
    /// The time to rebuild both after a change of the base image: before, after.
    pub(crate) moved_base_ms: Option<(u64, u64)>,
    /// The time to rebuild both after a change of an early step: before, after.
    pub(crate) early_step_ms: Option<(u64, u64)>,
}

impl Cause {
    /// Returns true if a waiver accepts the difference.
    pub(crate) fn is_accepted(&self) -> bool {
        matches!(self, Self::Rule { accepted: true, .. })
    }
}

impl BuildEvidence {
    /// Returns true if every difference is accepted by a waiver. An edited file that does not build has no differences,
    /// and no waiver accepts that.
    pub(crate) fn is_accepted(&self) -> bool {
        !self.differences.is_empty()
            && self.differences.iter().all(|difference| difference.cause.is_accepted())
            && self.smoke.iter().all(|smoke| smoke.agrees)
    }

    /// Returns what the build does not show of a file, as it is planned now: a context that was a guess when it was built
    /// may be stated since.
    pub(crate) fn open_assumptions<'a>(&'a self, file: &'a File) -> impl Iterator<Item = &'a String> {
        let is_stated = file.contexts.iter().any(|known| {
            known.level == Level::Stated && known.root == self.context && known.target == self.target
        });
        self.assumptions
            .iter()
            .filter(move |assumption| !(is_stated && assumption.starts_with(CONTEXT_ASSUMED)))
    }
}

impl Evidence {
    /// Writes the evidence as its file holds it: indented by two spaces, one key per line, a newline at the end.
    ///
    /// # Errors
    ///
    /// The error of `out`.
    pub fn write(&self, out: &mut dyn io::Write) -> io::Result<()> {
        let mut out = io::BufWriter::new(out);
        serde_json::to_writer_pretty(&mut out, self)?;
        out.write_all(b"\n")?;
        out.flush()
    }

    /// Returns the evidence without these values. Paths, ids and figures never hold one.
    #[must_use]
    pub(crate) fn without(mut self, secrets: &Secrets) -> Self {
        let hide = |text: &mut String| {
            if let Cow::Owned(clean) = secrets.hide(text) {
                *text = clean;
            }
        };
        self.reason.iter_mut().for_each(hide);
        for build in &mut self.builds {
            let compared = build.sites.iter_mut().filter_map(|site| site.compared.as_mut());
            let (reasons, of_lines): (Vec<_>, Vec<_>) =
                compared.map(|compared| (&mut compared.reason, &mut compared.differences)).unzip();
            let differences = build.differences.iter_mut().chain(of_lines.into_iter().flatten());
            let differences = differences.flat_map(|difference| {
                let Difference { path, aspect, before, after, cause: _ } = difference;
                [path.as_mut(), Some(aspect), before.as_mut(), after.as_mut()].into_iter().flatten()
            });
            let texts = build.reason.iter_mut().chain(&mut build.assumptions).chain(&mut build.target);
            let texts = texts.chain(reasons.into_iter().flatten());
            let values = build.build_args.values_mut().chain(build.contexts.values_mut());
            let commands = build.smoke.iter_mut().map(|smoke| &mut smoke.command);
            texts.chain(values).chain(commands).chain(differences).for_each(hide);
        }
        self
    }

    /// Returns true if a proof said that nothing would differ and something does: a difference that no rule expects, in
    /// a file of the plan whose selected lines are all proved, made by the edit that the plan makes.
    pub(crate) fn contradicts(&self, file: &File) -> bool {
        let unexpected = |difference: &Difference| difference.cause == Cause::Unexpected;
        let found = self.builds.iter().flat_map(|build| &build.differences).any(unexpected);
        let of_this_edit = self.before == file.blob && file.rewritten.as_ref() == Some(&self.after);
        of_this_edit && self.outcome == Outcome::Different && file.is_proved() && found
    }

    /// Returns true if the evidence is about the texts that a file of the plan has now and after its edit.
    pub(crate) fn is_of(&self, file: &File) -> bool {
        // A plan that was made after the edit knows only the new text.
        (file.rewritten.is_none() || self.before == file.blob) && file.done_blob() == Some(&self.after)
    }

    /// Returns the outcome without the differences that waivers accept.
    pub(crate) fn open_outcome(&self) -> Outcome {
        if self.outcome != Outcome::Different {
            return self.outcome;
        }
        let of = |build: &BuildEvidence| if build.is_accepted() { Outcome::Same } else { build.outcome };
        self.builds.iter().map(of).max().unwrap_or(self.outcome)
    }
}

/// The evidence of the files of a plan, by path.
pub type EvidenceByPath = BTreeMap<String, Evidence>;

/// Returns the first proof that evidence contradicts. It stops a campaign.
pub(crate) fn contradiction<'a>(plan: &Plan, evidence: &'a EvidenceByPath) -> Option<&'a Evidence> {
    let contradicts = |found: &&Evidence| plan.file(&found.path).is_some_and(|file| found.contradicts(file));
    evidence.values().find(contradicts)
}
