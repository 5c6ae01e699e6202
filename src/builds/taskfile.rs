//! The tasks of a Taskfile, which task runs in the folder of the file. It never runs them.

use std::collections::BTreeMap;

use super::document::Node;
use super::script::{self, Origin, Repository, Runs, Starts};
use super::{BuildFileKind, Unreadable, compose, settled, yaml};
use crate::budget::store;
use crate::git::RepoPath;

/// Returns what the tasks of a Taskfile run.
///
/// # Errors
///
/// If it is not valid YAML.
pub(super) fn runs(repository: Repository<'_>, path: &RepoPath, text: &str) -> Result<Runs, Unreadable> {
    let mut found = Runs::default();
    let documents = yaml::documents(text)?;
    if !repository.interests(text) {
        return Ok(found);
    }
    for document in documents {
        for task in document.get("tasks").map(Node::entries).unwrap_or_default() {
            found.add(of_task(repository, path, &document, &task.value));
        }
    }
    Ok(found)
}

fn of_task(repository: Repository<'_>, path: &RepoPath, file: &Node, task: &Node) -> Runs {
    let mut found = Runs::default();
    let values = variables(&[file, task], "vars");
    let environment = variables(&[file, task], "env");
    let own = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    let folder = task.get("dir").and_then(Node::text).map(|dir| filled(dir, &values)).unwrap_or_default();
    let unsettled = folder.contains("${").then(|| "the folder of a task".to_owned());
    let starts = Starts { folders: vec![compose::below(&own, &folder)], unsettled };
    let given = |name: &str| environment.get(name).map(|value: &String| settled::pattern(value));
    let short = task.text().map(|_| task).into_iter().chain(task.items());
    let commands = task.get("cmds").map(Node::items).unwrap_or_default();
    for command in short.chain(task.get("cmd")).chain(commands) {
        let Some(script) = command.text().or_else(|| command.get("cmd")?.text()) else { continue };
        let origin = Origin { kind: BuildFileKind::Taskfile, path, first_line: command.line };
        let script = filled(script, &values);
        let mut runs =
            script::declared_in(repository, &script, origin, &starts.of_any_caller(&script), &given);
        for invocation in &mut runs.invocations {
            for (name, value) in &environment {
                invocation.call.set_default(name, value);
            }
        }
        found.add(runs);
    }
    found
}

/// Returns the variables of these maps, the last value of each. One that is not a plain text is unknown.
fn variables(nodes: &[&Node], key: &str) -> BTreeMap<String, String> {
    let entries = nodes.iter().flat_map(|node| node.get(key).map(Node::entries).unwrap_or_default());
    let value = |entry: &super::document::KeyValue| {
        let plain = entry.value.text().filter(|text| !text.contains("{{"));
        (entry.key.clone(), plain.map_or_else(|| settled::unknown(&entry.key), str::to_owned))
    };
    entries.map(value).collect()
}

/// Returns a text with its `{{.NAME}}` replaced. What is not known becomes a variable of the shell that nothing sets.
fn filled(text: &str, values: &BTreeMap<String, String>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, (inner, after))) =
        rest.split_once("{{").and_then(|(before, after)| Some((before, after.split_once("}}")?)))
    {
        out.push_str(before);
        let name = inner.trim().trim_start_matches('.');
        if let Some(value) = values.get(name).filter(|value| !settled::is_open(value)) {
            store(value.len());
            out.push_str(value);
        } else {
            out.push_str("${_task_");
            out.extend(name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }));
            out.push('}');
        }
        rest = after;
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::super::files::tests::without;
    use super::*;

    #[test]
    fn tasks_start_in_the_folder_of_the_file_or_in_their_own() {
        let text = "version: '3'\nvars: {DIR: svc, NO: {sh: x}}\ntasks:\n  a: docker build .\n  b:\n    dir: sub\n    cmds:\n      \
                    - docker build {{.DIR}}\n      - task: a\n      - cmd: docker build {{.NO}}\n";
        let path = RepoPath::new("x/Taskfile.yml").unwrap();
        let runs = without(|repository| runs(repository, &path, text)).unwrap();
        let files: Vec<String> = runs.builds.iter().map(|build| build.dockerfile.to_string()).collect();
        assert_eq!(files[0], "x/./Dockerfile".replace("./", ""));
        assert_eq!(files[1], "x/sub/svc/Dockerfile");
        assert!(files.contains(&"x/sub/${_task_NO}/Dockerfile".to_owned()), "{files:?}");
        assert_eq!(runs.builds[0].place.line, 4);
    }
}
