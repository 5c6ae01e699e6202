//! The targets of a bake file. It never calls functions; their results are holes.

mod expression;

use std::collections::{HashMap, HashSet};

use hcl_edit::Span;
use hcl_edit::structure::{Body, Structure};

use self::expression::{Locals, Scope, Value, Written};
use super::declared::Said;
use super::document::Node;
use super::{Collected, Declared, Kind, Place, Unreadable, checked_size, folder_of, json};
use crate::git::RepoPath;
use crate::text::LineIndex;
use crate::text::pattern::{Part, Pattern};

/// The most targets of one matrix; in a larger matrix each name is a hole.
const MOST_ROWS: usize = 256;
/// The longest chain of targets that inherit from each other.
const DEEPEST: usize = 16;

/// Returns the builds of a bake file, HCL or JSON by its name. A variable has its default: that is how the image is
/// built if the variable is not set. Paths are relative to the working directory of bake: the file's own folder or the
/// root.
///
/// A target that only serves as a parent, or that is merged into one of another file, is not a build.
///
/// # Errors
///
/// If it is not valid HCL or JSON, is too large, or has too many builds.
pub(crate) fn declared(path: &RepoPath, text: &str) -> Result<Vec<Declared>, Unreadable> {
    checked_size(text)?;
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    if path.file_name().rsplit_once('.').is_some_and(|(_, ending)| ending == "json") {
        let root = json::value(text)?;
        return File::of_json(&root).declared(path, "");
    }
    let body: Body = text.parse().map_err(|error: hcl_edit::parser::Error| Unreadable {
        line: error.location().line(),
        message: format!("not valid HCL: {}", error.message()),
    })?;
    File::of_hcl(&body, text).declared(path, text)
}

/// A target as written, one for each block of its name.
struct Block<'a> {
    label: &'a str,
    line: usize,
    attributes: Vec<(&'a str, Written<'a>)>,
}

/// The content of a bake file.
#[derive(Default)]
struct File<'a> {
    variables: HashMap<&'a str, Written<'a>>,
    targets: Vec<Block<'a>>,
    groups: Vec<Written<'a>>,
}

/// A target after its matrix is resolved.
struct Target {
    name: String,
    line: usize,
    said: Said,
    inherits: Vec<String>,
}

impl<'a> File<'a> {
    fn of_hcl(body: &'a Body, text: &str) -> Self {
        let lines = LineIndex::new(text.as_bytes());
        let mut file = Self::default();
        for structure in body {
            let block = match structure {
                Structure::Attribute(attribute) => {
                    file.variables.insert(attribute.key.as_str(), Written::Hcl(&attribute.value));
                    continue;
                }
                Structure::Block(block) => block,
            };
            let Some(label) = block.labels.first().map(hcl_edit::structure::BlockLabel::as_str) else {
                continue;
            };
            let attribute = |name| block.body.get_attribute(name).map(|found| Written::Hcl(&found.value));
            match block.ident.as_str() {
                "variable" => file.variables.extend(attribute("default").map(|default| (label, default))),
                "group" => file.groups.extend(attribute("targets")),
                "target" => {
                    let attributes = block.body.attributes();
                    let line = block.span().map_or(1, |span| lines.position(span.start).line);
                    let attributes = attributes.map(|found| (found.key.as_str(), Written::Hcl(&found.value)));
                    file.targets.push(Block { label, line, attributes: attributes.collect() });
                }
                _ => {}
            }
        }
        file
    }

    fn of_json(root: &'a Node) -> Self {
        let mut file = Self::default();
        for entry in root.entries() {
            let blocks = entry.value.entries();
            match entry.key.as_str() {
                "variable" => {
                    let default = |block: &'a super::document::Entry| {
                        Some((block.key.as_str(), block.value.get("default")?))
                    };
                    let defaults = blocks.iter().filter_map(default);
                    file.variables.extend(defaults.map(|(name, default)| (name, Written::Json(default))));
                }
                "group" => {
                    let targets = blocks.iter().filter_map(|block| block.value.get("targets"));
                    file.groups.extend(targets.map(Written::Json));
                }
                "target" => file.targets.extend(blocks.iter().map(|block| {
                    let attributes = block.value.entries().iter();
                    let attributes =
                        attributes.map(|found| (found.key.as_str(), Written::Json(&found.value)));
                    Block { label: &block.key, line: block.line, attributes: attributes.collect() }
                })),
                _ => {
                    file.variables.insert(&entry.key, Written::Json(&entry.value));
                }
            }
        }
        file
    }

    fn declared(self, path: &RepoPath, source: &str) -> Result<Vec<Declared>, Unreadable> {
        let scope = Scope::new(source, self.variables);
        let mut targets: Vec<Target> = Vec::new();
        for block in &self.targets {
            let rows = rows(block, &scope);
            targets.extend(rows.iter().enumerate().map(|(at, row)| target(block, at, row, &scope)));
        }
        let groups = self.groups.iter().map(|group| scope.value(*group, &Locals::new()));
        let listed: HashSet<String> = groups.flat_map(|group| names(&group)).collect();
        let inherited: HashSet<&String> = targets.iter().flat_map(|target| &target.inherits).collect();
        let is_laid_over = path.file_name().contains("override");
        let mut merging = Merging::new(&targets);
        let mut found = Collected::default();
        let mut seen = HashSet::new();
        for target in targets.iter().filter(|target| seen.insert(&target.name)) {
            let Some(said) = merging.whole(&target.name, 0) else { continue };
            let is_open = said.context.is_none() && said.dockerfile.is_none() && said.target.is_none();
            let is_base = inherited.contains(&target.name) && !listed.contains(&target.name);
            if (is_open && (is_laid_over || is_base)) || (is_base && target.name.starts_with('_')) {
                continue;
            }
            let place = Place { kind: Kind::Bake, path: path.clone(), line: target.line };
            let mut folders = vec![folder_of(path), Pattern::default()];
            folders.dedup();
            if let Some(declared) = said.declared(place, folders, Some(Pattern::text("."))) {
                found.add(declared)?;
            }
        }
        Ok(found.builds)
    }
}

/// Merges targets with those that they inherit from.
struct Merging<'t> {
    targets: &'t [Target],
    /// The blocks of each name, in order.
    by_name: HashMap<&'t str, Vec<usize>>,
    /// The results; `None` for a target that is being merged.
    done: HashMap<&'t str, Option<Said>>,
}

impl<'t> Merging<'t> {
    fn new(targets: &'t [Target]) -> Self {
        let mut by_name: HashMap<&str, Vec<usize>> = HashMap::new();
        for (at, target) in targets.iter().enumerate() {
            by_name.entry(&target.name).or_default().push(at);
        }
        Self { targets, by_name, done: HashMap::new() }
    }

    /// Returns all blocks of a name and those that they inherit from, merged as by `bake.Config.target`. `None` if the
    /// file does not have the name, or if a target inherits from itself.
    fn whole(&mut self, name: &str, depth: usize) -> Option<Said> {
        if let Some(done) = self.done.get(name) {
            return done.clone();
        }
        let (&name, blocks) = self.by_name.get_key_value(name).filter(|_| depth < DEEPEST)?;
        let blocks = blocks.clone();
        self.done.insert(name, None);
        let targets = self.targets;
        let mut own = Said::default();
        let mut base = Said::default();
        for at in blocks {
            own = targets[at].said.clone().over(own);
            for name in &targets[at].inherits {
                if let Some(said) = self.whole(name, depth + 1) {
                    base = said.over(base);
                }
            }
        }
        let said = own.over(base);
        self.done.insert(name, Some(said.clone()));
        Some(said)
    }
}

/// Returns the values of a target's matrix, one list for each target that it makes; one empty list without a matrix.
fn rows(block: &Block, scope: &Scope) -> Vec<Locals> {
    let mut rows = vec![Locals::new()];
    let Some((_, matrix)) = block.attributes.iter().find(|(name, _)| *name == "matrix") else { return rows };
    for (name, values) in scope.value(*matrix, &Locals::new()).entries() {
        let unknown = [Value::Unknown(name.clone())];
        let fits = !values.items().is_empty() && rows.len() * values.items().len() <= MOST_ROWS;
        let values = if fits { values.items() } else { &unknown };
        let with = |row: &Locals, value: &Value| {
            let mut row = row.clone();
            row.push((name.clone(), value.clone()));
            row
        };
        rows = rows.iter().flat_map(|row| values.iter().map(move |value| with(row, value))).collect();
    }
    rows
}

fn target(block: &Block, at: usize, row: &Locals, scope: &Scope) -> Target {
    let mut target = Target {
        name: block.label.to_owned(),
        line: block.line,
        said: Said::default(),
        inherits: Vec::new(),
    };
    for (name, written) in &block.attributes {
        let value = scope.value(*written, row);
        let text = || (value != Value::Null).then(|| here(&value.pattern()));
        let texts = || {
            let all = value.items().iter().map(Value::pattern).filter(|text| !text.is_empty());
            (value != Value::Null).then(|| all.collect())
        };
        let given = value.entries().iter().filter(|(_, value)| *value != Value::Null);
        let said = &mut target.said;
        match *name {
            // Rows are different targets even if their names are not known.
            "name" => {
                let name = value.pattern();
                target.name = name.known().map_or_else(|| format!("{}#{at}", block.label), str::to_owned);
            }
            "inherits" => target.inherits = names(&value),
            "context" => said.context = text(),
            "dockerfile" => said.dockerfile = text(),
            "dockerfile-inline" => said.is_inline = value != Value::Null,
            "target" => said.target = text(),
            "args" => {
                said.args = given.map(|(name, value)| (name.clone(), scope.argument(value))).collect();
            }
            "contexts" => {
                said.contexts = given.map(|(name, value)| (name.clone(), here(&value.pattern()))).collect();
            }
            "tags" => said.tags = texts(),
            "platforms" => said.platforms = texts(),
            _ => {}
        }
    }
    target
}

/// Returns the known texts of a list.
fn names(value: &Value) -> Vec<String> {
    value.items().iter().filter_map(|name| Some(name.pattern().known()?.to_owned())).collect()
}

/// Returns a path without `cwd://`, which makes it relative to the working directory of bake.
fn here(path: &Pattern) -> Pattern {
    let mut kept = Pattern::default();
    for (at, part) in path.parts().iter().enumerate() {
        match part {
            Part::Text(text) if at == 0 => kept.push_text(text.strip_prefix("cwd://").unwrap_or(text)),
            part => kept.push(&Pattern::from(part.clone())),
        }
    }
    kept
}

#[cfg(test)]
mod tests;
