//! The builds of a repository's Dockerfiles, by what its files describe. It never reads a file.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::{Carrier, Scan};
use crate::builds::{
    Build, BuildFileKind, BuildRun, ContextRoot, Declared, Mention, Place, Unreadable, mentions, resolve,
    running, unnamed,
};
use crate::config::{self, Config};
use crate::discover;
use crate::git::{EntryKind, RepoPath};
use crate::text::pattern::Pattern;

/// The builds of a repository.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Builds {
    /// The builds, grouped by Dockerfile, in order of the Dockerfiles.
    found: Vec<Build>,
    /// The files that should describe builds but cannot be read, in order of path.
    pub(crate) unread: Vec<Unread>,
    /// The builds whose Dockerfile is not planned: it has another name, or is in the build file itself.
    pub(crate) unplanned: Vec<Unread>,
    /// The places that may build a Dockerfile in a way that is not read.
    mentions: Vec<Mention>,
    /// The runs of the builds, in order of path and line.
    pub(crate) runs: Vec<BuildRun>,
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
        let start = self.found.partition_point(|build| build.dockerfile < *dockerfile);
        let end = self.found.partition_point(|build| build.dockerfile <= *dockerfile);
        &self.found[start..end]
    }

    /// Returns the places that may build a Dockerfile in a way that is not read; empty if `layerwright.toml` states how it
    /// is built. A line that does not tell what it builds counts only if no build is known.
    pub(crate) fn may_build(&self, dockerfile: &RepoPath) -> Vec<&Mention> {
        let is_configured = self.of(dockerfile).iter().any(|build| build.place.kind == BuildFileKind::Config);
        let is_known = !self.of(dockerfile).is_empty();
        let counts = |mention: &&Mention| !(is_configured || is_known && mention.is_vague());
        self.mentions.iter().filter(counts).filter(|mention| mention.may_build(dockerfile)).collect()
    }
}

impl Scan<'_> {
    /// Returns the files that builds state as their Dockerfiles and that have not the name of one, but those that the
    /// configuration excludes.
    pub(crate) fn dockerfiles(&self, config: &Config) -> BTreeSet<RepoPath> {
        let stated = self.by_other_names(config).filter(|(build, _)| build.unsettled.is_empty());
        stated.map(|(_, file)| file).collect()
    }

    /// Returns the builds of `dockerfiles`, which are sorted. A context in `layerwright.toml` overrides all others.
    pub(crate) fn builds(self, dockerfiles: &[&RepoPath], config: &Config) -> Builds {
        let listing = self.source.listing();
        let all = resolve::all(&self.declared, dockerfiles, listing);
        let mut builds = resolve::distinct(all.clone());
        let configured = resolve::resolve(&configured(config), dockerfiles, listing);
        builds.retain(|build| configured.iter().all(|own| own.dockerfile != build.dockerfile));
        builds.extend(configured.iter().cloned());
        for build in &mut builds {
            overrule(build, &configured, config);
        }
        builds.sort_by(|a, b| a.dockerfile.cmp(&b.dockerfile).then_with(|| a.place.cmp(&b.place)));
        let mentions = self.mentions(&builds, dockerfiles);
        let runs = running::runs(&all, &mentions, dockerfiles, self.texts());
        let mut unplanned = self.unplanned(dockerfiles, config);
        unplanned.extend(self.carriers.iter().flat_map(inline));
        unplanned.sort_by(|a, b| (&a.path, a.why.line).cmp(&(&b.path, b.why.line)));
        Builds { found: builds, unread: self.unread, unplanned, mentions, runs }
    }

    /// Returns the files that build something or may, with their texts.
    fn texts(&self) -> impl Iterator<Item = (&RepoPath, &str)> {
        let of_carriers = self.carriers.iter().map(|carrier| (&carrier.path, carrier.text.as_str()));
        of_carriers.chain(self.others.iter().map(|(path, text)| (path, text.as_str())))
    }

    /// Returns the places that may build a Dockerfile in a way that is not read.
    fn mentions(&self, builds: &[Build], dockerfiles: &[&RepoPath]) -> Vec<Mention> {
        let mut found: Vec<Mention> =
            self.others.iter().flat_map(|(path, text)| mentions::of(path, text)).collect();
        for carrier in &self.carriers {
            if let Some(unread) = self.unread.iter().find(|unread| unread.path == carrier.path) {
                found.extend(Mention::unread(carrier.kind, &unread.path, &carrier.text));
            } else {
                let read = carrier.lines();
                found.extend(mentions::unread_lines(carrier.kind, &carrier.path, &carrier.text, &read));
            }
        }
        let texts: Vec<(&RepoPath, &str)> = self.texts().collect();
        let unnamed = unnamed::mentions((&self.declared, builds), &found, dockerfiles, &texts);
        found.extend(unnamed);
        found
    }

    /// Returns the builds of files that have not the name of a Dockerfile, with the files.
    fn by_other_names(&self, config: &Config) -> impl Iterator<Item = (&Declared, RepoPath)> {
        let options = discover::Options::new(&config.files.include, &config.files.exclude);
        let placed =
            self.declared.iter().flat_map(|build| build.folders.iter().map(move |folder| (build, folder)));
        placed.filter_map(move |(build, folder)| {
            let file = resolve::below(folder, &build.dockerfile)?;
            let file = RepoPath::new(file.known()?).ok()?;
            let kind = self.source.listing().get(&file).map(|entry| entry.kind);
            let is_file = matches!(kind, Some(EntryKind::File { .. }));
            let is_excluded = options.as_ref().is_ok_and(|options| options.excludes(&file));
            let is_other = is_file && !is_excluded && !discover::has_name_of_dockerfile(&file);
            is_other.then_some((build, file))
        })
    }

    /// Returns the builds of files that have not the name of a Dockerfile and are not planned.
    fn unplanned(&self, dockerfiles: &[&RepoPath], config: &Config) -> Vec<Unread> {
        let mut seen: BTreeSet<RepoPath> = BTreeSet::new();
        let mut found = Vec::new();
        for (build, file) in self.by_other_names(config) {
            if dockerfiles.binary_search(&&file).is_err() && seen.insert(file.clone()) {
                let builds = if build.unsettled.is_empty() { "builds" } else { "may build" };
                let message =
                    format!("it {builds} {file}, which is not planned: add it to include in [files]");
                let why = Unreadable { line: build.place.line, message };
                found.push(Unread { path: build.place.path.clone(), why });
            }
        }
        found
    }
}

/// Gives a build, and those whose results it needs, what `layerwright.toml` says of its Dockerfile.
fn overrule(build: &mut Build, configured: &[Build], config: &Config) {
    if let Some(own) = configured.iter().find(|own| own.dockerfile == build.dockerfile) {
        *build = own.clone();
    }
    let own = config.build.get(build.dockerfile.as_str());
    if let Some(target) = own.and_then(|own| own.target.as_ref()) {
        build.target = Some(Pattern::text(target));
    }
    for root in build.contexts.values_mut() {
        if let ContextRoot::Result(_, needed) = root {
            overrule(Arc::make_mut(needed), configured, config);
        }
    }
}

/// Returns the lines of a compose or bake file that have a Dockerfile inline.
fn inline(carrier: &Carrier) -> Vec<Unread> {
    let key = match carrier.kind {
        BuildFileKind::Compose => "dockerfile_inline",
        BuildFileKind::Bake => "dockerfile-inline",
        _ => return Vec::new(),
    };
    let is_key = |line: &str| line.trim_start_matches([' ', '\t', '"', '{', '-']).starts_with(key);
    let lines = carrier.text.lines().enumerate().filter(|(_, line)| is_key(line));
    let why =
        |at: usize| Unreadable { line: at + 1, message: "an inline Dockerfile, which is not planned".into() };
    lines.map(|(at, _)| Unread { path: carrier.path.clone(), why: why(at) }).collect()
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
            let place = Place { kind: BuildFileKind::Config, path: path.clone(), line };
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
