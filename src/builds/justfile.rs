//! The recipes of a justfile, which just runs in the folder of the file. It never runs them.

use std::collections::BTreeMap;

use super::script::{self, Origin, Repository, Runs, Starts};
use super::{BuildFileKind, settled};
use crate::budget::store;
use crate::git::RepoPath;
use crate::text::cut;

/// A recipe line, or a whole recipe that names its interpreter.
struct Script {
    line: usize,
    text: String,
}

/// Returns what the recipes of a justfile run.
pub(super) fn runs(repository: Repository<'_>, path: &RepoPath, text: &str) -> Runs {
    let mut found = Runs::default();
    if !repository.interests(text) {
        return found;
    }
    let folder = path.parent().map(|folder| folder.as_str().to_owned()).unwrap_or_default();
    let file = Justfile::read(text);
    let starts = Starts { folders: vec![folder], unsettled: file.unsettled.clone() };
    let given = |name: &str| file.exported.get(name).map(|value| settled::pattern(value));
    for script in &file.scripts {
        let origin = Origin { kind: BuildFileKind::Justfile, path, first_line: script.line };
        let text = file.filled(&script.text);
        let mut runs = script::declared_in(repository, &text, origin, &starts.of_any_caller(&text), &given);
        for invocation in &mut runs.invocations {
            file.exported.iter().for_each(|(name, value)| invocation.call.set_default(name, value));
        }
        found.add(runs);
    }
    found
}

#[derive(Default)]
struct Justfile {
    variables: BTreeMap<String, String>,
    exported: BTreeMap<String, String>,
    scripts: Vec<Script>,
    /// The reason why the folder of the recipes is not settled.
    unsettled: Option<String>,
}

impl Justfile {
    fn read(text: &str) -> Self {
        let mut file = Self::default();
        let mut in_recipe = false;
        let mut whole: Option<Script> = None;
        for (at, line) in text.lines().enumerate() {
            if line.starts_with([' ', '\t']) && in_recipe {
                let body = line.trim_start();
                if let Some(script) = &mut whole {
                    script.text.push('\n');
                    script.text.push_str(body);
                } else if body.starts_with("#!") {
                    whole = Some(Script { line: at + 1, text: body.to_owned() });
                } else {
                    file.add_line(at + 1, body);
                }
                continue;
            }
            if line.trim().is_empty() {
                if let Some(script) = &mut whole {
                    script.text.push('\n');
                }
                continue;
            }
            file.scripts.extend(whole.take());
            in_recipe = false;
            if line.starts_with('[') {
                if line.contains("no-cd") || line.contains("working-directory") {
                    file.unsettled.get_or_insert("a recipe runs in another folder".into());
                }
            } else if line.starts_with("set ") {
                if line.contains("working-directory") {
                    file.unsettled.get_or_insert("the recipes run in another folder".into());
                }
            } else if let Some((name, value)) = line.split_once(":=") {
                let (name, is_exported) = match name.trim().strip_prefix("export ") {
                    Some(name) => (name.trim(), true),
                    None => (name.trim(), false),
                };
                let value = literal(value).unwrap_or_else(|| settled::unknown(name));
                if is_exported {
                    file.exported.insert(name.to_owned(), value.clone());
                }
                file.variables.insert(name.to_owned(), value);
            } else if !line.starts_with('#') && line.contains(':') {
                in_recipe = true;
            }
        }
        file.scripts.extend(whole.take());
        file
    }

    /// Adds a line of a recipe, or the rest of the line before.
    fn add_line(&mut self, line: usize, body: &str) {
        if let Some(before) = self.scripts.last_mut().filter(|script| script.text.ends_with('\\')) {
            before.text.push('\n');
            before.text.push_str(body);
        } else {
            self.scripts.push(Script { line, text: body.trim_start_matches(['@', '-']).to_owned() });
        }
    }

    /// Returns a text with its `{{…}}` replaced. What is not known becomes an unset variable of the shell that no name
    /// fits, so that it stays unknown.
    fn filled(&self, text: &str) -> String {
        let mut out = String::new();
        let mut rest = text;
        while let Some((before, (inner, after))) =
            rest.split_once("{{").and_then(|(before, after)| Some((before, after.split_once("}}")?)))
        {
            out.push_str(before);
            if let Some(value) = self.variables.get(inner.trim()).filter(|value| !settled::is_open(value)) {
                store(value.len());
                out.push_str(value);
            } else {
                let name = inner.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' });
                out.push_str("${_just_");
                out.extend(name);
                out.push('}');
            }
            rest = after;
        }
        out.push_str(rest);
        out
    }
}

/// Returns a value that is a quoted text.
fn literal(value: &str) -> Option<String> {
    let value = value.trim();
    let (quote, inside) = cut::first(value).filter(|(c, _)| matches!(c, '"' | '\''))?;
    let (text, rest) = inside.split_once(quote)?;
    let is_plain = !text.contains("{{") && (quote == '\'' || !text.contains('\\'));
    (is_plain && (rest.trim().is_empty() || rest.trim().starts_with('#'))).then(|| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn recipes_variables_and_settings_are_read() {
        let text = "export COMPOSE_FILE := \"local.yml\"\nx := 'a' # why\ny := env('Y')\n\nbuild target='all': dep\n    \
                    @docker build {{x}} \\\n      -t y\n    docker build {{y}}\n\nother:\n    #!/bin/sh\n    cd a\n\n    docker build .\n";
        let file = Justfile::read(text);
        assert_eq!(file.exported["COMPOSE_FILE"], "local.yml");
        let scripts: Vec<(usize, String)> =
            file.scripts.iter().map(|script| (script.line, file.filled(&script.text))).collect();
        assert_eq!(
            scripts,
            [
                (6, "docker build a \\\n-t y".to_owned()),
                (8, "docker build ${_just_y}".to_owned()),
                (11, "#!/bin/sh\ncd a\n\ndocker build .".to_owned()),
            ]
        );
        assert!(Justfile::read("[no-cd]\nx:\n  y\n").unsettled.is_some());
    }
}
