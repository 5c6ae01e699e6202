//! The files that tools load without a call: `docker compose` and `docker buildx bake` those of their own names. A
//! file of another name that nothing loads may be loaded in several ways.

use std::collections::BTreeSet;

use super::Carrier;
use super::calls::Calls;
use crate::builds::files::Files;
use crate::builds::{Declared, Kind, bake, compose};

/// Returns the builds of files that tools load by convention, and of those that nothing loads.
pub(super) fn declared(files: Files<'_>, carriers: &[Carrier], calls: &Calls<'_>) -> Vec<Declared> {
    let mut found = Vec::new();
    let mut loaded: BTreeSet<String> = BTreeSet::new();
    let of = |kind: Kind| {
        carriers.iter().filter(move |carrier| carrier.kind == kind).map(|carrier| {
            let path = carrier.path.as_str();
            (path, compose::folder_of(path), carrier.path.file_name())
        })
    };
    let folders = |kind: Kind, names: &'static [&'static str]| -> BTreeSet<&str> {
        let own = of(kind).filter(|(path, _, name)| names.contains(name) && !calls.is_elsewhere(path));
        own.map(|(_, folder, _)| folder).collect()
    };
    for folder in folders(Kind::Compose, &compose::DEFAULTS) {
        let run = compose::Run { folder: folder.to_owned(), ..compose::Run::default() };
        if let Some(project) = compose::project(files, &run) {
            loaded.extend(project.files);
            found.extend(project.builds);
        }
    }
    for folder in folders(Kind::Bake, &bake::DEFAULTS) {
        let run = bake::Run { folder: folder.to_owned(), ..bake::Run::default() };
        if let Some(Ok(definition)) = bake::definition(files, &run) {
            loaded.extend(definition.files);
            found.extend(definition.builds);
        }
    }
    found.extend(free(files, carriers, &|path, name| {
        let is_own = compose::DEFAULTS.contains(&name)
            || compose::OVERRIDES.contains(&name)
            || bake::DEFAULTS.contains(&name);
        !calls.loads(path) && !loaded.contains(path) && !is_own
    }));
    found
}

/// Returns the builds of files by other names that nothing loads.
fn free(files: Files<'_>, carriers: &[Carrier], is_free: &dyn Fn(&str, &str) -> bool) -> Vec<Declared> {
    let mut found = Vec::new();
    for carrier in carriers.iter().filter(|carrier| is_free(carrier.path.as_str(), carrier.path.file_name()))
    {
        let (path, name) = (carrier.path.as_str(), carrier.path.file_name());
        let folder = compose::folder_of(path);
        let mut builds = Vec::new();
        if carrier.kind == Kind::Compose {
            let names = compose::DEFAULTS.iter();
            let base = names.copied().find(|name| files.has(&compose::below(folder, name)));
            for first in [None, base] {
                let run = compose::Run {
                    folder: folder.to_owned(),
                    files: first.into_iter().chain([name]).map(str::to_owned).collect(),
                    ..compose::Run::default()
                };
                builds.extend(compose::project(files, &run).into_iter().flat_map(|project| project.builds));
            }
        } else if carrier.kind == Kind::Bake {
            let starts: BTreeSet<&str> = [folder, ""].into_iter().collect();
            for start in starts {
                let run = bake::Run {
                    folder: start.to_owned(),
                    files: vec![format!("{}{path}", compose::COMPLETE)],
                    ..bake::Run::default()
                };
                if let Some(Ok(definition)) = bake::definition(files, &run) {
                    builds.extend(definition.builds);
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
