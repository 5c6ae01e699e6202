//! Compose files laid over each other, by compose-go's `override` package: `MergeYaml`, `EnforceUnicity`, and the tags
//! `!reset` and `!override` (`loader.ResetProcessor`). It never reads a file.

use std::collections::{HashMap, HashSet};

use crate::builds::document::{KeyValue, Node, Value};

/// The value of a service that holds its place.
pub(super) const PLACE: &str = "\u{e002}place";

/// The keys from the root of a file to a value.
pub(super) type Path = Vec<String>;

/// Returns the values of a file that replace what earlier files say. Those with `!reset` are taken out of the file.
pub(super) fn resets(file: &mut Node) -> Vec<Path> {
    let mut found = Vec::new();
    take_resets(file, &mut Vec::new(), &mut found);
    found
}

fn take_resets(node: &mut Node, path: &mut Path, found: &mut Vec<Path>) {
    let is_reset = |node: &Node| node.tag.as_deref() == Some("!reset");
    match &mut node.value {
        Value::Map(entries) => entries.retain_mut(|entry| {
            path.push(entry.key.clone());
            let keeps = !is_reset(&entry.value);
            if !keeps || entry.value.tag.as_deref() == Some("!override") {
                found.push(path.clone());
            } else {
                take_resets(&mut entry.value, path, found);
            }
            path.pop();
            keeps
        }),
        Value::List(items) => items.retain(|item| !is_reset(item)),
        Value::Null | Value::Text(_) => {}
    }
}

/// Removes the values at these paths.
pub(super) fn reset(dict: &mut Node, paths: &[Path]) {
    for path in paths {
        let Some((last, above)) = path.split_last() else { continue };
        let mut node = Some(&mut *dict);
        for key in above {
            node = node.and_then(|node| node.get_mut(key));
            // A short form is its long one before anything is laid over it (`transform.Canonical`).
            if let Some(build) = node.as_deref_mut().filter(|_| key == "build") {
                *build = context(std::mem::replace(build, Node::new(1, Value::Null)));
            }
        }
        if let Some(Node { value: Value::Map(entries), .. }) = node {
            entries.retain(|entry| entry.key != *last);
        }
    }
}

/// Returns `over` laid over `base`. Errors are those that compose refuses.
pub(super) fn merge(base: Node, over: Node, key: &str) -> Result<Node, String> {
    if key == "args" || key == "additional_contexts" {
        return Ok(pairs(&base, &over));
    }
    let (base, over) = if key == "build" { (context(base), context(over)) } else { (base, over) };
    let value = match (base.value, over.value) {
        (base, Value::Null) => base,
        (Value::Map(base), Value::Map(over)) => {
            let mut merged = base;
            for entry in over {
                match merged.iter_mut().find(|own| own.key == entry.key) {
                    Some(own) => {
                        let base = std::mem::replace(&mut own.value, Node::new(entry.line, Value::Null));
                        own.value = merge(base, entry.value, &entry.key)?;
                    }
                    None => merged.push(entry),
                }
            }
            Value::Map(merged)
        }
        (Value::List(mut base), Value::List(over)) => {
            base.extend(over);
            Value::List(base)
        }
        (Value::Map(_) | Value::List(_), _) => return Err(format!("cannot override {key}")),
        (Value::Null | Value::Text(_), over) => over,
    };
    Ok(Node { line: over.line, value, tag: None })
}

/// Returns a build in its long form.
pub(super) fn context(build: Node) -> Node {
    match build.value {
        Value::Text(_) => {
            let line = build.line;
            let entry = KeyValue { key: "context".into(), line, value: build };
            Node::new(line, Value::Map(vec![entry]))
        }
        value => Node { value, ..build },
    }
}

/// Returns a map, or a list of `NAME=value`, as pairs; a name without a value has none.
pub(super) fn listed(node: &Node) -> Vec<(String, Option<String>)> {
    let of_list = node.items().iter().filter_map(Node::text).map(|text| match text.split_once('=') {
        Some((name, value)) => (name.to_owned(), Some(value.to_owned())),
        None => (text.to_owned(), None),
    });
    let of_map =
        node.entries().iter().map(|entry| (entry.key.clone(), entry.value.text().map(str::to_owned)));
    of_list.chain(of_map).collect()
}

/// Returns two maps or lists of `NAME=value` as one map. The last value of a name counts.
fn pairs(base: &Node, over: &Node) -> Node {
    let line = over.line;
    let mut merged: Vec<KeyValue> = Vec::new();
    let mut places = HashMap::new();
    for (key, value) in listed(base).into_iter().chain(listed(over)) {
        let value = Node::new(line, value.map_or(Value::Null, Value::Text));
        let at = *places.entry(key.clone()).or_insert(merged.len());
        match merged.get_mut(at) {
            Some(own) => own.value = value,
            None => merged.push(KeyValue { key, line, value }),
        }
    }
    Node::new(line, Value::Map(merged))
}

/// Returns a map or a list of `NAME=value` as a map.
pub(super) fn pairs_of(node: &Node) -> Node {
    pairs(&Node::new(node.line, Value::Null), node)
}

/// Returns the key that a map has twice, which compose refuses.
pub(super) fn duplicate(node: &Node) -> Option<&KeyValue> {
    let entries = node.entries();
    let mut seen = HashSet::new();
    let twice = entries.iter().find(|entry| !entry.key.is_empty() && !seen.insert(entry.key.as_str()));
    let inside = || {
        let values = entries.iter().map(|entry| &entry.value).chain(node.items());
        values.into_iter().find_map(duplicate)
    };
    twice.or_else(inside)
}
