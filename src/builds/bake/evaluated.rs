//! The definitions of bake in a repository. Many runs may load one; its files are parsed once, and it is evaluated once for
//! the same values of the variables that it asks for.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashMap, HashSet};
use std::rc::Rc;

use super::expression::{Locals, Scope, Written};
use super::file::{Block, Blocks, Parsed};
use super::merging::Merging;
use super::value::Value;
use super::{DEFAULTS, Run};
use crate::budget;
use crate::builds::compose::{self, Environment, ParsedFiles};
use crate::builds::declared::Said;
use crate::builds::{BuildFileKind, Place, Unreadable, linked};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;

/// The most targets of one matrix; in a larger matrix each name is a hole.
const MOST_ROWS: usize = 256;

/// The definitions of a repository.
pub(in crate::builds) struct Definitions<'f> {
    composes: &'f ParsedFiles<'f>,
    /// The files that were parsed, by path. `None` if there is no such file.
    parsed: RefCell<HashMap<String, Option<ParsedFile>>>,
    /// The definitions, by the folder of the run and its files.
    done: RefCell<HashMap<Key, Vec<Done>>>,
}

/// The folder of a run, and its files.
type Key = (String, Vec<String>);

type ParsedFile = Rc<Result<Parsed, Unreadable>>;

/// A definition, or the file that cannot be read and the reason.
type Outcome = Rc<Result<Evaluated, (RepoPath, Unreadable)>>;

/// A definition with the variables that it asked for and their values.
struct Done {
    given: Vec<(String, Option<String>)>,
    outcome: Outcome,
}

/// A definition, whatever targets of it a run builds.
pub(super) struct Evaluated {
    pub(crate) merging: Merging,
    /// The members of each group, and the targets of each matrix by its label.
    pub(crate) members: HashMap<String, Vec<String>>,
    /// The targets that others inherit from and that no group and no context names.
    pub(crate) bases: HashSet<String>,
    /// The first reason for which bake refuses it.
    pub(crate) refusal: Option<String>,
    /// The files that it was read from.
    pub(crate) files: Vec<String>,
    /// The first of its files that states something.
    pub(crate) first: Option<RepoPath>,
    /// The variables that it depends on.
    pub(crate) variables: BTreeSet<String>,
}

impl<'f> Definitions<'f> {
    pub(crate) fn new(composes: &'f ParsedFiles<'f>) -> Self {
        Self { composes, parsed: RefCell::default(), done: RefCell::default() }
    }

    /// Returns the definition of a run. `None` if there are no files.
    pub(super) fn evaluated(&self, run: &Run) -> Option<Outcome> {
        let chosen: Vec<String> = if run.files.is_empty() {
            let names = compose::DEFAULTS.iter().chain(&DEFAULTS);
            names
                .map(|name| compose::below(&run.folder, name))
                .filter(|path| self.composes.files.has(path))
                .collect()
        } else {
            run.files.iter().map(|path| compose::below(&run.folder, path)).collect()
        };
        let values = run.environment.values();
        let key = (run.folder.clone(), chosen);
        if let Some(done) = self.done.borrow().get(&key).into_iter().flatten().find(|done| {
            budget::spend(1 + done.given.len() / budget::STORED_BYTES);
            done.given.iter().all(|(name, value)| values.get(name) == value.as_ref())
        }) {
            return Some(Rc::clone(&done.outcome));
        }
        let environment = run.environment.apart();
        let chosen = &key.1;
        // It has a budget of its own: its end is that of each run.
        let outcome = budget::contained(|| {
            Some(match self.loaded(chosen) {
                Ok(loaded) if loaded.parsed.is_empty() && loaded.composed.is_empty() => return None,
                Ok(loaded) => Ok(evaluated(self.composes, &run.folder, chosen.clone(), loaded, &environment)),
                Err(error) => Err(error),
            })
        });
        let outcome = outcome.unwrap_or_else(|ended| {
            let path = chosen.iter().find_map(|path| RepoPath::new(path).ok())?;
            Some(Err((path, Unreadable { line: 1, message: ended.to_string() })))
        })?;
        let outcome = Rc::new(outcome);
        let given = environment.asked().into_iter().map(|name| (values.get(&name).cloned(), name));
        let given = given.map(|(value, name)| (name, value)).collect();
        let done = Done { given, outcome: Rc::clone(&outcome) };
        self.done.borrow_mut().entry(key).or_default().push(done);
        Some(outcome)
    }

    /// Reads files (buildx `bake.ReadLocalFiles`).
    fn loaded(&self, chosen: &[String]) -> Result<Loaded, (RepoPath, Unreadable)> {
        let mut loaded = Loaded::default();
        for path in chosen {
            if matches!(path.rsplit_once('.'), Some((_, "yml" | "yaml"))) {
                loaded.composed.push(path.clone());
                continue;
            }
            let (Some(file), Ok(at)) = (self.parsed(path), RepoPath::new(path)) else {
                loaded.refusal.get_or_insert(format!("{path} is not in the repository"));
                continue;
            };
            if let Err(error) = &*file {
                return Err((at, error.clone()));
            }
            loaded.parsed.push((at, file));
        }
        Ok(loaded)
    }

    fn parsed(&self, path: &str) -> Option<ParsedFile> {
        let parse =
            || Some(Rc::new(Parsed::read(&RepoPath::new(path).ok()?, &self.composes.files.read(path)?)));
        self.parsed.borrow_mut().entry(path.to_owned()).or_insert_with(parse).clone()
    }
}

/// A target after its matrix is resolved.
pub(super) struct Target {
    pub(crate) name: String,
    pub(crate) place: Place,
    pub(crate) said: Said,
    pub(crate) inherits: Vec<String>,
}

/// The files of a definition.
#[derive(Default)]
struct Loaded {
    parsed: Vec<(RepoPath, ParsedFile)>,
    /// The paths of the compose files.
    composed: Vec<String>,
    /// The first reason for which bake refuses them.
    refusal: Option<String>,
}

fn evaluated(
    composes: &ParsedFiles<'_>,
    folder: &str,
    mut read: Vec<String>,
    loaded: Loaded,
    environment: &Environment,
) -> Evaluated {
    let Loaded { parsed, composed, mut refusal } = loaded;
    let mut targets = Vec::new();
    if !composed.is_empty() {
        let services = compose::services(composes, folder, &composed, environment);
        refusal = refusal.or(services.refusal);
        read.extend(services.files);
        targets.extend(services.builds.into_iter().map(|(name, place, said)| of_service(&name, place, said)));
    }
    let mut blocks = Blocks::default();
    for (path, file) in &parsed {
        if let Ok(file) = &**file {
            blocks.add(path, file);
        }
    }
    let has_unread = blocks.has_unread;
    let Blocks { definitions, functions, targets: written, groups, conditions, .. } = blocks;
    // A target of several blocks, or of a matrix, has no single value.
    let mut single: HashMap<&str, Vec<(&str, Written<'_>)>> = HashMap::new();
    let mut blocks_of: HashMap<&str, usize> = HashMap::new();
    for block in &written {
        *blocks_of.entry(block.label).or_default() += 1;
    }
    for block in &written {
        if blocks_of[block.label] == 1 && block.attributes.iter().all(|(name, _)| *name != "matrix") {
            single.insert(block.label, block.attributes.clone());
        }
    }
    let scope = Scope::new(definitions, functions, single, environment);
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
    let mut members: HashMap<String, Vec<String>> = HashMap::new();
    for (label, names_of_group) in groups {
        let names = names(&scope.value(names_of_group, &Locals::new()));
        members.entry(label.to_owned()).or_default().extend(names);
    }
    let bases = bases(&targets, &members, &scope);
    // The label of a matrix is the group of its targets.
    for target in &targets {
        if let Some(label) = &target.said.label {
            members.entry(label.clone()).or_default().push(target.name.clone());
        }
    }
    let first = targets.first().map(|target| target.place.path.clone());
    Evaluated {
        members,
        bases,
        refusal: refusal.or_else(|| scope.refusal()).map(|why| format!("bake refuses it: {why}")),
        files: read,
        first: first.or_else(|| parsed.first().map(|(path, _)| path.clone())),
        variables: environment.asked(),
        merging: Merging::new(targets),
    }
}

/// Returns the targets that others inherit from and that no group and no context names.
fn bases(targets: &[Target], groups: &HashMap<String, Vec<String>>, scope: &Scope) -> HashSet<String> {
    let listed: HashSet<&String> = groups.values().flatten().collect();
    let all: HashSet<&String> = targets.iter().map(|target| &target.name).collect();
    let contexts = targets.iter().flat_map(|target| &target.said.contexts);
    let needed: HashSet<&str> = contexts.filter_map(|(_, context)| linked::needed(context)).collect();
    let mut bases = HashSet::new();
    for name in targets.iter().flat_map(|target| &target.inherits) {
        if !all.contains(name) {
            scope.refuse("a target inherits from one that does not exist");
        }
        if !listed.contains(name) && !needed.contains(name.as_str()) {
            bases.insert(name.clone());
        }
    }
    bases
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::builds::files::tests::with;

    #[test]
    fn a_definition_is_evaluated_once_for_the_same_values() {
        let text = "variable \"V\" {}\ntarget \"a\" { args = { X = V } }\ntarget \"b\" {}\n";
        with(&[("docker-bake.hcl", text)], |files| {
            let composes = ParsedFiles::new(files);
            let definitions = Definitions::new(&composes);
            let run = |target: &str, environment: &[(&str, &str)]| {
                let environment = Environment::of(environment.iter().copied());
                let run = Run { targets: vec![target.to_owned()], environment, ..Run::default() };
                let found = super::super::definition(&definitions, &run).unwrap().unwrap();
                assert_eq!(found.variables.iter().filter(|name| *name == "V").count(), 1);
                let args = found.builds[0].args.iter().filter_map(|(_, value)| value.as_ref());
                args.map(ToString::to_string).collect::<String>()
            };
            let count = || definitions.done.borrow().values().map(Vec::len).sum::<usize>();
            for environment in [&[][..], &[("OTHER", "x")]] {
                assert_eq!([run("a", environment), run("b", environment)], ["", ""]);
            }
            assert_eq!(count(), 1);
            assert_eq!(run("a", &[("V", "x")]), "x");
            assert_eq!((count(), definitions.parsed.borrow().len()), (2, 1));
        });
    }
}
