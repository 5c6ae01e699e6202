//! The files that tools load without a call: `docker compose` and `docker buildx bake` those of their own names. A
//! file of another name that nothing loads may be loaded in several ways.

use std::collections::{BTreeMap, BTreeSet};

use super::Carrier;
use super::calls::Calls;
use crate::budget::SharedBudget;
use crate::builds::compose::{Environment, ParsedFiles};
use crate::builds::{BuildFileKind, Declared, Unreadable, bake, compose, mentions, settled};
use crate::git::RepoPath;

/// Returns the builds of files that tools load by convention, and of those that nothing loads.
pub(super) fn declared(
    composes: &ParsedFiles<'_>,
    carriers: &[Carrier],
    calls: &Calls<'_>,
    others: &[(RepoPath, String)],
) -> (Vec<Declared>, UnreadFiles) {
    let (mut found, mut unread, budget) = (Vec::new(), Vec::new(), SharedBudget::of(2));
    let bakes = calls.bakes();
    let mut loaded: BTreeSet<String> = BTreeSet::new();
    let of = |kind: BuildFileKind| {
        carriers.iter().filter(move |carrier| carrier.kind == kind).map(|carrier| {
            let path = carrier.path.as_str();
            (path, compose::folder_of(path), carrier.path.file_name())
        })
    };
    let folders = |kind: BuildFileKind, names: &'static [&'static str]| -> BTreeSet<&str> {
        let own = of(kind).filter(|(path, _, name)| names.contains(name) && !calls.is_elsewhere(path));
        own.map(|(_, folder, _)| folder).collect()
    };
    for folder in folders(BuildFileKind::Compose, &compose::DEFAULTS) {
        let run = compose::Run { folder: folder.to_owned(), ..compose::Run::default() };
        let first = carrier_in(carriers, BuildFileKind::Compose, folder, &compose::DEFAULTS);
        if let Some(mut project) = contained(&budget, first, &mut unread, || compose::project(composes, &run))
        {
            let mut set = calls.sets(&project.files, &project.variables);
            set.extend(mentions::set(others, &project.variables, "compose"));
            let again = |environment| {
                let run = compose::Run { environment, ..run.clone() };
                compose::project(composes, &run).map(|project| project.builds)
            };
            doubt(&mut project.builds, &set, |environment| {
                contained(&budget, first, &mut unread, || again(environment))
            });
            loaded.extend(project.files);
            found.extend(project.builds);
        }
    }
    for folder in folders(BuildFileKind::Bake, &bake::DEFAULTS) {
        let run = bake::Run { folder: folder.to_owned(), ..bake::Run::default() };
        let first = carrier_in(carriers, BuildFileKind::Bake, folder, &bake::DEFAULTS);
        match contained(&budget, first, &mut unread, || bake::definition(bakes, &run)) {
            Some(Ok(mut definition)) => {
                let mut set = calls.sets(&definition.files, &definition.variables);
                set.extend(mentions::set(others, &definition.variables, "bake"));
                let again = |environment| {
                    let run = bake::Run { environment, ..run.clone() };
                    bake::definition(bakes, &run)?.ok().map(|definition| definition.builds)
                };
                doubt(&mut definition.builds, &set, |environment| {
                    contained(&budget, first, &mut unread, || again(environment))
                });
                loaded.extend(definition.files);
                found.extend(definition.builds);
            }
            Some(Err(why)) => unread.push(why),
            None => {}
        }
    }
    found.extend(free((composes, bakes, &budget), carriers, &mut unread, &|path, name| {
        let is_own = compose::DEFAULTS.contains(&name)
            || compose::OVERRIDES.contains(&name)
            || bake::DEFAULTS.contains(&name);
        !calls.loads(path) && !loaded.contains(path) && !is_own
    }));
    (found, unread)
}

/// Doubts the builds of files that a call loads with variables of its own: those that are others if the variables have an
/// unknown value. `again` loads the files in an environment.
fn doubt(
    builds: &mut [Declared],
    set: &BTreeMap<String, String>,
    mut again: impl FnMut(Environment) -> Option<Vec<Declared>>,
) {
    for (name, place) in set {
        let unknown = Environment::of([(name.as_str(), settled::unknown(name))]);
        let others = again(unknown).unwrap_or_default();
        for build in builds.iter_mut() {
            let is_same = |other: &Declared| {
                let as_here = Declared {
                    tags: build.tags.clone(),
                    unsettled: build.unsettled.clone(),
                    ..other.clone()
                };
                as_here == *build
            };
            if !others.iter().any(is_same) {
                build.unsettled.push(format!("{place} may set {name}"));
            }
        }
    }
}

/// Files that cannot be read.
type UnreadFiles = Vec<(RepoPath, Unreadable)>;

/// Returns the carrier by which a tool starts in a folder.
fn carrier_in<'c>(
    carriers: &'c [Carrier],
    kind: BuildFileKind,
    folder: &str,
    names: &[&str],
) -> Option<&'c Carrier> {
    carriers.iter().find(|carrier| {
        carrier.kind == kind
            && compose::folder_of(carrier.path.as_str()) == folder
            && names.contains(&carrier.path.file_name())
    })
}

/// Does the work on one file; if it ends before its end, the file is unread.
fn contained<T>(
    budget: &SharedBudget,
    carrier: Option<&Carrier>,
    unread: &mut UnreadFiles,
    work: impl FnOnce() -> Option<T>,
) -> Option<T> {
    budget.contained(work).unwrap_or_else(|ended| {
        unread.extend(carrier.map(|carrier| (carrier.path.clone(), super::unreadable(1, &ended))));
        None
    })
}

/// Returns the builds of files by other names that nothing loads.
fn free(
    (composes, bakes, budget): (&ParsedFiles<'_>, &bake::Definitions<'_>, &SharedBudget),
    carriers: &[Carrier],
    unread: &mut UnreadFiles,
    is_free: &dyn Fn(&str, &str) -> bool,
) -> Vec<Declared> {
    let mut found = Vec::new();
    for carrier in carriers.iter().filter(|carrier| is_free(carrier.path.as_str(), carrier.path.file_name()))
    {
        let (path, name) = (carrier.path.as_str(), carrier.path.file_name());
        let folder = compose::folder_of(path);
        let mut builds = Vec::new();
        if carrier.kind == BuildFileKind::Compose {
            let names = compose::DEFAULTS.iter();
            let base = names.copied().find(|name| composes.files.has(&compose::below(folder, name)));
            for first in [None, base] {
                let run = compose::Run {
                    folder: folder.to_owned(),
                    files: first.into_iter().chain([name]).map(str::to_owned).collect(),
                    ..compose::Run::default()
                };
                let project = contained(budget, Some(carrier), unread, || compose::project(composes, &run));
                builds.extend(project.into_iter().flat_map(|project| project.builds));
            }
        } else if carrier.kind == BuildFileKind::Bake {
            let starts: BTreeSet<&str> = [folder, ""].into_iter().collect();
            for start in starts {
                let run = bake::Run {
                    folder: start.to_owned(),
                    files: vec![format!("{}{path}", compose::COMPLETE)],
                    ..bake::Run::default()
                };
                match contained(budget, Some(carrier), unread, || bake::definition(bakes, &run)) {
                    Some(Ok(definition)) => builds.extend(definition.builds),
                    Some(Err(why)) => unread.push(why),
                    None => {}
                }
            }
        }
        for build in &mut builds {
            build.unsettled.push(format!("nothing says how {path} is loaded"));
        }
        found.append(&mut builds);
    }
    found
}
