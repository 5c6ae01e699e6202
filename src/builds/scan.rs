//! Searches a repository for files that describe the builds of its Dockerfiles. It never runs them.

mod calls;
mod conventions;
mod found;

use std::collections::BTreeSet;

use memchr::memmem;
use rayon::prelude::*;

use self::calls::Calls;
pub(crate) use self::found::Builds;
use self::found::Unread;
use super::compose::ParsedFiles;
use super::files::{Files, MOST_BYTES};
use super::script::{Repository, Runs};
use super::workflow::Flow;
use super::{
    BuildFileKind, Declared, Unreadable, bake, cloud_build, devcontainer, jenkinsfile, justfile, makefile,
    mentions, names, package, script, skaffold, taskfile, woodpecker, workflow, yaml,
};
use crate::budget::{self, Ended};
use crate::discover::{ReadError, SourceTree, Target};
use crate::git::{EntryKind, RepoPath, TreeEntry, is_lfs_pointer};

/// Folders whose files describe the builds of other repositories.
const OTHERS: [&str; 2] = ["node_modules", "vendor"];
/// The words by which a file calls make; scripts and Makefiles by the first only with variables.
const MAKE: [&str; 5] = ["make ", "(MAKE)", "{MAKE}", "make -C ", "make -f "];
/// The most bytes of a file in which the names of Dockerfiles are looked for.
const MOST_SEARCHED: u64 = 16 << 20;
/// The number of searches for the names of scripts that build images: a script may call one that calls another.
const ROUNDS: usize = 3;

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

    /// Returns the lines on which a build or a call is written.
    fn lines(&self) -> BTreeSet<usize> {
        let runs = self.read.as_ref().ok().map(|read| &read.flow.runs);
        let builds = runs.into_iter().flat_map(|runs| &runs.builds).map(|build| build.place.line);
        let calls = runs.into_iter().flat_map(|runs| &runs.invocations).map(|call| call.place.line);
        builds.chain(calls).collect()
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

/// The files of a repository that describe builds, read.
pub(crate) struct Scan<'s> {
    source: &'s SourceTree<'s>,
    carriers: Vec<Carrier>,
    /// The files of kinds that are not interpreted and that may build images, with their texts.
    others: Vec<(RepoPath, String)>,
    declared: Vec<Declared>,
    unread: Vec<Unread>,
}

/// Reads the files of a repository that describe builds.
pub(crate) fn scan<'s>(source: &'s SourceTree<'s>) -> Scan<'s> {
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
    let others = uninterpreted(source, &scripts);
    let composes = ParsedFiles::new(files);
    let mut calls = Calls::new(&composes, &carriers, scripts);
    calls.follow();
    let mut declared = calls.finish();
    let (by_convention, unread_by_convention) = conventions::declared(&composes, &carriers, &calls, &others);
    declared.extend(by_convention);
    for (path, why) in calls.unread().into_iter().chain(unread_by_convention) {
        if unread.iter().all(|other| other.path != path) {
            unread.push(Unread { path, why });
        }
    }
    unread.sort_by(|a, b| a.path.cmp(&b.path));
    Scan { source, carriers, others, declared, unread }
}

/// Returns the files of kinds that are not interpreted and that may build images or call scripts that do, with their texts.
fn uninterpreted(source: &SourceTree<'_>, scripts: &BTreeSet<String>) -> Vec<(RepoPath, String)> {
    let scripts: Vec<&String> = scripts.iter().filter(|name| !MAKE.contains(&name.as_str())).collect();
    let calls =
        |text: &str| scripts.iter().any(|name| memmem::find(text.as_bytes(), name.as_bytes()).is_some());
    let entries = source.listing().entries().par_iter();
    let read = entries.filter(|entry| mentions::is_read(&entry.path) && !is_of_others(entry));
    let texts = read.filter_map(|entry| {
        let bytes = source.read(&entry.path, MOST_BYTES).ok()?;
        let text = String::from_utf8_lossy(&bytes).into_owned();
        (mentions::may_build(&text) || calls(&text)).then(|| (entry.path.clone(), text))
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
    // Other tools have stacks too.
    let is_compose = || entry.path.file_name().contains("compose") || text.contains("services:");
    if kind == BuildFileKind::Compose && !is_compose() {
        return None;
    }
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
            let recipes =
                makefile::recipes(repository, path, text, None, &makefile::ReadMakefiles::default());
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

#[cfg(test)]
mod tests;
