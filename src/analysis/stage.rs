//! The walk through the stages of a Dockerfile: what is known before each instruction, and after it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::analysis::owner::Owner;
use crate::analysis::place::{self, Destination, Followed, base_name};
use crate::analysis::rule::{Finding, Rule};
use crate::analysis::run;
use crate::analysis::scope::{Scope, Unexpanded};
use crate::analysis::site::{self, Chmod, Decision, Line, Os, Verdict, View};
use crate::analysis::source::{self, BuildContext, NoContext, Source, SourceKind};
use crate::analysis::transfer::{self, Copying, Mode, inherit_group};
use crate::dockerfile::{Assignment, Body, Dockerfile, From, Instruction, Run, Transfer, TransferKind};
use crate::images::{BaseImage, ImageReference, ImageSource};
use crate::rootfs::{
    Assumption, Base, Below, Directory, Disturbance, Fact, Known, Leans, Reach, Rootfs, ancestors,
};
use crate::shell::{Effect, Step};

/// What the walk needs beside the Dockerfile.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// What base images hold.
    pub images: &'a dyn ImageSource,
    /// The build context.
    pub context: &'a dyn BuildContext,
    /// Build arguments.
    pub build_args: &'a BTreeMap<String, String>,
    /// The rules that judge.
    pub rules: &'a [&'static Rule],
    /// Whether somebody accepted what a rule found.
    pub accepted: &'a dyn Fn(&Finding) -> bool,
}

/// The shell that RUN uses where no SHELL says otherwise.
const DEFAULT_SHELL: [&str; 2] = ["/bin/sh", "-c"];

/// `PATH` of a stage that starts from nothing (`system.DefaultPathEnvUnix`).
const DEFAULT_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// What a line would be decided, wherever it runs.
#[derive(Clone, Debug)]
pub struct Judged {
    /// Index of the instruction; of the ONBUILD, where the line is in one.
    pub instruction: usize,
    /// The decision.
    pub decision: Decision,
    /// Whether nothing lay below: the first change on `scratch`.
    pub on_nothing: bool,
    /// Whether an ADD of it is provably the same as a COPY.
    pub is_copy: bool,
    /// How many files it is known to copy.
    pub files: usize,
    /// The stage in which it was judged; several for an ONBUILD.
    stage: usize,
    /// Its line, or that of its ONBUILD.
    line: usize,
}

/// A command that may see whether a file was linked.
#[derive(Clone, Debug)]
struct Observer {
    line: usize,
    command: String,
}

/// Commands that tell link counts or times, and change nothing by themselves.
const METADATA_READERS: [&str; 8] = ["stat", "ls", "find", "du", "test", "[", "tar", "rsync"];

impl Observer {
    fn assumption(&self) -> Assumption {
        let message = format!(
            "`{}` (line {}) does not look at link counts and times of linked files",
            self.command, self.line
        );
        Assumption { line: self.line, path: "/".into(), message }
    }
}

/// Whether `stage` starts from `ancestor`, directly or through others.
fn descends(parents: &[Option<usize>], stage: usize, ancestor: usize) -> bool {
    let mut at = parents.get(stage).copied().flatten();
    while let Some(parent) = at {
        if parent == ancestor {
            return true;
        }
        at = parents.get(parent).copied().flatten();
    }
    false
}

impl Judged {
    /// One judgement of a line that runs in several places: in this file's stages, and in other files' children.
    pub fn both(self, other: Judged) -> Judged {
        Judged {
            instruction: self.instruction,
            stage: self.stage,
            line: self.line,
            on_nothing: self.on_nothing && other.on_nothing,
            is_copy: self.is_copy && other.is_copy,
            files: self.files.max(other.files),
            decision: self.decision.or_heavier(other.decision),
        }
    }
}

/// One filesystem as it is built now, and one as it will be where an accepted difference has been linked.
#[derive(Clone, Debug)]
struct Worlds {
    plain: Rootfs,
    linked: Option<Rootfs>,
}

impl Worlds {
    fn each(&mut self) -> impl Iterator<Item = &mut Rootfs> {
        std::iter::once(&mut self.plain).chain(self.linked.as_mut())
    }
}

/// What is known at one point of a stage.
#[derive(Clone, Debug)]
pub(super) struct State {
    worlds: Worlds,
    pub(super) scope: Scope,
    /// Absolute; the reason where it is not known.
    pub(super) workdir: Result<String, String>,
    /// As USER says, expanded; the reason where it is not known.
    pub(super) user: Result<String, String>,
    pub(super) shell: Vec<String>,
    os: Os,
    /// What an assumption about the image's user is called, where its configuration is not known.
    assumed_user: Option<Arc<Assumption>>,
    /// Instructions in ONBUILD, by index of the ONBUILD.
    triggers: Vec<usize>,
    /// Whether anything changed the filesystem of a stage that started from nothing.
    untouched: bool,
    /// How many stages this one stands on, RUN instructions so far.
    pub(super) line: usize,
}

/// An image that a stage starts from.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BaseRead {
    /// As FROM names it, arguments expanded.
    pub image: String,
    /// Whether its filesystem is known.
    pub known: bool,
    /// The digest of what is known.
    pub digest: Option<String>,
}

/// Walks all stages: judges each COPY and ADD, and tells which images they start from.
pub fn walk(dockerfile: &Dockerfile, inputs: &Inputs<'_>) -> (Vec<Judged>, Vec<BaseRead>) {
    let escape_token = char::from(dockerfile.directives().escape_token);
    let mut walk = Walk {
        dockerfile,
        inputs: *inputs,
        escape_token,
        global: Scope::global(),
        ended: Vec::new(),
        names: HashMap::new(),
        judged: Vec::new(),
        bases: Vec::new(),
        observers: vec![],
        parents: vec![],
    };
    walk.run();
    walk.assume_unobserved();
    walk.bases.sort();
    walk.bases.dedup();
    (walk.judged, walk.bases)
}

struct Walk<'a> {
    dockerfile: &'a Dockerfile,
    inputs: Inputs<'a>,
    escape_token: char,
    global: Scope,
    /// End states of the stages so far.
    ended: Vec<State>,
    names: HashMap<String, usize>,
    judged: Vec<Judged>,
    bases: Vec<BaseRead>,
    /// Of each stage, what may see whether a file was linked.
    observers: Vec<Vec<Observer>>,
    /// Of each stage, the stage that it starts from.
    parents: Vec<Option<usize>>,
}

impl Walk<'_> {
    fn run(&mut self) {
        let dockerfile = self.dockerfile;
        let mut current: Option<State> = None;
        for (at, instruction) in dockerfile.instructions().iter().enumerate() {
            match (&instruction.body, current.as_mut()) {
                (Body::From(from), _) => {
                    self.end_stage(current.take());
                    self.observers.push(Vec::new());
                    self.parents.push(None);
                    current = Some(self.start_stage(from, instruction.start_line));
                    if let Some(name) = &from.name {
                        self.names.insert(name.clone(), self.ended.len());
                    }
                }
                (Body::Arg(arguments), None) => self.declare_global(arguments),
                (_, None) => {}
                (Body::Onbuild(_), Some(state)) => state.triggers.push(at),
                (_, Some(state)) => self.step(state, instruction, at, self.inputs.context),
            }
        }
        self.end_stage(current.take());
    }

    /// `dockerfile2llb.buildMetaArgs`.
    fn declare_global(&mut self, arguments: &[Assignment]) {
        for argument in arguments {
            let value = match (self.inputs.build_args.get(&argument.name), &argument.value) {
                (Some(given), _) => Ok(given.clone()),
                (None, Some(default)) => self.global.expand(default, self.escape_token),
                (None, None) => Err(Unexpanded::Unknown("ARG without a default".into())),
            };
            self.global.assign(&argument.name, value);
        }
    }

    /// Ends a stage: its ONBUILD lines will run on what it leaves, in a build with another context.
    fn end_stage(&mut self, state: Option<State>) {
        let Some(state) = state else { return };
        if !state.triggers.is_empty() {
            let mut child = state.clone();
            child.triggers.clear();
            for &at in &state.triggers {
                self.trigger(&mut child, at, &NoContext);
            }
        }
        self.ended.push(state);
    }

    /// A linked file has two links and new directories above it: that no later command looks is an assumption.
    fn assume_unobserved(&mut self) {
        for judged in &mut self.judged {
            if !matches!(judged.decision.verdict, Verdict::Link | Verdict::Edit) {
                continue;
            }
            for (stage, observers) in self.observers.iter().enumerate() {
                let from = match stage == judged.stage {
                    true => judged.line,
                    false if descends(&self.parents, stage, judged.stage) => 0,
                    false => continue,
                };
                for observer in observers.iter().filter(|observer| observer.line > from) {
                    judged.decision.leans.add(Arc::new(observer.assumption()));
                }
            }
        }
    }

    fn trigger(&mut self, state: &mut State, at: usize, context: &dyn BuildContext) {
        if let Body::Onbuild(inner) = &self.dockerfile.instructions()[at].body {
            self.step(state, inner, at, context);
        }
    }

    fn start_stage(&mut self, from: &From, line: usize) -> State {
        let base = match self.global.expand(&from.base.text, self.escape_token) {
            Ok(base) => base,
            Err(Unexpanded::Unknown(why) | Unexpanded::Invalid(why)) => {
                self.bases.push(BaseRead { image: from.base.text.clone(), known: false, digest: None });
                return State::unknown(&format!("image {}", from.base.text), &why, self.os(from, None), line);
            }
        };
        if let Some(&stage) = self.names.get(&base) {
            if let Some(parent) = self.parents.last_mut() {
                *parent = Some(stage);
            }
            let mut state = self.ended[stage].clone();
            let triggers = std::mem::take(&mut state.triggers);
            for at in triggers {
                self.trigger(&mut state, at, self.inputs.context);
            }
            return state;
        }
        if base == "scratch" {
            return State::scratch(line);
        }
        let os = self.os(from, Some(&base));
        let image = self.image(&base);
        let digest = image.as_ref().and_then(|image| image.digest.clone());
        self.bases.push(BaseRead { image: base.clone(), known: image.is_some(), digest });
        match image {
            Some(image) => {
                let mut state = State::of_image(&base, &image, os, line);
                self.run_triggers_of(&image, &mut state);
                state
            }
            None => State::unknown(
                &format!("image {base}"),
                "it was not read; --rootfs tells what it holds",
                os,
                line,
            ),
        }
    }

    fn image(&self, name: &str) -> Option<Arc<BaseImage>> {
        let reference = ImageReference::parse(name).ok()?;
        self.inputs.images.lookup(&reference).ok().flatten()
    }

    /// ONBUILD of a base image runs first in the child (`dockerfile2llb.initOnBuildTriggers`).
    fn run_triggers_of(&mut self, image: &BaseImage, state: &mut State) {
        for trigger in image.config.iter().flat_map(|config| &config.onbuild) {
            let read = Dockerfile::read(trigger.as_bytes());
            for instruction in read.instructions() {
                let judged = self.judged.len();
                self.step(state, instruction, usize::MAX, self.inputs.context);
                self.judged.truncate(judged);
            }
        }
    }

    fn os(&self, from: &From, base: Option<&str>) -> Option<String> {
        let platform =
            from.platform.as_deref().map(|platform| self.global.expand(platform, self.escape_token));
        if let Some(Ok(platform)) = platform
            && platform.starts_with("windows")
        {
            return Some(format!("--platform={platform}"));
        }
        let name = base.unwrap_or(&from.base.text).to_ascii_lowercase();
        let windows = ["windowsservercore", "nanoserver", "windows/servercore", "/windows:", "windows-amd64"];
        windows.iter().any(|word| name.contains(word)).then(|| format!("FROM {}", from.base.text))
    }

    fn step(&mut self, state: &mut State, instruction: &Instruction, at: usize, context: &dyn BuildContext) {
        state.line = instruction.start_line;
        match &instruction.body {
            Body::Arg(arguments) => self.declare(state, arguments),
            Body::Env(assignments) => self.assign(state, assignments),
            Body::Workdir(word) => self.workdir(state, &word.text),
            Body::User(word) => state.user = state.expand(&word.text, self.escape_token),
            Body::Shell(shell) => state.shell.clone_from(shell),
            Body::Run(run) => self.run_command(state, run, instruction),
            Body::Transfer(transfer) => self.transfer(state, transfer, at, context),
            Body::From(_) | Body::Onbuild(_) | Body::Other(_) | Body::Unreadable => {}
        }
    }

    fn declare(&self, state: &mut State, arguments: &[Assignment]) {
        for argument in arguments {
            let default = argument.value.as_ref().map(|value| state.scope.expand(value, self.escape_token));
            let given = self.inputs.build_args.get(&argument.name).map(String::as_str);
            state.scope.declare(&argument.name, given, default, &self.global);
        }
    }

    /// All values of one ENV are expanded before any is set (`expandKvpsInPlace`).
    fn assign(&self, state: &mut State, assignments: &[Assignment]) {
        let expand = |word: &String| state.scope.expand(word, self.escape_token);
        let values: Vec<_> = assignments
            .iter()
            .filter_map(|assignment| {
                Some((expand(&assignment.name).ok()?, expand(assignment.value.as_ref()?)))
            })
            .collect();
        for (name, value) in values {
            state.scope.assign(&name, value);
        }
    }

    /// `dockerfile2llb.dispatchWorkdir`: makes what is missing of it, owned by the current user.
    fn workdir(&self, state: &mut State, word: &str) {
        let path = match state.expand(word, self.escape_token) {
            Ok(path) if path.starts_with('/') => Ok(place::clean(&path)),
            Ok(path) => {
                state.workdir.as_ref().map(|workdir| place::join(workdir, &path)).map_err(Clone::clone)
            }
            Err(why) => Err(why),
        };
        state.workdir.clone_from(&path);
        let Ok(path) = path else {
            return state.disturbed_by("WORKDIR");
        };
        if path != "/" {
            state.untouched = false;
        }
        let user = state.user.clone();
        let assumed = state.assumed_user.clone();
        let line = state.line;
        for rootfs in state.worlds.each() {
            let mut owner = user.as_ref().ok().and_then(|user| Owner::of(user).resolve(rootfs));
            if let (Some((_, leans)), Some(assumed)) = (&mut owner, &assumed) {
                leans.add(Arc::clone(assumed));
            }
            make_directories(rootfs, &path, owner.as_ref(), line);
        }
    }

    fn run_command(&mut self, state: &mut State, run: &Run, instruction: &Instruction) {
        state.untouched = false;
        let targets = self.mount_targets(state, run);
        let steps = run::steps(self.dockerfile, instruction, run, state);
        let line = instruction.start_line;
        if let Some(observers) = self.observers.last_mut() {
            let seeing = steps.iter().filter(|step| may_observe(step));
            observers.extend(seeing.map(|step| Observer { line: step.line, command: step.command.clone() }));
        }
        for rootfs in state.worlds.each() {
            let mounts = run::Mounts::before(rootfs, &targets);
            run::apply(rootfs, &steps);
            mounts.after(rootfs, line);
        }
    }

    /// Where `--mount` puts something for the time of a RUN; None for a target that is not known.
    fn mount_targets(&self, state: &State, run: &Run) -> Vec<Option<String>> {
        let is_target =
            |key: &str| matches!(key.to_ascii_lowercase().as_str(), "target" | "dst" | "destination");
        let target = |mount: &String| {
            let mut fields = mount.split(',').filter_map(|field| field.split_once('='));
            let (_, target) = fields.find(|(key, _)| is_target(key))?;
            let target = state.expand(target, self.escape_token);
            Some(
                target
                    .ok()
                    .and_then(|target| Destination::new(&target, state.workdir.as_deref().ok()))
                    .map(|at| at.path),
            )
        };
        run.mounts.iter().filter_map(target).collect()
    }

    fn transfer(&mut self, state: &mut State, transfer: &Transfer, at: usize, context: &dyn BuildContext) {
        let line = self.line(state, transfer, context);
        let decision = self.decide(state, &line);
        let linked = transfer.options.link == Some(true) && line.chmod == Chmod::Empty;
        self.judged.push(Judged {
            stage: self.observers.len().saturating_sub(1),
            line: state.line,
            instruction: at,
            on_nothing: state.untouched,
            is_copy: is_copy(transfer, &line.sources),
            files: line.sources.iter().map(Source::files).sum(),
            decision: decision.clone(),
        });
        state.untouched = false;
        Self::leave(state, &line, linked, !decision.accepted.is_empty());
    }

    /// What the words of a line mean here.
    fn line<'t>(&self, state: &State, transfer: &'t Transfer, context: &dyn BuildContext) -> Line<'t> {
        let expand = |word: &str| state.expand(word, self.escape_token);
        let destination = match &transfer.destination {
            None => Err("the line has none".to_owned()),
            Some(word) => expand(&word.text).and_then(|path| {
                let workdir = state.workdir.as_ref();
                match Destination::new(&path, workdir.ok().map(String::as_str)) {
                    Some(destination) => Ok(destination),
                    None => Err(workdir.err().cloned().unwrap_or_default()),
                }
            }),
        };
        let chmod = match transfer.options.chmod.as_deref().map(expand) {
            None => Chmod::Empty,
            Some(Ok(mode)) if mode.is_empty() => Chmod::Empty,
            Some(Ok(_)) => Chmod::Effective,
            Some(Err(_)) => Chmod::Perhaps,
        };
        let owner = Owner::read(transfer.options.chown.as_deref(), &state.scope, self.escape_token);
        Line { transfer, destination, owner, chmod, sources: self.sources(state, transfer, context) }
    }

    fn sources(&self, state: &State, transfer: &Transfer, context: &dyn BuildContext) -> Vec<Source> {
        let unpack = transfer.kind == TransferKind::Add && transfer.options.unpack != Some(false);
        let from = transfer.options.from.as_deref().map(|from| self.stage_or_image(from));
        let mut sources = Vec::new();
        for word in &transfer.sources {
            let written = match state.expand(&word.text, self.escape_token) {
                Ok(written) => written,
                Err(why) => {
                    sources.push(Source::unknown(&word.text, why));
                    continue;
                }
            };
            match &from {
                _ if transfer.kind == TransferKind::Add && source::is_git(&written) => {
                    sources.push(Source::git(&written));
                }
                _ if transfer.kind == TransferKind::Add && source::is_url(&written) => {
                    sources.push(Source::url(&written, transfer.options.unpack == Some(true)));
                }
                Some(Some(rootfs)) => sources.extend(source::from_rootfs(rootfs, &written)),
                Some(None) => {
                    let name = transfer.options.from.as_deref().unwrap_or_default();
                    sources.push(Source::unknown(&written, format!("image {name} was not read")));
                }
                None => sources.extend(source::from_context(context, &written, unpack)),
            }
        }
        for source in &mut sources {
            Self::assume_there(state, transfer, source);
        }
        sources.extend(transfer.heredocs.iter().map(|heredoc| Source::heredoc(&heredoc.name)));
        sources
    }

    /// A source that nobody has seen: that it is there at all is an assumption, and that ADD does not extract it.
    fn assume_there(state: &State, transfer: &Transfer, source: &mut Source) {
        let SourceKind::Unknown(_) = source.kind else { return };
        let (keyword, archive) = match transfer.kind {
            TransferKind::Copy => ("COPY", ""),
            TransferKind::Add => ("ADD", " and is no archive"),
        };
        let place =
            if transfer.options.from.is_some() { "is there to be copied" } else { "is in the build context" };
        let message = format!("`{}` ({keyword}, line {}) {place}{archive}", source.written, state.line);
        source.leans.add(Arc::new(Assumption { line: state.line, path: source.written.clone(), message }));
    }

    /// `--from`: a stage by name or number, or an image. None where nothing is known of it.
    fn stage_or_image(&self, from: &str) -> Option<Rootfs> {
        let by_name = self.names.get(&from.to_lowercase()).copied();
        let stage = by_name.or_else(|| from.parse().ok());
        if let Some(stage) = stage {
            return self.ended.get(stage).map(|state: &State| state.worlds.plain.clone());
        }
        let image = self.image(from)?;
        let leans = Leans::default();
        Some(Rootfs::new(Base::Tree { tree: Arc::clone(&image.rootfs), leans }))
    }

    /// The decision in every world; the heavier one counts.
    fn decide(&self, state: &State, line: &Line<'_>) -> Decision {
        let decide = |rootfs: &Rootfs| {
            site::decide(&View::new(line.clone(), rootfs, &state.os, self.inputs.rules), self.inputs.accepted)
        };
        let plain = decide(&state.worlds.plain);
        match &state.worlds.linked {
            None => plain,
            Some(rootfs) => plain.or_heavier(decide(rootfs)),
        }
    }

    fn leave(state: &mut State, line: &Line<'_>, linked: bool, accepted: bool) {
        let keyword = match line.transfer.kind {
            TransferKind::Copy => "COPY",
            TransferKind::Add => "ADD",
        };
        let Ok(destination) = &line.destination else {
            return state.disturbed_by(keyword);
        };
        if accepted && state.worlds.linked.is_none() {
            state.worlds.linked = Some(state.worlds.plain.clone());
        }
        let number = state.line;
        for (world, rootfs) in state.worlds.each().enumerate() {
            let owner = line.owner.resolve(rootfs).map(|(ids, _)| ids);
            let copying = Copying {
                keyword,
                line: number,
                destination,
                sources: &line.sources,
                owner,
                chown: line.owner != Owner::Default,
            };
            let mode = if linked || (accepted && world == 1) { Mode::Linked } else { Mode::Plain };
            transfer::apply(rootfs, &copying, mode);
        }
    }
}

/// Whether a command may see link counts and times: one that tells them, or one of which nothing is known.
fn may_observe(step: &Step) -> bool {
    let name = step.command.split_whitespace().next().unwrap_or_default();
    match step.effect {
        Effect::Touches { .. } | Effect::Anything => true,
        Effect::None | Effect::Certain(_) => METADATA_READERS.contains(&base_name(name)),
        Effect::Footprint(_) => false,
    }
}

/// Whether an ADD does what a COPY of the same words does: it extracts, downloads and clones nothing.
fn is_copy(transfer: &Transfer, sources: &[Source]) -> bool {
    let options = &transfer.options;
    let plain = options.checksum.is_none() && options.keep_git_dir.is_none() && options.unpack.is_none();
    let copied = |source: &Source| matches!(source.kind, SourceKind::File | SourceKind::Dir(_));
    let local =
        transfer.sources.iter().all(|word| !source::is_url(&word.text) && !source::is_git(&word.text));
    transfer.kind == TransferKind::Add && plain && local && sources.iter().all(copied)
}

/// WORKDIR: what is missing on the way is made 0755, owned by the user (`file.mkdir`, `copy.MkdirAll`).
fn make_directories(rootfs: &mut Rootfs, path: &str, owner: Option<&((u32, u32), Leans)>, line: usize) {
    let Followed::At(real, _) = place::follow(rootfs, path) else {
        let reach = Reach::Names(vec![path.to_owned()]);
        return rootfs.disturb(Disturbance { command: "WORKDIR".into(), line, reach });
    };
    let parts: Vec<String> = ancestors(&real).skip(1).chain([real.as_str()]).map(str::to_owned).collect();
    for part in parts {
        let fact = rootfs.get(&part);
        if fact.known != Known::Absent {
            continue;
        }
        let mut leans = fact.leans;
        let ids = owner.map(|(ids, from)| {
            leans.merge(from);
            *ids
        });
        let made = inherit_group(rootfs, &part, Directory::made_by(ids));
        rootfs.set(&part, Fact { known: Known::Dir(made), leans }, Below::Nothing);
    }
}

impl State {
    fn new(base: Base, scope: Scope, os: Os, line: usize) -> Self {
        Self {
            worlds: Worlds { plain: Rootfs::new(base), linked: None },
            scope,
            workdir: Ok("/".into()),
            user: Ok(String::new()),
            shell: DEFAULT_SHELL.map(str::to_owned).to_vec(),
            os,
            assumed_user: None,
            triggers: Vec::new(),
            untouched: false,
            line,
        }
    }

    fn scratch(line: usize) -> Self {
        let scope = Scope::with_environment([("PATH", DEFAULT_PATH)]);
        Self { untouched: true, ..Self::new(Base::Scratch, scope, Os::Linux, line) }
    }

    fn unknown(what: &str, why: &str, windows: Option<String>, line: usize) -> Self {
        let why: Arc<str> = format!("{what}: {why}").into();
        let os = windows.map_or_else(|| Os::assumed(what, line), Os::Windows);
        let workdir = Err(format!("WORKDIR of {why}"));
        let mut state = Self::new(Base::Unknown(Arc::clone(&why)), Scope::open(why), os, line);
        state.workdir = workdir;
        state.assume_root(what, line);
        state
    }

    fn of_image(name: &str, image: &BaseImage, windows: Option<String>, line: usize) -> Self {
        let base = Base::Tree { tree: Arc::clone(&image.rootfs), leans: Leans::default() };
        let os = match (&image.platform, windows) {
            (Some(platform), _) if platform.os == "windows" => {
                Os::Windows(format!("the configuration of {name}"))
            }
            (None, Some(windows)) => Os::Windows(windows),
            _ => Os::Linux,
        };
        let what = format!("image {name}");
        let Some(config) = &image.config else {
            let why: Arc<str> =
                format!("the configuration of {what} is not part of its root filesystem").into();
            let mut state = Self::new(base, Scope::open(Arc::clone(&why)), os, line);
            state.workdir = Err(why.to_string());
            state.assume_root(&what, line);
            return state;
        };
        let environment = config.env.iter().map(|(name, value)| (name.as_str(), value.as_str()));
        let mut state = Self::new(base, Scope::with_environment(environment), os, line);
        state.workdir = Ok(place::join("/", &config.working_dir));
        state.user = Ok(config.user.clone());
        if let Some(shell) = &config.shell {
            state.shell.clone_from(shell);
        }
        state
    }

    /// An image whose configuration nobody has read: that it runs as root is an assumption.
    fn assume_root(&mut self, what: &str, line: usize) {
        let message = format!("{what} (line {line}) sets no USER, so WORKDIR makes directories of root");
        self.assumed_user = Some(Arc::new(Assumption { line, path: "/".into(), message }));
    }

    /// Expands a word; the reason where its value is not known.
    pub(super) fn expand(&self, word: &str, escape_token: char) -> Result<String, String> {
        self.scope
            .expand(word, escape_token)
            .map_err(|(Unexpanded::Unknown(why) | Unexpanded::Invalid(why))| why)
    }

    /// An instruction wrote to a place that is not known.
    fn disturbed_by(&mut self, command: &str) {
        let line = self.line;
        for rootfs in self.worlds.each() {
            rootfs.disturb(Disturbance {
                command: command.to_owned(),
                line,
                reach: Reach::Names(Vec::new()),
            });
        }
    }
}
