//! The effect of a RUN on the facts of a filesystem: exact changes if its commands are certain, unknown paths
//! otherwise. It never runs a command.

use std::sync::Arc;

use crate::analysis::effects::Effects;
use crate::analysis::owner::{self, Owner};
use crate::analysis::script_files::Candidate;
use crate::analysis::state::State;
use crate::dockerfile::expand::{Environment, Lookup as Value};
use crate::dockerfile::{Body, Dockerfile, Instruction, Run, RunCommand, Scope};
use crate::rootfs::{Disturbance, Reach, Rootfs};
use crate::shell::{self, Change, Effect, Files, Invocation, Lookup, Script, ScriptHeredoc, Step, User};

/// A RUN of a Dockerfile, by the index of its instruction; for a trigger, the index of the ONBUILD.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RunAt(pub usize);

/// The environment in which a RUN runs.
#[derive(Clone, Debug)]
pub(crate) struct Invoked {
    scope: Arc<Scope>,
    workdir: Option<String>,
    user: User,
    shell: Vec<String>,
    /// The scripts of the context that it may run.
    pub(crate) scripts: Vec<Candidate>,
}

impl Invoked {
    /// Returns the environment of a RUN at this point of a stage.
    pub(crate) fn of(state: &State<'_>, run: &Run) -> Self {
        let mut scope = Arc::clone(&state.scope);
        // `dispatchSecret`: with `env`, a secret is the value of a variable.
        for name in run.mounts.iter().filter_map(|mount| mount.env.as_deref()) {
            Arc::make_mut(&mut scope).forget(name, "it is a secret");
        }
        Self {
            scope,
            workdir: state.workdir.as_ref().ok().cloned(),
            user: user(state),
            shell: state.shell.clone(),
            scripts: Vec::new(),
        }
    }

    /// Looks up the ids of a user that is given by name. An assumption about the accounts leaves them unknown.
    pub(crate) fn look_up_user(&mut self, name: Option<&str>, rootfs: &Rootfs) {
        if let (User::Other(None), Some((ids, leans))) =
            (self.user, name.and_then(|name| owner::of_process(name, rootfs)))
            && leans.is_empty()
        {
            self.user = if ids == (0, 0) { User::Root } else { User::Other(Some(ids)) };
        }
    }
}

/// Returns the commands of a RUN. `files` are the scripts that it may run.
pub(crate) fn steps(
    dockerfile: &Dockerfile,
    RunAt(at): RunAt,
    invoked: &Invoked,
    files: &Files,
) -> Vec<Step> {
    let Some((instruction, run)) = dockerfile.instructions().get(at).and_then(run_of) else {
        return Vec::new();
    };
    let bodies = bodies(dockerfile, run);
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
            files,
            first_line: instruction.start_line,
        })
    };
    let mut steps = effects(&invoked.scope);
    if steps.iter().flat_map(changes).any(is_numbered) {
        keep_written_numbers(&mut steps, &effects(&invoked.scope.without_arguments()));
    }
    steps
}

fn bodies(dockerfile: &Dockerfile, run: &Run) -> Vec<String> {
    let text = dockerfile.text();
    let bodies = run.heredocs.iter().map(|heredoc| &text[heredoc.body.range()]);
    bodies.map(|body| String::from_utf8_lossy(body).into_owned()).collect()
}

/// Returns everything that a RUN says: its command and its heredocs.
pub(crate) fn text_of(dockerfile: &Dockerfile, run: &Run) -> String {
    let command = match &run.command {
        RunCommand::Shell(text) => text.clone(),
        RunCommand::Exec(words) => words.join(" "),
    };
    std::iter::once(command).chain(bodies(dockerfile, run)).collect::<Vec<_>>().join("\n")
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
    let names_group = state.user.as_deref().is_ok_and(owner::names_group);
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
        Effect::Perhaps(changes) => {
            let mut effects = Effects { rootfs, step };
            if !changes.iter().all(|change| effects.perhaps(change)) {
                disturb(rootfs, step.doubted());
            }
        }
        Effect::Footprint(_) | Effect::Touches { .. } | Effect::Anything => disturb(rootfs, step.clone()),
    }
}

fn disturb(rootfs: &mut Rootfs, step: Step) {
    rootfs.disturb(Disturbance::new(step.shown().to_owned(), step.line, Reach::Step(Box::new(step))));
}
