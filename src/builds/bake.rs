//! The targets that `docker buildx bake` builds: its files, compose files among them, merged as bake merges them. It never
//! asks the machine that it runs on for a variable.

mod evaluated;
mod expression;
mod file;
mod function;
mod merging;
mod value;

use std::collections::{BTreeSet, HashSet};

use self::evaluated::Evaluated;
use self::file::Parsed;
use super::compose::Environment;
use super::declared::Said;
use super::{Collected, Declared, Place, Unreadable, linked, settled};
use crate::git::RepoPath;
use crate::text::pattern::{Part, Pattern};

pub(super) use self::evaluated::Definitions;

/// The names of bake's own files, after those of compose, in the order in which they are merged (buildx
/// `bake.defaultFilenames`).
pub(super) const DEFAULTS: [&str; 4] =
    ["docker-bake.json", "docker-bake.hcl", "docker-bake.override.json", "docker-bake.override.hcl"];

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

/// Loads the definition of a run, as `docker buildx bake` does (buildx `bake.ParseFiles`). `None` if there are no files.
pub(super) fn definition(
    definitions: &Definitions<'_>,
    run: &Run,
) -> Option<Result<Definition, (RepoPath, Unreadable)>> {
    match &*definitions.evaluated(run)? {
        Ok(evaluated) => Some(of_run(evaluated, run)),
        Err(error) => Some(Err(error.clone())),
    }
}

/// Returns the builds of a run.
fn of_run(evaluated: &Evaluated, run: &Run) -> Result<Definition, (RepoPath, Unreadable)> {
    let mut builds = match declared(run, evaluated) {
        Ok(builds) => builds,
        Err(error) => match &evaluated.first {
            Some(path) => return Err((path.clone(), error)),
            None => Vec::new(),
        },
    };
    for build in &mut builds {
        build.unsettled.extend(evaluated.refusal.clone());
    }
    run.environment.ask(&evaluated.variables);
    Ok(Definition { builds, files: evaluated.files.clone(), variables: run.environment.asked() })
}

/// Checks that a bake file can be read.
pub(super) fn check(path: &RepoPath, text: &str) -> Result<(), Unreadable> {
    Parsed::read(path, text).map(drop)
}

/// Returns the builds of the targets, those that a target needs as a context too. A target that only serves as a parent is
/// not a build.
fn declared(run: &Run, evaluated: &Evaluated) -> Result<Vec<Declared>, Unreadable> {
    let merging = &evaluated.merging;
    let chosen = chosen(run, evaluated);
    let order = match &chosen {
        Some(chosen) => {
            let mut order: Vec<usize> = chosen.iter().filter_map(|name| merging.first(name)).collect();
            order.sort_unstable();
            order
        }
        None => merging.firsts(),
    };
    let mut names = Vec::new();
    let mut found = Collected::default();
    for target in order.into_iter().map(|at| &merging.targets[at]) {
        let Some(mut said) = merging.whole(&target.name, 0) else { continue };
        let is_open = said.context.is_none() && said.dockerfile.is_none() && said.target.is_none();
        let is_base = evaluated.bases.contains(&target.name);
        if chosen.is_none() && is_base && (is_open || target.name.starts_with('_')) {
            continue;
        }
        let unsettled = overridden(run, &target.name, &mut said);
        if let Some(mut declared) = placed(run, target.place.clone(), said) {
            declared.unsettled.extend(unsettled);
            names.push(target.name.clone());
            found.add(declared)?;
        }
    }
    let is_there = |name: &str| merging.first(name).is_some();
    for (at, why) in linked::link(&names, &mut found.builds, &is_there) {
        found.builds[at].unsettled.push(format!("bake refuses it: {why}"));
    }
    Ok(found.builds)
}

/// Returns the targets that a run names, and those that they need. `None` if it names none, or something that is not
/// known.
fn chosen(run: &Run, evaluated: &Evaluated) -> Option<HashSet<String>> {
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
        pending.extend(evaluated.members.get(&name).into_iter().flatten().cloned());
        let contexts = evaluated.merging.whole(&name, 0).map(|said| said.contexts).unwrap_or_default();
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
