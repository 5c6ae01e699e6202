//! The effect of a RUN on the facts of a filesystem: exact changes if its commands are certain, unknown paths
//! otherwise. It never runs a command.

use std::sync::Arc;

use crate::analysis::destination::{self, Followed};
use crate::analysis::effects::Effects;
use crate::analysis::owner::Owner;
use crate::analysis::state::State;
use crate::dockerfile::expand::{Environment, Lookup as Value};
use crate::dockerfile::{Body, Dockerfile, Instruction, Run, RunCommand, Scope};
use crate::rootfs::{
    Assumption, Below, Directory, Disturbance, Fact, Known, Listing, Reach, Rootfs, ancestors,
};
use crate::shell::{self, Change, Effect, Invocation, Lookup, Script, ScriptHeredoc, Step, User};

/// A RUN of a Dockerfile, by the index of its instruction; for a trigger, the index of the ONBUILD.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunAt(pub(crate) usize);

/// The environment in which a RUN runs.
#[derive(Clone, Debug)]
pub(crate) struct Invoked {
    scope: Arc<Scope>,
    workdir: Option<String>,
    user: User,
    shell: Vec<String>,
}

impl Invoked {
    /// Returns the environment at this point of a stage.
    pub(crate) fn of(state: &State<'_>) -> Self {
        Self {
            scope: Arc::clone(&state.scope),
            workdir: state.workdir.as_ref().ok().cloned(),
            user: user(state),
            shell: state.shell.clone(),
        }
    }
}

/// Returns the commands of a RUN.
pub(crate) fn steps(dockerfile: &Dockerfile, RunAt(at): RunAt, invoked: &Invoked) -> Vec<Step> {
    let Some((instruction, run)) = dockerfile.instructions().get(at).and_then(run_of) else {
        return Vec::new();
    };
    let text = dockerfile.text();
    let bodies: Vec<String> = run
        .heredocs
        .iter()
        .map(|heredoc| String::from_utf8_lossy(&text[heredoc.body.range()]).into_owned())
        .collect();
    let index = (!bodies.is_empty()).then(|| dockerfile.line_index());
    let heredocs: Vec<ScriptHeredoc<'_>> = run
        .heredocs
        .iter()
        .zip(&bodies)
        .map(|(heredoc, body)| ScriptHeredoc {
            name: &heredoc.name,
            chomp: heredoc.chomp,
            body,
            line: index
                .as_ref()
                .map_or(instruction.start_line, |index| index.position(heredoc.body.start).line),
        })
        .collect();
    let script = match &run.command {
        RunCommand::Shell(text) => Script::Shell(text),
        RunCommand::Exec(words) => Script::Exec(words),
    };
    let effects = |scope: &Scope| {
        shell::effects(&Invocation {
            script,
            heredocs: &heredocs,
            shell: &invoked.shell,
            workdir: invoked.workdir.as_deref(),
            user: invoked.user,
            env: &|name| variable(scope, name),
            first_line: instruction.start_line,
        })
    };
    let mut steps = effects(&invoked.scope);
    if steps.iter().flat_map(changes).any(is_numbered) {
        keep_written_numbers(&mut steps, &effects(&invoked.scope.without_arguments()));
    }
    steps
}

fn changes(step: &Step) -> &[Change] {
    match &step.effect {
        Effect::Certain(changes) => changes,
        _ => &[],
    }
}

/// Returns true if a command creates a user or a group with a number.
fn is_numbered(change: &Change) -> bool {
    match change {
        Change::AddUser(account) => account.uid.is_some(),
        Change::AddGroup { gid, .. } => gid.is_some(),
        _ => false,
    }
}

/// Forgets the numbers of users and groups that depend on a build argument: in a `--chown`, they would be wrong in
/// every build that sets another value. `others` are the steps without known arguments.
fn keep_written_numbers(steps: &mut [Step], others: &[Step]) {
    let written: Vec<&Change> =
        others.iter().flat_map(changes).filter(|change| is_numbered(change)).collect();
    let made = steps.iter_mut().filter_map(|step| match &mut step.effect {
        Effect::Certain(changes) => Some(changes),
        _ => None,
    });
    for change in made.flatten() {
        match change {
            change if written.contains(&&*change) => {}
            Change::AddUser(account) => account.uid = None,
            Change::AddGroup { gid, .. } => *gid = None,
            _ => {}
        }
    }
}

fn run_of(instruction: &Instruction) -> Option<(&Instruction, &Run)> {
    match &instruction.body {
        Body::Run(run) => Some((instruction, run)),
        Body::Onbuild(inner) => run_of(inner),
        _ => None,
    }
}

fn variable(scope: &Scope, name: &str) -> Lookup {
    match scope.lookup(name) {
        Value::Set(value) => Lookup::Set(value),
        Value::Unset => Lookup::Unset,
        Value::Unknown => Lookup::Unknown,
    }
}

fn user(state: &State<'_>) -> User {
    let names_group = state.user.as_deref().is_ok_and(|user| user.contains(':'));
    match state.user.as_deref().map(Owner::of) {
        Ok(Owner::Default | Owner::Numeric { uid: 0, gid: 0 }) => User::Root,
        // Without a group, a process gets the group of the account with that number, or 0 if there is none.
        Ok(Owner::Numeric { .. }) if !names_group => User::Other(None),
        Ok(Owner::Numeric { uid, gid }) => User::Other(Some((uid, gid))),
        Ok(Owner::Named(_)) => User::Other(None),
        Ok(Owner::Unknown(_)) | Err(_) => User::Unknown,
    }
}

/// Applies one command of a RUN.
pub(crate) fn apply(rootfs: &mut Rootfs, step: &Step) {
    match &step.effect {
        Effect::None => {}
        Effect::Certain(changes) => {
            let mut effects = Effects { rootfs, step };
            for change in changes {
                effects.change(change);
            }
        }
        Effect::Footprint(_) | Effect::Touches { .. } | Effect::Anything => {
            let reach = Reach::Step(Box::new(step.clone()));
            rootfs.disturb(Disturbance::new(step.command.clone(), step.line, reach));
        }
    }
}

/// The directories on which runc mounts something in every RUN (containerd's `oci.populateDefaultUnixSpec`). The
/// directories that it creates for these mounts stay in the image: BuildKit's `executor.MountStubsCleaner` removes only
/// the targets of `--mount` and two files.
const MOUNT_POINTS: [&str; 3] = ["/dev", "/proc", "/sys"];

/// The paths below the mounts of a RUN: what the RUN writes there never reaches the image.
pub(crate) struct Mounts {
    /// Each target with the fact before the RUN; for a target that did not exist, its first parent directory that did
    /// not exist.
    targets: Vec<(String, Fact)>,
    /// True if a target is not known.
    somewhere: bool,
    /// The directories of [`MOUNT_POINTS`], with what was below them.
    points: Vec<(&'static str, Fact, Listing)>,
}

impl Mounts {
    /// Records the targets before the RUN.
    pub(crate) fn before(rootfs: &Rootfs, targets: &[Option<String>]) -> Self {
        let look = |target: &String| {
            let target = match destination::follow(rootfs, target) {
                Followed::At(real, _) => real,
                Followed::Unknown(_) => target.clone(),
            };
            let on_the_way: Vec<&str> = ancestors(&target).skip(1).chain([target.as_str()]).collect();
            let mut facts = on_the_way.into_iter().map(|path| (path.to_owned(), rootfs.get(path)));
            let missing = facts.clone().find(|(_, fact)| fact.known == Known::Absent);
            missing.or_else(|| facts.next_back())
        };
        let points = MOUNT_POINTS.into_iter().map(|path| (path, rootfs.get(path), rootfs.below(path)));
        Self {
            targets: targets.iter().flatten().filter_map(look).collect(),
            somewhere: targets.iter().any(Option::is_none),
            points: points.collect(),
        }
    }

    /// Restores the paths below the mounts. A target that did not exist is removed after the step, with the parent
    /// directories that were created for it; before BuildKit 0.11, an empty directory owned by root stays.
    pub(crate) fn after(self, rootfs: &mut Rootfs, line: usize) {
        for (path, mut fact) in self.targets {
            let below = if fact.known == Known::Absent {
                let message = format!("the builder removes the mount target {path} of RUN (line {line})");
                fact.leans.add(Arc::new(Assumption::new(line, path.as_str(), message)));
                Below::Nothing
            } else {
                Below::Unknown(format!("RUN (line {line}) mounts something there").into())
            };
            rootfs.set(&path, fact, below);
        }
        if self.somewhere {
            let reach = Reach::Names(Vec::new());
            rootfs.disturb(Disturbance::new("RUN --mount", line, reach));
        }
        for (path, fact, below) in self.points {
            if fact.known == Known::Absent {
                let known = Known::Dir(Directory::made_by(Some((0, 0))));
                rootfs.set(path, Fact { known, leans: fact.leans }, Below::Nothing);
            } else if rootfs.get(path) != fact || rootfs.below(path) != below {
                let why = format!("RUN (line {line}) mounts the kernel's {path} there");
                rootfs.set(path, fact, Below::Unknown(why.into()));
            }
        }
    }
}
