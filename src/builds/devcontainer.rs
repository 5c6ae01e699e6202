//! The image that a `devcontainer.json` builds, or the compose files that it loads. It never reads those itself.

use std::collections::BTreeSet;

use super::document::{Node, Value};
use super::invocation::{Call, Invocation};
use super::{BuildFileKind, Declared, Place, Tool, Unreadable, compose, folder_of, is_remote, json, settled};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;

/// Returns the build of a `devcontainer.json`: `build.dockerfile` and `build.context`, or the older `dockerFile` and
/// `context`. Both paths are relative to the file's folder.
///
/// # Errors
///
/// If it is not valid JSON with comments, or is too large.
pub(super) fn declared(path: &RepoPath, text: &str) -> Result<Vec<Declared>, Unreadable> {
    let root = json::value(text)?;
    let build = root.get("build");
    let of_build = |key| build.and_then(|build| build.entry(key));
    let Some(dockerfile) = of_build("dockerfile").or_else(|| root.entry("dockerFile")) else {
        return Ok(Vec::new());
    };
    let workspace = workspace(path);
    let value = |node: &Node| node.text().map(|text| substituted(text, &workspace));
    let Some(file) = value(&dockerfile.value) else { return Ok(Vec::new()) };
    let place = Place { kind: BuildFileKind::Devcontainer, path: path.clone(), line: dockerfile.line };
    let mut declared = Declared::new(place, vec![folder_of(path)], file);
    let context = of_build("context").or_else(|| root.entry("context"));
    let context = context.and_then(|entry| value(&entry.value)).unwrap_or_else(|| Pattern::text("."));
    if is_remote(&context) {
        return Ok(Vec::new());
    }
    declared.context = Some(context);
    declared.target = of_build("target").and_then(|entry| value(&entry.value));
    if let Some(args) = of_build("args") {
        let given = args.value.entries().iter().filter(|entry| entry.value.value != Value::Null);
        declared.args = given.map(|entry| (entry.key.clone(), value(&entry.value))).collect();
    }
    Ok(vec![declared])
}

/// Returns the workspace folder, relative to the file's folder.
fn workspace(path: &RepoPath) -> String {
    let folders: Vec<&str> = path.components().rev().skip(1).collect();
    match folders.iter().position(|name| *name == ".devcontainer") {
        Some(at) => vec![".."; at + 1].join("/"),
        None => ".".into(),
    }
}

/// Returns the call of compose by which a `devcontainer.json` loads its `dockerComposeFile`s, which are relative to its
/// folder.
pub(super) fn invocation(path: &RepoPath, text: &str) -> Option<Invocation> {
    let root = json::value(text).ok()?;
    let entry = root.entry("dockerComposeFile")?;
    let folder = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    let all = entry.value.text().into_iter().chain(entry.value.items().iter().filter_map(Node::text));
    let files: Vec<Pattern> = all.map(|file| substituted(file, &workspace(path))).collect();
    let unsettled = files.iter().filter(|file| file.known().is_none()).map(Pattern::to_string).collect();
    let files = files.iter().map(settled::encoded).collect();
    let call = Call::Compose(compose::Run { folder, files, ..compose::Run::default() });
    let place = Place { kind: BuildFileKind::Devcontainer, path: path.clone(), line: entry.line };
    let (assigned, callers) = (BTreeSet::new(), Vec::new());
    Some(Invocation { place, call, unsettled, assigned, callers, tool: Tool::Compose })
}

/// Parses a text with its variables: `${localWorkspaceFolder}`, and `${localEnv:X:default}` as its default.
fn substituted(text: &str, workspace: &str) -> Pattern {
    let mut pattern = Pattern::default();
    let mut rest = text;
    while let Some((before, (inside, after))) =
        rest.split_once("${").and_then(|(before, after)| Some((before, after.split_once('}')?)))
    {
        pattern.push_text(before);
        let mut parts = inside.splitn(3, ':');
        match (parts.next(), parts.next(), parts.next()) {
            (Some("localWorkspaceFolder"), None, _) => pattern.push_text(workspace),
            (Some("localEnv" | "env"), Some(_), Some(default)) => pattern.push_text(default),
            (Some("localEnv" | "env"), Some(name), None) => pattern.push_hole(name),
            _ => pattern.push_hole(inside),
        }
        rest = after;
    }
    pattern.push_text(rest);
    pattern
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn read(path: &str, text: &str) -> Vec<Declared> {
        declared(&RepoPath::new(path).unwrap(), text).unwrap()
    }

    #[test]
    fn paths_start_in_the_folder_of_the_file() {
        let text = r#"{
  // Go and its tools.
  "name": "go",
  "build": {
    "dockerfile": "Dockerfile",
    "context": "..",
    "target": "dev",
    "args": { "VARIANT": "1.22", "PROXY": "${localEnv:PROXY:none}", "USER": "${localEnv:USER}", },
  },
}"#;
        let build = &read(".devcontainer/devcontainer.json", text)[0];
        assert_eq!(build.place.line, 5);
        assert_eq!(build.folders, [Pattern::text(".devcontainer")]);
        assert_eq!(build.dockerfile, Pattern::text("Dockerfile"));
        assert_eq!(build.context, Some(Pattern::text("..")));
        assert_eq!(build.target, Some(Pattern::text("dev")));
        let args = [
            ("VARIANT".to_owned(), Some(Pattern::text("1.22"))),
            ("PROXY".to_owned(), Some(Pattern::text("none"))),
            ("USER".to_owned(), Some(Pattern::hole("USER"))),
        ];
        assert_eq!(build.args, args);
    }

    #[test]
    fn the_old_form_and_the_workspace_are_known() {
        let text = r#"{"dockerFile": "${localWorkspaceFolder}/docker/Dockerfile", "context": "${localWorkspaceFolder}"}"#;
        let build = &read("app/.devcontainer/go/devcontainer.json", text)[0];
        assert_eq!(build.dockerfile, Pattern::text("../../docker/Dockerfile"));
        assert_eq!(build.context, Some(Pattern::text("../..")));
        assert_eq!(read(".devcontainer.json", text)[0].context, Some(Pattern::text(".")));
    }

    #[test]
    fn an_image_or_a_compose_file_builds_nothing_here() {
        assert!(read(".devcontainer.json", r#"{"image": "debian"}"#).is_empty());
        assert!(
            read(".devcontainer.json", r#"{"dockerComposeFile": "../compose.yml", "service": "app"}"#)
                .is_empty()
        );
        assert!(read(".devcontainer.json", "").is_empty());
        assert_eq!(declared(&RepoPath::new(".devcontainer.json").unwrap(), "{\n\n,}").unwrap_err().line, 3);
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "\\PC{0,40}", value in "[${}:a-zA-Z./]{0,30}") {
            let path = RepoPath::new(".devcontainer.json").unwrap();
            let _ = declared(&path, &text);
            let _ = declared(&path, &format!("{{\"dockerFile\": \"{value}\", \"build\": {{\"args\": {{\"{value}\": 1}}}}}}"));
        }
    }
}
