//! The walk through the stages of a Dockerfile: the state before and after each instruction. It never runs an
//! instruction.

use std::collections::HashMap;
use std::sync::Arc;

use crate::analysis::base::{FromLine, Start, has_triggers};
use crate::analysis::copy_step::{self, Linking};
use crate::analysis::decision::Decision;
use crate::analysis::named_context::NamedContext;
use crate::analysis::resolve::{self, Origin, Origins};
use crate::analysis::restored::Restored;
use crate::analysis::results::{BaseRead, Judged};
use crate::analysis::run_step::{self, Invoked, RunAt};
use crate::analysis::script_files::{Candidate, Copied, Search};
use crate::analysis::source::CopySource;
use crate::analysis::state::{Ran, State};
use crate::analysis::{Inputs, Verdict, transfer_of};
use crate::builds::{BuildContext, NoContext};
use crate::dockerfile::stages::Reference;
use crate::dockerfile::{Body, Dockerfile, From, Instruction, Run, Stages, Transfer};
use crate::shell::Files;

/// Walks through all stages: judges each COPY and ADD, and lists the images that the stages start from.
pub(crate) fn walk(
    dockerfile: &Dockerfile,
    stages: &Stages,
    inputs: &Inputs<'_>,
) -> (Vec<Judged>, Vec<BaseRead>) {
    let mut walk = Walk::new(dockerfile, stages, inputs);
    walk.run();
    walk.assume_unseen();
    (walk.judged, walk.bases)
}

/// Returns the state at the end of the stage `target`, or of the last stage. `None` if there is no such stage.
pub(crate) fn end<'a>(
    dockerfile: &'a Dockerfile,
    stages: &'a Stages,
    target: Option<&str>,
    inputs: &Inputs<'a>,
) -> Option<State<'a>> {
    let mut walk = Walk::new(dockerfile, stages, inputs);
    walk.run();
    let stage = stages.of_target(target)?;
    (stage < walk.ended.len()).then(|| walk.ended.swap_remove(stage))
}

struct Walk<'a> {
    dockerfile: &'a Dockerfile,
    inputs: Inputs<'a>,
    stages: &'a Stages,
    escape_token: char,
    /// The state that other stages see instead of the current one, if a named context replaces it.
    instead: Option<State<'a>>,
    /// Stages that a folder replaces.
    folders: HashMap<usize, &'a dyn BuildContext>,
    /// End states of the stages so far.
    ended: Vec<State<'a>>,
    judged: Vec<Judged>,
    bases: Vec<BaseRead>,
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
        }
    }

    /// Returns the number of the current stage.
    fn stage(&self) -> usize {
        self.ended.len()
    }

    fn run(&mut self) {
        let dockerfile = self.dockerfile;
        let mut current: Option<State<'a>> = None;
        for (at, instruction) in dockerfile.instructions().iter().enumerate() {
            match (&instruction.body, current.as_mut()) {
                (Body::From(from), _) => {
                    self.end_stage(current.take());
                    current = self.start_stage(from, instruction.start_line);
                }
                (_, None) => self.before_any_stage(instruction, at),
                (Body::Onbuild(_), Some(state)) => state.triggers.push(at),
                (_, Some(state)) => self.step(state, instruction, at, self.inputs.context),
            }
        }
        self.end_stage(current.take());
    }

    /// Judges a COPY or ADD before the first FROM, which BuildKit refuses: it is listed, and nothing is known of it.
    fn before_any_stage(&mut self, instruction: &Instruction, at: usize) {
        if let Some((inner, _)) = transfer_of(instruction) {
            let line = instruction.start_line;
            let mut nowhere = State::unknown("no stage", "there is no FROM before", None, line);
            self.step(&mut nowhere, inner, at, &NoContext);
        }
    }

    fn start_stage(&mut self, from: &'a From, line: usize) -> Option<State<'a>> {
        let stage = self.stages.get(self.stage())?;
        let at = FromLine { from, platform: stage.platform.as_deref(), line };
        let start = match &stage.base {
            Reference::Scratch => Start::from_scratch(line),
            Reference::Stage(parent) => {
                let state = self.start_from_stage(*parent);
                self.replace_stage(at);
                return Some(state);
            }
            Reference::Image(image) => match self.inputs.named_contexts.lookup(image, at.platform) {
                None => Start::from_image(&self.inputs, image, at),
                Some(named) => Start::from_context(&self.inputs, image, named, at),
            },
            Reference::Unknown(why) => Start::from_unknown(why, at),
        };
        let state = self.begin(start);
        self.replace_stage(at);
        Some(state)
    }

    fn start_from_stage(&mut self, parent: usize) -> State<'a> {
        let mut state = self.ended[parent].child();
        for at in std::mem::take(&mut state.triggers) {
            self.trigger(&mut state, at, self.inputs.context);
        }
        state.forget_differences();
        state
    }

    /// Runs the ONBUILD instructions of a base image. Their COPY and ADD cannot be edited in this file.
    fn begin(&mut self, start: Start<'a>) -> State<'a> {
        let Start { mut state, read, onbuild } = start;
        self.bases.extend(read);
        let judged = self.judged.len();
        for trigger in &onbuild {
            let read = Dockerfile::read(trigger.as_bytes());
            for (at, instruction) in read.instructions().iter().enumerate() {
                match &instruction.body {
                    Body::Run(run) => {
                        let steps =
                            run_step::steps(&read, RunAt(at), &Invoked::of(&state, run), &Files::new());
                        state.ran(run, Ran::Known(steps), self.escape_token);
                    }
                    _ => self.step(&mut state, instruction, at, self.inputs.context),
                }
                self.judged.truncate(judged);
            }
        }
        state.unsafe_since.clear();
        state.forget_differences();
        state
    }

    /// Replaces a stage with a named context of the same name, for each stage that copies from it or starts from it
    /// (`dockerfile2llb.convert.go`: its instructions are not dispatched).
    fn replace_stage(&mut self, at: FromLine<'_>) {
        let Some(name) = &at.from.name else { return };
        let Some(named) = self.inputs.named_contexts.lookup(name, at.platform) else { return };
        let named = match named {
            NamedContext::Image(image) if has_triggers(&self.inputs, &image) => {
                NamedContext::Elsewhere(format!("the ONBUILD lines of {image} are not followed"))
            }
            NamedContext::Result(built) if !built.end.onbuild.is_empty() => {
                NamedContext::Elsewhere(format!("the ONBUILD lines of {name} are not followed"))
            }
            named => named,
        };
        if let NamedContext::Folder(folder) = named {
            self.folders.insert(self.stage(), folder);
        }
        let start = Start::from_context(&self.inputs, name, named, at);
        self.instead = Some(self.begin(start));
    }

    /// Ends a stage. Its ONBUILD instructions will run on its end state, in a build with another context.
    fn end_stage(&mut self, state: Option<State<'a>>) {
        let Some(mut state) = state else { return };
        if !state.triggers.is_empty() {
            // The triggers run in another build, which has the image's configuration alone.
            let mut child = state.clone();
            child.scope = Arc::new(child.scope.of_image());
            let first = self.judged.len();
            for at in std::mem::take(&mut child.triggers) {
                self.trigger(&mut child, at, &NoContext);
            }
            for judged in &mut self.judged[first..] {
                judged.decision.assume_child(judged.line);
            }
            state.observers.merge(child.observers);
        }
        for (judged, moment) in std::mem::take(&mut state.unsafe_since) {
            let plain = &state.filesystems().plain;
            let Judged { decision, line, .. } = &mut self.judged[judged];
            decision.doubt_hold(*line, |path| plain.is_set_since(path, moment));
        }
        for Restored { judged, leans } in state.restored() {
            self.judged[judged].decision = Decision::restored(leans);
        }
        if let Some(mut instead) = self.instead.take() {
            // Its instructions are judged for a build without that context, so the commands that see them count.
            state.filesystems();
            instead.observers.merge(state.observers);
            state = instead;
        }
        self.ended.push(state);
    }

    /// Adds the assumption that no later command sees a link to each instruction that may be linked.
    fn assume_unseen(&mut self) {
        let links = |judged: &&mut Judged| matches!(judged.decision.verdict, Verdict::Link | Verdict::Edit);
        let mut linked: Vec<&mut Judged> = self.judged.iter_mut().filter(links).collect();
        if linked.is_empty() {
            return;
        }
        for (at, state) in self.ended.iter_mut().enumerate() {
            state.filesystems();
            for judged in &mut linked {
                let after = match at == judged.stage {
                    true => judged.line,
                    false if self.stages.chain(at).any(|below| below == judged.stage) => 0,
                    false => continue,
                };
                state.observers.assume_blind(after, &mut judged.decision.leans);
            }
        }
    }

    fn trigger(&mut self, state: &mut State<'a>, at: usize, context: &dyn BuildContext) {
        if let Body::Onbuild(inner) = &self.dockerfile.instructions()[at].body {
            self.step(state, inner, at, context);
        }
    }

    fn step(
        &mut self,
        state: &mut State<'a>,
        instruction: &Instruction,
        at: usize,
        context: &dyn BuildContext,
    ) {
        state.line = instruction.start_line;
        let escape_token = self.escape_token;
        match &instruction.body {
            Body::Arg(arguments) => {
                state.declare(arguments, self.inputs.build_args, self.stages.global(), escape_token);
            }
            Body::Env(assignments) => state.assign(assignments, escape_token),
            Body::Workdir(word) => state.change_workdir(&word.text, escape_token),
            Body::User(word) => state.change_user(&word.text, escape_token),
            Body::Shell(shell) => state.shell.clone_from(shell),
            Body::Run(run) => {
                let mut invoked = Box::new(Invoked::of(state, run));
                invoked.scripts = self.scripts(state, run, context);
                state.ran(run, Ran::At(self.dockerfile, RunAt(at), invoked), escape_token);
            }
            Body::Transfer(transfer) => self.transfer(state, transfer, at, context),
            Body::From(_) | Body::Onbuild(_) | Body::Other(_) | Body::Unreadable => {}
        }
    }

    /// Returns the scripts of the context that a RUN may run.
    fn scripts(&self, state: &State<'a>, run: &Run, context: &dyn BuildContext) -> Vec<Candidate> {
        let expand = |word: &str| state.expand(word, self.escape_token).ok();
        let workdir = state.workdir.as_deref().ok();
        let bound = Search::bound(run, context, workdir, &expand);
        let is_settled = self.inputs.assumed_context.is_none();
        let search = Search { context, is_settled, copied: &state.copied, bound, workdir };
        search.named_in(&run_step::text_of(self.dockerfile, run))
    }

    fn transfer(
        &mut self,
        state: &mut State<'a>,
        transfer: &Transfer,
        at: usize,
        context: &dyn BuildContext,
    ) {
        let mut line = resolve::words(state, transfer, self.escape_token);
        // If the destination is not known, the sources do not change the verdict.
        if line.destination.is_ok() {
            let origins = match transfer.options.from.as_deref() {
                None => Origins::one(Origin::Context(context)),
                Some(from) => self.origins(from, state.line),
            };
            (line.sources, line.linked_sources) = origins.sources(state, transfer, self.escape_token);
        }
        let (decision, difference) = copy_step::decide(state, &line, &self.inputs);
        let linking =
            Linking::of(&line, &decision, difference.map(|difference| (self.judged.len(), difference)));
        self.judged.push(Judged {
            stage: self.stage(),
            line: state.line,
            instruction: at,
            on_nothing: state.untouched,
            // An archive in another context would be copied as it is.
            is_copy: self.inputs.assumed_context.is_none() && resolve::is_copy(transfer, &line.sources),
            files: line.sources.iter().map(CopySource::files).sum(),
            decision,
        });
        state.untouched = false;
        let places = match &line.destination {
            Ok(destination) if transfer.options.from.is_none() && !line.is_filtered() => {
                Copied::places(&line.sources, destination, &state.filesystems().plain)
            }
            _ => Vec::new(),
        };
        copy_step::leave(state, &line, &linking);
        if !places.is_empty() {
            let since = state.filesystems().plain.now();
            state.copied.extend(places.into_iter().map(|place| Copied::new(place, since)));
        }
        let judged = self.judged.len() - 1;
        if self.judged[judged].decision.verdict == Verdict::Hold {
            let now = state.filesystems().plain.now();
            state.unsafe_since.push((judged, now));
        }
    }

    /// Returns the source of a `COPY --from`: a stage, a named context, or an image.
    fn origins<'c>(&mut self, from: &str, line: usize) -> Origins<'c>
    where
        'a: 'c,
    {
        let image = match self.stages.copied_from(self.stage(), from) {
            Reference::Stage(stage) => {
                return match self.folders.get(&stage) {
                    Some(folder) => Origins::one(Origin::Context(*folder)),
                    None => Origins::of(self.ended[stage].filesystems().clone()),
                };
            }
            Reference::Scratch => return Origins::empty(),
            Reference::Unknown(why) => return Origins::one(Origin::Unknown(why)),
            Reference::Image(image) => image,
        };
        match self.inputs.named_contexts.lookup(&image, None) {
            None => Origins::of_image(&self.inputs, &image, line),
            Some(NamedContext::Image(image)) if image == "scratch" => Origins::empty(),
            Some(NamedContext::Image(image)) => Origins::of_image(&self.inputs, &image, line),
            Some(NamedContext::Folder(folder)) => Origins::one(Origin::Context(folder)),
            Some(NamedContext::Result(built)) => Origins::of_build(&built, from, line),
            Some(NamedContext::Elsewhere(what)) => {
                Origins::one(Origin::Unknown(format!("named context {from}: {what}")))
            }
        }
    }
}
