//! Searches a repository for files that describe the builds of its Dockerfiles. It never runs them.

mod calls;
mod conventions;

use std::collections::BTreeSet;

use memchr::memmem;
use rayon::prelude::*;

use self::calls::Calls;
use super::files::{Files, MOST_BYTES};
use super::script::{Repository, Runs};
use super::workflow::Flow;
use super::{
    Build, BuildFileKind, Declared, Mention, Place, Unreadable, bake, cloud_build, devcontainer, jenkinsfile,
    justfile, makefile, mentions, names, package, resolve, script, skaffold, taskfile, woodpecker, workflow,
    yaml,
};
use crate::budget::{self, Ended};
use crate::config::{self, Config};
use crate::discover::{self, ReadError, SourceTree, Target};
use crate::git::{EntryKind, RepoPath, TreeEntry, is_lfs_pointer};
use crate::text::pattern::Pattern;

/// Folders whose files describe the builds of other repositories.
const OTHERS: [&str; 2] = ["node_modules", "vendor"];
/// The words by which a file calls make; scripts and Makefiles by the first only with variables.
const MAKE: [&str; 5] = ["make ", "(MAKE)", "{MAKE}", "make -C ", "make -f "];
/// The most bytes of a file in which the names of Dockerfiles are looked for.
const MOST_SEARCHED: u64 = 16 << 20;
/// The number of searches for the names of scripts that build images: a script may call one that calls another.
const ROUNDS: usize = 3;

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
    /// is built.
    pub(crate) fn may_build(&self, dockerfile: &RepoPath) -> Vec<&Mention> {
        let is_configured = self.of(dockerfile).iter().any(|build| build.place.kind == BuildFileKind::Config);
        let all = self.mentions.iter().filter(|mention| !is_configured && mention.may_build(dockerfile));
        all.collect()
    }
}

/// A file that may describe builds, or run them.
struct Carrier {
    kind: BuildFileKind,
    path: RepoPath,
    text: String,
    /// Its builds and calls, or the reason why it cannot be read.
    read: Result<Read, Unreadable>,
}

impl Carrier {
    /// Returns true if it builds something, or calls what may.
    fn runs_something(&self) -> bool {
        let runs = self.read.as_ref().map(|read| &read.flow.runs);
        runs.is_ok_and(|runs| !runs.builds.is_empty() || !runs.invocations.is_empty())
    }

    /// Returns true if a build or a call is written on a line.
    fn has_at(&self, line: usize) -> bool {
        let runs = self.read.as_ref().map(|read| &read.flow.runs);
        runs.is_ok_and(|runs| {
            runs.builds.iter().any(|build| build.place.line == line)
                || runs.invocations.iter().any(|call| call.place.line == line)
        })
    }
}

/// The builds and calls of a carrier.
#[derive(Default)]
struct Read {
    flow: Flow,
    /// The Makefiles that it includes.
    included: BTreeSet<String>,
}

impl From<Runs> for Read {
    fn from(runs: Runs) -> Self {
        Self { flow: Flow { runs, ..Flow::default() }, ..Self::default() }
    }
}

/// Finds the builds of `dockerfiles`, which are sorted. A context in `layerwright.toml` overrides all others.
pub(crate) fn find(source: &SourceTree<'_>, dockerfiles: &[&RepoPath], config: &Config) -> Builds {
    let files = Files::new(source);
    let entries = source.listing().entries();
    let mut carriers: Vec<Carrier> =
        entries.par_iter().filter_map(|entry| carrier(source, files, entry)).collect();
    let scripts = read_callers(files, &mut carriers);
    let mut unread = Vec::new();
    for carrier in &mut carriers {
        if let Err(why) =
            std::mem::replace(&mut carrier.read, Ok(Read::default())).map(|read| carrier.read = Ok(read))
        {
            unread.push(Unread { path: carrier.path.clone(), why });
        }
    }
    let mut calls = Calls::new(files, &carriers, scripts);
    calls.follow();
    let mut all = calls.finish();
    let others = uninterpreted(source);
    let (by_convention, unread_by_convention) = conventions::declared(files, &carriers, &calls, &others);
    all.extend(by_convention);
    for (path, why) in calls.unread().into_iter().chain(unread_by_convention) {
        if unread.iter().all(|other| other.path != path) {
            unread.push(Unread { path, why });
        }
    }
    unread.sort_by(|a, b| a.path.cmp(&b.path));
    let mut builds = resolve::resolve(&all, dockerfiles, source.listing());
    let configured = configured(config);
    let configured = resolve::resolve(&configured, dockerfiles, source.listing());
    builds.retain(|build| configured.iter().all(|own| own.dockerfile != build.dockerfile));
    builds.extend(configured);
    for build in &mut builds {
        let own = config.build.get(build.dockerfile.as_str());
        if let Some(target) = own.and_then(|own| own.target.as_ref()) {
            build.target = Some(Pattern::text(target));
        }
    }
    builds.sort_by(|a, b| a.dockerfile.cmp(&b.dockerfile).then_with(|| a.place.cmp(&b.place)));
    let mut mentions: Vec<Mention> =
        others.iter().flat_map(|(path, text)| mentions::of(path, text)).collect();
    for carrier in &carriers {
        if let Some(unread) = unread.iter().find(|unread| unread.path == carrier.path) {
            mentions.extend(Mention::unread(carrier.kind, &unread.path, &carrier.text));
        } else {
            let is_read = |line: usize| carrier.has_at(line);
            mentions.extend(mentions::unread_lines(carrier.kind, &carrier.path, &carrier.text, &is_read));
        }
    }
    let mut unplanned = unplanned(&all, dockerfiles, source, config);
    unplanned.extend(carriers.iter().flat_map(inline));
    unplanned.sort_by(|a, b| (&a.path, a.why.line).cmp(&(&b.path, b.why.line)));
    Builds { found: builds, unread, unplanned, mentions }
}

/// Returns the builds of files that have not the name of a Dockerfile and are not planned.
fn unplanned(
    all: &[Declared],
    dockerfiles: &[&RepoPath],
    source: &SourceTree<'_>,
    config: &Config,
) -> Vec<Unread> {
    let options = discover::Options::new(&config.files.include, &config.files.exclude);
    let is_excluded = |path: &RepoPath| options.as_ref().is_ok_and(|options| options.excludes(path));
    let mut seen: BTreeSet<RepoPath> = BTreeSet::new();
    let mut found = Vec::new();
    let placed = all.iter().flat_map(|build| build.folders.iter().map(move |folder| (build, folder)));
    for (build, folder) in placed {
        let file = resolve::below(folder, &build.dockerfile);
        let file = file.as_ref().and_then(Pattern::known).and_then(|path| RepoPath::new(path).ok());
        let Some(file) = file.filter(|file| dockerfiles.binary_search(&file).is_err()) else { continue };
        let is_file =
            matches!(source.listing().get(&file).map(|entry| entry.kind), Some(EntryKind::File { .. }));
        if is_file && !discover::has_name_of_dockerfile(&file) && !is_excluded(&file) && !seen.contains(&file)
        {
            let builds = if build.unsettled.is_empty() { "builds" } else { "may build" };
            let message = format!("it {builds} {file}, which is not planned: add it to include in [files]");
            let why = Unreadable { line: build.place.line, message };
            found.push(Unread { path: build.place.path.clone(), why });
            seen.insert(file);
        }
    }
    found
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

/// Returns the files of kinds that are not interpreted and that may build images, with their texts.
fn uninterpreted(source: &SourceTree<'_>) -> Vec<(RepoPath, String)> {
    let entries = source.listing().entries().par_iter();
    let read = entries.filter(|entry| mentions::is_read(&entry.path) && !is_of_others(entry));
    let texts = read.filter_map(|entry| {
        let bytes = source.read(&entry.path, MOST_BYTES).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        mentions::may_build(&text).then(|| (entry.path.clone(), text))
    });
    texts.collect()
}

/// Reads a file if its name says that it may describe builds. The name of a link does too.
fn carrier(source: &SourceTree<'_>, files: Files<'_>, entry: &TreeEntry) -> Option<Carrier> {
    let by_name = names::kind_of(&entry.path).filter(|_| !is_of_others(entry));
    let kind = by_name.or_else(|| script_without_ending(entry))?;
    let (text, trouble) = match text_of(source, &entry.path, MOST_BYTES) {
        Ok(text) => (text, None),
        // The text of a file that is too large still tells what it may build.
        Err(why) => (text_of(source, &entry.path, MOST_SEARCHED).unwrap_or_default(), Some(why)),
    };
    let scripts = BTreeSet::new();
    let read = match trouble {
        Some(_) if by_name.is_none() => return None,
        Some(message) => Err(Unreadable { line: 1, message }),
        None => contained(Repository { files, scripts: &scripts }, kind, &entry.path, &text),
    };
    Some(Carrier { kind, path: entry.path.clone(), text, read })
}

/// Returns the text of a file, links followed, or the reason why it is not read.
fn text_of(source: &SourceTree<'_>, path: &RepoPath, most: u64) -> Result<String, String> {
    let file = match source.follow(path) {
        Target::Inside(Some(file)) => file,
        Target::Outside(target) => return Err(format!("it is a link out of the repository, to {target}")),
        Target::Inside(None) | Target::Nowhere => return Err("it is a link that leads nowhere".to_owned()),
    };
    let bytes = source.read(&file, most).map_err(|error| match error {
        ReadError::TooLarge { size, .. } => format!("it has {size} bytes; at most {most} are read"),
        ReadError::NotAFile { .. } => "it is a link to something that is not a file".to_owned(),
        other => other.to_string(),
    })?;
    if is_lfs_pointer(&bytes) {
        return Err("it is a Git LFS pointer, not the file itself".to_owned());
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// Reads files again that name a script which builds images, and returns the words by which they do.
fn read_callers(files: Files<'_>, carriers: &mut [Carrier]) -> BTreeSet<String> {
    let mut scripts: BTreeSet<String> = BTreeSet::new();
    for _ in 0..ROUNDS {
        let found = carriers.iter().filter(|carrier| carrier.kind == BuildFileKind::Script);
        let found = found.filter(|carrier| carrier.runs_something());
        let makes = carriers
            .iter()
            .any(|carrier| carrier.kind == BuildFileKind::Makefile && carrier.runs_something());
        let new: BTreeSet<String> = found
            .map(|carrier| carrier.path.file_name().to_owned())
            .filter(|name| name.len() > 3)
            .chain(MAKE.into_iter().filter(|_| makes).map(str::to_owned))
            .filter(|name| !scripts.contains(name))
            .collect();
        if new.is_empty() {
            break;
        }
        scripts.extend(new.iter().cloned());
        carriers.par_iter_mut().for_each(|carrier| {
            // Scripts that run make for something else are many.
            let is_recipe = matches!(carrier.kind, BuildFileKind::Script | BuildFileKind::Makefile);
            let names = |name: &String| {
                !(is_recipe && name == MAKE[0] && !gives_variables(&carrier.text))
                    && memmem::find(carrier.text.as_bytes(), name.as_bytes()).is_some()
            };
            let runs = matches!(
                carrier.kind,
                BuildFileKind::Script
                    | BuildFileKind::Workflow
                    | BuildFileKind::Makefile
                    | BuildFileKind::Package
                    | BuildFileKind::Justfile
                    | BuildFileKind::Taskfile
                    | BuildFileKind::CloudBuild
                    | BuildFileKind::Woodpecker
                    | BuildFileKind::Jenkinsfile
            );
            if runs && new.iter().any(names) {
                let repository = Repository { files, scripts: &scripts };
                carrier.read = contained(repository, carrier.kind, &carrier.path, &carrier.text);
            }
        });
    }
    scripts
}

/// Returns true if a text runs make with variables, which overrule those of the Makefile, or in an environment of its own.
fn gives_variables(text: &str) -> bool {
    let gives = |line: &str| line.contains(MAKE[0]) && line.contains('=');
    text.contains(MAKE[0]) && (text.contains("export ") || text.lines().any(gives))
}

/// Returns the kind of a file that is a script by its first line alone: executables without an ending, and others whose name
/// says that they build something.
fn script_without_ending(entry: &TreeEntry) -> Option<BuildFileKind> {
    let EntryKind::File { executable } = entry.kind else { return None };
    let name = entry.path.file_name();
    let is_script = !name.contains('.') && (executable || names::says_that_it_builds(name));
    (is_script && !is_of_others(entry)).then_some(BuildFileKind::Script)
}

fn is_of_others(entry: &TreeEntry) -> bool {
    entry.path.components().rev().skip(1).any(|name| OTHERS.contains(&name))
}

/// Like [`read`]; a file that takes too much work is not read.
fn contained(
    repository: Repository<'_>,
    kind: BuildFileKind,
    path: &RepoPath,
    text: &str,
) -> Result<Read, Unreadable> {
    budget::contained(|| read(repository, kind, path, text))
        .unwrap_or_else(|ended| Err(unreadable(1, &ended)))
}

/// Returns the reason why a file is unread on which the work ended at a line.
fn unreadable(line: usize, ended: &Ended) -> Unreadable {
    Unreadable { line, message: ended.to_string() }
}

fn read(
    repository: Repository<'_>,
    kind: BuildFileKind,
    path: &RepoPath,
    text: &str,
) -> Result<Read, Unreadable> {
    Ok(match kind {
        // Others say how these are loaded; a file that cannot be read is told of here.
        BuildFileKind::Compose => yaml::documents(text).map(|_| Read::default())?,
        BuildFileKind::Bake => bake::check(path, text).map(|()| Read::default())?,
        BuildFileKind::Workflow => {
            Read { flow: workflow::read(repository, path, text, None, &[])?, ..Read::default() }
        }
        BuildFileKind::Devcontainer => {
            let builds = devcontainer::declared(path, text)?;
            let invocations = devcontainer::invocation(path, text).into_iter().collect();
            Runs { builds, invocations }.into()
        }
        BuildFileKind::Script => script::alone(repository, path, text).into(),
        BuildFileKind::Makefile => {
            makefile::check(text)?;
            let recipes = makefile::recipes(repository, path, text, None);
            Read { included: recipes.included, ..recipes.runs.into() }
        }
        BuildFileKind::Package => package::runs(repository, path, text)?.into(),
        BuildFileKind::Justfile => justfile::runs(repository, path, text).into(),
        BuildFileKind::Taskfile => taskfile::runs(repository, path, text)?.into(),
        BuildFileKind::CloudBuild => cloud_build::runs(repository, path, text)?.into(),
        BuildFileKind::Skaffold => {
            let builds = skaffold::declared(repository.files, path, text)?;
            Runs { builds, invocations: Vec::new() }.into()
        }
        BuildFileKind::Woodpecker => woodpecker::runs(repository, path, text)?.into(),
        BuildFileKind::Jenkinsfile => jenkinsfile::runs(repository, path, text).into(),
        BuildFileKind::Config => Read::default(),
    })
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

#[cfg(test)]
mod tests;
