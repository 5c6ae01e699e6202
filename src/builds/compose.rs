//! The services that a compose file builds. It never follows `extends` or `include` into other
//! files: those are read by their own names.

use super::declared::Said;
use super::document::{Entry, Node, Value};
use super::{Collected, Declared, Kind, Place, Unreadable, folder_of, yaml};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;

/// The longest chain of services that extend each other, and the deepest nesting of defaults.
const DEEPEST: usize = 16;

/// Returns the builds of a compose file. A variable with a default has it: that is how the image is built if the
/// variable is not set. Paths are relative to the file's folder, or to the root if that is the project's
/// (`--project-directory`, and files that another one includes). In a file that overrides another
/// (`compose.override.yaml`), a build may leave out its context.
///
/// # Errors
///
/// If it is not valid YAML, is too large, or has too many builds.
pub(crate) fn declared(path: &RepoPath, text: &str) -> Result<Vec<Declared>, Unreadable> {
    let mut found = Collected::default();
    for document in yaml::documents(text)? {
        // Files of the first version have their services at the top level.
        let services = match document.get("services") {
            Some(services) => services,
            None if document.get("version").is_none() => &document,
            None => continue,
        };
        for service in services.entries() {
            let Some(said) = said(service, services, 0) else { continue };
            let line = service.value.entry("build").map_or(service.line, |build| build.line);
            let place = Place { kind: Kind::Compose, path: path.clone(), line };
            let context = stands_alone(path).then(|| Pattern::text("."));
            if context.is_none() && said.context.is_none() && said.dockerfile.is_none() {
                continue;
            }
            let mut folders = vec![folder_of(path), Pattern::default()];
            folders.dedup();
            if let Some(declared) = said.declared(place, folders, context) {
                found.add(declared)?;
            }
        }
    }
    Ok(found.builds)
}

/// Returns true if compose uses a file of this name without options, so that missing settings have their defaults.
fn stands_alone(path: &RepoPath) -> bool {
    let stem = path.file_name().rsplit_once('.').map_or("", |(stem, _)| stem);
    matches!(stem, "compose" | "docker-compose")
}

/// Returns the build settings of a service and those that it extends. `None` if there are none.
fn said(service: &Entry, services: &Node, depth: usize) -> Option<Said> {
    let node = &service.value;
    let base = node.get("extends").and_then(|extends| {
        let name = match extends.get("file") {
            None => extends.text().or_else(|| extends.get("service")?.text())?,
            Some(_) => return None,
        };
        let base = services.entry(name).filter(|_| depth < DEEPEST)?;
        said(base, services, depth + 1)
    });
    let own = node.get("build").and_then(said_by_build);
    if own.is_none() && base.is_none() {
        return None;
    }
    let mut own = own.unwrap_or_default();
    if let Some(image) = node.get("image").and_then(value) {
        own.tags.get_or_insert_default().insert(0, image);
    }
    own.platforms = own.platforms.or_else(|| Some(vec![value(node.get("platform")?)?]));
    Some(own.over(base.unwrap_or_default()))
}

fn said_by_build(build: &Node) -> Option<Said> {
    match &build.value {
        Value::Text(context) => Some(Said { context: Some(interpolated(context)), ..Said::default() }),
        Value::Map(_) => {
            let text = |key| build.get(key).and_then(value);
            let texts = |key| Some(build.get(key)?.items().iter().filter_map(value).collect());
            let pairs = |key| build.get(key).map(pairs).unwrap_or_default();
            let contexts = pairs("additional_contexts").into_iter();
            Some(Said {
                context: text("context"),
                dockerfile: text("dockerfile"),
                is_inline: build.get("dockerfile_inline").is_some_and(|inline| inline.value != Value::Null),
                target: text("target"),
                args: pairs("args"),
                contexts: contexts.filter_map(|(name, value)| Some((name, value?))).collect(),
                tags: texts("tags"),
                platforms: texts("platforms"),
            })
        }
        Value::Null | Value::List(_) => None,
    }
}

fn value(node: &Node) -> Option<Pattern> {
    node.text().map(interpolated)
}

/// Parses a map, or a list of `NAME=value`. A name without a value takes it from the environment.
fn pairs(node: &Node) -> Vec<(String, Option<Pattern>)> {
    let of_list = node.items().iter().filter_map(Node::text).map(|text| match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(interpolated(value))),
        None => (text.to_owned(), None),
    });
    let of_map = node.entries().iter().map(|entry| (entry.key.clone(), value(&entry.value)));
    of_list.chain(of_map).collect()
}

/// Parses a text with its variables, as compose-go's `template` package does: `$X`, `${X}`, `${X:-default}`,
/// `${X-default}`, `${X:?error}`, `${X:+other}` and `$$`.
fn interpolated(text: &str) -> Pattern {
    let mut pattern = Pattern::default();
    interpolate(text, &mut pattern, 0);
    pattern
}

fn interpolate(text: &str, into: &mut Pattern, depth: usize) {
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        into.push_text(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            into.push_text("$");
            rest = after;
        } else if let Some((inside, after)) = rest.strip_prefix('{').and_then(braced) {
            variable(inside, into, depth);
            rest = after;
        } else {
            let length = name_length(rest);
            if length == 0 {
                into.push_text("$");
            } else {
                into.push_hole(&rest[..length]);
            }
            rest = &rest[length..];
        }
    }
    into.push_text(rest);
}

/// Returns the text before the closing brace, and the text after it.
fn braced(text: &str) -> Option<(&str, &str)> {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '{' => depth += 1,
            '}' if depth == 0 => return Some((&text[..at], &text[at + 1..])),
            '}' => depth -= 1,
            _ => {}
        }
    }
    None
}

fn variable(inside: &str, into: &mut Pattern, depth: usize) {
    let (name, operation) = inside.split_at(name_length(inside));
    let default = operation.strip_prefix(":-").or_else(|| operation.strip_prefix('-'));
    match default.filter(|_| depth < DEEPEST) {
        Some(default) => interpolate(default, into, depth + 1),
        None => into.push_hole(name),
    }
}

fn name_length(text: &str) -> usize {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if text.starts_with(|c: char| c.is_ascii_digit()) {
        return 0;
    }
    text.find(|c| !is_name(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests;
