//! The artifacts that skaffold builds with docker: those of its file, of each profile, and as the patches of a profile
//! change them. It never runs a build of another kind.

use super::declared::joined;
use super::document::{KeyValue, Node, Value};
use super::files::Files;
use super::{BuildFileKind, Declared, Place, Unreadable, compose, folder_of, is_remote, settled, yaml};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;

/// The name that skaffold reads without `-f`, in the folder that it runs in; paths are relative to that folder.
const DEFAULT: &str = "skaffold.yaml";
/// The builders that do not build a Dockerfile.
const OTHERS: [&str; 5] = ["bazel", "jib", "custom", "buildpacks", "ko"];
/// The arguments that skaffold gives a Dockerfile that declares them (skaffold `docker.EvalBuildArgs`).
const GIVEN: [&str; 2] = ["SKAFFOLD_RUN_MODE", "SKAFFOLD_GO_GCFLAGS"];
/// The most builds of one file.
const MOST: usize = 1024;

/// Returns the builds of a skaffold file.
///
/// # Errors
///
/// If it is not valid YAML.
pub(super) fn declared(files: Files<'_>, path: &RepoPath, text: &str) -> Result<Vec<Declared>, Unreadable> {
    let mut found: Vec<Declared> = Vec::new();
    for document in yaml::documents(text)? {
        let version = document.get("apiVersion").and_then(Node::text).unwrap_or_default();
        if !version.starts_with("skaffold/") {
            continue;
        }
        let own = document.at(&["build", "artifacts"]);
        add(files, path, own, &[], &mut found);
        for profile in document.get("profiles").map(Node::items).unwrap_or_default() {
            let mut artifacts = profile.at(&["build", "artifacts"]).or(own).cloned();
            let unread = profile.get("patches").map(Node::items).unwrap_or_default().iter();
            let unread = unread.filter(|patch| !patched(artifacts.as_mut(), patch)).count();
            let open = (unread > 0).then(|| format!("{path}:{} patches the build", profile.line));
            add(files, path, artifacts.as_ref(), open.as_slice(), &mut found);
        }
    }
    Ok(found)
}

/// Adds the builds of some artifacts, each once.
fn add(
    files: Files<'_>,
    path: &RepoPath,
    artifacts: Option<&Node>,
    unsettled: &[String],
    found: &mut Vec<Declared>,
) {
    for artifact in artifacts.map(Node::items).unwrap_or_default() {
        if let Some(mut build) = build(files, path, artifact) {
            build.unsettled.extend(unsettled.iter().cloned());
            if found.len() < MOST && !found.contains(&build) {
                found.push(build);
            }
        }
    }
}

fn build(files: Files<'_>, path: &RepoPath, artifact: &Node) -> Option<Declared> {
    if OTHERS.iter().any(|kind| artifact.get(kind).is_some()) {
        return None;
    }
    let settings = artifact.get("docker").or_else(|| artifact.get("kaniko"));
    let of = |key: &str| settings.and_then(|settings| settings.get(key));
    let value = |node: &Node| node.text().map(|text| settled::with_holes(text, "{{", "}}"));
    let context = artifact.get("context").and_then(value).unwrap_or_else(|| Pattern::text("."));
    if is_remote(&context) {
        return None;
    }
    let name = of("dockerfile").and_then(value).unwrap_or_else(|| Pattern::text("Dockerfile"));
    let folder = folder_of(path);
    let mut dockerfile = joined(&context, &name);
    // A Dockerfile that is not in the context may be beside the file (skaffold `docker.NormalizeDockerfilePath`).
    let has = |path: &Pattern| {
        let folder = folder.known().unwrap_or_default();
        path.known().is_some_and(|path| files.has(&compose::below(folder, path)))
    };
    if !has(&dockerfile) && has(&name) {
        dockerfile = name;
    }
    let place = Place { kind: BuildFileKind::Skaffold, path: path.clone(), line: artifact.line };
    let mut build = Declared::new(place, vec![folder], dockerfile);
    build.context = Some(context);
    build.target = of("target").and_then(value);
    let given = GIVEN.iter().map(|name| ((*name).to_owned(), Some(Pattern::hole(name))));
    let needed = artifact.get("requires").map(Node::items).unwrap_or_default().iter();
    let needed = needed.filter_map(|needed| needed.get("alias").or_else(|| needed.get("image"))?.text());
    let needed = needed.map(|alias| (alias.to_owned(), Some(Pattern::hole(alias))));
    let own = of("buildArgs").map(Node::entries).unwrap_or_default().iter();
    let own = own.map(|arg| (arg.key.clone(), value(&arg.value)));
    build.args = given.chain(needed).chain(own).collect();
    build.tags = artifact.get("image").and_then(value).into_iter().collect();
    let platforms = artifact.get("platforms").map(Node::items).unwrap_or_default();
    build.platforms = platforms.iter().filter_map(value).collect();
    let flags = of("cliFlags").map(Node::items).unwrap_or_default();
    build.unsettled.extend((!flags.is_empty()).then(|| "the flags in cliFlags".to_owned()));
    let is_named = path.file_name() != DEFAULT;
    build.unsettled.extend(is_named.then(|| format!("nothing says how {path} is loaded")));
    Some(build)
}

/// Applies a patch of a profile to the artifacts. False if it may change them in a way that is not read.
fn patched(artifacts: Option<&mut Node>, patch: &Node) -> bool {
    let text = |key: &str| patch.get(key).and_then(Node::text).unwrap_or_default();
    let Some(rest) = text("path").strip_prefix("/build") else { return true };
    let Some(rest) = rest.strip_prefix("/artifacts/") else {
        return !matches!(rest, "" | "/artifacts");
    };
    let (Some(mut node), Some(value)) = (artifacts, patch.get("value")) else { return false };
    if !matches!(text("op"), "add" | "replace" | "") {
        return false;
    }
    let mut keys: Vec<&str> = rest.split('/').collect();
    let Some(last) = keys.pop().filter(|_| !keys.is_empty()) else { return false };
    for key in keys {
        let below = match &mut node.value {
            Value::List(items) => key.parse().ok().and_then(|at: usize| items.get_mut(at)),
            Value::Map(entries) => {
                entries.iter_mut().find(|entry| entry.key == key).map(|entry| &mut entry.value)
            }
            _ => None,
        };
        let Some(below) = below else { return false };
        node = below;
    }
    let Value::Map(entries) = &mut node.value else { return false };
    entries.retain(|entry| entry.key != last);
    entries.push(KeyValue { key: last.to_owned(), line: patch.line, value: value.clone() });
    true
}

#[cfg(test)]
mod tests {
    use super::super::files::tests::with;
    use super::*;

    fn read(path: &str, text: &str, others: &[&str]) -> Vec<(String, String, Vec<String>)> {
        let texts: Vec<(&str, &str)> = others.iter().map(|path| (*path, "")).collect();
        let found = with(&texts, |files| declared(files, &RepoPath::new(path).unwrap(), text).unwrap());
        let shown = |build: Declared| {
            let context = build.context.map(|context| context.to_string()).unwrap_or_default();
            (build.dockerfile.to_string(), context, build.unsettled)
        };
        found.into_iter().map(shown).collect()
    }

    const TEXT: &str = "apiVersion: skaffold/v3\nkind: Config\nbuild:\n  artifacts:\n  - image: a\n    context: a\n  - image: b\n    \
                        context: b\n    docker:\n      dockerfile: Dockerfile.b\n      target: t\n      buildArgs: {X: '{{.Y}}'}\n  - image: j\n    jib: {}\n";

    #[test]
    fn artifacts_are_built_from_their_contexts() {
        let none = Vec::<String>::new;
        assert_eq!(
            read("skaffold.yaml", TEXT, &["a/Dockerfile", "b/Dockerfile.b"]),
            [
                ("a/Dockerfile".to_owned(), "a".to_owned(), none()),
                ("b/Dockerfile.b".into(), "b".into(), none())
            ]
        );
        let shared = read("skaffold.yaml", TEXT, &["a/Dockerfile", "Dockerfile.b"]);
        assert_eq!(shared[1].0, "Dockerfile.b", "it is beside the file");
        assert!(read("skaffold.yaml", "apiVersion: v1\nbuild:\n  artifacts: [{image: a}]\n", &[]).is_empty());
        assert_eq!(read("skaffold-x.yaml", TEXT, &[])[0].2.len(), 1);
    }

    #[test]
    fn profiles_and_their_patches_are_builds_too() {
        let text = format!(
            "{TEXT}profiles:\n- name: p\n  build: {{artifacts: [{{image: c, context: c}}]}}\n- name: q\n  patches:\n  - op: replace\n    \
             path: /build/artifacts/1/docker/dockerfile\n    value: Dockerfile.q\n- name: r\n  patches: [{{op: remove, path: /build/artifacts/0}}]\n"
        );
        let found = read("skaffold.yaml", &text, &[]);
        let paths: Vec<(&str, bool)> =
            found.iter().map(|(path, _, unsettled)| (path.as_str(), unsettled.is_empty())).collect();
        assert_eq!(
            paths,
            [
                ("a/Dockerfile", true),
                ("b/Dockerfile.b", true),
                ("c/Dockerfile", true),
                ("b/Dockerfile.q", true),
                ("a/Dockerfile", false),
                ("b/Dockerfile.b", false)
            ]
        );
    }
}
