//! The keys of `layerwright.toml`, each with its default.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What `layerwright.toml` says.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// The campaign as a whole.
    pub campaign: Campaign,
    /// Which files are Dockerfiles, and which are left alone.
    pub files: Files,
    /// The `# syntax` header.
    pub syntax: Syntax,
    /// Which files go out together.
    pub waves: Waves,
    /// What commits say.
    pub migrate: Migrate,
    /// How builds are verified.
    pub verify: Verify,
    /// How pull requests are opened.
    pub report: Report,
    /// Differences that somebody accepts.
    pub waivers: Vec<Waiver>,
    /// What base images are, by a glob of their names.
    pub base: BTreeMap<String, Base>,
    /// How Dockerfiles are built, by their paths.
    pub build: BTreeMap<String, Build>,
    /// The line of each key, by its dotted path.
    #[serde(skip)]
    pub(super) lines: BTreeMap<String, usize>,
}

impl Config {
    /// The 1-based line of a key, by its dotted path as in `build."a/Dockerfile".context`; 1 where it is not
    /// written.
    pub fn line(&self, key: &str) -> usize {
        self.lines.get(key).copied().unwrap_or(1)
    }

    /// The same of a key of `[table."entry"]`; of the entry itself, where that key is not written.
    pub fn line_in(&self, table: &str, entry: &str, key: &str) -> usize {
        let entry = format!("{table}.{}", super::origin::quoted(entry));
        self.lines.get(&format!("{entry}.{key}")).copied().unwrap_or_else(|| self.line(&entry))
    }
}

/// `[campaign]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Campaign {
    /// The folder of the plan, relative to the repository's root.
    pub dir: String,
    /// What a file needs to go out.
    pub trust: Trust,
}

impl Default for Campaign {
    fn default() -> Self {
        Self { dir: "plans/copy-link".into(), trust: Trust::Verified }
    }
}

/// What a file needs to go out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Trust {
    /// Evidence; from wave 2, a proof of every line will do.
    #[default]
    Verified,
    /// Verdicts will do, also those that lean on assumptions.
    Assumed,
}

/// `[files]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Files {
    /// Globs of paths that are Dockerfiles whatever their name is.
    pub include: Vec<String>,
    /// Globs of paths that are left out.
    pub exclude: Vec<String>,
    /// Files that are judged and not edited.
    pub skip: Vec<Skip>,
}

/// `[[files.skip]]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Skip {
    /// The file, relative to the repository's root.
    pub path: String,
    /// Why it is left alone; it stands in the plan.
    pub reason: String,
}

/// `[syntax]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Syntax {
    /// The frontend that a new or raised header names; `none` for no header where nothing needs one.
    pub write: String,
}

impl Default for Syntax {
    fn default() -> Self {
        Self { write: "docker/dockerfile:1".into() }
    }
}

/// `[waves]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Waves {
    /// How many files wave 1 and those after it hold; behind the last, each is three times the one before.
    pub sizes: Vec<usize>,
    /// The file of wave 0, the proof of concept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub poc: Option<String>,
    /// How files are put together.
    pub by: By,
    /// The files of wave 1 and those after it, as far as they are listed; files that no list names come behind.
    pub lists: Vec<Vec<String>>,
}

impl Default for Waves {
    fn default() -> Self {
        Self { sizes: vec![3, 9, 27], poc: None, by: By::Size, lists: Vec::new() }
    }
}

/// How files are put together into waves.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The best first, in waves of the sizes that are given.
    #[default]
    Size,
    /// Those that CODEOWNERS gives to the same owners, in one wave each.
    Owner,
}

/// `[migrate]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Migrate {
    /// What the commit of `migrate --commit` says: a subject, a blank line, a body. `{path}` is the file, `{count}`
    /// as in `2 lines`, `{lines}` each line with its reasons, `{wave}` the number of the file's wave or `none`; `{{`
    /// and `}}` are braces.
    pub message: String,
}

impl Default for Migrate {
    fn default() -> Self {
        Self { message: "Use COPY --link in {path}\n\n{lines}\n".into() }
    }
}

/// `[verify]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Verify {
    /// Which frontend reads the files that are built.
    pub frontend: Frontend,
    /// How long one file may take, as in `45m`; over it, it is put off.
    pub budget: String,
}

impl Default for Verify {
    fn default() -> Self {
        Self { frontend: Frontend::Header, budget: "45m".into() }
    }
}

/// Which frontend reads the files that are built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Frontend {
    /// The one that the header names, which the builder pulls.
    #[default]
    Header,
    /// The builder's own, where the header's cannot be pulled.
    Builtin,
}

/// `[report]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Report {
    /// The branch that pull requests are for; without it, the repository's default branch.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub base: Option<String>,
    /// Whether pull requests are opened as drafts.
    pub draft: bool,
    /// Labels of pull requests, beside the campaign's own.
    pub labels: Vec<String>,
    /// Who is asked for a review; `org/team` for a team.
    pub reviewers: Vec<String>,
    /// Who is assigned.
    pub assignees: Vec<String>,
    /// The file of a template for the text of pull requests.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub template: Option<String>,
    /// How many pull requests may be open at once.
    pub max_open: usize,
    /// How many of one owner may be open at once.
    pub max_open_per_owner: usize,
    /// How many pull requests are opened in an hour.
    pub per_hour: usize,
    /// No more are opened while so many have checks that have not finished.
    pub pause_when_pending_checks: usize,
}

impl Default for Report {
    fn default() -> Self {
        Self {
            base: None,
            draft: false,
            labels: Vec::new(),
            reviewers: Vec::new(),
            assignees: Vec::new(),
            template: None,
            max_open: 10,
            max_open_per_owner: 3,
            per_hour: 20,
            pause_when_pending_checks: 5,
        }
    }
}

/// `[[waivers]]`: a named difference that somebody accepts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Waiver {
    /// Glob of the files it is for.
    #[serde(default = "everywhere")]
    pub file: String,
    /// The rule, as in `layerwright explain`.
    pub rule: String,
    /// The path in the image that the rule names; empty for any.
    #[serde(default)]
    pub path: String,
    /// Why it is accepted; it stands in the plan and in the pull request.
    pub reason: String,
}

fn everywhere() -> String {
    "**".into()
}

/// `[base."registry.corp/java:*"]`: what is known of base images that nobody can read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Base {
    /// The Dockerfile of this repository that builds them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub dockerfile: Option<String>,
    /// The stage of it that is built; without it, the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// A public image that they are like, as in `eclipse-temurin:21`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub like: Option<String>,
}

/// `[build."services/auth/Dockerfile"]`: how a Dockerfile is built. Where it names a context, that counts alone; else it
/// completes what is found.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub struct Build {
    /// The build context, a folder relative to the repository's root; without it, what else is found counts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub context: Option<String>,
    /// The stage that is built; without it, the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Build arguments; `--build-arg` comes first.
    pub args: BTreeMap<String, String>,
    /// Named contexts: a folder relative to the repository's root, `docker-image://…` or a URL.
    pub contexts: BTreeMap<String, String>,
    /// Platforms that it is built for, as in `linux/amd64`.
    pub platforms: Vec<String>,
    /// Secrets of the build, each as `--secret` takes it.
    pub secrets: Vec<String>,
    /// SSH agents of the build, each as `--ssh` takes it.
    pub ssh: Vec<String>,
    /// Commands that make what the context needs, run in the repository's root.
    pub prepare: Vec<String>,
    /// Commands that are run in both images; exit code and output have to agree.
    pub smoke: Vec<String>,
}
