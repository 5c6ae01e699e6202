//! The stage graph of a Dockerfile, for one set of build arguments: where each stage starts from and what it uses
//! (`dockerfile2llb.toDispatchState`). It never looks at what a stage does.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use super::{Body, Dockerfile, From, Instruction, Scope, go};

/// The base that is empty, where no stage has its name (`emptyImageName`).
const SCRATCH: &str = "scratch";

/// The stages of a Dockerfile, in order.
///
/// ```
/// use layerwright::dockerfile::stages::{Reference, Stages};
/// use layerwright::dockerfile::Dockerfile;
///
/// let text = "ARG V=3\nFROM alpine:$V AS alpine\nFROM alpine\nCOPY --from=0 /etc /etc\n";
/// let stages = Stages::new(&Dockerfile::read(text), &Default::default());
/// assert_eq!(stages.get(0).unwrap().base, Reference::Image("alpine:3".to_owned()));
/// assert_eq!(stages.get(1).unwrap().base, Reference::Stage(0));
/// ```
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
pub struct Stage {
    /// Its name, in lower case.
    pub name: Option<String>,
    /// Where it starts from.
    pub base: Reference,
    /// The platform of its FROM, expanded. None without one, and where it is not known.
    pub platform: Option<String>,
    /// What its COPY and RUN take files from, in any build. ONBUILD counts for the stage that holds it: a stage that runs
    /// it starts from that one, so it uses the same.
    uses: Vec<Reference>,
}

/// The meaning of a name in FROM, `COPY --from` or `RUN --mount=from=`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reference {
    /// An empty filesystem.
    Scratch,
    /// A stage of the same Dockerfile.
    Stage(usize),
    /// An image or a named context, with variables expanded.
    Image(String),
    /// It is not known, or BuildKit refuses it; and why.
    Unknown(String),
}

impl Stages {
    /// Reads the stages. `build_args` are those of the build; None as the value of one that only the build knows.
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

    /// The meaning of `written`, which is looked up among the names of stages as `name`.
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

    /// The source of `COPY --from`: a number counts stages, a name is that of the last stage that has it
    /// (`dockerfile2llb.toCommand`).
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

    /// The source of a mount: a number is no stage here (`dockerfile2llb.detectRunMount`).
    fn mount_source(&self, from: &str) -> Reference {
        self.named(&go::lower(from), from)
    }

    /// The source of a `COPY --from` in a stage. BuildKit refuses to copy from the stage itself or a later one.
    pub fn copied_from(&self, stage: usize, from: &str) -> Reference {
        match self.copy_source(from) {
            Reference::Stage(source) if source >= stage => no_stage_before(from),
            source => source,
        }
    }

    /// The variables before the first stage.
    pub(crate) fn global(&self) -> &Scope {
        &self.global
    }

    /// The number of stages.
    pub fn len(&self) -> usize {
        self.all.len()
    }

    /// Returns true if there is none.
    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// A stage by its number.
    pub fn get(&self, stage: usize) -> Option<&Stage> {
        self.all.get(stage)
    }

    /// The stages, in order.
    pub fn all(&self) -> &[Stage] {
        &self.all
    }

    /// The name of a stage, where it has one.
    pub fn name(&self, stage: usize) -> Option<&str> {
        self.get(stage)?.name.as_deref()
    }

    /// The value of `--target` for a stage: its name, unless it has none or a later stage has the same.
    pub fn target(&self, stage: usize) -> Option<&str> {
        self.name(stage).filter(|name| self.by_name.get(*name) == Some(&stage))
    }

    /// The stage that a target names, in any letter case; the last one without a target (`resolveTarget`).
    pub fn of_target(&self, target: Option<&str>) -> Option<usize> {
        match target {
            None => self.len().checked_sub(1),
            Some(target) => self.by_name.get(&*go::lower(target)).copied(),
        }
    }

    /// The stage that a stage starts from.
    pub fn parent(&self, stage: usize) -> Option<usize> {
        match self.get(stage)?.base {
            Reference::Stage(parent) => Some(parent),
            _ => None,
        }
    }

    /// A stage, the one that it starts from, and so on: what their lines write becomes the image.
    pub fn chain(&self, stage: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(stage), |stage| self.parent(*stage))
    }

    /// The stages that a build of `target` may execute, itself among them.
    pub fn reached(&self, target: usize) -> BTreeSet<usize> {
        let mut reached = BTreeSet::new();
        let mut pending = vec![target];
        while let Some(stage) = pending.pop() {
            if reached.insert(stage) {
                pending.extend((0..self.len()).filter(|other| self.may_use(stage, *other)));
            }
        }
        reached
    }

    /// These stages, and all that may hold something of them.
    pub fn dependents(&self, of: &BTreeSet<usize>) -> BTreeSet<usize> {
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

    /// Returns true if a stage takes something from another. A reference that is not known may be to any stage before.
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
