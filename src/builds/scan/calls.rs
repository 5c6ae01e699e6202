//! Follows the calls of a repository's files: from workflows to workflows and actions, from all carriers to scripts, make,
//! compose and bake. It never runs any of them.

use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::{Carrier, Read};
use crate::budget::{SharedBudget, spend};
use crate::builds::compose::{Environment, ParsedFiles};
use crate::builds::files::Files;
use crate::builds::invocation::{Assigned, Call, Invocation, Make, Script};
use crate::builds::script::{self, Repository, Runs, Starts};
use crate::builds::workflow::{self, Flow, Use};
use crate::builds::{BuildFileKind, Declared, Place, Unreadable, bake, compose, makefile, settled};
use crate::git::RepoPath;
use crate::text::pattern::Pattern;

/// The longest chain of calls.
const DEEPEST: usize = 6;
/// The most calls that are followed.
const MOST: usize = 4096;

/// The calls of a repository.
pub(super) struct Calls<'a> {
    files: Files<'a>,
    composes: &'a ParsedFiles<'a>,
    bakes: bake::Definitions<'a>,
    makefiles: makefile::ReadMakefiles,
    /// The words by which a text calls a script or a Makefile that builds images.
    scripts: BTreeSet<String>,
    carriers: BTreeMap<&'a str, &'a Carrier>,
    /// The calls that are not followed yet, with their depth.
    pending: Vec<(Invocation, usize)>,
    found: Vec<Declared>,
    seen: BTreeSet<String>,
    /// The files that a settled call reads in its own way.
    called: BTreeSet<String>,
    /// The files that compose or bake loads by a call, and those among them whose paths start in another folder.
    loaded: BTreeSet<String>,
    elsewhere: BTreeSet<String>,
    /// For each of these files, the variables that a call of it sets or may set, with the place of the call.
    set: BTreeMap<String, BTreeMap<String, Place>>,
    unread: Vec<(RepoPath, Unreadable)>,
    /// The work on all calls.
    budget: Rc<SharedBudget>,
}

impl<'a> Calls<'a> {
    pub(crate) fn new(
        composes: &'a ParsedFiles<'a>,
        carriers: &'a [Carrier],
        scripts: BTreeSet<String>,
    ) -> Self {
        Self {
            files: composes.files,
            composes,
            bakes: bake::Definitions::new(composes),
            makefiles: makefile::ReadMakefiles::default(),
            scripts,
            carriers: carriers.iter().map(|carrier| (carrier.path.as_str(), carrier)).collect(),
            pending: Vec::new(),
            found: Vec::new(),
            seen: BTreeSet::new(),
            called: BTreeSet::new(),
            loaded: BTreeSet::new(),
            elsewhere: BTreeSet::new(),
            set: BTreeMap::new(),
            unread: Vec::new(),
            budget: Rc::new(SharedBudget::of(4)),
        }
    }

    /// Follows all calls.
    pub(crate) fn follow(&mut self) {
        let carriers: Vec<&'a Carrier> = self.carriers.values().copied().collect();
        let (budget, mut outside_of) = (Rc::clone(&self.budget), BTreeMap::new());
        let reads: Vec<(&Carrier, &Read)> =
            carriers.iter().filter_map(|carrier| Some((*carrier, carrier.read.as_ref().ok()?))).collect();
        for (carrier, read) in &reads {
            if let Err(ended) = budget.contained(|| self.follow_uses(&read.flow.uses, &[], 0)) {
                self.unread.push((carrier.path.clone(), super::unreadable(1, &ended)));
            }
            let outside = outside_of.entry(carrier.kind).or_insert_with(|| self.set_outside(carrier.kind));
            for call in &read.flow.runs.invocations {
                let mut call = call.clone();
                if outside.len() > MOST {
                    call.unsettled.push("many variables may be set where it is started".to_owned());
                } else {
                    call.assigned.extend(outside.iter().cloned());
                }
                self.pending.push((call, 0));
            }
        }
        let included: BTreeSet<&String> = reads.iter().flat_map(|(_, read)| &read.included).collect();
        self.called.extend(included.into_iter().cloned());
        while let Some((call, depth)) = self.pending.pop() {
            // One that is read for its callers alone.
            if depth == 0 && self.called.contains(call.place.path.as_str()) && call.callers.is_empty() {
                continue;
            }
            if self.seen.len() < MOST && self.seen.insert(format!("{:?} {:?}", call.call, call.unsettled)) {
                let place = &call.place;
                if let Err(ended) = budget.contained(|| self.follow_call(&call, depth)) {
                    self.unread.push((place.path.clone(), super::unreadable(place.line, &ended)));
                }
            }
        }
        for (carrier, read) in reads {
            if !self.called.contains(carrier.path.as_str()) {
                self.found.extend(read.flow.runs.builds.iter().cloned());
            }
        }
    }

    /// Returns the variables that may be set where npm, just or task is started, which pass their environment on: the names
    /// in the files that start them.
    fn set_outside(&self, kind: BuildFileKind) -> BTreeSet<String> {
        let runners: &[&str] = match kind {
            BuildFileKind::Package => &["npm ", "pnpm ", "yarn ", "nx ", "bun "],
            BuildFileKind::Justfile => &["just "],
            BuildFileKind::Taskfile => &["task "],
            _ => return BTreeSet::new(),
        };
        let has = |text: &str, word: &&str| memchr::memmem::find(text.as_bytes(), word.as_bytes()).is_some();
        let starts = |carrier: &&&Carrier| {
            carrier.kind != kind && runners.iter().any(|runner| has(&carrier.text, runner))
        };
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let is_upper =
            |word: &&str| word.len() > 1 && word.chars().all(|c| is_name(c) && !c.is_ascii_lowercase());
        let mut names = BTreeSet::new();
        for carrier in self.carriers.values().filter(starts) {
            names.extend(Assigned::of(&carrier.text).names());
            names.extend(carrier.text.split(|c| !is_name(c)).filter(is_upper).map(str::to_owned));
        }
        names
    }

    /// Returns the definitions of bake.
    pub(super) fn bakes(&self) -> &bake::Definitions<'a> {
        &self.bakes
    }

    /// Returns the builds that were found.
    pub(crate) fn finish(&mut self) -> Vec<Declared> {
        std::mem::take(&mut self.found)
    }

    /// Returns true if a call loads a file.
    pub(crate) fn loads(&self, path: &str) -> bool {
        self.loaded.contains(path)
    }

    /// Returns true if a call loads a file whose paths then start in another folder than the file's own.
    pub(crate) fn is_elsewhere(&self, path: &str) -> bool {
        self.elsewhere.contains(path)
    }

    /// Returns the files that a call loads and that cannot be read.
    pub(crate) fn unread(&mut self) -> Vec<(RepoPath, Unreadable)> {
        std::mem::take(&mut self.unread)
    }

    /// Returns the variables among `asked` that a call of one of these files sets or may set, each with the place.
    pub(crate) fn sets(&self, files: &[String], asked: &BTreeSet<String>) -> BTreeMap<String, String> {
        let all = files.iter().filter_map(|path| self.set.get(path)).flatten();
        let of_asked = all.filter(|(name, _)| asked.contains(*name));
        of_asked.map(|(name, place)| (name.clone(), place.to_string())).collect()
    }

    fn note_set(
        &mut self,
        invocation: &Invocation,
        files: &[String],
        asked: &BTreeSet<String>,
        environment: &Environment,
    ) {
        let names = environment.values().keys().chain(&invocation.assigned);
        let names: Vec<&String> = names.filter(|name| asked.contains(*name)).collect();
        for path in files.iter().filter(|_| !names.is_empty()) {
            let set = self.set.entry(path.clone()).or_default();
            for name in &names {
                set.entry((*name).clone()).or_insert_with(|| invocation.place.clone());
            }
        }
    }

    /// Adds what a carrier runs that `callers` call.
    fn add(&mut self, mut runs: Runs, callers: &[Place], unsettled: &[String], depth: usize) {
        for build in &mut runs.builds {
            build.callers.extend(callers.iter().cloned());
            build.unsettled.extend(unsettled.iter().cloned());
        }
        self.found.append(&mut runs.builds);
        if depth < DEEPEST {
            for mut invocation in runs.invocations {
                invocation.callers.extend(callers.iter().cloned());
                invocation.unsettled.extend(unsettled.iter().cloned());
                self.pending.push((invocation, depth + 1));
            }
        }
    }

    /// Reads the workflows and actions that a file uses, once for each set of inputs.
    fn follow_uses(&mut self, uses: &[Use], callers: &[Place], depth: usize) {
        for used in uses {
            let action = ["action.yml", "action.yaml"].map(|name| format!("{}/{name}", used.path));
            let names = std::iter::once(used.path.clone()).chain(action);
            let Some(carrier) = names.into_iter().find_map(|name| self.carriers.get(name.as_str()).copied())
            else {
                continue;
            };
            self.called.insert(carrier.path.as_str().to_owned());
            let key = format!("uses {} {:?} {:?}", carrier.path, used.with, used.env);
            if depth > DEEPEST || self.seen.len() >= MOST || !self.seen.insert(key) {
                continue;
            }
            let defaults = carrier.read.as_ref().map(|read| read.flow.defaults.clone()).unwrap_or_default();
            let mut inputs: Vec<(String, Pattern)> = used.with.clone();
            inputs.extend(
                defaults
                    .into_iter()
                    .filter(|(name, _)| used.with.iter().all(|(given, _)| !given.eq_ignore_ascii_case(name))),
            );
            let scripts = self.scripts.clone();
            let repository = Repository { files: self.files, scripts: &scripts };
            let Ok(Flow { runs, uses, .. }) =
                workflow::read(repository, &carrier.path, &carrier.text, Some(&inputs), &used.env)
            else {
                continue;
            };
            let callers: Vec<Place> =
                std::iter::once(used.place.clone()).chain(callers.iter().cloned()).collect();
            self.add(runs, &callers, &[], depth);
            self.follow_uses(&uses, &callers, depth + 1);
        }
    }

    fn follow_call(&mut self, invocation: &Invocation, depth: usize) {
        let callers: Vec<Place> =
            std::iter::once(invocation.place.clone()).chain(invocation.callers.iter().cloned()).collect();
        match &invocation.call {
            Call::Script(script) => self.script(script, invocation, &callers, depth),
            Call::Make(make) => self.make(make, invocation, &callers, depth),
            Call::Compose(run) => {
                let Some(mut project) = compose::project(self.composes, run) else { return };
                doubt(&mut project.builds, invocation, &run.environment);
                project.builds.iter_mut().for_each(|build| build.tool = invocation.tool);
                let unsettled = unsettled(invocation, &project.variables, &run.environment);
                self.note_set(invocation, &project.files, &project.variables, &run.environment);
                let is_settled = unsettled.is_empty();
                for path in &project.files {
                    self.loaded.insert(path.clone());
                    if is_settled && project.folder != compose::folder_of(path) {
                        self.elsewhere.insert(path.clone());
                    }
                }
                self.add(
                    Runs { builds: project.builds, invocations: Vec::new() },
                    &callers,
                    &unsettled,
                    depth,
                );
            }
            Call::Bake(run) => {
                let mut definition = match bake::definition(&self.bakes, run) {
                    Some(Ok(definition)) => definition,
                    Some(Err((path, why))) => return self.unread.push((path, why)),
                    None => return,
                };
                doubt(&mut definition.builds, invocation, &run.environment);
                definition.builds.iter_mut().for_each(|build| build.tool = invocation.tool);
                let unsettled = unsettled(invocation, &definition.variables, &run.environment);
                self.note_set(invocation, &definition.files, &definition.variables, &run.environment);
                for path in &definition.files {
                    self.loaded.insert(path.clone());
                    if unsettled.is_empty() && run.folder != compose::folder_of(path) {
                        self.elsewhere.insert(path.clone());
                    }
                }
                let runs = Runs { builds: definition.builds, invocations: Vec::new() };
                self.add(runs, &callers, &unsettled, depth);
            }
        }
    }

    fn script(&mut self, call: &Script, invocation: &Invocation, callers: &[Place], depth: usize) {
        let Some(carrier) = self.carriers.get(call.path.as_str()).copied() else { return };
        if carrier.kind != BuildFileKind::Script
            || callers.iter().skip(1).any(|place| place.path == carrier.path)
        {
            return;
        }
        let scripts = self.scripts.clone();
        let repository = Repository { files: self.files, scripts: &scripts };
        let starts = Starts::at(&call.folder);
        let mut runs = script::called(
            repository,
            &carrier.path,
            &carrier.text,
            &starts,
            Some((call, &invocation.assigned)),
        );
        // Each call stores its builds.
        spend(runs.builds.len());
        for inner in &mut runs.invocations {
            inner.pass_on(&call.environment, &invocation.assigned);
        }
        if invocation.unsettled.is_empty() && !(runs.builds.is_empty() && runs.invocations.is_empty()) {
            self.called.insert(call.path.clone());
        }
        self.add(runs, callers, &invocation.unsettled, depth);
    }

    /// Reads a Makefile by a call that changes what it does: with variables, from another folder, or by another name.
    fn make(&mut self, call: &Make, invocation: &Invocation, callers: &[Place], depth: usize) {
        let own = ["GNUmakefile", "makefile", "Makefile"].map(|name| compose::below(&call.folder, name));
        let named = call.file.as_ref().map(|file| compose::below(&call.folder, file));
        let is_named = named.is_some();
        let path = named.or_else(|| own.into_iter().find(|path| self.files.has(path)));
        let Some(carrier) = path.and_then(|path| self.carriers.get(path.as_str()).copied()) else { return };
        if carrier.kind != BuildFileKind::Makefile {
            return;
        }
        // What the call may set and the file uses.
        let mut call = call.clone();
        for name in &invocation.assigned {
            call.environment.entry(name.clone()).or_insert_with(|| settled::unknown(name));
        }
        // Its calls get the environment too.
        let calls = carrier.read.as_ref().is_ok_and(|read| !read.flow.runs.invocations.is_empty());
        call.environment.retain(|name, _| calls || carrier.text.contains(name.as_str()));
        // A Makefile that calls itself was read with this environment.
        if callers.iter().any(|place| place.path == carrier.path) {
            call.environment.clear();
        }
        if call.variables.is_empty() && call.environment.is_empty() && call.old.is_empty() && !is_named {
            return;
        }
        let call = &call;
        let scripts = self.scripts.clone();
        let repository = Repository { files: self.files, scripts: &scripts };
        let recipes =
            makefile::recipes(repository, &carrier.path, &carrier.text, Some(call), &self.makefiles);
        if is_named
            && compose::folder_of(carrier.path.as_str()) != call.folder
            && invocation.unsettled.is_empty()
        {
            self.called.insert(carrier.path.as_str().to_owned());
        }
        self.called.extend(recipes.included);
        self.add(recipes.runs, callers, &invocation.unsettled, depth);
    }
}

/// Returns what is not settled about a call of something that depends on these variables.
fn unsettled(
    invocation: &Invocation,
    variables: &BTreeSet<String>,
    environment: &Environment,
) -> Vec<String> {
    let open = invocation.assigned.iter().filter(|name| !environment.values().contains_key(*name));
    let open = open.filter(|name| variables.contains(*name));
    let open = open.map(|name| format!("{} may set {name}", invocation.place.path));
    invocation.unsettled.iter().cloned().chain(open).collect()
}

/// Doubts the builds whose settings have the value of a variable that the caller sets to an unknown text.
fn doubt(builds: &mut [Declared], invocation: &Invocation, environment: &Environment) {
    let is_open =
        |name: &&String| environment.values().get(*name).is_some_and(|value| settled::is_open(value));
    for name in invocation.assigned.iter().filter(is_open) {
        for build in builds.iter_mut().filter(|build| build.uses(name)) {
            build.unsettled.push(format!("{} may set {name}", invocation.place.path));
        }
    }
}
