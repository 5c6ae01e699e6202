//! The stage graph of a Dockerfile, for one set of build arguments: the base of each stage and the stages and images
//! that it uses (`dockerfile2llb.toDispatchState`). It never reads the commands of a stage.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Body, Dockerfile, From, Instruction, Scope, go};
use crate::budget::spend;

/// The empty base, if no stage has its name (`emptyImageName`).
const SCRATCH: &str = "scratch";

/// The stages of a Dockerfile, in order.
#[derive(Clone, Debug, Default)]
pub struct Stages {
    all: Vec<Stage>,
    /// The last stage of each name (`dispatchStates.statesByName`).
    by_name: HashMap<String, usize>,
    global: Scope,
    escape_token: char,
}

/// A stage.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Stage {
    /// Its name, in lower case.
    pub(crate) name: Option<String>,
    /// The base.
    pub(crate) base: Reference,
    /// The platform of its FROM, expanded. `None` if there is none, or if it is unknown.
    pub(crate) platform: Option<String>,
    /// The sources of its COPY and RUN, in any build. ONBUILD counts for the stage that contains it: a stage that
    /// runs it is based on that stage, so it uses the same sources.
    uses: Vec<Reference>,
}

/// The meaning of a name in FROM, `COPY --from` or `RUN --mount=from=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Reference {
    /// An empty filesystem.
    Scratch,
    /// A stage of the same Dockerfile.
    Stage(usize),
    /// An image or a named context, with variables expanded.
    Image(String),
    /// It is unknown, or BuildKit refuses it; with the reason.
    Unknown(String),
}

impl Stages {
    /// Parses the stages. `build_args` are those of the build; the value is `None` if only the build knows it.
    pub fn new(dockerfile: &Dockerfile, build_args: &BTreeMap<String, Option<String>>) -> Self {
        let global = Scope::global(dockerfile, build_args);
        let escape_token = char::from(dockerfile.directives().escape_token);
        let mut graph = Self { global, escape_token, ..Self::default() };
        for instruction in dockerfile.instructions() {
            if let Body::From(from) = &instruction.body {
                graph.add(from);
            }
        }
        for instruction in dockerfile.instructions() {
            graph.note_uses(instruction);
        }
        graph
    }

    /// `dispatchStates.addState`: a stage does not see its own name in its FROM, nor the names of later ones.
    fn add(&mut self, from: &From) {
        let base = match self.global.expand(&from.base.text, self.escape_token) {
            Ok(base) if base.is_empty() => {
                Reference::Unknown(format!("base name ({}) should not be blank", from.base.text))
            }
            Ok(base) => self.named(&base, &base),
            Err(why) => Reference::Unknown(why),
        };
        let expand = |platform: &String| self.global.expand(platform, self.escape_token).ok();
        let platform = from.platform.as_ref().and_then(expand);
        if let Some(name) = &from.name {
            self.by_name.insert(name.clone(), self.all.len());
        }
        self.all.push(Stage { name: from.name.clone(), base, platform, uses: Vec::new() });
    }

    /// Returns the meaning of `written`, which is looked up among the names of stages as `name`.
    fn named(&self, name: &str, written: &str) -> Reference {
        match self.by_name.get(name) {
            Some(&stage) => Reference::Stage(stage),
            None if written == SCRATCH => Reference::Scratch,
            None => Reference::Image(written.to_owned()),
        }
    }

    fn note_uses(&mut self, instruction: &Instruction) {
        let uses = match &instruction.body {
            Body::Transfer(transfer) => {
                transfer.options.from.iter().map(|from| self.copy_source(from)).collect()
            }
            Body::Run(run) => {
                let from = run.mounts.iter().filter_map(|mount| mount.from.as_deref());
                from.filter(|from| !from.is_empty()).map(|from| self.mount_source(from)).collect()
            }
            Body::Onbuild(inner) => return self.note_uses(inner),
            _ => Vec::new(),
        };
        if let Some(stage) = instruction.stage.and_then(|stage| self.all.get_mut(stage)) {
            stage.uses.extend(uses);
        }
    }

    /// Returns the source of `COPY --from`: a number is the index of a stage, a name means the last stage with that
    /// name (`dockerfile2llb.toCommand`).
    fn copy_source(&self, from: &str) -> Reference {
        if Scope::default().expand(from, self.escape_token).as_deref() != Ok(from) {
            return Reference::Unknown("variable expansion is not supported for --from".to_owned());
        }
        match from.parse::<i64>() {
            Err(_) => self.mount_source(from),
            Ok(number) => match usize::try_from(number) {
                Ok(stage) if stage < self.all.len() => Reference::Stage(stage),
                _ => no_stage_before(from),
            },
        }
    }

    /// Returns the source of a mount: a number does not name a stage here (`dockerfile2llb.detectRunMount`).
    fn mount_source(&self, from: &str) -> Reference {
        self.named(&go::lower(from), from)
    }

    /// Returns the source of a `COPY --from` in a stage. BuildKit refuses to copy from the stage itself or a later
    /// one.
    pub(crate) fn copied_from(&self, stage: usize, from: &str) -> Reference {
        match self.copy_source(from) {
            Reference::Stage(source) if source >= stage => no_stage_before(from),
            source => source,
        }
    }

    /// Returns the variables before the first stage.
    pub(crate) fn global(&self) -> &Scope {
        &self.global
    }

    /// Returns the number of stages.
    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns a stage by its index.
    pub(crate) fn get(&self, stage: usize) -> Option<&Stage> {
        self.all.get(stage)
    }

    /// Returns the stages, in order.
    pub(crate) fn all(&self) -> &[Stage] {
        &self.all
    }

    /// Returns the name of a stage, if it has one.
    pub(crate) fn name(&self, stage: usize) -> Option<&str> {
        self.get(stage)?.name.as_deref()
    }

    /// Returns the value of `--target` for a stage: its name, unless it has none or a later stage has the same.
    pub(crate) fn target(&self, stage: usize) -> Option<&str> {
        self.name(stage).filter(|name| self.by_name.get(*name) == Some(&stage))
    }

    /// Returns the stage that a target names, in any letter case, or the last stage if there is no target
    /// (`resolveTarget`).
    pub(crate) fn of_target(&self, target: Option<&str>) -> Option<usize> {
        match target {
            None => self.len().checked_sub(1),
            Some(target) => self.by_name.get(&*go::lower(target)).copied(),
        }
    }

    /// Returns the stage that is the base of a stage.
    pub(crate) fn parent(&self, stage: usize) -> Option<usize> {
        match self.get(stage)?.base {
            Reference::Stage(parent) => Some(parent),
            _ => None,
        }
    }

    /// Returns a stage, its base, the base of that, and so on: their instructions write the image.
    pub(crate) fn chain(&self, stage: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(stage), |stage| self.parent(*stage))
    }

    /// Returns the stages that a build of `target` may execute, `target` included.
    pub(crate) fn reached(&self, target: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut pending = vec![target];
        while let Some(stage) = pending.pop() {
            if reached.insert(stage) {
                spend(self.len());
                pending.extend((0..self.len()).filter(|other| self.may_use(stage, *other)));
            }
        }
        reached
    }

    /// Returns these stages, and all stages that may contain files of them.
    pub(crate) fn dependents(&self, of: &BTreeSet<usize>) -> BTreeSet<usize> {
        let mut found = of.clone();
        loop {
            let more: Vec<usize> = (0..self.len())
                .filter(|stage| !found.contains(stage))
                .filter(|stage| found.iter().any(|other| self.may_use(*stage, *other)))
                .collect();
            if more.is_empty() {
                return found;
            }
            found.extend(more);
        }
    }

    /// Returns true if a stage uses another. An unknown reference may name any earlier stage.
    fn may_use(&self, stage: usize, other: usize) -> bool {
        let is_other = |used: &Reference| match used {
            Reference::Stage(used) => *used == other,
            Reference::Unknown(_) => other < stage,
            Reference::Scratch | Reference::Image(_) => false,
        };
        let of = |stage: &Stage| is_other(&stage.base) || stage.uses.iter().any(is_other);
        stage != other && self.get(stage).is_some_and(of)
    }
}

fn no_stage_before(from: &str) -> Reference {
    Reference::Unknown(format!("there is no stage {from} before"))
}

#[cfg(test)]
mod tests;
