//! The walk through the stages of a Dockerfile: what is known before each instruction, and after it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use crate::analysis::Verdict;
use crate::analysis::decision::Decision;
use crate::analysis::destination::Destination;
use crate::analysis::end_state::Neighbours;
use crate::analysis::judgement::{BaseRead, Judged};
use crate::analysis::named_context::NamedContexts;
use crate::analysis::observe::Observers;
use crate::analysis::restored::Healed;
use crate::analysis::rule::{Finding, Rule};
use crate::analysis::run::{self, RunAt};
use crate::analysis::state::{Process, Ran, State, What, Worlds};
use crate::analysis::transfer_of;
use crate::builds::{BuildContext, NoContext};
use crate::dockerfile::{Assignment, Body, Dockerfile, Instruction, Mount, Run, Scope, Stages};
use crate::images::ImageSource;
use crate::text::path::{clean, join};

/// What the walk needs beside the Dockerfile.
#[derive(Clone, Copy)]
pub struct Inputs<'a> {
    /// Which of several ways to build the Dockerfile it is, as in `from context api`.
    pub way: &'a str,
    /// What base images hold.
    pub images: &'a dyn ImageSource,
    /// The build context.
    pub context: &'a dyn BuildContext,
    /// That it is this one, where nobody says so.
    pub assumed_context: Option<&'a str>,
    /// What it is given beside that, by name.
    pub named_contexts: &'a NamedContexts<'a>,
    /// Build arguments; None as the value of one that is given and not known.
    pub build_args: &'a BTreeMap<String, Option<String>>,
    /// The rules that judge.
    pub rules: &'a [&'static Rule],
    /// Which images the repository builds itself.
    pub neighbours: &'a dyn Neighbours,
    /// Whether somebody accepted what a rule found.
    pub accepted: &'a dyn Fn(&Finding) -> bool,
}

/// Walks all stages: judges each COPY and ADD, and tells which images they start from.
pub fn walk(dockerfile: &Dockerfile, stages: &Stages, inputs: &Inputs<'_>) -> (Vec<Judged>, Vec<BaseRead>) {
    let mut walk = Walk::new(dockerfile, stages, inputs);
    walk.run();
    walk.assume_unseen();
    (walk.judged, walk.bases)
}

/// The state and the filesystems where the stage `target`, or the last one, ends. None where there is no such stage.
pub fn end(
    dockerfile: &Dockerfile,
    stages: &Stages,
    target: Option<&str>,
    inputs: &Inputs<'_>,
) -> Option<(State, Worlds)> {
    let mut walk = Walk::new(dockerfile, stages, inputs);
    walk.run();
    let state = walk.ended.get_mut(stages.of_target(target)?)?;
    let worlds = state.settled(dockerfile, &mut walk.observers).clone();
    Some((state.clone(), worlds))
}

pub(super) struct Walk<'a> {
    pub(super) dockerfile: &'a Dockerfile,
    pub(super) inputs: Inputs<'a>,
    pub(super) stages: &'a Stages,
    pub(super) escape_token: char,
    /// What others see of the stage at work, where a named context takes its place.
    pub(super) instead: Option<State>,
    /// Stages whose place a folder takes.
    pub(super) folders: HashMap<usize, &'a dyn BuildContext>,
    /// End states of the stages so far.
    pub(super) ended: Vec<State>,
    pub(super) judged: Vec<Judged>,
    pub(super) bases: Vec<BaseRead>,
    /// What may see whether a file was linked.
    pub(super) observers: Observers,
}

impl<'a> Walk<'a> {
    fn new(dockerfile: &'a Dockerfile, stages: &'a Stages, inputs: &Inputs<'a>) -> Self {
        Self {
            dockerfile,
            stages,
            inputs: *inputs,
            escape_token: char::from(dockerfile.directives().escape_token),
            instead: None,
            folders: HashMap::new(),
            ended: Vec::new(),
            judged: Vec::new(),
            bases: Vec::new(),
            observers: Observers::default(),
        }
    }

    fn run(&mut self) {
        let dockerfile = self.dockerfile;
        let mut current: Option<State> = None;
        for (at, instruction) in dockerfile.instructions().iter().enumerate() {
            match (&instruction.body, current.as_mut()) {
                (Body::From(from), _) => {
                    self.end_stage(current.take());
                    self.observers.begin_stage();
                    current = Some(self.start_stage(from, instruction.start_line));
                    if let Some(name) = &from.name {
                        self.replace_stage(name, from, instruction.start_line);
                    }
                }
                (_, None) => self.before_any_stage(instruction, at),
                (Body::Onbuild(_), Some(state)) => state.triggers.push(at),
                (_, Some(state)) => self.step(state, instruction, at, self.inputs.context),
            }
        }
        self.end_stage(current.take());
    }

    /// A COPY or ADD before the first FROM, which BuildKit refuses: it is listed, and nothing is known of it.
    fn before_any_stage(&mut self, instruction: &Instruction, at: usize) {
        if let Some((inner, _)) = transfer_of(instruction) {
            let line = instruction.start_line;
            let mut nowhere = State::unknown("no stage", "there is no FROM before", None, line);
            self.step(&mut nowhere, inner, at, &NoContext);
        }
    }

    /// Ends a stage: its ONBUILD lines will run on what it leaves, in a build with another context.
    fn end_stage(&mut self, state: Option<State>) {
        let Some(mut state) = state else { return };
        if !state.triggers.is_empty() {
            let mut child = state.clone();
            child.triggers.clear();
            for &at in &state.triggers {
                self.trigger(&mut child, at, &NoContext);
            }
        }
        for Healed { judged, leans } in state.healed(self.dockerfile, &mut self.observers) {
            self.judged[judged].decision = Decision::healed(leans);
        }
        if let Some(instead) = self.instead.take() {
            // Its lines are judged for a build without that context, so what looks at them counts.
            state.settled(self.dockerfile, &mut self.observers);
            state = instead;
        }
        self.ended.push(state);
    }

    /// That no later command sees a link is an assumption of each line that may be linked.
    fn assume_unseen(&mut self) {
        let links = |judged: &Judged| matches!(judged.decision.verdict, Verdict::Link | Verdict::Edit);
        if !self.judged.iter().any(links) {
            return;
        }
        for state in &mut self.ended {
            state.settled(self.dockerfile, &mut self.observers);
        }
        for judged in self.judged.iter_mut().filter(|judged| links(judged)) {
            self.observers.assume_unseen(judged.stage, judged.line, &mut judged.decision.leans);
        }
    }

    pub(super) fn trigger(&mut self, state: &mut State, at: usize, context: &dyn BuildContext) {
        if let Body::Onbuild(inner) = &self.dockerfile.instructions()[at].body {
            self.step(state, inner, at, context);
        }
    }

    pub(super) fn step(
        &mut self,
        state: &mut State,
        instruction: &Instruction,
        at: usize,
        context: &dyn BuildContext,
    ) {
        state.line = instruction.start_line;
        match &instruction.body {
            Body::Arg(arguments) => self.declare(state, arguments),
            Body::Env(assignments) => self.assign(state, assignments),
            Body::Workdir(word) => self.workdir(state, &word.text),
            Body::User(word) => {
                state.user = state.expand(&word.text, self.escape_token);
                state.assumed_user = None;
            }
            Body::Shell(shell) => state.shell.clone_from(shell),
            Body::Run(run) => {
                let invoked = Box::new(run::Invoked::of(state));
                self.ran(state, run, Ran::At(RunAt(at), invoked));
            }
            Body::Transfer(transfer) => self.transfer(state, transfer, at, context),
            Body::From(_) | Body::Onbuild(_) | Body::Other(_) | Body::Unreadable => {}
        }
    }

    fn declare(&self, state: &mut State, arguments: &[Assignment]) {
        let scope = Arc::make_mut(&mut state.scope);
        scope.declare(arguments, self.inputs.build_args, self.stages.global(), self.escape_token);
    }

    /// All values of one ENV are expanded before any is set (`expandKvpsInPlace`).
    fn assign(&self, state: &mut State, assignments: &[Assignment]) {
        let expand = |word: &String| state.scope.expand(word, self.escape_token);
        let values: Vec<_> = assignments
            .iter()
            .filter_map(|assignment| Some((expand(&assignment.name), expand(assignment.value.as_ref()?))))
            .collect();
        for (name, value) in values {
            match name {
                Ok(name) => Arc::make_mut(&mut state.scope).export(&name, value),
                // Any variable may be the one.
                Err(why) => {
                    state.scope = Arc::new(Scope::open(why.into()));
                }
            }
        }
    }

    /// `dockerfile2llb.dispatchWorkdir`: makes what is missing of it, owned by the current user.
    fn workdir(&self, state: &mut State, word: &str) {
        let path = match state.expand(word, self.escape_token) {
            Ok(path) if path.starts_with('/') => Ok(clean(&path)),
            Ok(path) => state.workdir.as_ref().map(|workdir| join(workdir, &path)).map_err(Clone::clone),
            Err(why) => Err(why),
        };
        state.workdir.clone_from(&path);
        let Ok(path) = path else {
            return state.wrote_somewhere("WORKDIR");
        };
        if path != "/" {
            state.untouched = false;
        }
        let user = state.user.as_ref().ok().cloned();
        state.happened(What::Workdir { path, user, assumed: state.assumed_user.clone() });
    }

    pub(super) fn ran(&self, state: &mut State, run: &Run, ran: Ran) {
        state.untouched = false;
        let process = Process {
            workdir: state.workdir.as_ref().ok().cloned(),
            user: state.user.as_ref().ok().cloned(),
            assumed: state.assumed_user.clone(),
        };
        let targets = self.mount_targets(state, run);
        let stage = self.observers.stages().saturating_sub(1);
        state.happened(What::Run { ran, process, targets, stage });
    }

    /// Where `--mount` puts something for the time of a RUN; None for a target that is not known.
    fn mount_targets(&self, state: &State, run: &Run) -> Vec<Option<String>> {
        let target = |mount: &Mount| {
            let target = state.expand(mount.target.as_deref()?, self.escape_token);
            Some(
                target
                    .ok()
                    .and_then(|target| Destination::new(&target, state.workdir.as_deref().ok()))
                    .map(|at| at.path),
            )
        };
        run.mounts.iter().filter_map(target).collect()
    }
}
