//! The names of files that describe builds. It looks only at names, never at contents.

use super::BuildFileKind;
use crate::git::RepoPath;

/// Returns the kind of the file at this path, if it describes builds.
///
/// - compose: YAML with the word `compose` in its name, such as `compose.yaml` and `docker-compose.dev.yml`, or the word
///   `stack`, such as `docker-stack.yml`;
/// - bake: HCL or JSON with the word `bake`, such as `docker-bake.hcl`;
/// - workflows: YAML directly in `.github/workflows`, and `action.yml` anywhere;
/// - `devcontainer.json` at the places that its specification lists;
/// - scripts: `*.sh`, `*.bash`, `*.zsh`, `*.ksh`;
/// - Makefiles: `Makefile`, `GNUmakefile`, `makefile`, `*.mk`, `Makefile.*`;
/// - `justfile`, `Taskfile.yml`, `package.json` and `project.json`;
/// - Cloud Build: YAML or JSON with a name that starts with `cloudbuild`; skaffold: YAML that starts with `skaffold`;
/// - Woodpecker and Drone: `.woodpecker.yml`, YAML in `.woodpecker`, `.drone.yml`, all in the root;
/// - `Jenkinsfile`, `Jenkinsfile.*`, `*.Jenkinsfile`.
pub(super) fn kind_of(path: &RepoPath) -> Option<BuildFileKind> {
    let name = path.file_name();
    if matches!(name, "Makefile" | "GNUmakefile" | "makefile") || name.starts_with("Makefile.") {
        return Some(BuildFileKind::Makefile);
    }
    match name.to_ascii_lowercase().as_str() {
        "justfile" | ".justfile" => return Some(BuildFileKind::Justfile),
        "package.json" | "project.json" => return Some(BuildFileKind::Package),
        "taskfile.yml" | "taskfile.yaml" | "taskfile.dist.yml" | "taskfile.dist.yaml" => {
            return Some(BuildFileKind::Taskfile);
        }
        "jenkinsfile" => return Some(BuildFileKind::Jenkinsfile),
        _ => {}
    }
    let (stem, ending) = name.rsplit_once('.')?;
    if stem == "Jenkinsfile" || ending.eq_ignore_ascii_case("jenkinsfile") {
        return Some(BuildFileKind::Jenkinsfile);
    }
    if is_pipeline(path) {
        return Some(BuildFileKind::Woodpecker);
    }
    let words = |word| stem.split(['.', '-', '_']).any(|part| part == word);
    match ending {
        "sh" | "bash" | "zsh" | "ksh" => Some(BuildFileKind::Script),
        "mk" => Some(BuildFileKind::Makefile),
        "yml" | "yaml" if stem == "action" || lies_in_workflows(path) => Some(BuildFileKind::Workflow),
        "yml" | "yaml" if words("compose") || words("stack") => Some(BuildFileKind::Compose),
        "yml" | "yaml" | "json" if stem.starts_with("cloudbuild") => Some(BuildFileKind::CloudBuild),
        "yml" | "yaml" if stem.starts_with("skaffold") => Some(BuildFileKind::Skaffold),
        "json" if is_devcontainer(path) => Some(BuildFileKind::Devcontainer),
        "hcl" | "json" if words("bake") => Some(BuildFileKind::Bake),
        _ => None,
    }
}

/// Returns true if the name of a file without an ending says that it may be a script which builds images.
pub(super) fn says_that_it_builds(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let has = |word: &&str| name.contains(*word);
    !["dockerfile", "containerfile"].iter().any(has)
        && ["build", "docker", "image", "release", "publish", "deploy", "push"].iter().any(has)
}

/// Returns true for a variable that the runner of a workflow sets, so that it is set in one run and not in another:
/// `CI`, `GITHUB_*` and `RUNNER_*` (GitHub's "Default environment variables").
pub(super) fn is_of_runner(variable: &str) -> bool {
    variable == "CI" || variable.starts_with("GITHUB_") || variable.starts_with("RUNNER_")
}

/// Returns true for a variable that Woodpecker, Drone or Jenkins sets, so that it has no value that a file says.
pub(super) fn is_of_pipeline(variable: &str) -> bool {
    let starts = ["CI_", "DRONE_", "BUILD_", "JOB_", "GIT_", "NODE_", "CHANGE_", "JENKINS_", "EXECUTOR_"];
    starts.iter().any(|start| variable.starts_with(start))
        || matches!(variable, "WORKSPACE" | "BRANCH_NAME" | "TAG_NAME" | "STAGE_NAME")
}

/// Returns true for a variable that a runner sets to the root of the repository.
pub(super) fn is_workspace(variable: &str) -> bool {
    matches!(
        variable,
        "GITHUB_WORKSPACE"
            | "CI_PROJECT_DIR"
            | "BUILD_SOURCESDIRECTORY"
            | "BITBUCKET_CLONE_DIR"
            | "TRAVIS_BUILD_DIR"
    )
}

fn lies_in_workflows(path: &RepoPath) -> bool {
    path.parent().is_some_and(|folder| folder.as_str() == ".github/workflows")
}

/// Pipelines that Woodpecker and Drone look for by default.
fn is_pipeline(path: &RepoPath) -> bool {
    let Some((first, last)) = path.components().next().zip(path.file_name().rsplit_once('.')) else {
        return false;
    };
    matches!(last.1, "yml" | "yaml")
        && (first == ".woodpecker"
            || matches!(path.as_str(), ".woodpecker.yml" | ".woodpecker.yaml" | ".drone.yml"))
}

/// `.devcontainer.json`, `.devcontainer/devcontainer.json` and `.devcontainer/*/devcontainer.json`, in any folder.
fn is_devcontainer(path: &RepoPath) -> bool {
    let mut above = path.components().rev().skip(1);
    match path.file_name() {
        ".devcontainer.json" => true,
        "devcontainer.json" => above.next() == Some(".devcontainer") || above.next() == Some(".devcontainer"),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_what_reads_them() {
        let cases = [
            ("compose.yaml", Some(BuildFileKind::Compose)),
            ("a/docker-compose.override.yml", Some(BuildFileKind::Compose)),
            ("docker-compose-dev.yml", Some(BuildFileKind::Compose)),
            ("dev.compose.yml", Some(BuildFileKind::Compose)),
            ("docker-stack.yml", Some(BuildFileKind::Compose)),
            ("decompose.yml", None),
            ("docker-compose.yml.j2", None),
            ("docker-bake.hcl", Some(BuildFileKind::Bake)),
            ("docker-bake.override.json", Some(BuildFileKind::Bake)),
            ("images.bake.hcl", Some(BuildFileKind::Bake)),
            ("main.hcl", None),
            (".github/workflows/ci.yml", Some(BuildFileKind::Workflow)),
            (".github/workflows/docker-compose.yml", Some(BuildFileKind::Workflow)),
            ("x/.github/workflows/ci.yml", None),
            (".github/actions/build/action.yaml", Some(BuildFileKind::Workflow)),
            ("action.yml", Some(BuildFileKind::Workflow)),
            (".devcontainer.json", Some(BuildFileKind::Devcontainer)),
            ("a/.devcontainer/devcontainer.json", Some(BuildFileKind::Devcontainer)),
            (".devcontainer/go/devcontainer.json", Some(BuildFileKind::Devcontainer)),
            ("a/devcontainer.json", None),
            ("hack/build.sh", Some(BuildFileKind::Script)),
            ("Makefile.docker", Some(BuildFileKind::Makefile)),
            ("build/rules.mk", Some(BuildFileKind::Makefile)),
            ("a/package.json", Some(BuildFileKind::Package)),
            ("Justfile", Some(BuildFileKind::Justfile)),
            ("a/cloudbuild-x.yaml", Some(BuildFileKind::CloudBuild)),
            ("skaffold.yaml", Some(BuildFileKind::Skaffold)),
            (".woodpecker/a.yaml", Some(BuildFileKind::Woodpecker)),
            ("a/.woodpecker/a.yaml", None),
            (".drone.yml", Some(BuildFileKind::Woodpecker)),
            ("a/Jenkinsfile", Some(BuildFileKind::Jenkinsfile)),
            ("release.jenkinsfile", Some(BuildFileKind::Jenkinsfile)),
            ("README", None),
        ];
        for (path, kind) in cases {
            assert_eq!(kind_of(&RepoPath::new(path).unwrap()), kind, "{path}");
        }
    }
}
