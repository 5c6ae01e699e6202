//! The keys of `layerwright.toml`, each with its default.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The content of `layerwright.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The campaign.
    pub(crate) campaign: Campaign,
    /// The files that are Dockerfiles, and those that are excluded or skipped.
    pub(crate) files: Files,
    /// The `# syntax` header.
    pub(crate) syntax: Syntax,
    /// The files of each wave.
    pub(crate) waves: Waves,
    /// The messages of commits.
    pub(crate) migrate: Migrate,
    /// The verification of builds.
    pub(crate) verify: Verify,
    /// The pull requests and their limits.
    pub(crate) report: Report,
    /// The accepted differences.
    pub waivers: Vec<Waiver>,
    /// The places that base images are read from.
    pub(crate) bases: Bases,
    /// Base images that cannot be read, by a glob of their names.
    pub(crate) base: BTreeMap<String, Base>,
    /// Builds of Dockerfiles, by the path of the Dockerfile.
    pub(crate) build: BTreeMap<String, BuildSettings>,
    /// The line of each key, by its dotted path.
    #[serde(skip)]
    pub(super) lines: BTreeMap<String, usize>,
}

impl Config {
    /// Returns the 1-based line of a key, by its dotted path as in `build."a/Dockerfile".context`; 1 for a key that the
    /// file does not have.
    pub(crate) fn line(&self, key: &str) -> usize {
        self.lines.get(key).copied().unwrap_or(1)
    }

    /// Returns the line of a key of `[table."entry"]`, or the line of the entry if it does not have that key.
    pub(crate) fn line_in(&self, table: &str, entry: &str, key: &str) -> usize {
        let entry = format!("{table}.{}", super::origin::quoted(entry));
        self.lines.get(&format!("{entry}.{key}")).copied().unwrap_or_else(|| self.line(&entry))
    }
}

/// `[campaign]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Campaign {
    /// The folder of the plan, relative to the repository's root.
    pub(crate) dir: String,
    /// The condition for the pull request of a file.
    pub(crate) trust: Trust,
}

impl Default for Campaign {
    fn default() -> Self {
        Self { dir: "plans/copy-link".into(), trust: Trust::Verified }
    }
}

/// The condition for the pull request of a file.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Evidence. From wave 2, a proof of every instruction is enough.
    #[default]
    Verified,
    /// A verdict, also one with assumptions.
    Assumed,
}

/// `[files]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Files {
    /// Globs of paths that are Dockerfiles under any name.
    pub(crate) include: Vec<String>,
    /// Globs of paths that are not Dockerfiles of the campaign.
    pub(crate) exclude: Vec<String>,
    /// Files that are judged but not edited.
    pub(crate) skip: Vec<Skip>,
    /// True if generated files are edited too.
    pub(crate) edit_generated: bool,
}

/// `[[files.skip]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Skip {
    /// The file, relative to the repository's root.
    pub(crate) path: String,
    /// The reason, which the plan shows.
    pub(crate) reason: String,
}

/// `[syntax]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Syntax {
    /// The frontend that a new or raised header names; `none` for no header where the file does not need one.
    pub(crate) write: String,
    /// True if every Dockerfile without a header gets one, also those in which no line is edited.
    pub(crate) everywhere: bool,
}

impl Default for Syntax {
    fn default() -> Self {
        Self { write: "docker/dockerfile:1".into(), everywhere: false }
    }
}

/// `[waves]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Waves {
    /// The number of files of wave 1, 2 and so on; each wave after the last entry is three times the one before.
    pub(crate) sizes: Vec<usize>,
    /// The file of wave 0, the proof of concept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) poc: Option<String>,
    /// The grouping of files.
    pub(crate) by: By,
    /// The files of wave 1, 2 and so on; files that no list names come after them.
    pub(crate) lists: Vec<Vec<String>>,
}

impl Default for Waves {
    fn default() -> Self {
        Self { sizes: vec![3, 9, 27], poc: None, by: By::Size, lists: Vec::new() }
    }
}

/// The grouping of files into waves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum By {
    /// The best files first, in waves of the given sizes.
    #[default]
    Size,
    /// One wave for the files of the same owners in CODEOWNERS.
    Owner,
}

/// `[migrate]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Migrate {
    /// The message of commits: a subject, a blank line, a body. `{path}` is the file, `{count}`
    /// as in `2 lines`, `{lines}` each line with its reasons, `{wave}` the number of the file's wave or `none`; `{{`
    /// and `}}` are braces.
    pub(crate) message: String,
}

impl Default for Migrate {
    fn default() -> Self {
        Self { message: "Use COPY --link in {path}\n\n{lines}\n".into() }
    }
}

/// `[verify]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Verify {
    /// The frontend that reads the built files.
    pub(crate) frontend: Frontend,
    /// The time limit for one file, as in `45m`; a file that takes longer has timed out.
    pub(crate) budget: String,
    /// How much is built and compared; without it, whole images for the proof of concept, and edited lines for all others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) depth: Option<Depth>,
}

/// How much is built and compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Depth {
    /// The filesystems right after each edited instruction.
    Line,
    /// The whole images too.
    Full,
}

impl Default for Verify {
    fn default() -> Self {
        Self { frontend: Frontend::Header, budget: "45m".into(), depth: None }
    }
}

/// The frontend that reads the built files.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Frontend {
    /// The image that the header names, which the builder pulls.
    #[default]
    Header,
    /// The frontend inside the builder, for builders that cannot pull the image of the header.
    Builtin,
}

/// `[report]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a key of the file")]
pub struct Report {
    /// The repository on GitHub, as in `OWNER/REPO`; without it, that of the remote `origin`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) repo: Option<String>,
    /// The base branch of pull requests; without it, the repository's default branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) base: Option<String>,
    /// True if pull requests are opened as drafts.
    pub draft: bool,
    /// Labels of pull requests, in addition to the label of the campaign.
    pub labels: Vec<String>,
    /// Requested reviewers; `org/team` for a team.
    pub reviewers: Vec<String>,
    /// Assignees.
    pub assignees: Vec<String>,
    /// The file that holds the template for the text of pull requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) template: Option<String>,
    /// The command by which reviewers install Layerwright, for the text of pull requests; without it, that of a clone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) install: Option<String>,
    /// The most pull requests that are open at once.
    pub max_open: usize,
    /// The most pull requests of one owner that are open at once.
    pub max_open_per_owner: usize,
    /// The most pull requests that are opened in an hour.
    pub per_hour: usize,
    /// No pull request is opened while this number of them have unfinished checks.
    pub pause_when_pending_checks: usize,
    /// True if a tracking issue is opened when there is none.
    pub create_issue: bool,
    /// True if the tracking issue is closed when the campaign is finished.
    pub close_issue: bool,
    /// True if evidence verifies a file only with a valid signature.
    pub require_signed: bool,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            repo: None,
            base: None,
            draft: false,
            labels: Vec::new(),
            reviewers: Vec::new(),
            assignees: Vec::new(),
            template: None,
            install: None,
            max_open: 10,
            max_open_per_owner: 3,
            per_hour: 20,
            pause_when_pending_checks: 5,
            create_issue: false,
            close_issue: false,
            require_signed: false,
        }
    }
}

/// `[[waivers]]`: a difference that the maintainers accept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Glob of the files that it covers.
    #[serde(default = "everywhere")]
    pub file: String,
    /// The rule, as in `layerwright explain`.
    pub(crate) rule: String,
    /// The path in the image that the rule names; empty for any.
    #[serde(default)]
    pub path: String,
    /// The reason, which the plan and the pull request show.
    pub(crate) reason: String,
}

fn everywhere() -> String {
    "**".into()
}

/// `[bases]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Bases {
    /// The places that base images are read from, in addition to what the campaign remembers; `--bases` overrides them.
    pub(crate) from: Vec<BaseSource>,
}

/// A place that base images are read from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum BaseSource {
    /// The images that the local engine has; none is pulled.
    Engine,
    /// The registries that the images name. Only the user's own configuration may choose it: a repository is untrusted.
    #[schemars(skip)]
    Registry,
}

/// `[base."registry.corp/java:*"]`: facts about base images that cannot be read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Base {
    /// The Dockerfile of this repository that builds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) dockerfile: Option<String>,
    /// The stage that is built; without it, the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// A public image with the same facts, as in `eclipse-temurin:21`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) like: Option<String>,
}

/// `[build."services/auth/Dockerfile"]`: how a Dockerfile is built. With a context, it replaces every build that is found in
/// the repository; without one, it completes them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct BuildSettings {
    /// The build context, a folder relative to the repository's root; without it, the contexts that are found in the repository.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) context: Option<String>,
    /// The stage that is built; without it, the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) target: Option<String>,
    /// Build arguments; `--build-arg` overrides them.
    pub(crate) args: BTreeMap<String, String>,
    /// Named contexts: a folder relative to the repository's root, `docker-image://…` or a URL.
    pub(crate) contexts: BTreeMap<String, String>,
    /// Target platforms, as in `linux/amd64`.
    pub(crate) platforms: Vec<String>,
    /// Secrets that the build needs, in the form of `docker buildx build --secret`. They are not used until the user
    /// repeats them: `verify --secret`.
    pub(crate) secrets: Vec<String>,
    /// SSH agents that the build needs, in the form of `docker buildx build --ssh`. They are not used until the user
    /// repeats them: `verify --ssh`.
    pub(crate) ssh: Vec<String>,
    /// Commands that produce files of the context, run in the repository's root. Outside the default branch, they need
    /// `verify --allow-commands`.
    pub(crate) prepare: Vec<String>,
    /// Commands that run in both images; exit code and output must agree. Outside the default branch, they need
    /// `verify --allow-commands`.
    pub(crate) smoke: Vec<String>,
}

impl BuildSettings {
    /// Returns the commands that a verification executes.
    pub(crate) fn commands(&self) -> impl Iterator<Item = &str> {
        self.prepare.iter().chain(&self.smoke).map(String::as_str)
    }
}
