//! The steps of a Cloud Build configuration that build images. It never runs them.
//!
//! `gcloud builds submit` reads `cloudbuild.yaml` of the folder that it runs in and uploads that folder, which the steps
//! see as `/workspace` (`gcloud builds submit --help`: SOURCE and `--config`). A file by another name, or one whose
//! Dockerfiles are found from the root of the repository alone, is submitted in a way that is not settled.

use super::document::Node;
use super::script::{self, Origin, Repository, Runs, Starts};
use super::{BuildFileKind, Declared, Unreadable, compose, json, yaml};
use crate::git::RepoPath;
use crate::shell;
use crate::text::cut;
use crate::text::pattern::Pattern;

/// The name that `gcloud builds submit` reads.
const DEFAULT: &str = "cloudbuild.yaml";
/// The folder of the steps.
const WORKSPACE: &str = "/workspace";
/// The start of the shell variables that stand for substitutions.
const SUBSTITUTION: &str = "_cloud_build_";
/// The substitutions that Cloud Build sets; those of users start with `_` ("Substituting variable values").
const OWN: [&str; 14] = [
    "PROJECT_ID",
    "PROJECT_NUMBER",
    "BUILD_ID",
    "LOCATION",
    "TRIGGER_NAME",
    "TRIGGER_BUILD_CONFIG_PATH",
    "SERVICE_ACCOUNT",
    "SERVICE_ACCOUNT_EMAIL",
    "COMMIT_SHA",
    "REVISION_ID",
    "SHORT_SHA",
    "REPO_NAME",
    "BRANCH_NAME",
    "TAG_NAME",
];

/// Returns what the steps of a configuration run.
///
/// # Errors
///
/// If it is not valid YAML or JSON.
pub(super) fn runs(repository: Repository<'_>, path: &RepoPath, text: &str) -> Result<Runs, Unreadable> {
    let is_json = matches!(path.file_name().rsplit_once('.'), Some((_, "json")));
    let documents = if is_json { vec![json::value(text)?] } else { yaml::documents(text)? };
    if !repository.interests(text) {
        return Ok(Runs::default());
    }
    let own = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    let steps: Vec<Step> = documents
        .iter()
        .flat_map(|document| document.get("steps").map(Node::items).unwrap_or_default())
        .filter_map(Step::of)
        .collect();
    let from = |folder: &str| -> Runs {
        let mut found = Runs::default();
        for step in &steps {
            found.add(step.runs(repository, path, folder));
        }
        found
    };
    let exists = |build: &Declared| {
        build.dockerfile.known().is_some_and(|path| repository.files.has(&compose::below("", path)))
    };
    let mut here = from(&own);
    let mut found = if own.is_empty() || (here.builds.is_empty() && here.invocations.is_empty()) {
        here
    } else {
        let mut root = from("");
        match (here.builds.iter().any(exists), root.builds.iter().any(exists)) {
            (true, false) => here,
            (is_here, is_root) => {
                let open = [format!("nothing says which folder is submitted with {path}")];
                unsettle(&mut here, &open);
                unsettle(&mut root, &open);
                if is_here == is_root {
                    here.add(root);
                    here
                } else {
                    root
                }
            }
        }
    };
    let named = (path.file_name() != DEFAULT).then(|| format!("nothing says how {path} is submitted"));
    let ignore = compose::below(&own, ".gcloudignore");
    let ignored = repository.files.has(&ignore).then(|| format!("{ignore} leaves files out"));
    unsettle(&mut found, &named.into_iter().chain(ignored).collect::<Vec<_>>());
    Ok(found)
}

fn unsettle(runs: &mut Runs, why: &[String]) {
    runs.builds.iter_mut().for_each(|build| build.unsettled.extend(why.iter().cloned()));
    runs.invocations.iter_mut().for_each(|call| call.unsettled.extend(why.iter().cloned()));
}

/// A step, as a script of its folder.
struct Step {
    line: usize,
    script: String,
    folder: String,
}

impl Step {
    /// Returns a step whose command is known; not one that runs what its image holds.
    fn of(step: &Node) -> Option<Self> {
        let folder = step.get("dir").and_then(Node::text).unwrap_or_default();
        let folder = match folder.strip_prefix(WORKSPACE) {
            Some(below) if below.is_empty() || below.starts_with('/') => below.trim_start_matches('/'),
            _ if folder.starts_with('/') => return None,
            _ => folder,
        };
        let (line, script) = match step.entry("script") {
            Some(script) => (script.value.line, script.value.text()?.to_owned()),
            None => (step.line, command(step)?),
        };
        Some(Self { line, script, folder: folder.to_owned() })
    }

    fn runs(&self, repository: Repository<'_>, path: &RepoPath, start: &str) -> Runs {
        let origin = Origin { kind: BuildFileKind::CloudBuild, path, first_line: self.line };
        let mut workspace = shell::root();
        workspace.push_text(if start.is_empty() { "" } else { "/" });
        workspace.push_text(start);
        let given = |name: &str| match name.strip_prefix(SUBSTITUTION)? {
            "" => Some(workspace.clone()),
            name => Some(Pattern::hole(name)),
        };
        let folder = compose::below(start, &self.folder);
        let unsettled = self.folder.contains('$').then(|| format!("the folder {}", self.folder));
        script::declared_in(
            repository,
            &self.script,
            origin,
            &Starts { folders: vec![folder], unsettled },
            &given,
        )
    }
}

/// Returns the command line of a step: its entry point, or that of a builder whose name says it, with its arguments.
fn command(step: &Node) -> Option<String> {
    let args: Vec<&str> =
        step.get("args").map(Node::items).unwrap_or_default().iter().filter_map(Node::text).collect();
    let image = step.get("name").and_then(Node::text)?;
    let image = image.split('@').next()?.rsplit('/').next()?.split(':').next()?;
    let entrypoint = step.get("entrypoint").and_then(Node::text);
    let tool = match entrypoint.map(|path| path.rsplit('/').next().unwrap_or(path)) {
        // The entry point of the builder of Kubernetes: `docker buildx "$@"`.
        Some("buildx-entrypoint" | "buildx-entrypoint.sh") => "docker buildx ",
        Some("bash" | "sh") if args.first().is_some_and(|arg| arg.starts_with('-') && arg.ends_with('c')) => {
            return args.get(1).map(|script| substituted(script, ""));
        }
        Some("bash" | "sh") => "sh ",
        Some("docker") => "docker ",
        Some("make") => "make ",
        None if image == "docker" => "docker ",
        // The image runs its arguments.
        None if matches!(args.first(), Some(&("docker" | "make"))) => "",
        Some(_) | None => return None,
    };
    let quoted: Vec<String> =
        args.iter().map(|arg| format!("'{}'", substituted(&arg.replace('\'', "'\\''"), "'"))).collect();
    Some(format!("{tool}{}", quoted.join(" ")))
}

/// Returns a text with its substitutions as variables of the shell, each outside of quotes: `$NAME`, `${NAME}`, and `$$`
/// for a dollar.
fn substituted(text: &str, quote: &str) -> String {
    let variable = |name: &str| {
        let inside = if quote.is_empty() { "" } else { "\"" };
        format!("{quote}{inside}${{{SUBSTITUTION}{name}}}{inside}{quote}")
    };
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = [rest.find('$'), rest.find(WORKSPACE)].into_iter().flatten().min() {
        let before;
        (before, rest) = cut::split(rest, at);
        out.push_str(before);
        let ends_word = before.ends_with(|c: char| c.is_ascii_alphanumeric() || "./_-".contains(c));
        if let Some(after) = rest.strip_prefix(WORKSPACE) {
            let is_folder = !ends_word && !after.starts_with(|c: char| c.is_ascii_alphanumeric() || c == '-');
            out.push_str(&if is_folder { variable("") } else { WORKSPACE.to_owned() });
            rest = after;
            continue;
        }
        rest = rest.strip_prefix('$').unwrap_or(rest);
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let braced = rest.strip_prefix('{').and_then(|inside| inside.split_once('}'));
        let plain = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == '_';
        let (name, after) = braced.unwrap_or_else(|| cut::where_ends(rest, |c| !plain(c)));
        let (own, _) = cut::where_ends(name, |c| !(c.is_ascii_alphanumeric() || c == '_'));
        if OWN.contains(&own) || (name.starts_with('_') && name.len() > 1) {
            out.push_str(&variable(own));
            rest = after;
        } else {
            out.push('$');
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::super::files::tests::with;
    use super::*;

    /// The builds of a configuration among other files: Dockerfile, context and what is not settled.
    fn read(path: &str, text: &str, others: &[&str]) -> Vec<(String, String, usize)> {
        let texts: Vec<(&str, &str)> = others.iter().map(|path| (*path, "")).collect();
        let scripts = BTreeSet::new();
        let runs = with(&texts, |files| {
            runs(Repository { files, scripts: &scripts }, &RepoPath::new(path).unwrap(), text).unwrap()
        });
        let shown = |build: &Declared| {
            let context = build.context.as_ref().map(ToString::to_string).unwrap_or_default();
            (build.dockerfile.to_string(), context, build.unsettled.len())
        };
        runs.builds.iter().map(shown).collect()
    }

    fn said(dockerfile: &str, context: &str, unsettled: usize) -> (String, String, usize) {
        (dockerfile.to_owned(), context.to_owned(), unsettled)
    }

    const STEPS: &str = "steps:\n- name: 'gcr.io/cloud-builders/docker'\n  args: ['build', '-t', 'gcr.io/$PROJECT_ID/x:${_V}', '.']\n";

    #[test]
    fn the_default_file_builds_from_its_own_folder() {
        assert_eq!(read("a/cloudbuild.yaml", STEPS, &["a/Dockerfile"]), [said("a/Dockerfile", "a", 0)]);
        assert_eq!(read("cloudbuild.yaml", STEPS, &["Dockerfile"]), [said("Dockerfile", "", 0)]);
        assert_eq!(read("a/cloudbuild-x.yaml", STEPS, &["a/Dockerfile"]), [said("a/Dockerfile", "a", 1)]);
        let ignored = ["a/Dockerfile", "a/.gcloudignore"];
        assert_eq!(read("a/cloudbuild.yaml", STEPS, &ignored), [said("a/Dockerfile", "a", 1)]);
    }

    #[test]
    fn a_file_that_may_be_submitted_from_two_folders_is_not_settled() {
        let both = ["a/Dockerfile", "Dockerfile"];
        assert_eq!(
            read("a/cloudbuild.yaml", STEPS, &both),
            [said("a/Dockerfile", "a", 1), said("Dockerfile", "", 1)]
        );
        assert_eq!(read("a/cloudbuild.yaml", STEPS, &["Dockerfile"]), [said("Dockerfile", "", 1)]);
    }

    #[test]
    fn folders_entry_points_and_scripts_are_read() {
        let text = "steps:\n- name: x/gcb-docker-gcloud:v1\n  entrypoint: /buildx-entrypoint\n  args: [build, --push, .]\n  dir: a\n\
                    - name: x/gcb\n  args: [docker, buildx, build, -f, /workspace/b/Dockerfile, /workspace]\n\
                    - name: bash\n  entrypoint: bash\n  args:\n  - -c\n  - |\n    for i in c; do docker build $$i; done\n    docker build -t $_T d\n\
                    - name: x\n  args: [build, e]\n- name: x\n  script: |\n    docker build f\n";
        let files = ["a/Dockerfile", "b/Dockerfile", "c/Dockerfile", "d/Dockerfile", "f/Dockerfile"];
        let found = read("cloudbuild.yaml", text, &files);
        assert_eq!(
            found,
            [
                said("a/Dockerfile", "a", 0),
                said("b/Dockerfile", "", 0),
                said("c/Dockerfile", "c", 0),
                said("d/Dockerfile", "d", 0),
                said("f/Dockerfile", "f", 0)
            ]
        );
        let open = "steps:\n- name: docker\n  args: [build, $_DIR]\n- name: docker\n  args: [build, .]\n  dir: $_DIR\n";
        let found = read("cloudbuild.yaml", open, &["a/Dockerfile"]);
        assert!(
            found.iter().all(|(path, _, unsettled)| path.contains("_DIR") || *unsettled > 0),
            "{found:?}"
        );
    }

    #[test]
    fn json_is_read_and_no_text_panics() {
        let text = r#"{"steps": [{"name": "docker", "args": ["build", "a"]}]}"#;
        assert_eq!(read("cloudbuild.json", text, &["a/Dockerfile"]), [said("a/Dockerfile", "a", 1)]);
        for text in ["$", "${", "$$", "/workspace", "$_", "${_X%.*}", "a/workspace-b"] {
            substituted(text, "'");
        }
        assert_eq!(
            substituted("$PROJECT_ID/${_X%.*}$y$$z", ""),
            "${_cloud_build_PROJECT_ID}/${_cloud_build__X}$y$z"
        );
    }
}
