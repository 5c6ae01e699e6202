//! The lines of files that are not interpreted and that may build an image: those of GitLab CI, `CircleCI`, Azure Pipelines,
//! Bitbucket, Travis, Buildkite and Tilt, and of PowerShell and Python scripts. They only say where to look for what
//! nothing states; they never state a build.

use std::fmt;

use crate::git::RepoPath;

/// The words of a line that builds an image.
const WORDS: [&str; 19] = [
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
    "Docker@",
    "'docker', 'build",
    "\"docker\", \"build",
    "'docker','build",
    "\"docker\",\"build",
    "'podman', 'build",
    "\"podman\", \"build",
];
/// The most lines that one command takes.
const LINES: usize = 12;

/// A line that may build an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Mention {
    path: RepoPath,
    line: usize,
    /// The words of the command.
    words: Vec<String>,
}

impl fmt::Display for Mention {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.path, self.line)
    }
}

/// Returns true if a file is of a kind that is not interpreted and that may build images.
pub(super) fn is_read(path: &RepoPath) -> bool {
    let name = path.file_name().to_ascii_lowercase();
    let (stem, ending) = name.rsplit_once('.').unwrap_or((name.as_str(), ""));
    let is_below = |folder: &str| path.components().next().is_some_and(|first| first.starts_with(folder));
    match ending {
        "ps1" | "py" | "tiltfile" => true,
        "" => stem == "tiltfile",
        "yml" | "yaml" => {
            stem.contains("gitlab-ci")
                || stem.starts_with("azure-pipelines")
                || matches!(stem, "bitbucket-pipelines" | ".travis")
                || [".gitlab", ".circleci", ".azure", ".buildkite"].into_iter().any(is_below)
        }
        _ => false,
    }
}

/// Returns the lines of a file that may build an image.
pub(super) fn of(path: &RepoPath, text: &str) -> Vec<Mention> {
    if !WORDS.iter().any(|word| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some()) {
        return Vec::new();
    }
    let lines: Vec<&str> = text.lines().collect();
    let is_comment =
        |line: &str| line.trim_start().starts_with(['#', '*']) || line.trim_start().starts_with("//");
    let builds = |line: &str| WORDS.iter().any(|word| line.contains(word));
    let found = lines.iter().enumerate().filter(|(_, line)| builds(line) && !is_comment(line));
    found
        .map(|(at, first)| {
            let goes_on = |line: &&str| {
                first.contains("Docker@") || line.trim_end().ends_with(['\\', ',', '(', '[', '`', '^'])
            };
            let more = lines[at..].iter().take(LINES).take_while(|line| goes_on(line)).count();
            let whole = &lines[at..lines.len().min(at + more + 1)];
            let is_end = |c: char| c.is_whitespace() || "'\"=,()[]:;`".contains(c);
            let words = whole.iter().flat_map(|line| line.split(is_end));
            let words = words.map(|word| word.strip_prefix("./").unwrap_or(word).trim_end_matches('/'));
            let words = words.filter(|word| !word.is_empty()).map(str::to_owned).collect();
            Mention { path: path.clone(), line: at + 1, words }
        })
        .collect()
}

impl Mention {
    /// Returns true if the line may build a Dockerfile: it names its path or its folder, or it builds the folder where
    /// they both lie.
    pub(crate) fn may_build(&self, dockerfile: &RepoPath) -> bool {
        let is_file = |word: &&String| {
            let name = word.rsplit('/').next().unwrap_or(word).to_ascii_lowercase();
            name.contains("dockerfile") && word.as_str() != "dockerfile" || name.contains("containerfile")
        };
        let ends = |path: &str, end: &str| {
            path.strip_suffix(end).is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let folder = dockerfile.parent();
        let folder = folder.as_ref().map_or("", |folder| folder.as_str());
        let is_near = folder.is_empty() || self.path.parent().is_some_and(|own| own.as_str() == folder);
        let mut named = self.words.iter().filter(is_file).peekable();
        if named.peek().is_some() {
            return named.any(|word| {
                ends(dockerfile.as_str(), word) && (word.contains('/') || folder.is_empty() || is_near)
            });
        }
        let names = self.words.iter().any(|word| {
            let is_folder = !folder.is_empty() && word.contains(|c: char| c != '.') && ends(folder, word);
            is_folder || (word == "." && is_near)
        });
        names && dockerfile.file_name() == "Dockerfile"
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
        found.iter().filter(|one| one.may_build(&path(dockerfile))).map(|one| one.line).collect()
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
