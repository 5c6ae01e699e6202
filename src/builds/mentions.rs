//! The places that may build an image in a way that is not read: lines of files that are not interpreted, those of GitLab
//! CI, `CircleCI`, Azure Pipelines, Bitbucket, Travis, Buildkite, `CodeBuild`, Tilt, Earthly, Terraform, and of scripts in other languages
//! than the shell; and files that cannot be read. They never state a build; they say where to look, and that nothing is
//! proved by what the other files state.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::LazyLock;

use regex_automata::meta::Regex;

use super::BuildFileKind;
use crate::git::RepoPath;
use crate::text::cut;
use crate::text::path::base_name;
use crate::text::pattern::Pattern;

/// The words of a line that builds an image.
const WORDS: [&str; 24] = [
    "docker build",
    "docker image build",
    "docker buildx b",
    "docker-compose build",
    "docker compose build",
    "docker_build(",
    "docker.build(",
    "docker/build",
    "podman build",
    "nerdctl build",
    "buildah b",
    "kaniko",
    "FROM DOCKERFILE",
    "dockerfile =",
    "dockerfile=",
    "depot build",
    "buildctl build",
    "Docker@",
    "'docker', 'build",
    "\"docker\", \"build",
    "'docker','build",
    "\"docker\",\"build",
    "'podman', 'build",
    "\"podman\", \"build",
];
/// Commands that only print.
const SPEAKERS: [&str; 3] = ["echo ", "printf ", "print "];
/// The most lines that one command takes.
const LINES: usize = 12;

/// A place that may build an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    path: RepoPath,
    /// The line of a command; `None` for a file that cannot be read.
    line: Option<usize>,
    what: What,
}

/// The thing that tells what a place builds.
#[derive(Clone, Debug, PartialEq, Eq)]
enum What {
    /// The words of the command, or of the file.
    Words(Words),
    /// These Dockerfiles, which the place names for a line elsewhere.
    Files(BTreeSet<RepoPath>),
    /// Any Dockerfile with such a path.
    Paths(BTreeSet<Pattern>),
}

/// The words of a place.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Words {
    all: Vec<String>,
    /// Those that name a Dockerfile.
    files: Vec<String>,
}

impl Words {
    fn new(all: Vec<String>) -> Self {
        let is_file = |word: &&String| {
            let name = base_name(word).to_ascii_lowercase();
            name.contains("dockerfile") && word.as_str() != "dockerfile" || name.contains("containerfile")
        };
        let files = all.iter().filter(is_file).cloned().collect();
        Self { all, files }
    }
}

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}", self.path),
            None => write!(f, "{} (not read)", self.path),
        }
    }
}

/// Returns true if a file is of a kind that is not interpreted and that may build images.
pub(super) fn is_read(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name.as_str(), ""));
    let is_below = |folder: &str| path.components().next().is_some_and(|first| first.starts_with(folder));
    match ending {
        "ps1" | "psm1" | "py" | "tiltfile" | "earth" | "tf" | "bat" | "cmd" | "rb" | "rake" | "groovy"
        | "fish" => true,
        "" => matches!(stem, "tiltfile" | "earthfile" | "rakefile"),
        "yml" | "yaml" => {
            stem.contains("gitlab-ci")
                || stem.starts_with("azure-pipelines")
                || stem.starts_with("buildspec")
                || matches!(stem, "bitbucket-pipelines" | ".travis")
                || [".gitlab", ".circleci", ".azure", ".buildkite"].into_iter().any(is_below)
        }
        _ => false,
    }
}

/// Returns true if a text may build an image, or run a tool that does.
pub(super) fn may_build(text: &str) -> bool {
    has_one_of(&OF_BUILDS, text)
}

/// An expression that finds one of several words. `None` if it were too large, which it is not.
type OneOf = LazyLock<Option<Regex>>;

/// The words of a line that builds an image.
static OF_LINES: OneOf = LazyLock::new(|| one_of(&WORDS));
/// The words of a text that may build an image, or run a tool that does.
static OF_BUILDS: OneOf = LazyLock::new(|| one_of(&[&WORDS[..], &["compose", "bake"]].concat()));

fn one_of(words: &[&str]) -> Option<Regex> {
    let escaped = words.iter().map(|word| word.replace('.', "\\.").replace('(', "\\("));
    Regex::new(&escaped.collect::<Vec<_>>().join("|")).ok()
}

fn has_one_of(words: &OneOf, text: &str) -> bool {
    words.as_ref().is_none_or(|words| words.is_match(text))
}

/// Returns the lines of a file that may build an image.
pub(super) fn of(path: &RepoPath, text: &str) -> Vec<Mention> {
    if !may_build(text) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let found = lines.iter().enumerate();
    let found = found.filter(|(_, line)| has_one_of(&OF_LINES, line) && !is_comment(line));
    found
        .map(|(at, first)| {
            let goes_on = |line: &&str| {
                first.contains("Docker@") || line.trim_end().ends_with(['\\', ',', '(', '[', '`', '^'])
            };
            let more = lines[at..].iter().take(LINES).take_while(|line| goes_on(line)).count();
            let whole = &lines[at..lines.len().min(at + more + 1)];
            let words = words(&whole.join("\n")).map(str::to_owned).collect();
            let what = What::Words(Words::new(words));
            Mention { path: path.clone(), line: Some(at + 1), what }
        })
        .collect()
}

/// Returns the lines of an interpreted file that may build an image and are not read, such as a build from a pipe or on
/// another machine. From the lines in `read`, a build or a call is read.
pub(super) fn unread_lines(
    kind: BuildFileKind,
    path: &RepoPath,
    text: &str,
    read: &BTreeSet<usize>,
) -> Vec<Mention> {
    let is_script = !matches!(
        kind,
        BuildFileKind::Compose | BuildFileKind::Bake | BuildFileKind::Devcontainer | BuildFileKind::Skaffold
    );
    let mut found = if is_script { of(path, text) } else { Vec::new() };
    let lines: Vec<&str> = text.lines().collect();
    found.retain(|mention| {
        let Some(number) = mention.line else { return false };
        let line = lines.get(number - 1).copied().unwrap_or_default();
        let speaks = SPEAKERS.iter().any(|speaker| line.contains(speaker));
        // A command may start before the line that has its words. A Dockerfile that is inline is not one of the repository.
        let starts = number.saturating_sub(2)..=number;
        !speaks && !line.contains("<<") && read.range(starts).next().is_none()
    });
    found
}

/// Returns the variables among `asked` that a file which runs `tool` may set, each with the place.
pub(super) fn set(
    texts: &[(RepoPath, String)],
    asked: &BTreeSet<String>,
    tool: &str,
) -> BTreeMap<String, String> {
    let mut found = BTreeMap::new();
    for (path, text) in texts.iter().filter(|(_, text)| text.contains(tool)) {
        for name in asked.iter().filter(|name| text.contains(name.as_str())) {
            if let Some(at) = text.lines().position(|line| sets(line, name)) {
                found.entry(name.clone()).or_insert_with(|| format!("{path}:{}", at + 1));
            }
        }
    }
    found
}

/// Returns true if a line of any language may set a variable: `NAME=`, `$env:NAME =`, `NAME: `, `["NAME"] =`.
fn sets(line: &str, name: &str) -> bool {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    line.match_indices(name).any(|(at, _)| {
        let after = cut::from(line, at + name.len());
        let rest = after.trim_start_matches(['"', '\'', ']', ')', ' ', '\t']);
        let is_whole = !cut::before(line, at).ends_with(is_name) && !after.starts_with(is_name);
        is_whole && rest.starts_with(['=', ':', ',']) && !rest.starts_with("==")
    })
}

/// Returns true if a line is a comment in any of the languages.
pub(super) fn is_comment(line: &str) -> bool {
    line.trim_start().starts_with(['#', '*']) || line.trim_start().starts_with("//")
}

/// Returns the words of a command.
pub(super) fn words(text: &str) -> impl Iterator<Item = &str> {
    let is_end = |c: char| {
        c.is_whitespace()
            || matches!(c, '\'' | '"' | '=' | ',' | '(' | ')' | '[' | ']' | '{' | '}' | ':' | ';' | '`')
    };
    let words = text.split(is_end).map(|word| {
        let mut word = word.trim_end_matches('/');
        while let Some(rest) = word.strip_prefix("./").or_else(|| word.strip_prefix("../")) {
            word = rest;
        }
        word
    });
    words.filter(|word| !word.is_empty())
}

impl Mention {
    /// Returns a file that cannot be read. `None` if it builds no image.
    pub(super) fn unread(kind: BuildFileKind, path: &RepoPath, text: &str) -> Option<Self> {
        let is_definition = matches!(
            kind,
            BuildFileKind::Compose
                | BuildFileKind::Bake
                | BuildFileKind::Devcontainer
                | BuildFileKind::Skaffold
        );
        let builds = text.is_empty() || may_build(text) || (is_definition && text.contains("build"));
        let words: BTreeSet<String> = words(text).map(str::to_owned).collect();
        let what = What::Words(Words::new(words.into_iter().collect()));
        builds.then(|| Self { path: path.clone(), line: None, what })
    }

    /// Returns a line that names Dockerfiles for a line elsewhere, which builds them.
    pub(super) fn of_files(path: &RepoPath, line: usize, files: BTreeSet<RepoPath>) -> Self {
        Self { path: path.clone(), line: Some(line), what: What::Files(files) }
    }

    /// Returns a line that builds a Dockerfile with one of these paths.
    pub(super) fn unnamed_line(path: &RepoPath, line: usize, paths: BTreeSet<Pattern>) -> Self {
        Self { path: path.clone(), line: Some(line), what: What::Paths(paths) }
    }

    /// Returns the place of a line that takes what it builds from a variable.
    pub(super) fn unnamed(&self) -> Option<(&RepoPath, usize)> {
        let What::Words(words) = &self.what else { return None };
        let is_shell = self.path.file_name().ends_with("sh");
        let has_variable = words.all.iter().any(|word| word.contains(['$', '{', '%']));
        Some((&self.path, self.line?)).filter(|_| has_variable || !is_shell)
    }

    /// Returns the file and the line of a command.
    pub(super) fn place(&self) -> Option<(&RepoPath, usize)> {
        Some((&self.path, self.line?)).filter(|_| matches!(self.what, What::Words(_)))
    }

    /// Returns true if the place does not tell which Dockerfile it builds.
    pub(super) fn is_vague(&self) -> bool {
        matches!(self.what, What::Paths(_))
    }

    /// Returns true if the context comes from a pipe.
    fn is_piped(words: &[String]) -> bool {
        words.iter().skip_while(|word| *word != "build").any(|word| word == "-")
    }

    /// Returns true if a file that cannot be read may build a Dockerfile: it lies in or above its folder and its text is
    /// not known, or the text has its name or its folder's.
    fn unread_may_build(&self, words: &[String], dockerfile: &RepoPath) -> bool {
        let own = self.path.parent();
        if words.is_empty() {
            return dockerfile.relative_to(own.as_ref()).is_some();
        }
        let has = |name: &str| words.iter().any(|word| base_name(word) == name);
        let folder = dockerfile.parent();
        let is_near = folder == own || folder.is_none();
        let names_folder = folder.as_ref().is_some_and(|folder| has(folder.file_name()));
        let has_name = dockerfile.file_name() == "Dockerfile" || has(dockerfile.file_name());
        has_name && (is_near || names_folder || words.iter().any(|word| word == dockerfile.as_str()))
    }

    /// Returns true if the place may build a Dockerfile: a line names its path or its folder, or it builds the folder where
    /// they both lie, or what a pipe sends.
    pub(crate) fn may_build(&self, dockerfile: &RepoPath) -> bool {
        let words = match &self.what {
            What::Words(words) if self.line.is_none() => {
                return self.unread_may_build(&words.all, dockerfile);
            }
            What::Words(words) => words,
            What::Files(files) => return files.contains(dockerfile),
            What::Paths(paths) => {
                return paths.iter().any(|path| path.matches(dockerfile.as_str()).is_some());
            }
        };
        let ends = |path: &str, end: &str| {
            path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let folder = dockerfile.parent();
        let folder = folder.as_ref().map_or("", |folder| folder.as_str());
        let is_near = folder.is_empty() || self.path.parent().is_some_and(|own| own.as_str() == folder);
        if !words.files.is_empty() {
            return words.files.iter().any(|word| {
                ends(dockerfile.as_str(), word) && (word.contains('/') || folder.is_empty() || is_near)
            });
        }
        let names = words.all.iter().any(|word| {
            let is_folder = !folder.is_empty() && word.contains(|c: char| c != '.') && ends(folder, word);
            is_folder || (word == "." && is_near)
        });
        (names || is_near && Self::is_piped(&words.all)) && dockerfile.file_name() == "Dockerfile"
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(path: &str) -> RepoPath {
        RepoPath::new(path).unwrap()
    }

    fn building(carrier: &str, text: &str, dockerfile: &str) -> Vec<usize> {
        let found = of(&path(carrier), text);
        found.iter().filter(|one| one.may_build(&path(dockerfile))).filter_map(|one| one.line).collect()
    }

    #[test]
    fn a_line_names_the_dockerfile_or_its_folder() {
        let ci = ".gitlab-ci.yml";
        let text = "a:\n  script:\n  - docker build -f docker/web.Dockerfile .\n  - docker build ./svc/\n  # docker build lib\n  - docker build .\n";
        assert_eq!(building(ci, text, "docker/web.Dockerfile"), [3]);
        assert_eq!(building(ci, text, "svc/Dockerfile"), [4]);
        assert_eq!(building(ci, text, "Dockerfile"), [6]);
        assert!(building(ci, text, "lib/Dockerfile").is_empty(), "a comment builds nothing");
        assert!(building(ci, text, "other/web.Dockerfile").is_empty());
        let text = "subprocess.run(['docker', 'build',\n  '-f', 'a/Dockerfile.x',\n  '.'])\n";
        assert_eq!(building("a/build.py", text, "a/Dockerfile.x"), [1]);
        let text = "- task: Docker@2\n  inputs:\n    command: build\n    Dockerfile: svc/Dockerfile\n";
        assert_eq!(building("azure-pipelines.yml", text, "svc/Dockerfile"), [1]);
        assert_eq!(
            building("Tiltfile", "docker_build('x', '.', dockerfile='Dockerfile.dev')\n", "Dockerfile.dev"),
            [1]
        );
    }

    #[test]
    fn files_are_told_by_their_names() {
        for name in [
            ".gitlab-ci.yml",
            ".circleci/config.yml",
            "a/azure-pipelines-x.yaml",
            "Tiltfile",
            "a/b.ps1",
            "x.py",
        ] {
            assert!(is_read(&path(name)), "{name}");
        }
        for name in ["x.yml", "a.sh", "Jenkinsfile", "a/.gitlabx.md"] {
            assert!(!is_read(&path(name)), "{name}");
        }
    }
}
