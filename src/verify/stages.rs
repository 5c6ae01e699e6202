//! The stages of a Dockerfile as far as a build needs them: which others each uses, and what it asks of who builds.
//! Where a reference can not be told, it may be to any stage.

use std::collections::BTreeSet;

use crate::dockerfile::{Body, Dockerfile, Instruction};

/// The stages of a Dockerfile, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Stages {
    stages: Vec<Stage>,
}

#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Stage {
    name: Option<String>,
    /// What it refers to: stages, images and named contexts, as they are written.
    uses: Vec<String>,
    /// Secrets and agents that it can not do without.
    needs: Vec<Need>,
}

/// What a build can not do without and only who builds can give.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Need {
    /// A secret, by its id.
    Secret(String),
    /// An SSH agent, by its id.
    Agent(String),
}

impl Stages {
    /// Reads the stages of a Dockerfile.
    pub fn new(dockerfile: &Dockerfile) -> Self {
        let mut stages: Vec<Stage> = Vec::new();
        for instruction in dockerfile.instructions() {
            if let Body::From(from) = &instruction.body {
                let uses = vec![from.base.text.to_string()];
                stages.push(Stage { name: from.name.clone(), uses, needs: Vec::new() });
            } else if let Some(stage) = stages.last_mut() {
                stage.read(instruction);
            }
        }
        Self { stages }
    }

    /// How many there are.
    pub fn len(&self) -> usize {
        self.stages.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.stages.is_empty()
    }

    /// The name of a stage, where it has one.
    pub fn name(&self, stage: usize) -> Option<&str> {
        self.stages.get(stage)?.name.as_deref()
    }

    /// What `--target` calls a stage: its name, unless it has none or a later one has the same
    /// (`dockerfile2llb.dispatchStates.findStateByName`).
    pub fn target(&self, stage: usize) -> Option<&str> {
        self.name(stage).filter(|name| self.find(name) == Some(stage))
    }

    /// The stage that a target names; the last one without a target.
    pub fn of_target(&self, target: Option<&str>) -> Option<usize> {
        match target {
            None => self.len().checked_sub(1),
            Some(target) => self.find(target),
        }
    }

    /// What a stage starts from, as it is written.
    pub fn base(&self, stage: usize) -> Option<&str> {
        self.stages.get(stage)?.uses.first().map(String::as_str)
    }

    /// The stage that a stage starts from: the last one of that name before it.
    pub fn parent(&self, stage: usize) -> Option<usize> {
        let base = self.base(stage)?;
        let is_it = |other: &Stage| other.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(base));
        self.stages[..stage].iter().rposition(is_it)
    }

    /// A stage, the one that it starts from, and so on: what their lines write becomes the image.
    pub fn chain(&self, stage: usize) -> Vec<usize> {
        std::iter::successors(Some(stage), |stage| self.parent(*stage)).collect()
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

    /// What these stages can not do without.
    pub fn needs(&self, stages: &BTreeSet<usize>) -> BTreeSet<&Need> {
        stages.iter().filter_map(|at| self.stages.get(*at)).flat_map(|stage| &stage.needs).collect()
    }

    /// The last stage of a name, in any letter case.
    fn find(&self, name: &str) -> Option<usize> {
        let named = |stage: &Stage| stage.name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name));
        self.stages.iter().rposition(named)
    }

    fn may_use(&self, stage: usize, other: usize) -> bool {
        let own = self.stages.get(other).and_then(|stage| stage.name.as_deref());
        let is_it = |used: &String| {
            used.contains('$')
                || own.is_some_and(|own| own.eq_ignore_ascii_case(used))
                || used.parse() == Ok(other)
        };
        stage != other && self.stages.get(stage).is_some_and(|stage| stage.uses.iter().any(is_it))
    }
}

impl Stage {
    fn read(&mut self, instruction: &Instruction) {
        match &instruction.body {
            Body::Transfer(transfer) => self.uses.extend(transfer.options.from.clone()),
            Body::Run(run) => run.mounts.iter().for_each(|mount| self.mount(mount)),
            // What it says is done in stages that start from this one, and they hold all that this one uses.
            Body::Onbuild(inner) => self.read(inner),
            _ => {}
        }
    }

    /// A value of `--mount` (`instructions.parseMount`, `dockerfile2llb.dispatchSecret`).
    fn mount(&mut self, mount: &str) {
        let fields: Vec<(String, &str)> = mount
            .split(',')
            .map(|field| {
                let (key, value) = field.split_once('=').unwrap_or((field, ""));
                (key.trim().to_ascii_lowercase(), value)
            })
            .collect();
        let value = |keys: &[&str]| {
            fields.iter().rev().find(|(key, _)| keys.contains(&key.as_str())).map(|(_, value)| *value)
        };
        self.uses.extend(value(&["from"]).map(str::to_owned));
        let required = value(&["required"]).is_some_and(|value| matches!(value, "" | "true" | "1"));
        // What a variable decides, the build itself will tell.
        if !required || mount.contains('$') {
            return;
        }
        let id = value(&["source", "src"]).or(value(&["id"]));
        match value(&["type"]) {
            Some("secret") => {
                let of_target = value(&["target", "dst", "destination"])
                    .and_then(|target| target.rsplit('/').find(|part| !part.is_empty()));
                self.needs.extend(id.or(of_target).map(|id| Need::Secret(id.to_owned())));
            }
            Some("ssh") => self.needs.push(Need::Agent(id.unwrap_or("default").to_owned())),
            _ => {}
        }
    }
}

/// The id that a value of `--secret` or `--ssh` gives: `id=npmrc,src=…`, or the word before the first `=`.
pub fn id_of(value: &str) -> &str {
    let first = value.split(',').next().unwrap_or_default();
    let id = value.split(',').find_map(|field| field.strip_prefix("id="));
    id.unwrap_or_else(|| first.split('=').next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stages(text: &str) -> Stages {
        Stages::new(&Dockerfile::read(text))
    }

    fn set(stages: &[usize]) -> BTreeSet<usize> {
        stages.iter().copied().collect()
    }

    const GRAPH: &str = "FROM a AS base\nFROM base AS left\nFROM b AS right\nCOPY --from=LEFT x /x\n\
                         FROM c\nRUN --mount=from=2,target=/x true\nFROM d AS alone\n";

    #[test]
    fn a_build_executes_what_its_target_uses() {
        let stages = stages(GRAPH);
        assert_eq!(stages.reached(3), set(&[0, 1, 2, 3]));
        assert_eq!(stages.reached(1), set(&[0, 1]));
        assert_eq!(stages.reached(4), set(&[4]));
        assert_eq!(stages.dependents(&set(&[1])), set(&[1, 2, 3]));
        assert_eq!(stages.dependents(&set(&[4])), set(&[4]));
    }

    #[test]
    fn a_variable_may_name_any_stage() {
        let stages = stages("FROM a AS x\nFROM b AS y\nFROM $z\n");
        assert_eq!(stages.reached(2), set(&[0, 1, 2]));
        assert_eq!(stages.dependents(&set(&[0])), set(&[0, 2]));
    }

    #[test]
    fn a_stage_stands_on_those_before_it() {
        let stages = stages("FROM x AS x\nFROM X AS y\nFROM scratch\nFROM y\nFROM z AS x\n");
        assert_eq!(stages.chain(3), [3, 1, 0]);
        assert_eq!(stages.chain(2), [2]);
        assert_eq!((stages.base(0), stages.parent(0)), (Some("x"), None), "it is no stage of its own");
    }

    #[test]
    fn targets_are_names() {
        let stages = stages("FROM a AS x\nFROM b\nFROM c AS x\n");
        assert_eq!(stages.of_target(None), Some(2));
        assert_eq!(stages.of_target(Some("X")), Some(2));
        assert_eq!(stages.of_target(Some("1")), None);
        assert_eq!([0, 1, 2].map(|stage| stages.target(stage)), [None, None, Some("x")]);
    }

    #[test]
    fn what_is_required_is_needed() {
        let stages = stages(
            "FROM a\nRUN --mount=type=secret,id=npmrc,required=true --mount=type=secret,id=other true\n\
             RUN --mount=type=secret,target=/run/token,required --mount=type=ssh,required=true true\n\
             RUN --mount=type=secret,id=no,required=false true\nFROM b\n",
        );
        let needs = stages.needs(&set(&[0]));
        let expected =
            [Need::Secret("npmrc".into()), Need::Secret("token".into()), Need::Agent("default".into())];
        assert_eq!(needs, expected.iter().collect());
        assert!(stages.needs(&set(&[1])).is_empty());
    }

    #[test]
    fn the_id_of_a_secret_is_found_wherever_it_stands() {
        assert_eq!(id_of("id=npmrc,src=/a"), "npmrc");
        assert_eq!(id_of("type=env,id=TOKEN"), "TOKEN");
        assert_eq!(id_of("default"), "default");
        assert_eq!(id_of("github=/run/agent"), "github");
    }
}
