//! The runs of builds: what runs each build, and on which machine. It never says which builder that is.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::machine::{Machine, Machines};
use super::mentions::Mention;
use super::resolve::Resolved;
use super::{Build, BuildFileKind, Place, Tool};
use crate::budget::{SharedBudget, store};
use crate::git::RepoPath;

/// The most runs of one repository.
const MOST: usize = 4096;

/// A run of builds by one tool at one place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct BuildRun {
    /// The Dockerfiles that it builds, or may build.
    pub(crate) dockerfiles: BTreeSet<RepoPath>,
    /// The file and the line that run the tool.
    pub(crate) path: RepoPath,
    /// The line, 1-based.
    pub(crate) line: usize,
    /// The places that call that file, the nearest first.
    pub(crate) callers: Vec<Place>,
    /// The tool.
    pub(crate) tool: Tool,
    /// The command line, if the file has one.
    pub(crate) command: String,
    /// The frontend that the build argument `BUILDKIT_SYNTAX` sets.
    pub(crate) syntax: Option<String>,
    /// The machine.
    pub(crate) machine: Machine,
}

/// Returns the runs of the builds, in order of path and line.
pub(super) fn runs<'t>(
    builds: &[Resolved],
    mentions: &[Mention],
    dockerfiles: &[&RepoPath],
    texts: impl Iterator<Item = (&'t RepoPath, &'t str)>,
) -> Vec<BuildRun> {
    let machines = Machines::new(texts);
    let budget = SharedBudget::of(2);
    let mut found = stated(builds, &machines, &budget);
    let mut named_at: HashMap<(&RepoPath, usize), Vec<&Mention>> = HashMap::new();
    for mention in mentions {
        if let Some(place) = mention.place() {
            named_at.entry(place).or_default().push(mention);
        }
    }
    for (path, line) in commands(mentions, dockerfiles, &machines, &found).into_iter().take(MOST) {
        let named = named_at.get(&(&path, line)).map(Vec::as_slice).unwrap_or_default();
        let may_build = |dockerfile: &&&RepoPath| named.iter().any(|mention| mention.may_build(dockerfile));
        let dockerfiles = dockerfiles.iter().filter(may_build).map(|path| (*path).clone()).collect();
        let command = machines.line(&path, line);
        let machine = machine(&budget, || machines.of_line(&path, line));
        let tool = Tool::of_line(&command);
        found.push(BuildRun {
            dockerfiles,
            path,
            line,
            callers: Vec::new(),
            tool,
            command,
            syntax: None,
            machine,
        });
    }
    without_idle(&mut found);
    found.sort_by(|a, b| (&a.path, a.line, &a.callers).cmp(&(&b.path, b.line, &b.callers)));
    found.truncate(MOST);
    found
}

/// Returns the machine of a build; one of which nothing is known if it costs too much.
fn machine(budget: &SharedBudget, find: impl FnOnce() -> Machine) -> Machine {
    let find = || {
        let machine = find();
        store(machine.bytes());
        machine
    };
    budget.contained(find).unwrap_or_default()
}

/// Removes the runs of places that a system runs as well: a person may run them too, on any machine.
fn without_idle(found: &mut Vec<BuildRun>) {
    let hosted: BTreeSet<(RepoPath, usize)> =
        found.iter().filter(|run| run.machine.ci.is_some()).map(|run| (run.path.clone(), run.line)).collect();
    found.retain(|run| run.machine.ci.is_some() || !hosted.contains(&(run.path.clone(), run.line)));
}

/// Returns the tool of a build. A definition that nothing calls is run by the tool of its kind.
fn tool(kind: BuildFileKind, tool: Tool) -> Tool {
    match (kind, tool) {
        (BuildFileKind::Compose, Tool::Other) => Tool::Compose,
        (BuildFileKind::Bake, Tool::Other) => Tool::Buildx,
        (_, tool) => tool,
    }
}

/// Returns the runs of the builds that are read.
fn stated(builds: &[Resolved], machines: &Machines<'_>, budget: &SharedBudget) -> Vec<BuildRun> {
    let called: BTreeSet<&Place> = builds
        .iter()
        .filter(|found| !found.build.callers.is_empty())
        .map(|found| &found.build.place)
        .collect();
    let mut found: BTreeMap<(Vec<Place>, Tool), BuildRun> = BTreeMap::new();
    for Resolved { build, tool, .. } in builds {
        let chain = chain(build);
        let Some((place, callers)) = chain.split_first() else { continue };
        let tool = self::tool(place.kind, *tool);
        // A definition that something calls is not run by itself.
        if is_definition(place.kind) && called.contains(place) {
            continue;
        }
        let run = found.entry((chain.clone(), tool)).or_insert_with(|| BuildRun {
            dockerfiles: BTreeSet::new(),
            path: place.path.clone(),
            line: place.line,
            callers: callers.to_vec(),
            tool,
            command: if is_definition(place.kind) {
                String::new()
            } else {
                machines.line(&place.path, place.line)
            },
            syntax: build.args.get("BUILDKIT_SYNTAX").cloned().flatten(),
            machine: machine(budget, || machines.of(&chain)),
        });
        run.dockerfiles.insert(build.dockerfile.clone());
    }
    found.into_values().collect()
}

/// Returns the places that run a build, from the one that runs the tool outwards.
fn chain(build: &Build) -> Vec<Place> {
    let own =
        std::iter::once(&build.place).filter(|place| !is_definition(place.kind) || build.callers.is_empty());
    own.chain(&build.callers).cloned().collect()
}

/// Returns true for files that say how something is built and do not run it.
fn is_definition(kind: BuildFileKind) -> bool {
    matches!(
        kind,
        BuildFileKind::Compose | BuildFileKind::Bake | BuildFileKind::Devcontainer | BuildFileKind::Skaffold
    )
}

/// Returns the lines that run a tool and are not read as builds: those of files that are not interpreted, and others that may
/// build a Dockerfile.
fn commands(
    mentions: &[Mention],
    dockerfiles: &[&RepoPath],
    machines: &Machines<'_>,
    found: &[BuildRun],
) -> BTreeSet<(RepoPath, usize)> {
    let mut lines: HashMap<&RepoPath, BTreeSet<usize>> = HashMap::new();
    for run in found {
        lines.entry(&run.path).or_default().insert(run.line);
    }
    let is_found = |path: &RepoPath, line: usize| {
        let near = line.saturating_sub(2)..=line + 2;
        lines.get(path).is_some_and(|lines| lines.range(near).next().is_some())
    };
    let runs = mentions.iter().filter(|mention| {
        let Some((path, line)) = mention.place() else { return false };
        let counts = super::mentions::is_read(path)
            || dockerfiles.iter().any(|dockerfile| mention.may_build(dockerfile));
        counts && is_command(&machines.line(path, line)) && !is_found(path, line)
    });
    runs.filter_map(Mention::place).map(|(path, line)| (path.clone(), line)).collect()
}

/// Returns true if a line runs a build. The image of a job is not a run of its own, and neither is a description.
fn is_command(line: &str) -> bool {
    const KEYS: [&str; 6] = ["image:", "entrypoint:", "name:", "description:", "echo ", "title:"];
    const VERBS: [&str; 6] = ["build", "bud", "b", "bake", "build-using-dockerfile", "up"];
    let written = line.trim_start_matches("- ").trim_start();
    let is_verb = |word: &str| VERBS.contains(&word.trim_matches(|c: char| !c.is_ascii_alphanumeric()));
    let builds = line.contains("kaniko") || line.contains("Docker@") || line.split_whitespace().any(is_verb);
    builds && !KEYS.iter().any(|key| written.starts_with(key)) && Tool::of_line(line) != Tool::Other
}
