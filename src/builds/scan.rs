//! Searches a repository for files that describe the builds of its Dockerfiles. It never runs them.

use rayon::prelude::*;

use super::{
    Build, Declared, Kind, Place, Unreadable, bake, compose, devcontainer, makefile, names, resolve, script,
    workflow,
};
use crate::budget::{self, Ended};
use crate::config::{self, Config};
use crate::discover::SourceTree;
use crate::git::{Entry, EntryKind, RepoPath};
use crate::text::pattern::Pattern;

/// Larger files are data that only has a matching name.
const MOST_BYTES: u64 = 1 << 20;

/// Folders whose files describe the builds of other repositories.
const OTHERS: [&str; 2] = ["node_modules", "vendor"];

/// The builds of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Builds {
    /// The builds, grouped by Dockerfile, in order of the Dockerfiles.
    builds: Vec<Build>,
    /// The files that should describe builds but cannot be read, in order of path.
    pub(crate) unread: Vec<Unread>,
}

/// A file that should describe builds but cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unread {
    /// The file.
    pub(crate) path: RepoPath,
    /// The line and the reason.
    pub(crate) why: Unreadable,
}

impl Builds {
    /// Returns the builds of one Dockerfile.
    pub(crate) fn of(&self, dockerfile: &RepoPath) -> &[Build] {
        let start = self.builds.partition_point(|build| build.dockerfile < *dockerfile);
        let end = self.builds.partition_point(|build| build.dockerfile <= *dockerfile);
        &self.builds[start..end]
    }
}

/// Finds the builds of `dockerfiles`, which are sorted. A context in `layerwright.toml` overrides all others.
pub(crate) fn find(source: &SourceTree<'_>, dockerfiles: &[&RepoPath], config: &Config) -> Builds {
    let read = |entry: &Entry| -> Option<(RepoPath, Result<Vec<Declared>, Unreadable>)> {
        let kind = reader(entry)?;
        let bytes = source.read(&entry.path, MOST_BYTES).ok()?;
        let text = String::from_utf8_lossy(&bytes);
        let ended = |ended: Ended| Err(Unreadable { line: 1, message: ended.to_string() });
        let declared = budget::contained(|| declared(kind, &entry.path, &text)).unwrap_or_else(ended);
        Some((entry.path.clone(), declared))
    };
    let entries = source.listing().entries();
    let found: Vec<(RepoPath, Result<Vec<Declared>, Unreadable>)> =
        entries.par_iter().filter_map(read).collect();
    let mut all = Vec::new();
    let mut unread = Vec::new();
    for (path, declared) in found {
        match declared {
            Ok(declared) => all.extend(declared),
            Err(why) => unread.push(Unread { path, why }),
        }
    }
    let mut builds = resolve(&all, dockerfiles, source.listing());
    let configured = configured(config);
    let configured = resolve(&configured, dockerfiles, source.listing());
    builds.retain(|build| configured.iter().all(|own| own.dockerfile != build.dockerfile));
    builds.extend(configured);
    for build in &mut builds {
        let own = config.build.get(build.dockerfile.as_str());
        if let Some(target) = own.and_then(|own| own.target.as_ref()) {
            build.target = Some(Pattern::text(target));
        }
    }
    builds.sort_by(|a, b| a.dockerfile.cmp(&b.dockerfile).then_with(|| a.place.cmp(&b.place)));
    Builds { builds, unread }
}

/// Returns the kind of a file by its name; an executable file without an extension may be a script.
fn reader(entry: &Entry) -> Option<Kind> {
    let EntryKind::File { executable } = entry.kind else { return None };
    let kind = names::kind_of(&entry.path);
    let kind = kind.or_else(|| (executable && !entry.path.file_name().contains('.')).then_some(Kind::Script));
    let of_others = || entry.path.components().rev().skip(1).any(|name| OTHERS.contains(&name));
    kind.filter(|_| !of_others())
}

fn declared(kind: Kind, path: &RepoPath, text: &str) -> Result<Vec<Declared>, Unreadable> {
    match kind {
        Kind::Compose => compose::declared(path, text),
        Kind::Bake => bake::declared(path, text),
        Kind::Workflow => workflow::declared(path, text),
        Kind::Devcontainer => devcontainer::declared(path, text),
        Kind::Script => Ok(script::declared(path, text)),
        Kind::Makefile => Ok(makefile::declared(path, text)),
        Kind::Config => Ok(Vec::new()),
    }
}

/// Returns the builds of `[build]` that name their context.
fn configured(config: &Config) -> Vec<Declared> {
    let Ok(path) = RepoPath::new(config::FILE_NAME) else { return Vec::new() };
    let pattern = |text: &String| Pattern::text(text);
    config
        .build
        .iter()
        .filter_map(|(dockerfile, build)| {
            let line = config.line_in("build", dockerfile, "");
            let place = Place { kind: Kind::Config, path: path.clone(), line };
            let dockerfile = Pattern::text(dockerfile);
            let mut declared = Declared::new(place, vec![Pattern::default()], dockerfile);
            declared.context = Some(pattern(build.context.as_ref()?));
            declared.target = build.target.as_ref().map(pattern);
            let args = build.args.iter();
            declared.args = args.map(|(name, value)| (name.clone(), Some(pattern(value)))).collect();
            let contexts = build.contexts.iter();
            declared.contexts = contexts.map(|(name, at)| (name.clone(), pattern(at))).collect();
            declared.platforms = build.platforms.iter().map(pattern).collect();
            Some(declared)
        })
        .collect()
}
