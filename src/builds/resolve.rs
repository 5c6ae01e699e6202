//! Resolves builds as they are written in files to Dockerfiles. It never reads a file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::hash::Hash;
use std::sync::Arc;

use super::{Build, ContextRoot, Declared, Tool, is_remote};
use crate::git::{Listing, RepoPath};
use crate::text::pattern::{Bindings, Part, Pattern};

/// The most unknown variables in a path; with more, it is too vague to identify a Dockerfile.
const MOST_HOLES: usize = 3;

/// Returns the builds of the declared ones, grouped by Dockerfile in the order of `dockerfiles`; of equal builds the one
/// that is known best. A declared build whose path does not name a Dockerfile is left out.
pub(crate) fn resolve(declared: &[Declared], dockerfiles: &[&RepoPath], listing: &Listing) -> Vec<Build> {
    distinct(all(declared, dockerfiles, listing))
}

/// Returns each build once, grouped by Dockerfile; of equal builds the one that is known best.
pub(super) fn distinct(mut builds: Vec<Resolved>) -> Vec<Build> {
    builds.sort_by(|a, b| {
        let best = |found: &Resolved| std::cmp::Reverse(found.build.level());
        (a.dockerfile, best(a), &a.build.place).cmp(&(b.dockerfile, best(b), &b.build.place))
    });
    let is_first: Vec<bool> = {
        let mut seen = HashSet::new();
        builds.iter().map(|found| seen.insert(settings(&found.build))).collect()
    };
    let first = builds.into_iter().zip(is_first).filter(|(_, is_first)| *is_first);
    first.map(|(found, _)| found.build).collect()
}

/// A declared build of one Dockerfile.
#[derive(Clone, Debug)]
pub(super) struct Resolved {
    /// The number of the Dockerfile.
    dockerfile: usize,
    pub(crate) build: Build,
    /// The tool that runs it.
    pub(crate) tool: Tool,
}

/// Returns every build of the declared ones; equal ones as often as they are declared.
pub(super) fn all(declared: &[Declared], dockerfiles: &[&RepoPath], listing: &Listing) -> Vec<Resolved> {
    let repository = Repository {
        dockerfiles,
        by_path: dockerfiles.iter().enumerate().map(|(at, path)| (path.as_str(), at)).collect(),
        listing,
    };
    let mut builds = Vec::new();
    for declared in declared {
        for folder in &declared.folders {
            let Some(pattern) = below(folder, &declared.dockerfile) else { continue };
            for (at, bindings) in repository.meant(&pattern) {
                let mut build = repository.build(declared, folder, dockerfiles[at], &bindings);
                let folders = (declared.folders.len() > 1)
                    .then(|| "the folder that its paths are relative to".to_owned());
                let bound = bindings.keys().map(|name| format!("${{{name}}}"));
                build.unsettled.extend(folders.into_iter().chain(bound));
                build.unsettled.sort();
                build.unsettled.dedup();
                builds.push(Resolved { dockerfile: at, build, tool: declared.tool });
            }
        }
    }
    builds
}

/// Returns the settings of a build, by which it is another build than one from another place.
fn settings(build: &Build) -> impl Hash + Eq {
    let Build { place: _, unsettled: _, callers: _, dockerfile, context, target, args, contexts, .. } = build;
    let Build { tags, platforms, from_git, .. } = build;
    ((dockerfile, context, target), (args, contexts), (tags, platforms), from_git)
}

/// Returns the unknown parts of the folders of a build.
fn unsettled(build: &Build) -> Vec<String> {
    let roots = [&build.context].into_iter().chain(build.contexts.values());
    let open = roots.filter_map(|root| match root {
        ContextRoot::Elsewhere(what) if what.contains("${") => Some(format!("the folder {what}")),
        _ => None,
    });
    open.collect()
}

/// The Dockerfiles and folders of a repository.
struct Repository<'r> {
    dockerfiles: &'r [&'r RepoPath],
    by_path: HashMap<&'r str, usize>,
    listing: &'r Listing,
}

impl Repository<'_> {
    /// Returns the Dockerfiles that a path may name, each with the values of its variables.
    fn meant(&self, pattern: &Pattern) -> Vec<(usize, Bindings)> {
        if let Some(path) = pattern.known() {
            return self.by_path.get(path).map(|&at| (at, Bindings::new())).into_iter().collect();
        }
        if !says_enough(pattern) {
            return Vec::new();
        }
        let matching = self.dockerfiles.iter().enumerate();
        matching.filter_map(|(at, path)| Some((at, pattern.matches(path.as_str())?))).collect()
    }

    fn build(
        &self,
        declared: &Declared,
        folder: &Pattern,
        dockerfile: &RepoPath,
        bindings: &Bindings,
    ) -> Build {
        let bound = |pattern: &Pattern| pattern.bind(bindings);
        let root = |pattern: &Pattern| context_root(&bound(folder), &bound(pattern), self.listing);
        let named = |(name, at): &(String, Pattern)| {
            let result = declared.results.iter().find(|(context, _)| context == name);
            let built = result.and_then(|(_, needed)| self.result(needed));
            let root =
                built.map_or_else(|| root(at), |build| ContextRoot::Result(at.to_string(), Arc::new(build)));
            (name.clone(), root)
        };
        let mut args = BTreeMap::new();
        // An argument from the environment is not passed on if it is not set there.
        for (name, given) in &declared.args {
            if let Some(given) = given {
                args.insert(name.clone(), bound(given).known().map(str::to_owned));
            }
        }
        let mut build = Build {
            place: declared.place.clone(),
            dockerfile: dockerfile.clone(),
            context: declared
                .context
                .as_ref()
                .map_or_else(|| ContextRoot::Elsewhere("a context that is not named".into()), root),
            target: declared.target.as_ref().map(bound).filter(|target| !target.is_empty()),
            args,
            contexts: declared.contexts.iter().map(named).collect(),
            tags: declared.tags.iter().map(bound).filter(|tag| !tag.is_empty()).collect(),
            platforms: declared.platforms.iter().map(|platform| bound(platform).to_string()).collect(),
            unsettled: declared.unsettled.clone(),
            callers: declared.callers.clone(),
            from_git: declared.from_git,
        };
        let open = unsettled(&build);
        build.unsettled.extend(open);
        build
    }

    /// Returns the build whose result another needs. `None` if it is not settled which Dockerfile it builds.
    fn result(&self, needed: &Declared) -> Option<Build> {
        let [folder] = needed.folders.as_slice() else { return None };
        let path = below(folder, &needed.dockerfile)?;
        let at = *self.by_path.get(path.known()?)?;
        Some(self.build(needed, folder, self.dockerfiles[at], &Bindings::new()))
    }
}

/// Returns true if a path with unknown parts identifies Dockerfiles. One that is unknown up to a final `/Dockerfile` would
/// match them all.
pub(super) fn says_enough(path: &Pattern) -> bool {
    let holes = path.parts().iter().filter(|part| matches!(part, Part::Hole(_))).count();
    let has_name = path.parts().iter().any(|part| match part {
        Part::Text(text) => text.split('/').any(|name| !name.is_empty() && name != "Dockerfile"),
        Part::Hole(_) => false,
    });
    holes <= MOST_HOLES && has_name
}

fn context_root(folder: &Pattern, context: &Pattern, listing: &Listing) -> ContextRoot {
    let elsewhere = || ContextRoot::Elsewhere(context.to_string());
    if is_remote(context) {
        return elsewhere();
    }
    let Some(path) = below(folder, context) else { return elsewhere() };
    match path.known() {
        Some("") => ContextRoot::Folder(None),
        Some(path) => match RepoPath::new(path) {
            Ok(path) if listing.is_dir(&path) => ContextRoot::Folder(Some(path)),
            Ok(path) => ContextRoot::Elsewhere(path.to_string()),
            Err(_) => elsewhere(),
        },
        None => elsewhere(),
    }
}

/// Returns `path` below `folder`, without `.` and `..`. `None` if it is absolute, if it leaves the repository, or if
/// `..` follows a component with an unknown part.
pub(super) fn below(folder: &Pattern, path: &Pattern) -> Option<Pattern> {
    if matches!(path.parts().first(), Some(Part::Text(text)) if text.starts_with('/')) {
        return None;
    }
    let mut whole = folder.clone();
    whole.push_text("/");
    whole.push(path);
    let mut kept: Vec<Pattern> = Vec::new();
    for component in components(&whole) {
        match component.known() {
            Some("" | ".") => {}
            Some("..") => kept.pop().filter(|above| above.known().is_some()).map(drop)?,
            _ => kept.push(component),
        }
    }
    let mut clean = Pattern::default();
    for (at, component) in kept.iter().enumerate() {
        clean.push_text(if at == 0 { "" } else { "/" });
        clean.push(component);
    }
    Some(clean)
}

/// Returns the components between the slashes.
fn components(path: &Pattern) -> Vec<Pattern> {
    let mut found = Vec::new();
    let mut current = Pattern::default();
    for part in path.parts() {
        let Part::Text(text) = part else {
            current.push(&Pattern::from(part.clone()));
            continue;
        };
        for (at, piece) in text.split('/').enumerate() {
            if at > 0 {
                found.push(std::mem::take(&mut current));
            }
            current.push_text(piece);
        }
    }
    found.push(current);
    found
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::super::{BuildFileKind, Place};
    use super::*;

    fn path(path: &str) -> RepoPath {
        RepoPath::new(path).unwrap()
    }

    /// `$x` is a hole with a one-letter name.
    fn pattern(text: &str) -> Pattern {
        let mut pattern = Pattern::default();
        for (at, part) in text.split('$').enumerate() {
            let hole = part.len().min(usize::from(at > 0));
            if hole > 0 {
                pattern.push_hole(&part[..hole]);
            }
            pattern.push_text(&part[hole..]);
        }
        pattern
    }

    fn declared(folders: &[&str], dockerfile: &str, context: &str, tag: &str) -> Declared {
        let place = Place { kind: BuildFileKind::Script, path: path("build.sh"), line: 3 };
        let folders = folders.iter().map(|folder| pattern(folder)).collect();
        let mut declared = Declared::new(place, folders, pattern(dockerfile));
        declared.context = Some(pattern(context));
        declared.tags = vec![pattern(tag)];
        declared
    }

    fn found(declared: &[Declared], files: &[&str]) -> Vec<String> {
        let folder = tempfile::tempdir().unwrap();
        for file in files {
            let at = folder.path().join(file);
            fs::create_dir_all(at.parent().unwrap()).unwrap();
            fs::write(at, "FROM scratch\n").unwrap();
        }
        let listing = Listing::of_folder(folder.path());
        let paths: Vec<RepoPath> = files.iter().map(|file| path(file)).collect();
        let builds = resolve(declared, &paths.iter().collect::<Vec<_>>(), &listing);
        let shown = |build: &Build| {
            let context = match &build.context {
                ContextRoot::Folder(_) => build.context.to_string(),
                elsewhere => format!("elsewhere: {elsewhere}"),
            };
            format!("{} from {context} as {}", build.dockerfile, build.tags[0])
        };
        builds.iter().map(shown).collect()
    }

    #[test]
    fn a_loop_over_folders_means_each_of_them_and_names_its_image() {
        let images = declared(&[""], "images/$n/Dockerfile", "images/$n", "registry/$n:$v");
        let files = ["images/go/Dockerfile", "images/rust/Dockerfile", "other/Dockerfile"];
        assert_eq!(
            found(&[images], &files),
            [
                "images/go/Dockerfile from images/go as registry/go:${v}",
                "images/rust/Dockerfile from images/rust as registry/rust:${v}"
            ]
        );
    }

    #[test]
    fn a_folder_without_the_dockerfile_does_not_count_and_equal_builds_are_one() {
        let one = declared(&["scripts", ""], "app/../app/Dockerfile", "./app/.", "app");
        assert_eq!(found(&[one.clone(), one], &["app/Dockerfile"]), ["app/Dockerfile from app as app"]);
    }

    #[test]
    fn what_says_too_little_means_nothing() {
        assert!(found(&[declared(&[""], "$d/Dockerfile", "$d", "x")], &["app/Dockerfile"]).is_empty());
        assert!(found(&[declared(&[""], "../Dockerfile", ".", "x")], &["Dockerfile"]).is_empty());
        assert!(found(&[declared(&[""], "/srv/Dockerfile", ".", "x")], &["srv/Dockerfile"]).is_empty());
        let remote = declared(&[""], "Dockerfile", "https://example.org/x.git", "x");
        assert_eq!(
            found(&[remote], &["Dockerfile"]),
            ["Dockerfile from elsewhere: https://example.org/x.git as x"]
        );
    }
}
