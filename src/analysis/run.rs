//! What a RUN does to what is known: exact changes where its commands are certain, doubt elsewhere.

use std::sync::Arc;

use crate::analysis::owner::Owner;
use crate::analysis::place::{self, Followed, base_name, join};
use crate::analysis::scope::Scope;
use crate::analysis::stage::State;
use crate::analysis::transfer::inherit_group;
use crate::dockerfile::expand::{Environment, Lookup as Value};
use crate::dockerfile::{Dockerfile, Instruction, Run, RunCommand};
use crate::rootfs::{
    Assumption, Below, Directory, Disturbance, Fact, Known, Leans, Reach, Rootfs, ancestors,
};
use crate::shell::{
    self, Change, Destination, Effect, Invocation, Lookup, Mode, Operand, Script, ScriptHeredoc, Step, User,
};

/// The commands of a RUN, read once for all worlds.
pub fn steps(dockerfile: &Dockerfile, instruction: &Instruction, run: &Run, state: &State) -> Vec<Step> {
    let index = dockerfile.line_index();
    let bodies: Vec<String> = run
        .heredocs
        .iter()
        .map(|heredoc| String::from_utf8_lossy(&dockerfile.text()[heredoc.body.range()]).into_owned())
        .collect();
    let heredocs: Vec<ScriptHeredoc<'_>> = run
        .heredocs
        .iter()
        .zip(&bodies)
        .map(|(heredoc, body)| ScriptHeredoc {
            name: &heredoc.name,
            chomp: heredoc.chomp,
            body,
            line: index.position(heredoc.body.start).line,
        })
        .collect();
    let script = match &run.command {
        RunCommand::Shell(text) => Script::Shell(text),
        RunCommand::Exec(words) => Script::Exec(words),
    };
    shell::effects(&Invocation {
        script,
        heredocs: &heredocs,
        shell: &state.shell,
        workdir: state.workdir.as_deref().ok(),
        user: user(state),
        env: &|name| variable(&state.scope, name),
        first_line: instruction.start_line,
    })
}

fn variable(scope: &Scope, name: &str) -> Lookup {
    match scope.lookup(name) {
        Value::Set(value) => Lookup::Set(value),
        Value::Unset => Lookup::Unset,
        Value::Unknown => Lookup::Unknown,
    }
}

fn user(state: &State) -> User {
    match state.user.as_deref().map(Owner::of) {
        Ok(Owner::Default | Owner::Numeric { uid: 0, .. }) => User::Root,
        Ok(Owner::Numeric { uid, gid }) => User::Other(Some((uid, gid))),
        Ok(Owner::Named(_)) => User::Other(None),
        Ok(Owner::Unknown(_)) | Err(_) => User::Unknown,
    }
}

/// Applies the commands of a RUN.
pub fn apply(rootfs: &mut Rootfs, steps: &[Step]) {
    for step in steps {
        match &step.effect {
            Effect::None => {}
            Effect::Certain(changes) => {
                let mut effects = Effects { rootfs: &mut *rootfs, step };
                for change in changes {
                    effects.change(change);
                }
            }
            Effect::Footprint(_) | Effect::Touches { .. } | Effect::Anything => {
                let reach = Reach::Step(Box::new(step.clone()));
                rootfs.disturb(Disturbance { command: step.command.clone(), line: step.line, reach });
            }
        }
    }
}

/// What lies under the mounts of a RUN: what the RUN writes there never reaches the image.
pub struct Mounts {
    /// Each target with what was there before; for a target that did not exist, the first path on the way to it
    /// that did not.
    targets: Vec<(String, Fact)>,
    /// Whether a target is not known.
    somewhere: bool,
}

impl Mounts {
    /// Looks at the targets before the RUN.
    pub fn before(rootfs: &Rootfs, targets: &[Option<String>]) -> Self {
        let look = |target: &String| {
            let target = match place::follow(rootfs, target) {
                Followed::At(real, _) => real,
                Followed::Unknown(_) => target.clone(),
            };
            let on_the_way: Vec<&str> = ancestors(&target).skip(1).chain([target.as_str()]).collect();
            let mut facts = on_the_way.into_iter().map(|path| (path.to_owned(), rootfs.get(path)));
            let missing = facts.clone().find(|(_, fact)| fact.known == Known::Absent);
            missing.or_else(|| facts.next_back())
        };
        Self {
            targets: targets.iter().flatten().filter_map(look).collect(),
            somewhere: targets.iter().any(Option::is_none),
        }
    }

    /// Puts back what was under the mounts. A target that did not exist is gone again after the step, with the
    /// parents made for it; before BuildKit 0.11 an empty directory of root stays.
    pub fn after(self, rootfs: &mut Rootfs, line: usize) {
        for (path, mut fact) in self.targets {
            let below = if fact.known == Known::Absent {
                let message =
                    format!("the builder takes the mount target {path} of RUN (line {line}) away again");
                fact.leans.add(Arc::new(Assumption { line, path: path.clone(), message }));
                Below::Nothing
            } else {
                Below::Unknown(format!("RUN (line {line}) mounts something there").into())
            };
            rootfs.set(&path, fact, below);
        }
        if self.somewhere {
            let reach = Reach::Names(Vec::new());
            rootfs.disturb(Disturbance { command: "RUN --mount".into(), line, reach });
        }
    }
}

struct Effects<'a> {
    rootfs: &'a mut Rootfs,
    step: &'a Step,
}

impl Effects<'_> {
    fn change(&mut self, change: &Change) {
        match change {
            Change::Mkdir { path, parents, mode, resets } => {
                self.mkdir(path, *parents, mode.as_ref(), *resets);
            }
            Change::Rmdir { path, parents: false } | Change::Remove { path: Operand::Path(path), .. } => {
                self.remove(path);
            }
            Change::Rmdir { path, parents: true } => self.blur(path),
            Change::Link { target, link, symbolic, no_dereference, .. } => {
                let known = if *symbolic { Known::Symlink(target.clone()) } else { Known::File };
                self.link(target, link, known, *no_dereference);
            }
            Change::Copy { sources, destination, recursive, .. } => {
                self.bring(sources, destination, !recursive);
            }
            Change::Move { sources, destination } => {
                self.bring(sources, destination, false);
                for source in sources {
                    match source {
                        Operand::Path(path) => self.remove(path),
                        source => self.prune(source),
                    }
                }
            }
            Change::Install { sources, destination, parents, .. } => {
                if let (true, Some(parent)) = (*parents, ancestors(&destination.path).next_back()) {
                    self.mkdir(parent, true, None, false);
                }
                self.bring(sources, destination, true);
            }
            Change::Touch { path } | Change::Write { path } => self.write(path),
            Change::Rewrite { path: Operand::Path(path) } => self.rewrite(path),
            Change::Remove { path, .. } | Change::Rewrite { path } => self.prune(path),
            Change::Chmod { paths, mode, recursive } => self.chmod(paths, mode, *recursive),
            Change::Chown { paths, user, group, recursive, .. } => {
                self.chown(paths, user.as_deref(), group.as_deref(), *recursive);
            }
            Change::AddUser(account) => {
                self.accounts();
                if account.create_home != Some(false) {
                    let home = account.home.clone().unwrap_or_else(|| format!("/home/{}", account.name));
                    self.blur(&home);
                }
            }
            Change::AddGroup { .. } => self.accounts(),
            Change::Extract { into } => self.blur(into),
            Change::GitClone { into } => self.clone_into(into),
        }
    }

    fn owner(&self) -> Option<(u32, u32)> {
        match self.step.user {
            User::Root => Some((0, 0)),
            User::Other(ids) => ids,
            User::Unknown => None,
        }
    }

    /// Nothing is known of `path` any more.
    fn blur(&mut self, path: &str) {
        let reach = Reach::Names(vec![path.to_owned()]);
        self.rootfs.disturb(Disturbance { command: self.step.command.clone(), line: self.step.line, reach });
    }

    fn why(&self) -> Arc<str> {
        format!("`{}` (line {}) wrote it", self.step.command, self.step.line).into()
    }

    /// The real path of `path`, its last component followed too.
    fn real(&mut self, path: &str) -> Option<(String, Fact)> {
        match place::follow(self.rootfs, path) {
            Followed::At(real, fact) => Some((real, fact)),
            Followed::Unknown(_) => {
                self.blur(path);
                None
            }
        }
    }

    /// The real path of `path`, its last component not followed.
    fn real_parent(&mut self, path: &str) -> Option<(String, Leans)> {
        let parent = ancestors(path).next_back()?;
        match place::follow(self.rootfs, parent) {
            Followed::At(real, fact) => Some((join(&real, base_name(path)), fact.leans)),
            Followed::Unknown(_) => {
                self.blur(path);
                None
            }
        }
    }

    fn make(&mut self, path: &str, mode: Option<u32>, leans: Leans) {
        let made = Directory { mode, ..Directory::made_by(self.owner()) };
        let made = inherit_group(self.rootfs, path, made);
        self.rootfs.set(path, Fact { known: Known::Dir(made), leans }, Below::Nothing);
    }

    fn mkdir(&mut self, path: &str, parents: bool, mode: Option<&Mode>, resets: bool) {
        let Some((real, _)) = self.real(path) else { return };
        let wanted = match mode {
            None => Some(0o755),
            Some(Mode::Octal(mode)) => Some(*mode),
            Some(Mode::Symbolic(_)) => None,
        };
        if parents {
            let above: Vec<String> = ancestors(&real).skip(1).map(str::to_owned).collect();
            for parent in above {
                let fact = self.rootfs.get(&parent);
                if fact.known == Known::Absent {
                    self.make(&parent, Some(0o755), fact.leans);
                }
            }
        }
        let fact = self.rootfs.get(&real);
        match fact.known {
            Known::Absent => self.make(&real, wanted, fact.leans),
            Known::Dir(directory) if resets && directory.mode != wanted => {
                let known = Known::Dir(Directory { mode: None, ..directory });
                self.rootfs.set(&real, Fact { known, leans: fact.leans }, Below::Inherited);
            }
            _ => {}
        }
    }

    fn remove(&mut self, path: &str) {
        if let Some((real, leans)) = self.real_parent(path) {
            self.rootfs.set(&real, Fact { known: Known::Absent, leans }, Below::Nothing);
        }
    }

    fn prune(&mut self, operand: &Operand) {
        let directory = match operand {
            Operand::Path(path) | Operand::Contents(path) => path.clone(),
            Operand::Glob(glob) => {
                let literal = &glob[..glob.find(['*', '?', '[']).unwrap_or(glob.len())];
                literal
                    .rsplit_once('/')
                    .map_or("/", |(at, _)| if at.is_empty() { "/" } else { at })
                    .to_owned()
            }
        };
        if let Some((real, _)) = self.real(&directory) {
            let reach = Reach::Prunes(real);
            self.rootfs.disturb(Disturbance {
                command: self.step.command.clone(),
                line: self.step.line,
                reach,
            });
        }
    }

    fn link(&mut self, target: &str, link: &Destination, known: Known, no_dereference: bool) {
        let Some((at, mut leans)) = self.real_parent(&link.path) else { return };
        let there = self.rootfs.get(&at);
        leans.merge(&there.leans);
        let inside = match there.known {
            Known::Unknown(_) => return self.blur(&link.path),
            Known::Dir(_) => !link.exact,
            Known::Symlink(_) => !link.exact && !no_dereference && self.leads_to_directory(&link.path),
            _ => link.directory,
        };
        let at = if inside {
            let Some((directory, _)) = self.real(&link.path) else { return };
            join(&directory, base_name(target))
        } else {
            at
        };
        self.rootfs.set(&at, Fact { known, leans }, Below::Nothing);
    }

    fn leads_to_directory(&mut self, path: &str) -> bool {
        self.real(path).is_some_and(|(_, fact)| matches!(fact.known, Known::Dir(_)))
    }

    /// `cp`, `mv`, `install`: what they bring is a file, or not known.
    fn bring(&mut self, sources: &[Operand], destination: &Destination, files_only: bool) {
        let Some((real, fact)) = self.real(&destination.path) else { return };
        let known = if files_only { Known::File } else { Known::Unknown(self.why()) };
        let below = || if files_only { Below::Nothing } else { Below::Unknown("it was copied".into()) };
        let into_directory =
            destination.directory || (matches!(fact.known, Known::Dir(_)) && !destination.exact);
        if !into_directory {
            return self.rootfs.set(&real, Fact { known, leans: fact.leans }, below());
        }
        for source in sources {
            match source {
                Operand::Path(path) => {
                    let at = join(&real, base_name(path));
                    let onto_directory =
                        matches!(self.rootfs.get(&at).known, Known::Dir(_) | Known::Unknown(_));
                    if files_only && !onto_directory {
                        self.rootfs.set(&at, Fact { known: known.clone(), leans: Leans::default() }, below());
                    } else {
                        self.blur(&at);
                    }
                }
                Operand::Contents(_) | Operand::Glob(_) => {
                    let why = self.why();
                    let fact = self.rootfs.get(&real);
                    let known = if matches!(source, Operand::Contents(_)) {
                        Known::Unknown(why.clone())
                    } else {
                        fact.known
                    };
                    self.rootfs.set(&real, Fact { known, leans: fact.leans }, Below::Unknown(why));
                }
            }
        }
    }

    fn write(&mut self, path: &str) {
        let Some((real, fact)) = self.real(path) else { return };
        if fact.known == Known::Absent {
            self.rootfs.set(&real, Fact { known: Known::File, leans: fact.leans }, Below::Nothing);
        }
    }

    /// `sed -i`: a file, where a link was too.
    fn rewrite(&mut self, path: &str) {
        if let Some((real, leans)) = self.real_parent(path) {
            self.rootfs.set(&real, Fact { known: Known::File, leans }, Below::Nothing);
        }
    }

    /// Changes directories that operands name, and those below with `-R`.
    fn on_directories(
        &mut self,
        paths: &[Operand],
        recursive: bool,
        change: impl Fn(Directory) -> Directory,
    ) {
        for operand in paths {
            let path = match operand {
                Operand::Path(path) => path,
                Operand::Contents(path) => {
                    self.blur(path);
                    continue;
                }
                Operand::Glob(_) => {
                    self.prune(operand);
                    continue;
                }
            };
            let Some((real, fact)) = self.real(path) else { continue };
            if recursive {
                self.below(&real, &change);
            }
            if let Known::Dir(directory) = fact.known {
                let known = Known::Dir(change(directory));
                self.rootfs.set(&real, Fact { known, leans: fact.leans }, Below::Inherited);
            }
        }
    }

    fn below(&mut self, real: &str, change: &impl Fn(Directory) -> Directory) {
        let listing = self.rootfs.below(real);
        for (path, known) in listing.entries {
            let at = join(real, &path);
            if let Known::Dir(directory) = known {
                let fact = Fact { known: Known::Dir(change(directory)), leans: self.rootfs.get(&at).leans };
                self.rootfs.set(&at, fact, Below::Inherited);
            }
        }
    }

    /// An octal mode keeps setuid and setgid of a directory in GNU's chmod and drops them in `BusyBox`'s.
    fn chmod(&mut self, paths: &[Operand], mode: &Mode, recursive: bool) {
        let wanted = match mode {
            Mode::Octal(mode) => Some(*mode),
            Mode::Symbolic(_) => None,
        };
        self.on_directories(paths, recursive, |directory| Directory {
            mode: wanted.filter(|_| directory.mode.is_some_and(|mode| mode & 0o6000 == 0)),
            ..directory
        });
    }

    fn chown(&mut self, paths: &[Operand], user: Option<&str>, group: Option<&str>, recursive: bool) {
        let ids = |name: &str| Owner::of(name).resolve(self.rootfs).map(|(ids, _)| ids);
        let uid = user.map(|user| ids(user).map(|(uid, _)| uid));
        let gid = match group {
            None => None,
            Some("") => Some(user.and_then(ids).map(|(_, gid)| gid)),
            Some(group) => Some(ids(&format!("0:{group}")).map(|(_, gid)| gid)),
        };
        self.on_directories(paths, recursive, |directory| {
            let (old_uid, old_gid) = directory.owner.unzip();
            let owner = uid.unwrap_or(old_uid).zip(gid.unwrap_or(old_gid));
            Directory { owner, ..directory }
        });
    }

    fn accounts(&mut self) {
        for path in ["/etc/passwd", "/etc/group"] {
            let fact = self.rootfs.get(path);
            self.rootfs.set(path, fact, Below::Nothing);
        }
    }

    fn clone_into(&mut self, into: &str) {
        let Some((real, fact)) = self.real(into) else { return };
        if fact.known == Known::Absent {
            self.mkdir(&real, true, None, false);
        }
        let fact = self.rootfs.get(&real);
        let why = self.why();
        self.rootfs.set(&real, fact, Below::Unknown(why));
    }
}
