//! The targets that `docker buildx bake` builds: its files, compose files among them, merged as bake merges them. It never
//! asks the machine that it runs on for a variable.

mod expression;
mod file;
mod function;
mod merging;
mod value;

use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use self::expression::{Locals, Scope};
use self::file::{Block, Blocks, Parsed};
use self::merging::Merging;
use self::value::Value;
use super::compose::{self, Environment};
use super::declared::Said;
use super::files::Files;
use super::{BuildFileKind, Collected, Declared, Place, Unreadable, linked, settled};
use crate::git::RepoPath;
use crate::text::pattern::{Part, Pattern};

/// The names of bake's own files, after those of compose, in the order in which they are merged (buildx
/// `bake.defaultFilenames`).
pub(super) const DEFAULTS: [&str; 4] =
    ["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];

/// The most targets of one matrix; in a larger matrix each name is a hole.
const MOST_ROWS: usize = 256;

/// A run of bake.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// The folder that it runs in, from the repository's root. Paths of targets are relative to it.
    pub(crate) folder: String,
    /// `-f`, relative to the folder.
    pub(crate) files: Vec<String>,
    /// `--set`.
    pub(crate) overrides: Vec<String>,
    /// The targets and groups that it builds, `default` if there are none.
    pub(crate) targets: Vec<String>,
    /// The variables that the call sets.
    pub(crate) environment: Environment,
    /// True if the contexts come from git, so that no ignore file applies.
    pub(crate) from_git: bool,
}

/// The definition that a run of bake loads.
#[derive(Debug)]
pub(super) struct Definition {
    pub(crate) builds: Vec<Declared>,
    /// The files that it was read from.
    pub(crate) files: Vec<String>,
    /// The variables that it depends on.
    pub(crate) variables: BTreeSet<String>,
}

/// A target after its matrix is resolved.
struct Target {
    name: String,
    place: Place,
    said: Said,
    inherits: Vec<String>,
}

/// The files of a run.
#[derive(Default)]
struct Loaded {
    parsed: Vec<(RepoPath, Parsed)>,
    /// The paths of the compose files.
    composed: Vec<String>,
    /// The first reason for which bake refuses them.
    refusal: Option<String>,
}

impl Loaded {
    /// Reads the files of a run (buildx `bake.ReadLocalFiles`).
    fn read(files: Files<'_>, chosen: &[String]) -> Result<Self, (RepoPath, Unreadable)> {
        let mut loaded = Self::default();
        for path in chosen {
            if matches!(path.rsplit_once('.'), Some((_, "yml" | "yaml"))) {
                loaded.composed.push(path.clone());
                continue;
            }
            let (Some(text), Ok(path)) = (files.read(path), RepoPath::new(path)) else {
                loaded.refusal.get_or_insert(format!("{path} is not in the repository"));
                continue;
            };
            match Parsed::read(&path, &text) {
                Ok(file) => loaded.parsed.push((path, file)),
                Err(error) => return Err((path, error)),
            }
        }
        Ok(loaded)
    }
}

/// Loads the definition of a run, as `docker buildx bake` does (buildx `bake.ParseFiles`). `None` if there are no files.
pub(super) fn definition(files: Files<'_>, run: &Run) -> Option<Result<Definition, (RepoPath, Unreadable)>> {
    let chosen: Vec<String> = if run.files.is_empty() {
        let names = compose::DEFAULTS.iter().chain(&DEFAULTS);
        names.map(|name| compose::below(&run.folder, name)).filter(|path| files.has(path)).collect()
    } else {
        run.files.iter().map(|path| compose::below(&run.folder, path)).collect()
    };
    match Loaded::read(files, &chosen) {
        Ok(loaded) if loaded.parsed.is_empty() && loaded.composed.is_empty() => None,
        Ok(loaded) => Some(merged(files, run, chosen, loaded)),
        Err(error) => Some(Err(error)),
    }
}

fn merged(
    files: Files<'_>,
    run: &Run,
    mut read: Vec<String>,
    loaded: Loaded,
) -> Result<Definition, (RepoPath, Unreadable)> {
    let Loaded { parsed, composed, mut refusal } = loaded;
    let mut targets = Vec::new();
    if !composed.is_empty() {
        let services = compose::services(files, &run.folder, &composed, &run.environment);
        refusal = refusal.or(services.refusal);
        read.extend(services.files);
        targets.extend(services.builds.into_iter().map(|(name, place, said)| of_service(&name, place, said)));
    }
    let mut blocks = Blocks::default();
    for (path, file) in &parsed {
        blocks.add(path, file);
    }
    let has_unread = blocks.has_unread;
    let Blocks { definitions, functions, targets: written, groups, conditions, .. } = blocks;
    // A target of several blocks, or of a matrix, has no single value.
    let mut single: HashMap<&str, Vec<(&str, expression::Written<'_>)>> = HashMap::new();
    let mut blocks_of: HashMap<&str, usize> = HashMap::new();
    for block in &written {
        *blocks_of.entry(block.label).or_default() += 1;
    }
    for block in &written {
        if blocks_of[block.label] == 1 && block.attributes.iter().all(|(name, _)| *name != "matrix") {
            single.insert(block.label, block.attributes.clone());
        }
    }
    let scope = Scope::new(definitions, functions, single, &run.environment);
    for block in &written {
        let rows = rows(block, &scope);
        targets.extend(rows.iter().enumerate().map(|(at, row)| target(block, at, row, &scope)));
    }
    for condition in conditions {
        if scope.value(condition, &Locals::new()) != Value::Bool(true) {
            scope.refuse("a variable does not meet its condition");
        }
    }
    if has_unread {
        scope.refuse("a function is written in a way that is not read");
    }
    let groups: Vec<(&str, Vec<String>)> = groups
        .iter()
        .map(|(label, members)| (*label, names(&scope.value(*members, &Locals::new()))))
        .collect();
    let of_first = |error| {
        let place = targets.first().map(|target| target.place.path.clone());
        (place.or_else(|| parsed.first().map(|(path, _)| path.clone())), error)
    };
    let mut builds = match declared(run, &targets, &groups, &scope).map_err(of_first) {
        Ok(builds) => builds,
        Err((Some(path), error)) => return Err((path, error)),
        Err((None, _)) => Vec::new(),
    };
    let refusal = refusal.or_else(|| scope.refusal()).map(|why| format!("bake refuses it: {why}"));
    for build in &mut builds {
        build.unsettled.extend(refusal.clone());
    }
    Ok(Definition { builds, files: read, variables: run.environment.asked() })
}

/// Returns the target of a service (buildx `bake.ParseCompose`).
fn of_service(name: &str, place: Place, mut said: Said) -> Target {
    let named = |name: &str| name.replace(['.', '/'], "_");
    for (_, context) in &mut said.contexts {
        if let Some(service) = linked::needed(context) {
            *context = Pattern::text(&format!("target:{}", named(service)));
        }
    }
    Target { name: named(name), place, said, inherits: Vec::new() }
}

/// Checks that a bake file can be read.
pub(super) fn check(path: &RepoPath, text: &str) -> Result<(), Unreadable> {
    Parsed::read(path, text).map(drop)
}

/// Returns the builds of the targets, those that a target needs as a context too. A target that only serves as a parent is
/// not a build.
fn declared(
    run: &Run,
    targets: &[Target],
    groups: &[(&str, Vec<String>)],
    scope: &Scope,
) -> Result<Vec<Declared>, Unreadable> {
    let listed: HashSet<&String> = groups.iter().flat_map(|(_, members)| members).collect();
    let inherited: HashSet<&String> = targets.iter().flat_map(|target| &target.inherits).collect();
    let all: HashSet<&str> = targets.iter().map(|target| target.name.as_str()).collect();
    if inherited.iter().any(|name| !all.contains(name.as_str())) {
        scope.refuse("a target inherits from one that does not exist");
    }
    let mut merging = Merging::new(targets);
    let chosen = chosen(run, targets, groups, &mut merging);
    let needed: HashSet<&str> = targets
        .iter()
        .flat_map(|target| target.said.contexts.iter())
        .filter_map(|(_, context)| linked::needed(context))
        .collect();
    let mut names = Vec::new();
    let mut found = Collected::default();
    let mut seen = HashSet::new();
    for target in targets.iter().filter(|target| seen.insert(&target.name)) {
        let Some(mut said) = merging.whole(&target.name, 0) else { continue };
        let is_open = said.context.is_none() && said.dockerfile.is_none() && said.target.is_none();
        let is_base = inherited.contains(&target.name)
            && !listed.contains(&target.name)
            && !needed.contains(target.name.as_str());
        let is_chosen = chosen.as_ref().map(|chosen| chosen.contains(&target.name));
        let is_build = is_chosen.unwrap_or(!(is_base && (is_open || target.name.starts_with('_'))));
        if !is_build {
            continue;
        }
        let unsettled = overridden(run, &target.name, &mut said);
        if let Some(mut declared) = placed(run, target.place.clone(), said) {
            declared.unsettled.extend(unsettled);
            names.push(target.name.clone());
            found.add(declared)?;
        }
    }
    for (at, why) in linked::link(&names, &mut found.builds, &|name| all.contains(name)) {
        found.builds[at].unsettled.push(format!("bake refuses it: {why}"));
    }
    Ok(found.builds)
}

/// Returns the targets that a run names, and those that they need. `None` if it names none, or something that is not
/// known.
fn chosen(
    run: &Run,
    targets: &[Target],
    groups: &[(&str, Vec<String>)],
    merging: &mut Merging,
) -> Option<HashSet<String>> {
    if run.targets.is_empty()
        || run.targets.iter().any(|name| name.contains(['*', '?', '[']) || settled::is_open(name))
    {
        return None;
    }
    let mut chosen = HashSet::new();
    let mut pending: Vec<String> = run.targets.clone();
    while let Some(name) = pending.pop() {
        if !chosen.insert(name.clone()) {
            continue;
        }
        for (_, members) in groups.iter().filter(|(label, _)| *label == name) {
            pending.extend(members.iter().cloned());
        }
        // The label of a matrix is the group of its targets.
        let of_label = targets.iter().filter(|target| target.said.label.as_deref() == Some(name.as_str()));
        pending.extend(of_label.map(|target| target.name.clone()));
        let contexts = merging.whole(&name, 0).map(|said| said.contexts).unwrap_or_default();
        let needed = contexts.iter().filter_map(|(_, context)| linked::needed(context));
        pending.extend(needed.map(str::to_owned));
    }
    Some(chosen)
}

/// Applies `--set` (`bake.Target.AddOverrides`). Returns the reasons why that is not settled.
fn overridden(run: &Run, name: &str, said: &mut Said) -> Vec<String> {
    let mut unsettled = Vec::new();
    for text in &run.overrides {
        let (key, value) = text.split_once('=').unwrap_or((text, ""));
        let mut keys = key.trim_end_matches('+').splitn(3, '.');
        let (Some(pattern), Some(field), rest) = (keys.next(), keys.next(), keys.next()) else { continue };
        let fits = crate::text::glob::Glob::new(pattern).is_ok_and(|glob| glob.matches(name));
        if settled::is_open(pattern) {
            unsettled.push(format!("--set {text}"));
        }
        if !fits {
            continue;
        }
        let value = settled::pattern(value);
        match (field, rest) {
            ("context", None) => said.context = Some(value),
            ("dockerfile", None) => said.dockerfile = Some(value),
            ("target", None) => said.target = Some(value),
            ("platform", None) => said.platforms = Some(vec![value]),
            ("tags", None) => said.tags = Some(vec![value]),
            ("args", Some(arg)) => {
                said.args.retain(|(name, _)| name != arg);
                said.args.push((arg.to_owned(), Some(value)));
            }
            ("contexts", Some(context)) => {
                said.contexts.retain(|(name, _)| name != context);
                said.contexts.push((context.to_owned(), value));
            }
            _ => {}
        }
    }
    unsettled
}

/// Returns a build with its paths relative to the folder that bake runs in (`bake.toBuildOpt`).
fn placed(run: &Run, place: Place, mut said: Said) -> Option<Declared> {
    let cwd = |path: &Pattern| {
        path.parts()
            .first()
            .is_some_and(|part| matches!(part, Part::Text(text) if text.starts_with("cwd://")))
    };
    let is_local = said.dockerfile.as_ref().is_some_and(cwd);
    let local = said.dockerfile.clone().filter(|_| is_local).map(|path| here(&path));
    said.context = said
        .context
        .map(|path| here(&path))
        .map(|path| if path.is_empty() { Pattern::text(".") } else { path });
    said.contexts.retain(|(_, context)| !context.is_empty());
    for (_, context) in &mut said.contexts {
        *context = here(context);
    }
    let mut declared = said.declared(place, vec![Pattern::text(&run.folder)], Some(Pattern::text(".")))?;
    if let Some(local) = local {
        declared.dockerfile = local;
    }
    declared.from_git = run.from_git;
    Some(declared)
}

/// Returns the values of a target's matrix, one list for each target that it makes; one empty list without a matrix.
fn rows(block: &Block, scope: &Scope) -> Vec<Locals> {
    let mut rows = vec![Locals::new()];
    let Some((_, matrix)) = block.attributes.iter().find(|(name, _)| *name == "matrix") else { return rows };
    for (name, values) in scope.value(*matrix, &Locals::new()).entries() {
        let unknown = [Value::Unknown(name.clone())];
        let fits = !values.items().is_empty() && rows.len() * values.items().len() <= MOST_ROWS;
        let values = if fits { values.items() } else { &unknown };
        let with = |row: &Locals, value: &Rc<Value>| {
            let mut row = row.clone();
            row.push((name.clone(), Rc::clone(value)));
            row
        };
        let values: Vec<Rc<Value>> = values.iter().cloned().map(Rc::new).collect();
        rows = rows.iter().flat_map(|row| values.iter().map(move |value| with(row, value))).collect();
    }
    rows
}

fn target(block: &Block, at: usize, row: &Locals, scope: &Scope) -> Target {
    let place = Place { kind: BuildFileKind::Bake, path: block.path.clone(), line: block.line };
    let (said, inherits) = (Said::default(), Vec::new());
    let mut target = Target { name: block.label.to_owned(), place, said, inherits };
    for (name, written) in &block.attributes {
        let value = scope.value(*written, row);
        let text = || (value != Value::Null).then(|| value.pattern());
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
                said.label = Some(block.label.to_owned());
            }
            "inherits" => target.inherits = names(&value),
            "context" => said.context = text(),
            "dockerfile" => said.dockerfile = text(),
            "dockerfile-inline" => said.is_inline = value != Value::Null,
            "target" => said.target = text(),
            "args" => {
                said.args = given.map(|(name, value)| (name.clone(), Scope::argument(value))).collect();
            }
            "contexts" => {
                said.contexts = given.map(|(name, value)| (name.clone(), value.pattern())).collect();
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
