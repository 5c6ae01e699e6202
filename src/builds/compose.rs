//! The services that `docker compose` builds: its files, merged as compose merges them. It never asks the machine that it
//! runs on for a variable. `extends` and `include` are resolved in `load`.

mod environment;
mod interpolate;
mod load;
mod merge;
mod parsed;
mod references;
mod schema;
mod scope;

use std::collections::{BTreeSet, HashSet};

use self::load::Loader;
use self::scope::Scope;
use super::declared::Said;
use super::document::{KeyValue, Node, Value};
use super::files::Files;
use super::{BuildFileKind, Declared, Place, is_remote, linked, settled};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;

pub(super) use environment::Environment;
pub(super) use load::COMPLETE;
pub(super) use parsed::ParsedFiles;

/// The names of compose's own files, the preferred first (compose-go `cli.DefaultFileNames`).
pub(super) const DEFAULTS: [&str; 4] =
    ["compose.yaml", "compose.yml", "docker-compose.yml", "docker-compose.yaml"];
/// The names of the files that compose lays over its own, the preferred first (`cli.DefaultOverrideFileNames`).
pub(super) const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// A run of compose.
#[derive(Clone, Debug, Default)]
pub(super) struct Run {
    /// The folder that it runs in, from the repository's root.
    pub(crate) folder: String,
    /// `-f`, relative to the folder.
    pub(crate) files: Vec<String>,
    /// `--project-directory`, relative to the folder.
    pub(crate) project_directory: Option<String>,
    /// `--env-file`, relative to the folder.
    pub(crate) env_files: Vec<String>,
    /// The variables that the call sets.
    pub(crate) environment: Environment,
}

/// A project: what a run of compose loads.
#[derive(Debug)]
pub(super) struct Project {
    pub(crate) builds: Vec<Declared>,
    /// The files that it was read from.
    pub(crate) files: Vec<String>,
    /// The folder that its paths are relative to.
    pub(crate) folder: String,
    /// The variables that it depends on.
    pub(crate) variables: BTreeSet<String>,
}

/// Loads the project of a run, as `docker compose` does (`cmd/compose.projectOptions.toProjectOptions`). `None` if there
/// are no files.
pub(super) fn project(parsed: &ParsedFiles<'_>, run: &Run) -> Option<Project> {
    let loader = Loader::new(parsed);
    let here = |path: &String| below(&run.folder, path);
    let mut environment = run.environment.clone();
    let mut chosen: Vec<String> = run.files.iter().map(here).collect();
    let directory = run.project_directory.as_ref().map(here);
    let folder = |chosen: &[String]| {
        let of_first = || chosen.first().map(|first| folder_of(first).to_owned());
        directory.clone().or_else(of_first)
    };
    let first = folder(&chosen).unwrap_or_else(|| run.folder.clone());
    let env_files = |folder: &str, environment: &mut Environment| {
        if run.env_files.is_empty() {
            loader.dot_env(folder, environment);
        }
        run.env_files.iter().for_each(|file| loader.env_file(&below(&run.folder, file), environment));
    };
    env_files(&first, &mut environment);
    if chosen.is_empty()
        && let Some(list) = environment.get("COMPOSE_FILE").filter(|list| !list.is_empty())
    {
        let separator = environment.get("COMPOSE_PATH_SEPARATOR").filter(|text| !text.is_empty());
        let separator = separator.unwrap_or_else(|| ":".into());
        chosen = list.split(separator.as_str()).map(|path| below(&run.folder, path)).collect();
    }
    if chosen.is_empty() {
        chosen = found(parsed.files, &first)?;
    }
    let folder = folder(&chosen).unwrap_or(first);
    env_files(&folder, &mut environment);
    let scope = Scope::new(folder.clone(), environment);
    let services = loader.model(&scope, &chosen, &[]);
    check(&loader, &services);
    loader.check_references();
    let of_service = |service: &KeyValue| Some((service.key.clone(), declared(service, &scope)?));
    let (names, mut builds): (Vec<String>, Vec<Declared>) = services.iter().filter_map(of_service).unzip();
    let built = services.iter().filter(|service| service.value.get("build").is_some());
    let built: HashSet<&str> = built.map(|service| service.key.as_str()).collect();
    for (_, why) in linked::link(&names, &mut builds, &|name| built.contains(name)) {
        loader.refuse(why);
    }
    let refusal = loader.refusal.take().map(|why| format!("docker compose refuses it: {why}"));
    for build in &mut builds {
        build.unsettled.extend(refusal.clone());
    }
    let variables = scope.environment.asked();
    Some(Project { builds, files: loader.read.take(), folder, variables })
}

/// The services of a run of bake that are built.
pub(super) struct Services {
    pub(crate) builds: Vec<(String, Place, Said)>,
    pub(crate) files: Vec<String>,
    /// The reason why they are refused.
    pub(crate) refusal: Option<String>,
}

/// Returns the services of some files, as bake reads them: `folder` is the one that it runs in (buildx `bake.ParseCompose`).
pub(super) fn services(
    parsed: &ParsedFiles<'_>,
    folder: &str,
    chosen: &[String],
    environment: &Environment,
) -> Services {
    let loader = Loader::new(parsed);
    let mut environment = environment.clone();
    loader.dot_env(folder, &mut environment);
    let scope = Scope::new(folder.to_owned(), environment);
    let services = loader.model(&scope, chosen, &[]);
    loader.check_references();
    let back =
        if folder.is_empty() { String::new() } else { vec!["../"; folder.split('/').count()].concat() };
    let built = |service: &KeyValue| {
        let (place, mut said) = said(service, &scope)?;
        // Its paths are complete; those of bake are relative to its folder.
        let of_bake = |context: &Pattern| {
            let known = context.known().is_some_and(|text| text.starts_with('/') || text.contains(':'));
            if known || is_remote(context) {
                return context.clone();
            }
            let mut whole = Pattern::text(&back);
            whole.push(context);
            whole
        };
        said.context = said.context.map(|context| of_bake(&context));
        said.contexts.iter_mut().for_each(|(_, context)| *context = of_bake(context));
        Some((service.key.clone(), place, said))
    };
    let builds = services.iter().filter_map(built).collect();
    Services { builds, files: loader.read.take(), refusal: loader.refusal.take() }
}

/// Returns compose's own files in a folder or above it (`cli.WithDefaultConfigPath`).
fn found(files: Files<'_>, folder: &str) -> Option<Vec<String>> {
    let mut folder = folder;
    loop {
        let first =
            |names: &[&str]| names.iter().map(|name| below(folder, name)).find(|path| files.has(path));
        if let Some(file) = first(&DEFAULTS) {
            return Some(std::iter::once(file).chain(first(&OVERRIDES)).collect());
        }
        if folder.is_empty() {
            return None;
        }
        folder = folder_of(folder);
    }
}

/// Finds what compose refuses once all is merged (`loader.checkConsistency`).
fn check(loader: &Loader<'_>, services: &[KeyValue]) {
    for service in services {
        let has = |key: &str| service.value.get(key).is_some();
        let build = |key: &str| service.value.at(&["build", key]).is_some();
        if service.value.value == Value::Null {
            loader.refuse(format!("service {} is not a map", service.key));
        }
        if build("dockerfile") && build("dockerfile_inline") {
            loader.refuse(format!("service {} has a dockerfile and a dockerfile_inline", service.key));
        }
        if !["build", "image", "provider"].into_iter().any(has) {
            loader.refuse(format!("service {} has neither an image nor a build", service.key));
        }
    }
}

/// Returns the build of a service.
fn declared(service: &KeyValue, scope: &Scope) -> Option<Declared> {
    let (place, said) = said(service, scope)?;
    let is_empty = said.context.as_ref().is_some_and(Pattern::is_empty);
    let mut declared = said.declared(place, vec![Pattern::default()], None)?;
    declared.unsettled.extend(is_empty.then(|| "the context is empty".to_owned()));
    Some(declared)
}

/// Returns what a service says of its build, and its place.
fn said(service: &KeyValue, scope: &Scope) -> Option<(Place, Said)> {
    let node = &service.value;
    let build = node.get("build").filter(|build| build.value != Value::Null)?;
    let text = |key: &str| build.get(key).and_then(Node::text);
    let list = |key: &str| Some(build.get(key)?.items().iter().filter_map(value).collect::<Vec<_>>());
    let context = match text("context") {
        Some(context) => rooted(context),
        None => Pattern::text(if scope.folder.is_empty() { "." } else { &scope.folder }),
    };
    let mut tags: Vec<Pattern> = node.get("image").and_then(value).into_iter().collect();
    let mut seen: HashSet<Pattern> = tags.iter().cloned().collect();
    tags.extend(list("tags").unwrap_or_default().into_iter().filter(|tag| seen.insert(tag.clone())));
    let resolved = |(name, value): (String, Option<String>)| {
        let value = value.or_else(|| scope.environment.get(&name));
        (name, value.as_deref().map(settled::pattern))
    };
    let said = Said {
        context: Some(context),
        dockerfile: text("dockerfile").map(settled::pattern),
        is_inline: text("dockerfile_inline").is_some(),
        target: text("target").map(settled::pattern),
        args: pairs(build.get("args")).into_iter().map(resolved).collect(),
        contexts: pairs(build.get("additional_contexts"))
            .into_iter()
            .filter_map(|(name, value)| Some((name, rooted(&value?))))
            .collect(),
        tags: Some(tags),
        platforms: list("platforms").or_else(|| Some(vec![value(node.get("platform")?)?])),
        label: None,
        unsettled: Vec::new(),
    };
    let (path, line) = node.get(merge::PLACE)?.text()?.rsplit_once(':')?;
    let place =
        Place { kind: BuildFileKind::Compose, path: RepoPath::new(path).ok()?, line: line.parse().ok()? };
    Some((place, said))
}

fn pairs(node: Option<&Node>) -> Vec<(String, Option<String>)> {
    node.map(merge::listed).unwrap_or_default()
}

fn value(node: &Node) -> Option<Pattern> {
    node.text().map(settled::pattern)
}

/// Returns a context relative to the root of the repository.
fn rooted(context: &str) -> Pattern {
    match context.strip_prefix(COMPLETE) {
        Some("") => Pattern::text("."),
        Some(path) => settled::pattern(path),
        None => settled::pattern(context),
    }
}

/// Returns the folder of a path.
pub(super) fn folder_of(path: &str) -> &str {
    path.rsplit_once('/').map_or("", |(folder, _)| folder)
}

/// Returns `path` in `folder`, cleaned. A path that leaves the repository stays as it is, so that no file has it.
pub(super) fn below(folder: &str, path: &str) -> String {
    let joined = match path.chars().next() {
        Some('/' | COMPLETE) => path.to_owned(),
        _ => format!("{COMPLETE}{folder}/{path}"),
    };
    clean(&joined).unwrap_or(joined)
}

/// Returns a complete path without `.` and `..`. `None` if it is absolute or leaves the repository.
fn clean(path: &str) -> Option<String> {
    let path = path.strip_prefix(COMPLETE)?;
    let mut kept: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                kept.pop().filter(|above| !settled::is_open(above))?;
            }
            part => kept.push(part),
        }
    }
    Some(kept.join("/"))
}

#[cfg(test)]
mod tests;
